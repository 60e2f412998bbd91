"""The agent on a real API server and a Git server on the loopback, as a table: `agent.py [--rows NAMES] [--slow]`.

Rows: start, first, again, push, files, idle; `--slow` adds 5,000 objects and 1,000 idle Kustomizations. With
KBUILD_TEST_KUBECONFIG that cluster is used. The agent is a process of its own; its memory is what the kernel says.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for _folder in ("tools", "tests/support", "tests/cluster", "tests/agent"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / _folder))

from agent_bed import KUSTOMIZE, SOURCE, GitServer, Repository, install_kinds  # noqa: E402
from bed import Plane, some_plane  # noqa: E402
from control_plane import write_kubeconfig  # noqa: E402
from fault_proxy import FaultProxy, running  # noqa: E402
from kube import Kube, Object  # noqa: E402

KBUILD = Path(sys.executable).with_name("kbuild")
ROWS = ("start", "first", "again", "push", "files", "idle")
GIT, KS = "GitRepository", "Kustomization"


class Bench:
    """A namespace with a Git server and an agent."""

    def __init__(self, plane: Plane, folder: Path, name: str) -> None:
        self.plane, self.folder, self.namespace = plane, folder, name
        self.kube = Kube(plane.access)
        (folder / "repositories").mkdir(parents=True)
        self.git = GitServer(folder / "repositories")
        self.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, server: str = "") -> None:
        """Start the agent; `server` stands for the API server where it is not empty."""
        command = [
            str(KBUILD), "agent", "-n", self.namespace, "--storage-path", str(self.folder / "storage"), "--controllers",
            "source,kustomize",
        ]  # fmt: skip
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig(server))}
        with (self.folder / "agent.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log, stdout=log)

    def kubeconfig(self, server: str) -> Path:
        """The control plane's, or one for another address of it."""
        if not server:
            return self.plane.kubeconfig
        path, token = self.folder / "kubeconfig", self.plane.access.token
        write_kubeconfig(path, server, self.plane.proxy_authority, token or "passed-by-the-proxy")
        return path

    def stop(self) -> None:
        """Stop the agent."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def close(self) -> None:
        """Stop everything and remove what was made."""
        self.stop()
        self.git.close()
        for kind, version in ((KS, KUSTOMIZE), (GIT, SOURCE)):
            for body in self.kube.list(version, kind, self.namespace):
                self.kube.merge({**body, "apiVersion": version, "kind": kind}, {"metadata": {"finalizers": None}})
        self.kube.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self.kube.close()

    def memory_mib(self, field: str = "VmRSS") -> int:
        """The agent's memory as the kernel counts it."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition(f"{field}:")[2].split()[0]) // 1024

    def cpu_s(self) -> float:
        """The processor time that the agent has taken."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def create(self, version: str, kind: str, name: str, spec: Object) -> Object:
        """Create an object of the agent's."""
        metadata = {"name": name, "namespace": self.namespace}
        return self.kube.create({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})

    def source(self, repository: Repository, interval: str = "1h") -> Object:
        """Create a GitRepository, and wait until it is ready."""
        spec = {"interval": interval, "url": repository.url, "ref": {"branch": "main"}}
        body = self.create(SOURCE, GIT, repository.name, spec)
        self.ready(body)
        return body

    def kustomization(self, name: str, source: str, **spec: Any) -> Object:
        """Create a Kustomization."""
        wanted = {"interval": "1h", "prune": True, "sourceRef": {"kind": GIT, "name": source}, **spec}
        return self.create(KUSTOMIZE, KS, name, wanted)

    def ready(self, body: Object, revision: str = "") -> Object:
        """Wait until an object is ready (at a revision)."""

        def is_so() -> Object | None:
            live = self.kube.live(body) or {}
            status = live.get("status", {})
            found = [one["status"] for one in status.get("conditions", []) if one["type"] == "Ready"]
            return live if found == ["True"] and revision in str(status.get("lastAppliedRevision") or status.get("artifact")) else None  # fmt: skip

        return wait(is_so, lambda: json.dumps((self.kube.live(body) or {}).get("status")))

    def handled(self, body: Object) -> Object:
        """Ask for a run, and wait for its end."""
        token = str(time.time_ns())
        self.kube.merge(body, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}})

        def is_so() -> Object | None:
            live = self.kube.live(body) or {}
            return live if live.get("status", {}).get("lastHandledReconcileAt") == token else None

        return wait(is_so)


