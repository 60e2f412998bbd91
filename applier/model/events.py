"""The events of a run, in the order in which things happen. Every event has `at_s`, seconds since the run began."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeAlias

from applier.failures import ErrorClass
from applier.model.changes import ChangeSet, Outcome
from applier.model.ids import ObjectId
from applier.model.plan import Action
from applier.records import field, record

SCHEMA_VERSION = 1


@record
class Planned:
    """The plan is made. Shape: `counts` by action."""

    type: ClassVar[str] = "plan"
    at_s: float
    run: str
    inventory: str
    total: int
    counts: Mapping[str, int]


@record
class Started:
    """The first request of a step is about to be sent."""

    type: ClassVar[str] = "start"
    at_s: float
    id: ObjectId
    action: Action


@record
class Applied:
    """An object was written, or did not need to be."""

    type: ClassVar[str] = "applied"
    at_s: float
    id: ObjectId
    outcome: Outcome
    fields: tuple[str, ...] = ()
    uid: str = ""
    reason: str = ""
    duration_ms: int = 0


@record
class Waiting:
    """The health of an object changed, or what it says about itself did."""

    type: ClassVar[str] = "waiting"
    at_s: float
    id: ObjectId
    status: str
    reason: str = ""
    message: str = ""


@record
class Healthy:
    """An object became Current."""

    type: ClassVar[str] = "healthy"
    at_s: float
    id: ObjectId
    waited_ms: int = 0
    note: str = ""


@record
class Failed:
    """A step failed for good. `outcome` is failed, timeout or unknown."""

    type: ClassVar[str] = "failed"
    at_s: float
    id: ObjectId
    outcome: Outcome
    error_class: ErrorClass
    message: str
    reason: str = ""
    hint: str = ""
    position: str = ""


@record
class Skipped:
    """A step was not carried out. `blocked_by` is the path from what failed."""

    type: ClassVar[str] = "skipped"
    at_s: float
    id: ObjectId
    reason: str
    blocked_by: tuple[ObjectId, ...] = ()


@record
class Pruned:
    """An object left the set: deleted, kept, or no longer ours. `outcome` is pruned or kept."""

    type: ClassVar[str] = "pruned"
    at_s: float
    id: ObjectId
    outcome: Outcome
    reason: str = ""
    duration_ms: int = 0


@record
class Retrying:
    """A request will be sent again. Units: `delay_s` seconds; `attempt` counts from 1."""

    type: ClassVar[str] = "retry"
    at_s: float
    id: ObjectId | None
    error_class: ErrorClass
    message: str
    attempt: int
    delay_s: float


@record
class Warned:
    """Something a person should know."""

    type: ClassVar[str] = "warning"
    at_s: float
    code: str
    message: str
    id: ObjectId | None = None


@record
class InventoryWritten:
    """The inventory was stored, or deleted (`phase` is `deleted`)."""

    type: ClassVar[str] = "inventory"
    at_s: float
    phase: str
    generation: int
    count: int


@record
class Done:
    """The run has ended."""

    type: ClassVar[str] = "done"
    at_s: float
    changes: ChangeSet
    errors: tuple[str, ...] = field(default=())


Event: TypeAlias = (
    Planned
    | Started
    | Applied
    | Waiting
    | Healthy
    | Failed
    | Skipped
    | Pruned
    | Retrying
    | Warned
    | InventoryWritten
    | Done
)
