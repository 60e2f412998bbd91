"""A real control plane on loopback ports: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok's nodes.

`python control_plane.py` starts one in a temporary folder, prints one line with its kubeconfig, and stops it at Ctrl-C,
SIGTERM or, with `--until-stdin-closes`, when the program that started it is gone; then processes and folder are gone too.
Deployments become ready: kwok plays the nodes as `stages.yaml` says.
"""

from __future__ import annotations

import argparse
import ctypes
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import certificates
from install_cluster import cluster_bin, missing

HERE = Path(__file__).resolve().parent
SET_PARENT_DEATH_SIGNAL = 1
READY_WITHIN_S = 120.0
NODES, VOLUMES = 2, 20
# Files in the working directory of every program, which is the folder; etcd insists on the form `host:port`.
ETCD_SOCKETS = ("unix://client:0", "unix://peer:0")
# Who may do what besides the administrator: tests write roles for these.
USERS = {"admin": "system:masters", "alice": "", "bob": ""}


@dataclass
class ControlPlane:
    """One running control plane. Shape: `tokens` maps a user to its bearer token; `kubeconfig` is the administrator's."""

    folder: Path
    port: int = 0
    tokens: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def server(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig for the administrator."""
        return self.folder / "kubeconfig"

    def run(self, name: str, *flags: str) -> None:
        """Start one of the programs; what it says is in `NAME.log` in the folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(cluster_bin() / name), *flags],
                cwd=self.folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - this program has one thread
            )

    def stop(self, name: str) -> None:
        """End one of the programs at once; its data stays."""
        process = self.processes.pop(name, None)
        if process is not None:
            process.kill()
            process.wait()

    def log_tail(self, name: str, lines: int = 15) -> str:
        """The end of what one of the programs said."""
        path = self.folder / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


def environment() -> dict[str, str]:
    """This process's without proxies: what the programs talk to is on the loopback, or nowhere."""
    return {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}


def die_with_parent() -> None:
    """On Linux, end this process when the one that started it ends in whatever way; never taken along by a Ctrl-C."""
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_kubeconfig(path: Path, server: str, authority: Path, token: str) -> Path:
    """A kubeconfig with one context, for a token. JSON is YAML."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "testbed",
        "clusters": [{"name": "testbed", "cluster": {"server": server, "certificate-authority": str(authority)}}],
        "users": [{"name": "testbed", "user": {"token": token}}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "testbed"}}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=1) + "\n")
    return path


def write_tokens(plane: ControlPlane) -> Path:
    """The API server's token file, with a random token for each user."""
    lines = []
    for user, group in USERS.items():
        plane.tokens[user] = secrets.token_hex(16)
        lines.append(f'{plane.tokens[user]},{user},{user},"{group}"\n')
    path = plane.folder / "tokens.csv"
    path.touch(mode=0o600)
    path.write_text("".join(lines))
    return path


def start_etcd(plane: ControlPlane) -> None:
    """Start etcd, on sockets in the folder; nothing is flushed to the disk."""
    client, peer = ETCD_SOCKETS
    plane.run(
        "etcd",
        f"--data-dir={plane.folder}/etcd",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--snapshot-count=1000000",
        "--log-level=warn",
    )


def start_api_server(plane: ControlPlane) -> None:
    """Start kube-apiserver on `plane.port`, with role-based access control and service accounts."""
    made = plane.folder
    plane.run(
        "kube-apiserver",
        f"--etcd-servers={ETCD_SOCKETS[0]}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={plane.port}",
        f"--tls-cert-file={made}/server.crt",
        f"--tls-private-key-file={made}/server.key",
        f"--client-ca-file={made}/ca.crt",
        f"--token-auth-file={made}/tokens.csv",
        "--authorization-mode=RBAC",
        f"--service-account-issuer={plane.server}",
        f"--service-account-signing-key-file={made}/accounts.key",
        f"--service-account-key-file={made}/accounts.key",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--endpoint-reconciler-type=none",
        "--allow-privileged=true",
        "--profiling=false",
        "--event-ttl=10m",
    )


def start_controller_manager(plane: ControlPlane) -> None:
    """Start what makes ReplicaSets of Deployments, Pods of ReplicaSets, and deletes what nobody owns any more."""
    plane.run(
        "kube-controller-manager",
        *client_flags(plane),
        f"--service-account-private-key-file={plane.folder}/accounts.key",
        f"--root-ca-file={plane.folder}/ca.crt",
    )


def start_scheduler(plane: ControlPlane) -> None:
    """Start what puts Pods on nodes: kwok plays only Pods that have one."""
    plane.run("kube-scheduler", *client_flags(plane))


def client_flags(plane: ControlPlane) -> list[str]:
    """Flags of the two programs above."""
    config = f"--kubeconfig={plane.kubeconfig}"
    return [config, "--leader-elect=false", "--secure-port=0", "--kube-api-qps=1000", "--kube-api-burst=2000"]


def start_kwok(plane: ControlPlane) -> None:
    """Start kwok, which plays all nodes and renews their leases."""
    plane.run(
        "kwok",
        f"--kubeconfig={plane.kubeconfig}",
        f"--config={HERE / 'stages.yaml'}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        "--server-address=",
    )


