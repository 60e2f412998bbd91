"""Status conditions and verdicts: the few words that every kind's rule is written in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from applier.model.health import Health, Status
from applier.model.ids import Body
from applier.model.values import mapping, mappings, text


class Condition(NamedTuple):
    """One condition. `status` is `True`, `False`, `Unknown`, or empty where it is not there."""

    status: str = ""
    reason: str = ""
    message: str = ""
    changed: str = ""
    generation: int | None = None


MISSING = Condition()


class Facts(NamedTuple):
    """What a verdict may depend on besides the object.

    Shape: `written` says that this run wrote the object, `observed_before` that an earlier state of it reported
    observedGeneration; `storage_classes` maps a class to its binding mode (`""`: the default class). Units: `now_s` is
    seconds since the epoch; None where time shall not count.
    """

    written: bool = False
    observed_before: bool = False
    storage_classes: Mapping[str, str] = {}
    wait_load_balancers: bool = False
    now_s: float | None = None


def status_of(body: Body) -> Mapping[str, Any]:
    """The status of an object."""
    return mapping(body.get("status"))


def spec_of(body: Body) -> Mapping[str, Any]:
    """The spec of an object."""
    return mapping(body.get("spec"))


def condition(body: Body, kind: str) -> Condition:
    """The condition of that type."""
    for one in mappings(status_of(body).get("conditions")):
        if one.get("type") == kind:
            generation = one.get("observedGeneration")
            return Condition(
                text(one.get("status")),
                text(one.get("reason")),
                text(one.get("message")),
                text(one.get("lastTransitionTime")),
                generation if isinstance(generation, int) else None,
            )
    return MISSING


_CURRENT = Health(status=Status.CURRENT)


def current(note: str = "", message: str = "") -> Health:
    """It is as it should be. `note` says why, where it is not plain to see."""
    if not note and not message:
        return _CURRENT
    return Health(status=Status.CURRENT, note=note, message=message)


def in_progress(reason: str, message: str) -> Health:
    """It is on its way."""
    return Health(status=Status.IN_PROGRESS, reason=reason, message=message)


def failed(reason: str, message: str, *, needs_repeat: bool = False) -> Health:
    """It will not get there by itself."""
    return Health(status=Status.FAILED, reason=reason, message=message, needs_repeat=needs_repeat)


def from_condition(found: Condition, kind: str) -> Health:
    """In progress, in the words of a condition."""
    return in_progress(
        found.reason or f"{kind}{found.status or 'Missing'}",
        found.message or f"{kind} is {found.status or 'not reported'}",
    )
