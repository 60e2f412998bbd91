"""A document's tree with its comments, each at the node that it belongs to.

Source: go.yaml.in/yaml v3.0.3 `yaml_parser_set_event_comments`, `_split_stem_comment`, `parser.mapping`, `parser.document`.
"""

from __future__ import annotations

from kbuild.documents.nodes import MAPPING_NODE, SCALAR_NODE, SEQUENCE_NODE, Node
from kbuild.documents.parser import read_root
from kbuild.documents.parser_state import Parser
from kbuild.documents.remarks import Remarks
from kbuild.documents.tokens import BLOCK_END, KEY, MAPPING_START, SEQUENCE_START

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.documents.parser_state import State
    from kbuild.documents.tokens import Token


class Document:
    """A document. Shape: `root` is None for a text without one; `head` and `foot` are comments of the whole document."""

    __slots__ = ("foot", "head", "root")

    def __init__(self, root: Node | None, head: str = "", foot: str = "") -> None:
        self.root, self.head, self.foot = root, head, foot


def read_document(text: str) -> Document:
    """The first document of a text. Raises: YamlError."""
    parser = _Parser(text)
    root = read_root(parser)
    return Document(root, parser.document_head, parser.document_foot)


class _Parser(Parser):
    """A parser that hands comments on to nodes."""

    __slots__ = ("document_foot", "document_head", "foot", "head", "line", "remarks", "stem")

    def __init__(self, text: str) -> None:
        super().__init__(text, is_v3=True)
        self.remarks = self.scanner.remarks = Remarks(self.scanner.text)
        self.peek = self._peek
        self.head = self.line = self.foot = self.stem = self.document_head = self.document_foot = ""

    def _peek(self) -> Token:
        """The next token, and the comments that belong to it or to what stands before it."""
        token = self.scanner.peek()
        remarks = self.remarks
        index = remarks.index(token)
        comments = remarks.comments
        while remarks.taken < len(comments) and index >= comments[remarks.taken].token:
            remark = comments[remarks.taken]
            if remark.head:
                if token[0] == BLOCK_END:
                    break
                self.head = _joined(self.head, remark.head)
            self.foot = _joined(self.foot, remark.foot)
            self.line = _joined(self.line, remark.line)
            remark.clear()
            remarks.taken += 1
        return token

    def _taken(self) -> tuple[str, str, str]:
        """The comments so far; they belong to one node."""
        taken = self.head, self.line, self.foot
        self.head = self.line = self.foot = self.stem = ""
        return taken

    def begin(self) -> None:
        """Comments above an empty line belong to the document, not to its first node."""
        at = len(self.head) - 1
        while at > 0:
            if self.head[at] == "\n" and (at == len(self.head) - 1 or self.head[at - 1] == "\n"):
                cut = at if at == len(self.head) - 1 else at - 1
                self.document_head, self.head = self.head[:cut], self.head[at + 1 :]
                return
            at -= 1

    def end(self) -> None:
        """What is left is at the document's foot."""
        head, _, foot = self._taken()
        self.document_foot = foot or head

    def pass_dash(self) -> Token:
        """Drop the dash of a list entry; a comment before it belongs to all of the collection that follows."""
        width = len(self.head)
        self.scanner.skip()
        token = self.peek()
        if width and token[0] in (SEQUENCE_START, MAPPING_START):
            self.stem, self.head = self.head[:width], self.head[width + 1 :]
        return token

    def add(self, node: Node) -> None:
        """Put a node into the tree; nothing is said about one that is not written."""
        if node.kind not in (SEQUENCE_NODE, MAPPING_NODE) and (node.kind != SCALAR_NODE or node.text or node.style):
            node.comments = self._taken()
        super().add(node)

    def start(self, node: Node) -> None:
        """Put a collection into the tree and open it."""
        if not node.style:
            node.comments = self.stem, "", ""
            self.stem = ""
        elif self.scanner.peek()[0] != KEY:
            node.comments = self._taken()
        super().start(node)

    def close(self) -> State:
        """Close the innermost collection, and hand its comments on."""
        node = self.open[-1]
        if node.kind == MAPPING_NODE or node.style:
            node.comments = (node.comments[0], *self._taken()[1:])
        if node.kind == MAPPING_NODE:
            _move_foots(node)
        return super().close()


def _joined(before: str, text: str) -> str:
    """Comments one below the other."""
    return f"{before}\n{text}" if before and text else before or text


def _move_foots(node: Node) -> None:
    """Foots in a map belong to its keys; one at a key that ends what stood before belongs to the key before it."""
    content, is_block = node.content, not node.style
    for at in range(0, len(content) - 1, 2):
        key, value = content[at], content[at + 1]
        head, line, foot = key.comments
        if is_block and foot and at:
            _set_foot(content[at - 2], foot)
            foot = ""
        if not foot and value.comments[2]:
            foot = value.comments[2]
            _set_foot(value, "")
        key.comments = head, line, foot
    if is_block and node.comments[2] and content:
        _set_foot(content[-2], node.comments[2])
        _set_foot(node, "")


def _set_foot(node: Node, foot: str) -> None:
    node.comments = (*node.comments[:2], foot)