STARTERS: dict[str, Callable[[ControlPlane], None]] = {
    "etcd": start_etcd,
    "kube-apiserver": start_api_server,
    "kube-controller-manager": start_controller_manager,
    "kube-scheduler": start_scheduler,
    "kwok": start_kwok,
}


def ask(plane: ControlPlane, method: str, path: str, body: object = None) -> int:
    """One request as the administrator; returns the status, 0 where no answer came."""
    context = ssl.create_default_context(cafile=str(plane.folder / "ca.crt"))
    connection = http.client.HTTPSConnection("127.0.0.1", plane.port, context=context, timeout=10)
    headers = {"Authorization": f"Bearer {plane.tokens['admin']}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def wait_until_ready(plane: ControlPlane) -> None:
    """Wait for the API server; raises RuntimeError with the end of a program's log where one ended or time is up."""
    deadline = time.monotonic() + READY_WITHIN_S
    while ask(plane, "GET", "/readyz") != 200:
        for name, process in plane.processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended with status {process.returncode}:\n{plane.log_tail(name)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"not ready in {READY_WITHIN_S:.0f} s:\n{plane.log_tail('kube-apiserver')}")
        time.sleep(0.1)


def furnish(plane: ControlPlane) -> None:
    """Create the nodes that kwok plays, and storage for claims; raises RuntimeError where the server refuses."""
    for name in (f"node-{number}" for number in range(NODES)):
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
        create(
            plane, "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
        )
    storage: dict[str, Any] = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "testbed"},
    }
    storage["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    rest = {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"}
    create(plane, "/apis/storage.k8s.io/v1/storageclasses", {**storage, **rest})
    for number in range(VOLUMES):
        spec = {
            "storageClassName": "testbed",
            "capacity": {"storage": "100Gi"},
            "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
            "hostPath": {"path": "/nonexistent"},
        }
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"volume-{number}"},
            "spec": spec,
        }
        create(plane, "/api/v1/persistentvolumes", volume)


def create(plane: ControlPlane, path: str, body: dict[str, Any]) -> None:
    """Create an object; raises RuntimeError where the server refuses."""
    status = ask(plane, "POST", path, body)
    if status != 201:
        raise RuntimeError(f"{body['kind']} {body['metadata']['name']} was answered {status}")


def start(folder: Path) -> ControlPlane:
    """Start a control plane in an empty folder and wait until it is ready.

    Raises: RuntimeError, when programs are missing or one of them does not come up; what ran is stopped then.
    """
    if missing():
        raise RuntimeError(f"{cluster_bin()} has no {', '.join(missing())} (`make cluster-programs` builds them)")
    plane = ControlPlane(folder, free_port())
    try:
        start_etcd(plane)
        certificates.make(folder)
        write_tokens(plane)
        write_kubeconfig(plane.kubeconfig, plane.server, folder / "ca.crt", plane.tokens["admin"])
        start_api_server(plane)
        wait_until_ready(plane)
        for name in ("kwok", "kube-controller-manager", "kube-scheduler"):
            STARTERS[name](plane)
        furnish(plane)
    except BaseException:
        stop(plane)
        raise
    return plane


def stop(plane: ControlPlane) -> None:
    """End all programs at once, clients of the API server first."""
    for name in reversed(list(plane.processes)):
        plane.stop(name)


def facts(plane: ControlPlane) -> dict[str, object]:
    """What a test needs to know, as JSON values."""
    return {
        "server": plane.server,
        "folder": str(plane.folder),
        "kubeconfig": str(plane.kubeconfig),
        "tokens": plane.tokens,
        "pids": {name: process.pid for name, process in plane.processes.items()},
    }


def obey(plane: ControlPlane, command: list[str]) -> str:
    """What a line on standard input asks for: `stop NAME`, `start NAME`, `freeze NAME`, `thaw NAME`; returns the answer."""
    verb, name = command
    if verb in ("freeze", "thaw"):
        plane.processes[name].send_signal(signal.SIGSTOP if verb == "freeze" else signal.SIGCONT)
    elif verb == "stop":
        plane.stop(name)
    else:
        STARTERS[name](plane)
        wait_until_ready(plane)
    return json.dumps(facts(plane))


def interrupted(*_: object) -> None:
    """SIGTERM ends as Ctrl-C does."""
    raise KeyboardInterrupt


def main() -> int:
    """Start, say where, and stop when asked; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the program that started this one")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, interrupted)
    folder = Path(tempfile.mkdtemp(prefix="kbuild-cluster-"))
    plane = None
    try:
        plane = start(folder)
        if options.until_stdin_closes:
            print(json.dumps(facts(plane)), flush=True)
            for line in sys.stdin:
                print(obey(plane, line.split()), flush=True)
        else:
            print(f"export KUBECONFIG={plane.kubeconfig}\n(Ctrl-C stops it)", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        pass
    except RuntimeError as error:
        print(f"the control plane did not start: {error}", file=sys.stderr)
        return 1
    finally:
        if plane is not None:
            stop(plane)
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
