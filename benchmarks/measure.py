"""Fresh processes, alternating: kbuild, the reference, kbuild, the reference ..., and what they took."""

from __future__ import annotations

import hashlib
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

MOST_RUNS, ENOUGH_S = 40, 4.0
LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(slots=True)
class Runs:
    """The runs of one command for one input. Units: seconds of wall and of processor time, KiB; `size` of the output in bytes."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_kib: int = 0
    digest: str = ""
    size: int = 0

    @property
    def best(self) -> float:
        """The shortest run: what the work takes when nothing disturbs it."""
        return min(self.seconds)

    @property
    def least_cpu(self) -> float:
        """The least processor time: what other processes disturb least."""
        return min(self.cpu)

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
        status, seconds, cpu, peak = self.process.stdout.readline().split()
        if int(status) != 0:
            raise RuntimeError(f"{' '.join(command)}: status {status}: {err.read_text()[-300:]}")
        data = out.read_bytes()
        digest, runs.size = hashlib.sha256(data).hexdigest(), len(data)
        if runs.digest not in ("", digest):
            raise RuntimeError(f"{' '.join(command)}: two runs, two outputs")
        runs.digest = digest
        runs.seconds.append(float(seconds))
        runs.cpu.append(float(cpu))
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
    """`times` runs of both commands, by turns; a command that takes longer than `patience_s` runs once.

    Short commands run more often, until `ENOUGH_S` went by: on a busy machine few of their runs are undisturbed.
    """
    first, second = commands
    ours, theirs = Runs(), Runs() if second is not None else None
    begun = time.perf_counter()
    for number in range(max(times, MOST_RUNS)):
        if number >= times and time.perf_counter() - begun > ENOUGH_S:
            break
        if not ours.seconds or ours.best < patience_s:
            launcher.run(first, folder, ours)
        if second is not None and theirs is not None and (not theirs.seconds or theirs.best < patience_s):
            launcher.run(second, folder, theirs)
    return ours, theirs
