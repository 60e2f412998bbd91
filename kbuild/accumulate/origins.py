"""Where resources come from and what transformed them: `buildMetadata`'s origin and transformation annotations.

Kept as attributes of the resources and written into the annotations once, at the end.
Source: kustomize v5.8.1, `resource.Origin`, `AddOriginAnnotation`, `AddTransformerAnnotation`.
"""

from __future__ import annotations

from os.path import join, normpath

from kbuild.accumulate.origin_reading import read_origin, read_transformations, take_annotations
from kbuild.documents.annotations import take_origins
from kbuild.documents.origin_text import NOBODY, ORIGIN_KEY, TRANSFORMATIONS_KEY, OriginTexts
from kbuild.model import repo_spec
from kbuild.model.resource import part_annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kbuild.documents.origin_text import Origin
    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Quoted
    from kbuild.model.tree import BaseEntry


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
            take_origins(resource.body.get("metadata"), resource)
            resource.origin = origin

    def builtin(self, kind: str, file_name: str) -> Origin:
        """The origin of what a field of the current kustomization file generates or transforms."""
        here, repo, ref = self.place
        return ("", repo, ref, normpath(join(here, file_name)), ("builtin", kind, "", ""))

    def generated(self, resources: Iterable[Resource], origin: Origin | None) -> None:
        """Note the generator of resources; those that say themselves where they come from are left alone. Mutates: the bodies."""
        for resource in resources:
            meta = resource.body.get("metadata")
            if type(meta) is dict and "annotations" in meta:
                take_annotations(resource)
            if origin is not None and resource.origin is None:
                resource.origin = origin

    def custom(self, configuration: Resource) -> Origin | None:
        """The origin of what a plugin configuration generates or transforms. Raises: KbuildError, where it cannot be read."""
        origin = configuration.origin
        if type(origin) is str:
            origin = read_origin(origin)
        if origin is None:
            return None
        path, repo, ref = origin[:3]
        found = configuration.id
        return ("", repo, ref, path, (found.api_version, found.kind, found.name, found.namespace))

    def transformed(self, resources: Iterable[Resource], origin: Origin) -> None:
        """Note a transformer that ran over these resources; one without an origin was made by it.

        Mutates: the bodies. Raises: KbuildError, where there can be no annotations, or those of others cannot be read.
        """
        for resource in resources:
            # A patch may have deleted a resource, which is left out later.
            if not resource.body or not take_annotations(resource):
                continue
            if type(resource.origin) is str:
                read_origin(resource.origin)
            if resource.origin is None:
                resource.origin = origin
            elif type(resource.transformations) is str:
                resource.transformations = [*read_transformations(resource.transformations), origin]
            else:
                resource.transformations.append(origin)
            # The reference sorts all annotations whenever it writes one of these.
            resource.marks = {}
            if resource.twins:
                part_annotations(resource)

    def write(self, resource: Resource, *, with_origin: bool, with_transformations: bool) -> None:
        """Put the annotations into the body. Mutates: `resource.body`."""
        if with_origin and resource.origin is not None:
            annotate(resource, ORIGIN_KEY, self._texts[resource.origin])
        steps = resource.transformations
        if with_transformations and steps != []:
            annotate(resource, TRANSFORMATIONS_KEY, self._texts[steps if type(steps) is str else tuple(steps)])

    def take(self, resource: Resource) -> None:
        """Read the annotations of a resource that came back from a plugin. Mutates: `resource`."""
        take_origins(resource.body.get("metadata"), resource)


def annotate(resource: Resource, key: str, text: Quoted) -> None:
    """Set one annotation. Mutates: `resource.body`."""
    meta = resource.body.get("metadata")
    if type(meta) is not dict:
        meta = resource.body["metadata"] = {}
    annotations = meta.get("annotations")
    if type(annotations) is not dict:
        annotations = meta["annotations"] = {}
    annotations[key] = text


def strip(resource: Resource, *, keep_origin: bool, keep_transformations: bool) -> None:
    """Remove origin annotations that a user wrote, unless the build is to show them. Mutates: `resource.body`."""
    meta = resource.body.get("metadata")
    annotations = meta.get("annotations") if type(meta) is dict else None
    if type(annotations) is dict:
        if not keep_origin:
            annotations.pop(ORIGIN_KEY, None)
        if not keep_transformations:
            annotations.pop(TRANSFORMATIONS_KEY, None)
