"""Build the control plane that the applier is tested against, from Go modules, into the user's cache.

etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok (which plays the nodes), and kubectl for the
benchmarks side by side. `tools/cluster/` holds one Go module for each origin with its checksums; the folder in the cache
is named by the versions, so that checkouts share it and a new version is built beside the old one. `KBUILD_CLUSTER_BIN`
names a folder of other binaries. Without Go one line says what is left out; with `CI=true` that is a failure.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from install_oracle import find_go

MODULES = Path(__file__).resolve().parent / "cluster"
KUBERNETES, ETCD, KWOK = "v1.36.3", "v3.6.14", "v0.7.0"


@dataclass(frozen=True)
class Origin:
    """Programs that are built together: their module's folder, and for each its name and its package."""

    folder: str
    programs: tuple[tuple[str, str], ...]
    flags: tuple[str, ...] = ()


def stamp() -> str:
    """The linker flags that make Kubernetes's programs answer with their version."""
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    values = {"gitVersion": KUBERNETES, "gitMajor": major, "gitMinor": minor}
    names = [f"-X k8s.io/{package}/version.{name}={value}"
             for package in ("component-base", "client-go/pkg") for name, value in values.items()]  # fmt: skip
    return " ".join(["-s", "-w", *names])


ORIGINS = (
    Origin("etcd", (("etcd", "go.etcd.io/etcd/server/v3"),), ("-ldflags=-s -w",)),
    Origin("kwok", (("kwok", "sigs.k8s.io/kwok/cmd/kwok"),), ("-ldflags=-s -w",)),
    Origin(
        "kubernetes",
        tuple(
            (name, f"k8s.io/kubernetes/cmd/{name}")
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        ),
        (f"-ldflags={stamp()}",),
    ),
)


def cluster_bin() -> Path:
    """The folder where the programs are, or would be."""
    named = os.environ.get("KBUILD_CLUSTER_BIN")
    if named:
        return Path(named)
    versions = "-".join(version.removeprefix("v") for version in (KUBERNETES, ETCD, KWOK))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "kbuild" / "cluster" / versions


def missing() -> list[str]:
    """The names of the programs that are not there."""
    folder = cluster_bin()
    return [name for origin in ORIGINS for name, _ in origin.programs if not os.access(folder / name, os.X_OK)]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One build at a time for this user: the second waits for the first, and then finds the programs there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another build of the test cluster in {folder} ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def follow(lines: Iterator[str], names: str) -> list[str]:
    """Say every 15 seconds how far the build is; returns the lines that are not names of packages."""
    started = said = time.monotonic()
    packages, others = 0, []
    for line in lines:
        if " " in line.strip() or line.startswith("#"):
            others.append(line)
        else:
            packages += 1
        if time.monotonic() - said >= 15:
            said = time.monotonic()
            print(f"  {names}: {packages} packages compiled, {said - started:.0f} s", flush=True)
    return others


def build(go: str, origin: Origin, folder: Path) -> str:
    """Build the programs of one module; returns what went wrong, or `""`. Each appears under its name when it is whole."""
    names = ", ".join(name for name, _ in origin.programs)
    print(f"building {names} into {folder} (some minutes the first time) ...", flush=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=folder) as scratch:
        for name, package in origin.programs:
            command = [go, "build", "-v", "-mod=readonly", "-buildvcs=false", *origin.flags]
            process = subprocess.Popen(
                [*command, "-o", str(Path(scratch) / name), package],
                cwd=MODULES / origin.folder,
                env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
                stderr=subprocess.PIPE,
                text=True,
            )
            assert process.stderr is not None
            others = follow(iter(process.stderr), name)
            if process.wait() != 0:
                return f"go build {package} ended with status {process.returncode}: {''.join(others[-5:]).strip()}"
            os.replace(Path(scratch) / name, folder / name)
    return ""


def install() -> str:
    """Build what is missing; returns what went wrong, or `""`."""
    if os.environ.get("KBUILD_CLUSTER_BIN"):
        return f"{cluster_bin()} has no {', '.join(missing())}"
    go = find_go()
    if go is None:
        return "Go was not found"
    folder = cluster_bin()
    with alone(folder):
        for origin in ORIGINS:
            if any(name in missing() for name, _ in origin.programs):
                problem = build(go, origin, folder)
                if problem:
                    return problem
    return ""


def main() -> int:
    """Install them unless they are there; returns the exit status."""
    if not missing():
        return 0
    problem = install()
    if not problem:
        return 0
    print(f"left out: tests against a real control plane (Kubernetes {KUBERNETES}): {problem}", file=sys.stderr)
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
