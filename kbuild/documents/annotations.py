"""What the removal of internal annotations does to the rest: all values become strings of their source texts.

Source: kustomize v5.8.1 `RemoveBuildAnnotations`, which rewrites the whole map.
"""

from __future__ import annotations

from kbuild.documents.origin_text import ORIGIN_KEY, TRANSFORMATIONS_KEY, is_tracked, origin_texts
from kbuild.documents.resolve import block
from kbuild.documents.resolve import key as untagged_key
from kbuild.model.errors import CrashError, OutputError
from kbuild.model.internal_annotations import in_order, take
from kbuild.model.resource import forget_build
from kbuild.model.scalars import NULL, OddKey, key_text, tag_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Body, Json


def annotated(resource: Resource) -> Body:
    """The body with the annotations that the reference keeps on it during a build, as its errors show it.

    Source: kustomize v5.8.1 `resource.Resource`, build annotations.
    """
    added = all_annotations(resource)
    meta = resource.body.get("metadata")
    if not added or type(meta) is not dict:
        return resource.body
    shown = meta.get("annotations")
    return {
        **resource.body,
        "metadata": {**meta, "annotations": {**(shown if type(shown) is dict else {}), **added}},
    }


def all_annotations(resource: Resource) -> dict[str, str]:
    """The annotations that the reference keeps on a resource during a build, those about origins included."""
    added = resource.build_annotations()
    if is_tracked(resource):
        added.update(origin_texts(resource))
    return added


def put_back(resource: Resource) -> bool:
    """Write what the attributes say into the annotations, for a step that may read or change these; `take_back` ends it.

    Returns whether there was anything. Mutates: `resource`.
    """
    added = {} if resource.torn else all_annotations(resource)
    meta = resource.body.get("metadata")
    if not added or type(meta) is not dict:
        return False
    shown, marks = meta.get("annotations"), resource.marks
    if type(shown) is not dict:
        shown = meta["annotations"] = {}
    annotations = dict(in_order(resource, shown, added))
    # It stays the map that twins know.
    shown.clear()
    shown.update(annotations)
    forget_build(resource)
    resource.marks = marks
    return True


def take_back(resource: Resource) -> None:
    """Move what `put_back` wrote, and what has become of it, into the attributes again. Mutates: `resource`."""
    marks = resource.marks
    take(resource)
    resource.marks = marks
    take_origins(resource.body.get("metadata"), resource)


def take_origins(meta: Json, resource: Resource) -> None:
    """Move the annotations about origins out of the metadata, as texts that are not read yet. Mutates: both."""
    annotations = meta.get("annotations") if type(meta) is dict else None
    if type(annotations) is dict:
        if ORIGIN_KEY in annotations:
            resource.origin = text_of(annotations.pop(ORIGIN_KEY))
        if TRANSFORMATIONS_KEY in annotations:
            resource.transformations = text_of(annotations.pop(TRANSFORMATIONS_KEY))


def annotated_json(resource: Resource) -> str:
    """The same body as one line of JSON. Raises: OutputError."""
    from kbuild.documents.generic import to_generic
    from kbuild.documents.gojson import dumps

    return dumps(to_generic(annotated(resource)))


def final_body(body: Body) -> Body:
    """The body with its annotations as they are printed; the same object when nothing changes. Raises: OutputError."""
    if "metadata" not in body:
        return {**body, "metadata": {}}
    meta = body["metadata"]
    if type(meta) is dict:
        return {**body, "metadata": final_metadata(meta)}
    if tag_of(meta) == NULL:
        return body
    from kbuild.documents.v3text import dumps

    shape = "SequenceNode" if type(meta) is list else "ScalarNode"
    raise OutputError(
        "failed to clean up origin tracking annotations: "
        f"wrong node kind: expected MappingNode but got {shape}: node contents:\n{dumps(meta)}"
    )


def final_metadata(meta: Body) -> Body:
    """The metadata as printed: annotations rewritten, or gone when there is none or they are no map.

    Where they stand there twice, the first are written into the next. Raises: CrashError, for a next that is no map.
    """
    found = [value for key, value in meta.items() if key_text(key) == "annotations"]
    if not found:
        return meta
    rest = {key: value for key, value in meta.items() if key_text(key) != "annotations"}
    final: dict[Any, str] = final_annotations(found[0])
    for value in found[1:]:
        if final and type(value) is not dict and tag_of(value) != NULL:
            from kbuild.documents.v3text import dumps

            shape = "SequenceNode" if type(value) is list else "ScalarNode"
            reason = f"wrong node kind: expected MappingNode but got {shape}: node contents:\n{dumps(value)}"
            raise CrashError(reason)
        final = {**final_annotations(value), **final}
    if final:
        rest["annotations"] = dict(sorted(final.items(), key=_by_text))
    return rest


def _by_text(entry: tuple[str | OddKey, str]) -> str:
    return key_text(entry[0])


def final_annotations(annotations: Json) -> dict[str | OddKey, str]:
    """The map as it is printed.

    A later entry of the same key wins; a map or list as value becomes an empty string. Keys lose their quotes: one that
    reads as a number is no string any more, and printing fails. The items of a list are taken for keys and values in turn.
    Raises: CrashError, for a list with a key too many.
    """
    if type(annotations) is list:
        count = len(annotations)
        if count % 2:
            raise CrashError(f"runtime error: index out of range [{count}] with length {count}")
        annotations = dict(zip(map(text_of, annotations[::2]), annotations[1::2], strict=True))
    if type(annotations) is not dict:
        return {}
    texts = {key_text(key): text_of(value) for key, value in annotations.items()}
    return {
        untagged_key(text): block(value) if value[:1] == "\t" and "\n" in value else value
        for text, value in texts.items()
    }
