"""What the reference notes on a resource among its annotations, and where it cannot.

Source: kustomize v5.8.1 `Resource.StorePreviousId`, `Resource.appendCsvAnnotation`.
"""

from __future__ import annotations

from kbuild.model.errors import CrashError
from kbuild.model.scalars import is_null

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.resource import Resource


def store_previous_id(resource: Resource) -> None:
    """Append the current id to the history. Mutates: `resource`. Raises: CrashError, see `check_metadata`."""
    check_metadata(resource)
    resource.store_previous_id()


def check_metadata(resource: Resource) -> None:
    """Raise CrashError where the reference cannot note anything among the annotations."""
    found = resource.body.get("metadata")
    if type(found) is dict:
        found = found.get("annotations")
        if type(found) is not list or not found:
            return
    if not is_null(found):
        from kbuild.documents.v3text import dumps

        shape = "SequenceNode" if type(found) is list else "ScalarNode"
        error = CrashError(f"wrong node kind: expected MappingNode but got {shape}: node contents:\n{dumps(found)}")
        error.shown, error.holder = found, resource
        raise error
