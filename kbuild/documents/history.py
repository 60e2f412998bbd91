"""What the reference notes on a resource among its annotations, and where it cannot.

Source: kustomize v5.8.1 `Resource.StorePreviousId`, `Resource.appendCsvAnnotation`.
"""

from __future__ import annotations

from kbuild.model.errors import CrashError
from kbuild.model.scalars import OddKey, is_null

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Body, Json


def store_previous_id(resource: Resource) -> None:
    """Append the current id to the history. Mutates: `resource`. Raises: CrashError, see `check_metadata`."""
    check_metadata(resource)
    if not resource.history:
        drop_empty(resource.body)
    resource.store_previous_id()


def drop_empty(body: Body) -> None:
    """Remove further metadata and annotations that hold nothing: whoever notes an annotation clears them. Mutates: `body`."""
    for key in body:
        if type(key) is OddKey and key.text == "metadata":
            drop_doubles(body, "metadata")
            break
    meta = body.get("metadata")
    if type(meta) is dict:
        for key in meta:
            if type(key) is OddKey and key.text == "annotations":
                drop_doubles(meta, "annotations")
                break


def drop_doubles(holder: Body, field: str) -> None:
    """Remove the entries of a field that stands there more than once, where they hold nothing. Mutates: `holder`."""
    items = [*holder.items()]
    holder.clear()
    for key, value in items:
        if type(key) is not OddKey or key.text != field:
            holder[key] = value
        elif value and type(value) in (dict, list):
            holder[key if holder.get(field) else field] = value


def check_pairs(values: list[Json]) -> None:
    """Raise CrashError for a list with an entry too many: the reference takes them for keys and values in turn."""
    size = len(values)
    if size % 2:
        raise CrashError(f"runtime error: index out of range [{size}] with length {size}")


def check_metadata(resource: Resource) -> None:
    """Raise CrashError where the reference cannot note anything among the annotations."""
    found = resource.body.get("metadata")
    if type(found) is dict:
        found = found.get("annotations")
        if type(found) is not list or not found:
            return
        check_pairs(found)
    if not is_null(found):
        from kbuild.documents.v3text import dumps

        shape = "SequenceNode" if type(found) is list else "ScalarNode"
        error = CrashError(f"wrong node kind: expected MappingNode but got {shape}: node contents:\n{dumps(found)}")
        error.shown, error.holder = found, resource
        raise error
