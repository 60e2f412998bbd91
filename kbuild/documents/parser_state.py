"""The state of the parser: the tree so far, what is open in it, and where to go on.

Source: go.yaml.in/yaml v3.0.3 and v2.4.2 `yaml_parser_t`, `parser.node`.
"""

from __future__ import annotations

from kbuild.documents.nodes import SCALAR_NODE, Node
from kbuild.documents.scanner import scanner_of
from kbuild.documents.source import Source
from kbuild.documents.tokens import parse_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.documents.tokens import Token
    from kbuild.model.errors import YamlError

    State = Callable[["Parser"], Any]


class Parser:
    """The state of parsing the first document of a text.

    Shape: `root` is the tree so far, also after an error; `open` are the collections that are not closed yet, and
    `starts` the places of those the parser itself has entered.
    """

    __slots__ = (
        "anchors",
        "depth",
        "handles",
        "has_aliases",
        "is_v3",
        "open",
        "peek",
        "returns",
        "root",
        "scanner",
        "starts",
    )

    def __init__(self, text: str, *, is_v3: bool) -> None:
        self.scanner = scanner_of(Source(text), is_v3=is_v3)
        self.peek = self.scanner.peek
        self.is_v3, self.depth, self.has_aliases = is_v3, 0, False
        self.root: Node | None = None
        self.open: list[Node] = []
        self.returns: list[State] = []
        self.starts: list[tuple[int, int]] = []
        self.anchors: dict[str, Node] = {}
        self.handles: dict[str, str] = {}

    def take(self) -> Token:
        """Drop the next token and peek at the one behind it."""
        self.scanner.skip()
        return self.peek()

    def pass_dash(self) -> Token:
        """Drop the dash of a list entry and peek at the token behind it."""
        return self.take()

    def begin(self) -> None:
        """A document without a start mark begins at the next token."""

    def end(self) -> None:
        """The document ends before the next token."""

    def add(self, node: Node) -> None:
        """Put a node into the tree."""
        if self.open:
            self.open[-1].content.append(node)
        else:
            self.root = node

    def start(self, node: Node) -> None:
        """Put a collection into the tree and open it."""
        self.add(node)
        self.open.append(node)
        self.depth = max(self.depth, len(self.open))

    def empty(self, token: Token) -> None:
        """Put an empty scalar into the tree."""
        self.add(Node(SCALAR_NODE, (token[1], token[2])))

    def enter(self) -> Token:
        """Drop the token that starts a collection, noting its place."""
        token = self.peek()
        self.starts.append((token[1], token[2]))
        return self.take()

    def close(self) -> State:
        """Close the innermost collection."""
        self.open.pop()
        return self.returns.pop()

    def error(self, problem: str, token: Token, context: tuple[int, int] = (0, 0)) -> YamlError:
        """The error for a problem with a token."""
        return self.scanner.placed(parse_error(problem, (token[1], token[2]), context, is_v3=self.is_v3))
