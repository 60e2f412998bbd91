"""The agent on a real API server and a Git server on the loopback, as a table: `agent.py [--rows NAMES] [--slow]`.

Rows: start, first, push, files, idle; `--slow` adds 5,000 objects and 1,000 idle Kustomizations. With
KBUILD_TEST_KUBECONFIG that cluster is used. The agent is a process of its own; its memory is what the kernel says.
Writes agent.md and agent.json into `--output` (default: here).
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

for _folder in ("tools", "tests/support", "tests/cluster", "tests/agent"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / _folder))

from agent_bed import KUSTOMIZE, SOURCE, GitServer, Repository, install_kinds  # noqa: E402
from bed import Plane, some_plane  # noqa: E402
from control_plane import write_kubeconfig  # noqa: E402
from fault_proxy import FaultProxy, running  # noqa: E402
from install_cluster import KUBERNETES  # noqa: E402
from kube import Kube, Object  # noqa: E402
from report import preamble  # noqa: E402

from kbuild.version import VERSION  # noqa: E402

KBUILD = Path(sys.executable).with_name("kbuild")
HERE = Path(__file__).resolve().parent
ROWS = ("start", "first", "push", "files", "idle")
GIT, KS = "GitRepository", "Kustomization"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure and its bound, None for none. Shape: `unit` is `s`, `MiB`, `cores` or `writes`."""

    work: str
    figure: float
    unit: str
    bound: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bound is kept."""
        return None if self.bound is None else self.figure <= self.bound

    def line(self) -> str:
        """As a line of the table."""
        digits = 0 if self.unit in ("MiB", "writes") else 2
        bound = "–" if self.bound is None else f"{self.bound:g} {self.unit}"
        words = {True: "yes", False: "**no**", None: "–"}
        return f"| {self.work} | {self.figure:.{digits}f} {self.unit} | {bound} | {words[self.met]} | {self.note} |\n"


HEAD = "| work | kbuild | at most | met | |\n| --- | ---: | ---: | --- | --- |\n"


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
    began = time.monotonic()
    while (waited := time.monotonic() - began) < within_s:
        found = condition()
        if found:
            return found
        # What lasts is asked about less often: a status with 5,000 entries takes the server some time.
        time.sleep(max(0.02, waited / 100))
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


def start(bench: Bench) -> Iterator[Row]:
    """From the start of the process to the first Kustomization that is ready."""
    repository = Repository(bench.git, bench.folder, "start")
    repository.commit({"a.yaml": json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": bench.namespace}})})  # fmt: skip
    spec = {"interval": "1h", "url": repository.url, "ref": {"branch": "main"}}
    bench.create(SOURCE, GIT, "start", spec)
    body = bench.kustomization("start", "start")
    began = time.monotonic()
    bench.start()
    bench.ready(body)
    yield Row("start to first reconcile (source and Kustomization)", time.monotonic() - began, "s", 1.5)


def first(bench: Bench, count: int, bounds: tuple[float, float, float]) -> Iterator[Row]:
    """Apply objects for the first time, then look for drift where there is none. Units: `bounds` are s, s, MiB."""
    repository, work = Repository(bench.git, bench.folder, f"set{count}"), f"{count:,} objects"
    repository.commit(config_maps(bench.namespace, count))
    bench.start()
    bench.source(repository)
    began, before = time.monotonic(), bench.cpu_s()
    body = bench.kustomization("set", repository.name, path="./set")
    bench.ready(body)
    taken, used = time.monotonic() - began, bench.cpu_s() - before
    yield Row(f"{work}, first run", taken, "s", bounds[0], f"{used:.2f} s CPU of the agent's, {bench.memory_mib('VmHWM')} MiB at most")  # fmt: skip
    found = []
    for _ in range(3):
        began, before = time.monotonic(), bench.cpu_s()
        bench.handled(body)
        found.append((time.monotonic() - began, bench.cpu_s() - before))
    taken, used = min(found)
    yield Row(
        f"{work}, unchanged", taken, "s", bounds[1], f"the best of three; {used:.2f} s CPU, {bench.memory_mib()} MiB"
    )
    bench.stop()
    bench.start()
    bench.handled(body)
    began = time.monotonic()
    bench.handled(body)
    yield Row(f"{work}, unchanged, in a new process", time.monotonic() - began, "s", bounds[1])
    yield Row(f"{work}, unchanged: memory", bench.memory_mib(), "MiB", bounds[2], f"{bench.memory_mib('VmHWM')} MiB at most")  # fmt: skip
    bench.stop()
    yield Row(f"{work}, objects that such a run writes", writes(bench, body), "writes", 0)


def writes(bench: Bench, body: Object) -> int:
    """How many objects a run without a change writes; the agent's own resources and events do not count."""
    with running(FaultProxy(bench.plane.access, bench.plane.proxy_certificate)) as proxy:
        bench.start(proxy.url)
        bench.handled(body)
        proxy.clear()
        bench.handled(body)
        own = ("toolkit.fluxcd.io", "/events", "/leases")
        return sum(not any(word in found.path for word in own) for found in proxy.writes)


