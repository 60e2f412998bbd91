"""Conditions of a Flux object, as values: set, removed, looked up; the transition time moves only with the status.

Reconciling and Stalled come first, then Ready, then the others by name. Source: fluxcd/pkg `runtime/conditions`, kstatus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Condition = dict[str, Any]

READY, RECONCILING, STALLED, HEALTHY = "Ready", "Reconciling", "Stalled", "Healthy"
TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
PROGRESSING, PROGRESSING_WITH_RETRY = "Progressing", "ProgressingWithRetry"
MAX_MESSAGE = 20_000
_FIRST = (RECONCILING, STALLED, READY)


class Conditions:
    """The conditions of one object while it is reconciled.

    Shape: `generation` is what each new condition is observed at; `now` the time of a transition, RFC 3339.
    """

    def __init__(self, existing: Iterable[Mapping[str, Any]], generation: int, now: str) -> None:
        self._by_type: dict[str, Condition] = {str(found["type"]): dict(found) for found in existing}
        self.generation, self.now = generation, now

    def set(self, kind: str, status: str, reason: str, message: str) -> None:
        """Set a condition; its transition time stays while its status does."""
        old = self._by_type.get(kind)
        since = old["lastTransitionTime"] if old is not None and old.get("status") == status else self.now
        self._by_type[kind] = {
            "lastTransitionTime": since,
            "message": message[:MAX_MESSAGE],
            "observedGeneration": self.generation,
            "reason": reason,
            "status": status,
            "type": kind,
        }

    def remove(self, *kinds: str) -> None:
        """Remove conditions; those that are not there are no matter."""
        for kind in kinds:
            self._by_type.pop(kind, None)

    def get(self, kind: str) -> Condition | None:
        """One condition."""
        return self._by_type.get(kind)

    def is_true(self, kind: str) -> bool:
        """Whether a condition is there and True."""
        found = self._by_type.get(kind)
        return found is not None and found.get("status") == TRUE

    def progressing(self, message: str, *, ready: str = "") -> None:
        """Work goes on. `ready` is the message of an unknown Ready; empty leaves Ready as it is."""
        self.set(RECONCILING, TRUE, PROGRESSING, message)
        self.remove(STALLED)
        if ready:
            self.set(READY, UNKNOWN, PROGRESSING, ready)

    def succeeded(self, reason: str, message: str) -> None:
        """The run is over and good."""
        self.set(READY, TRUE, reason, message)
        self.remove(RECONCILING, STALLED)

    def failed(self, reason: str, message: str, *, is_final: bool = False) -> None:
        """The run failed: it will be repeated, or (`is_final`) only when the spec changes."""
        self.set(READY, FALSE, reason, message)
        if is_final:
            self.set(STALLED, TRUE, reason, message)
            self.remove(RECONCILING)
            return
        self.remove(STALLED)
        progress = self._by_type.get(RECONCILING)
        if progress is not None:
            self.set(RECONCILING, TRUE, PROGRESSING_WITH_RETRY, str(progress["message"]))

    def as_list(self) -> list[Condition]:
        """All of them in the order in which they are written."""
        return [self._by_type[kind] for kind in sorted(self._by_type, key=_rank)]


def _rank(kind: str) -> tuple[int, str]:
    return (_FIRST.index(kind) if kind in _FIRST else len(_FIRST), kind)


def find(body: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    """A condition in the status of an object."""
    status = body.get("status")
    conditions: Sequence[Any] = (status.get("conditions") or ()) if isinstance(status, dict) else ()
    return next((found for found in conditions if isinstance(found, dict) and found.get("type") == kind), None)


def under_way(conditions: Conditions, *, has_artifact: bool) -> None:
    """What Reconciling says of a source that could not be fetched, and is tried again. Mutates: `conditions`."""
    found = conditions.get(RECONCILING)
    if not has_artifact and (found is None or str(found["message"]).startswith("processing object")):
        conditions.set(RECONCILING, TRUE, PROGRESSING, "building artifact")
    elif found is None:
        conditions.set(RECONCILING, TRUE, PROGRESSING, "reconciliation in progress")
