"""Nodes as yaml v3 encodes them with the reference's settings, in their own styles and with their comments.

Used where the reference shows a node in an error, and for the lines of the text that it decodes once more.
Source: go.yaml.in/yaml v3.0.3 `encoder.node`, `emitterc.go`; kyaml v0.21.1 `NewEncoder` (two spaces, compact lists, no folding).
"""

from __future__ import annotations

from kbuild.documents.nodes import MAPPING_NODE, SCALAR_NODE, Node, short_tag
from kbuild.documents.scalar_style import escaped, has_special
from kbuild.documents.sheet import BREAKS, Sheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    _Rest: TypeAlias = Callable[[Node], None] | None

_MAX_SIMPLE_KEY = 128
_FIRST = frozenset("#,[]{}&*!|>'\"%@`")
_TAG_CHARS = frozenset(";/?:@&=+$,_.~*'()[]")


def encode(root: Node, head: str = "", foot: str = "", on_key: Callable[[Node, int], None] | None = None) -> str:
    """The text of a node without aliases. `head` and `foot` are comments of a whole document.

    `on_key` is told every key, and the 1-based line of the text on which it stands.
    """
    pen = _Pen(on_key)
    pen.head = head
    if head:
        pen.write_head()
        pen.put_break()
    pen.begin(root)
    pen.write_head()
    rest = pen.node(root, is_root=True)
    pen.write_line()
    pen.write_foot()
    if rest is not None:
        rest(root)
    pen.foot = foot or pen.foot
    pen.foot_indent = 0
    pen.write_foot()
    pen.foot_indent = -1
    pen.write_indent()
    return "".join(pen.out)


class _Look:
    """What a scalar's text allows. Source: `yaml_emitter_analyze_scalar`."""

    __slots__ = ("block", "block_plain", "flow_plain", "multiline", "single")

    def __init__(self, text: str) -> None:
        first, last = text[:1], text[-1:]
        inner = text[1:]
        rare = text.startswith(("---", "..."))
        wide = " \t"
        bad = (
            rare
            or first in _FIRST
            or (first in ("?", ":", "-") and (len(text) == 1 or text[1] in wide))
            or text[-1:] == ":"
            or any(mark in inner for mark in (": ", ":\t", " #", "\t#", "\n#", "\r#"))
        )
        flow_bad = bad or first in ("?", ":") or any(char in inner for char in ",?[]{}:")
        self.multiline = any(char in text for char in BREAKS)
        special = has_special(text.replace("\n", "").replace("\t", ""))
        is_edged = bool(text) and (first in " " + BREAKS or last in " " + BREAKS)
        self.block_plain, self.flow_plain, self.single, self.block = True, bool(text), True, bool(text)
        if is_edged:
            self.block_plain = self.flow_plain = False
        if last == " ":
            self.block = False
        if any(f"{char} " in text for char in BREAKS):
            self.block_plain = self.flow_plain = self.single = False
        space_break = any(f" {char}" in text for char in BREAKS)
        if space_break or "\t" in text or special:
            self.block_plain = self.flow_plain = self.single = False
        if space_break or special:
            self.block = False
        if self.multiline or flow_bad:
            self.flow_plain = False
        if self.multiline or bad:
            self.block_plain = False


