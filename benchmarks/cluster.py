"""The applier against kubectl on a real API server, as a table: `cluster.py [--rows NAMES] [--slow] [--runs N]`.

Writes benchmarks/cluster.md and cluster.json. kubectl is the one on PATH, else the one that `make cluster-programs` built.
The targets of applying are for a kubectl that limits its own requests, as 1.32 does; 1.36 takes little longer than the server.
Without `--slow` kubectl is not run on 5,000 objects, which takes it minutes. Both tools apply without waiting for health,
because `kubectl apply` does not wait.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "cluster"))

from bed import Plane, start_plane, stop_plane
from cluster_table import HEAD, Row, line
from fault_proxy import FaultProxy, running
from install_cluster import KUBERNETES, cluster_bin, missing
from kube import APPLY, Kube, Object
from objects import namespace
from report import preamble
from sets import five_thousand, three_hundred

from kbuild.version import VERSION

HERE = Path(__file__).resolve().parent
KBUILD = Path(sys.executable).with_name("kbuild")
ROWS = ("first", "again", "one", "diff", "delete", "start", "large")


@dataclass(slots=True)
class Measured:
    """One run of a command. Units: seconds, MiB."""

    seconds: float
    peak_mib: float
    output: str


@dataclass(slots=True)
class Bench:
    """What a row needs to measure itself."""

    plane: Plane
    scratch: Path
    kubectl: str
    runs: int
    slow: bool
    spaces: int = 0

    def namespace(self) -> str:
        """A new namespace."""
        self.spaces += 1
        name = f"bench-{self.spaces}"
        with_client(self.plane, lambda kube: kube.create(namespace(name)))
        return name

    def file(self, bodies: list[Object], name: str = "set.yaml") -> str:
        """Objects in a file."""
        path = self.scratch / name
        # The first line says that it is YAML: older kubectl takes a file that begins with a brace for JSON throughout.
        path.write_text("".join("---\n" + json.dumps(body, indent=1) + "\n" for body in bodies))
        return str(path)

    def run(self, *command: str, codes: tuple[int, ...] = (0,), kubeconfig: Path | None = None) -> Measured:
        """Run a command to its end; raises RuntimeError for another exit status."""
        out, err = self.scratch / "out", self.scratch / "err"
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig or self.plane.kubeconfig)}
        environment |= {"XDG_CACHE_HOME": str(self.scratch / "cache"), "HOME": str(self.scratch)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with out.open("wb") as stdout, err.open("wb") as stderr:
            begun = time.perf_counter()
            process = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}: {err.read_text()[-500:]}")
        return Measured(seconds, usage.ru_maxrss / 1024, out.read_text())

    def ours(self, verb: str, space: str, *arguments: str, **more: Any) -> Measured:
        """Our command on an inventory of a namespace."""
        return self.run(str(KBUILD), verb, *arguments, "--name", "app", "-n", space, **more)

    def theirs(self, verb: str, space: str, *arguments: str, **more: Any) -> Measured:
        """The other: kubectl in a namespace, or where the objects say."""
        where = ("-n", space) if space else ()
        return self.run(self.kubectl, verb, *where, *arguments, **more)


def with_client(plane: Plane, call: Callable[[Kube], Any]) -> Any:
    """Call with a client that is closed afterwards."""
    client = Kube(plane.access)
    try:
        return call(client)
    finally:
        client.close()


def patch_loop(bench: Bench, bodies: list[Object], space: str) -> float:
    """The floor: the same PATCHes by a bare urllib3 loop with eight threads. Units: seconds from first to last."""
    import urllib3

    access = bench.plane.access
    pool = urllib3.HTTPSConnectionPool(
        "127.0.0.1", int(access.server.rpartition(":")[2]), maxsize=8, ca_certs=access.authority
    )
    headers = {"Authorization": f"Bearer {access.token}", "Content-Type": APPLY, "Accept": "application/json"}

    def paths(kube: Kube) -> list[tuple[str, bytes]]:
        query = "?fieldManager=kbuild&force=false&fieldValidation=Strict"
        placed = [{**body, "metadata": {**body["metadata"], "namespace": space}} for body in bodies]
        return [(kube.path_of(body) + query, json.dumps(body).encode()) for body in placed]

    work = with_client(bench.plane, paths)
    lock = threading.Lock()

    def send() -> None:
        while True:
            with lock:
                if not work:
                    return
                path, data = work.pop()
            answer = pool.request("PATCH", path, body=data, headers=headers)
            assert answer.status == 201, answer.data

    threads = [threading.Thread(target=send) for _ in range(8)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    pool.close()
    return seconds


def writing_time(output: str) -> float:
    """Seconds from the first request of a step to the last answer, by the events of a run."""
    events = [json.loads(line) for line in output.splitlines()]
    started = [event["atSeconds"] for event in events if event.get("type") == "start"]
    ended = [event["atSeconds"] for event in events if event.get("type") == "applied"]
    return float(max(ended) - min(started))


def first(bench: Bench) -> Iterator[Row]:
    """A first apply, against kubectl and against the floor."""
    file = bench.file(three_hundred())
    ours, theirs, writing, floor = [], [], [], []
    for _ in range(bench.runs):
        ours.append(bench.ours("apply", bench.namespace(), file, "--no-wait").seconds)
        theirs.append(bench.theirs("apply", bench.namespace(), "--server-side", "-f", file).seconds)
        output = bench.ours("apply", bench.namespace(), file, "--no-wait", "-o", "events").output
        writing.append(writing_time(output))
        floor.append(patch_loop(bench, three_hundred(), bench.namespace()))
    yield compared("first apply of 300 objects, 4 kinds", ours, theirs, 10)
    ratio = min(writing) / min(floor)
    yield Row(
        work="from first to last PATCH of those 300, against a bare urllib3 loop of the same with 8 threads",
        ours=writing,
        theirs=floor,
        target="at most 1.3 times the loop",
        met=ratio <= 1.3,
        note=f"{ratio:.2f} times the loop",
    )


def compared(work: str, ours: list[float], theirs: list[float], times: float, note: str = "") -> Row:
    """A row whose target is to be so many times faster."""
    met = min(theirs) / min(ours) >= times if theirs else None
    return Row(work=work, ours=ours, theirs=theirs, target=f"{times:g} times faster", met=met, note=note)


def again(bench: Bench) -> Iterator[Row]:
    """Nothing changed."""
    file = bench.file(three_hundred())
    space, other = bench.namespace(), bench.namespace()
    bench.ours("apply", space, file, "--no-wait")
    bench.ours("apply", space, file, "--no-wait")
    bench.theirs("apply", other, "--server-side", "-f", file)
    ours, theirs = [], []
    for _ in range(bench.runs):
        ours.append(bench.ours("apply", space, file, "--no-wait").seconds)
        theirs.append(bench.theirs("apply", other, "--server-side", "-f", file).seconds)
    total, writes = requests(bench, space, file)
    note = f"{total} requests, {writes} writes"
    yield compared("300 objects again, nothing changed", ours, theirs, 40, note)
    yield Row(
        work="requests of that", ours=[float(total)], target="at most 5 + 4, none writes", met=total <= 9 and not writes
    )


def requests(bench: Bench, space: str, file: str) -> tuple[int, int]:
    """How many requests an apply sends, and how many of them write; a proxy counts them."""
    with running(FaultProxy(bench.plane.access, bench.plane.proxy_certificate)) as proxy:
        bench.ours("apply", space, file, "--no-wait", kubeconfig=through(bench, proxy))
        return len(proxy.log), len(proxy.writes)


def through(bench: Bench, proxy: FaultProxy) -> Path:
    """A kubeconfig that goes through a proxy."""
    config = json.loads(bench.plane.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = proxy.url
    path = bench.scratch / "proxy-kubeconfig"
    path.write_text(json.dumps(config))
    return path


def diff(bench: Bench) -> Iterator[Row]:
    """Three of 300 objects differ."""
    bodies = three_hundred()
    space, other = bench.namespace(), bench.namespace()
    file = bench.file(bodies)
    bench.ours("apply", space, file, "--no-wait")
    bench.theirs("apply", other, "--server-side", "-f", file)
    for body in bodies[:3]:
        body["data"]["b"] = "changed"
    file = bench.file(bodies)
    ours, theirs = [], []
    for _ in range(bench.runs):
        ours.append(bench.ours("diff", space, file, codes=(1,)).seconds)
        theirs.append(bench.theirs("diff", other, "--server-side", "-f", file, codes=(1,)).seconds)
    yield compared("diff of 300 objects, 3 changed", ours, theirs, 5)


def delete(bench: Bench) -> Iterator[Row]:
    """Everything goes, and is waited for."""
    ours, theirs = [], []
    for _ in range(bench.runs):
        space, other = bench.namespace(), bench.namespace()
        file = bench.file(three_hundred())
        bench.ours("apply", space, file)
        bench.ours("apply", other, file)
        ours.append(bench.ours("delete", space, "--yes").seconds)
        theirs.append(bench.theirs("delete", other, "--wait", "-f", file).seconds)
    yield compared("delete of those 300 with waits", ours, theirs, 5)


def start(bench: Bench) -> Iterator[Row]:
    """How long it takes until the first request arrives."""
    file = bench.file(three_hundred())
    space = bench.namespace()
    seconds = []
    with running(FaultProxy(bench.plane.access, bench.plane.proxy_certificate)) as proxy:
        config = through(bench, proxy)
        for _ in range(bench.runs * 2):
            proxy.clear()
            begun = time.monotonic()
            bench.ours("apply", space, file, "--no-wait", kubeconfig=config)
            seconds.append(proxy.log[0].started_s - begun)
    target = "at most 0.25 s"
    yield Row(
        work="start of `kbuild apply` to its first request, 300 objects",
        ours=seconds,
        target=target,
        met=min(seconds) <= 0.25,
    )


def one(bench: Bench) -> Iterator[Row]:
    """Rows of 5,000 objects but for kubectl's: see `large`."""
    yield from thousands(bench, bench.runs, against_kubectl=False)


