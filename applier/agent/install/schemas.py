"""Small makers of structural schemas, so that a definition reads like the table of its fields."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
SHORT_DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$"
DIGEST = r"^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$"


NO_FIELDS: Mapping[str, Schema] = MappingProxyType({})


def text(about: str = "", /, **rules: Any) -> Schema:
    """A string. Shape of `rules`: `pattern`, `enum`, `minLength`, `maxLength`, `default`, `format`."""
    return _about({"type": "string", **rules}, about)


def duration(about: str = "", /, *, pattern: str = DURATION, **rules: Any) -> Schema:
    """A duration in Go's form."""
    return text(about, pattern=pattern, **rules)


def flag(about: str = "", /, **rules: Any) -> Schema:
    """A boolean."""
    return _about({"type": "boolean", **rules}, about)


def number(about: str = "", /, **rules: Any) -> Schema:
    """An integer."""
    return _about({"type": "integer", **rules}, about)


def table(values: Schema, about: str = "", /) -> Schema:
    """A map from texts to values of one form."""
    return _about({"type": "object", "additionalProperties": values}, about)


def items(of: Schema, about: str = "", **rules: Any) -> Schema:
    """A list."""
    return _about({"type": "array", "items": of, **rules}, about)


def texts(about: str = "") -> Schema:
    """A map of strings."""
    return _about({"type": "object", "additionalProperties": {"type": "string"}}, about)


def anything(about: str = "") -> Schema:
    """Any JSON value."""
    return _about({"x-kubernetes-preserve-unknown-fields": True}, about)


def record(
    about: str = "",
    /,
    *,
    required: tuple[str, ...] = (),
    rules: tuple[tuple[str, str], ...] = (),
    more: Mapping[str, Schema] = NO_FIELDS,
    **fields: Schema,
) -> Schema:
    """An object. Shape: `rules` are CEL rules with their messages; `more` are further fields."""
    found: Schema = {"type": "object", "properties": {**fields, **more}}
    if required:
        found["required"] = list(required)
    if rules:
        found["x-kubernetes-validations"] = [{"rule": rule, "message": message} for rule, message in rules]
    return _about(found, about)


def local_reference(about: str = "") -> Schema:
    """The name of an object in the same namespace."""
    return record(about, required=("name",), name=text("Name of the referent."))


def conditions() -> Schema:
    """The conditions of a status."""
    return items(
        record(
            required=("lastTransitionTime", "message", "reason", "status", "type"),
            type=text(maxLength=316),
            status=text(enum=["True", "False", "Unknown"]),
            observedGeneration=number(format="int64", minimum=0),
            lastTransitionTime=text(format="date-time"),
            reason=text(minLength=1, maxLength=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"),
            message=text(maxLength=32768),
        )
    )


def artifact() -> Schema:
    """An artifact of a source."""
    return record(
        required=("digest", "lastUpdateTime", "path", "revision", "url"),
        digest=text(pattern=DIGEST),
        lastUpdateTime=text(format="date-time"),
        metadata=texts(),
        path=text(),
        revision=text(),
        size=number(format="int64"),
        url=text(),
    )


def status(**fields: Schema) -> Schema:
    """A status with what every kind has."""
    found = record(
        more=fields, observedGeneration=number(format="int64"), lastHandledReconcileAt=text(), conditions=conditions()
    )
    return {**found, "default": {"observedGeneration": -1}}


def _about(schema: Schema, about: str) -> Schema:
    return {"description": about, **schema} if about else schema
