"""Install sops and age-keygen, at the versions that the tests of decryption run, into the user's cache, beside the reference.

`KBUILD_SOPS` names another sops. Without Go one line says what is left out; with `CI=true` and Go that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from install_oracle import find_go, oracle_path

MODULES = {
    "sops": ("github.com/getsops/sops/v3/cmd/sops", "v3.11.0"),
    "age-keygen": ("filippo.io/age/cmd/age-keygen", "v1.2.1"),
}


def path_of(name: str) -> Path:
    """Where a program is, or would be."""
    named = os.environ.get("KBUILD_SOPS") if name == "sops" else None
    return Path(named) if named else oracle_path().with_name(name)


def is_there() -> bool:
    """Whether both programs run."""
    for name in MODULES:
        try:
            done = subprocess.run([path_of(name), "--version"], capture_output=True, timeout=60, check=False)
        except OSError:
            return False
        if done.returncode:
            return False
    return True


def install() -> str:
    """Build both with Go; returns what went wrong, or `""`."""
    go = find_go()
    if go is None:
        return "Go was not found"
    for name, (module, version) in MODULES.items():
        path = path_of(name)
        print(f"installing {name} {version} into {path.parent} ...", flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "GOBIN": str(path.parent), "GOFLAGS": "-trimpath"}
        done = subprocess.run([go, "install", f"{module}@{version}"], env=environment, check=False)
        if done.returncode != 0:
            return f"go install {name} ended with status {done.returncode}"
    return "" if is_there() else "what go installed does not run"


def main() -> int:
    """Install them unless they are there; returns the exit status."""
    if is_there():
        return 0
    problem = install()
    if not problem:
        return 0
    print(f"left out: tests that decrypt with sops: {problem}", file=sys.stderr)
    return 1 if os.environ.get("CI") == "true" and find_go() is not None else 0


if __name__ == "__main__":
    sys.exit(main())