def large(bench: Bench) -> Iterator[Row]:
    """5,000 objects against kubectl, which takes minutes."""
    if bench.slow:
        yield from thousands(bench, bench.runs, against_kubectl=True)


def thousands(bench: Bench, runs: int, *, against_kubectl: bool) -> Iterator[Row]:
    """5,000 objects: first, again, one of them changed, and memory."""
    bench.spaces += 1
    bodies = five_thousand(f"large-{bench.spaces}")
    file = bench.file(bodies, "large.yaml")
    space = bench.namespace()
    begun = bench.ours("apply", space, file, "--no-wait")
    peak = begun.peak_mib
    if against_kubectl:
        theirs = [bench.theirs("apply", "", "--server-side", "--force-conflicts", "-f", file).seconds]
        bench.ours("apply", space, file, "--no-wait", "--force-conflicts")
    else:
        theirs = []
        yield Row(
            work="first apply of 5,000 objects, 10 kinds, 20 namespaces",
            ours=[begun.seconds],
            target="at most 25 s",
            met=begun.seconds <= 25,
        )
    noop, changed = [], []
    for number in range(runs):
        done = bench.ours("apply", space, file, "--no-wait")
        noop.append(done.seconds)
        peak = max(peak, done.peak_mib)
        bodies[100 - 100 % 9 + 20]["metadata"].setdefault("annotations", {})["number"] = str(number)
        other = bench.file(bodies, "changed.yaml")
        changed.append(bench.ours("apply", space, other, "--no-wait").seconds)
        file = other
    total, writes = requests(bench, space, file)
    note = f"{total} requests, {writes} writes"
    yield compared("5,000 objects again, nothing changed", noop, theirs, 100, note)
    if not against_kubectl:
        yield Row(
            work="requests of that",
            ours=[float(total)],
            target="at most 5 + one per kind and namespace, none writes",
            met=total <= 5 + 181 and not writes,
        )
        yield Row(
            work="one of 5,000 changed",
            ours=changed,
            target="nothing changed + 0.2 s",
            met=min(changed) <= min(noop) + 0.2,
        )
        yield Row(work="peak memory at 5,000 objects, MiB", ours=[peak], target="at most 250", met=peak <= 250)
    bench.ours("delete", space, "--yes")


