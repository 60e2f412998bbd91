"""One build by the reference and by kbuild in the same folder, and what has to be equal."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path

from in_process import run

Outcome = tuple[bool, str, str]

# The folders that either program makes for itself, and the addresses and times it prints.
_RANDOM = re.compile(r"/(kustomize-(?:helm-)?|kust-plugin-config-)\d+")
_ADDRESS = re.compile(r"&\{0x[0-9a-f]+ (?:0x[0-9a-f]+|<nil>)\}")
# How long git has tried to connect.
_DURATION = re.compile(r"after \d+ ms")
_TIME = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", re.MULTILINE)


def masked(text: str) -> str:
    """A text without what is different on every run."""
    text = _DURATION.sub("after N ms", text)
    return _TIME.sub("", _ADDRESS.sub("{generator}", _RANDOM.sub(r"/\1N", text)))


def error_of(stderr: str) -> str:
    """The error with everything behind it, without what kbuild says before it."""
    return masked(stderr[stderr.find("Error: ") :]).rstrip() if "Error: " in stderr else ""


def reference(oracle: Callable[..., "subprocess.CompletedProcess[str]"], target: str, *arguments: str) -> Outcome:
    """(succeeded, output, error) of the reference."""
    done = oracle(target, *arguments)
    return done.returncode == 0, done.stdout, error_of(done.stderr)


def ours(target: str, *arguments: str, cwd: Path) -> Outcome:
    """(succeeded, output, error) of kbuild."""
    done = run(["render", target, *arguments], cwd)
    assert done.status in (0, 1)
    assert "Traceback" not in done.stderr
    return done.status == 0, done.stdout.decode(), error_of(done.stderr)


def without_places(stderr: str) -> str:
    """Standard error without what only kbuild says, and without what is different on every run."""
    lines = stderr.splitlines(keepends=True)
    return masked(
        "".join(line for line in lines if not line.startswith(("  at ", "  hint: ", "  asked for at ", "  first at ")))
    )


def difference(expected: Sequence[object], found: Sequence[object]) -> str:
    """Where two outcomes differ, as a unified diff; empty where they do not."""
    theirs, own = ("\n".join(str(part) for part in parts).splitlines() for parts in (expected, found))
    return "\n".join(unified_diff(theirs, own, "reference", "kbuild", lineterm="", n=2))


def write_tree(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder; returns the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
