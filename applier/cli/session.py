"""What every command does first: read its line, find the cluster and the inventory; and what it says when that fails."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

from applier.cli.output import Output
from applier.cli.settings import duration, whole_number
from applier.cluster.cluster import connect
from applier.failures import EXIT_ERROR, EXIT_INPUT, ApplierError
from applier.model.errors import PlanningError
from applier.model.inventory import InventoryRef
from applier.report.safe_text import line as safe_line
from kbuild import KbuildError, UsageError
from kbuild.cli.errors import error_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from applier.cli.settings import Settings
    from applier.cli.source import Source
    from applier.cluster.cluster import Cluster
    from kbuild.cli.flags import Flag

NAMESPACED_LIMIT = 63


def guarded(
    name: str,
    argv: Sequence[str],
    flags: Sequence[Flag],
    command: Callable[[Settings], int],
    words: tuple[int, int],
    *,
    least_error: int = EXIT_ERROR,
) -> int:
    """Run a command; every failure becomes lines on standard error and an exit status of at least `least_error`."""
    from applier.cli.settings import read
    from applier.cli.signals import ignore_broken_pipes

    ignore_broken_pipes()
    error = Output(2)
    is_collecting = gc.isenabled()
    gc.disable()  # a run keeps what it reads until its end; looking for cycles in it costs a fifth of a no-op run
    try:
        settings = read(argv, flags, words)
        if settings.is_set("help"):
            from kbuild.cli.help import command_page

            Output(1).write(command_page(name))
            return 0
        return command(settings)
    except KbuildError as problem:
        error.line("\n".join(printable_lines(error_lines(problem))))
        return max(EXIT_INPUT, least_error)
    except ApplierError as problem:
        error.line("\n".join(printable_lines(failure_lines(problem))))
        return max(problem.failure.exit_code, least_error)
    except Exception as problem:  # noqa: BLE001  (the outermost place: a mistake of ours is one line, with its place in our code)
        error.line(f"Error: internal error: {type(problem).__name__} at {_place(problem)}; please report it")
        return least_error
    finally:
        if is_collecting:
            gc.enable()


def _place(problem: BaseException) -> str:
    """Where in our code it happened. The message is left out: it may quote values."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace is not None else "?"


def failure_lines(problem: ApplierError) -> list[str]:
    """What a failed run says: every problem with its place and hint, then the sentence, with its class and reason."""
    failure = problem.failure
    lines = []
    for found in problem.problems if isinstance(problem, PlanningError) else ():
        lines.append(f"  {found}")
        if found.hint:
            lines.append(f"    hint: {found.hint}")
    if failure.advice:
        lines.append(f"  hint: {failure.advice}")
    lines.append(f"Error: {failure.message} ({failure.error_class}, {failure.condition.reason})")
    return lines


def printable_lines(lines: Sequence[str]) -> list[str]:
    """Lines without control characters, whatever a cluster or a file put into them."""
    return [safe_line(part) for line in lines for part in line.splitlines()]


def cluster_of(settings: Settings) -> Cluster:
    """The cluster that the flags name. Raises: ApplierError, UsageError."""
    from kbuild import __version__

    error = Output(2)

    def trace(method: str, target: str, status: int, seconds: float) -> None:
        error.line(f"{method} {safe_line(target)} {status or 'no answer'} {seconds * 1000:.0f}ms")

    return connect(
        settings.choice,
        os.environ,
        workers=whole_number(settings.values, "concurrency", 8),
        user_agent=f"kbuild/{__version__}",
        trace=trace if settings.is_set("verbose") else None,
        answer_within_s=duration(settings.values, "request_timeout", 0.0),
    )


def inventory_of(settings: Settings, source: Source | None, cluster: Cluster) -> InventoryRef:
    """The inventory that the command works with. Raises: UsageError, where nothing names it."""
    name = settings.text("name") or (source.name if source is not None else "")
    if not name:
        raise UsageError("the inventory needs a name").advise(
            "give --name NAME, or put metadata.name into the kustomization: what was applied is remembered under it"
        )
    if len(name) > NAMESPACED_LIMIT or not all(part.isalnum() or part in "-." for part in name) or name != name.lower():
        raise UsageError(f"--name={name} cannot be the name of an inventory").advise("use lower case, digits and -")
    namespace = settings.text("namespace") or (source.namespace if source is not None else "") or cluster.namespace
    return InventoryRef(namespace, name)