MEASURES: dict[str, Callable[[Bench], Iterator[Row]]] = dict(
    zip(ROWS, (first, again, one, diff, delete, start, large), strict=True)
)


def version_of(kubectl: str) -> str:
    """What kubectl says its version is."""
    done = subprocess.run([kubectl, "version", "--client", "-o", "json"], capture_output=True, text=True, check=False)
    return str(json.loads(done.stdout)["clientVersion"]["gitVersion"]) if done.returncode == 0 else "unknown"


def main() -> int:
    """Measure, print each row as it is there, and write the files; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of: {', '.join(ROWS)}")
    parser.add_argument("--slow", action="store_true", help="also kubectl on 5,000 objects, once")
    parser.add_argument("--runs", type=int, default=3, help="runs of each program (default 3)")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for cluster.md and cluster.json")
    options = parser.parse_args()
    if missing():
        print(f"left out: {cluster_bin()} has no {', '.join(missing())}", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    kubectl = shutil.which("kubectl") or str(cluster_bin() / "kubectl")
    versions = f"kbuild {VERSION}, kubectl {version_of(kubectl)}, kube-apiserver {KUBERNETES}"
    command = "make bench-cluster" + (f" ARGS='{' '.join(sys.argv[1:])}'" if sys.argv[1:] else "")
    facts = preamble(versions, command, dt.datetime.now(tz=dt.UTC).date().isoformat())
    rows: list[Row] = []
    plane = start_plane()
    try:
        with tempfile.TemporaryDirectory(prefix="kbuild-bench-") as scratch:
            bench = Bench(plane, Path(scratch), kubectl, options.runs, options.slow)
            for name in options.rows.split(","):
                for row in MEASURES[name](bench):
                    rows.append(row)
                    print(line(row), end="", flush=True)
    finally:
        stop_plane(plane)
    text = f"# The applier\n\n{facts['versions']}, Python {facts['python']}; {facts['machine']}; {facts['date']}; `{command}`.\n\n"
    text += "Wall time of whole processes, alternating, all on the same API server (etcd does not flush).\n\n"
    (options.output / "cluster.md").write_text(text + HEAD + "".join(map(line, rows)))
    values = {**facts, "rows": [{**asdict(row), "times_faster": row.faster} for row in rows]}
    (options.output / "cluster.json").write_text(json.dumps(values, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
