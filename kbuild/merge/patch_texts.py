"""Patches as they are before they meet resources: with texts where the reference writes them anew, without a tag.

Source: kustomize v5.8.1 `Resource.CopyMergeMetaDataFieldsFrom`, `resWrangler.ApplySmPatch`.
"""

from __future__ import annotations

from kbuild.documents import resolve
from kbuild.documents.history import check_pairs
from kbuild.model.scalars import Quoted, is_null, key_text, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Body, Json


def with_text_annotations(patch: Body) -> Body:
    """A patch whose annotations are texts, or an empty map where they are none: the reference notes its options among them.

    Raises: CrashError, for a list of annotations with a key too many.
    """
    meta = patch.get("metadata")
    if type(meta) is not dict or "annotations" not in meta:
        return patch
    values = meta["annotations"]
    if type(values) is list:
        values = in_pairs(values)
    return {**patch, "metadata": {**meta, "annotations": text_map(values) if type(values) is dict else {}}}


def with_text_metadata(patch: Body) -> Body:
    """A patch whose labels and annotations are texts, sorted; empty ones and an empty namespace are gone; kind and name have no tag.

    Raises: CrashError, for a list of labels or annotations with a key too many.
    """
    if type(patch.get("kind")) is Quoted:
        patch = {**patch, "kind": resolve.untagged(patch["kind"])}
    meta = patch.get("metadata")
    if type(meta) is not dict:
        return patch
    copied = dict(meta)
    if type(meta.get("name")) is Quoted:
        copied["name"] = resolve.untagged(meta["name"])
    for field in ("labels", "annotations"):
        values = copied.pop(field, None)
        if type(values) is list:
            values = in_pairs(values)
        if type(values) is dict and values:
            copied[field] = text_map(values)
    if "namespace" in copied and (is_null(copied["namespace"]) or not text_of(copied["namespace"])):
        del copied["namespace"]
    return {**patch, "metadata": copied}


def is_rewritten(patch: Body, value: Json) -> bool:
    """Whether a value is one of those that `with_text_metadata` has written anew, so that no file shows it as it is."""
    meta = patch.get("metadata")
    maps = [meta.get(field) for field in ("labels", "annotations")] if type(meta) is dict else []
    return any(value is found or any(value is item for item in found.values()) for found in maps if type(found) is dict)


def text_map(values: Body) -> Body:
    """A map with every value as a string, in the order of the keys."""
    texts = {key_text(key): text_of(value) for key, value in values.items()}
    return {resolve.key(key): string(texts[key]) for key in sorted(texts)}


def string(text: str) -> Json:
    """A fresh string value."""
    return Quoted(text) if "\n" in text else resolve.string_set(resolve.ABSENT, text)


def in_pairs(values: list[Json]) -> Body:
    """The entries of a list as keys and values in turn. Raises: CrashError, for one too many."""
    check_pairs(values)
    return {text_of(key): value for key, value in zip(values[::2], values[1::2], strict=True)}
