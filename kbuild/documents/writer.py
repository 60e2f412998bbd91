"""Bodies to the text that the reference prints: one pass, with memoised scalars and key orders.

The reference goes node tree, text, values, JSON, values, text; what these hops do to values is done here on the fly, and
a body with anything unusual in it is converted first. Nothing here decides what is printed in which order.
Source: kustomize v5.8.1 `resmap.AsYaml`; go.yaml.in/yaml v2.4.2 encoder. Decision: docs/adr/0004-one-pass-writer.md.
"""

from __future__ import annotations

from kbuild.documents.key_order import ordered
from kbuild.documents.scalar_style import DOUBLE, LITERAL, check_printable, folded, literal, one_line, style_of
from kbuild.model.scalars import OddKey, Quoted, Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TypeAlias

    from kbuild.model.scalars import Body, Json

    Order: TypeAlias = list[tuple[str, str]]

_MAX_SIMPLE_KEY = 128
_WORDS = {None: " null\n", True: " true\n", False: " false\n"}


class _OddError(ValueError):
    """Something that the fast pass leaves to the exact conversion."""


def write(bodies: Iterable[Body]) -> str:
    """All resources, `---` between them.

    Raises: OutputError, for what the reference cannot print (duplicate or odd keys, infinity, failed conversions).
    """
    pen = Pen()
    out = pen.out
    for body in bodies:
        if out:
            out.append("---\n")
        start = len(out)
        try:
            pen.resource(body)
        except ValueError:
            del out[start:]
            pen.map(exact(body), "")
        except RecursionError:
            del out[start:]
            _write_deep(pen, body)
    return "".join(out)


def _write_deep(pen: Pen, body: Body) -> None:
    """Write a body that is nested deeper than the interpreter's limit, which is lifted meanwhile."""
    import sys

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        pen.map(exact(body), "")
    finally:
        sys.setrecursionlimit(limit)


def exact(body: Body) -> dict[str, Any]:
    """The body as the reference's own conversions leave it. Raises: OutputError."""
    from kbuild.documents.generic import to_printed_values

    return to_printed_values(body)


def marshal(value: Json) -> str:
    """A plain configuration value as text, as the reference prints it in error messages.

    Source: sigs.k8s.io/yaml v1.5.0 `Marshal`.
    """
    try:
        return Pen().whole(value)
    except ValueError:
        from kbuild.documents.generic import marshalled
        from kbuild.documents.json_text import after_json

        return Pen().whole(after_json(marshalled(value)))


