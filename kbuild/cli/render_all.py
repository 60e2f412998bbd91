"""`kbuild render --all DIR...`: every folder that can be rendered, in several processes, each result to a file of its own."""

from __future__ import annotations

import os
import sys

from kbuild.cli.errors import error_lines
from kbuild.cli.render import warn, write_text
from kbuild.many.find import find_roots
from kbuild.many.render import render_many
from kbuild.model.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kbuild.many.outcome import Outcome
    from kbuild.options import Options


def run(folders: Sequence[str], options: Options, values: Mapping[str, bool | str | list[str]]) -> int:
    """Render all; returns the exit status: 1 when one failed. Raises: UsageError, MissingFileError."""
    output, listed = str(values.get("output") or ""), str(values.get("paths_from") or "")
    paths = [path for folder in folders for path in find_roots(folder, without=output)]
    if listed:
        paths += read_list(listed)
    paths = list(dict.fromkeys(paths))
    files = output_files(paths, output) if output else {}
    failed = 0
    is_first = True
    for outcome in render_many(paths, None, options, jobs(values)):
        for line in outcome.warnings:
            warn(f"{outcome.path}: {line}")
        if outcome.error is not None or not deliver(outcome, files.get(outcome.path), is_first=is_first):
            failed += 1
            report(outcome)
        else:
            is_first = False
    if failed or values.get("verbose"):
        warn(f"{failed} of {len(paths)} folders failed")
    return 1 if failed else 0


def jobs(values: Mapping[str, bool | str | list[str]]) -> int | None:
    """The wanted number of processes, None for as many as there are processors. Raises: UsageError."""
    text = str(values.get("jobs") or "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise UsageError(f"--jobs must be a number from 1 on, not '{text}'")
    return int(text)


def read_list(name: str) -> list[str]:
    """The folders that a file (`-`: standard input) names, one a line. Raises: UsageError."""
    try:
        if name == "-":
            text = sys.stdin.read()
        else:
            with open(name, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
    except OSError as error:
        raise UsageError(f"open {name}: {(error.strerror or str(error)).lower()}") from None
    return [line for line in text.splitlines() if line.strip()]


def output_files(paths: Sequence[str], folder: str) -> dict[str, str]:
    """The file of each path: `FOLDER/<path>.yaml`, without what leads upwards. Raises: UsageError, where two would share one."""
    found: dict[str, str] = {}
    owners: dict[str, str] = {}
    for path in paths:
        parts = [part for part in os.path.normpath(path).split("/") if part not in ("", ".", "..")]
        name = "/".join(parts) or os.path.basename(os.path.realpath(path)) or "all"
        owner = owners.setdefault(name, path)
        if owner != path:
            raise UsageError(f"'{owner}' and '{path}' would both be written to '{folder}/{name}.yaml'")
        found[path] = f"{folder}/{name}.yaml"
    return found


def deliver(outcome: Outcome, file: str | None, *, is_first: bool) -> bool:
    """Write the text of one render to its file, or to standard output below a comment that names its folder.

    Returns whether it could be written. Mutates: the outcome, which gets the error. Raises: OutputError, for standard output.
    """
    if file is None:
        write_text(("" if is_first else "---\n") + f"# {outcome.path}\n{outcome.text}", "")
        return True
    try:
        os.makedirs(os.path.dirname(file), exist_ok=True)
        write_text(outcome.text, file)
    except OSError as error:
        outcome.error = UsageError(f"mkdir {os.path.dirname(file)}: {(error.strerror or str(error)).lower()}")
    except UsageError as error:
        outcome.error = error
    return outcome.error is None


def report(outcome: Outcome) -> None:
    """Say on standard error which folder failed, and why."""
    assert outcome.error is not None
    warn("\n".join([f"{outcome.path}:", *error_lines(outcome.error)]))
