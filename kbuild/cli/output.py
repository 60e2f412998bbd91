"""`-o DIR`: one file per resource, named as the reference names them.

Source: kustomize v5.8.1, `build/writer.go`.
"""

from __future__ import annotations

import os

from kbuild.documents.writer import write
from kbuild.model.errors import OutputError, UsageError
from kbuild.model.ids import CLUSTER_SCOPED_NAMESPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.ids import ObjectId
    from kbuild.model.resource import Resource
    from kbuild.result import Result


def write_files(folder: str, result: Result) -> None:
    """Write every resource to its own file in an existing folder, those without a namespace last.

    Raises: UsageError, where a file cannot be written; OutputError.
    """
    namespaces = {resource.id.effective_namespace for resource in result.resources} - {CLUSTER_SCOPED_NAMESPACE}
    for resource in sorted(result.resources, key=lambda one: one.id.effective_namespace == CLUSTER_SCOPED_NAMESPACE):
        name = file_name(resource.id, with_namespace=len(namespaces) > 1)
        try:
            text = write([resource.body])
        except OutputError:
            raise refused(resource, result) from None
        path = os.path.join(folder, name)
        try:
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as error:
            raise UsageError(f"open {path}: {(error.strerror or str(error)).lower()}") from None


def refused(resource: Resource, result: Result) -> OutputError:
    """Why a resource cannot be printed, in the words of the reference on its way to a file."""
    from kbuild.documents.annotations import final_body
    from kbuild.documents.generic import check_duplicates, decode, has_tab_block, marshalled, tab_error
    from kbuild.documents.json_text import after_json
    from kbuild.documents.v3text import dumps, duplicates_text, source_lines

    body = final_body(resource.body)
    try:
        values = decode(body)
        check_duplicates(body)
        if has_tab_block(body):
            raise tab_error(body)
    except OutputError as error:
        reason = (
            error.reason if error.doubled is None else f"yaml: unmarshal errors:\n{duplicates_text(source_lines(body))}"
        )
        found = OutputError(f"received error {reason} for the following resource:\n{dumps(body)}")
        found.shown = body
        if result.restate is not None:
            result.restate(found.at_place(resource.position), result.resources.index(resource))
        return found
    try:
        values = marshalled(values)
    except OutputError as error:
        return error.within("error marshaling into JSON").at_place(resource.position)
    try:
        after_json(values)
    except OutputError as error:
        return error.at_place(resource.position)
    raise AssertionError(resource.id)


def file_name(found: ObjectId, *, with_namespace: bool) -> str:
    """`namespace_group_version_kind_name.yaml` in lower case, without empty parts.

    Raises: UsageError, for a name that would leave the folder.
    """
    parts = [part for part in (found.group, found.version, found.kind) if part]
    name = "_".join([*parts, found.name]).lower() + ".yaml"
    namespace = found.effective_namespace
    if with_namespace and namespace != CLUSTER_SCOPED_NAMESPACE:
        name = f"{namespace.lower()}_{name}"
    if "/" in name or "\0" in name:
        raise UsageError(f"the name of {found} cannot be a file name")
    return name
