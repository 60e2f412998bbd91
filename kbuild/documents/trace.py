"""Where the values of a build come from: their nodes in the texts that were read, with style and comments.

Kept only while a failed build runs once more (kbuild/again.py). Values are known by identity: a step that moves or
copies one keeps its key and scalar objects, whatever it makes of the maps and lists around them; what a step writes is a new
object, and unknown here, as the reference's new node has no style of a file and no comments.
Source: kyaml v0.21.1 `RNode`, `FieldSetter`, merge2 `Merger`.
"""

from __future__ import annotations

from kbuild.documents.anchors import expand, node_tag
from kbuild.documents.commented import read_document
from kbuild.documents.compose import value_of
from kbuild.documents.nodes import MAPPING_NODE, NO_COMMENTS, SCALAR_NODE, SEQUENCE_NODE, Node, scalar_tag
from kbuild.documents.resolve import EMPTY, plain, typed
from kbuild.model.scalars import NULL, STR, OddKey, Quoted, Scalar, key_text, tag_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Body, Json


class Key:
    """Where a key stood: its node, its value's, and that of the map around both."""

    __slots__ = ("around", "node", "value")

    def __init__(self, node: Node, value: Node, around: Node) -> None:
        self.node, self.value, self.around = node, value, around


class Trace:
    """What is known of every value that was read.

    Shape: `nodes` and `keys` are by the identity of a value or key, which is held beside what is known of it; `above` has the
    list or map around a node, by its identity; `adopted` the identities of all nodes of patches, and `short` their keys of one
    character, of which Python has one object each. `heads` has the comments
    of a whole document, before and behind it, by the identity of its root. `files` are those whose resources are to be known,
    all where there are none; what is no resource always is.
    """

    __slots__ = ("above", "adopted", "files", "heads", "keys", "nodes", "short")

    def __init__(self, files: frozenset[str] = frozenset()) -> None:
        self.files = files
        self.nodes: dict[int, tuple[Json, Node]] = {}
        self.keys: dict[int, tuple[Json, Key]] = {}
        self.above: dict[int, Node] = {}
        self.adopted: set[int] = set()
        self.short: dict[str, list[Key]] = {}
        self.heads: dict[int, tuple[str, str]] = {}

    def read(self, chunk: str, *, is_patch: bool) -> Json:
        """The first document of a chunk as `compose` gives it, None where there is none; its values are known from now on.

        Raises: YamlError, ResourceError.
        """
        document = read_document(chunk)
        root = document.root
        if root is None:
            return None
        if node_tag(root) == NULL:
            return EMPTY
        root = expand(root)
        self.heads[id(root)] = document.head, document.foot
        duplicates: list[OddKey] = []
        refresh(root, set())
        body = value_of(root, duplicates)
        if duplicates:
            from kbuild.documents.layout import note_lines

            note_lines(body, chunk, None)
        self.note(body, root, is_patch=is_patch)
        return body

    def reread(self, value: Json) -> Json:
        """A value as read from its JSON text. Raises: OutputError."""
        from kbuild.documents import generic, gojson

        return self.read(gojson.dumps(generic.to_generic(value)), is_patch=False)

    def note(self, value: Json, node: Node, *, is_patch: bool) -> None:
        """Know a value, and all below it, as what stands in a node."""
        if is_patch:
            self.adopted.add(id(node))
        if is_traceable(value):
            self.nodes.setdefault(id(value), (value, node))
        if type(value) is dict and node.kind == MAPPING_NODE:
            for (key, item), name, below in zip(value.items(), node.content[::2], node.content[1::2], strict=False):
                self.above[id(below)] = node
                if is_traceable(key):
                    self.keys.setdefault(id(key), (key, Key(name, below, node)))
                elif is_patch:
                    self.short.setdefault(key, []).append(Key(name, below, node))
                self.note(item, below, is_patch=is_patch)
        elif type(value) is list and node.kind == SEQUENCE_NODE:
            for item, below in zip(value, node.content, strict=False):
                self.above[id(below)] = node
                self.note(item, below, is_patch=is_patch)

    def follow(self, old: Json, new: Json, *, keeps_comments: bool = True) -> None:
        """A step changed nothing but the text of a scalar: its style stays, and mostly its comments."""
        found = self.of(old)
        if found is not None and found.kind == SCALAR_NODE and is_traceable(new) and type(new) not in (dict, list):
            node = found.copy() if found.tag else written(new, text_of(new), found.style)
            node.text, node.comments = text_of(new), found.comments if keeps_comments else NO_COMMENTS
            self.nodes[id(new)] = new, node
            if id(found) in self.above:
                self.above[id(node)] = self.above[id(found)]

    def style_of(self, value: Json) -> str:
        """The style that a list or map has by now."""
        node = self.of(value) if type(value) in (dict, list) else None
        return "" if node is None else node.style

    def relist(self, value: list[Json], style: str) -> None:
        """A step put the items of a list into a new one."""
        node = Node(SEQUENCE_NODE, (0, 0), style=style)
        node.content = [found for item in value if (found := self.of(item)) is not None]
        self.nodes[id(value)] = value, node

    def comment(self, value: Body, other: Body) -> None:
        """A step gave a map the comments that another one has."""
        there = self.of(other)
        if there is None or not any(there.comments):
            return
        here = self.of(value) or Node(MAPPING_NODE, (0, 0))
        head, line, foot = (new or old for new, old in zip(there.comments, here.comments, strict=True))
        here.comments = head, line, foot
        self.nodes[id(value)] = value, here

    def renewed(self, value: Json, *, sorts: bool = False) -> Json:
        """A value of which nothing is known: a step wrote it as text and read that; `sorts` says that it was JSON."""
        kind = type(value)
        if kind is dict:
            keys = sorted(value, key=key_text) if sorts else value
            return {self.renewed(key): self.renewed(value[key], sorts=sorts) for key in keys}
        if kind is list:
            return [self.renewed(item, sorts=sorts) for item in value]
        if kind is str:
            return value[:1] + value[1:]
        if kind is Quoted:
            fresh = Quoted(value)
            for name in ("is_single", "is_folded"):
                if hasattr(value, name):
                    setattr(fresh, name, True)
            return fresh
        return Scalar(value.text, value.tag, value.quoted) if kind is Scalar and id(value) in self.nodes else value

    def of(self, value: Json) -> Node | None:
        """The node of a scalar, map or list, None where it is not known."""
        found = self.nodes.get(id(value))
        if found is not None:
            return found[1]
        if type(value) is dict:
            # What is copied keeps its first key; where others came to what a step made, that one is unknown.
            key = next(iter(value), "")
            known = self.keys.get(id(key))
            return None if known is None else known[1].around
        if type(value) is list:
            for item in value:
                above = self._above(item)
                if above is not None and above.kind == SEQUENCE_NODE:
                    return above
        return None

    def _above(self, value: Json) -> Node | None:
        """The map or list around a known value."""
        node = self.of(value)
        return None if node is None else self.above.get(id(node))


