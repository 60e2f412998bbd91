"""Identity in a cluster: group, kind, namespace and name. The version is a hint for reading, never part of it.

The text form is byte for byte what Flux and cli-utils store (`namespace_name_group_Kind`, a `:` in the name written as
`__`), so that their inventories import unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

Body: TypeAlias = Mapping[str, Any]
_make = tuple.__new__


class GroupKind(NamedTuple):
    """A kind without its version. `str()` is `Kind.group`, the kind alone for the core group."""

    group: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind


class ObjectId(NamedTuple):
    """Which object is meant. `namespace` is `""` for cluster-scoped kinds."""

    group: str
    kind: str
    namespace: str
    name: str

    @property
    def group_kind(self) -> GroupKind:
        """The kind."""
        return _make(GroupKind, self[:2])  # asked for several times for each object of a run

    @property
    def is_secret(self) -> bool:
        """Whether it is a Secret, whose values must never be shown."""
        return self.kind == "Secret" and not self.group

    @property
    def text(self) -> str:
        """`namespace_name_group_Kind`, as inventories store it."""
        return f"{self.namespace}_{self.name.replace(':', '__')}_{self.group}_{self.kind}"

    @property
    def path(self) -> str:
        """`namespace/name`, or the name alone."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        """`apps/Deployment shop/web`, for a person."""
        kind = f"{self.group}/{self.kind}" if self.group else self.kind
        return f"{kind} {self.path}"


def parse_id(text: str) -> ObjectId:
    """Read the text form.

    Raises: ValueError, when a part is missing. Source: cli-utils `object.ParseObjMetadata`: the core group is empty, so
    that `__` may also be a separator; names are unescaped after the split.
    """
    namespace, first, rest = text.partition("_")
    front, second, kind = rest.rpartition("_")
    name, third, group = front.rpartition("_")
    if not (first and second and third and name and kind):
        raise ValueError(f"not an object id: {text!r}")
    return ObjectId(group, kind, namespace, name.replace("__", ":"))


def split_api_version(api_version: str) -> tuple[str, str]:
    """`(group, version)` of an apiVersion."""
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", api_version)


def join_api_version(group: str, version: str) -> str:
    """The apiVersion of a group and a version."""
    return f"{group}/{version}" if group else version


def id_of(body: Body) -> ObjectId:
    """The id of a body as it is written; missing parts are empty."""
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    group, _ = split_api_version(str(body.get("apiVersion") or ""))
    namespace, name = metadata.get("namespace") or "", metadata.get("name") or ""
    return ObjectId(group, str(body.get("kind") or ""), str(namespace), str(name))
