"""Decides where a step goes next: repeated, waited for, ended well, failed, given up. The one place that does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.clock import backoff_s
from applier.cluster.missing_kinds import fact_of_definition
from applier.executor.graph import Node, State
from applier.executor.recorder import BLOCKED, failure_of
from applier.executor.writes import Attempt, Removed, Wrote, same_content
from applier.failures import ErrorClass, Failure
from applier.model import events
from applier.model.changes import Outcome
from applier.model.health import Status
from applier.model.live import Present
from applier.model.plan import Action
from applier.model.snapshot import Discovery
from applier.records import replace

if TYPE_CHECKING:
    from applier.executor.graph import Graph
    from applier.executor.work import Work
    from applier.model.ids import Body
    from applier.model.plan import Step

APPLY_TIMEOUT_S = 60.0
# A definition that was just established is served within a tenth of a second.
YOUNG_KIND_FIRST_S, YOUNG_KIND_MAX_S = 0.05, 1.0
_OF_NAMESPACE = (ErrorClass.NAMESPACE_MISSING, ErrorClass.NAMESPACE_TERMINATING)


class Settler:
    """Takes the results of one phase's steps; it is also the `Ends` of the waits."""

    def __init__(self, work: Work, graph: Graph) -> None:
        self.work, self.graph = work, graph

    def wrote(self, node: Node, wrote: Wrote) -> None:
        """An object was written."""
        step, work = node.step, self.work
        attempt = work.attempt(step)
        if wrote.terminating:
            attempt.uid = wrote.body["metadata"]["uid"]
            work.waits.for_absence(node, work.tools.collection(step), attempt.uid, self)
            return
        work.recorder.wrote(step, attempt, wrote, outcome_of(work, step, attempt, wrote), wrote.owned)
        if step.defines is not None:
            fact = fact_of_definition(wrote.body, step.defines)
            if fact is not None:
                work.tools.cluster.know(Discovery(kinds={step.defines: fact}))
        self.graph.written(node)
        if step.wait and step.timeout_s > 0:
            self.await_health(node, wrote.body)
        else:
            self.graph.done(node)

    def removed(self, node: Node, removed: Removed) -> None:
        """A deletion was accepted."""
        work = self.work
        if removed.gone:
            work.recorder.removed(node.step, removed, work.attempt(node.step))
            self.graph.done(node)
            return
        work.recorder.deleting(node.step)
        self.graph.written(node)
        work.waits.for_absence(node, work.tools.collection(node.step), work.attempt(node.step).uid, self)

    def check_health(self, node: Node) -> None:
        """The health of an object that is left alone is known from the snapshot; only what is under way is waited for."""
        step, health = node.step, node.step.health
        if not step.wait or step.timeout_s <= 0 or health is None or health.status is Status.CURRENT:
            self.graph.done(node)
        elif health.status is Status.FAILED and not health.needs_repeat:
            message = ": ".join(part for part in (health.reason, health.message) if part)
            failure = Failure(error_class=ErrorClass.UNHEALTHY, message=message)
            self.unhealthy(node, failure, Outcome.FAILED, 0.0)
        else:
            self.await_health(node, None)

    def await_health(self, node: Node, body: Body | None) -> None:
        """Wait until an object is Current; `body` is what was just written."""
        try:
            collection = self.work.tools.collection(node.step)
        except Exception as problem:  # noqa: BLE001  (judged like a refused write)
            self.unhealthy(node, failure_of(problem), Outcome.FAILED, 0.0)
            return
        self.work.waits.for_health(node, collection, body, self)

    def refused(self, node: Node, failure: Failure) -> None:
        """Repeat the step later, or let it fail."""
        work, attempt = self.work, self.work.attempt(node.step)
        attempt.lost = attempt.lost or failure.lost
        attempt.last = failure
        if failure.slow_down:
            work.pool.slow_down()
        count = attempt.failures[failure.error_class] = attempt.failures.get(failure.error_class, 0) + 1
        delay = delay_s(work, failure, count)
        is_young = work.recorder.clock.monotonic() + delay < attempt.since_s + APPLY_TIMEOUT_S
        if count > failure.repeats or not is_young or not may_pass(work, node.step, failure.error_class):
            self.fail(node, failure, Outcome.UNKNOWN if failure.lost else Outcome.FAILED)
            return
        work.tools.cluster.traffic.add("retries")
        work.recorder.tell(
            events.Retrying(
                at_s=work.recorder.at_s, id=node.step.id, error_class=failure.error_class, message=failure.message,
                attempt=count, delay_s=round(delay, 3),
            )
        )  # fmt: skip
        work.timers.after(delay, lambda: self._again(node))

    def _again(self, node: Node) -> None:
        if node.state is State.RUNNING:
            self.graph.requeue(node)

    def fail(self, node: Node, failure: Failure, outcome: Outcome, waited_s: float = 0.0) -> None:
        """The step has failed; what needs it is given up."""
        if node.external:
            message = f"{node.step.id}, which others depend on: {failure.message}"
            self.work.recorder.run_failed("external-dependency", replace(failure, message=message))
        else:
            self.work.recorder.failed(node.step, failure, outcome, waited_s)
        for lost in self.graph.failed(node):
            self.work.recorder.skipped(lost, BLOCKED)

    def healthy(self, node: Node, waited_s: float, note: str) -> None:
        """A wait ended well."""
        if not node.external:
            self.work.recorder.healthy(node.step, waited_s, note)
        self.graph.done(node)

    def unhealthy(self, node: Node, failure: Failure, outcome: Outcome, waited_s: float) -> None:
        """A wait ended badly."""
        self.fail(node, failure, outcome, waited_s)

    def gone(self, node: Node, *, replaced: bool) -> None:
        """An object that was in the way, or that is pruned, is gone."""
        step, attempt = node.step, self.work.attempt(node.step)
        if step.direction == "prune":
            self.work.recorder.removed(step, Removed(gone=True, action=step.action), attempt)
            self.graph.done(node)
            return
        if not replaced:
            attempt.uid = ""
        # A namesake in its place is met with the old uid: the refusal then finds out whose it is.
        self.graph.requeue(node)


def outcome_of(work: Work, step: Step, attempt: Attempt, wrote: Wrote) -> Outcome:
    """What a write did to its object."""
    if attempt.recreated:
        return Outcome.RECREATED
    if wrote.created:
        return Outcome.CREATED
    if step.adopted or attempt.adopted or step.action is Action.ADOPT:
        return Outcome.ADOPTED
    if step.action is Action.MIGRATE:
        return Outcome.MIGRATED
    before = work.live.get(step.id)
    is_same = wrote.body["metadata"].get("resourceVersion") == step.resource_version or (
        isinstance(before, Present) and same_content(before.body, wrote.body)
    )
    return Outcome.UNCHANGED if is_same else Outcome.CONFIGURED


def delay_s(work: Work, failure: Failure, count: int) -> float:
    """How long to wait before the next try."""
    if failure.error_class is ErrorClass.KIND_MISSING:
        return min(YOUNG_KIND_FIRST_S * 2.0 ** (count - 1), YOUNG_KIND_MAX_S)
    return backoff_s(count, failure.retry_after_s, work.tools.cluster.exchange.spread())


def may_pass(work: Work, step: Step, error_class: ErrorClass) -> bool:
    """Kinds and namespaces that nothing of the set brings will not appear by waiting."""
    if error_class is ErrorClass.KIND_MISSING:
        return step.id.group_kind in work.kinds
    return error_class not in _OF_NAMESPACE or step.id.namespace in work.namespaces
