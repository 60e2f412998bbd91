"""Install helm, at the version that the tests of charts run, into the user's cache, beside the reference.

`KBUILD_HELM` names another binary. Without Go one line says what is left out; with `CI=true` and Go that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from install_oracle import find_go, oracle_path

MODULE, VERSION = "helm.sh/helm/v3/cmd/helm", "v3.22.0"
# Built from its module, helm knows only the first two parts of its version.
SHOWN = VERSION.rpartition(".")[0]


def helm_path() -> Path:
    """Where helm is, or would be."""
    named = os.environ.get("KBUILD_HELM")
    return Path(named) if named else oracle_path().with_name("helm")


def helm_version(path: Path) -> str:
    """What `helm version --short` prints; `""` where there is none that runs."""
    try:
        done = subprocess.run([path, "version", "--short"], capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def is_there() -> bool:
    """Whether the tests can run: the version that is installed here, or whatever `KBUILD_HELM` names."""
    found = helm_version(helm_path())
    return bool(found) if os.environ.get("KBUILD_HELM") else found.startswith(SHOWN)


def install(path: Path) -> str:
    """Build helm with Go; returns what went wrong, or `""`."""
    go = find_go()
    if go is None:
        return "Go was not found"
    print(f"installing helm {VERSION} into {path.parent} ...", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(path.parent), "GOFLAGS": "-trimpath"}
    done = subprocess.run([go, "install", f"{MODULE}@{VERSION}"], env=environment, check=False)
    if done.returncode != 0:
        return f"go install ended with status {done.returncode}"
    return "" if is_there() else f"what go installed says {helm_version(path)!r}"


def main() -> int:
    """Install it unless it is there; returns the exit status."""
    if is_there():
        return 0
    path = helm_path()
    problem = f"{path} does not run" if os.environ.get("KBUILD_HELM") else install(path)
    if not problem:
        return 0
    print(f"left out: tests that run helm {VERSION}: {problem}", file=sys.stderr)
    return 1 if os.environ.get("CI") == "true" and find_go() is not None else 0


if __name__ == "__main__":
    sys.exit(main())
