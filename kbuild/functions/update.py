"""What plugins answer, put into the build: changed, added and removed resources, and what generated ones ask for.

Source: kustomize v5.8.1 `utils.UpdateResMapValues`, `utils.UpdateResourceOptions`.
"""

from __future__ import annotations

from kbuild.documents.resolve import ABSENT, key, string_set
from kbuild.documents.writer import marshal
from kbuild.model.errors import AmbiguousTargetError, PluginError
from kbuild.model.quote import go_quote
from kbuild.model.resource import CREATE, MERGE, REPLACE, UNSPECIFIED
from kbuild.model.resources import Resources
from kbuild.model.scalars import key_text, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.ids import ObjectId
    from kbuild.model.resource import Resource

ID = "kustomize.config.k8s.io/id"
NEEDS_HASH, BEHAVIOR = "kustomize.config.k8s.io/needs-hash", "kustomize.config.k8s.io/behavior"
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")
_OWN = ("serial", "position", "referenced_by_vars", "scopes")


def id_fields(found: ObjectId) -> dict[str, str]:
    """The parts of an id that are not empty, in the reference's order."""
    names = ("group", "version", "kind", "name", "namespace")
    return {name: text for name, text in zip(names, found, strict=False) if text}


def id_text(resource: Resource) -> str:
    """The id as a plugin sees it in an annotation."""
    return marshal(id_fields(resource.id))


def take_annotations(resource: Resource, *names: str) -> list[str | None]:
    """Remove annotations; returns their values. The others become texts. Mutates: the body."""
    meta = resource.body.get("metadata")
    if type(meta) is not dict:
        return [None] * len(names)
    annotations = meta.pop("annotations", None)
    if type(annotations) is not dict:
        return [None] * len(names)
    texts = {key_text(name): text_of(value) for name, value in annotations.items()}
    found = [texts.pop(name, None) for name in names]
    if texts:
        meta["annotations"] = {key(name): string_set(ABSENT, texts[name]) for name in sorted(texts)}
    return found


def update(resources: Resources, answered: list[Resource], plugin: str, *, is_shallow: bool = False) -> list[Resource]:
    """Let answered resources take the place of those with their ids, the others join, and what is not answered go.

    Returns those that were there and were answered.

    `is_shallow` changes what is there, but neither adds nor removes: a validator works on a list of its own.
    Mutates: `resources`. Raises: PluginError, for two answers with one id.
    """
    seen, written = set(), []
    for new in answered:
        take_annotations(new, ID)
        wanted = new.id.key()
        if wanted in seen:
            from kbuild.documents.gojson import quote

            shown = ",".join(f"{quote(name)}:{quote(text)}" for name, text in id_fields(new.id).items())
            raise PluginError(f"plugin {plugin} generated duplicate resource: {{{shown}}}")
        seen.add(wanted)
        new.from_plugin = True
        there = resources.with_id(wanted)
        if len(there) > 1:
            raise AmbiguousTargetError(f"id matched {len(there)} resources")
        if there:
            adopt(there[0], new)
            resources.touched(there[0])
            written.append(there[0])
        elif not is_shallow:
            resources.append(new)
    if not is_shallow:
        resources.drop([resource for resource in resources if resource.id.key() not in seen])
    return written


def adopt(old: Resource, new: Resource) -> None:
    """Give a resource everything of another but its place. Mutates: `old`."""
    for name in type(old).__slots__:
        if name not in _OWN:
            setattr(old, name, getattr(new, name))


def take_options(resources: list[Resource]) -> list[Resource]:
    """What generated resources say about themselves: whether they want a hash, and how they join. Mutates: them.

    Raises: PluginError, for a value that is no boolean; DuplicateIdError.
    """
    Resources(resources)
    for resource in resources:
        wants_hash, behavior = take_annotations(resource, NEEDS_HASH, BEHAVIOR)
        if wants_hash is not None and wants_hash not in (*_TRUE, *_FALSE):
            raise PluginError(
                f"the annotation {go_quote(NEEDS_HASH)} contains an invalid value ({go_quote(wants_hash)})"
            )
        resource.needs_hash = resource.needs_hash or wants_hash in _TRUE
        resource.behavior = behavior if behavior in (CREATE, REPLACE, MERGE) else UNSPECIFIED
    return resources
