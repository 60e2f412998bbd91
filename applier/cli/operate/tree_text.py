"""A tree of objects as lines, or as plain values for scripts. Source: flux2 v2.9 `tree`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from applier.model.ids import ObjectId

MIDDLE, LAST, DOWN, BLANK = "├── ", "└── ", "│   ", "    "


@dataclass(slots=True)
class Node:
    """An object, and what it brought to the cluster. `note` stands behind its name."""

    id: ObjectId
    children: list[Node] = field(default_factory=list)
    note: str = ""


def label(object_id: ObjectId) -> str:
    """`Kind/namespace/name`, or `Kind/name`."""
    return f"{object_id.kind}/{object_id.path}"


def lines(root: Node) -> Iterator[str]:
    """The lines of a tree, without line ends."""
    yield label(root.id) + root.note
    # A stack and no recursion: what nests deeply is drawn as well.
    waiting = [(root.children[at], "", at == len(root.children) - 1) for at in reversed(range(len(root.children)))]
    while waiting:
        node, front, is_last = waiting.pop()
        yield front + (LAST if is_last else MIDDLE) + label(node.id) + node.note
        below = front + (BLANK if is_last else DOWN)
        count = len(node.children)
        waiting += [(node.children[at], below, at == count - 1) for at in reversed(range(count))]


def value(node: Node) -> dict[str, Any]:
    """A tree as JSON has it."""
    object_id = node.id
    found: dict[str, Any] = {
        "resource": {
            "Namespace": object_id.namespace,
            "Name": object_id.name,
            "GroupKind": {"Group": object_id.group, "Kind": object_id.kind},
        }
    }
    if node.children:
        found["resources"] = [value(child) for child in node.children]
    return found
