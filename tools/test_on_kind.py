"""Run the applier's scenarios against a cluster that kind makes for it and deletes afterwards.

One line says what is missing where Docker does not answer or kind is not installed; that is no failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
NAME = "kbuild-test"


def what_is_missing() -> str:
    """Why no kind cluster can be made here, or `""`."""
    for program in ("docker", "kind"):
        if shutil.which(program) is None:
            return f"{program} was not found"
    answer = subprocess.run(["docker", "info"], capture_output=True, check=False)
    return "" if answer.returncode == 0 else "Docker does not answer"


def main(arguments: list[str]) -> int:
    """Make the cluster, run the tests, delete the cluster; returns the exit status."""
    problem = what_is_missing()
    if problem:
        print(f"left out: tests on kind: {problem}", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="kbuild-kind-") as folder:
        kubeconfig = str(Path(folder) / "kubeconfig")
        cluster = ["--name", NAME, "--kubeconfig", kubeconfig]
        try:
            subprocess.run(["kind", "create", "cluster", *cluster, "--wait", "120s"], check=True)
            command = [sys.executable, "-m", "pytest", "-q", "tests/scenario", *arguments]
            environment = {**os.environ, "KBUILD_TEST_KUBECONFIG": kubeconfig}
            return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode
        except subprocess.CalledProcessError as error:
            print(f"kind ended with status {error.returncode}", file=sys.stderr)
            return 1
        finally:
            subprocess.run(["kind", "delete", "cluster", *cluster], check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
