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
BY = ("apiVersion", "kind", "name", "namespace")


class OriginTexts(dict["Origin | tuple[Origin, ...]", Quoted]):
    """The text of an origin, or of several ones as a list; made on demand."""

    __slots__ = ()

    def __missing__(self, key: Any) -> Quoted:
        from kbuild.documents.v3text import dumps

        value = as_map(key) if type(key[0]) is str else [as_map(origin) for origin in key]
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


def origin_texts(resource: Resource) -> dict[str, str]:
    """The annotations about origins that the reference holds on a resource during a build that tracks them."""
    texts, found = OriginTexts(), {}
    if resource.origin is not None:
        found[ORIGIN_KEY] = str(texts[resource.origin])
    if resource.transformations:
        found[TRANSFORMATIONS_KEY] = str(texts[tuple(resource.transformations)])
    return found
