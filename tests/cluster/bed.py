"""The test bed as pytest fixtures: one control plane for each test process, and for each test a namespace, a proxy and
the command.

`KBUILD_TEST_KUBECONFIG` names another cluster to test against; what needs kwok's nodes, or to stop parts of the control
plane, is left out there. Without the programs the tests are skipped; with `CI=true` that is a failure.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from control_plane import write_kubeconfig
from fault_proxy import FaultProxy, running
from faults import Exchange
from install_cluster import cluster_bin, missing
from kube import APPLY, Access, Kube, Object, read_kubeconfig

HERE = Path(__file__).resolve().parent
KBUILD = Path(os.environ.get("KBUILD_TEST_COMMAND") or Path(sys.executable).with_name("kbuild"))
PATIENCE_S = 400


@dataclass
class Plane:
    """A control plane that tests may use. `command` is None for one that is not ours to stop."""

    access: Access
    kubeconfig: Path
    folder: Path
    proxy_certificate: tuple[Path, Path]
    proxy_authority: Path
    tokens: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, command: str) -> None:
        """`stop`, `start`, `freeze` or `thaw` and the name of a program."""
        assert self.process is not None, "only for a control plane of our own"
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.lock:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline().startswith("{"), f"{command} failed"

    def user(self, name: str) -> Access:
        """Access of one of the users of the token file, who has no rights but those that a test gives."""
        return Access(server=self.access.server, authority=self.access.authority, token=self.tokens[name])


@dataclass
class Done:
    """A command that ended. Units: seconds."""

    command: list[str]
    code: int
    stdout: str
    stderr: str

    @property
    def report(self) -> Any:
        """What `-o json` printed."""
        return json.loads(self.stdout)

    @property
    def events(self) -> list[Any]:
        """What `-o events` printed."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def text(self) -> str:
        """Everything that was printed."""
        return self.stdout + self.stderr

    def change(self, kind: str, name: str) -> Any:
        """One object's entry in the report."""
        found = [entry for entry in self.report["objects"] if names_object(entry["id"], kind, name)]
        assert len(found) == 1, f"{kind} {name}: {len(found)} entries in {self.stdout}"
        return found[0]

    def error_class(self, kind: str, name: str) -> str:
        """The class of one object's failure in the report; `""` where it did not fail."""
        found = [entry["class"] for entry in self.report["errors"] if names_object(entry["id"], kind, name)]
        return str(found[0]) if found else ""

    def outcomes(self) -> dict[str, str]:
        """The outcome of each object, by `Kind/name`."""
        return {short(entry["id"]): entry["outcome"] for entry in self.report["objects"]}

    def expect(self, code: int) -> Done:
        """This, with this exit status."""
        assert self.code == code, (
            f"{' '.join(self.command)}: exit {self.code}, not {code}\n{self.stdout}\n{self.stderr}"
        )
        assert "Traceback" not in self.text, self.text
        return self


def names_object(text: str, kind: str, name: str) -> bool:
    """Whether an id of the report is that of an object."""
    return short(text) == f"{kind}/{name}"


def short(text: str) -> str:
    """`Kind/name` of an id of the report (`group/Kind ns/name`, or `ns_name_group_Kind` as inventories store it)."""
    if " " not in text and "_" in text:
        kind, name = text.rpartition("_")[2], text.partition("_")[2].rpartition("_")[0].rpartition("_")[0]
        return f"{kind}/{name.replace('__', ':')}"
    kind, _, path = text.partition(" ")
    return f"{kind.rpartition('/')[2]}/{path.rpartition('/')[2]}"


