"""What a plan would change, object by object, as unified diffs of YAML, in the order of execution.

By default live is compared with desired in the fields that are ours; where the server was asked for a dry run, its answer is
the other side, defaults and webhooks included. Everything is masked before it becomes text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import kbuild
from applier.fields.managed import Fields, applied_fields
from applier.model.ids import Body, ObjectId, join_api_version
from applier.model.live import Present
from applier.model.plan import Action, Plan, Step
from applier.model.snapshot import Snapshot
from applier.records import field, record
from applier.report.line_diff import unified
from applier.report.masking import Mask, masked_pair
from applier.report.plan_text import SIGNS
from applier.report.safe_text import line, lines, plural
from applier.report.views import owned_view, whole_view

CONTEXT_LINES = 3
_SHOWN = frozenset([Action.CREATE, Action.CONFIGURE, Action.RECREATE, Action.ADOPT, Action.MIGRATE])


@record
class DiffOptions:
    """How a diff is shown. Shape: `predicted` are the server's answers to dry runs, by object."""

    masks: Sequence[Mask] = ()
    show_secrets: bool = False
    predicted: Mapping[ObjectId, Body] = field(default_factory=dict)
    context_lines: int = CONTEXT_LINES


def has_differences(plan: Plan) -> bool:
    """Whether carrying a plan out would change the cluster."""
    return plan.writes


def diff_text(plan: Plan, snapshot: Snapshot, options: DiffOptions | None = None) -> Iterator[str]:
    """The lines of the diff of a whole plan, without line ends; nothing where nothing would change."""
    chosen = options or DiffOptions()
    for step in plan.steps:
        if step.action.writes or step.action is Action.RETAIN:
            yield header(step)
        if step.action in _SHOWN:
            before, after = sides(step, snapshot, plan.policy.field_manager, chosen)
            yield from text_diff(yaml_text(before), yaml_text(after), chosen.context_lines)


def header(step: Step) -> str:
    """`~ apps/Deployment shop/web (configure): drift by kubectl-edit; 2 fields`."""
    notes = []
    for drift in step.drift:
        by = f" by {drift.manager}" if drift.manager else ""
        at = f" at {drift.time}" if drift.time else ""
        notes.append(f"drift: {drift.path}{by}{at}")
    if not step.drift and step.reason:
        notes.append(step.reason)
    if step.may_recreate and step.action is Action.CONFIGURE:
        notes.append("may need recreate")
    if step.fields and not step.drift:
        notes.append(plural(len(step.fields), "field"))
    return line(f"{SIGNS[step.action]} {step.id} ({step.action.value})" + (f": {'; '.join(notes)}" if notes else ""))


def sides(step: Step, snapshot: Snapshot, manager: str, options: DiffOptions) -> tuple[Any, Any]:
    """What is compared for one step, already masked; None where the object is not there."""
    live = snapshot.live.get(step.id)
    held = live.body if isinstance(live, Present) and not step.await_gone else None
    wanted = step.body
    predicted = options.predicted.get(step.id)
    if predicted is not None:
        before, after = whole_view(held), whole_view(predicted)
    else:
        fields = _owned(held, manager, step)
        before = owned_view(wanted, held, fields) if held is not None else None
        after = wanted
    if options.show_secrets:
        return before, after
    return masked_pair(before, after, step.id.kind, options.masks)


def _owned(held: Body | None, manager: str, step: Step) -> Fields:
    if held is None:
        return {}
    return applied_fields(held, manager, join_api_version(step.id.group, step.version)) or {}


def yaml_text(value: Any) -> str:
    """An object as YAML; empty where it is not there. What a render could not print (control characters) is shown as JSON."""
    if not value:
        return ""
    try:
        return kbuild.to_yaml([value])
    except kbuild.OutputError:
        return json.dumps(value, indent=2, sort_keys=True) + "\n"


def text_diff(before: str, after: str, context_lines: int = CONTEXT_LINES) -> Iterator[str]:
    """A unified diff without its file names."""
    for row in unified(before.splitlines(), after.splitlines(), context_lines):
        yield lines(row)
