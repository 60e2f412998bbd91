"""Works off one graph: hands steps to the pool, takes what comes back, and ends when every step is in a final state.

The one place where a step's way is decided: repeated, waited for, ended well, failed, given up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from applier.clock import backoff_s
from applier.cluster.missing_kinds import fact_of_definition
from applier.execute.follow import Seen
from applier.execute.graph import Node, State
from applier.execute.pool import Finished
from applier.execute.recorder import BLOCKED, STOPPED, failure_of
from applier.execute.writes import Attempt, Removed, Tools, Wrote, remove, same_content, write
from applier.failures import ErrorClass, Failure
from applier.model import events
from applier.model.changes import Outcome
from applier.model.health import Status
from applier.model.live import Present
from applier.model.plan import Action
from applier.model.snapshot import Discovery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.execute.cancel import Cancellation
    from applier.execute.graph import Graph
    from applier.execute.pool import Pool, Timers
    from applier.execute.recorder import Recorder
    from applier.execute.waits import Waits
    from applier.model.ids import Body, GroupKind, ObjectId
    from applier.model.live import Live
    from applier.model.plan import Step

APPLY_TIMEOUT_S, LAST_ANSWERS_S, TICK_S = 60.0, 5.0, 1.0
# A definition that was just established is served within a tenth of a second.
YOUNG_KIND_FIRST_S, YOUNG_KIND_MAX_S = 0.05, 1.0
_OF_NAMESPACE = (ErrorClass.NAMESPACE_MISSING, ErrorClass.NAMESPACE_TERMINATING)


@dataclass(slots=True)
class Work:
    """What the phases of a run share.

    Shape: `namespaces` and `kinds` are those that the set itself brings: their absence passes. `end_s` is the clock at
    which the whole run must end. `prints` gives the fingerprint of what a body holds of ours.
    """

    tools: Tools
    pool: Pool
    timers: Timers
    recorder: Recorder
    waits: Waits
    cancel: Cancellation
    live: Mapping[ObjectId, Live]
    prints: Callable[[Body], str]
    end_s: float = float("inf")
    namespaces: frozenset[str] = frozenset()
    kinds: frozenset[GroupKind] = frozenset()
    attempts: dict[ObjectId, Attempt] = field(default_factory=dict)
    in_pool: set[ObjectId] = field(default_factory=set)

    @property
    def must_stop(self) -> bool:
        """Whether somebody asked to stop, or the run's time is up."""
        return self.cancel.requested or self.is_late

    @property
    def is_late(self) -> bool:
        """Whether the run's time is up."""
        return self.recorder.clock.monotonic() >= self.end_s

    def attempt(self, step: Step) -> Attempt:
        """What is remembered of a step."""
        return self.attempts.setdefault(step.id, Attempt(uid=step.uid, force=step.force))


