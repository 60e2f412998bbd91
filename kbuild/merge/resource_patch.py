"""Patches meeting resources: the one that a patch names, identity restored after a merge, annotations kept through JSON.

Source: kustomize v5.8.1 `resWrangler.GetById`, `Resource.ApplySmPatch`, `resWrangler.ApplySmPatch`,
`PatchTransformer.transformJson6902`.
"""

from __future__ import annotations

from kbuild.documents import resolve
from kbuild.documents.annotations import all_annotations, take_origins
from kbuild.documents.history import check_pairs, store_previous_id
from kbuild.documents.origin_text import ORIGIN_KEY, TRANSFORMATIONS_KEY, is_tracked, origin_texts
from kbuild.merge import json_patch
from kbuild.merge.patch_texts import in_pairs, is_rewritten, text_map, with_text_annotations, with_text_metadata
from kbuild.model.errors import AmbiguousTargetError, KbuildError, NoTargetError
from kbuild.model.internal_annotations import REMOVED, take
from kbuild.model.resource import INTERNAL, forget_build, mark
from kbuild.model.resources import check_histories
from kbuild.model.scalars import Quoted, is_null, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.documents.trace import Trace
    from kbuild.merge.json_patch import Operation, Strings
    from kbuild.merge.strategic import Known
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Body, Json
    from kbuild.schema.schema import Schema

_ANNOTATIONS = ("", "/metadata", "/metadata/annotations")
_INTERNAL = tuple(
    "/metadata/annotations/" + start
    for start in (
        "internal.config.kubernetes.io~1", "config.kubernetes.io~1path", "config.kubernetes.io~1index", "config.k8s.io~1id",
        "config.kubernetes.io~1origin", "alpha.config.kubernetes.io~1transformations",
    )
)  # fmt: skip


def find_target(resources: Resources, patch: Resource) -> Resource:
    """The one resource that has or ever had the patch's id. Raises: NoTargetError, AmbiguousTargetError."""
    check_histories(resources)
    wanted = patch.original_id
    key = wanted.key()
    found = [
        resource
        for resource in resources.named(wanted.name)
        if resource.body and (resource.id.key() == key or any(old.key() == key for old in resource.previous_ids()))
    ]
    if len(found) == 1:
        return found[0]
    tail = f"for Id {wanted}; failed to find unique target for patch {wanted}"
    if found:
        raise AmbiguousTargetError(f"multiple matches {tail}", patch.position)
    raise NoTargetError(f"no matches {tail}", patch.position, nearest(resources, wanted.name))


def nearest(resources: Resources, name: str) -> str:
    """A hint: what has that name, or a similar one."""
    same = [str(resource.id) for resource in resources.named(name)][:3]
    if same:
        return f"there is {', '.join(same)}"
    from difflib import get_close_matches

    names = {resource.id.name: resource for resource in resources.items}
    close = get_close_matches(name, names, 1)
    return f"did you mean {names[close[0]].id}?" if close else ""


_NAME, _NAMESPACE = ("metadata", "name"), ("metadata", "namespace")


