"""What renders one after the other may share: files read, documents parsed, bases folded, and the reader's tables.

It belongs to whoever renders many folders, serves one render at a time, and holds no more than its budget: what was used
longest ago goes first. Everything handed out is a copy, so that a render never sees what another one did.
Decision: docs/adr/0020-share-bases-between-renders.md.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Json
    from kbuild.model.tree import Node

BUDGET_BYTES = 8 << 20
_MOST_LINES = 200_000


class Built:
    """A base that was folded.

    Shape: `root`, `file`, `text`, `fields`, `own_resources`, `reads` and `folders` are its node's, of which nothing else is
    kept; `resources` are as the fold left them, never handed out themselves; `config` is its transformer configuration;
    and `has_defaults` whether the default one went into it; `warnings` are the lines for standard error; `uses_schema` is
    whether its fold looked into the merge schema, and `plugin_types` which (apiVersion, kind) its plugins had: both decide
    what a later `openapi` starts from.
    """

    __slots__ = (
        "config", "fields", "file", "folders", "has_defaults", "own_resources", "plugin_types", "reads", "resources", "root",
        "text", "uses_schema", "warnings",
    )  # fmt: skip

    def __init__(self, node: Node, resources: Sequence[Resource], config: Any) -> None:
        self.root, self.file, self.text, self.fields = node.root, node.file, node.text, node.fields
        self.own_resources, self.reads, self.folders = node.own_resources, node.reads, node.folders
        self.resources, self.config = tuple(resources), config
        self.warnings: tuple[str, ...] = ()
        self.plugin_types: frozenset[tuple[str, str]] = frozenset()
        self.has_defaults = self.uses_schema = False


class Shared:
    """The store. Units: sizes are bytes of source text.

    Shape: `memo` has the reader's tables; `real_folders` what folders really are; `entries` map (sort, path) to (value, size),
    the one used last at the end.
    """

    __slots__ = ("budget", "entries", "held", "memo", "real_folders")

    def __init__(self, memo: Any, budget: int = BUDGET_BYTES) -> None:
        self.memo, self.budget = memo, budget
        self.real_folders: dict[str, str] = {}
        self.entries: dict[tuple[str, str], tuple[Any, int]] = {}
        self.held = 0

    def find(self, sort: str, path: str) -> Any:
        """What is kept, or None."""
        found = self.entries.pop((sort, path), None)
        if found is None:
            return None
        self.entries[sort, path] = found
        return found[0]

    def keep(self, sort: str, path: str, value: object, size: int) -> None:
        """Keep a value, and let the oldest ones go where there is too much. Mutates: the entries."""
        if size > self.budget // 2:
            return
        self.held += size - self.entries.pop((sort, path), (None, 0))[1]
        self.entries[sort, path] = (value, size)
        while self.held > self.budget:
            self.held -= self.entries.pop(next(iter(self.entries)))[1]

    def find_parsed(self, path: str, text: Json, counters: Counters) -> list[Resource] | None:
        """Copies of the resources of a file, if it was parsed before with just this text."""
        found = self.find("parsed", path)
        if found is None or found[0] != text:
            return None
        counters.copies += len(found[1])
        return [resource.copy() for resource in found[1]]

    def keep_parsed(self, path: str, text: str | bytes, resources: Sequence[Resource], counters: Counters) -> None:
        """Keep copies of the resources of a file."""
        counters.copies += len(resources)
        self.keep("parsed", path, (text, [resource.copy() for resource in resources]), len(text))

    def trim(self) -> None:
        """Between two renders: forget the reader's lines when there are very many."""
        if len(self.memo.resources.lines) > _MOST_LINES:
            self.memo.resources.lines.clear()
            self.memo.resources.heads.clear()
