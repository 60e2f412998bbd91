"""Bodies to the text that the reference prints: one pass, with memoised scalars and key orders.

The reference goes node tree, text, values, JSON, values, text; what these hops do to values is done here on the fly.
Source: kustomize v5.8.1 `resmap.AsYaml`; go.yaml.in/yaml v2.4.2 encoder. Decision: docs/adr/0004-one-pass-writer.md.
"""

from __future__ import annotations

from kbuild.documents.key_order import ordered
from kbuild.documents.scalar_style import LITERAL, PLAIN, folded, literal, one_line, style_of
from kbuild.model.errors import KbuildError
from kbuild.model.scalars import OddKey, Quoted, Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from kbuild.model.scalars import Body, Json

_LIMIT = 80
_MAX_SIMPLE_KEY = 128


class _Odd(Exception):
    """Something that the fast pass leaves to the exact conversion."""


def write(bodies: Iterable[Body]) -> str:
    """All resources, `---` between them.

    Raises: OutputError, for what the reference cannot print (duplicate or odd keys, infinity, failed conversions).
    """
    pen = _Pen()
    out = pen.out
    for body in bodies:
        if out:
            out.append("---\n")
        start = len(out)
        try:
            pen.resource(body)
        except _Odd:
            del out[start:]
            pen.map(exact(body), "")
    return "".join(out)


def exact(body: Body) -> dict[str, Any]:
    """The body as the reference's own conversions leave it. Raises: OutputError."""
    from kbuild.documents.generic import to_printed_values

    return to_printed_values(body)


def marshal(value: Json) -> str:
    """A plain configuration value as text, as the reference prints it in error messages."""
    pen = _Pen()
    if type(value) is dict and value:
        pen.map(value, "")
    elif type(value) is list and value:
        pen.list(value, "")
    else:
        pen.leaf("", value, "")
    return "".join(pen.out)


