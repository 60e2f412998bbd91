"""Build Flux's own command line into the user's cache, beside the reference: tests run it against the agent.

It is built from its Go module. The module lacks the manifests that a release embeds: one without an object stands for them, as
nothing here installs Flux. `KBUILD_FLUX` names another binary. Building takes some minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from install_oracle import find_go, oracle_path

MODULE, VERSION = "github.com/fluxcd/flux2/v2", "v2.9.5"


def flux_path() -> Path:
    """Where flux is, or would be: named by the environment, on PATH, or in the cache."""
    named = os.environ.get("KBUILD_FLUX") or shutil.which("flux")
    return Path(named) if named else oracle_path().with_name("flux")


def flux_version(path: Path) -> str:
    """What `flux version --client` prints; `""` where there is none that runs."""
    try:
        done = subprocess.run([path, "version", "--client"], capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def is_there() -> bool:
    """Whether the tests can run."""
    return bool(flux_version(flux_path()))


def install(path: Path) -> str:
    """Build flux with Go; returns what went wrong, or `""`."""
    go = find_go()
    if go is None:
        return "Go was not found"
    print(f"building flux {VERSION} into {path.parent} (some minutes) ...", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kbuild-flux-") as scratch:
        command = [go, "mod", "download", "-json", f"{MODULE}@{VERSION}"]
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"go mod download ended with status {done.returncode}: {done.stdout}{done.stderr}"
        source = Path(scratch) / "source"
        # What is in the module cache cannot be written.
        shutil.copytree(json.loads(done.stdout)["Dir"], source, copy_function=shutil.copyfile)
        for folder in (source, *(one for one in source.rglob("*") if one.is_dir())):
            folder.chmod(0o755)
        manifests = source / "cmd" / "flux" / "manifests"
        manifests.mkdir(exist_ok=True)
        (manifests / "none.yaml").write_text("# no manifests\n")
        built = Path(scratch) / "flux"
        flags = f"-s -w -X main.VERSION={VERSION.removeprefix('v')}"
        done_build = subprocess.run(
            [go, "build", "-trimpath", "-ldflags", flags, "-o", str(built), "./cmd/flux"],
            cwd=source, env={**os.environ, "CGO_ENABLED": "0"}, check=False,
        )  # fmt: skip
        if done_build.returncode != 0:
            return f"go build ended with status {done_build.returncode}"
        shutil.copy2(built, path)
    return "" if is_there() else f"what was built says {flux_version(path)!r}"


def main() -> int:
    """Install it unless it is there; returns the exit status."""
    if is_there():
        return 0
    path = flux_path()
    problem = f"{path} does not run" if os.environ.get("KBUILD_FLUX") else install(path)
    if problem:
        print(f"flux {VERSION} is not there: {problem}", file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
