"""Bodies as yaml v3 encodes them with the reference's settings: two spaces, compact lists, no line folding.

Used where the reference shows or stores node text: error messages, structured strings, origin annotations, line numbers.
A body does not know whether a collection was in flow style, and not of every quoted text whether it stood in single or double
quotes: double quotes and block style are printed; `as_written` restores what an error shows.
Source: go.yaml.in/yaml v3.0.3 encoder as set up by kyaml v0.21.1.
"""

from __future__ import annotations

from kbuild.documents.resolve import plain
from kbuild.documents.scalar_style import (
    DOUBLE,
    LITERAL,
    PLAIN,
    SINGLE,
    cannot_be_plain,
    has_special,
    literal,
    one_line,
)
from kbuild.model.scalars import STR, UNTAGGED, OddKey, Quoted, Scalar, key_text, tag_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from kbuild.model.scalars import Json

    # a key as Go quotes it, its line, the line of an earlier use
    Duplicate: TypeAlias = tuple[str, int, int]
    # a later and an earlier use: key and line of each
    Pair: TypeAlias = tuple[OddKey, int, str | OddKey, int]

_MAX_SIMPLE_KEY = 128
# In place of the line of an earlier use: the key is one that the decoder does not take.
NOT_TWICE = -1
# A key that stands in a map 100,000 times makes five billion pairs; nobody reads that many.
_MAX_PAIRS = 10_000


def dumps(value: Json) -> str:
    """The text of a value, ending in a line break."""
    return "".join(_Text(value).out)


def duplicate_lines(body: Json) -> list[Duplicate]:
    """`(key as Go quotes it, its line, line of an earlier use)` for every pair of equal keys, as the reference lists them.

    A map or list that is a key at the top stands there with its tag, its line and `NOT_TWICE`.
    Units: 1-based lines of `dumps(body)`, where the source had comments or flow collections moved by what these take.
    """
    from kbuild.model.quote import go_quote

    return [
        (key.tag, line + key.shift[0], NOT_TWICE)
        if first is key
        else (
            go_quote(key.text),
            line + key.shift[0],
            first_line + (first.shift[0] if type(first) is OddKey else key.shift[1]),
        )
        for key, line, first, first_line in duplicate_pairs(body)
    ]


def duplicates_text(found: list[Duplicate]) -> str:
    """A line of an error for every pair of equal keys, and for every key that is no scalar."""
    return "\n".join(
        f"  line {line}: cannot unmarshal {key} into string"
        if first == NOT_TWICE
        else f"  line {line}: mapping key {key} already defined at line {first}"
        for key, line, first in found
    )


def source_lines(body: Json) -> list[Duplicate]:
    """Like `duplicate_lines`, with the lines of the text that the body was read from."""
    from kbuild.model.quote import go_quote

    return [
        (key.tag, key.lines[0], NOT_TWICE)
        if first is key
        else (go_quote(key.text), key.lines[0], first.lines[0] if type(first) is OddKey else key.lines[1])
        for key, _, first, _ in duplicate_pairs(body)
    ]


def duplicate_pairs(body: Json) -> list[Pair]:
    """Every pair of equal keys as the reference lists them, with their lines in `dumps(body)`.

    A map or list that is a key at the top is paired with itself.
    """
    return _Text(body).duplicates


def tab_line(body: Json) -> int:
    """The line of `dumps(body)` where the first block begins that starts with a tab."""
    line = _Text(body).tab_line
    # The reference names the line of the block's start, unless that is the first.
    return max(line, 2)


def refolded(text: str) -> str:
    """What is left of a folded block's text when the reference writes it as a folded block and reads that.

    Its writer doubles a run of breaks after a line that begins with no blank, unless the whole text begins with one.
    """
    from kbuild.documents.multiline import block_scalar

    doubles = text.lstrip("\n")[:1] not in ("", " ", "\t")
    lines: list[str] = []
    pieces = text.split("\n")
    last = len(pieces) - 1
    for at, line in enumerate(pieces):
        if at < last or line:
            lines.append(line)
        if line and line[0] not in " \t" and doubles and at < last:
            lines.append("")
    chomp = "-" if text[-1:] != "\n" else "+" if text[-2:] in ("\n", "\n\n") else ""
    return block_scalar(lines, 0, (">", chomp, 1), -1, ends_open=False)[0]


