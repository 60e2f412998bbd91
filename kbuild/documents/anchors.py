"""Anchors, aliases and merge keys of a node tree expanded, with the reference's order of steps.

The reference rebuilds every map from copies before it looks into it, so an alias inside a map points at the map as it
was written, where merge keys are still keys. The steps here follow that, because it shows in what a later merge finds.
Source: kyaml v0.21.1 `deAnchor`, `removeMergeTags`, `mergeAll`, `MapEntrySetter`.
"""

from __future__ import annotations

from kbuild.documents.nodes import ALIAS_NODE, MAPPING_NODE, SCALAR_NODE, SEQUENCE_NODE, Node, scalar_tag, short_tag
from kbuild.documents.tokens import bare_error
from kbuild.model.errors import ResourceError
from kbuild.model.scalars import MERGE, NULL

# The reference has no bound and dies of its memory; no real document comes near.
MAX_COPIES = 1_000_000
MAX_DEPTH = 250


def check_depth(depth: int) -> None:
    """Raise YamlError where collections are nested so deep that recursion over the body could fail."""
    if depth > MAX_DEPTH:
        raise bare_error(f"exceeded max depth of {MAX_DEPTH}")


def expand(root: Node) -> Node:
    """The tree without aliases and merge keys.

    Mutates: the tree.
    Raises: ResourceError, for a merge value that is no map; YamlError, for too many copies or a value inside itself.
    """
    return _Expansion().in_place(root, 1)


def node_tag(node: Node) -> str:
    """The short tag of a node as the reference keeps it; none for an alias."""
    if node.kind == SCALAR_NODE:
        return scalar_tag(node)
    if node.tag and node.tag != "!":
        return short_tag(node.tag)
    return ("!!seq", "!!map", "")[node.kind - 1]


class _Expansion:
    """The budget of one expansion, and the alias targets it is inside of."""

    __slots__ = ("active", "copies")

    def __init__(self) -> None:
        self.copies = 0
        self.active: set[int] = set()

    def in_place(self, node: Node, depth: int) -> Node:
        """Expand below a node that is the tree's own, or an alias' target."""
        check_depth(depth)
        if node.kind == ALIAS_NODE:
            return self.target(node, depth)
        if node.kind == MAPPING_NODE:
            _merge(node)
            node.content = [self.fresh(child, depth + 1) for child in node.content]
        elif node.kind == SEQUENCE_NODE:
            node.content = [self.in_place(child, depth + 1) for child in node.content]
        return node

    def fresh(self, node: Node, depth: int) -> Node:
        """An expanded copy of what stands in a map; what an alias may point at stays as it was written."""
        if node.kind == SCALAR_NODE:
            return node
        check_depth(depth)
        if node.kind == ALIAS_NODE:
            return self.target(node, depth)
        copy = self.shallow(node)
        if node.kind == MAPPING_NODE:
            _merge(copy)
        copy.content = [self.fresh(child, depth + 1) for child in copy.content]
        return copy

    def target(self, alias: Node, depth: int) -> Node:
        """A copy of what an alias points at, expanded."""
        target = alias.target
        assert target is not None
        if id(target) in self.active:
            raise bare_error(f"anchor '{alias.text}' value contains itself", alias.line + 1, alias.column + 1)
        self.active.add(id(target))
        self.in_place(target, depth)
        self.active.discard(id(target))
        return self.deep(target)

    def deep(self, node: Node) -> Node:
        """A copy of an expanded node; of a scalar, too: lines of keys are known by their nodes."""
        if node.kind == SCALAR_NODE:
            return node.copy()
        copy = self.shallow(node)
        copy.content = [self.deep(child) for child in node.content]
        return copy

    def shallow(self, node: Node) -> Node:
        """A copy of a collection with the same content."""
        self.copies += 1 + len(node.content)
        if self.copies > MAX_COPIES:
            raise bare_error("document contains excessive aliasing")
        copy = Node(node.kind, (node.line, node.column), node.tag, style=node.style)
        copy.content, copy.comments = node.content, node.comments
        return copy


def _merge(node: Node) -> None:
    """Replace the merge key of a map by the entries it stands for; the map's own entries win, then earlier ones."""
    merged = _maps_to_merge(_merge_value(node))
    _remove_key(node, "<<")
    if merged or any(_is_null_key(key) for key in node.content[::2]):
        content = list(node.content)
        for source in [*merged, node]:
            _set_entries(content, source.content)
        node.content = content


def _is_null_key(key: Node) -> bool:
    return key.text != "" and (key.text[0] in "~nN" or key.tag != "") and node_tag(key) == NULL


def _merge_value(node: Node) -> Node | None:
    """The value of a map's merge key."""
    result = None
    for at in range(0, len(node.content), 2):
        key = node.content[at]
        if (key.text == "<<" or key.tag) and node_tag(key) == MERGE:
            if result is not None:
                raise ResourceError("duplicate merge key")
            result = node.content[at + 1]
    return result


def _maps_to_merge(value: Node | None) -> list[Node]:
    """The maps that a merge value names, the last one first."""
    if value is None:
        return []
    if value.kind == MAPPING_NODE:
        return [value]
    if value.kind == ALIAS_NODE:
        assert value.target is not None
        if value.target.kind != MAPPING_NODE:
            raise ResourceError("invalid map merge: received alias for a non-map value")
        return [value.target]
    if value.kind != SEQUENCE_NODE:
        raise ResourceError("map merge requires map or sequence of maps as the value")
    result: list[Node] = []
    for item in value.content:
        if item.kind == SEQUENCE_NODE:
            raise ResourceError("invalid map merge: received a nested sequence")
        result += _maps_to_merge(item)
    result.reverse()
    return result


def _remove_key(node: Node, text: str) -> None:
    """Take out the first entry whose key has a text, quoted or not (a defect of the reference)."""
    for at in range(0, len(node.content), 2):
        if node.content[at].text == text:
            node.content = node.content[:at] + node.content[at + 2 :]
            return


def _set_entries(content: list[Node], entries: list[Node]) -> None:
    """Set entries in a map's content by the texts of their keys; a null key counts as empty, so it is added again."""
    first = _places(entries)
    places = _places(content)
    for at in range(0, len(entries), 2):
        source = first[entries[at].text]
        key, value = entries[source], entries[source + 1]
        text = "" if node_tag(key) == NULL else key.text
        place = places.get(text)
        if place is None:
            places.setdefault(key.text, len(content))
            # A node of its own: lines of keys are known by their nodes.
            content += (key.copy(), value)
        else:
            content[place], content[place + 1] = key, value
            if key.text != text:
                places = _places(content)


def _places(content: list[Node]) -> dict[str, int]:
    """Where the first key of each text stands."""
    places: dict[str, int] = {}
    for at in range(0, len(content), 2):
        places.setdefault(content[at].text, at)
    return places