class StrategicPatch:
    """One document of a strategic merge patch, ready to be applied.

    Shape: `by_selector` says that it is applied through a target or as `patchesStrategicMerge`: the reference then copies its
    labels and annotations as texts (a null becomes the text `null`) and gives it the target's apiVersion. `repeats` says that it
    is applied to several targets.
    """

    __slots__ = (
        "_by_version", "_known", "allows_kind", "allows_name", "body", "by_selector", "repeats", "resource", "trace",
    )  # fmt: skip

    def __init__(self, resource: Resource, trace: Trace | None = None) -> None:
        self.resource, self.body, self.trace = resource, resource.body, trace
        # A patch may say so itself, in the annotations that the reference uses for its options.
        self.allows_name, self.allows_kind = (
            resource.hidden.get(f"{INTERNAL}allow{part}Change") == "enabled" for part in ("Name", "Kind")
        )
        self.by_selector = self.repeats = False
        self._known: Known | None = None
        self._by_version: dict[str, Body] = {}

    def allow(self, *, name: bool, kind: bool) -> None:
        """Let it change the target's name or kind. Raises: CrashError, see `with_text_annotations`."""
        self.allows_name, self.allows_kind = self.allows_name or name, self.allows_kind or kind
        if name or kind:
            self.body = self._anew(with_text_annotations(self.body), "annotations")

    def selecting(self) -> StrategicPatch:
        """The same patch, as it is applied through a selector. Raises: CrashError, see `with_text_metadata`."""
        if not self.by_selector:
            self.by_selector = True
            self.body = self._anew(with_text_metadata(self.body), "name", "namespace", "labels", "annotations")
            if self.trace is not None:
                types = {key: self.trace.renewed(self.body[key]) for key in ("apiVersion", "kind") if key in self.body}
                self.body = self.body | types
                self._keep_quotes()
        return self

    def _keep_quotes(self) -> None:
        """Tell the trace that the name and namespace that were written anew have the quotes of the old ones."""
        assert self.trace is not None
        old, new = self.resource.body.get("metadata"), self.body.get("metadata")
        for field in ("name", "namespace"):
            if type(old) is dict and type(new) is dict and field in new:
                self.trace.follow(old.get(field), new[field], keeps_comments=False)

    def _anew(self, body: Body, *fields: str) -> Body:
        """The patch, of whose metadata some fields were written anew; without a trace nobody asks."""
        meta = body.get("metadata")
        if self.trace is None or type(meta) is not dict:
            return body
        return {**body, "metadata": meta | {key: self.trace.renewed(meta[key]) for key in fields if key in meta}}

    def apply(self, target: Resource, schema: Schema, counters: Counters) -> None:
        """Merge into a resource; one that the patch deletes has no body afterwards.

        Mutates: body and history; the caller tells `Resources.touched`. Raises: PatchError.
        """
        from kbuild.merge import strategic

        before = target.id
        if self.allows_name or self.allows_kind:
            store_previous_id(target)
            allowed = (("allowKindChange", self.allows_kind), ("allowNameChange", self.allows_name))
            target.allowed = tuple(name for name, is_set in allowed if is_set or name in target.allowed)
            mark(target, *(INTERNAL + name for name in target.allowed))
        body = self._body_for(before.api_version) if self.by_selector else self.body
        if self.repeats and self._known is None:
            self._known = strategic.Known()
        self._carry_over(target)
        is_open = is_tracked(target) and put_origins(target, body)
        try:
            merged = strategic.merge(target.body, body, schema, counters, self._known, trace=self.trace)
            if merged and not self._replaces():
                check_annotations(body, target)
        except KbuildError as error:
            error.shown = None if self.by_selector and is_rewritten(body, error.shown) else error.shown
            error.whole, error.holder = self.resource.body, target
            raise error.at_place(self.resource.position).see("onto", target.position) from None
        if not merged:
            target.body = merged  # type: ignore[assignment]
            return
        if is_open:
            target.origin, target.transformations = None, []
            take_origins(merged.get("metadata"), target)
        if target.twins:
            target.follow_twins()
        by_selector = self.by_selector and not self._replaces()
        rewritten = {("apiVersion",): by_selector, ("kind",): not self.allows_kind, _NAME: not self.allows_name}
        target.untagged = target.untagged.union(path for path, is_set in rewritten.items() if is_set)
        if before.namespace:
            target.untagged |= {_NAMESPACE}
        if not self.allows_kind:
            _write(merged, "kind", before.kind)
        _restore_metadata(merged, before.namespace, None if self.allows_name else before.name)
        if self.trace is not None:
            target.body = self._anew(merged, *["name"][self.allows_name :], "namespace")
            if not self.allows_kind:
                target.body["kind"] = self.trace.renewed(merged.get("kind", before.kind))

    def _body_for(self, version: str) -> Body:
        """The patch with the target's apiVersion: one map for all targets of a version."""
        found = self._by_version.get(version)
        if found is None:
            found = self.body
            if type(found.get("apiVersion")) is Quoted and version:
                found = {**found, "apiVersion": resolve.untagged(version)}
            elif found.get("apiVersion") != version:
                found = {**found, "apiVersion": resolve.untagged_set(found.get("apiVersion", ""), version)}
            self._by_version[version] = found
        return found

    def _replaces(self) -> bool:
        """Whether it is to replace the whole resource."""
        return text_of(self.body.get("$patch", "")) == "replace"

    def _carry_over(self, target: Resource) -> None:
        """Do to the target's history what the merge of the reference's internal annotations does."""
        if self._replaces():
            return  # The reference loses what a replacement of the whole resource yields.
        if target.has_build_annotations and drops_annotations(self.body):
            forget_build(target)
        patch = self.resource
        if patch.has_build_annotations:
            target.needs_hash = target.needs_hash or patch.needs_hash
            target.behavior = patch.behavior or target.behavior
            target.history = [*patch.history] or target.history
            target.prefixes, target.suffixes = (
                [*patch.prefixes] or target.prefixes,
                [*patch.suffixes] or target.suffixes,
            )