class Bed:
    """What one test works with: an own namespace, the administrator's client, the proxy, and the command behind it."""

    def __init__(self, plane: Plane, proxy: FaultProxy, folder: Path, namespace: str) -> None:
        self.plane, self.proxy, self.folder, self.namespace = plane, proxy, folder, namespace
        self.kube = Kube(plane.access)
        self.kubeconfig = write_kubeconfig(
            folder / "kubeconfig", proxy.url, plane.proxy_authority, plane.tokens.get("admin", "passed-by-the-proxy")
        )
        self.name = "app"
        self.to_delete: list[Object] = []
        self.clients = [self.kube]

    def client(self, access: Access) -> Kube:
        """A client with other access, closed with the test."""
        self.clients.append(Kube(access))
        return self.clients[-1]

    def config_for(self, user: str) -> Path:
        """A kubeconfig of another user, through the proxy."""
        path = self.folder / f"kubeconfig-{user}"
        return write_kubeconfig(path, self.proxy.url, self.plane.proxy_authority, self.plane.tokens[user])

    def environment(self, **more: str) -> dict[str, str]:
        """The command's environment: nothing of the user's own."""
        keep = ("PATH", "LANG", "SYSTEMROOT", "COVERAGE_PROCESS_START")
        kept = {key: os.environ[key] for key in keep if key in os.environ}
        home = {"HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache")}
        return {**kept, **home, "KUBECONFIG": str(self.kubeconfig), **more}

    def write(self, *bodies: Object, file: str = "set.yaml") -> Path:
        """Put objects into a file, in this order; those without a namespace get the test's where their kind has one."""
        path = self.folder / file
        path.write_text("---\n".join(json.dumps(body, indent=1) + "\n" for body in bodies))
        return path

    def command(self, verb: str, *arguments: str) -> list[str]:
        """The command line for this test's inventory."""
        return [str(KBUILD), verb, *arguments, "--name", self.name, "-n", self.namespace]

    def start(self, verb: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start the command; its output goes to pipes."""
        return subprocess.Popen(
            self.command(verb, *arguments),
            cwd=self.folder,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, verb: str, *arguments: str, **environment: str) -> Done:
        """Run the command to its end."""
        process = self.start(verb, *arguments, **environment)
        return self.ended(process)

    def ended(self, process: subprocess.Popen[str], within_s: float = PATIENCE_S) -> Done:
        """Wait for a command that was started."""
        try:
            stdout, stderr = process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            pytest.fail(f"{process.args} did not end in {within_s} s\n{stdout}\n{stderr}\n{self.requests()}")
        return Done(list(map(str, process.args)), process.returncode, stdout, stderr)  # type: ignore[call-overload]

    def apply(self, *bodies: Object, flags: Sequence[str] = (), **environment: str) -> Done:
        """Apply objects and report as JSON."""
        return self.run("apply", str(self.write(*bodies)), "-o", "json", *flags, **environment)

    def requests(self) -> str:
        """The proxy's log, for a message."""
        return "\n".join(map(str, self.proxy.log))

    def owned(self, body: Object) -> Object:
        """The same object in the test's namespace."""
        meta = {**body["metadata"], "namespace": body["metadata"].get("namespace", self.namespace)}
        return {**body, "metadata": meta}

    def live(self, body: Object) -> Object | None:
        """What the server holds of an object (of the test's namespace where it names none and its kind needs one)."""
        _, namespaced = self.kube.resource(body["apiVersion"], body["kind"])
        return self.kube.live(self.owned(body) if namespaced else body)

    def inventory(self) -> Object | None:
        """The head of the inventory."""
        return self.kube.get("v1", "ConfigMap", self.namespace, f"kbuild.{self.name}")

    def entries(self) -> dict[str, list[str]]:
        """What the inventory holds: `Kind/name` to the further columns (version, uid, flags, fingerprints)."""
        head = self.inventory()
        if head is None:
            return {}
        packed = [head["binaryData"]["entries"]] if "entries" in head.get("binaryData", {}) else []
        for chunk in json.loads(head["data"]["header"]).get("chunks") or []:
            body = self.kube.get("v1", "ConfigMap", self.namespace, chunk["name"])
            assert body is not None, f"{chunk['name']} is missing"
            packed += body["binaryData"].values()
        text = b"".join(gzip.decompress(base64.b64decode(part)) for part in packed).decode()
        rows = [line.split("\t") for line in text.splitlines()]
        return {short(row[0]): row[1:] for row in rows}

    def header(self) -> Any:
        """The inventory's header."""
        head = self.inventory()
        assert head is not None, "there is no inventory"
        return json.loads(head["data"]["header"])

    def lease(self) -> Object | None:
        """The lock."""
        return self.kube.get("coordination.k8s.io/v1", "Lease", self.namespace, f"kbuild.{self.name}")

    def is_own(self, exchange: Exchange) -> bool:
        """Whether a request is about the inventory or the lock."""
        return (
            "/leases" in exchange.path
            or f"/configmaps/kbuild.{self.name}" in exchange.path
            or self.creates_own(exchange)
        )

    def creates_own(self, exchange: Exchange) -> bool:
        """Whether a request creates the inventory or a part of it."""
        if exchange.method != "POST" or not exchange.path.endswith("/configmaps"):
            return False
        return str(exchange.json["metadata"]["name"]).startswith(f"kbuild.{self.name}")

    @property
    def member_writes(self) -> list[Exchange]:
        """The requests that changed members."""
        return [exchange for exchange in self.proxy.writes if not self.is_own(exchange)]

    def applies(self, name: str = "") -> list[Exchange]:
        """Server-side applies of members (of one name)."""
        found = [one for one in self.member_writes if one.headers.get("content-type", "").startswith(APPLY)]
        return [one for one in found if not name or one.name == name]

    def deletes(self, name: str = "") -> list[Exchange]:
        """Deletions of members (of one name)."""
        return [one for one in self.member_writes if one.method == "DELETE" and (not name or one.name == name)]

    def applied_at(self, name: str) -> int:
        """The number of the request that first applied an object of this name."""
        found = self.applies(name)
        assert found, f"{name} was never applied\n{self.requests()}"
        return found[0].number

    def set_up(self, *bodies: Object, flags: Sequence[str] = ()) -> None:
        """Apply objects successfully, then forget the requests."""
        self.apply(*bodies, flags=flags).expect(0)
        self.proxy.settle()
        self.proxy.clear()

    def cleaned(self, body: Object) -> Object:
        """The same object, which is deleted after the test (for what is in no namespace)."""
        self.to_delete.append(body)
        return body

    def close(self) -> None:
        """Delete what outlives the test and could disturb others."""
        for body in self.to_delete:
            self.kube.delete(body)
        if self.plane.process is None:
            self.kube.request("DELETE", f"/api/v1/namespaces/{self.namespace}")
        for client in self.clients:
            client.close()


def start_plane() -> Plane:
    """Start a control plane in a process that ends it when this one is gone."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "control_plane.py"), "--until-stdin-closes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        pytest.fail("the control plane did not start")
    facts = json.loads(line)
    folder = Path(facts["folder"])
    authority = folder / "ca.crt"
    return Plane(
        access=Access(server=facts["server"], authority=str(authority), token=facts["tokens"]["admin"]),
        kubeconfig=Path(facts["kubeconfig"]),
        folder=folder,
        proxy_certificate=(folder / "server.crt", folder / "server.key"),
        proxy_authority=authority,
        tokens=facts["tokens"],
        process=process,
    )


def stop_plane(plane: Plane) -> None:
    """End it, and wait until it is gone."""
    assert plane.process is not None
    assert plane.process.stdin is not None
    assert plane.process.stdout is not None
    plane.process.stdin.close()
    plane.process.wait(timeout=60)
    plane.process.stdout.close()


@pytest.fixture(scope="session")
def plane() -> Iterator[Plane]:
    """The control plane of this test process, or the cluster that the environment names."""
    if missing() and not os.environ.get("KBUILD_TEST_KUBECONFIG"):
        message = f"needs a control plane; {cluster_bin()} has no {', '.join(missing())} (`make cluster-programs`)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with some_plane() as found:
        yield found


@contextmanager
def some_plane() -> Iterator[Plane]:
    """The cluster that KBUILD_TEST_KUBECONFIG names, or a control plane for as long as the block runs."""
    named = os.environ.get("KBUILD_TEST_KUBECONFIG")
    if named:
        with tempfile.TemporaryDirectory(prefix="kbuild-bed-") as name:
            yield foreign_plane(Path(named), Path(name))
        return
    started = start_plane()
    try:
        yield started
    finally:
        stop_plane(started)


def foreign_plane(kubeconfig: Path, folder: Path) -> Plane:
    """Somebody's cluster; the proxy in front of it speaks with the credentials of the kubeconfig."""
    import certificates

    made = certificates.make(folder)
    access = read_kubeconfig(kubeconfig, folder)
    return Plane(
        access=access,
        kubeconfig=kubeconfig,
        folder=folder,
        proxy_certificate=(made.server, made.server_key),
        proxy_authority=made.authority,
        tokens={"admin": access.token} if access.token else {},
    )


@pytest.fixture
def own_plane(plane: Plane) -> Plane:
    """A control plane whose nodes kwok plays and whose parts may be stopped."""
    if plane.process is None:
        pytest.skip("needs the project's own control plane (kwok's nodes, users, parts that can be stopped)")
    return plane


@pytest.fixture
def bed(plane: Plane, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bed]:
    """A fresh namespace behind a fresh proxy."""
    stem = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40].strip("-")
    namespace = f"{stem}-{os.urandom(3).hex()}"
    with running(FaultProxy(plane.access, plane.proxy_certificate)) as proxy:
        made = Bed(plane, proxy, tmp_path, namespace)
        made.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        yield made
        made.close()
