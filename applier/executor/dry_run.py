"""Lets the server check what a plan would write, without writing it: the answers, and the refusals.

Objects whose kind or namespace the set itself brings cannot be checked before it is there; they are left out, and named.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from applier.cluster.parallel import in_parallel
from applier.executor.writes import Attempt, Tools
from applier.failures import ApplierError, ErrorClass
from applier.fields.conflicts import judge
from applier.fields.recreate import probe
from applier.inventory.names import mark_of
from applier.model.dry_runs import DryRuns
from applier.model.plan import Action
from applier.records import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.cluster.cluster import Cluster
    from applier.cluster.writer import Writer
    from applier.failures import Failure
    from applier.model.ids import Body, GroupKind, ObjectId
    from applier.model.plan import Plan, Step

_WRITES = (Action.CREATE, Action.CONFIGURE, Action.ADOPT, Action.MIGRATE, Action.RECREATE)


def dry_run(
    plan: Plan, cluster: Cluster, writer: Writer, chosen: Sequence[Step], *, only_metadata: bool = False
) -> DryRuns:
    """Ask the server about every one of the chosen steps that would write. It changes nothing.

    With `only_metadata` answers are cheaper for both sides, and hold no more than that.
    """
    tools = Tools(cluster, writer, plan.policy, plan.policy.mark or mark_of(plan.ref))
    steps = [step for step in chosen if step.direction == "apply" and step.action in _WRITES]
    brought = Brought.of(plan)
    unchecked = {step.id: reason for step in steps if (reason := brought.why_not(step))}
    checked = [step for step in steps if step.id not in unchecked]
    if not checked:
        return DryRuns(unchecked=unchecked)
    calls = [partial(_ask, tools, step, only_metadata=only_metadata) for step in checked]
    answers = in_parallel(calls, plan.policy.concurrency)
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


class Brought(NamedTuple):
    """What a plan creates that other objects of it need: namespaces and kinds."""

    namespaces: frozenset[str]
    kinds: frozenset[GroupKind]

    @staticmethod
    def of(plan: Plan) -> Brought:
        """Those of a plan."""
        created = [one for one in plan.steps if one.action is Action.CREATE]
        return Brought(
            namespaces=frozenset(one.id.name for one in created if one.id.kind == "Namespace"),
            kinds=frozenset(one.defines for one in created if one.defines is not None),
        )

    def why_not(self, step: Step) -> str:
        """Why a step cannot be checked before others are carried out; empty where it can."""
        if step.id.namespace in self.namespaces:
            return "its namespace is in the set"
        return "its kind is in the set" if step.id.group_kind in self.kinds else ""


def _ask(tools: Tools, step: Step, *, only_metadata: bool) -> Body | ApplierError | None:
    """The object as it would be; None where it would be recreated."""
    attempt = Attempt(uid=step.uid)
    try:
        return _apply(tools, step, attempt, only_metadata=only_metadata)
    except ApplierError as problem:
        if problem.error_class is ErrorClass.CONFLICT and judge(problem.failure.conflicts, tools.policy).force:
            attempt.force = True
        elif problem.error_class is not ErrorClass.IMMUTABLE or not step.may_recreate:
            return problem
    try:
        if attempt.force:
            return _apply(tools, step, attempt, only_metadata=only_metadata)
        assert step.body is not None
        _apply(tools, replace(step, body=probe(step.body)), Attempt(uid=""), only_metadata=only_metadata)
        return None
    except ApplierError as problem:
        return problem


def _apply(tools: Tools, step: Step, attempt: Attempt, *, only_metadata: bool) -> Body:
    assert step.body is not None
    body = step.body
    if attempt.uid:
        body = {**body, "metadata": {**body["metadata"], "uid": attempt.uid}}
    return tools.writer.check(tools.collection(step), body, force=attempt.force, only_metadata=only_metadata)
