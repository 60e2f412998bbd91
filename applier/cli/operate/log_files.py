"""Logs that are files: of an agent outside of the cluster, read once or as they grow."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from threading import Thread
from typing import TYPE_CHECKING

from applier.cli.operate.words import FAILURE, StoppedError, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from applier.cli.operate.log_printer import Printer

AGAIN_S = 0.25


def read_files(paths: list[str], printer: Printer, tail: int, *, follow: bool) -> int:
    """Show the lines of files; `tail` is -1 for all. Raises: StoppedError."""
    if not follow or paths == ["-"]:
        for path in paths:
            for line in last(_lines(path), tail):
                printer.take(line)
        return 0
    threads = [Thread(target=_follow, args=(path, tail, printer), daemon=True) for path in paths]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(AGAIN_S)
    return 1


def _lines(path: str) -> Iterator[str]:
    """Raises: StoppedError."""
    if path == "-":
        yield from sys.stdin
        return
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            yield from file
    except OSError as problem:
        raise StoppedError(f"{path} cannot be read: {problem.strerror}") from None


def last(lines: Iterator[str], count: int) -> Iterator[str]:
    """The last lines, all of them for a negative count."""
    return lines if count < 0 else iter(deque(lines, maxlen=count))


def _follow(path: str, tail: int, printer: Printer) -> None:
    try:
        for line in _growing(path, tail):
            printer.take(line)
    except OSError as problem:
        say(FAILURE, f"{path} cannot be read: {problem.strerror}")


def _growing(path: str, tail: int) -> Iterator[str]:
    """A file's last lines and every one that is added; one that was cut is read from its start. Raises: OSError."""
    with open(path, encoding="utf-8", errors="replace") as file:
        yield from last(iter(file.readline, ""), tail)
        begun = ""
        while True:
            begun += file.readline()
            if begun.endswith("\n"):
                yield begun
                begun = ""
                continue
            time.sleep(AGAIN_S)
            if file.tell() > os.fstat(file.fileno()).st_size:
                file.seek(0)
