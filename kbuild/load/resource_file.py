"""Text of a resource or patch file to resources: documents validated, lists expanded, internal annotations taken out.

Source: kustomize v5.8.1 `resource.Factory.SliceFromBytes`, kyaml v0.21.1 `ByteReader.Read`.
"""

from __future__ import annotations

from kbuild.documents.reader import Memo, read_documents
from kbuild.documents.wrapped import unwrap
from kbuild.fields.validation import validate
from kbuild.model.errors import KbuildError, OutputError, Position, ResourceError
from kbuild.model.internal_annotations import take
from kbuild.model.resource import Resource
from kbuild.model.scalars import TIMESTAMP, Quoted, is_null, tag_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.documents.trace import Trace
    from kbuild.model.scalars import Json

    Documents = list[tuple[Json, int]]


def parse(
    text: str | bytes, name: str, scopes: frozenset[tuple[str, str]], memo: Memo, counters: Counters
) -> list[Resource]:
    """The resources of a text, in the reference's order. `name` is the file for positions.

    Raises: YamlError, ResourceError, OutputError.
    """
    if memo.trace is not None and memo.trace.files and not memo.is_patch and name not in memo.trace.files:
        # Of these nothing will be shown, and the reader for all of YAML takes its time.
        memo = Memo()
    try:
        documents = unwrap(read_documents(text, memo, counters), text)
        result = []
        for body, line in expand(documents, name, memo.trace):
            resource = Resource(body, scopes=scopes, position=Position(name, line, 1))
            take(resource)
            result.append(resource)
    except KbuildError as error:
        if not error.file and name:
            error.position = Position(name, error.line, error.column)
        raise
    return result


def expand(documents: Documents, name: str, trace: Trace | None = None) -> Documents:
    """Every document checked; a list kind with items gives its items, after all that come in the file.

    Raises: ResourceError, with the position of the document.
    """
    queue = checked(documents, name)
    if not any(is_list_kind(body) for body, _ in queue):
        return queue
    result: Documents = []
    at = 0
    while at < len(queue):
        body, line = queue[at]
        at += 1
        if not is_list_kind(body):
            result.append((body, line))
            continue
        try:
            check_decodes(body)
            if "items" not in body:
                result.append((body, line))
                continue
            for item in items_of(body):
                known = item if trace is None else trace.reread(item)
                queue += checked(unwrap([(known, line)]), name)
        except KbuildError as error:
            raise error.at(name, line, 1) from None
    return result


def checked(documents: Documents, name: str) -> Documents:
    """The documents that are not empty, each validated. Raises: ResourceError, with the position of the document."""
    result = [document for document in documents if document[0] or not is_nothing(document[0])]
    for body, line in result:
        try:
            validate(body)
        except ResourceError as error:
            raise error.at(name, line, 1) from None
    return result


def is_list_kind(body: dict[Any, Any]) -> bool:
    """Whether the kind ends in `List`."""
    kind = body.get("kind")
    return isinstance(kind, str) and kind.endswith("List")


def check_decodes(body: dict[Any, Any]) -> None:
    """Raise OutputError for a list kind that has no Go value: the reference looks for its items there."""
    from kbuild.documents.generic import check_duplicates, decode

    try:
        decode(body)
        check_duplicates(body)
    except OutputError as problem:
        from kbuild.documents.v3text import dumps, duplicates_text, source_lines

        reason = problem.reason
        if problem.doubled is not None:
            reason = f"yaml: unmarshal errors:\n{duplicates_text(source_lines(body))}"
        shown = f"received error {reason} for the following resource:\n{dumps(body)}"
        error = OutputError(f"trouble expanding list of {body['kind']}; {shown}")
        error.shown = body
        raise error from None


def items_of(body: dict[Any, Any]) -> Iterator[Any]:
    """The items of a list kind, rebuilt from JSON. Raises: ResourceError, OutputError."""
    from kbuild.documents.direct import decoded

    kind, items = body["kind"], body["items"]
    if is_null(items):
        return
    if type(items) is not list:
        raise ResourceError(f"expected array in {kind}/items, but found {go_type_of(items)}")
    for item in items:
        if not is_null(item):
            yield from_json_text(decoded({"item": item})["item"])


def go_type_of(value: Json) -> str:
    """The Go type that a value has after decoding."""
    from kbuild.documents.generic import scalar_value
    from kbuild.documents.gojson import go_type

    if type(value) is dict:
        return go_type(value)
    if tag_of(value) == TIMESTAMP:
        return "time.Time"
    found = scalar_value(value)
    return "uint64" if type(found) is int and found >= 2**63 else go_type(found)


def from_json_text(value: Json) -> Json:
    """A body as read from JSON text: every string was quoted."""
    kind = type(value)
    if isinstance(value, str):
        return Quoted(value)
    if kind is dict:
        return {key: from_json_text(item) for key, item in value.items()}
    if kind is list:
        return [from_json_text(item) for item in value]
    if kind is float:
        from kbuild.documents.gojson import json_float
        from kbuild.documents.resolve import plain

        if value - value != 0:
            shown = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[repr(value)]
            raise OutputError(f"json: unsupported value: {shown}")
        return plain(json_float(value))
    return value


def is_nothing(value: Json) -> bool:
    """Whether a document counts as empty: null, `{}` or `[]`."""
    return is_null(value) or (type(value) in (dict, list) and not value)
