"""What stops a run before anything is written: every problem of the input, of ownership, and of what could not be read.

Failures of single requests are `applier/failures.py`'s; these errors are of the same family and carry all problems at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from applier.failures import ApplierError, ErrorClass, Failure
from applier.model.ids import ObjectId


class Problem:
    """One thing that is wrong. `position` is `file:line` where known; `hint` may be empty."""

    __slots__ = ("error_class", "hint", "object_id", "position", "reason")

    def __init__(
        self,
        reason: str,
        *,
        object_id: ObjectId | None = None,
        position: str = "",
        hint: str = "",
        error_class: ErrorClass = ErrorClass.BAD_INPUT,
    ) -> None:
        self.reason, self.object_id, self.position, self.hint = reason, object_id, position, hint
        self.error_class = error_class

    def __str__(self) -> str:
        where = f"{self.position}: " if self.position else ""
        what = f"{self.object_id}: " if self.object_id is not None else ""
        return f"{where}{what}{self.reason}"

    def __repr__(self) -> str:
        return f"Problem({str(self)!r})"


class StalePlanError(ApplierError):
    """The inventory changed between planning and locking: plan again."""


class PlanningError(ApplierError):
    """A run that must not begin; nothing was written. `problems` lists everything found, not the first only."""

    default_class = ErrorClass.BAD_INPUT

    def __init__(self, reason: str, problems: Sequence[Problem] = (), hint: str = "") -> None:
        super().__init__(Failure(error_class=self.default_class, message=reason, hint=hint))
        self.args = (reason, problems, hint)  # so that the error survives pickling
        self.problems = tuple(problems)

    @property
    def exit_code(self) -> int:
        """The exit status of the command."""
        return self.failure.exit_code

    def __str__(self) -> str:
        return "\n".join((self.failure.message, *(f"  {problem}" for problem in self.problems)))


class InputError(PlanningError):
    """The objects cannot be applied as they are."""


class CycleError(InputError):
    """Objects wait for each other. `problems` holds one path for each group of them."""


class OwnershipError(PlanningError):
    """Objects belong to somebody else, or to nobody where that is not allowed."""

    default_class = ErrorClass.OWNED


class UnknownLiveError(PlanningError):
    """What the cluster holds could not be read, so nothing can be decided about it."""

    default_class = ErrorClass.KIND_UNKNOWN


class InventoryDamagedError(PlanningError):
    """The stored inventory is not what was written; nothing may be pruned by it."""

    default_class = ErrorClass.INVENTORY


class UnconfirmedError(PlanningError):
    """The plan needs a person's yes; `problems` says what for and which flag allows it."""

    default_class = ErrorClass.CONFIRMATION
