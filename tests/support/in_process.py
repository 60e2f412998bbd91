"""Runs the command inside the test's process: one interpreter start less per build, the same streams."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kbuild.cli.main import main


@dataclass(frozen=True, slots=True)
class Done:
    """What a build gave."""

    status: int
    stdout: bytes
    stderr: str


def run(arguments: Sequence[str], cwd: Path) -> Done:
    """Run `kbuild ARGUMENTS` in a folder. Both streams are caught at their file descriptors."""
    before = os.getcwd()
    saved = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        sys.stderr.flush()
        streams = sys.stdout, sys.stderr
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        try:
            os.chdir(cwd)
            with open(1, "w", closefd=False) as sys.stdout, open(2, "w", closefd=False) as sys.stderr:
                status = main(arguments)
        finally:
            sys.stdout, sys.stderr = streams
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            os.close(saved[0])
            os.close(saved[1])
            os.chdir(before)
        out.seek(0)
        err.seek(0)
        return Done(status, out.read(), err.read().decode(errors="replace"))
