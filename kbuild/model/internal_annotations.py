"""Annotations that are the reference's own, taken out of bodies: what they say is in attributes of the resource.

Source: kustomize v5.8.1 `utils.BuildAnnotations`, `resource.Resource`.
"""

from __future__ import annotations

from kbuild.model.resource import CREATE, INTERNAL, MERGE, REPLACE, UNSPECIFIED
from kbuild.model.scalars import key_text, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from kbuild.model.resource import Resource

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


def take(resource: Resource) -> None:
    """Move annotations that are the reference's own into attributes. Mutates: `resource`."""
    meta = resource.body.get("metadata")
    annotations = meta.get("annotations") if type(meta) is dict else None
    if type(annotations) is not dict or not annotations:
        return
    found = [key for key in annotations if (key if type(key) is str else key_text(key)) in REMOVED]
    if not found:
        return
    resource.marks = {key_text(key): list(annotations).index(key) - at for at, key in enumerate(found)}
    # Of equal keys the last one counts.
    hidden = {key_text(key): text_of(annotations.pop(key)) for key in found}
    resource.needs_hash = _taken(hidden, "needsHashSuffix", ("enabled",)) != ""
    resource.behavior = _taken(hidden, "generatorBehavior", (UNSPECIFIED, CREATE, MERGE, REPLACE))
    resource.helm_generated = _taken(hidden, "helm-generated", ("true",)) != ""
    resource.prefixes, resource.suffixes = _csv(hidden, "prefixes"), _csv(hidden, "suffixes")
    if INTERNAL + "previousNames" in hidden:
        names, spaces, kinds = (
            hidden.pop(f"{INTERNAL}previous{part}", "").split(",") for part in ("Names", "Namespaces", "Kinds")
        )
        resource.torn = not len(names) == len(spaces) == len(kinds)
        resource.history = list(zip(names, spaces, kinds, strict=False))
    resource.hidden = hidden


def in_order(resource: Resource, shown: dict[Any, Any], added: dict[str, str]) -> Iterator[tuple[Any, Any]]:
    """The annotations of a body with those that the reference keeps there, each where it came."""
    rest = [(name, at) for name, at in resource.marks.items() if name in added]
    yield from ((name, text) for name, text in added.items() if name not in resource.marks)
    for number, (key, value) in enumerate(shown.items()):
        while rest and rest[0][1] <= number:
            name = rest.pop(0)[0]
            yield name, added[name]
        yield key, value
    yield from ((name, added[name]) for name, _ in rest)


def _taken(hidden: dict[str, str], name: str, known: tuple[str, ...]) -> str:
    """The value of an annotation that has an attribute, `""` where it is not there or not a known one."""
    return hidden.pop(INTERNAL + name) if hidden.get(INTERNAL + name) in known else ""


def _csv(hidden: dict[str, str], name: str) -> list[str]:
    text = hidden.pop(INTERNAL + name, None)
    return [] if text is None else text.split(",")
