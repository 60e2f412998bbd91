"""The applier's errors: one class per decision of a caller, each with its exit code, and the classes of failures.

What the API server answered is mapped to an `ErrorClass` in `applier/errors.py` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from applier.model.ids import ObjectId

OK, UNEXPECTED, BAD_INPUT, FAILED, FORBIDDEN, LOCKED, UNCONFIRMED, DIFFERENT, NOT_CURRENT = 0, 1, 2, 3, 4, 5, 6, 1, 11
INTERRUPTED, TERMINATED = 130, 143


class ErrorClass(StrEnum):
    """What kind of failure something was; its value is the word that reports print."""

    CONFLICT = "conflict"
    REPLACED = "replaced"
    RACE = "race"
    IMMUTABLE = "immutable"
    INVALID = "invalid"
    BAD_INPUT = "bad-input"
    KIND_UNKNOWN = "kind-unknown"
    KIND_MISSING = "kind-missing"
    WEBHOOK_UNAVAILABLE = "webhook-unavailable"
    AUTH = "auth"
    NS_TERMINATING = "ns-terminating"
    NS_MISSING = "namespace-missing"
    QUOTA = "quota"
    DENIED = "denied"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    TOO_LARGE = "too-large"
    TRANSIENT = "transient"
    HEALTH = "unhealthy"
    WAIT_TIMEOUT = "wait-timeout"
    OWNED_BY = "owned-by"
    EXISTS_UNOWNED = "exists-unowned"
    DEPENDENCY_MISSING = "external-dependency-missing"
    CANCELLED = "cancelled"
    LOCKED = "locked"
    INVENTORY = "inventory"
    INTERNAL = "internal"


class Problem:
    """One thing that is wrong with the input. `position` is `file:line` where known; `hint` may be empty."""

    __slots__ = ("hint", "object_id", "position", "reason")

    def __init__(self, reason: str, *, object_id: ObjectId | None = None, position: str = "", hint: str = "") -> None:
        self.reason, self.object_id, self.position, self.hint = reason, object_id, position, hint

    def __str__(self) -> str:
        where = f"{self.position}: " if self.position else ""
        what = f"{self.object_id}: " if self.object_id is not None else ""
        return f"{where}{what}{self.reason}"

    def __repr__(self) -> str:
        return f"Problem({str(self)!r})"


class ApplierError(Exception):
    """A run that cannot go on. `exit_code` is what the command exits with; nothing was written unless it says so."""

    exit_code = UNEXPECTED
    error_class = ErrorClass.INTERNAL

    def __init__(self, reason: str, problems: Sequence[Problem] = (), hint: str = "") -> None:
        super().__init__(reason, problems, hint)
        self.reason, self.problems, self.hint = reason, tuple(problems), hint

    def __str__(self) -> str:
        return "\n".join((self.reason, *(f"  {problem}" for problem in self.problems)))


class InputError(ApplierError):
    """The objects cannot be applied as they are; every problem is listed."""

    exit_code, error_class = BAD_INPUT, ErrorClass.BAD_INPUT


class CycleError(InputError):
    """Objects wait for each other. `problems` holds one path for each group of them."""


class OwnershipError(ApplierError):
    """Objects belong to somebody else, or to nobody where that is not allowed."""

    exit_code, error_class = FAILED, ErrorClass.OWNED_BY


class UnknownLiveError(ApplierError):
    """What the cluster holds could not be read, so nothing can be decided about it."""

    exit_code, error_class = UNEXPECTED, ErrorClass.KIND_UNKNOWN


class InventoryDamagedError(ApplierError):
    """The stored inventory is not what was written; nothing may be pruned by it."""

    exit_code, error_class = UNEXPECTED, ErrorClass.INVENTORY


class InventoryMissingError(ApplierError):
    """There is no such inventory."""

    exit_code, error_class = UNEXPECTED, ErrorClass.INVENTORY


class ForbiddenError(ApplierError):
    """Rights are missing; all of them are named."""

    exit_code, error_class = FORBIDDEN, ErrorClass.FORBIDDEN


class LockedError(ApplierError):
    """Another run holds the lock."""

    exit_code, error_class = LOCKED, ErrorClass.LOCKED


class UnconfirmedError(ApplierError):
    """The plan needs a person's yes; `problems` says what for and which flag allows it."""

    exit_code, error_class = UNCONFIRMED, ErrorClass.BAD_INPUT