class Phase:
    """One direction of a run. `run` returns when its graph is finished; it is also the `Ends` of the waits."""

    def __init__(self, work: Work, graph: Graph) -> None:
        self.work, self.graph = work, graph

    def run(self) -> None:
        """Work the graph off."""
        work = self.work
        self._dispatch()
        while not self.graph.is_finished:
            if work.must_stop:
                Stop(self).run()
                return
            left = min(TICK_S, work.end_s - work.recorder.clock.monotonic())
            self.take(work.pool.receive(work.timers.seconds_left(left)))
            work.timers.run_due()
            self._dispatch()

    def take(self, message: object) -> None:
        """Handle what came through the inbox."""
        if isinstance(message, Finished):
            self.work.in_pool.discard(message.node.step.id)
            self.work.attempt(message.node.step).requests_s += message.seconds
            self._finished(message.node, message.result)
        elif isinstance(message, Seen):
            self.work.waits.seen(message, self)
        elif isinstance(message, str):
            self.work.recorder.warn("watch", message)

    def _dispatch(self) -> None:
        work = self.work
        while work.pool.has_room:
            node = self.graph.next_ready()
            if node is None:
                return
            self._perform(node)

    def _perform(self, node: Node) -> None:
        step, work = node.step, self.work
        if node.external:
            self._await_health(node, None)
        elif not step.action.writes:
            work.recorder.left_alone(step)
            self.graph.written(node)
            self._check_health(node)
        else:
            attempt = work.attempt(step)
            if attempt.since_s < 0:
                attempt.since_s = work.recorder.clock.monotonic()
                work.recorder.tell(events.Started(at_s=work.recorder.at_s, id=step.id, action=step.action))
            if step.await_gone and attempt.uid:
                work.waits.for_absence(node, work.tools.collection(step), attempt.uid, self)
                return
            work.in_pool.add(step.id)
            work.pool.submit(node, partial(_task, work, step, attempt))

    def _finished(self, node: Node, result: object) -> None:
        if isinstance(result, Wrote):
            self._wrote(node, result)
        elif isinstance(result, Removed):
            self._removed(node, result)
        elif isinstance(result, BaseException):
            self._refused(node, failure_of(result))

    def _wrote(self, node: Node, wrote: Wrote) -> None:
        step, work = node.step, self.work
        attempt = work.attempt(step)
        if wrote.terminating:
            attempt.uid = wrote.body["metadata"]["uid"]
            work.waits.for_absence(node, work.tools.collection(step), attempt.uid, self)
            return
        work.recorder.wrote(step, attempt, wrote, self._outcome(step, attempt, wrote), wrote.owned)
        if step.defines is not None:
            fact = fact_of_definition(wrote.body, step.defines)
            if fact is not None:
                work.tools.cluster.know(Discovery(kinds={step.defines: fact}))
        self.graph.written(node)
        if step.wait and step.timeout_s > 0:
            self._await_health(node, wrote.body)
        else:
            self.graph.done(node)

    def _outcome(self, step: Step, attempt: Attempt, wrote: Wrote) -> Outcome:
        if attempt.recreated:
            return Outcome.RECREATED
        if wrote.created:
            return Outcome.CREATED
        if step.adopted or attempt.adopted or step.action is Action.ADOPT:
            return Outcome.ADOPTED
        if step.action is Action.MIGRATE:
            return Outcome.MIGRATED
        before = self.work.live.get(step.id)
        is_same = wrote.body["metadata"].get("resourceVersion") == step.resource_version or (
            isinstance(before, Present) and same_content(before.body, wrote.body)
        )
        return Outcome.UNCHANGED if is_same else Outcome.CONFIGURED

    def _removed(self, node: Node, removed: Removed) -> None:
        work = self.work
        if removed.gone:
            work.recorder.removed(node.step, removed, work.attempt(node.step))
            self.graph.done(node)
            return
        work.recorder.deleting(node.step)
        self.graph.written(node)
        work.waits.for_absence(node, work.tools.collection(node.step), work.attempt(node.step).uid, self)

    def _check_health(self, node: Node) -> None:
        """The health of an object that is left alone is known from the snapshot; only what is under way is waited for."""
        step, health = node.step, node.step.health
        if not step.wait or step.timeout_s <= 0 or health is None or health.status is Status.CURRENT:
            self.graph.done(node)
        elif health.status is Status.FAILED and not health.needs_repeat:
            message = ": ".join(part for part in (health.reason, health.message) if part)
            failure = Failure(error_class=ErrorClass.UNHEALTHY, message=message)
            self.unhealthy(node, failure, Outcome.FAILED, 0.0)
        else:
            self._await_health(node, None)

    def _await_health(self, node: Node, body: Body | None) -> None:
        try:
            collection = self.work.tools.collection(node.step)
        except Exception as problem:  # noqa: BLE001  (judged like a refused write)
            self.unhealthy(node, failure_of(problem), Outcome.FAILED, 0.0)
            return
        self.work.waits.for_health(node, collection, body, self)

    def _refused(self, node: Node, failure: Failure) -> None:
        """Repeat the step later, or let it fail."""
        work, attempt = self.work, self.work.attempt(node.step)
        attempt.lost = attempt.lost or failure.lost
        attempt.last = failure
        if failure.slow_down:
            work.pool.slow_down()
        count = attempt.failures[failure.error_class] = attempt.failures.get(failure.error_class, 0) + 1
        delay = self._delay(failure, count)
        is_young = work.recorder.clock.monotonic() + delay < attempt.since_s + APPLY_TIMEOUT_S
        if count > failure.repeats or not is_young or not self._may_pass(node.step, failure.error_class):
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

    def _delay(self, failure: Failure, count: int) -> float:
        if failure.error_class is ErrorClass.KIND_MISSING:
            return min(YOUNG_KIND_FIRST_S * 2.0 ** (count - 1), YOUNG_KIND_MAX_S)
        return backoff_s(count, failure.retry_after_s, self.work.tools.cluster.exchange.spread())

    def _may_pass(self, step: Step, error_class: ErrorClass) -> bool:
        """Kinds and namespaces that nothing of the set brings will not appear by waiting."""
        if error_class is ErrorClass.KIND_MISSING:
            return step.id.group_kind in self.work.kinds
        return error_class not in _OF_NAMESPACE or step.id.namespace in self.work.namespaces

    def fail(self, node: Node, failure: Failure, outcome: Outcome, waited_s: float = 0.0) -> None:
        """The step has failed; what needs it is given up."""
        if not node.external:
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


