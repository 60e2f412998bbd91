"""Where resources come from and what transformed them: `buildMetadata`'s origin and transformation annotations.

Kept as attributes of the resources and written into the annotations once, at the end.
Source: kustomize v5.8.1, `resource.Origin`, `AddOriginAnnotation`, `AddTransformerAnnotation`.
"""

from __future__ import annotations

from os.path import join, normpath

from kbuild.documents.config import read_config
from kbuild.documents.origin_text import BY, ORIGIN_KEY, TRANSFORMATIONS_KEY, OriginTexts
from kbuild.model import repo_spec
from kbuild.model.scalars import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from kbuild.documents.origin_text import Origin
    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Quoted
    from kbuild.model.tree import BaseEntry

NOBODY = ("", "", "", "")


class Origins:
    """Origin tracking of one render. `place` is (path from the root build folder, repo, ref) of the current layer."""

    __slots__ = ("_texts", "place")

    def __init__(self) -> None:
        self.place: tuple[str, str, str] = ("", "", "")
        self._texts = OriginTexts()

    def enter(self, entry: BaseEntry) -> tuple[str, str, str]:
        """Go into a base; returns the place to come back to."""
        before = self.place
        self.place = self._appended(entry.path)
        return before

    def leave(self, before: tuple[str, str, str]) -> None:
        """Come back from a base."""
        self.place = before

    def _appended(self, path: str) -> tuple[str, str, str]:
        here, repo, ref = self.place
        if "/" in path or ":" in path:
            spec = repo_spec.parse(path)
            if spec is not None:
                return spec.origin_path, spec.clone_url, spec.ref
        return normpath(join(here, path)) if here or path else "", repo, ref

    def mark_file(self, resources: Iterable[Resource], path: str) -> None:
        """Note the file that these resources were read from."""
        here, repo, ref = self._appended(path)
        origin = (here, repo, ref, "", NOBODY)
        for resource in resources:
            resource.origin = origin
            meta = resource.body.get("metadata")
            annotations = meta.get("annotations") if type(meta) is dict else None
            if type(annotations) is dict and TRANSFORMATIONS_KEY in annotations:
                self.take_transformations(resource, annotations)

    def builtin(self, kind: str, file_name: str) -> Origin:
        """The origin of what a field of the current kustomization file generates or transforms."""
        here, repo, ref = self.place
        return ("", repo, ref, normpath(join(here, file_name)), ("builtin", kind, "", ""))

    def custom(self, configuration: Resource) -> Origin | None:
        """The origin of what a plugin configuration generates or transforms."""
        if configuration.origin is None:
            return None
        path, repo, ref = configuration.origin[:3]
        found = configuration.id
        return ("", repo, ref, path, (found.api_version, found.kind, found.name, found.namespace))

    def transformed(self, resources: Iterable[Resource], origin: Origin) -> None:
        """Note a transformer that ran over these resources; one without an origin was made by it."""
        for resource in resources:
            if resource.origin is None:
                resource.origin = origin
            else:
                resource.transformations.append(origin)
            # The reference sorts all annotations whenever it writes one of these.
            resource.marks = {}

    def write(self, resource: Resource, *, with_origin: bool, with_transformations: bool) -> None:
        """Put the annotations into the body. Mutates: `resource.body`."""
        if with_origin and resource.origin is not None:
            annotate(resource, ORIGIN_KEY, self._texts[resource.origin])
        if with_transformations and resource.transformations:
            annotate(resource, TRANSFORMATIONS_KEY, self._texts[tuple(resource.transformations)])

    def take(self, resource: Resource) -> None:
        """Read the annotations of a resource that came back from a plugin. Mutates: `resource`. Raises: KbuildError."""
        meta = resource.body.get("metadata")
        annotations = meta.get("annotations") if type(meta) is dict else None
        if type(annotations) is not dict:
            return
        if ORIGIN_KEY in annotations:
            resource.origin = as_origin(read_config(text_of(annotations.pop(ORIGIN_KEY))))
        if TRANSFORMATIONS_KEY in annotations:
            self.take_transformations(resource, annotations)

    def take_transformations(self, resource: Resource, annotations: dict[Any, Any]) -> None:
        """Read the steps that a body names already; others are added to them. Mutates: both. Raises: KbuildError."""
        steps = read_config(text_of(annotations.pop(TRANSFORMATIONS_KEY)))
        resource.transformations = [as_origin(step) for step in steps] if type(steps) is list else []


def annotate(resource: Resource, key: str, text: Quoted) -> None:
    """Set one annotation. Mutates: `resource.body`."""
    meta = resource.body.get("metadata")
    if type(meta) is not dict:
        meta = resource.body["metadata"] = {}
    annotations = meta.get("annotations")
    if type(annotations) is not dict:
        annotations = meta["annotations"] = {}
    annotations[key] = text


def as_origin(value: Any) -> Origin:
    """An origin read from its text; what is not there is empty."""
    fields = value if type(value) is dict else {}
    by = fields.get("configuredBy")
    api_version, kind, name, namespace = (str((by if type(by) is dict else {}).get(name) or "") for name in BY)
    path, repo, ref, configured_in = (str(fields.get(name) or "") for name in ("path", "repo", "ref", "configuredIn"))
    return path, repo, ref, configured_in, (api_version, kind, name, namespace)


def strip(resource: Resource, *, keep_origin: bool, keep_transformations: bool) -> None:
    """Remove origin annotations that a user wrote, unless the build is to show them. Mutates: `resource.body`."""
    meta = resource.body.get("metadata")
    annotations = meta.get("annotations") if type(meta) is dict else None
    if type(annotations) is dict:
        if not keep_origin:
            annotations.pop(ORIGIN_KEY, None)
        if not keep_transformations:
            annotations.pop(TRANSFORMATIONS_KEY, None)
