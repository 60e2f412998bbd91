"""Where equal keys stand when the reference writes a document again: its text keeps comments and flow collections.

A body does not, so the document is written as the reference would, and each duplicate notes how far its lines are off.
Source: go.yaml.in/yaml v3.0.3 encoder, as far as it decides where a line ends.
"""

from __future__ import annotations

import re

from kbuild.documents.anchors import expand
from kbuild.documents.commented import Document, read_document
from kbuild.documents.compose import value_of
from kbuild.documents.node_text import encode
from kbuild.documents.nodes import MAPPING_NODE, SCALAR_NODE, SEQUENCE_NODE, Node
from kbuild.documents.v3text import NOT_TWICE, duplicate_lines, duplicate_pairs, duplicates_text, equal_pairs, tab_line
from kbuild.model.quote import go_quote
from kbuild.model.scalars import OddKey, text_of

_TAB = "found a tab character"
# The header of a block, at the end of its line, and the first line with text: it starts with a tab. One that starts with
# a blank has a number in its header.
_TAB_BLOCK = re.compile(r"[|>][-+]?(?: #.*)?\n(?: *\n)* *\t")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kbuild.documents.v3text import Duplicate
    from kbuild.model.scalars import Body, Json


def note_lines(body: Json, text: str, edit: Callable[[Node], None] | None) -> None:
    """Tell every duplicate key of a body how far the lines of the reference's text are from those of the body alone.

    Mutates: the keys. Raises: YamlError, ResourceError.
    """
    if is_kept_whole(text):
        return
    document = read_document(text)
    assert document.root is not None
    if edit is not None:
        edit(document.root)
    found = lines_of(Document(expand(document.root), document.head, document.foot))
    pairs = duplicate_pairs(body)
    if len(pairs) == len(found):
        for (key, line, first, first_line), (_, own, earlier) in zip(pairs, found, strict=True):
            if type(first) is not OddKey or first is key:
                key.shift = own - line, earlier - first_line


def is_kept_whole(text: str) -> bool:
    """Whether a body keeps all of a text that decides where lines end: no comments, flow collections, quotes and folds."""
    return not any(mark in text for mark in "#{[\"'>")


def lines_in(reason: str, body: Body) -> str:
    """The part of an error's reason that names lines of the text of a body: about equal keys, or a block with a tab."""
    return _about_tab(tab_line(body)) if _TAB in reason else duplicates_text(duplicate_lines(body))


def lines_for(reason: str, document: Document) -> str:
    """What stands in its place where the text is that of a document; `""` where that has nothing of the kind."""
    if _TAB not in reason:
        return duplicates_text(lines_of(document))
    assert document.root is not None
    text = encode(document.root, document.head, document.foot)
    found = _TAB_BLOCK.search(text)
    # The reference names the line of the block's start, unless that is the first.
    return _about_tab(max(text.count("\n", 0, found.start()) + 1, 2)) if found is not None else ""


def _about_tab(line: int) -> str:
    return f"yaml: line {line}: {_TAB}"


def lines_of(document: Document) -> list[Duplicate]:
    """Every two equal keys of a document, as `v3text.duplicate_lines` has them, with the lines in its text."""
    lines: dict[int, int] = {}
    assert document.root is not None

    def note(key: Node, line: int) -> None:
        lines[id(key)] = line

    encode(document.root, document.head, document.foot, note)
    found: list[Duplicate] = []
    _look(document.root, lines, found, is_top=True)
    return found


def item_of(root: Node, body: Body) -> Node | None:
    """The entry of a list of resources that is a body with equal keys, None where there is none.

    Names may have changed: of several that have the same kind and the same equal keys the first is taken, unless one has the name.
    """
    if root.kind != MAPPING_NODE:
        return None
    fields = {key.text: value for key, value in zip(root.content[::2], root.content[1::2], strict=True)}
    items = fields.get("items")
    wanted, kind, name = [found[0] for found in duplicate_lines(body)], text_of(body.get("kind")), _name_of(body)
    best = None
    for node in items.content if items is not None and items.kind == SEQUENCE_NODE else ():
        item = value_of(node)
        if type(item) is not dict or text_of(item.get("kind")) != kind:
            continue
        if [found[0] for found in lines_of(Document(node))] == wanted:
            if _name_of(item) == name:
                return node
            best = best or node
    return best


def _name_of(body: Body) -> str:
    meta = body.get("metadata")
    return text_of(meta.get("name")) if type(meta) is dict else ""


def _look(node: Node, lines: dict[int, int], found: list[Duplicate], *, is_top: bool = False) -> None:
    """Add every two equal keys of a node, and the keys at the top that are no scalars. Mutates: `found`."""
    if node.kind == SCALAR_NODE:
        return
    if node.kind != MAPPING_NODE:
        for item in node.content:
            _look(item, lines, found)
        return
    start = len(found)
    keys = node.content[::2]
    for key, item in zip(keys, node.content[1::2], strict=True):
        if not is_top or key.kind == SCALAR_NODE:
            _look(item, lines, found)
        else:
            found.append(("!!map" if key.kind == MAPPING_NODE else "!!seq", lines[id(key)], NOT_TWICE))
    pairs = equal_pairs([key.text if key.kind == SCALAR_NODE else str(key.kind) for key in keys])
    if pairs:
        # The decoder does not look into a map that has duplicates.
        found[start:] = [
            (go_quote(keys[later].text), lines[id(keys[later])], lines[id(keys[earlier])]) for later, earlier in pairs
        ]