def wait(condition: Callable[[], Any], what: Callable[[], str] = lambda: "", within_s: float = 300.0) -> Any:
    """The first true answer. Raises: TimeoutError."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError(what())


def config_maps(namespace: str, count: int) -> dict[str, str | None]:
    """Manifests, a hundred in each file."""
    files: dict[str, str | None] = {}
    for at in range(0, count, 100):
        bodies = [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"m{n}", "namespace": namespace}, "data": {"n": str(n), "text": "some text " * 10}}
            for n in range(at, min(at + 100, count))
        ]  # fmt: skip
        files[f"set/{at}.yaml"] = "---\n".join(json.dumps(body) + "\n" for body in bodies)
    return files


def row(work: str, seconds: float, target: str, note: str = "") -> None:
    """Print one row."""
    print(f"| {work} | {seconds:.2f} s | {target} | {note} |", flush=True)


def start(bench: Bench) -> None:
    """From the start of the process to the first Kustomization that is ready."""
    repository = Repository(bench.git, bench.folder, "start")
    repository.commit({"a.yaml": json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": bench.namespace}})})  # fmt: skip
    spec = {"interval": "1h", "url": repository.url, "ref": {"branch": "main"}}
    bench.create(SOURCE, GIT, "start", spec)
    body = bench.kustomization("start", "start")
    began = time.monotonic()
    bench.start()
    bench.ready(body)
    row("start to first reconcile (source and Kustomization)", time.monotonic() - began, "1.5 s")


def first(bench: Bench, count: int, targets: tuple[str, str]) -> None:
    """Apply objects for the first time, then look for drift where there is none."""
    repository = Repository(bench.git, bench.folder, f"set{count}")
    repository.commit(config_maps(bench.namespace, count))
    bench.start()
    bench.source(repository)
    began, before = time.monotonic(), bench.cpu_s()
    body = bench.kustomization("set", repository.name, path="./set")
    bench.ready(body)
    taken, used = time.monotonic() - began, bench.cpu_s() - before
    row(f"{count} objects, first run", taken, targets[0], f"{used:.2f} s CPU, {bench.memory_mib('VmHWM')} MiB at most")
    for name in ("unchanged", "unchanged again"):
        began, before = time.monotonic(), bench.cpu_s()
        bench.handled(body)
        taken = time.monotonic() - began
        row(
            f"{count} objects, {name}",
            taken,
            targets[1],
            f"{bench.cpu_s() - before:.2f} s CPU, {bench.memory_mib()} MiB",
        )
    bench.stop()
    bench.start()
    bench.handled(body)
    began = time.monotonic()
    bench.handled(body)
    row(f"{count} objects, unchanged after a restart", time.monotonic() - began, targets[1], f"{bench.memory_mib()} MiB, {bench.memory_mib('VmHWM')} MiB at most")  # fmt: skip

    bench.stop()
    print(f"| {count} objects, objects that such a run writes | {writes(bench, body)} | 0 | |", flush=True)


def writes(bench: Bench, body: Object) -> int:
    """How many objects a run without a change writes; the agent's own resources and events do not count."""
    with running(FaultProxy(bench.plane.access, bench.plane.proxy_certificate)) as proxy:
        bench.start(proxy.url)
        bench.handled(body)
        proxy.clear()
        bench.handled(body)
        own = ("toolkit.fluxcd.io", "/events", "/leases")
        return sum(not any(word in found.path for word in own) for found in proxy.writes)


def push(bench: Bench) -> None:
    """From a request for the source to 50 changed objects."""
    repository = Repository(bench.git, bench.folder, "push")
    repository.commit(config_maps(bench.namespace, 50))
    bench.start()
    source = bench.source(repository)
    body = bench.kustomization("push", "push", path="./set")
    bench.ready(body)
    changed = {name: (text or "").replace("some", "other") for name, text in config_maps(bench.namespace, 50).items()}
    commit = repository.commit({**changed})
    began = time.monotonic()
    bench.handled(source)
    bench.ready(body, commit)
    row("push to applied, 50 objects", time.monotonic() - began, "1.5 s")


def files(bench: Bench) -> None:
    """From a request to the artifact of a large repository in which one file changed."""
    repository = Repository(bench.git, bench.folder, "files")
    repository.commit({f"d{n % 200}/f{n}.yaml": f"n: {n}\ntext: {'x' * (n % 400)}\n" for n in range(20_000)})
    bench.start()
    began = time.monotonic()
    source = bench.source(repository)
    row("20,000 files, first artifact", time.monotonic() - began, "–", f"{bench.memory_mib('VmHWM')} MiB at most")
    for number in range(2):
        commit = repository.commit({"d7/f7.yaml": f"changed: {number}\n"})
        began, before = time.monotonic(), bench.cpu_s()
        bench.handled(source)
        bench.ready(source, commit)
        note = f"{bench.cpu_s() - before:.2f} s CPU without git's"
        row("20,000 files, one changed file", time.monotonic() - began, "2 s", note)


def idle(bench: Bench, count: int) -> None:
    """The processor time and memory of Kustomizations that are looked after every minute."""
    repository = Repository(bench.git, bench.folder, "idle")
    repository.commit({"base/a.yaml": json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})})
    bench.start()
    bench.source(repository, "1m")
    bodies = [
        bench.kustomization(f"k{n}", "idle", path="./base", interval="1m", namePrefix=f"k{n}-", targetNamespace=bench.namespace)
        for n in range(count)
    ]  # fmt: skip
    for body in bodies:
        bench.ready(body)
    before, began = bench.cpu_s(), time.monotonic()
    time.sleep(60)
    used = (bench.cpu_s() - before) / (time.monotonic() - began)
    print(
        f"| {count} idle Kustomizations, interval 1m | {used:.2f} of a core | 0.3 | {bench.memory_mib()} MiB |",
        flush=True,
    )


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--slow", action="store_true")
    chosen = parser.parse_args()
    rows: dict[str, list[Callable[[Bench], None]]] = {
        "start": [start], "push": [push], "files": [files],
        "first": [lambda bench: first(bench, 500, ("1.5 s", "0.3 s"))],
        "idle": [lambda bench: idle(bench, 1000 if chosen.slow else 100)],
    }  # fmt: skip
    if chosen.slow:
        rows["first"].append(lambda bench: first(bench, 5000, ("12 s", "2 s")))
    with tempfile.TemporaryDirectory(prefix="kbuild-bench-") as temporary, some_plane() as plane:
        kube = Kube(plane.access)
        install_kinds(type("Bed", (), {"kube": kube})())
        print("| work | kbuild | target | |\n| --- | --- | --- | --- |")
        for number, measure in enumerate(found for name in chosen.rows.split(",") for found in rows.get(name, ())):
            name = f"bench-agent-{os.getpid()}-{number}"
            bench = Bench(plane, Path(temporary) / name, name)
            try:
                measure(bench)
            finally:
                bench.close()
        kube.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
