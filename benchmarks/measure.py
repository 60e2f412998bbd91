"""Fresh processes, alternating: kbuild, the reference, kbuild, the reference ..., and what they took."""

from __future__ import annotations

import hashlib
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(slots=True)
class Runs:
    """The runs of one command for one input. Units: seconds, KiB."""

    seconds: list[float] = field(default_factory=list)
    peak_kib: int = 0
    digest: str = ""
    status: int = 0

    @property
    def best(self) -> float:
        """The shortest run: what the work takes when nothing disturbs it."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The run in the middle."""
        return statistics.median(self.seconds)


class Launcher:
    """The small process that starts the measured ones."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        # With bytecode where it belongs, as an installed package has it.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCHER)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment,
        )  # fmt: skip

    def run(self, command: list[str], folder: Path, runs: Runs) -> None:
        """One more run. Mutates: `runs`. Raises: RuntimeError, for a run that fails or prints other bytes than before."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        out, err = self.scratch / "out", self.scratch / "err"
        self.process.stdin.write("\0".join([str(folder), str(out), str(err), *command]) + "\n")
        status, seconds, peak = self.process.stdout.readline().split()
        if int(status) != 0:
            raise RuntimeError(f"{' '.join(command)}: status {status}: {err.read_text()[-300:]}")
        digest = hashlib.sha256(out.read_bytes()).hexdigest()
        if runs.digest not in ("", digest):
            raise RuntimeError(f"{' '.join(command)}: two runs, two outputs")
        runs.digest = digest
        runs.seconds.append(float(seconds))
        runs.peak_kib = max(runs.peak_kib, int(peak))

    def output(self) -> str:
        """What the last run printed."""
        return (self.scratch / "out").read_text()

    def close(self) -> None:
        """End the launcher."""
        self.process.communicate()


def alternate(
    launcher: Launcher, folder: Path, commands: tuple[list[str], list[str] | None], times: int, patience_s: float
) -> tuple[Runs, Runs | None]:
    """`times` runs of both commands, by turns; a command that takes longer than `patience_s` runs once."""
    first, second = commands
    ours, theirs = Runs(), Runs() if second is not None else None
    for _ in range(times):
        if not ours.seconds or ours.best < patience_s:
            launcher.run(first, folder, ours)
        if second is not None and theirs is not None and (not theirs.seconds or theirs.best < patience_s):
            launcher.run(second, folder, theirs)
    return ours, theirs