def put_origins(target: Resource, patch: Body) -> bool:
    """Write the annotations about origins into the body where a patch says something about them; returns whether it does.

    Mutates: the target's body.
    """
    meta = patch.get("metadata")
    annotations = meta.get("annotations") if type(meta) is dict else None
    if type(annotations) is not dict or annotations.keys().isdisjoint((ORIGIN_KEY, TRANSFORMATIONS_KEY)):
        return False
    before = target.body["metadata"]
    shown = before.get("annotations")
    before["annotations"] = {**(shown if type(shown) is dict else {}), **origin_texts(target)}
    return True


def check_annotations(patch: Body, target: Resource) -> None:
    """Raise PatchError for annotations of a patch that are no map, where the reference holds some of its own in the target."""
    meta = patch.get("metadata")
    annotations = meta.get("annotations") if type(meta) is dict else None
    if type(annotations) is not dict and not is_null(annotations) and target.has_build_annotations:
        from kbuild.merge.strategic import wrong_kind

        raise wrong_kind("MappingNode", annotations)


def drops_annotations(patch: Body) -> bool:
    """Whether a patch removes or replaces the map of annotations as a whole."""
    meta = patch.get("metadata")
    if type(meta) is not dict:
        return False
    if text_of(meta.get("$patch", "")) in ("replace", "delete"):
        return True
    if "annotations" not in meta:
        return False
    annotations = meta["annotations"]
    if type(annotations) is not dict:
        return is_null(annotations)
    return text_of(annotations.get("$patch", "")) in ("replace", "delete")


def _write(holder: Body, field: str, text: str) -> None:
    """Write a text without tag, unless a string of that text is there."""
    old = holder.get(field, resolve.ABSENT)
    if isinstance(old, str) and old == text:
        return
    if old is resolve.ABSENT:
        holder[field] = resolve.untagged_new(text)
    elif type(old) is not dict and type(old) is not list:
        holder[field] = resolve.untagged_set(old, text)


def _restore_metadata(body: Body, namespace: str, name: str | None) -> None:
    """Write back name (None: leave it) and namespace; an empty namespace is removed."""
    meta = body.get("metadata")
    if meta is None or is_null(meta):
        if name is None and not namespace:
            return
        meta = body["metadata"] = {}
    if type(meta) is not dict:
        return
    if name is not None:
        _write(meta, "name", name)
    if namespace:
        _write(meta, "namespace", namespace)
    else:
        meta.pop("namespace", None)


