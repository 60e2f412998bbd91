"""Bodies as yaml v3 encodes them with the reference's settings: two spaces, compact lists, no line folding.

Used where the reference shows or stores node text: error messages, structured strings, origin annotations, line numbers.
Source: go.yaml.in/yaml v3.0.3 encoder as set up by kyaml v0.21.1.
"""

from __future__ import annotations

from kbuild.documents.resolve import plain, v3_needs_quotes
from kbuild.documents.scalar_style import DOUBLE, LITERAL, PLAIN, SINGLE, has_special, literal, one_line
from kbuild.model.scalars import STR, OddKey, Quoted, Scalar, is_quoted, tag_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.scalars import Json


def dumps(value: Json) -> str:
    """The text of a value, ending in a line break."""
    out: list[str] = []
    _emit(out, value, "", "", None)
    return "".join(out)


def duplicate_lines(body: Json) -> list[tuple[str, int, int]]:
    """`(key as Go quotes it, its line, line of its first use)` for every duplicate key, in order of the text.

    Units: 1-based lines of `dumps(body)`.
    """
    out: list[str] = []
    found: list[tuple[str, int, int]] = []
    _emit(out, body, "", "", found)
    return found


def _emit(out: list[str], value: Json, prefix: str, indent: str, found: list[tuple[str, int, int]] | None) -> None:
    """Write a value after `prefix`; nested lines start at `indent`."""
    kind = type(value)
    if kind is dict and value:
        _emit_map(out, value, prefix, indent, found)
    elif kind is list and value:
        lead = prefix
        for item in value:
            _emit(out, item, f"{lead}- ", indent + "  ", found)
            lead = indent
    elif kind is dict or kind is list:
        out.append(f"{prefix}{'{}' if kind is dict else '[]'}\n")
    else:
        out.append(_scalar(value, prefix, indent))


def _emit_map(
    out: list[str], value: dict[Any, Any], prefix: str, indent: str, found: list[tuple[str, int, int]] | None
) -> None:
    lead = prefix
    first: dict[str, int] = {}
    for key, item in value.items():
        if found is not None:
            line = "".join(out).count("\n") + 1
            text = key.text if type(key) is OddKey else key
            if type(key) is OddKey and key.duplicate:
                from kbuild.model.quote import go_quote

                found.append((go_quote(text), line, first.get(text, line)))
            else:
                first[text] = line
        shown = _key(key)
        kind = type(item)
        if kind is dict and item:
            out.append(f"{lead}{shown}:\n")
            _emit(out, item, indent + "  ", indent + "  ", found)
        elif kind is list and item:
            out.append(f"{lead}{shown}:\n")
            _emit(out, item, indent, indent, found)
        else:
            _emit(out, item, f"{lead}{shown}: ", indent + "  ", found)
        lead = indent


def _key(key: str | OddKey) -> str:
    if type(key) is OddKey:
        return one_line(key.text, DOUBLE) if key.tag == STR and v3_needs_quotes(key.text) else key.text
    text = str(key)
    if not v3_needs_quotes(text):
        return text
    return one_line(text, _quote_style(text))


def _quote_style(text: str) -> int:
    if not text or "\n" in text or has_special(text) or type(plain(text)) is not str:
        return DOUBLE
    from kbuild.documents.resolve import _OLD_BOOLS
    from kbuild.documents.yaml11 import is_base60

    return DOUBLE if text in _OLD_BOOLS or is_base60(text) else SINGLE


def _scalar(value: Json, prefix: str, indent: str) -> str:
    text = text_of(value)
    if value is None or type(value) in (bool, int, float):
        return f"{prefix}{text}\n"
    if type(value) is Scalar:
        if is_quoted(value):
            return f"{prefix}{value.tag} {one_line(text, DOUBLE)}\n"
        tag = "" if tag_of(plain(text)) == value.tag else f"{value.tag} "
        return f"{prefix}{tag}{text}\n".replace(": \n", ":\n") if not text else f"{prefix}{tag}{text}\n"
    if "\n" in text and not has_special(text) and text[-1] != " " and " \n" not in text:
        return prefix + literal(text, indent)
    style = PLAIN
    if type(value) is Quoted and not text:
        style = DOUBLE
    elif v3_needs_quotes(text):
        style = _quote_style(text)
    elif type(value) is Quoted:
        style = DOUBLE
    return f"{prefix}{one_line(text, style)}\n"


__all__ = ["LITERAL", "dumps", "duplicate_lines"]
