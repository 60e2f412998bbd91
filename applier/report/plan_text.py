"""A plan for a person: what is done in which order, and what each step waits for. The same plan gives the same text."""

from __future__ import annotations

from collections.abc import Iterator

from applier.model.plan import Action, EdgeType, Plan, Step
from applier.report.safe_text import line, plural

SIGNS = {
    Action.CREATE: "+",
    Action.CONFIGURE: "~",
    Action.RECREATE: "±",
    Action.PRUNE: "-",
    Action.ADOPT: ">",
    Action.MIGRATE: "^",
    Action.UNCHANGED: "=",
    Action.KEEP: "o",
    Action.DROP: "o",
    Action.RETAIN: "?",
    Action.SKIP: "/",
}
_WORDS = {EdgeType.HEALTHY: "current", EdgeType.APPLIED: "written", EdgeType.SOFT: "preferred"}
_GONE_WORDS = {EdgeType.HEALTHY: "gone", EdgeType.APPLIED: "deleted", EdgeType.SOFT: "preferred"}
SHOWN_FIELDS = 3


def plan_text(plan: Plan, *, verbose: bool = False) -> str:
    """The plan as text. Steps that write nothing are counted; `verbose` lists them, and every preference, as well."""
    return "\n".join(_lines(plan, verbose=verbose)) + "\n"


def _lines(plan: Plan, *, verbose: bool) -> Iterator[str]:
    counts = ", ".join(f"{count} {action}" for action, count in plan.counts.items()) or "nothing to do"
    yield f"{'delete' if plan.is_delete else 'apply'} {plan.ref}: {counts}"
    for step in plan.steps:
        if step.action.writes or verbose or step.action in (Action.RETAIN, Action.DROP):
            yield from _step_lines(step, verbose=verbose)
    if verbose:
        for object_id, edge in plan.dropped_edges:
            yield f"given up: {line(str(object_id))} after {line(str(edge.target))} ({edge.reason}), it would close a cycle"
    for warning in plan.warnings:
        subject = f"{warning.object_id}: " if warning.object_id is not None else ""
        yield f"warning: {line(subject + warning.message)}"
    for problem in plan.errors:
        yield f"error: {line(str(problem))}"
    for problem in plan.needs_yes:
        yield f"needs a yes: {line(str(problem))} ({problem.hint})"


def _step_lines(step: Step, *, verbose: bool) -> Iterator[str]:
    yield f"  {SIGNS[step.action]} {line(str(step.id))} ({step.action.value}){_why(step)}"
    words = _GONE_WORDS if step.direction == "prune" else _WORDS
    for edge in (*step.edges, *step.external):
        if verbose or edge.type is not EdgeType.SOFT:
            outside = ", outside the set" if edge in step.external else ""
            yield f"      after {line(str(edge.target))} ({edge.reason}, {words[edge.type]}{outside})"


def _why(step: Step) -> str:
    parts = [step.reason] if step.reason else []
    if step.fields:
        shown = ", ".join(step.fields[:SHOWN_FIELDS])
        more = f" and {len(step.fields) - SHOWN_FIELDS} more" if len(step.fields) > SHOWN_FIELDS else ""
        parts.append(f"{plural(len(step.fields), 'field')}: {shown}{more}")
    writers = sorted({drift.manager for drift in step.drift if drift.manager})
    if writers:
        parts.append(f"changed by {', '.join(writers)}")
    return f": {line('; '.join(parts))}" if parts else ""
