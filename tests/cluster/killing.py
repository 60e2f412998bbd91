"""The kill harness: the real command, killed with SIGKILL at a moment of a request, and what must be true afterwards."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from bed import Bed
from fault_proxy import Moment
from faults import Exchange
from kube import KubeError, Object

MOMENTS: tuple[Moment, ...] = ("before", "held", "answered")
SOAK = os.environ.get("KBUILD_SOAK") == "1"
SEED = int(os.environ.get("KBUILD_SEED", "1"))


# A soak is done in pieces, each a test of its own: `-k` runs some of them, and two processes share them.
PARTS = range(4 if SOAK else 1)


def kill_points(count: int, sample: int, part: int = 0) -> list[int]:
    """Which of `count` requests to kill at: in a soak all of this part, else the first, the last, and a seeded sample."""
    every = range(1, count + 1)
    if SOAK:
        return list(every[part :: len(PARTS)])
    if count <= sample:
        return list(every)
    return sorted({1, count, *random.Random(f"{SEED} {count}").sample(every, max(sample - 2, 0))})


class Tally:
    """Counts the kills of one test; says at its end how many of the chosen ones struck."""

    def __init__(self, of: str, total: int) -> None:
        self.of, self.total, self.chosen, self.struck = of, total, 0, 0

    def add(self, struck: bool) -> None:
        """One more run that was to be killed."""
        self.chosen += 1
        self.struck += struck

    def tell(self) -> None:
        """Print the count; a test without a kill proves nothing."""
        print(f"killed {self.struck} of {self.chosen} runs, {self.total} requests in each: {self.of}")
        assert self.struck


class Killer:
    """Kills one process from the proxy's threads; `struck` says whether it did."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.struck = False

    def __call__(self) -> None:
        while self.process is None:
            time.sleep(0.001)
        self.struck = self.process.poll() is None
        self.process.kill()
        # What comes next at the proxy must not reach a process that still runs.
        while os.path.exists(f"/proc/{self.process.pid}/exe") and not is_ended(self.process.pid):
            time.sleep(0.001)


def is_ended(pid: int) -> bool:
    """Whether a process is at most a zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def run_killed(bed: Bed, where: int | Callable[[Exchange], bool], moment: Moment, verb: str, *arguments: str) -> bool:
    """Run the command and kill it at a moment of a request; returns False where it ended before that."""
    bed.proxy.clear()
    killer = Killer()
    bed.proxy.at(where, moment, killer)
    killer.process = bed.start(verb, *arguments)
    killer.process.communicate(timeout=120)
    bed.proxy.hook = None
    bed.proxy.settle()
    return killer.struck


def count_requests(bed: Bed, verb: str, *arguments: str) -> int:
    """How many requests an undisturbed run sends, which must succeed."""
    bed.proxy.clear()
    bed.run(verb, *arguments).expect(0)
    bed.proxy.settle()
    return len(bed.proxy.log)


def agrees(desired: Any, live: Any) -> bool:
    """Whether everything that is desired is so in what is live; lists of objects may be longer there by defaulting."""
    if isinstance(desired, dict):
        return isinstance(live, dict) and all(agrees(value, live.get(key)) for key, value in desired.items())
    if isinstance(desired, list):
        return isinstance(live, list) and len(desired) == len(live) and all(map(agrees, desired, live))
    return bool(desired == live)


def labelled(bed: Bed, bodies: Iterable[Object]) -> set[tuple[str, str]]:
    """Kind and name of every object that carries the label of the bed's inventory, over the kinds of some objects."""
    head = bed.inventory()
    assert head is not None, "there is no inventory"
    selector = f"applyset.kubernetes.io/part-of={head['metadata']['labels']['applyset.kubernetes.io/id']}"
    kinds = {(body["apiVersion"], body["kind"]) for body in bodies}
    return {
        (kind, item["metadata"]["name"])
        for version, kind in kinds
        if known(bed, version, kind)
        for item in bed.kube.list(version, kind, "", selector)
        if "deletionTimestamp" not in item["metadata"]
    }


def known(bed: Bed, api_version: str, kind: str) -> bool:
    """Whether the server serves a kind (a definition may be gone by now)."""
    try:
        return bed.kube.raw("GET", bed.kube.path(api_version, kind))[0] == 200
    except (KubeError, KeyError):  # not even its group, or not this kind of it, is served
        return False


def names(bodies: Iterable[Object]) -> set[tuple[str, str]]:
    """Kind and name of each."""
    return {(body["kind"], body["metadata"]["name"]) for body in bodies}


def uids(bed: Bed, bodies: Iterable[Object]) -> Iterator[tuple[tuple[str, str], str]]:
    """Kind and name of each object that is live, with its uid."""
    for body in bodies:
        if known(bed, body["apiVersion"], body["kind"]) and (live := bed.live(body)) is not None:
            yield (body["kind"], body["metadata"]["name"]), live["metadata"]["uid"]


def check_converged(bed: Bed, desired: Sequence[Object], gone: Sequence[Object] = ()) -> None:
    """The desired objects are live as desired, the others are gone, and the inventory knows exactly the desired ones."""
    wrong = []
    for body in desired:
        live = bed.live(body)
        wanted = {key: value for key, value in body.items() if key != "stringData"}
        if live is None or not agrees(wanted, live):
            wrong.append(f"{body['kind']} {body['metadata']['name']} is {live}")
    assert not wrong, "\n".join(wrong)
    left = [body for body in gone if known(bed, body["apiVersion"], body["kind"]) and bed.live(body) is not None]
    assert not names(left), f"left behind: {names(left)}"
    assert set(bed.entries()) == {f"{kind}/{name}" for kind, name in names(desired)}
    assert labelled(bed, [*desired, *gone]) == names(desired)
    assert bed.header()["phase"] == "idle"
