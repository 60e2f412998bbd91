"""Entries that are aimed at resources, and what they hit: patches, replacements, images.

An entry is reported when it never hit anything in any build that it took part in: a component may be meant for one
overlay of many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kbuild.counters import Counters
from kbuild.fields.selector import Selector
from kbuild.lint.list_rules import replaced_lists
from kbuild.merge.resource_patch import find_target
from kbuild.model.errors import KbuildError
from kbuild.transformers.images import ImageTagTransformer, find_images
from kbuild.transformers.patches import PatchTransformer
from kbuild.transformers.patches_json6902 import PatchJson6902Transformer
from kbuild.transformers.patches_strategic_merge import PatchStrategicMergeTransformer
from kbuild.transformers.replacements import Finder, ReplacementTransformer, is_selected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.tree import Node

SELECTOR_FIELDS = ("group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector")
Place = tuple[str, tuple[str | int, ...]]  # kustomization file, path of the entry in it


class Hits:
    """What each entry hit. Shape: `missed` maps (rule, place) to its message until something is hit."""

    def __init__(self) -> None:
        self.missed: dict[tuple[str, Place], str] = {}
        self._hit: set[tuple[str, Place]] = set()
        self.lists: dict[tuple[Place, str], tuple[str, str]] = {}

    def note(self, rule: str, place: Place, message: str, *, is_hit: bool) -> None:
        """Take note of one entry in one build."""
        key = (rule, place)
        if is_hit:
            self._hit.add(key)
            self.missed.pop(key, None)
        elif key not in self._hit:
            self.missed[key] = message


# Transformers that stand for one entry of a field, and those that stand for the whole field.
_ENTRIES = {PatchTransformer: "patches", ImageTagTransformer: "images", PatchJson6902Transformer: "patchesJson6902"}
_WHOLE = {PatchStrategicMergeTransformer: "patchesStrategicMerge", ReplacementTransformer: "replacements"}


def places(node: Node, transformers: list[Any]) -> dict[int, Place]:
    """Where each builtin transformer of a kustomization file is written, by identity of the transformer.

    Those that plugin configurations add come after the entries of the file itself and have no place in it.
    """
    counts: dict[str, int] = {}
    found: dict[int, Place] = {}
    for transformer in transformers:
        kind = type(transformer)
        field = _ENTRIES.get(kind) or _WHOLE.get(kind)
        if field is None:
            continue
        at = counts.get(field, 0)
        counts[field] = at + 1
        written = len(node.fields.get(field) or ())
        if kind in _ENTRIES and at < written:
            found[id(transformer)] = (node.file, (field, at))
        elif kind in _WHOLE and written and not at:
            found[id(transformer)] = (node.file, (field,))
    return found


class Surroundings:
    """What the transformers of one kustomization run on, and where findings are noted."""

    def __init__(self, resources: Resources, schema: Callable[[], Any], hits: Hits) -> None:
        self.resources, self.schema, self.hits = resources, schema, hits

    def aimed_at(self, target: dict[str, Any], place: Place) -> list[Resource]:
        """The resources that a patch is aimed at. Mutates: `hits`. Raises: KbuildError."""
        selected = Selector(target).select(self.resources)
        message = f"no resource has {shown(target)}: the patch changes nothing"
        self.hits.note("patch-matches-nothing", place, message, is_hit=bool(selected))
        return selected

    def note_lists(self, patch: Any, resource: Resource, place: Place) -> None:
        """The lists of a custom resource that a patch is about to replace. Mutates: `hits`."""
        for path, before, after in replaced_lists(patch, resource, self.schema()):
            message = (
                f"the patch replaces the whole list {path} of {resource.id.kind} {resource.id.name}"
                f" ({before} {'entry' if before == 1 else 'entries'}) by its own {after}"
            )
            self.hits.lists.setdefault((place, path), (message, resource.id.kind))


def look(transformer: Any, place: Place, written: list[Any], around: Surroundings) -> None:
    """See what a transformer is about to hit; `written` are the file's replacements.

    Mutates: the hits. A selector that cannot be read is left to the build, which refuses it.
    """
    try:
        if isinstance(transformer, PatchTransformer):
            look_at_patch(transformer, place, around)
        elif isinstance(transformer, PatchJson6902Transformer):
            around.aimed_at(transformer.target, place)
        elif isinstance(transformer, PatchStrategicMergeTransformer):
            look_at_documents(transformer.documents, place, around)
        elif isinstance(transformer, ReplacementTransformer):
            look_at_replacements(transformer, place, written, around)
    except KbuildError:
        return


def look_at_patch(patch: PatchTransformer, place: Place, around: Surroundings) -> None:
    """One entry of `patches`. Raises: KbuildError."""
    if patch.target is None:
        look_at_documents(patch.documents, place, around)
    elif patch.documents or patch.operations:
        selected = around.aimed_at(patch.target, place)
        for document in patch.documents[:1]:
            for resource in selected:
                around.note_lists(document.body, resource, place)


def look_at_documents(documents: Any, place: Place, around: Surroundings) -> None:
    """Strategic merge patches that name their target themselves. Raises: KbuildError."""
    for document in documents:
        around.note_lists(document.body, find_target(around.resources, document.resource), place)


def look_at_replacements(
    transformer: ReplacementTransformer, place: Place, written: list[Any], around: Surroundings
) -> None:
    """The targets of all replacements. Raises: KbuildError."""
    finder = Finder(around.resources, Counters(), splits_inside=False)
    for at, entry in zip(written_at(transformer.entries, written), transformer.entries, strict=True):
        for number, target in enumerate(entry.get("targets") or ()):
            config = (target or {}).get("select")
            if config is None:
                continue
            select = Selector(config)
            rejects = [(Selector(reject), reject) for reject in target.get("reject") or () if reject]
            is_hit = any(is_selected(resource, select, rejects) for resource in finder.selected(select))
            message = f"no resource has {shown(config)}"
            path = (*place[1], at, "targets", number)
            around.hits.note("replacement-matches-nothing", (place[0], path), message, is_hit=is_hit)


def shown(target: dict[str, Any]) -> str:
    """A selector for people: `kind Deployment and name web`."""
    parts = [f"{name} {target[name]}" for name in SELECTOR_FIELDS if target.get(name)]
    return " and ".join(parts) or "anything"


def written_at(entries: list[Any], written: list[Any]) -> list[int]:
    """For each replacement the index of the entry in the kustomization file that it is, or that names its file."""
    inline = {id(entry): at for at, entry in enumerate(written)}
    found: list[int] = []
    last = -1
    for entry in entries:
        at = inline.get(id(entry), -1)
        if at < 0:
            at = max(last, next((n for n in range(last + 1, len(written)) if written[n].get("path")), last), 0)
            at = last if last >= 0 and written[last].get("path") else at
        found.append(at)
        last = at
    return found


def look_at_images(entries: list[tuple[ImageTagTransformer, Place]], resources: Resources, hits: Hits) -> None:
    """The `images` entries of one file, one after the other. Mutates: `hits`."""
    texts = set(image_texts(resources))
    for transformer, place in entries:
        renamed = {text: transformer.new_text(text) for text in texts}
        is_hit = any(new is not None for new in renamed.values())
        message = f'no resource has the image "{transformer.name}"'
        hits.note("image-matches-nothing", place, message, is_hit=is_hit)
        texts = {text if new is None else new for text, new in renamed.items()}


def image_texts(resources: Resources) -> Iterator[str]:
    """The images of all containers."""
    for resource in resources:
        for holder, key in find_images(resource.body):
            if isinstance(holder[key], str):
                yield holder[key]
