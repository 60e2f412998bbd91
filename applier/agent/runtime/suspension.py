"""Suspended objects: left alone, until somebody resumes them or the time comes that an annotation names.

The annotations say who suspended an object, why, and until when; when that time is over the object is resumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from applier import keys
from applier.agent.runtime.controller import NOT_BY_ITSELF, Again
from applier.agent.runtime.events import ERROR, INFO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.runtime.reconciling import Surroundings
    from applier.model.ids import Body

RESUMED, BAD_END = "Resumed", "InvalidSuspension"
LONGEST_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Suspensions:
    """What a controller does about a suspended object."""

    around: Surroundings

    def again(self, body: Body) -> Again:
        """When to look at it again; an object whose time is over is resumed now. Raises: ApplierError."""
        text = until(body)
        if not text:
            return NOT_BY_ITSELF
        end_s = seconds_of(text)
        if end_s is None:
            sentence = f"the end of the suspension is no time: '{text}'; it is resumed by hand only"
            self.around.event(body, ERROR, BAD_END, sentence)
            return NOT_BY_ITSELF
        left_s = end_s - self.around.clock.now()
        if left_s > 0:
            return Again(min(left_s, LONGEST_S))
        marks = dict.fromkeys((keys.SUSPENDED_BY, keys.SUSPENDED_REASON, keys.SUSPENDED_UNTIL))
        change = {"metadata": {"annotations": marks, "resourceVersion": body["metadata"]["resourceVersion"]}}
        found = self.around.writer.merge(self.around.collection, body, {**change, "spec": {"suspend": False}})
        self.around.informer.put(found)
        self.around.event(body, INFO, RESUMED, f"resumed: it was suspended until {text}")
        return NOT_BY_ITSELF  # the new generation asks for a run


def until(body: Mapping[str, Any]) -> str:
    """The end of a suspension as it is written, empty for none."""
    return str((body["metadata"].get("annotations") or {}).get(keys.SUSPENDED_UNTIL) or "")


def seconds_of(text: str) -> float | None:
    """Seconds since 1970 of an RFC 3339 time, None for what is none."""
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