class _Pen:
    """One text being written, with its memo tables: scalars by text, key orders by key tuple."""

    __slots__ = ("keys", "orders", "out", "texts")

    def __init__(self) -> None:
        self.out: list[str] = []
        self.texts: dict[str, tuple[str, int]] = {}
        self.keys: dict[str, str] = {}
        self.orders: dict[tuple[str, ...], tuple[str, ...]] = {}

    def resource(self, body: Body) -> None:
        """A whole resource: its metadata exists, its annotations are strings."""
        meta = body.get("metadata")
        if type(meta) is dict:
            annotations = meta.get("annotations", _Odd)
            if annotations is not _Odd:
                body = {**body, "metadata": with_annotations(meta, annotations)}
        elif meta is None or type(meta) is Scalar:
            body = {**body, "metadata": {}}
        self.map(body, "")

    def order(self, value: dict[str, Any]) -> tuple[str, ...]:
        """The keys of a map in printing order."""
        keys = tuple(value)
        found = self.orders.get(keys)
        if found is None:
            if any(type(key) is OddKey for key in keys):
                raise _Odd
            found = self.orders[keys] = ordered(keys)
            for key in keys:
                if key not in self.keys:
                    self.keys[key] = self.key_text(key)
        return found

    def key_text(self, key: str) -> str:
        """`key: ` as printed, or `""` for a key that needs the explicit form."""
        check_printable(key)
        style = style_of(key)
        if style == LITERAL or len(key) * 4 > _MAX_SIMPLE_KEY and len(key.encode()) > _MAX_SIMPLE_KEY:
            return ""
        if "\u2028" in key or "\u2029" in key or "\n" in key:
            return ""
        return one_line(key, style)

    def map(self, value: dict[str, Any], indent: str) -> None:
        """A map that is not empty, each key at the indentation."""
        out, texts, keys = self.out, self.texts, self.keys
        for key in self.order(value):
            item = value[key]
            kind = type(item)
            shown = keys[key]
            if not shown:
                self.explicit(key, item, indent)
            elif kind is str or kind is Quoted:
                found = texts.get(item)
                if found is None:
                    found = self.scalar(item)
                text, style = found
                if style != LITERAL and (
                    len(text) + len(indent) + len(shown) < _LIMIT or " " not in text
                ):
                    out.append(f"{indent}{shown}: {text}\n")
                else:
                    self.long(f"{indent}{shown}: ", item, style, indent + "  ")
            elif kind is dict:
                if item:
                    out.append(f"{indent}{shown}:\n")
                    self.map(item, indent + "  ")
                else:
                    out.append(f"{indent}{shown}: {{}}\n")
            elif kind is list:
                if item:
                    out.append(f"{indent}{shown}:\n")
                    self.list(item, indent)
                else:
                    out.append(f"{indent}{shown}: []\n")
            else:
                self.leaf(f"{indent}{shown}: ", item, indent + "  ")

    def list(self, value: list[Any], indent: str) -> None:
        """A list that is not empty, each dash at the indentation."""
        out, texts = self.out, self.texts
        inner = indent + "  "
        for item in value:
            kind = type(item)
            if kind is str or kind is Quoted:
                found = texts.get(item)
                if found is None:
                    found = self.scalar(item)
                text, style = found
                if style != LITERAL and (len(text) + len(indent) < _LIMIT or " " not in text):
                    out.append(f"{indent}- {text}\n")
                else:
                    self.long(f"{indent}- ", item, style, inner)
            elif kind is dict and item:
                start = len(out)
                self.map(item, inner)
                out[start] = f"{indent}- {out[start][len(inner):]}"
            elif kind is list and item:
                start = len(out)
                self.list(item, inner)
                out[start] = f"{indent}- {out[start][len(inner):]}"
            elif kind is dict:
                out.append(f"{indent}- {{}}\n")
            elif kind is list:
                out.append(f"{indent}- []\n")
            else:
                self.leaf(f"{indent}- ", item, inner)

    def scalar(self, text: str) -> tuple[str, int]:
        """The printed form of a string and its style; memoised."""
        text = str(text)
        check_printable(text)
        if "\x85" in text:
            raise _Odd
        style = style_of(text)
        found = self.texts[text] = ("" if style == LITERAL else one_line(text, style), style)
        return found

    def long(self, prefix: str, text: str, style: int, indent: str) -> None:
        """A string that is a literal block or may need folding."""
        if style == LITERAL:
            self.out.append(prefix + literal(text, indent))
        else:
            self.out.append(f"{prefix}{folded(str(text), style, len(prefix), indent)}\n")

    def leaf(self, prefix: str, value: Json, indent: str) -> None:
        """Any scalar (or an empty map or list) after a prefix."""
        kind = type(value)
        if value is None:
            text = "null"
        elif kind is bool:
            text = "true" if value else "false"
        elif kind is int:
            if not -(2**63) <= value < 2**64:
                raise _Odd
            text = str(value)
        elif kind is float:
            from kbuild.documents.gojson import printed_float

            text = printed_float(value)
            if not text:
                raise _Odd
        elif kind is dict or kind is list:
            text = "{}" if kind is dict else "[]"
        elif isinstance(value, str):
            shown, style = self.texts.get(value) or self.scalar(value)
            return self.long(prefix, value, style, indent)
        else:
            return self.odd_scalar(prefix, value, indent)
        self.out.append(f"{prefix}{text}\n")
        return None

    def odd_scalar(self, prefix: str, value: Scalar, indent: str) -> None:
        """A scalar that is no plain value: what it means is printed."""
        from kbuild.documents.generic import scalar_value

        try:
            plain = scalar_value(value)
        except KbuildError:
            raise _Odd from None
        if type(plain) is float and plain - plain != 0:
            raise _Odd
        self.leaf(prefix, plain, indent)

    def explicit(self, key: str, item: Json, indent: str) -> None:
        """A key that is too long or has line breaks: `? key`, then `: value`."""
        out, inner = self.out, indent + "  "
        style = style_of(key)
        self.long(f"{indent}? ", key, style, inner)
        start = len(out)
        if type(item) is dict and item:
            self.map(item, inner)
        elif type(item) is list and item:
            self.list(item, inner)
        else:
            self.leaf(f"{indent}: ", item, inner)
            return
        out[start] = f"{indent}: {out[start][len(inner):]}"


def with_annotations(meta: Body, annotations: Json) -> dict[str, Any]:
    """The metadata as the reference leaves it: annotations are strings of their source texts, an empty map is gone."""
    from kbuild.documents.annotations import final_annotations

    final = final_annotations(annotations)
    if final is annotations:
        return meta
    rest = {key: value for key, value in meta.items() if key != "annotations"}
    if final:
        rest["annotations"] = final
    return rest


def check_printable(text: str) -> None:
    """Leave a text with characters that do not survive the reference's JSON hop to the exact conversion."""
    if text.isascii():
        if "\x7f" in text:
            raise _Odd
        return
    for char in text:
        code = ord(char)
        if 0x7F <= code < 0xA0 and code != 0x85 or code in (0xFFFE, 0xFFFF) or 0xD800 <= code < 0xE000:
            raise _Odd


__all__ = ["PLAIN", "exact", "marshal", "write"]
