"""Where equal keys stand when the reference writes a document again: its text keeps comments and flow collections.

A body does not, so the document is written as the reference would, and each duplicate notes how far its lines are off.
Source: go.yaml.in/yaml v3.0.3 encoder, as far as it decides where a line ends.
"""

from __future__ import annotations

from kbuild.documents.anchors import expand
from kbuild.documents.commented import Document, read_document
from kbuild.documents.node_text import encode
from kbuild.documents.nodes import MAPPING_NODE, SCALAR_NODE, Node
from kbuild.documents.v3text import duplicate_pairs, equal_pairs
from kbuild.model.quote import go_quote
from kbuild.model.scalars import OddKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kbuild.documents.v3text import Duplicate
    from kbuild.model.scalars import Json


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
            if type(first) is not OddKey:
                key.shift = own - line, earlier - first_line


def is_kept_whole(text: str) -> bool:
    """Whether a body keeps all of a text that decides where lines end: no comments, flow collections, quotes and folds."""
    return not any(mark in text for mark in "#{[\"'>")


def lines_of(document: Document) -> list[Duplicate]:
    """Every two equal keys of a document, as `v3text.duplicate_lines` has them, with the lines in its text."""
    lines: dict[int, int] = {}
    assert document.root is not None

    def note(key: Node, line: int) -> None:
        lines[id(key)] = line

    encode(document.root, document.head, document.foot, note)
    found: list[Duplicate] = []
    _look(document.root, lines, found)
    return found


def _look(node: Node, lines: dict[int, int], found: list[Duplicate]) -> None:
    """Add every two equal keys of a node. Mutates: `found`."""
    if node.kind == SCALAR_NODE:
        return
    if node.kind != MAPPING_NODE:
        for item in node.content:
            _look(item, lines, found)
        return
    start = len(found)
    for item in node.content[1::2]:
        _look(item, lines, found)
    keys = node.content[::2]
    pairs = equal_pairs([key.text if key.kind == SCALAR_NODE else str(key.kind) for key in keys])
    if pairs:
        # The decoder does not look into a map that has duplicates.
        found[start:] = [
            (go_quote(keys[later].text), lines[id(keys[later])], lines[id(keys[earlier])]) for later, earlier in pairs
        ]
