"""Where equal keys stand when the reference writes a document again: its text keeps comments and flow collections.

A body does not, so the lines are counted while the node tree is there, and each duplicate notes how far they are off.
Source: go.yaml.in/yaml v3.0.3 encoder, as far as it decides where a line ends.
"""

from __future__ import annotations

from bisect import bisect_left

from kbuild.documents.nodes import MAPPING_NODE, SCALAR_NODE, Node
from kbuild.documents.resolve import is_block
from kbuild.documents.v3text import duplicate_pairs, equal_pairs
from kbuild.model.scalars import OddKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Json


def note_lines(body: Json, root: Node, comments: list[int], *, has_gap: bool) -> None:
    """Tell every duplicate key of a body how far the lines of the reference's text are from those of the body alone.

    Units: `comments` are 0-based lines in the source; `has_gap` says that a blank line follows comments at its start.
    Mutates: the keys.
    """
    counted = _Lines(comments, has_gap=has_gap)
    counted.collection(root, 1)
    pairs = duplicate_pairs(body)
    if len(pairs) == len(counted.pairs):
        for (key, line, first, first_line), (own, earlier) in zip(pairs, counted.pairs, strict=True):
            if type(first) is not OddKey:
                key.shift = own - line, earlier - first_line


class _Lines:
    """Counts the lines of a tree without aliases. Shape: `pairs` are the lines of a later and an earlier equal key."""

    __slots__ = ("_comments", "_gap", "pairs")

    def __init__(self, comments: list[int], *, has_gap: bool) -> None:
        self._comments, self._gap = comments, int(has_gap)
        self.pairs: list[tuple[int, int]] = []

    def collection(self, node: Node, line: int) -> int:
        """The line behind a collection that starts on a line, comments left out."""
        if node.kind == SCALAR_NODE:
            return line
        if node.kind != MAPPING_NODE:
            for item in node.content:
                line = self.item(item, line, is_nested=True)
            return line
        start = len(self.pairs)
        texts: list[str] = []
        lines: list[int] = []
        for at in range(0, len(node.content), 2):
            key = node.content[at]
            texts.append(key.text if key.kind == SCALAR_NODE else str(key.kind))
            lines.append(line + bisect_left(self._comments, key.line) + self._gap)
            line = self.item(node.content[at + 1], line, is_nested=False)
        pairs = equal_pairs(texts)
        if pairs:
            self.pairs[start:] = [(lines[later], lines[earlier]) for later, earlier in pairs]
        return line

    def item(self, node: Node, line: int, *, is_nested: bool) -> int:
        """The line behind a list item or a map's value that starts on a line."""
        if node.kind == SCALAR_NODE:
            return line + _lines_of(node)
        if node.style or not node.content:
            # All of a flow collection stands on one line, which begins here.
            self.flow(node, line)
            return line + 1
        return self.collection(node, line if is_nested else line + 1)

    def flow(self, node: Node, line: int) -> None:
        """Look for equal keys inside of a flow collection."""
        if node.kind == SCALAR_NODE:
            return
        if node.kind != MAPPING_NODE:
            for item in node.content:
                self.flow(item, line)
            return
        start = len(self.pairs)
        for item in node.content[1::2]:
            self.flow(item, line)
        pairs = equal_pairs([key.text if key.kind == SCALAR_NODE else str(key.kind) for key in node.content[::2]])
        if pairs:
            shown = line + bisect_left(self._comments, node.line) + self._gap
            self.pairs[start:] = [(shown, shown)] * len(pairs)


def _lines_of(node: Node) -> int:
    """How many lines a scalar takes behind its key or dash."""
    text = node.text
    if "\n" not in text or node.style == '"':
        return 1
    if node.style == "'":
        # Of several breaks in a row, the first is doubled.
        runs = sum(char == "\n" != before for before, char in zip(" " + text, text, strict=False))
        return 1 + text.count("\n") + runs
    if not is_block(text):
        return 1
    return 1 + text.count("\n") + (text[-1] != "\n")
