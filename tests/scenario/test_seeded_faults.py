"""Seeded random faults: a run converges, or stops with a true report; the inventory never forgets what is ours."""

from __future__ import annotations

import random

import pytest
from bed import Bed, Done, Plane, short
from faults import Answer, CutWatch, Delay, Drop, Fault, Gone, Half, Hold, ResetAfter
from killing import SEED, SOAK, check_converged, known, labelled, names
from kube import Object
from sets import forty

RUNS = 200 if SOAK else 6
FLAGS = ("--break-lock", "--recreate=listed", "--allow-prune=all", "-o", "json")


def random_faults(dice: random.Random) -> list[tuple[Fault, str, str, float]]:
    """Two to five sorts of faults, each with method, path and chance."""
    sorts: list[tuple[Fault, str, str]] = [
        (Drop(), "", ""),
        (ResetAfter(), "", ""),
        (ResetAfter(), "PATCH", ""),
        (ResetAfter(), "DELETE", ""),
        (Half(dice.random()), "GET", ""),
        (Half(dice.random()), "", "configmaps/kbuild"),
        (Delay(dice.uniform(0.01, 0.3)), "", ""),
        (Hold(dice.uniform(0.01, 0.3)), "", ""),
        (Answer(429, "TooManyRequests", "too many", retry_after_s=1), "", ""),
        (Answer(500, "InternalError", "etcdserver: leader changed"), "", ""),
        (Answer(503, "ServiceUnavailable", "not now"), "", ""),
        (Answer(503, text="service unavailable"), "GET", "/apis/"),
        (Answer(504, "Timeout", "the request timed out"), "PATCH", ""),
        (Gone(), "GET", ""),
        (CutWatch(dice.uniform(0.1, 2)), "GET", ""),
        (CutWatch(5, half_a_line=True), "GET", ""),
    ]
    return [(*sort, dice.choice((0.03, 0.1, 0.3))) for sort in dice.sample(sorts, dice.randint(2, 5))]


WRITTEN = ("created", "configured", "unchanged", "recreated", "adopted", "migrated")


def check_report(bed: Bed, done: Done, everything: list[Object]) -> None:
    """What the report says is so: of each object in the cluster, of the run in its exit status."""
    report = done.report
    assert report["exitCode"] == done.code
    assert bool(report["errors"]) == (done.code != 0), done.text
    bodies = {f"{body['kind']}/{body['metadata']['name']}": body for body in everything}
    for entry in report["objects"]:
        body = bodies[short(entry["id"])]
        live = bed.live(body) if known(bed, body["apiVersion"], body["kind"]) else None
        if entry["outcome"] in WRITTEN:
            assert live is not None, f"{entry} is not there"
            assert entry["uid"] == live["metadata"]["uid"], entry
        elif entry["outcome"] == "pruned":
            assert live is None, f"{entry} is still there"


def why_not_finished(bed: Bed, done: Done) -> str:
    """What ended a run with exit status 1, which only two things may: see S45 and S54.

    Before the first write, a cluster that cannot be read for several tries; after the last one, an inventory that cannot be
    stored for several tries, while every object is as its report says.
    """
    if not done.stdout:
        assert "what the cluster holds is not known; nothing was written" in done.stderr, done.text
        assert bed.proxy.writes == [], bed.requests()
        return "not read"
    assert [error["class"] for error in done.report["errors"] if not error["id"]] == ["inventory"], done.text
    assert "inventory not finalised" in done.text
    return "not finalised"


@pytest.mark.parametrize("group", range(max(1, RUNS // 20)))
def test_seeded_fault_runs(group: int, bed: Bed, own_plane: Plane) -> None:
    tag = bed.namespace
    sets = {version: forty(tag, version) for version in (1, 2)}
    everything = [*sets[1], *sets[2]]
    for body in everything:
        if body["kind"] in ("Namespace", "CustomResourceDefinition"):
            bed.cleaned(body)
    bed.set_up(*sets[1])
    ends: dict[str, int] = {}
    for run in range(min(20, RUNS)):
        seed = SEED * 10_000 + group * 20 + run
        dice = random.Random(seed)
        desired = sets[2 - run % 2]
        bed.proxy.clear()
        bed.proxy.rules.seed = seed
        bed.proxy.rules.__post_init__()
        for fault, method, path, chance in random_faults(dice):
            bed.proxy.add(fault, method, path, chance=chance)
        done = bed.run("apply", str(bed.write(*desired)), *FLAGS, "--timeout=20s", "--total-timeout=40s")
        assert done.code in (0, 1, 3), f"seed {seed}: exit {done.code}\n{done.text}"
        assert "Traceback" not in done.text, f"seed {seed}"
        bed.proxy.settle()
        end = f"{done.code}: {why_not_finished(bed, done)}" if done.code == 1 else str(done.code)
        print(f"seed {seed}: {end}")
        ends[end] = ends.get(end, 0) + 1
        bed.proxy.clear()
        if done.stdout:
            check_report(bed, done, everything)
        forgotten = labelled(bed, everything) - {tuple(name.split("/", 1)) for name in bed.entries()}
        assert not forgotten, f"seed {seed}: the inventory forgot {forgotten}"
        if done.code == 0:
            gone = [body for body in everything if names([body]) <= names(everything) - names(desired)]
            check_converged(bed, desired, gone)
    print(f"runs by exit status: {ends}")
    desired = sets[1]
    bed.apply(*desired, flags=FLAGS[:3]).expect(0)
    check_converged(bed, desired, [body for body in sets[2] if not names([body]) <= names(desired)])
