"""`kbuild logs`: what the controllers wrote, of their pods where they run in the cluster, or of a file.

Of an agent that runs outside of the cluster the server has no logs: the command says so, and reads the file it is told.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from applier.cli.operate import ages, log_files, log_lines, pod_logs
from applier.cli.operate.call import DEFAULT_NAMESPACE, EVERYWHERE, SHARED, Call, guarded
from applier.cli.operate.log_printer import Printer
from applier.cli.operate.words import StoppedError
from kbuild.cli.flags import BOOL, LIST, TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = (
    Flag("follow", BOOL, "go on and show new lines", short="f"),
    Flag("level", TEXT, "only lines of this level", placeholder="LEVEL", choices=log_lines.LEVELS),
    Flag("kind", TEXT, "only lines about this kind, such as Kustomization", placeholder="KIND"),
    Flag("name", TEXT, "only lines about objects of this name", placeholder="NAME"),
    EVERYWHERE,
    Flag("since", TEXT, "only lines younger than this, such as 2m", placeholder="TIME"),
    Flag("since-time", TEXT, "only lines after this moment (RFC 3339)", placeholder="WHEN"),
    Flag("tail", TEXT, "only so many of the last lines of each log", placeholder="NUMBER"),
    Flag("flux-namespace", TEXT, f"namespace of the controllers (default {DEFAULT_NAMESPACE})", placeholder="NAMESPACE"),
    Flag("file", LIST, "read this file, not pods: the log of an agent outside of the cluster (repeatable; - is standard input)",
         placeholder="FILE"),
    *SHARED,
)  # fmt: skip


def run(argv: Sequence[str]) -> int:
    """`kbuild logs [--follow] [--level=LEVEL]`."""
    return guarded("logs", argv, FLAGS, _logs)


def _logs(call: Call) -> int:
    if call.words:
        raise StoppedError("no argument required")
    since = _since(call)
    printer = Printer(
        log_lines.Wanted(
            level=str(call.values.get("level") or ""), kind=str(call.values.get("kind") or ""),
            name=str(call.values.get("name") or ""), namespace="" if call.everywhere else call.namespace, since=since,
        )
    )  # fmt: skip
    files = [str(path) for path in call.values.get("file") or ()]
    if files:
        return log_files.read_files(files, printer, _tail(call), follow=bool(call.values.get("follow")))
    return pod_logs.read_pods(call, printer, since, _tail(call))


def _since(call: Call) -> float:
    """The moment from which on lines are wanted, 0 for all. Raises: StoppedError."""
    length, moment = call.values.get("since"), call.values.get("since_time")
    if length and moment:
        raise StoppedError("at most one of `sinceTime` or `sinceDuration` may be specified")
    if moment:
        found = ages.moment_of(str(moment))
        if found is None:
            raise StoppedError(f"{moment} is not a valid (RFC3339) time")
        return found
    return time.time() - call.seconds("since", "0") if length else 0.0


def _tail(call: Call) -> int:
    """How many of the last lines are wanted, -1 for all. Raises: StoppedError."""
    text = str(call.values.get("tail") or "-1")
    if not text.removeprefix("-").isdigit():
        raise StoppedError(f"--tail must be a number, not '{text}'")
    return int(text)