class _Pen(Sheet):
    """Writes nodes."""

    __slots__ = ("_on_key",)

    def __init__(self, on_key: Callable[[Node, int], None] | None) -> None:
        super().__init__()
        self._on_key = on_key

    def begin(self, node: Node, tail: str = "", *, is_key: bool = False) -> None:
        """Take the comments that stand before a node, and those of a scalar."""
        head, line, foot = node.comments
        self.head = head or self.head
        if node.kind == SCALAR_NODE:
            self.remark = line or self.remark
            self.foot = (not is_key and foot) or self.foot
        self.tail = tail or self.tail

    def finish(self, node: Node, tail: str = "") -> None:
        """Take the comments that stand at the end of a collection."""
        _, line, foot = node.comments
        self.remark, self.foot, self.tail = line or self.remark, foot or self.foot, tail or self.tail

    def node(self, node: Node, *, is_root: bool = False, is_item: bool = False, is_simple: bool = False) -> _Rest:
        """Write a scalar; of a collection what stands before its content, which the answer writes."""
        self.is_in_map, self.is_simple = not (is_root or is_item), is_simple
        if node.kind == SCALAR_NODE:
            self.scalar(node, is_item=is_item)
            return None
        self.write_tag(node)
        is_flow = self.flow_level or node.style or not node.content
        if node.kind == MAPPING_NODE:
            write = self.flow_map if is_flow else self.block_map
        else:
            write = self.flow_list if is_flow else self.block_list
        # Entries of a flow list are none of a block list.
        deeper = is_item and not self.flow_level
        return lambda collection: write(collection, is_item=deeper)

    def write_tag(self, node: Node) -> None:
        """Write a tag that the source had."""
        if node.tag and node.tag != "!":
            self.indicator(tag_text(node.tag))
            self.indention = False

    def block_map(self, node: Node, *, is_item: bool) -> None:
        """The entries of a map, each on lines of its own."""
        before, tail = self.indent, ""
        self.deepen(is_item=is_item)
        for key, value in zip(node.content[::2], node.content[1::2], strict=False):
            self.begin(key, tail, is_key=True)
            tail = key.comments[2]
            self.write_head()
            self.write_indent()
            if self._on_key is not None:
                self._on_key(key, self.line + 1)
            if self.remark:
                self.key_remark, self.remark = self.remark, ""
            is_simple = _is_simple(key)
            if not is_simple:
                self.indicator("?", indents=True)
            rest = self.node(key, is_simple=is_simple)
            if rest is not None:
                rest(key)
            self.begin(value)
            if not is_simple:
                self.write_indent()
            self.indicator(":", spaced=not is_simple, indents=not is_simple)
            if self.key_remark:
                self.place_key_remark(value)
            rest = self.node(value)
            self.write_line()
            self.write_foot()
            if rest is not None:
                rest(value)
        self.finish(node, tail)
        self.write_head()
        self.indent = before

    def place_key_remark(self, value: Node) -> None:
        """A comment behind a key: behind a scalar value, or before the lines of a collection."""
        if value.kind == SCALAR_NODE:
            if not self.remark:
                self.remark, self.key_remark = self.key_remark, ""
        elif not value.style:
            self.remark, self.key_remark = self.key_remark, self.remark
            self.write_line()
            self.remark, self.key_remark = self.key_remark, self.remark

    def block_list(self, node: Node, *, is_item: bool) -> None:
        """The items of a list, each on lines of its own; those of a map's value begin at the column of the key."""
        before = self.indent
        is_compact = self.is_in_map and (self.column == 0 or not self.indention)
        self.deepen(is_item=is_item, is_compact=is_compact)
        for item in node.content:
            self.begin(item)
            self.write_head()
            self.write_indent()
            self.indicator("-", indents=True)
            rest = self.node(item, is_item=True)
            self.write_line()
            self.write_foot()
            if rest is not None:
                rest(item)
        self.finish(node)
        self.indent = before

    def flow_list(self, node: Node, *, is_item: bool) -> None:
        """A list in brackets."""
        before, has_comma = self.indent, True
        self.indicator("[", opens=True)
        self.deepen(is_item=is_item, is_flow=True)
        self.flow_level += 1
        for item in node.content:
            self.begin(item)
            self.before_flow(has_comma=has_comma)
            has_comma = self.in_flow(item, is_item=True)
        self.finish(node)
        self.flow_level -= 1
        self.indent = before
        if self.column == 0:
            self.write_indent()
        self.indicator("]", spaced=False)
        self.write_line()
        self.write_foot()

    def flow_map(self, node: Node, *, is_item: bool) -> None:
        """A map in braces."""
        before, has_comma, tail = self.indent, True, ""
        self.indicator("{", opens=True)
        self.deepen(is_item=is_item, is_flow=True)
        self.flow_level += 1
        for key, value in zip(node.content[::2], node.content[1::2], strict=False):
            self.begin(key, tail, is_key=True)
            tail = key.comments[2]
            self.before_flow(has_comma=has_comma)
            if self._on_key is not None:
                self._on_key(key, self.line + 1)
            is_simple = _is_simple(key)
            if not is_simple:
                self.indicator("?")
            rest = self.node(key, is_simple=is_simple)
            if rest is not None:
                rest(key)
            self.begin(value)
            self.indicator(":", spaced=not is_simple)
            has_comma = self.in_flow(value, is_item=False)
        self.finish(node, tail)
        if (self.head or self.foot or self.tail) and not has_comma:
            self.indicator(",", spaced=False)
        self.write_head()
        self.flow_level -= 1
        self.indent = before
        self.indicator("}", spaced=False)
        self.write_line()
        self.write_foot()

    def before_flow(self, *, has_comma: bool) -> None:
        """What stands before an entry of a flow collection."""
        if not has_comma:
            self.indicator(",", spaced=False)
        self.write_head()
        if self.column == 0:
            self.write_indent()

    def in_flow(self, node: Node, *, is_item: bool) -> bool:
        """An entry's value; whether a comma stands behind it already, before its comments."""
        has_comma = bool(self.remark or self.foot or self.tail)
        rest = self.node(node, is_item=is_item)
        if self.remark or self.foot or self.tail:
            self.indicator(",", spaced=False)
        self.write_line()
        self.write_foot()
        if rest is not None:
            rest(node)
        return has_comma

    def scalar(self, node: Node, *, is_item: bool) -> None:
        """A scalar in the style it asks for, if that can be."""
        style = style_of(node, is_flow=bool(self.flow_level), is_simple=self.is_simple)
        self.write_tag(node)
        before = self.indent
        self.deepen(is_item=is_item and not self.flow_level, is_flow=True)
        if style == "'":
            self.single(node.text)
        elif style == '"':
            self.indicator('"')
            self.write(escaped(node.text))
            self.indicator('"', spaced=False)
        elif style:
            self.block(node.text, style)
        else:
            if node.text:
                if not self.whitespace:
                    self.write(" ")
                self.write(node.text)
                self.whitespace = False
            self.indention = False
        self.indent = before


