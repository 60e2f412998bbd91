"""What a run did: one change for each object that was desired, in the inventory, or touched."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from applier.failures import ErrorClass, Failure
from applier.model.ids import ObjectId
from applier.model.plan import Action
from applier.records import field, record


class Outcome(StrEnum):
    """How it ended for one object."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    ADOPTED = "adopted"
    RECREATED = "recreated"
    MIGRATED = "migrated"
    PRUNED = "pruned"
    KEPT = "kept"
    SKIPPED = "skipped"
    FAILED = "failed"
    TIMEOUT = "timeout"
    UNKNOWN = "unknown"

    @property
    def is_failure(self) -> bool:
        """Whether it makes the run fail."""
        return self in (Outcome.FAILED, Outcome.TIMEOUT, Outcome.UNKNOWN)


@record
class Change:
    """One object's outcome.

    Shape: `blocked_by` is the path from the failed object to the last one before this. `error_class` is set for failures.
    Units: milliseconds.
    """

    id: ObjectId
    action: Action
    outcome: Outcome
    reason: str = ""
    message: str = ""
    hint: str = ""
    error_class: ErrorClass | None = None
    fields: tuple[str, ...] = ()
    uid: str = ""
    resource_version: str = ""
    duration_ms: int = 0
    waited_ms: int = 0
    blocked_by: tuple[ObjectId, ...] = ()
    position: str = ""


@record
class ChangeSet:
    """The outcome of a run.

    Shape: `changes` in plan order; `errors` are the failures that are of no object of the plan (the inventory, the lock, an
    object outside of the set that was waited for); `requests` by verb, plus `retries`. Units: seconds.
    """

    run: str
    inventory: str
    changes: tuple[Change, ...]
    result: str
    exit_code: int
    errors: tuple[Failure, ...] = ()
    durations_s: Mapping[str, float] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """How many objects ended how, in the order of `Outcome`; zero is left out."""
        found = dict.fromkeys(Outcome, 0)
        for change in self.changes:
            found[change.outcome] += 1
        return {outcome.value: count for outcome, count in found.items() if count}
