"""Patches meeting resources: finding the one that a patch names, and applying a patch to one.

Source: kustomize v5.8.1 `resWrangler.GetById`, `Resource.ApplySmPatch`, `filters/patchjson6902`.
"""

from __future__ import annotations

from kbuild.documents.resolve import ABSENT, from_json, string_set
from kbuild.merge import json_patch, strategic
from kbuild.model.errors import AmbiguousTargetError, FieldError, KbuildError, NoTargetError
from kbuild.model.scalars import copy_body, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources


def find_by_id(resources: Resources, patch: Resource) -> Resource:
    """The one resource that has or ever had the patch's id.

    Raises: NoTargetError, AmbiguousTargetError.
    """
    wanted = patch.original_id
    key = wanted.key()
    found = [
        resource
        for resource in resources.named(wanted.name)
        if any(candidate.key() == key for candidate in resource.all_ids())
    ]
    if len(found) == 1:
        return found[0]
    tail = f"failed to find unique target for patch {wanted}"
    place = patch.position
    if not found:
        raise NoTargetError(f"no matches for Id {wanted}; {tail}", place, nearest(resources, wanted.name))
    raise AmbiguousTargetError(f"multiple matches for Id {wanted}; {tail}", place)


def nearest(resources: Resources, name: str) -> str:
    """A hint: what has that name, or a similar one."""
    same = [str(resource.id) for resource in resources.named(name)][:3]
    if same:
        return f"there is {', '.join(same)}"
    from difflib import get_close_matches

    names = {resource.id.name: resource for resource in resources.items}
    close = get_close_matches(name, names, 1)
    return f"did you mean {names[close[0]].id}?" if close else ""


def apply_strategic(
    resource: Resource, patch: Resource, context: Context, allows: tuple[bool, bool], *, is_targeted: bool
) -> None:
    """Merge a patch into a resource; name, kind and namespace stay unless the patch may change them.

    `allows` is (name may change, kind may change). Mutates: the resource, whose body is None when the patch deletes it.
    Raises: PatchError, FieldError.
    """
    name_may, kind_may = allows
    before = resource.id
    content = copy_body(patch.body)
    if is_targeted:
        # The patch takes over group and version of what it is applied to, but keeps its own kind.
        content["apiVersion"] = resource.body.get("apiVersion", before.api_version)
    if name_may or kind_may:
        resource.store_previous_id()
    old_meta = resource.body.get("metadata")
    had_name = old_meta.get("name", ABSENT) if type(old_meta) is dict else ABSENT
    had_kind = resource.body.get("kind", ABSENT)
    try:
        merged = strategic.merge(resource.body, content, context.schema(), context.counters)  # type: ignore[arg-type]
    except KbuildError as error:
        raise error.at(patch.position.file, patch.position.line) from None
    resource.body = merged  # type: ignore[assignment]
    if not merged:
        return
    if not kind_may:
        merged["kind"] = string_set(had_kind, before.kind)
    if not name_may:
        set_meta(merged, "name", had_name, before.name)
    set_namespace(merged, before.namespace)


def set_meta(body: dict[Any, Any], field: str, had: Any, text: str) -> None:
    """Write a text of the metadata back. Mutates: `body`."""
    meta = body.get("metadata")
    if type(meta) is not dict:
        meta = body["metadata"] = {}
    if field in meta and text_of(meta[field]) == text:
        return
    meta[field] = had if had is not ABSENT and text_of(had) == text else string_set(ABSENT, text)


def set_namespace(body: dict[Any, Any], namespace: str) -> None:
    """Write the namespace back, or remove one that the patch brought. Mutates: `body`."""
    meta = body.get("metadata")
    if type(meta) is not dict:
        return
    if not namespace:
        meta.pop("namespace", None)
    elif "namespace" not in meta or text_of(meta["namespace"]) != namespace:
        meta["namespace"] = string_set(meta.get("namespace", ABSENT), namespace)


def apply_json_patch(resource: Resource, operations: list[dict[str, Any]]) -> None:
    """Run operations on a resource's JSON form and rebuild it. Mutates: the body. Raises: PatchError, OutputError.

    Where the reference holds internal annotations, a patch may write below `metadata.annotations` even if the user has none.
    """
    from kbuild.documents.generic import to_json_values

    values = to_json_values(resource.body)
    meta = values.get("metadata")
    lent = resource.has_build_annotations and type(meta) is dict and not meta.get("annotations")
    if lent:
        meta["annotations"] = {}
    try:
        values = json_patch.apply(values, operations)
    except KbuildError as error:
        raise error.at(resource.position.file, resource.position.line) from None
    if type(values) is not dict:
        raise FieldError("json: cannot unmarshal into Go value of type map[string]interface {}")
    meta = values.get("metadata")
    if lent and type(meta) is dict and meta.get("annotations") == {}:
        del meta["annotations"]
    resource.body = from_json(values)
