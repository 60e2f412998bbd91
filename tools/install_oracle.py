"""Install the reference, kustomize, at the version that kbuild matches, into the user's cache.

    install_oracle.py [--latest]

With `--latest` it is the version that `--compat latest` follows, which is kept beside the other one; that needs a newer
Go, which Go itself fetches.

Where it goes: `$XDG_CACHE_HOME/kbuild/bin` (or `~/.cache/kbuild/bin`), so that checkouts share it and none holds it.
`KBUILD_ORACLE` names another binary. Without Go one line says what is left out; with `CI=true` that is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kbuild.version import LATEST, REFERENCE

MODULE = "sigs.k8s.io/kustomize/kustomize/v5"


def oracle_path(version: str = REFERENCE) -> Path:
    """Where the reference is, or would be."""
    named = os.environ.get("KBUILD_ORACLE")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(named) if named else Path(cache) / "kbuild" / "bin" / "kustomize"
    return path if version == REFERENCE else path.with_name(f"kustomize-{version}")


def oracle_version(path: Path) -> str:
    """What the binary says its version is; `""` where there is none that runs."""
    try:
        done = subprocess.run([path, "version"], capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def find_go() -> str | None:
    """The go command: on PATH, or where its installer puts it."""
    return shutil.which("go") or shutil.which("/usr/local/go/bin/go")


def install(path: Path, version: str) -> str:
    """Build the reference with Go; returns what went wrong, or `""`."""
    go = find_go()
    if go is None:
        return "Go was not found"
    print(f"installing kustomize {version} into {path.parent} ...", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        environment = {**os.environ, "GOBIN": scratch, "GOFLAGS": "-trimpath"}
        if version == LATEST:
            environment["GOTOOLCHAIN"] = "auto"
        # Without a version stamped in, `kustomize version` answers `(devel)`; installed by module path it is stamped.
        done = subprocess.run([go, "install", f"{MODULE}@{version}"], env=environment, check=False)
        if done.returncode != 0:
            return f"go install ended with status {done.returncode}"
        os.replace(Path(scratch) / "kustomize", path)
    return "" if oracle_version(path) == version else f"what go installed says {oracle_version(path)!r}"


def main() -> int:
    """Install it unless it is there; returns the exit status."""
    version = LATEST if sys.argv[1:] == ["--latest"] else REFERENCE
    path = oracle_path(version)
    if oracle_version(path) == version:
        return 0
    problem = f"{path} is not kustomize {version}" if os.environ.get("KBUILD_ORACLE") else install(path, version)
    if not problem:
        return 0
    print(f"left out: tests that run the reference (kustomize {version}): {problem}", file=sys.stderr)
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