def refresh(node: Node, seen: set[int]) -> None:
    """Give every scalar a text object of its own. Mutates: the nodes below, and `seen`."""
    if id(node) in seen:
        return
    seen.add(id(node))
    node.text = node.text[:1] + node.text[1:]
    for child in node.content:
        refresh(child, seen)


def is_traceable(value: Json) -> bool:
    """Whether an object can stand for one value of one text: Python has one object for equal short texts and for small numbers."""
    kind = type(value)
    if kind is str:
        return len(value) > 1
    if kind is Scalar:
        # Words like `~` have one object each.
        return value.text != "" and plain(value.text) is not value
    return kind is Quoted or kind is dict or kind is list or kind is OddKey


def written(value: Json, text: str, style: str) -> Node:
    """A scalar that no file holds; a text that would read as something else is quoted, or has a tag."""
    node = Node(SCALAR_NODE, (0, 0), text=text, style=style)
    if isinstance(value, str):
        if not style and type(value) is not Quoted and scalar_tag(node) != tag_of(str(value)):
            node.style = '"'
    elif type(value) is Scalar and value.tag == STR and text[:1] == "\t":
        # A block that starts with a tab.
        node.style = "|"
    elif tag_of(plain(text)) != tag_of(typed(value)):
        node.tag = tag_of(typed(value))
    return node
