"""Run the applier's scenarios against a cluster that kind makes for it and deletes afterwards.

Where Docker does not answer, one line says so; that is no failure. kind itself is built with Go where it is not installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from install_oracle import find_go, oracle_path

MODULE, VERSION = "sigs.k8s.io/kind", "v0.33.0"
CHECKOUT = Path(__file__).resolve().parents[1]
NAME = "kbuild-test"


def docker_problem() -> str:
    """Why no kind cluster can be made here, or `""`."""
    if shutil.which("docker") is None:
        return "docker was not found"
    answer = subprocess.run(["docker", "info"], capture_output=True, check=False)
    return "" if answer.returncode == 0 else "Docker does not answer"


def find_kind() -> str | None:
    """The kind command: on PATH, or built with Go into the user's cache; None where neither is possible."""
    named = shutil.which("kind")
    kept = oracle_path().with_name("kind")
    if named is not None or kept.exists():
        return named or str(kept)
    go = find_go()
    if go is None:
        return None
    print(f"installing kind {VERSION} into {kept.parent} ...", flush=True)
    environment = {**os.environ, "GOBIN": str(kept.parent), "GOFLAGS": "-trimpath", "CGO_ENABLED": "0"}
    done = subprocess.run([go, "install", f"{MODULE}@{VERSION}"], env=environment, check=False)
    return str(kept) if done.returncode == 0 else None


def main(arguments: list[str]) -> int:
    """Make the cluster, run the tests, delete the cluster; returns the exit status."""
    problem = docker_problem()
    kind = None if problem else find_kind()
    if kind is None:
        print(f"left out: tests on kind: {problem or 'kind was not found, and could not be built'}", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="kbuild-kind-") as folder:
        kubeconfig = str(Path(folder) / "kubeconfig")
        cluster = ["--name", NAME, "--kubeconfig", kubeconfig]
        try:
            subprocess.run([kind, "create", "cluster", *cluster, "--wait", "120s"], check=True)
            command = [sys.executable, "-m", "pytest", "-q", "tests/scenario", *arguments]
            environment = {**os.environ, "KBUILD_TEST_KUBECONFIG": kubeconfig}
            return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode
        except subprocess.CalledProcessError as error:
            print(f"kind ended with status {error.returncode}", file=sys.stderr)
            return 1
        finally:
            subprocess.run([kind, "delete", "cluster", *cluster], check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