def _task(work: Work, step: Step, attempt: Attempt) -> Wrote | Removed:
    """What the writer thread does."""
    if step.direction == "prune":
        return remove(work.tools, step, attempt)
    wrote = write(work.tools, step, attempt)
    if wrote.terminating or step.is_secret or not step.wanted:
        return wrote
    return Wrote(body=wrote.body, created=wrote.created, owned=work.prints(wrote.body))


class Stop:
    """Ends a phase early: nothing new begins, running requests get five seconds, and the rest is told as it is."""

    def __init__(self, phase: Phase) -> None:
        self.phase, self.work, self.graph = phase, phase.work, phase.graph

    def run(self) -> None:
        """End it."""
        work = self.work
        end = work.recorder.clock.monotonic() + LAST_ANSWERS_S
        while work.in_pool and work.recorder.clock.monotonic() < end:
            message = work.pool.receive(end - work.recorder.clock.monotonic())
            if isinstance(message, Finished):
                self._last_answer(message)
        reason = "total-timeout" if work.is_late and not work.cancel.requested else STOPPED
        for node in list(self.graph.open_nodes()):
            self._end(node, reason)

    def _last_answer(self, message: Finished) -> None:
        node, result = message.node, message.result
        self.work.in_pool.discard(node.step.id)
        attempt = self.work.attempt(node.step)
        attempt.requests_s += message.seconds
        if isinstance(result, BaseException):
            attempt.last = failure_of(result)
            attempt.lost = attempt.lost or attempt.last.lost
        else:
            self.phase.take(message)

    def _end(self, node: Node, reason: str) -> None:
        step, work = node.step, self.work
        attempt = work.attempts.get(step.id)
        if node.state.is_final:
            return  # given up together with one that was ended before
        if node.state is State.APPLIED and reason != STOPPED:
            wait = work.waits.waits.get(step.id)
            last = wait.health.reason if wait is not None and wait.health is not None else ""
            failure = Failure(
                error_class=ErrorClass.WAIT_TIMEOUT, message=f"not Current when the run's time was up: {last}"
            )
            self.phase.fail(node, failure, Outcome.TIMEOUT, work.waits.forget(node))
        elif step.id in work.in_pool or (attempt is not None and attempt.lost and step.id not in work.recorder.changes):
            failure = Failure(
                error_class=ErrorClass.CANCELLED, message="no answer came before the run ended", lost=True
            )
            self.phase.fail(node, failure, Outcome.UNKNOWN)
        elif attempt is not None and attempt.last is not None and step.id not in work.recorder.changes:
            self.phase.fail(node, attempt.last, Outcome.FAILED)
        else:
            self.graph.skipped(node)
            work.recorder.skipped(node, reason)
