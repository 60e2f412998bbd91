"""A change set as a table for a person: what was done, then everything that failed by the class of its failure."""

from __future__ import annotations

from collections.abc import Iterator

from applier.model.changes import Change, ChangeSet, Outcome
from applier.report.log_text import subject
from applier.report.safe_text import line, plural, shortened

QUIET = frozenset([Outcome.UNCHANGED])
_WIDTH = 12


def table_text(changes: ChangeSet, *, width: int = 120, show_unchanged: bool = False) -> Iterator[str]:
    """The lines of the summary, without line ends."""
    for change in changes.changes:
        if not change.outcome.is_failure and (show_unchanged or change.outcome not in QUIET):
            yield _row(change, width)
    yield from failures(changes)
    yield totals(changes)


def _row(change: Change, width: int) -> str:
    notes = []
    if change.fields:
        notes.append(plural(len(change.fields), "field"))
    if change.reason:
        notes.append(change.reason)
    if change.blocked_by:
        notes.append(f"by {' → '.join(subject(one) for one in change.blocked_by)}")
    if change.waited_ms >= 100:
        notes.append(f"Current after {change.waited_ms / 1000:.1f}s")
    if change.message:
        notes.append(change.message)
    tail = f"  ({'; '.join(notes)})" if notes else ""
    return shortened(f"{change.outcome.value:<{_WIDTH}} {subject(change.id)}{tail}", width)


def failures(changes: ChangeSet) -> Iterator[str]:
    """All failures, grouped by class, each with where it comes from and one hint for the class."""
    groups: dict[str, list[Change]] = {}
    for change in changes.changes:
        if change.outcome.is_failure:
            name = change.error_class.value if change.error_class is not None else change.outcome.value
            groups.setdefault(name, []).append(change)
    for name, found in groups.items():
        yield f"{name} ({plural(len(found), 'object')}):"
        for change in found:
            position = f" [{change.position}]" if change.position else ""
            yield line(f"  {subject(change.id)}{position}: {change.message or change.reason}")
        for hint in dict.fromkeys(change.hint for change in found if change.hint):
            yield from (
                f"  hint: {line(row)}" if not number else f"  {line(row)}"
                for number, row in enumerate(hint.split("\n"))
            )
    for failure in changes.errors:
        yield line(f"{failure.error_class.value}: {failure.message}")
        if failure.advice:
            yield line(f"  hint: {failure.advice}")


def totals(changes: ChangeSet) -> str:
    """`succeeded: 3 created, 2 unchanged in 1.2s`."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in changes.counts().items()) or "no objects"
    total = changes.durations_s.get("total")
    return f"{changes.result}: {counts}" + (f" in {total:.1f}s" if total is not None else "")


def names_text(changes: ChangeSet) -> Iterator[str]:
    """`deployment.apps/web` for everything that exists afterwards, as kubectl prints with `-o name`."""
    for change in changes.changes:
        if change.uid and not change.outcome.is_failure and change.outcome not in (Outcome.PRUNED, Outcome.KEPT):
            yield line(subject(change.id).partition(" ")[0])
