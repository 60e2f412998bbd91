"""Which lists are merged by key, by kind and field: the built-in Kubernetes types or an OpenAPI document.

A schema is a value: two renders with two schemas know nothing of each other.
Source: kyaml v0.21.1 `openapi.ResourceSchema`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Self

    # fields, additional properties (-1: none), elements (-1: none), merge keys (None: the list is replaced as a whole)
    Node = tuple[dict[str, int], int, int, tuple[str, ...] | None]

PLAIN = 0


class Schema:
    """Types as numbered nodes.

    Shape: node 0 (PLAIN) is a known type with nothing to merge below it; -1 stands for an unknown type.
    """

    __slots__ = ("_kinds", "_nodes", "_plain_kinds")

    def __init__(
        self, nodes: tuple[Node, ...], kinds: Mapping[tuple[str, str], int], plain_kinds: Collection[tuple[str, str]]
    ) -> None:
        self._nodes, self._kinds, self._plain_kinds = nodes, kinds, plain_kinds

    @classmethod
    def builtin(cls) -> Self:
        """The Kubernetes types that the reference embeds (v1.21.2)."""
        from kbuild.schema.builtin_table import KINDS, NODES, PLAIN_KINDS

        return cls(NODES, KINDS, PLAIN_KINDS)

    def root(self, api_version: str, kind: str) -> int:
        """The node of a kind, -1 for an unknown one."""
        key = (api_version, kind)
        found = self._kinds.get(key, -1)
        return PLAIN if found < 0 and key in self._plain_kinds else found

    def field(self, node: int, name: str) -> int:
        """The node of a field, -1 where nothing is known."""
        if node <= 0:
            return -1
        fields, additional, _, _ = self._nodes[node]
        return fields.get(name, additional)

    def elements(self, node: int) -> int:
        """The node of a list's elements, -1 where nothing is known."""
        return self._nodes[node][2] if node > 0 else -1

    def merge_keys(self, node: int) -> tuple[str, ...] | None:
        """The keys that a list is merged by, an empty tuple for a list of plain values, None when it is replaced."""
        return self._nodes[node][3] if node > 0 else None
