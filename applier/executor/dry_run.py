"""Lets the server check what a plan would write, without writing it: the answers, and the refusals.

Objects whose kind or namespace the set itself brings cannot be checked before it is there; they are left out, and named.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from applier.cluster.parallel import in_parallel
from applier.executor.writes import Attempt, Tools
from applier.failures import ApplierError, ErrorClass
from applier.fields.conflicts import judge
from applier.fields.recreate import probe
from applier.inventory.names import mark_of
from applier.model.dry_runs import DryRuns
from applier.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.cluster.cluster import Cluster
    from applier.cluster.writer import Writer
    from applier.failures import Failure
    from applier.model.ids import Body, ObjectId
    from applier.model.plan import Plan, Step

_WRITES = (Action.CREATE, Action.CONFIGURE, Action.ADOPT, Action.MIGRATE, Action.RECREATE)


def dry_run(plan: Plan, cluster: Cluster, writer: Writer, chosen: Sequence[Step]) -> DryRuns:
    """Ask the server about every one of the chosen steps that would write. It changes nothing."""
    tools = Tools(cluster, writer, plan.policy, plan.policy.mark or mark_of(plan.ref))
    steps = [step for step in chosen if step.direction == "apply" and step.action in _WRITES]
    unchecked = {step.id: reason for step in steps if (reason := why_not(step, plan))}
    checked = [step for step in steps if step.id not in unchecked]
    if not checked:
        return DryRuns(unchecked=unchecked)
    answers = in_parallel([lambda step=step: _ask(tools, step) for step in checked], plan.policy.concurrency)  # type: ignore[misc]
    bodies: dict[ObjectId, Body] = {}
    failures: dict[ObjectId, Failure] = {}
    recreate: set[ObjectId] = set()
    for step, answer in zip(checked, answers, strict=True):
        if isinstance(answer, ApplierError):
            failures[step.id] = answer.failure
        elif answer is None:
            recreate.add(step.id)
        else:
            bodies[step.id] = answer
    return DryRuns(bodies=bodies, recreate=frozenset(recreate), failures=failures, unchecked=unchecked)


def why_not(step: Step, plan: Plan) -> str:
    """Why a step cannot be checked before others are carried out; empty where it can."""
    brought = {one.id.name for one in plan.steps if one.id.kind == "Namespace" and one.action is Action.CREATE}
    if step.id.namespace in brought:
        return "its namespace is in the set"
    defined = {one.defines for one in plan.steps if one.defines is not None and one.action is Action.CREATE}
    return "its kind is in the set" if step.id.group_kind in defined else ""


def _ask(tools: Tools, step: Step) -> Body | ApplierError | None:
    """The object as it would be; None where it would be recreated."""
    attempt = Attempt(uid=step.uid)
    try:
        return _apply(tools, step, attempt)
    except ApplierError as problem:
        if problem.error_class is ErrorClass.CONFLICT and judge(problem.failure.conflicts, tools.policy).force:
            attempt.force = True
        elif problem.error_class is not ErrorClass.IMMUTABLE or not step.may_recreate:
            return problem
    try:
        if attempt.force:
            return _apply(tools, step, attempt)
        assert step.body is not None
        _apply(tools, replace(step, body=probe(step.body)), Attempt(uid=""))
        return None
    except ApplierError as problem:
        return problem


def _apply(tools: Tools, step: Step, attempt: Attempt) -> Body:
    assert step.body is not None
    body = step.body
    if attempt.uid:
        body = {**body, "metadata": {**body["metadata"], "uid": attempt.uid}}
    return tools.writer.apply(tools.collection(step), body, force=attempt.force, dry_run=True).body
