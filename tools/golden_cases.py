"""The golden cases as values: where they are, how the reference is run for one, and what is compared.

A case is a folder `testdata/golden/<claim>/`: `input/`, `ORACLE` (one line: tool, version and arguments, run in the
folder), and what the reference gave: `expected.yaml` and, if it warned, `expected-warnings.txt`; or, where it failed,
`expected-error.txt`. A case whose version is the later one is what `--compat latest` follows: kbuild gets that flag
besides. In the texts `{root}` stands for the absolute path of `input/`.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from install_oracle import LATEST, REFERENCE, oracle_path

GOLDEN = Path(__file__).resolve().parents[1] / "testdata" / "golden"
FILES = ("expected.yaml", "expected-warnings.txt", "expected-error.txt")
_TIME = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", re.MULTILINE)
_ADDRESS = re.compile(r"&\{0x[0-9a-f]+ <nil>\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One golden case. Shape: `oracle_arguments` are those after the reference's name: `build`, the folder, flags."""

    folder: Path
    version: str
    oracle_arguments: tuple[str, ...]

    @property
    def arguments(self) -> tuple[str, ...]:
        """What kbuild is called with."""
        return (*self.oracle_arguments, *(("--compat", "latest") if self.version == LATEST else ()))

    @property
    def name(self) -> str:
        """The claim."""
        return self.folder.name

    def expected(self, file: str) -> str:
        """An expectation's text; `""` where there is none."""
        path = self.folder / file
        return path.read_bytes().decode() if path.exists() else ""

    @property
    def fails(self) -> bool:
        """Whether the reference fails."""
        return (self.folder / "expected-error.txt").exists()


def load(folder: Path) -> Case:
    """Read a case's ORACLE. Raises: ValueError, where it names neither version."""
    tool, version, *arguments = shlex.split((folder / "ORACLE").read_text())
    if tool != "kustomize" or version not in (REFERENCE, LATEST):
        raise ValueError(f"{folder.name}: ORACLE names {tool} {version}")
    return Case(folder=folder, version=version, oracle_arguments=tuple(arguments))


def all_cases() -> list[Case]:
    """Every case, by name."""
    return [load(path.parent) for path in sorted(GOLDEN.glob("*/ORACLE"))]


def normal(stderr: str, folder: Path) -> str:
    """A standard error without what differs from run to run: the checkout's path, times, memory addresses, a word.

    The reference's decoder of schemas chooses one of two words at random, in every frame.
    """
    text = stderr.replace(str(folder.resolve() / "input"), "{root}")
    text = text.replace("json: unable to unmarshal", "json: cannot unmarshal")
    return _ADDRESS.sub("{generator}", _TIME.sub("{time} ", text))


def ask(case: Case) -> dict[str, str]:
    """What the reference gives: expectation file -> text. A crash is kept as its sentence.

    Raises: RuntimeError, for something that is neither an output nor an error.
    """
    command = [oracle_path(case.version), *case.oracle_arguments]
    done = subprocess.run(command, cwd=case.folder, capture_output=True, timeout=60, check=False)
    stderr = normal(done.stderr.decode(), case.folder)
    if done.returncode == 0:
        warned = {"expected-warnings.txt": stderr} if stderr else {}
        return {"expected.yaml": done.stdout.decode(), **warned}
    if done.returncode == 2 and "panic: " in stderr:
        stderr = "panic: " + stderr.partition("panic: ")[2].partition("\n")[0].partition(" [recovered")[0] + "\n"
    elif "Error: " not in stderr or done.stdout:
        raise RuntimeError(f"{case.name}: status {done.returncode}, {stderr[-300:]!r}")
    return {"expected-error.txt": stderr}
