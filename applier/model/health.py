"""Health in the words of kstatus, and the rules a user may give."""

from __future__ import annotations

from enum import StrEnum

from applier.model.ids import GroupKind
from applier.records import record


class Status(StrEnum):
    """The state of an object."""

    CURRENT = "Current"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    TERMINATING = "Terminating"
    NOT_FOUND = "NotFound"
    UNKNOWN = "Unknown"


@record
class Health:
    """A verdict on one object.

    Shape: `reason` is one CamelCase word; `message` is for a person; `note` says why something is Current although it
    does not run (paused, suspended, scaled to zero). `needs_repeat` marks failures of pods that flap: only a second
    reading, at least two seconds later, makes them final.
    """

    status: Status
    reason: str = ""
    message: str = ""
    note: str = ""
    needs_repeat: bool = False

    @property
    def is_final(self) -> bool:
        """Whether waiting any longer is pointless."""
        return self.status in (Status.CURRENT, Status.FAILED, Status.NOT_FOUND) and not self.needs_repeat


@record
class HealthRule:
    """A user's rule for one kind: expressions over the object, in the form of Flux' `healthCheckExprs`.

    Shape: `current` is required, the others may be empty. First match wins, in the order `in_progress`, `failed`, `current`.
    """

    kind: GroupKind
    current: str
    in_progress: str = ""
    failed: str = ""
