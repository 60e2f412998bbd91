"""A part of the Common Expression Language to a tree: what health rules of Flux and Kubernetes are made of.

Fields, indexes, literals, lists, `!`, `-`, comparison, `in`, `&&`, `||`, `?:`, `+`, `has`, `size`, `filter`, `exists`,
`exists_one`, `all`, `map`, `startsWith`, `endsWith`, `contains`. Anything else is refused when the rule is read, before any write.
Source: cel-spec `doc/langdef.md`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeAlias

Node: TypeAlias = tuple[Any, ...]
MACROS = frozenset(["filter", "exists", "exists_one", "all", "map"])
METHODS = frozenset(["startsWith", "endsWith", "contains", "size"])
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    | (?P<sign>&&|\|\||==|!=|<=|>=|[<>!.,()\[\]?:+-])
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "`": "`"}
_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARISONS = frozenset(["==", "!=", "<", "<=", ">", ">=", "in"])
_MAX_DEPTH = 50  # each level takes eight frames of the interpreter


class CelSyntaxError(ValueError):
    """An expression that cannot be read, or uses a part of the language that is not supported."""


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse(source: str) -> Node:
    """The tree of an expression. Raises: CelSyntaxError, with the 1-based column."""
    parser = _Parser(source)
    node = parser.conditional()
    if parser.token.kind != "end":
        raise parser.error(f"unexpected {parser.token.text!r}")
    return node


def _tokens(source: str) -> list[_Token]:
    found = []
    at = 0
    end = len(source.rstrip())
    while at < end:
        match = _TOKEN.match(source, at)
        if match is None:
            raise CelSyntaxError(f"column {at + 1}: cannot read {source[at:].strip()[:20]!r}")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match.group(kind), match.start(kind)))
        at = match.end()
    found.append(_Token("end", "the end", end))
    return found


class _Parser:
    """Recursive descent, one method for each level of precedence."""

    def __init__(self, source: str) -> None:
        self.tokens = _tokens(source)
        self.index = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        """The next token."""
        return self.tokens[self.index]

    def error(self, reason: str) -> CelSyntaxError:
        """An error at the next token."""
        return CelSyntaxError(f"column {self.token.at + 1}: {reason}")

    def take(self, *signs: str) -> str:
        """The next token's text where it is one of these, else nothing."""
        found = self.token.text if self.token.kind in ("sign", "name") and self.token.text in signs else ""
        self.index += bool(found)
        return found

    def need(self, sign: str) -> None:
        """Go past a token that must be there."""
        if not self.take(sign):
            raise self.error(f"expected {sign!r} and found {self.token.text!r}")

    def conditional(self) -> Node:
        """`a ? b : c`."""
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.error("is nested too deeply")
        node = self.binary(0)
        if self.take("?"):
            yes = self.conditional()
            self.need(":")
            node = ("if", node, yes, self.conditional())
        self.depth -= 1
        return node

    def binary(self, level: int) -> Node:
        """`||`, `&&`, comparisons and sums, weakest first."""
        if level == len(_LEVELS):
            return self.unary()
        node = self.binary(level + 1)
        while sign := self.take(*_LEVELS[level]):
            other = self.binary(level + 1)
            node = ({"||": "or", "&&": "and"}[sign], node, other) if level < 2 else ("op", sign, node, other)
        return node

    def unary(self) -> Node:
        """`!a`, `-a`."""
        sign = self.take("!", "-")
        if not sign:
            return self.postfix()
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.error("is nested too deeply")
        node = ("not" if sign == "!" else "negative", self.unary())
        self.depth -= 1
        return node

    def postfix(self) -> Node:
        """`a.b`, `a.f(x)`, `a[i]`."""
        node = self.primary()
        while True:
            if self.take("."):
                name = self.name()
                node = self.call(name, node) if self.take("(") else ("field", node, name)
            elif self.take("["):
                node = ("index", node, self.conditional())
                self.need("]")
            else:
                return node

    def name(self) -> str:
        """An identifier."""
        token = self.token
        if token.kind != "name":
            raise self.error(f"expected a name and found {token.text!r}")
        self.index += 1
        return token.text

    def call(self, name: str, target: Node | None) -> Node:
        """A function, a method or a macro, behind its `(`."""
        at = self.index
        arguments = self.arguments(")")
        found = _call(name, target, arguments)
        if found is None:
            self.index = at
            raise self.error(f"the call of {name} with {len(arguments)} argument(s) is not supported")
        return found

    def arguments(self, end: str) -> list[Node]:
        """Expressions up to a closing sign."""
        found: list[Node] = []
        while not self.take(end):
            if found:
                self.need(",")
            found.append(self.conditional())
        return found

    def primary(self) -> Node:
        """A literal, a name, a list or something in parentheses."""
        token = self.token
        if token.kind == "number":
            self.index += 1
            return ("value", int(token.text) if token.text.isdigit() else float(token.text))
        if token.kind == "text":
            self.index += 1
            return ("value", _unquoted(token.text))
        if self.take("("):
            node = self.conditional()
            self.need(")")
            return node
        if self.take("["):
            return ("list", self.arguments("]"))
        name = self.name()
        if name in _CONSTANTS:
            return ("value", _CONSTANTS[name])
        return self.call(name, None) if self.take("(") else ("name", name)


_LEVELS: tuple[tuple[str, ...], ...] = (("||",), ("&&",), tuple(sorted(_COMPARISONS)), ("+", "-"))


def _call(name: str, target: Node | None, arguments: list[Node]) -> Node | None:
    if target is None:
        if name == "has" and len(arguments) == 1 and arguments[0][0] == "field":
            return ("has", *arguments[0][1:])
        if name == "size" and len(arguments) == 1:
            return ("method", "size", arguments[0], [])
        return None
    if name in MACROS and len(arguments) == 2 and arguments[0][0] == "name":
        return ("macro", name, target, arguments[0][1], arguments[1])
    if name in METHODS and len(arguments) == (0 if name == "size" else 1):
        return ("method", name, target, arguments)
    return None


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match.group(1), match.group(0)), text[1:-1])