class _Text:
    """One text being written, with the lines of its keys."""

    __slots__ = ("duplicates", "line", "out", "tab_line")

    def __init__(self, value: Json) -> None:
        self.out: list[str] = []
        self.line, self.tab_line = 1, 0
        self.duplicates: list[Pair] = []
        if type(value) is dict and value:
            self.map(value, "", "", is_top=True)
        elif type(value) is list and value:
            self.list(value, "", "")
        else:
            self.leaf("", value, "  ")

    def add(self, text: str) -> None:
        self.out.append(text)
        self.line += text.count("\n")

    def map(self, value: dict[Any, Any], lead: str, indent: str, *, is_top: bool = False) -> None:
        """A map that is not empty: its first key after `lead`, the others at the indentation."""
        start = len(self.duplicates)
        lines: list[tuple[str | OddKey, int]] = []
        for key, item in value.items():
            lines.append((key, self.line))
            shown = _key(key)
            if shown:
                self.value(f"{lead}{shown}:", item, indent)
            else:
                line, before = self.line, len(self.duplicates)
                self.leaf(f"{lead}?", key_text(key), indent + "  ")
                self.explicit(item, indent)
                if is_top and type(key) is OddKey and key.value is not None:
                    # The decoder does not look at what such a key has.
                    self.duplicates[before:] = [(key, line, key, line)]
            lead = indent
        pairs = _pairs(lines)
        if pairs:
            # The decoder does not look into a map that has duplicates.
            self.duplicates[start:] = pairs

    def value(self, prefix: str, item: Json, indent: str) -> None:
        """What follows a key of a map at the indentation."""
        kind = type(item)
        if kind is dict and item:
            self.add(prefix + "\n")
            self.map(item, indent + "  ", indent + "  ")
        elif kind is list and item:
            self.add(prefix + "\n")
            self.list(item, indent, indent)
        else:
            self.leaf(prefix, item, indent + "  ")

    def explicit(self, item: Json, indent: str) -> None:
        """What follows a key in the explicit form."""
        inner = indent + "  "
        if type(item) is dict and item:
            self.map(item, f"{indent}: ", inner)
        elif type(item) is list and item:
            self.list(item, f"{indent}: ", inner)
        else:
            self.leaf(f"{indent}:", item, inner)

    def list(self, value: list[Any], lead: str, indent: str) -> None:
        """A list that is not empty: its first dash after `lead`, the others at the indentation."""
        inner = indent + "  "
        for item in value:
            if type(item) is dict and item:
                self.map(item, f"{lead}- ", inner)
            elif type(item) is list and item:
                self.list(item, f"{lead}- ", inner)
            else:
                self.leaf(f"{lead}-", item, inner)
            lead = indent

    def leaf(self, prefix: str, value: Json, indent: str) -> None:
        """A scalar, or an empty map or list."""
        kind = type(value)
        if kind is dict or kind is list:
            shown = "{}\n" if kind is dict else "[]\n"
        elif isinstance(value, str):
            style = _style(value, is_quoted=kind is Quoted)
            shown = literal(value, indent) if style == LITERAL else one_line(value, style) + "\n"
        elif tag_of(value) == STR:
            self.tab_line = self.tab_line or self.line
            shown = literal(text_of(value), indent)
        else:
            shown = _odd_scalar(value) + "\n"
        # An empty plain scalar leaves no space behind its key or dash.
        self.add(f"{prefix}{' ' if prefix and shown != chr(10) else ''}{shown}")


def _pairs(lines: list[tuple[str | OddKey, int]]) -> list[Pair]:
    pairs: list[Pair] = []
    for later, earlier in equal_pairs([key_text(key) for key, _ in lines]):
        key, line = lines[later]
        if type(key) is OddKey:
            pairs.append((key, line, *lines[earlier]))
    return pairs


def equal_pairs(texts: list[str]) -> list[tuple[int, int]]:
    """The places of every two equal texts, the later first, in the order of the earlier ones; not more than anybody reads."""
    uses: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        uses.setdefault(text, []).append(at)
    pairs: list[tuple[int, int]] = []
    if len(uses) < len(texts):
        passed = dict.fromkeys(uses, 0)
        for at, text in enumerate(texts):
            passed[text] += 1
            room = _MAX_PAIRS - len(pairs)
            if not room:
                break
            pairs += [(later, at) for later in uses[text][passed[text] : passed[text] + room]]
    return pairs


def _key(key: str | OddKey) -> str:
    """A key as printed before its colon, or `""` when it takes the explicit form."""
    if type(key) is OddKey and key.value is not None:
        return ""
    if type(key) is OddKey and key.tag != STR:
        return key.text if tag_of(plain(key.text)) == key.tag else f"{key.tag} {key.text}"
    text = key_text(key)
    if "\n" in text or "\r" in text or len(text.encode("utf-8", "surrogatepass")) > _MAX_SIMPLE_KEY:
        return ""
    return one_line(text, _style(text, is_quoted=False))


def _style(text: str, *, is_quoted: bool) -> int:
    """The style of a string."""
    bare = text.replace("\n", "").replace("\t", "")
    special = has_special(bare)
    if "\n" in text:
        # One from a block that starts with a tab is no `str` here.
        return DOUBLE if special or text[-1] == " " or " \n" in text or text[0] == "\t" else LITERAL
    if is_quoted or special or "\t" in text or tag_of(plain(text)) != STR:
        return DOUBLE
    return SINGLE if cannot_be_plain(text) else PLAIN


def _odd_scalar(value: Json) -> str:
    """A scalar that is no string value."""
    text = text_of(value)
    if type(value) is not Scalar:
        return text
    if value.quoted:
        return f"{value.tag} {one_line(text, DOUBLE)}"
    tag = tag_of(plain(text))
    if value.tag == UNTAGGED:
        return one_line(text, _style(text, is_quoted=False)) if tag == STR else text
    return text if tag == value.tag else f"{value.tag} {text}"