class Pen:
    """One text being written, with its memo tables. A method meets what it cannot print with a ValueError.

    Shape: `texts` holds strings that are printed the same wherever they stand, as ` text` and a line feed; `styles` the
    style of the others; `orders` the keys of a map, in printing order, with their printed form `key:` (empty for a key
    that needs the explicit form). `levels` has, by indentation, the next one and the orders with the indentation in front;
    `dashes` the starts of lines with a dash before what stands there. So a line is mostly put together of two texts that
    exist, and no new one is made.
    """

    __slots__ = ("dashes", "levels", "numbers", "orders", "out", "styles", "texts")

    def __init__(self) -> None:
        self.out: list[str] = []
        self.texts: dict[str, str] = {}
        self.numbers: dict[int, str] = {}
        self.styles: dict[str, int] = {}
        self.orders: dict[tuple[str, ...], Order] = {}
        self.levels: dict[str, tuple[str, dict[tuple[str, ...], Order]]] = {}
        self.dashes: dict[str, str] = {}

    def resource(self, body: Body) -> None:
        """A whole resource: its metadata exists, its annotations are strings."""
        meta = body.get("metadata")
        if type(meta) is not dict or not is_final(meta.get("annotations", _OddError)):
            from kbuild.documents.annotations import final_body

            body = final_body(body)
        self.map(body, "")

    def whole(self, value: Json) -> str:
        """Any value as a text of its own."""
        if type(value) is dict and value:
            self.map(value, "")
        elif type(value) is list and value:
            self.list(value, "")
        else:
            self.leaf("", value, "  ")
            return self.out[0][1:]
        return "".join(self.out)

    def order(self, keys: tuple[Any, ...]) -> Order:
        """The keys of a map in printing order, memoised."""
        if any(type(key) is OddKey for key in keys):
            raise _OddError
        found = self.orders[keys] = [(key, shown_key(key)) for key in ordered(keys)]
        return found

    def placed(self, keys: tuple[Any, ...], indent: str) -> Order:
        """The order of a map's keys with the indentation in front of their printed forms, memoised."""
        order = self.orders.get(keys) or self.order(keys)
        found = self.levels[indent][1][keys] = [(key, indent + shown if shown else "") for key, shown in order]
        return found

    def map(self, value: dict[str, Any], indent: str) -> None:
        """A map that is not empty, each key at the indentation."""
        out, texts = self.out, self.texts
        level = self.levels.get(indent)
        if level is None:
            level = self.levels[indent] = (indent + "  ", {})
        inner, orders = level
        keys = tuple(value)
        for key, prefix in orders.get(keys) or self.placed(keys, indent):
            item = value[key]
            kind = type(item)
            if not prefix:
                self.explicit(key, item, indent)
            elif kind is str or kind is Quoted:
                text = texts.get(item) or self.unfolded(item)
                if text:
                    out.append(prefix)
                    out.append(text)
                else:
                    self.text(prefix, item, inner)
            elif kind is dict:
                out.append(prefix)
                if item:
                    out.append("\n")
                    self.map(item, inner)
                else:
                    out.append(" {}\n")
            elif kind is list:
                out.append(prefix)
                if item:
                    out.append("\n")
                    self.list(item, indent)
                else:
                    out.append(" []\n")
            elif kind is int:
                out.append(prefix)
                out.append(self.numbers.get(item) or self.number(item))
            else:
                self.leaf(prefix, item, inner)

    def list(self, value: list[Any], indent: str) -> None:
        """A list that is not empty, each dash at the indentation."""
        out, texts = self.out, self.texts
        inner = indent + "  "
        prefix = indent + "-"
        for item in value:
            kind = type(item)
            if kind is str or kind is Quoted:
                text = texts.get(item) or self.unfolded(item)
                if text:
                    out.append(prefix)
                    out.append(text)
                else:
                    self.text(prefix, item, inner)
            elif (kind is dict or kind is list) and item:
                start = len(out)
                if kind is dict:
                    self.map(item, inner)
                else:
                    self.list(item, inner)
                # The first line of what is inside stands after the dash.
                out[start] = self.dashes.get(out[start]) or self.dashed(out[start], indent)
            else:
                self.leaf(prefix, item, inner)

    def dashed(self, text: str, indent: str) -> str:
        """What starts a line two columns behind an indentation, after a dash there; memoised where no value is in it."""
        found = f"{indent}- {text[len(indent) + 2 :]}"
        if text[-1] != "\n":
            self.dashes[text] = found
        return found

    def number(self, value: int) -> str:
        """` number` as it is printed, memoised."""
        if not -(2**63) <= value < 2**64:
            raise _OddError
        found = self.numbers[value] = f" {value}\n"
        return found

    def unfolded(self, text: str) -> str:
        """` text` as it is printed wherever it stands, memoised; empty for one whose layout depends on the place."""
        if text in self.styles:
            return ""
        text = str(text)
        style = style_of(text)
        if style == DOUBLE:
            if not check_printable(text):
                raise _OddError
        elif style == LITERAL or "\u2028" in text or "\u2029" in text:
            self.styles[text] = style
            return ""
        if " " in text:
            self.styles[text] = style
            return ""
        shown = self.texts[text] = f" {one_line(text, style)}\n"
        return shown

    def text(self, prefix: str, text: str, indent: str) -> None:
        """A string whose layout depends on the place, after a prefix."""
        style = self.styles[text]
        text = str(text)
        if style == LITERAL:
            self.out.append(f"{prefix} {literal(text, indent)}")
        else:
            self.out.append(f"{prefix} {folded(text, style, len(prefix) + 1, indent)}\n")

    def leaf(self, prefix: str, value: Json, indent: str) -> None:
        """Any scalar (or an empty map or list) after a prefix."""
        kind = type(value)
        if kind is int:
            self.out.append(prefix + (self.numbers.get(value) or self.number(value)))
        elif kind is bool or value is None:
            self.out.append(prefix + _WORDS[value])
        elif kind is float:
            from kbuild.documents.gojson import printed_float

            self.out.append(f"{prefix} {printed_float(value)}\n")
        elif kind is dict or kind is list:
            self.out.append(f"{prefix} {'{}' if kind is dict else '[]'}\n")
        elif kind is Scalar:
            from kbuild.documents.generic import printed_scalar

            self.leaf(prefix, printed_scalar(value), indent)
        else:
            shown = self.texts.get(value) or self.unfolded(value)
            if shown:
                self.out.append(prefix + shown)
            else:
                self.text(prefix, value, indent)

    def explicit(self, key: str, item: Json, indent: str) -> None:
        """A key that is too long or has line breaks: `? key`, then `: value`."""
        inner = indent + "  "
        self.leaf(f"{indent}?", key, inner)
        out = self.out
        start = len(out)
        if type(item) is dict and item:
            self.map(item, inner)
        elif type(item) is list and item:
            self.list(item, inner)
        else:
            self.leaf(f"{indent}:", item, inner)
            return
        out[start] = f"{indent}: {out[start][len(inner) :]}"


def shown_key(key: str) -> str:
    """`key:` as printed, or `""` for a key that needs the explicit form. Raises: _OddError."""
    style = style_of(key)
    if len(key) > _MAX_SIMPLE_KEY:
        from kbuild.documents.json_text import is_long_key

        if is_long_key(key):
            raise _OddError
    if style == LITERAL or (len(key) * 4 > _MAX_SIMPLE_KEY and len(key.encode()) > _MAX_SIMPLE_KEY):
        return ""
    if "\n" in key or "\r" in key or "\u2028" in key or "\u2029" in key:
        return ""
    if style == DOUBLE and not check_printable(key):
        raise _OddError
    return one_line(key, style) + ":"


def is_final(annotations: Json) -> bool:
    """Whether an annotations field is printed as it is: not there, or a filled map of strings with ordinary keys."""
    if type(annotations) is not dict:
        return annotations is _OddError
    for key, value in annotations.items():
        kind = type(value)
        if (kind is not str and kind is not Quoted) or type(key) is OddKey or value[:1] == "\t":
            return False
        # Keys lose their quotes here, and may turn into numbers. Those have no slash, and a first character of these.
        if "/" not in key and key[:1] in "0123456789+-.~nNtTfF<":
            return False
    return bool(annotations)
