"""The texts of the annotations that say where a resource comes from and what transformed it.

Source: kustomize v5.8.1, `resource.Origin`, `resource.Transformations`.
"""

from __future__ import annotations

from kbuild.model.scalars import Quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.resource import Resource

    # An origin: its path, repo, ref, configuredIn, and the id of what configured it.
    Origin = tuple[str, str, str, str, tuple[str, str, str, str]]

ORIGIN_KEY = "config.kubernetes.io/origin"
TRANSFORMATIONS_KEY = "alpha.config.kubernetes.io/transformations"
NOBODY = ("", "", "", "")
BY = ("apiVersion", "kind", "name", "namespace")


class OriginTexts(dict["Origin | tuple[Origin | None, ...] | str", Quoted]):
    """The text of an origin, or of several ones as a list; made on demand. What is a text already stays as it is."""

    __slots__ = ()

    def __missing__(self, key: Any) -> Quoted:
        if type(key) is str:
            return Quoted(key)
        from kbuild.documents.v3text import dumps

        is_one = bool(key) and type(key[0]) is str
        value = as_map(key) if is_one else [None if origin is None else as_map(origin) for origin in key]
        found = self[key] = Quoted(dumps(value))
        return found


def as_map(origin: Origin) -> dict[str, Any]:
    """An origin as the reference prints it: keys in its order, empty ones left out."""
    path, repo, ref, configured_in, who = origin
    result: dict[str, Any] = {"path": path, "repo": repo, "ref": ref, "configuredIn": configured_in}
    by = {name: text for name, text in zip(BY, who, strict=True) if text}
    result = {name: text for name, text in result.items() if text}
    if by:
        result["configuredBy"] = by
    return result


def is_tracked(resource: Resource) -> bool:
    """Whether the reference would hold annotations about origins on a resource."""
    return resource.origin is not None or resource.transformations != []


def origin_texts(resource: Resource) -> dict[str, str]:
    """The annotations about origins that the reference holds on a resource during a build that tracks them."""
    texts, found = OriginTexts(), {}
    if resource.origin is not None:
        found[ORIGIN_KEY] = str(texts[resource.origin])
    steps = resource.transformations
    if steps != []:
        found[TRANSFORMATIONS_KEY] = str(texts[steps if type(steps) is str else tuple(steps)])
    return found
