"""A run in which nothing has to be done: told and ended without threads, lock and graph, of which nothing is loaded then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.executor.recorder import Recorder, change_set, tell_plan
from applier.failures import EXIT_OK
from applier.model.inventory import IDLE
from applier.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.cluster.cluster import Cluster
    from applier.executor.options import Options
    from applier.model.changes import ChangeSet
    from applier.model.events import Event
    from applier.model.ids import ObjectId
    from applier.model.inventory import Entry
    from applier.model.plan import Plan, Step


def is_quiet(plan: Plan) -> bool:
    """Whether carrying a plan out sends no request: nothing to write, nothing to wait for, and the inventory exact already."""
    stored = plan.stored
    if plan.is_delete or plan.errors or plan.ahead is not None or stored is None:
        return False
    if not stored.exists or stored.header.phase != IDLE:
        return False
    return all(_rests(step, stored.entries) for step in plan.steps)


def _rests(step: Step, entries: Mapping[ObjectId, Entry]) -> bool:
    if step.wait or step.external:
        return False
    if step.action is Action.UNCHANGED:
        return step.entry is None or step.entry == entries.get(step.id)
    return step.action is Action.SKIP or (step.action is Action.RETAIN and step.reason != "unknown")


def carry_out(plan: Plan, cluster: Cluster, options: Options, emit: Callable[[Event], None]) -> ChangeSet:
    """Tell what a run would tell of a quiet plan; returns what it would return."""
    stored = plan.stored
    recorder = Recorder(stored.entries if stored is not None else {}, cluster.exchange.clock, emit)
    tell_plan(recorder, plan, options.run)
    for step in plan.steps:
        recorder.left_alone(step)
    durations_s = {"apply": recorder.at_s, "prune": 0.0, "total": recorder.at_s}
    return change_set(recorder, plan, options.run, cluster, end=("succeeded", EXIT_OK), durations_s=durations_s)
