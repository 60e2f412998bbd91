"""A long life of the agent: many Kustomizations, commits, drift, a faulty API server and kills, for a given time.

`endurance.py [--minutes 30] [--kustomizations 1000] [--repositories 20] [--objects 10] [--seed 1] [--output FILE]`; with
KBUILD_TEST_KUBECONFIG on that cluster, else on a control plane of its own; the figures are written to FILE as JSON. Everything is chosen from the seed. In the end faults stop, and what must
hold is checked: every Kustomization is ready at its source's last commit, every object is there as Git has it, nothing is left
over, and the memory of the last process did not grow. Exit status 0 if so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
for _folder in ("tools", "tests/support", "tests/cluster", "tests/agent"):
    sys.path.insert(0, str(HERE.parents[1] / _folder))

from agent_bed import KUSTOMIZE, SOURCE, GitServer, Repository, install_kinds  # noqa: E402
from bed import Plane, some_plane  # noqa: E402
from control_plane import write_kubeconfig  # noqa: E402
from fault_proxy import FaultProxy, running  # noqa: E402
from faults import Answer, CutWatch, Delay, Drop, Gone, Half, ResetAfter  # noqa: E402
from kube import Kube, Object  # noqa: E402

KBUILD = Path(sys.executable).with_name("kbuild")
OWNER = "kustomize.toolkit.fluxcd.io/namespace"
FAULTS: tuple[Callable[[], Any], ...] = (
    lambda: Answer(500, "InternalError", "etcdserver: leader changed"),
    lambda: Answer(429, "TooManyRequests", "wait", retry_after_s=1),
    lambda: Answer(503, "ServiceUnavailable", "apiserver is shutting down"),
    Drop, ResetAfter, Half, lambda: Delay(0.5), Gone, lambda: CutWatch(1.0, half_a_line=True),
)  # fmt: skip
# The last part of the time belongs to one process, whose memory is watched.
LAST_PART, GROWTH, GROWTH_MIB = 0.4, 0.2, 25


@dataclass(slots=True)
class Wanted:
    """What Git says. Shape: `sets[repository][kustomization]` maps names of objects to their values."""

    sets: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)

    def objects(self) -> dict[str, tuple[str, str]]:
        """Every object with its Kustomization and value."""
        return {
            name: (one, value)
            for sets in self.sets.values()
            for one, objects in sets.items()
            for name, value in objects.items()
        }


@dataclass(slots=True)
class Watched:
    """One process of the agent and what the kernel says of its memory. Units: MiB; `at_s` seconds of its life."""

    process: subprocess.Popen[bytes]
    samples: list[int] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)
    started_s: float = field(default_factory=time.monotonic)

    def sample(self) -> None:
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return
        if "VmRSS:" in status:
            self.samples.append(int(status.partition("VmRSS:")[2].split()[0]) // 1024)
            self.at_s.append(round(time.monotonic() - self.started_s, 1))


class Endurance:
    """One run."""

    def __init__(self, plane: Plane, proxy: FaultProxy, folder: Path, options: argparse.Namespace) -> None:
        self.plane, self.proxy, self.folder, self.options = plane, proxy, folder, options
        self.dice = random.Random(options.seed)
        self.kube, self.namespace = Kube(plane.access), f"endurance-{os.getpid()}"
        (folder / "repositories").mkdir()
        self.git = GitServer(folder / "repositories")
        self.repositories: dict[str, Repository] = {}
        self.wanted, self.lives = Wanted(), list[Watched]()
        self.counts: dict[str, int] = {}
        self.serial = 0
        self.took_s: dict[str, float] = {}
        token = plane.tokens.get("admin", "passed-by-the-proxy")
        self.kubeconfig = write_kubeconfig(folder / "kubeconfig", proxy.url, plane.proxy_authority, token)

    # Setting up.

    def set_up(self) -> None:
        """Repositories, sources and Kustomizations."""
        self.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        for number in range(self.options.repositories):
            name = f"r{number}"
            self.repositories[name] = Repository(self.git, self.folder, name)
            self.wanted.sets[name] = {}
        for number in range(self.options.kustomizations):
            repository = f"r{number % self.options.repositories}"
            objects = {self.new_name(): self.value() for _ in range(self.options.objects)}
            self.wanted.sets[repository][f"k{number}"] = objects
        for name, sets in self.wanted.sets.items():
            self.commit(name, list(sets))
            spec = {"interval": "30s", "url": self.repositories[name].url, "ref": {"branch": "main"}}
            self.create(SOURCE, "GitRepository", name, spec)
            for one in sets:
                source = {"kind": "GitRepository", "name": name}
                spec = {"interval": "2m", "retryInterval": "5s", "prune": True, "path": f"./{one}", "sourceRef": source}
                self.create(KUSTOMIZE, "Kustomization", one, spec)

    def create(self, version: str, kind: str, name: str, spec: Object) -> None:
        metadata = {"name": name, "namespace": self.namespace}
        self.kube.create({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})

    def new_name(self) -> str:
        self.serial += 1
        return f"m{self.serial}"

    def value(self) -> str:
        return f"{self.dice.random():.12f}"

    def commit(self, repository: str, changed: list[str]) -> None:
        """Write the sets of some Kustomizations and push."""
        files: dict[str, str | None] = {}
        for one in changed:
            objects = self.wanted.sets[repository][one]
            bodies = [
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": self.namespace}, "data": {"v": value}}
                for name, value in sorted(objects.items())
            ]  # fmt: skip
            files[f"{one}/set.yaml"] = "---\n".join(json.dumps(body) + "\n" for body in bodies)
        self.wanted.heads[repository] = self.repositories[repository].commit(files)

    # What happens.

    def happen(self) -> None:
        """One thing, chosen by the dice."""
        actions = [(self.change, 10), (self.move, 2), (self.edit, 6), (self.delete, 3), (self.fault, 2), (self.calm, 3), (self.kill, 1)]  # fmt: skip
        action = self.dice.choices([one for one, _ in actions], [weight for _, weight in actions])[0]
        action()
        self.counts[action.__name__] = self.counts.get(action.__name__, 0) + 1

    def change(self) -> None:
        """A commit that changes, adds and removes objects of some Kustomizations."""
        repository = self.dice.choice(list(self.repositories))
        sets = self.wanted.sets[repository]
        chosen = self.dice.sample(list(sets), min(len(sets), self.dice.randint(1, 5)))
        for one in chosen:
            objects = sets[one]
            for name in self.dice.sample(sorted(objects), min(2, len(objects))):
                objects[name] = self.value()
            if len(objects) > 2 and self.dice.random() < 0.5:
                del objects[self.dice.choice(sorted(objects))]
            if len(objects) < 2 * self.options.objects and self.dice.random() < 0.5:
                objects[self.new_name()] = self.value()
        self.commit(repository, chosen)
        if self.dice.random() < 0.7:
            self.request(SOURCE, "GitRepository", repository)

    def move(self) -> None:
        """A commit that moves an object from one Kustomization to another."""
        repository = self.dice.choice(list(self.repositories))
        sets = self.wanted.sets[repository]
        if len(sets) < 2:
            return
        one, other = self.dice.sample(list(sets), 2)
        if len(sets[one]) > 1:
            name = self.dice.choice(sorted(sets[one]))
            sets[other][name] = sets[one].pop(name)
            self.commit(repository, [one, other])

    def edit(self) -> None:
        """Somebody edits an object by hand."""
        body = self.any_object()
        if body is not None:
            self.quietly(lambda: self.kube.merge(body, {"data": {"v": "edited", "more": "x"}}, manager="kubectl-edit"))

    def delete(self) -> None:
        """Somebody deletes an object by hand."""
        body = self.any_object()
        if body is not None:
            self.quietly(lambda: self.kube.delete(body))

    def any_object(self) -> Object | None:
        name = self.dice.choice(sorted(self.wanted.objects()))
        return self.kube.get("v1", "ConfigMap", self.namespace, name)

    @staticmethod
    def quietly(call: Callable[[], Any]) -> None:
        """The agent may have been faster."""
        try:
            call()
        except Exception as problem:  # noqa: BLE001
            print(f"  not done: {problem}", file=sys.stderr)

    def fault(self) -> None:
        """The API server is faulty from now on."""
        self.proxy.add(self.dice.choice(FAULTS)(), chance=self.dice.uniform(0.02, 0.3))

    def calm(self) -> None:
        """The API server is well again."""
        self.proxy.clear()

    def kill(self) -> None:
        """The agent is killed and started again."""
        self.lives[-1].process.kill()
        self.lives[-1].process.wait()
        self.start()

    def start(self) -> None:
        """Start an agent."""
        command = [
            str(KBUILD), "agent", "-n", self.namespace, "--storage-path", str(self.folder / "storage"), "--controllers",
            "source,kustomize", "--no-prune-guard",
        ]  # fmt: skip
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        with (self.folder / "agent.log").open("ab") as log:
            self.lives.append(Watched(subprocess.Popen(command, env=environment, stderr=log, stdout=log)))

    def request(self, version: str, kind: str, name: str) -> None:
        body = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": self.namespace}}
        self.kube.merge(body, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": str(time.time_ns())}}})

    # The whole, and its end.

    def run(self) -> list[str]:
        """Live for the given time; returns what is wrong in the end."""
        began = time.monotonic()
        self.set_up()
        self.took_s["setting up"] = round(time.monotonic() - began, 1)
        self.start()
        began, length = time.monotonic(), self.options.minutes * 60
        while (at := time.monotonic() - began) < length:
            time.sleep(self.dice.uniform(0.2, 1.5))
            self.lives[-1].sample()
            self.forget()
            if at < length * (1 - LAST_PART) or self.dice.random() < 0.5:
                self.happen() if at < length * (1 - LAST_PART) else self.change()
        self.proxy.clear()
        began = time.monotonic()
        problems = self.converged()
        self.took_s["converging"] = round(time.monotonic() - began, 1)
        self.lives[-1].sample()
        return problems + self.memory()

    def forget(self) -> None:
        """Let go of what the servers wrote down about each request."""
        self.git.requests.clear()
        with self.proxy.lock:
            del self.proxy.log[:]

    def converged(self) -> list[str]:
        """Whether everything becomes as Git has it."""
        for name in self.repositories:
            self.request(SOURCE, "GitRepository", name)
        late = self.late()
        end = time.monotonic() + 300
        while late and time.monotonic() < end:
            time.sleep(2)
            late = self.late()
        if late:
            return [f"not ready at its revision: {one}" for one in late[:20]]
        # Hand edits of the last minutes are reverted by one more run each.
        for body in self.kube.list(KUSTOMIZE, "Kustomization", self.namespace):
            self.request(KUSTOMIZE, "Kustomization", body["metadata"]["name"])
        end = time.monotonic() + 300
        while (wrong := self.wrong()) and time.monotonic() < end:
            time.sleep(2)
        return wrong

    def late(self) -> list[str]:
        """Kustomizations that are not ready at the last commit of their source."""
        found = []
        for body in self.kube.list(KUSTOMIZE, "Kustomization", self.namespace):
            status, spec = body.get("status", {}), body["spec"]
            ready = [one["status"] for one in status.get("conditions", []) if one["type"] == "Ready"]
            head = self.wanted.heads[spec["sourceRef"]["name"]]
            if ready != ["True"] or not str(status.get("lastAppliedRevision")).endswith(head):
                message = [one["message"] for one in status.get("conditions", []) if one["type"] == "Ready"]
                found.append(f"{body['metadata']['name']}: {status.get('lastAppliedRevision')} {message}")
        return found

    def wrong(self) -> list[str]:
        """Objects that are missing, different or too many, and inventories that do not list them."""
        live = {body["metadata"]["name"]: body for body in self.kube.list("v1", "ConfigMap", self.namespace, f"{OWNER}={self.namespace}")}  # fmt: skip
        wanted, found = self.wanted.objects(), []
        for name, (one, value) in wanted.items():
            body = live.get(name)
            owner = body and body["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"]
            if body is None or body.get("data") != {"v": value} or owner != one:
                found.append(f"{name} of {one}: {body and (body.get('data'), owner)}")
        found += [f"left over: {name}" for name in sorted(live.keys() - wanted.keys())]
        for body in self.kube.list(KUSTOMIZE, "Kustomization", self.namespace):
            one = body["metadata"]["name"]
            listed = {entry["id"].split("_")[1] for entry in body["status"]["inventory"]["entries"]}
            expected = {name for name, (owner, _) in wanted.items() if owner == one}
            if listed != expected:
                found.append(f"the inventory of {one}: {sorted(listed ^ expected)[:5]}")
        return found[:50]

    def memory(self) -> list[str]:
        """Whether the last process grew after it had seen everything."""
        samples = self.lives[-1].samples
        third = len(samples) // 3
        if third < 3:
            return []
        early, late = sum(samples[third : 2 * third]) / third, sum(samples[-third:]) / third
        print(f"memory of the last process: {samples[0]} MiB at first, {early:.0f} in its middle, {late:.0f} in the end, {max(samples)} at most")  # fmt: skip
        is_flat = late <= early * (1 + GROWTH) or late <= early + GROWTH_MIB
        return [] if is_flat else [f"the memory grew from {early:.0f} to {late:.0f} MiB"]

    def figures(self, problems: list[str]) -> Object:
        """What this run was and how it went. Units: seconds, MiB."""
        last, options = self.lives[-1], self.options
        every = max(len(last.samples) // 60, 1)
        return {
            "minutes": options.minutes, "kustomizations": options.kustomizations, "repositories": options.repositories,
            "objects": len(self.wanted.objects()), "seed": options.seed, "happened": dict(sorted(self.counts.items())),
            "lives": len(self.lives), "seconds": self.took_s, "problems": problems,
            "memory_of_the_last": list(zip(last.at_s, last.samples, strict=True))[::every],
            "memory_at_most": max((max(life.samples) for life in self.lives if life.samples), default=0),
        }  # fmt: skip

    def close(self) -> None:
        """Stop and remove everything."""
        self.proxy.clear()
        for life in self.lives:
            if life.process.poll() is None:
                life.process.send_signal(signal.SIGTERM)
                life.process.wait(60)
        self.git.close()
        for kind, version in (("Kustomization", KUSTOMIZE), ("GitRepository", SOURCE)):
            for body in self.kube.list(version, kind, self.namespace):
                self.kube.merge({**body, "apiVersion": version, "kind": kind}, {"metadata": {"finalizers": None}})
        self.kube.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self.kube.close()


def main() -> int:
    """Run once; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--kustomizations", type=int, default=1000)
    parser.add_argument("--repositories", type=int, default=20)
    parser.add_argument("--objects", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kbuild-endurance-") as name, some_plane() as plane:
        kube = Kube(plane.access)
        install_kinds(type("Bed", (), {"kube": kube})())
        kube.close()
        with running(FaultProxy(plane.access, plane.proxy_certificate, options.seed)) as proxy:
            endurance = Endurance(plane, proxy, Path(name), options)
            try:
                problems = endurance.run()
                print(
                    f"seed {options.seed}: {dict(sorted(endurance.counts.items()))}, {len(endurance.lives)} lives, {endurance.took_s}"
                )
                if options.output is not None:
                    options.output.write_text(json.dumps(endurance.figures(problems)) + "\n")
                if problems:
                    print((Path(name) / "agent.log").read_text()[-3000:], file=sys.stderr)
            finally:
                endurance.close()
    for problem in problems:
        print(f"wrong: {problem}")
    print("endured" if not problems else f"{len(problems)} things are wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
