"""A value in an error as its file writes it: the reference prints nodes in their own style, a body knows only values.

Used when a build has failed, so it may read and parse once more. Comments are left out.
Source: kyaml v0.21.1 `RNode.String`, go.yaml.in/yaml v3.0.3 encoder.
"""

from __future__ import annotations

from kbuild.documents.anchors import expand
from kbuild.documents.compose import value_of
from kbuild.documents.nodes import MAPPING_NODE, SCALAR_NODE, SEQUENCE_NODE, Node
from kbuild.documents.parser import read_root
from kbuild.documents.parser_state import Parser
from kbuild.documents.v3text import dumps
from kbuild.model.errors import KbuildError
from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kbuild.model.scalars import Json

_MOST_QUOTED = 6


def as_written(reason: str, found: Json, texts: Iterable[str]) -> str:
    """An error's reason with a value in the style of the first of some texts that holds it."""
    plain = dumps(found)
    for text in texts:
        shown = find(text, found)
        if shown is not None:
            return replaced(reason, plain, shown)
    return reason


def replaced(reason: str, plain: str, shown: str) -> str:
    """A reason with another text for a value, however often frames around it were quoted."""
    for _ in range(_MOST_QUOTED):
        if plain in reason:
            head, _, tail = reason.rpartition(plain)
            return head + shown + tail
        plain, shown = go_quote(plain)[1:-1], go_quote(shown)[1:-1]
    return reason


def find(text: str, found: Json) -> str | None:
    """The text of the first node with a value, None where no document has one."""
    from kbuild.documents.reader import split

    try:
        for chunk, _ in split(text.replace("\r\n", "\n")):
            root = read_root(Parser(chunk, is_v3=True))
            for node in nodes(expand(root)) if root is not None else ():
                if same(node, found):
                    return "\n".join(lines(node)) + "\n"
    except KbuildError:
        return None
    return None


def nodes(node: Node) -> Iterator[Node]:
    """A node and everything below it but keys, in order."""
    yield node
    for child in node.content[1::2] if node.kind == MAPPING_NODE else node.content:
        yield from nodes(child)


def same(node: Node, found: Json) -> bool:
    """Whether a node has this value."""
    kind = MAPPING_NODE if type(found) is dict else SEQUENCE_NODE if type(found) is list else SCALAR_NODE
    if node.kind != kind:
        return False
    value = value_of(node)
    # Odd keys are equal to nothing but themselves.
    return type(value) is type(found) and (bool(value == found) or dumps(value) == dumps(found))


def lines(node: Node) -> list[str]:
    """The lines of a node in its own style."""
    if node.kind == SCALAR_NODE:
        return scalar(node)
    if node.style or not node.content:
        return [flow(node)]
    out: list[str] = []
    if node.kind == SEQUENCE_NODE:
        for item in node.content:
            first, *rest = lines(item)
            out += [f"- {first}", *indented(rest, is_text=item.kind == SCALAR_NODE)]
        return out
    for key, value in zip(node.content[::2], node.content[1::2], strict=True):
        first, *rest = lines(value)
        if key.kind != SCALAR_NODE:
            out += [f"? {flow(key)}", f": {first}", *indented(rest)]
            continue
        name = scalar(key)[0]
        if value.kind == SCALAR_NODE or value.style or not value.content:
            out += [f"{name}: {first}".rstrip() if not first else f"{name}: {first}", *rest]
        else:
            # Lists begin at the column of their key.
            inner = [first, *rest]
            out += [f"{name}:", *(inner if value.kind == SEQUENCE_NODE else indented(inner))]
    return out


def indented(inner: list[str], *, is_text: bool = False) -> list[str]:
    """Lines two columns deeper; those of a block's text are deep enough behind a dash."""
    return inner if is_text else [f"  {line}" if line else line for line in inner]


def scalar(node: Node) -> list[str]:
    """The lines of a scalar."""
    if node.style == "'" and "\n" not in node.text:
        shown = ["'" + node.text.replace("'", "''") + "'"]
    elif node.style or node.tag:
        shown = dumps(value_of(node)).removesuffix("\n").split("\n")
        return shown if not node.tag or node.style != "'" else [f"{node.tag} {shown[0]}"]
    else:
        shown = [node.text]
    return [f"{node.tag} {shown[0]}"] if node.tag else shown


def flow(node: Node) -> str:
    """A collection in one line."""
    if node.kind == SCALAR_NODE:
        if not (node.style or node.tag) and (not node.text or ":" in node.text):
            # What a flow collection could be mistaken about is quoted.
            return "'" + node.text.replace("'", "''") + "'"
        return scalar(node)[0]
    items = [flow(item) for item in node.content]
    if node.kind == SEQUENCE_NODE:
        return "[" + ", ".join(items) + "]"
    pairs = [
        f"{shown}: {value}" if key.kind == SCALAR_NODE else f"? {shown} : {value}"
        for key, shown, value in zip(node.content[::2], items[::2], items[1::2], strict=True)
    ]
    return "{" + ", ".join(pairs) + "}"
