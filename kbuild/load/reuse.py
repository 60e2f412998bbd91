"""A base that a tree reaches twice: loaded once, copied for the second time, unless the way there would be a cycle."""

from __future__ import annotations

from kbuild.load.root import has_prefix
from kbuild.model.tree import BaseEntry, FileEntry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.load.root import Root


def would_cycle(node: Node, root: Root) -> bool:
    """Whether a known tree, reached on this way, would visit a folder or a URL that the way already holds."""
    way = root.way()
    folders = [visited.path for visited in way]
    urls = [visited.clone.spec.raw for visited in way if visited.clone is not None]
    queue = [node]
    if any(has_prefix(folder, inner) for inner in node.folders for folder in folders):
        return True
    for reached in queue:
        lists: list[list[Any]] = [reached.resources, reached.components, *reached.plugins.values()]
        children = [entry.node for entries in lists for entry in entries if type(entry) is BaseEntry]
        if any(child.remote and url.startswith(child.remote) for child in children for url in urls):
            return True
        queue += children
    return False


def copy_node(node: Node, counters: Counters) -> Node:
    """A tree that shares nothing mutable with the one it is a copy of."""
    twin = Node(node.root, node.file, node.text)
    twin.fields, twin.warnings, twin.files = node.fields, node.warnings, node.files
    twin.read_more, twin.as_base, twin.own_resources = node.read_more, node.as_base, node.own_resources
    twin.remote, twin.reads, twin.built, twin.is_shareable = node.remote, node.reads, node.built, node.is_shareable
    twin.resources = [copy_entry(entry, counters) for entry in node.resources]
    twin.components = [copy_entry(entry, counters) for entry in node.components]
    twin.plugins = {name: [copy_entry(entry, counters) for entry in entries] for name, entries in node.plugins.items()}
    return twin


def copy_entry(entry: Any, counters: Counters) -> Any:
    """A copy of an entry, its resources counted."""
    if type(entry) is FileEntry:
        counters.copies += len(entry.resources)
        return FileEntry(entry.path, [resource.copy() for resource in entry.resources])
    if type(entry) is BaseEntry:
        return BaseEntry(entry.path, copy_node(entry.node, counters), entry.file_error)
    return entry
