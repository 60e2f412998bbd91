"""Text of a resource or patch file to resources: documents validated, lists expanded, internal annotations taken out.

Source: kustomize v5.8.1 `resource.Factory.SliceFromBytes`, kyaml v0.21.1 `ByteReader.Read`.
"""

from __future__ import annotations

from kbuild.documents.reader import read_documents
from kbuild.fields.validation import validate
from kbuild.model.errors import KbuildError, OutputError, Position, ResourceError
from kbuild.model.resource import CREATE, MERGE, REPLACE, Resource
from kbuild.model.scalars import OddKey, Quoted, is_null, key_text, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.documents.reader import Memo
    from kbuild.model.scalars import Json

    Documents = list[tuple[Json, int]]

INTERNAL = "internal.config.kubernetes.io/"
REMOVED = frozenset(
    [
        *(
            INTERNAL + name
            for name in (
                "previousKinds", "previousNames", "previousNamespaces", "prefixes", "suffixes", "refBy",
                "generatorBehavior", "needsHashSuffix", "allowNameChange", "allowKindChange", "path", "index",
                "seqindent", "id", "annotations-migration-resource-id", "helm-generated",
            )
        ),
        "config.kubernetes.io/path", "config.kubernetes.io/index", "config.k8s.io/id",
    ]
)  # fmt: skip


def parse(
    text: str | bytes, name: str, scopes: frozenset[tuple[str, str]], memo: Memo, counters: Counters
) -> list[Resource]:
    """The resources of a text, in the reference's order. `name` is the file for positions.

    Raises: YamlError, ResourceError, OutputError.
    """
    try:
        documents = unwrap(read_documents(text, memo, counters))
        result = []
        for body, line in expand(documents, name):
            resource = Resource(body, scopes=scopes, position=Position(name, line))
            take_internal_annotations(resource)
            result.append(resource)
    except KbuildError as error:
        if not error.file and name:
            error.position = Position(name, error.line, error.column)
        raise
    return result


def unwrap(documents: Documents) -> Documents:
    """A single `List` or `ResourceList` document replaced by its items."""
    if len(documents) != 1 or type(documents[0][0]) is not dict:
        return documents
    body, line = documents[0]
    kind = body.get("kind")
    if type(kind) is str and kind in ("List", "ResourceList") and ("items" in body or "functionConfig" in body):
        items = body.get("items")
        if type(items) is list:
            return [(item, line) for item in items if item is not None]
        if type(items) is dict:
            return [(Quoted(key_text(key)), line) if part == 0 else (item, line) for key, item in items.items() for part in (0, 1)]
        return []
    return documents


def expand(documents: Documents, name: str) -> Documents:
    """Every document checked; a list kind with items gives its items, after all that come in the file.

    Raises: ResourceError, with the position of the document.
    """
    for body, line in documents:
        check(body, name, line)
    if not any(type(body.get("kind")) in (str, Quoted) and body["kind"].endswith("List") for body, _ in documents):
        return [(body, line) for body, line in documents if body]
    queue = [(body, line) for body, line in documents if body]
    result: Documents = []
    at = 0
    while at < len(queue):
        body, line = queue[at]
        at += 1
        kind = text_of(body.get("kind"))
        if not kind.endswith("List"):
            result.append((body, line))
            continue
        try:
            items = items_of(body, kind)
        except KbuildError as error:
            raise error.at(name, line) from None
        if items is None:
            result.append((body, line))
            continue
        for item in items:
            check(item, name, line)
            queue.append((item, line))
    return result


def check(body: Json, name: str, line: int) -> None:
    """Validate one document, with its position in the error. Raises: ResourceError."""
    try:
        validate(body)
    except ResourceError as error:
        raise error.at(name, line) from None


def items_of(body: dict[Any, Any], kind: str) -> list[Any] | None:
    """The items of a list kind, rebuilt from JSON; None when it has no `items` and is a resource of its own.

    Raises: ResourceError, OutputError.
    """
    from kbuild.documents.generic import to_generic
    from kbuild.documents.gojson import go_type

    try:
        generic = to_generic(body)
    except OutputError as error:
        raise error.within(f"trouble expanding list of {kind}; ") from None
    if "items" not in generic:
        return None
    items = generic["items"]
    if items is None:
        return []
    if type(items) is not list:
        raise ResourceError(f"expected array in {kind}/items, but found {go_type(items)}")
    return [from_json_text(item) for item in items if item is not None]


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

        return plain(json_float(value))
    return value


def take_internal_annotations(resource: Resource) -> None:
    """Move annotations that are the reference's own into attributes. Mutates: `resource`."""
    meta = resource.body.get("metadata")
    annotations = meta.get("annotations") if type(meta) is dict else None
    if type(annotations) is not dict or not annotations:
        return
    found = [key for key in annotations if type(key) is not OddKey and key in REMOVED]
    if not found:
        return
    values = {key.rpartition("/")[2]: text_of(annotations.pop(key)) for key in found}
    resource.needs_hash = values.get("needsHashSuffix") == "enabled"
    behavior = values.get("generatorBehavior", "")
    if behavior in (CREATE, MERGE, REPLACE):
        resource.behavior = behavior
    names, spaces, kinds = (_csv(values, f"previous{part}") for part in ("Names", "Namespaces", "Kinds"))
    if len(names) == len(spaces) == len(kinds):
        resource.history = list(zip(names, spaces, kinds, strict=True))
    resource.prefixes, resource.suffixes = _csv(values, "prefixes"), _csv(values, "suffixes")


def _csv(values: dict[str, str], name: str) -> list[str]:
    return values[name].split(",") if name in values else []


def is_nothing(value: Json) -> bool:
    """Whether a document counts as empty."""
    return is_null(value) or value in ({}, [])