def push(bench: Bench) -> Iterator[Row]:
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
    yield Row("push to applied, 50 objects", time.monotonic() - began, "s", 1.5)


def files(bench: Bench) -> Iterator[Row]:
    """From a request to the artifact of a large repository in which one file changed."""
    repository = Repository(bench.git, bench.folder, "files")
    repository.commit({f"d{n % 200}/f{n}.yaml": f"n: {n}\ntext: {'x' * (n % 400)}\n" for n in range(20_000)})
    bench.start()
    began = time.monotonic()
    source = bench.source(repository)
    yield Row("20,000 files, first artifact", time.monotonic() - began, "s", None, f"{bench.memory_mib('VmHWM')} MiB at most")  # fmt: skip
    found = []
    for number in range(2):
        commit = repository.commit({"d7/f7.yaml": f"changed: {number}\n"})
        began, before = time.monotonic(), bench.cpu_s()
        bench.handled(source)
        bench.ready(source, commit)
        found.append((time.monotonic() - began, bench.cpu_s() - before))
    taken, used = max(found)
    yield Row("20,000 files, one changed file: fetch to artifact", taken, "s", 2, f"the worse of two; {used:.2f} s CPU without git's")  # fmt: skip


def idle(bench: Bench, count: int) -> Iterator[Row]:
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
    work = f"{count:,} idle Kustomizations, interval 1m"
    yield Row(work, used, "cores", 0.3, "over a minute")
    yield Row(f"{work}: memory", bench.memory_mib(), "MiB", 400, f"{bench.memory_mib('VmHWM')} MiB at most")


def measures(*, slow: bool) -> dict[str, list[Callable[[Bench], Iterator[Row]]]]:
    """What is measured, by the name of its row."""
    found: dict[str, list[Callable[[Bench], Iterator[Row]]]] = {
        "start": [start], "push": [push], "files": [files],
        "first": [lambda bench: first(bench, 500, (1.5, 0.3, 90))],
        "idle": [lambda bench: idle(bench, 1000 if slow else 100)],
    }  # fmt: skip
    if slow:
        found["first"].append(lambda bench: first(bench, 5000, (12, 2, 170)))
    return found


def main() -> int:
    """Measure what is asked for, print each row as it is there, and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for agent.md and agent.json")
    chosen = parser.parse_args()
    known, rows = measures(slow=chosen.slow), list[Row]()
    with tempfile.TemporaryDirectory(prefix="kbuild-bench-") as temporary, some_plane() as plane:
        kube = Kube(plane.access)
        install_kinds(type("Bed", (), {"kube": kube})())
        kube.close()
        print(HEAD, end="")
        for number, measure in enumerate(found for name in chosen.rows.split(",") for found in known[name]):
            name = f"bench-agent-{os.getpid()}-{number}"
            bench = Bench(plane, Path(temporary) / name, name)
            try:
                for row in measure(bench):
                    rows.append(row)
                    print(row.line(), end="", flush=True)
            finally:
                bench.close()
    given = ["--slow"] if chosen.slow else []
    given += ["--rows", chosen.rows] if chosen.rows != ",".join(ROWS) else []
    write(chosen.output, rows, " ".join(given))
    return 0


def write(folder: Path, rows: list[Row], given: str) -> None:
    """Write the results; `given` are the arguments that they depend on."""
    command = "make bench-agent" + (f" ARGS='{given}'" if given else "")
    versions = f"kbuild {VERSION}, kube-apiserver {KUBERNETES}"
    facts = preamble(versions, command, dt.datetime.now(tz=dt.UTC).date().isoformat())
    text = (
        f"# The agent\n\n{facts['versions']}, Python {facts['python']}; {facts['machine']}; {facts['date']}; `{command}`; load average of the"
        f" last quarter of an hour: {facts['load']}.\n\nWall time of one agent on a real API server (etcd does not flush) that shares the machine.\n\n"
    )
    (folder / "agent.md").write_text(text + HEAD + "".join(row.line() for row in rows))
    values = {**facts, "rows": [{**asdict(row), "met": row.met} for row in rows]}
    (folder / "agent.json").write_text(json.dumps(values, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