def apply_json(
    resource: Resource,
    operations: list[Operation],
    *,
    has_annotations: bool,
    known: Strings,
    forgives: bool,
    trace: Trace | None = None,
) -> None:
    """Apply a JSON patch. `has_annotations` says that the reference holds internal annotations in the resource.

    `forgives` lets the metadata become no map: the history is lost then. `trace` is told that nothing is as it was read.

    Mutates: the resource's body, `known` (see json_patch.apply); the caller tells `Resources.touched`. Raises: PatchError, OutputError.
    """
    hidden: dict[str, str] = {}
    body = resource.body
    meta = body.get("metadata")
    labels = meta.get("labels") if type(meta) is dict else None
    if type(labels) is list:
        # The reference reads all metadata before.
        check_pairs(labels)
    has_origins = is_tracked(resource)
    if has_annotations:
        if any(_sees_annotations(operation, has_origins=has_origins) for operation in operations):
            hidden = all_annotations(resource)
        body = _with_annotations(body, hidden)
    try:
        body = json_patch.apply(body, operations, known)
        if known.has_tab:
            is_shown = bool(hidden) or not has_annotations
            json_patch.check_tabs(
                body, lambda: body if is_shown else _with_annotations(body, all_annotations(resource))
            )
    except KbuildError as error:
        error.holder = resource
        raise error.see("onto", resource.position) from None
    if trace is not None:
        body = trace.renewed(body, sorts=True)
    resource.untagged, resource.is_rebuilt, resource.marks = frozenset(), True, {}
    meta = body.get("metadata")
    if has_origins and hidden:
        keep_origins(resource, meta, hidden)
    if meta is None and "metadata" in body:
        # The reference writes nothing into a null.
        forget_build(resource)
    elif meta is None:
        body["metadata"] = {}
    elif type(meta) is not dict and forgives:
        forget_build(resource)
    elif type(meta) is not dict:
        from kbuild.merge.strategic import wrong_kind

        raise wrong_kind("MappingNode", meta)
    elif "annotations" in meta:
        annotations = meta.pop("annotations")
        if type(annotations) is list:
            # The reference takes the entries of a list for keys and values in turn.
            annotations = in_pairs(annotations)
        kept = (
            {key: value for key, value in annotations.items() if key not in hidden}
            if type(annotations) is dict
            else None
        )
        if kept:
            meta["annotations"] = text_map(kept)
    resource.body, resource.twins = body, []
    if type(meta) is dict and not REMOVED.isdisjoint(meta.get("annotations") or ()):
        meta["annotations"] |= resource.build_annotations()
        take(resource)
        resource.marks = {}
    if trace is not None:
        # They stand among the others now.
        resource.marks = dict.fromkeys(all_annotations(resource), -1)


def keep_origins(resource: Resource, meta: Json, shown: dict[str, str]) -> None:
    """Lose the annotations about origins that a JSON patch removed, and take over those that it wrote: it saw them as `shown`.

    Mutates: the resource.
    """
    annotations = meta.get("annotations") if type(meta) is dict else None
    texts = annotations if type(annotations) is dict else {}
    if ORIGIN_KEY not in texts:
        resource.origin = None
    elif texts[ORIGIN_KEY] != shown.get(ORIGIN_KEY):
        resource.origin = text_of(texts[ORIGIN_KEY])
    if TRANSFORMATIONS_KEY not in texts:
        resource.transformations = []
    elif texts[TRANSFORMATIONS_KEY] != shown.get(TRANSFORMATIONS_KEY):
        resource.transformations = text_of(texts[TRANSFORMATIONS_KEY])
    for key in (ORIGIN_KEY, TRANSFORMATIONS_KEY):
        texts.pop(key, None)


def _with_annotations(body: Body, hidden: dict[str, str]) -> Body:
    meta = body.get("metadata")
    if meta is None or is_null(meta):
        meta = {}
    if type(meta) is not dict:
        return body
    annotations = meta.get("annotations")
    if type(annotations) is not dict:
        annotations = {}  # the reference writes its own in the place of a scalar
    return {**body, "metadata": {**meta, "annotations": {**annotations, **hidden}}}


def _sees_annotations(operation: Operation, *, has_origins: bool) -> bool:
    """Whether an operation takes the annotations as a whole to another place, or compares them, or names one of the build.

    Where origins are tracked, it also matters whether it writes or removes them as a whole.
    """
    name: Any = operation.get("op")
    if has_origins and operation.get("path") in _ANNOTATIONS:
        return True
    if any(str(operation.get(end, "")).startswith(_INTERNAL) for end in ("path", "from")):
        return True
    if name in ("copy", "move"):
        return operation.get("from") in _ANNOTATIONS
    return name == "test" and operation.get("path") in _ANNOTATIONS
