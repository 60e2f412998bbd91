"""What happened to each object: its change, its entry of the inventory, and the events that tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.failures import ErrorClass, Failure
from applier.model import events
from applier.model.changes import Change, ChangeSet, Outcome
from applier.model.inventory import ADOPTED, APPLIED, DELETING, WRITTEN_AHEAD, Entry
from applier.model.plan import Action
from applier.records import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.clock import Clock
    from applier.cluster.cluster import Cluster
    from applier.executor.graph import Node
    from applier.executor.writes import Attempt, Removed, Wrote
    from applier.model.ids import ObjectId
    from applier.model.plan import Plan, Step

EARLIER_FAILURE, STOPPED, BLOCKED = "earlier-failure", "stopped", "blocked-by"


class Recorder:
    """Collects outcomes. Used from the dispatcher's thread alone.

    Shape: `changes` and `entries` by id; `failures` in the order in which they happened, `of_run` those of them that are
    of no object of the plan.
    """

    def __init__(self, entries: Mapping[ObjectId, Entry], clock: Clock, emit: Callable[[events.Event], None]) -> None:
        self.clock, self._emit = clock, emit
        self.started_s = clock.monotonic()
        self.entries: dict[ObjectId, Entry] = dict(entries)
        self.changes: dict[ObjectId, Change] = {}
        self.failures: list[Failure] = []
        self.of_run: list[Failure] = []
        self.warnings: list[str] = []

    @property
    def at_s(self) -> float:
        """Seconds since the run began."""
        return round(self.clock.monotonic() - self.started_s, 3)

    def tell(self, event: events.Event) -> None:
        """Hand an event on."""
        self._emit(event)

    def warn(self, code: str, message: str, object_id: ObjectId | None = None) -> None:
        """Something a person should know."""
        self.warnings.append(message)
        self.tell(events.Warned(at_s=self.at_s, code=code, message=message, id=object_id))

    def run_failed(self, code: str, failure: Failure) -> None:
        """Something failed that is no object of the plan."""
        self.failures.append(failure)
        self.of_run.append(failure)
        self.warn(code, failure.message)

    def wrote(self, step: Step, attempt: Attempt, wrote: Wrote, outcome: Outcome, owned: str) -> None:
        """An object was written. `owned` is the fingerprint of what the server kept of ours."""
        metadata = wrote.body["metadata"]
        uid, taken = str(metadata["uid"]), tuple(f"{found.path} (from {found.manager})" for found in attempt.taken)
        if taken:
            self.warn("fields-taken", f"{step.id}: taken over: {', '.join(taken)}", step.id)
        flags = ADOPTED if step.adopted or attempt.adopted else ""
        entry = step.entry or self.entries.get(step.id) or Entry(step.id)
        entry = entry.flagged(add=APPLIED + flags, remove=WRITTEN_AHEAD + DELETING)
        self.entries[step.id] = entry._replace(
            version=step.version, uid=uid, wanted=step.wanted if owned else "", owned=owned
        )
        milliseconds = round(attempt.requests_s * 1000)
        fields = step.fields if outcome is not Outcome.UNCHANGED else ()
        self.changes[step.id] = Change(
            id=step.id, action=step.action, outcome=outcome, reason=step.reason, fields=fields, uid=uid,
            resource_version=str(metadata.get("resourceVersion") or ""), duration_ms=milliseconds, position=step.position,
        )  # fmt: skip
        self.tell(
            events.Applied(
                at_s=self.at_s, id=step.id, outcome=outcome, fields=fields, uid=uid, reason=step.reason,
                duration_ms=milliseconds,
            )
        )  # fmt: skip

    def left_alone(self, step: Step) -> None:
        """An object was not written because nothing had to be, or nothing should be."""
        if step.action is Action.RETAIN and step.reason == "unknown":
            # The id stays, and the run must not look as if everything had been seen to.
            message = "kept in the inventory: what is live could not be read"
            self.failed(step, Failure(error_class=ErrorClass.KIND_UNKNOWN, message=message), Outcome.UNKNOWN)
            return
        outcome = Outcome.UNCHANGED if step.action is Action.UNCHANGED else Outcome.SKIPPED
        if step.action is Action.UNCHANGED and step.entry is not None:
            self.entries[step.id] = step.entry
        elif step.action is Action.DROP:
            self.entries.pop(step.id, None)
            outcome = Outcome.PRUNED if step.reason == "gone" else Outcome.KEPT
        self.changes[step.id] = Change(
            id=step.id, action=step.action, outcome=outcome, reason=step.reason, uid=step.uid,
            resource_version=step.resource_version, position=step.position,
        )  # fmt: skip
        self.tell(self._event_of(step, outcome))

    def _event_of(self, step: Step, outcome: Outcome) -> events.Event:
        if outcome is Outcome.UNCHANGED:
            return events.Applied(at_s=self.at_s, id=step.id, outcome=outcome, uid=step.uid, reason=step.reason)
        if outcome in (Outcome.PRUNED, Outcome.KEPT):
            return events.Pruned(at_s=self.at_s, id=step.id, outcome=outcome, reason=step.reason)
        return events.Skipped(at_s=self.at_s, id=step.id, reason=step.reason)

    def removed(self, step: Step, removed: Removed, attempt: Attempt) -> None:
        """An object is gone, or ours no more."""
        self.entries.pop(step.id, None)
        outcome = Outcome.PRUNED if removed.action is Action.PRUNE else Outcome.KEPT
        reason = removed.reason or step.reason
        if removed.warning:
            self.warn(removed.reason, f"{step.id}: {removed.warning}", step.id)
        milliseconds = round(attempt.requests_s * 1000)
        self.changes[step.id] = Change(
            id=step.id, action=step.action, outcome=outcome, reason=reason, uid=step.uid, duration_ms=milliseconds
        )
        self.tell(events.Pruned(at_s=self.at_s, id=step.id, outcome=outcome, reason=reason, duration_ms=milliseconds))

    def deleting(self, step: Step) -> None:
        """A deletion was accepted, and something still holds the object."""
        entry = self.entries.get(step.id)
        if entry is not None:
            self.entries[step.id] = entry.flagged(add=DELETING)

    def failed(self, step: Step, failure: Failure, outcome: Outcome, waited_s: float = 0.0) -> None:
        """A step failed for good."""
        self.failures.append(failure)
        known = self.changes.get(step.id)
        change = known or Change(id=step.id, action=step.action, outcome=outcome, uid=step.uid, position=step.position)
        reason = failure.condition.reason
        self.changes[step.id] = replace(
            change, outcome=outcome, reason=reason, message=failure.message, hint=failure.advice,
            error_class=failure.error_class, waited_ms=round(waited_s * 1000),
        )  # fmt: skip
        self.tell(
            events.Failed(
                at_s=self.at_s, id=step.id, outcome=outcome, error_class=failure.error_class, message=failure.message,
                reason=reason, hint=failure.advice, position=step.position,
            )
        )  # fmt: skip

    def skipped(self, node: Node, reason: str) -> None:
        """A step was not carried out; one that was written already keeps its outcome."""
        step = node.step
        if step.id not in self.changes:
            self.changes[step.id] = Change(
                id=step.id, action=step.action, outcome=Outcome.SKIPPED, reason=reason, uid=step.uid,
                blocked_by=node.blocked_by, position=step.position,
            )  # fmt: skip
            self.tell(events.Skipped(at_s=self.at_s, id=step.id, reason=reason, blocked_by=node.blocked_by))

    def healthy(self, step: Step, waited_s: float, note: str) -> None:
        """An object became Current."""
        change = self.changes.get(step.id)
        if change is not None:
            self.changes[step.id] = replace(change, waited_ms=round(waited_s * 1000), message=note)
        if waited_s > 0 or note:  # most objects are Current as soon as they are written: no news
            self.tell(events.Healthy(at_s=self.at_s, id=step.id, waited_ms=round(waited_s * 1000), note=note))


def tell_plan(recorder: Recorder, plan: Plan, run: str) -> None:
    """Tell what a run is going to do."""
    recorder.tell(events.Planned(at_s=0.0, run=run, inventory=str(plan.ref), total=len(plan.steps), counts=plan.counts))
    for found in plan.warnings:
        recorder.warn(found.code, found.message, found.object_id)


def change_set(
    recorder: Recorder,
    plan: Plan,
    run: str,
    cluster: Cluster,
    *,
    end: tuple[str, int],
    durations_s: Mapping[str, float],
) -> ChangeSet:
    """What a run did, told as its last event. Shape: `end` is its result and its exit status."""
    changes = ChangeSet(
        run=run,
        inventory=str(plan.ref),
        changes=tuple(recorder.changes[step.id] for step in plan.steps if step.id in recorder.changes),
        result=end[0],
        exit_code=end[1],
        errors=tuple(recorder.of_run),
        durations_s=durations_s,
        requests=dict(cluster.traffic.counts),
        warnings=(*recorder.warnings, *dict.fromkeys(cluster.warnings)),
    )
    recorder.tell(
        events.Done(at_s=recorder.at_s, changes=changes, errors=tuple(failure.message for failure in recorder.failures))
    )
    return changes


def failure_of(problem: BaseException) -> Failure:
    """The failure that ended a task; a mistake of ours is one, too, and says what it was."""
    failure = getattr(problem, "failure", None)
    if isinstance(failure, Failure):
        return failure
    return Failure(
        error_class=ErrorClass.CONFIGURATION,
        message=f"internal error: {type(problem).__name__}: {problem}",
        hint="this is a mistake in kbuild; please report it",
    )
