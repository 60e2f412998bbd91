"""Validators must leave the resources as they are, but for the label `validated-by`.

Source: kustomize v5.8.1, `runValidators` and `ErrorIfNotEqualSets`.
"""

from __future__ import annotations

from kbuild.documents.annotations import annotated
from kbuild.model.errors import ConfigurationError, OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources

VALIDATED_BY = "validated-by"


def snapshot(resources: Resources) -> list[Resource]:
    """Copies to compare with afterwards."""
    return [resource.copy() for resource in resources]


def check_unchanged(before: list[Resource], resources: Resources, written: Iterable[Resource] = ()) -> None:
    """Raise ConfigurationError where a validator changed more than its label.

    `written` came back from a plugin: the reference compares where every node stands in its text, which has changed unless
    it had come back from one before.
    """
    rewritten = set(map(id, written))
    refused = "validator shouldn't modify the resource map: "
    after: dict[Any, list[Resource]] = {}
    for resource in resources:
        after.setdefault(resource.id.key(), []).append(resource)
    if len(before) != len(resources):
        shown = f"{before!r} doesn't equal {[*resources]!r}"
        raise ConfigurationError(f"{refused}lists have different number of entries: {shown}")
    for old in before:
        found = after.get(old.id.key(), [])
        if not found:
            raise ConfigurationError(f"{refused}id in self missing from other; id: {old.id}")
        if len(found) > 1:
            raise ConfigurationError(f"{refused}id in self matches {len(found)} in other; id: {old.id}")
        new = found[0]
        if (id(new) in rewritten and not old.from_plugin) or text(old) != text(new):
            raise ConfigurationError(f"{refused}nodes unequal: \n -- {text(old)},\n -- {text(new)}\n")


def text(resource: Resource) -> str:
    """The resource as JSON, without the label that a validator may set."""
    from kbuild.documents.generic import to_json_values
    from kbuild.documents.gojson import dumps

    body: dict[str, Any] = annotated(resource)
    meta = body.get("metadata")
    labels = meta.get("labels") if type(meta) is dict else None
    if type(meta) is dict and type(labels) is dict and VALIDATED_BY in labels:
        kept = {key: value for key, value in labels.items() if key != VALIDATED_BY}
        rest = {key: value for key, value in meta.items() if key != "labels"}
        body = {**body, "metadata": {**rest, "labels": kept} if kept else rest}
    try:
        return dumps(to_json_values(body))
    except OutputError as error:
        # The build fails when it is printed, and says so then.
        return error.reason
