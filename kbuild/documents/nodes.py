"""The node tree of one YAML document as it was written: anchors, aliases, tags and styles still in place.

Source: go.yaml.in/yaml v3.0.3 `Node`.
"""

from __future__ import annotations

from kbuild.model.scalars import MERGE, STR, tag_of

SCALAR_NODE, SEQUENCE_NODE, MAPPING_NODE, ALIAS_NODE = range(4)
NO_COMMENTS = "", "", ""
_LONG_TAG = "tag:yaml.org,2002:"


class Node:
    """A scalar, list, map or alias.

    Shape: `tag` is the written tag, resolved by its handle, or `""`; `style` is `""` for plain, the scalar's quote or
    block indicator, or the bracket of a flow collection; `content` holds list items, or keys and values in turn; `text` is a
    scalar's value or an alias' name; `comments` are those before it, behind it and at its foot, where they are wanted.
    Units: 0-based line and column.
    """

    __slots__ = ("column", "comments", "content", "kind", "line", "style", "tag", "target", "text")

    def __init__(self, kind: int, at: tuple[int, int], tag: str = "", text: str = "", style: str = "") -> None:
        self.kind, self.tag, self.text, self.style = kind, tag, text, style
        self.line, self.column = at
        self.content: list[Node] = []
        self.target: Node | None = None
        self.comments: tuple[str, str, str] = NO_COMMENTS

    def copy(self) -> Node:
        """Another node with the same content."""
        found = Node(self.kind, (self.line, self.column), self.tag, self.text, self.style)
        found.content, found.target, found.comments = self.content, self.target, self.comments
        return found


def short_tag(tag: str) -> str:
    """A tag with `!!` for the prefix of YAML's own tags."""
    return "!!" + tag[len(_LONG_TAG) :] if tag.startswith(_LONG_TAG) else tag


def scalar_tag(node: Node) -> str:
    """The short tag of a scalar node by the newer version's rules: written, or from its style and text."""
    if node.tag and node.tag != "!":
        return short_tag(node.tag)
    if node.style:
        return STR
    if node.text == "<<":
        return MERGE
    from kbuild.documents.resolve import plain

    return tag_of(plain(node.text))
