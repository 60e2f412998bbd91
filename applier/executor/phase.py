"""Works off one graph: hands steps to the pool, takes what comes back, and ends when every step is in a final state."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from applier.executor.follow import Seen
from applier.executor.graph import Node, State
from applier.executor.judge import PodsSeen
from applier.executor.pool import Finished
from applier.executor.recorder import STOPPED, failure_of
from applier.executor.settle import Settler
from applier.executor.writes import Attempt, Removed, Wrote, remove, write
from applier.failures import ErrorClass, Failure
from applier.model import events
from applier.model.changes import Outcome

if TYPE_CHECKING:
    from applier.executor.graph import Graph
    from applier.executor.work import Work
    from applier.model.plan import Step

LAST_ANSWERS_S, TICK_S = 5.0, 1.0


class Phase:
    """One direction of a run. `run` returns when its graph is finished."""

    def __init__(self, work: Work, graph: Graph) -> None:
        self.work, self.graph = work, graph
        self.settler = Settler(work, graph)

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
            self.work.waits.seen(message, self.settler)
        elif isinstance(message, PodsSeen):
            self.work.waits.pods_seen(message, self.settler)
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
            self.settler.await_health(node, None)
        elif not step.action.writes:
            work.recorder.left_alone(step)
            self.graph.written(node)
            self.settler.check_health(node)
        else:
            attempt = work.attempt(step)
            if attempt.since_s < 0:
                attempt.since_s = work.recorder.clock.monotonic()
                work.recorder.tell(events.Started(at_s=work.recorder.at_s, id=step.id, action=step.action))
            if step.await_gone and attempt.uid:
                work.waits.for_absence(node, work.tools.collection(step), attempt.uid, self.settler)
                return
            work.in_pool.add(step.id)
            work.pool.submit(node, partial(_task, work, step, attempt))

    def _finished(self, node: Node, result: object) -> None:
        if isinstance(result, Wrote):
            self.settler.wrote(node, result)
        elif isinstance(result, Removed):
            self.settler.removed(node, result)
        elif isinstance(result, BaseException):
            self.settler.refused(node, failure_of(result))


def _task(work: Work, step: Step, attempt: Attempt) -> Wrote | Removed:
    """What the writer thread does."""
    if step.direction == "prune":
        return remove(work.tools, step, attempt)
    wrote = write(work.tools, step, attempt)
    if wrote.terminating or step.id.is_secret or not step.wanted:
        return wrote
    return Wrote(body=wrote.body, created=wrote.created, owned=work.prints(wrote.body))


class Stop:
    """Ends a phase early: nothing new begins, running requests get five seconds, and the rest is told as it is."""

    def __init__(self, phase: Phase) -> None:
        self.phase, self.work, self.graph = phase, phase.work, phase.graph

    def run(self) -> None:
        """End it."""
        work = self.work
        work.was_cut = True
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
            self.phase.settler.fail(node, failure, Outcome.TIMEOUT, work.waits.forget(node))
        elif step.id in work.in_pool or (attempt is not None and attempt.lost and step.id not in work.recorder.changes):
            kind = ErrorClass.CANCELLED if reason == STOPPED else ErrorClass.TRANSIENT
            failure = Failure(error_class=kind, message="no answer came before the run ended", lost=True)
            self.phase.settler.fail(node, failure, Outcome.UNKNOWN)
        elif attempt is not None and attempt.last is not None and step.id not in work.recorder.changes:
            self.phase.settler.fail(node, attempt.last, Outcome.FAILED)
        else:
            self.graph.skipped(node)
            if not node.external:
                work.recorder.skipped(node, reason)
