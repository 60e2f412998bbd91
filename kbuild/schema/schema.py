"""Which lists of which kinds are merged, and by which keys: all that a strategic merge asks of an OpenAPI document.

A schema is two tables: kinds to type numbers, and types to fields. Nodes are made of them on demand, one closure
per kind, so that a build pays for the kinds it patches only.
Decision record: docs/adr/0005-schema-as-table.md.
Source: kyaml v0.21.1 `openapi`.
"""

from __future__ import annotations

from kbuild.model.errors import CrashError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    Keys = tuple[str, ...]
    Entry = tuple[int, Keys | str | None]

NO_SCHEMA = -1  # the number of a type that is not there
ANY_FIELD = "?"  # the name of the entry for every field that is not listed


class Node:
    """What is known about one place of a resource.

    Shape: `fields` are the fields with a node; `other` is the node of every further field (a map of values) or None;
    `keys` are the merge keys of a merged list (empty: a list of primitives) or None; `items` is the node of its elements or None;
    `is_deep` says that a merged list may be found below. Never changed once its schema has handed it out.
    """

    __slots__ = ("fields", "is_deep", "items", "keys", "other")

    def __init__(self, keys: Keys | None = None, items: Node | None = None) -> None:
        self.fields: dict[str, Node] = {}
        self.other: Node | None = None
        self.keys, self.items = keys, items
        self.is_deep = keys is not None

    def field(self, name: str) -> Node | None:
        """The node of a field, None where nothing is known."""
        return self.fields.get(name, self.other)

    def elements(self) -> Node | None:
        """The node of a merged list's elements."""
        return self.items

    def merge_keys(self) -> Keys:
        """The keys that elements are matched by; empty for a list of primitives and for whatever is replaced."""
        return self.keys or ()

    @property
    def strategy(self) -> str:
        """`merge` or `replace`."""
        return "replace" if self.keys is None else "merge"


class BrokenNode(Node):
    """A place whose document says nonsense about merging: the reference crashes as soon as it meets a list there."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason, self.is_deep = reason, True

    @property
    def keys(self) -> Keys | None:
        """Raises: CrashError."""
        raise CrashError(self.reason)

    @keys.setter
    def keys(self, _keys: Keys | None) -> None:
        """Nothing: there are none."""


class Schema:
    """The merge information of one OpenAPI document.

    Shape: `kinds` maps `apiVersion kind` to a type number; `types[n]` are the entries of a type, as a dict or as
    text `field=type` or `field=type*key,key` (a merged list and its elements' type). Type 0 is known and of no interest.
    A text in place of keys is what the reference crashes with there.
    """

    __slots__ = ("_kinds", "_nodes", "_types")

    def __init__(self, kinds: Mapping[str, int], types: Sequence[str | dict[str, Entry]]) -> None:
        self._kinds, self._types = kinds, types
        self._nodes: dict[int, Node] = {0: Node()}

    @classmethod
    def builtin(cls) -> Schema:
        """The schema of Kubernetes v1.21.2 and of the reference's own kinds."""
        from kbuild.schema import builtin_table

        return cls(builtin_table.KINDS, builtin_table.TYPES)

    @classmethod
    def from_openapi(cls, document: Mapping[str, Any]) -> Schema:
        """The schema of a Swagger 2 document, which replaces the built-in one; the reference's own kinds stay known."""
        from kbuild.schema import extend

        return cls(*extend.with_own_kinds(document))

    def root(self, api_version: str, kind: str) -> Node | None:
        """The node of a kind, or None for an unknown one."""
        number = self._kinds.get(f"{api_version} {kind}")
        return None if number is None else self._node(number)

    def _node(self, number: int) -> Node | None:
        if number == NO_SCHEMA:
            return None
        node = self._nodes.get(number)
        if node is None:
            node = self._nodes[number] = Node()
            for name, (child, keys) in self._entries(number):
                found = self._node(child)
                if keys is not None:
                    found = BrokenNode(keys) if isinstance(keys, str) else Node(keys, found)
                if found is None:
                    continue
                if name == ANY_FIELD:
                    node.other = found
                else:
                    node.fields[name] = found
            # Only types that lead to a merged list have a number of their own.
            node.is_deep = True
        return node

    def _entries(self, number: int) -> Iterator[tuple[str, Entry]]:
        entries = self._types[number]
        if type(entries) is dict:
            yield from entries.items()
            return
        for text in entries.split():  # type: ignore[union-attr]
            name, _, target = text.partition("=")
            child, star, keys = target.partition("*")
            yield name, (int(child), tuple(keys.split(",")) if keys else () if star else None)
