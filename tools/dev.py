"""`make dev`: the project's own control plane and `kbuild dev` against it, until Ctrl-C; both are gone afterwards.

Pods are played by kwok: Deployments become ready, nothing really runs.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """Start the control plane, hand its kubeconfig to `kbuild dev`, and end both."""
    plane = subprocess.Popen(
        [sys.executable, str(CHECKOUT / "tests" / "cluster" / "control_plane.py"), "--until-stdin-closes"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert plane.stdin is not None
    assert plane.stdout is not None
    line = plane.stdout.readline()
    if not line:
        return plane.wait() or 1
    environment = {**os.environ, "KUBECONFIG": json.loads(line)["kubeconfig"]}
    print(f"export KUBECONFIG={environment['KUBECONFIG']}   # for kubectl and kbuild in another terminal", flush=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the command, which ends in order
    try:
        kbuild = Path(sys.executable).with_name("kbuild")
        restore = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
        return subprocess.run([str(kbuild), "dev", *arguments], env=environment, check=False, **restore).returncode  # type: ignore[call-overload, no-any-return]
    finally:
        plane.stdin.close()
        plane.wait(timeout=60)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