def style_of(node: Node, *, is_flow: bool, is_simple: bool) -> str:
    """The style that a scalar gets."""
    text, style = node.text, node.style or ("|" if "\n" in node.text else "")
    look = _Look(text)
    if is_simple and look.multiline:
        style = '"'
    if not style:
        allowed = look.flow_plain if is_flow else look.block_plain
        if not allowed or (not text and (is_flow or is_simple)):
            style = "'"
    if style == "'" and not look.single:
        return '"'
    if style in ("|", ">") and (not look.block or is_flow or is_simple):
        return '"'
    return style


def tag_text(tag: str) -> str:
    """A tag as it is written: its own mark, or the long form."""
    tag = short_tag(tag)
    start = 2 if tag.startswith("!!") else 1 if tag.startswith("!") else 0
    inner = "".join(
        char if char in _TAG_CHARS or (char.isascii() and (char.isalnum() or char == "-")) else _percent(char)
        for char in tag[start:]
    )
    return tag[:start] + inner if start else f"!<{inner}>"


def _is_simple(key: Node) -> bool:
    """Whether a key needs no `?`."""
    if key.kind != SCALAR_NODE:
        return not key.content
    if any(char in key.text for char in BREAKS):
        return False
    tag = len(short_tag(key.tag).encode()) if key.tag and key.tag != "!" else 0
    return tag + len(key.text.encode("utf-8", "surrogatepass")) <= _MAX_SIMPLE_KEY


def _percent(char: str) -> str:
    return "".join(f"%{octet:02X}" for octet in char.encode("utf-8", "surrogatepass"))
