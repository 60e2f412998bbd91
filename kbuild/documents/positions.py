"""Where a path of a document stands in its file, for error messages.

Parses the text anew and never fails: after a syntax error it answers from what stands before it.
"""

from __future__ import annotations

from kbuild.documents.nodes import ALIAS_NODE, MAPPING_NODE, SEQUENCE_NODE, Node, scalar_tag
from kbuild.documents.parser import read_root
from kbuild.documents.parser_state import Parser
from kbuild.model.errors import YamlError
from kbuild.model.scalars import NULL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Path = tuple[str | int, ...]

NOWHERE = (0, 0)
_MAX_LINKS = 100


def locate(text: str, path: Path, document: int = 0) -> tuple[int, int]:
    """The place of a key or item in the n-th document of a file; of its deepest ancestor that is there, otherwise.

    Shape: `path` has keys and indexes; `document` counts documents with content from 0.
    Units: 1-based line and column; (0, 0) when there is no such document.
    """
    for root, line in _roots(text):
        if document == 0:
            return _place(root, path, line)
        document -= 1
    return NOWHERE


def locate_from(text: str, path: Path, line: int) -> tuple[int, int]:
    """Like `locate`, in the document whose chunk starts at a line. Units: 1-based lines and column."""
    for start, chunk in _chunks(text):
        if start == line:
            root = _root(chunk)
            return NOWHERE if root is None else _place(root, path, start)
    return NOWHERE


def _roots(text: str) -> Iterator[tuple[Node, int]]:
    """The documents that have content, each with the line at which its chunk starts."""
    for line, chunk in _chunks(text):
        root = _root(chunk)
        if root is not None and (root.content or root.kind != 0 or scalar_tag(root) != NULL):
            yield root, line


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """The first line and the text of everything between lines that start with `---`."""
    start, line = 0, 1
    at = text.find("\n---")
    while at >= 0:
        end = text.find("\n", at + 4)
        if end < 0:
            break
        yield line, text[start : at + 1]
        line += text.count("\n", start, end + 1)
        start = end + 1
        at = text.find("\n---", end)
    yield line, text[start:]


def _root(chunk: str) -> Node | None:
    """The root of a chunk's first document, as far as it can be read."""
    parser = Parser(chunk, is_v3=True)
    try:
        return read_root(parser)
    except YamlError:
        return parser.root


def _place(root: Node, path: Path, line: int) -> tuple[int, int]:
    at: Node | None = root
    found = root
    for step in path:
        place, at = _step(at, step)
        if place is None:
            break
        found = place
    return found.line + line, found.column + 1


def _step(node: Node | None, step: str | int) -> tuple[Node | None, Node | None]:
    """The node that stands for a step (a key, an item) and the node below it."""
    node = _followed(node)
    if node is None:
        return None, None
    if node.kind == SEQUENCE_NODE:
        if type(step) is int and 0 <= step < len(node.content):
            return node.content[step], node.content[step]
        return None, None
    return _entry(node, str(step), 0)


def _followed(node: Node | None) -> Node | None:
    """What an alias stands for; any other node itself."""
    links = 0
    while node is not None and node.kind == ALIAS_NODE and links < _MAX_LINKS:
        node = node.target
        links += 1
    return node


def _entry(node: Node | None, text: str, links: int) -> tuple[Node | None, Node | None]:
    """The key and the value of a map's entry, its own before merged ones."""
    if node is None or node.kind != MAPPING_NODE or links > _MAX_LINKS:
        return None, None
    content = node.content
    merged: list[Node] = []
    for at in range(0, len(content), 2):
        key, value = content[at], content[at + 1] if at + 1 < len(content) else None
        if key.text == text and key.kind != ALIAS_NODE:
            return key, value
        if key.text == "<<" and value is not None:
            merged += value.content if value.kind == SEQUENCE_NODE else [value]
    for source in merged:
        found = _entry(_followed(source), text, links + 1)
        if found[0] is not None:
            return found
    return None, None
