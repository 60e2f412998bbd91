"""How generated resources join what is there: created, merged into or replacing a resource of the same id.

Source: kustomize v5.8.1 `resWrangler.appendReplaceOrMerge`, `Resource.CopyMergeMetaDataFieldsFrom`.
"""

from __future__ import annotations

from kbuild.documents.resolve import ABSENT, key, string_set
from kbuild.fields.walk import wrong_kind
from kbuild.generators.config_maps import as_text, base64_lines
from kbuild.model.errors import (
    AmbiguousTargetError,
    CrashError,
    DuplicateIdError,
    FieldError,
    KbuildError,
    NoTargetError,
)
from kbuild.model.resource import MERGE, REPLACE, UNSPECIFIED
from kbuild.model.resources import check_histories
from kbuild.model.scalars import is_null, key_text, known_text, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from kbuild.model.ids import ObjectId
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Json


def absorb(
    resources: Resources,
    generated: Iterable[Resource],
    check_origin: Callable[[Resource], None],
    *,
    is_latest: bool = False,
) -> None:
    """Let each generated resource join. Mutates: `resources`.

    `check_origin` reads where a resource that another one is merged into says it is from. With `is_latest` a Secret is merged into the `stringData` of another one too, as in later versions (ADR 0017).
    Raises: NoTargetError, nothing to merge into or replace; DuplicateIdError, something where a new one is to be;
    AmbiguousTargetError.
    """
    for resource in generated:
        check_histories(resources)
        wanted = resource.id
        matches = [
            other
            for other in resources.named(wanted.name)
            if any(found.key() == wanted.key() for found in other.all_ids())
        ]
        if not matches:
            if resource.behavior in (MERGE, REPLACE):
                raise NoTargetError(f"id {go_id(wanted)} does not exist; cannot merge or replace")
            resources.append(resource)
        elif len(matches) > 1:
            from kbuild.documents.annotations import annotated_json

            shown = " ".join(annotated_json(match) for match in matches)
            raise AmbiguousTargetError(f"found multiple objects [{shown}] that could accept merge of {wanted}")
        elif resource.behavior in (MERGE, REPLACE):
            if resource.behavior == MERGE:
                check_origin(matches[0])
            combine(resource, matches[0], takes_texts=is_latest and wanted[:3] == ("", "v1", "Secret"))
            check_place(resources, matches[0], resource)
            resources.replace(matches[0], resource)
        else:
            raise DuplicateIdError(
                f"id {go_id(wanted)} exists; can not use behavior: '{resource.behavior or UNSPECIFIED}',"
                " behavior must be merge or replace"
            )


def check_place(resources: Resources, old: Resource, new: Resource) -> None:
    """Raise NoTargetError where the place of a resource is no longer that of the one that merges into it or replaces it.

    The reference looks for the place by the current id, although the old resource was found by any that it had.
    """
    holders = resources.with_id(new.id.key())
    if len(holders) > 1:
        raise NoTargetError(f"in Replace: id matched {len(holders)} resources")
    if not holders:
        raise NoTargetError(f"cannot find resource with id {new.id} to replace")
    if holders[0] is not old:
        raise NoTargetError("unexpected target index in replacement")


def go_id(found: ObjectId) -> str:
    """An id as Go's `%#v` prints it."""
    scoped = "true" if found.cluster_scoped else "false"
    return (
        f'resid.ResId{{Gvk:resid.Gvk{{Group:"{found.group}", Version:"{found.version}", Kind:"{found.kind}", '
        f'isClusterScoped:{scoped}}}, Name:"{found.name}", Namespace:"{found.namespace}"}}'
    )


def combine(new: Resource, old: Resource, *, takes_texts: bool = False) -> None:
    """Give the new resource the old one's identity and history, and what it does not say itself.

    `takes_texts` takes over what is in `stringData`, too. Mutates: `new`. Raises: FieldError, where that is no map of texts.
    """
    is_merge = new.behavior == MERGE
    data = data_of(old) if is_merge and takes_texts else old.body.get("data")
    meta, before = new.body["metadata"], old.body.get("metadata") or {}
    for field in ("labels", "annotations"):
        merged = merge_texts(before.get(field), meta.get(field))
        if merged:
            meta[field] = {key(name): string_set(ABSENT, text) for name, text in merged.items()}
    meta["name"] = string_set(meta["name"], old.id.name)
    if old.id.namespace:
        meta["namespace"] = string_set(meta.get("namespace", ABSENT), old.id.namespace)
    else:
        meta.pop("namespace", None)
    # Both are written without a tag.
    new.untagged |= {("metadata", "name"), ("metadata", "namespace")}
    new.history, new.prefixes, new.suffixes = old.history, old.prefixes, old.suffixes
    new.needs_hash = new.needs_hash and old.needs_hash
    new.behavior = old.behavior
    new.position = old.position
    new.referenced_by_vars = old.referenced_by_vars
    if old.origin is not None and (is_merge or new.origin is None):
        new.origin = old.origin
    new.transformations = new.transformations or old.transformations
    if is_merge:
        for field, before in (("data", data), ("binaryData", old.body.get("binaryData"))):
            merged = merge_texts(before, new.body.get(field))
            if merged:
                new.body[field] = {key(name): as_text(text) for name, text in merged.items()}
            else:
                new.body.pop(field, None)
    new.refresh()


def data_of(secret: Resource) -> Json:
    """The `data` of a Secret with its `stringData` in base64 laid over. Raises: FieldError, where one is no map of texts."""
    texts = secret.body.get("stringData")
    if is_null(texts):
        return secret.body.get("data")
    try:
        data = with_texts(secret.body.get("data", {}), texts)
    except KbuildError as error:
        raise error.within(f"failed to normalize stringData for {secret.id}").see("onto", secret.position) from None
    return data


def with_texts(data: Json, texts: Json) -> dict[str, Json]:
    """A Secret's data with texts in base64 laid over. Raises: FieldError; CrashError, where there is a null for data."""
    try:
        check_texts(texts)
    except KbuildError as error:
        raise error.within("read stringData") from None
    if is_null(data):
        raise CrashError("runtime error: invalid memory address or nil pointer dereference")
    if type(data) is not dict:
        raise wrong_kind("MappingNode", data).within("encode stringData")
    return {
        **data,
        **{
            key_text(name): base64_lines(known_text(value).encode("utf-8", "surrogatepass"))
            for name, value in texts.items()
        },
    }


def check_texts(texts: Json) -> None:
    """Raise FieldError for what is no map of scalars."""
    if type(texts) is not dict:
        raise wrong_kind("MappingNode", texts)
    for name, value in texts.items():
        if type(value) in (dict, list):
            raise FieldError(f'stringData value for key "{key_text(name)}" must be a scalar')


def merge_texts(old: Json, new: Json) -> dict[str, str]:
    """Two string maps in one, sorted by key; the new one wins."""
    result: dict[str, Any] = {}
    for part in (old, new):
        if type(part) is dict:
            result.update({key_text(name): text_of(value) for name, value in part.items()})
    return {name: result[name] for name in sorted(result)}
