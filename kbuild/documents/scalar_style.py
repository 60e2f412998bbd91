"""How a string is printed: plain, quoted or literal, folded at 80 columns.

Source: go.yaml.in/yaml v2.4.2 `encode.go` (`stringv`) and `emitterc.go`.
"""

from __future__ import annotations

PLAIN, SINGLE, DOUBLE, LITERAL = 0, 1, 2, 3
BREAKS = "\n\u2028\u2029"
_FIRST_BAD = frozenset("#,[]{}&*!|>'\"%@` ")
_WORDS = frozenset((
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "~", "null", "Null", "NULL",
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
))  # fmt: skip
_WIDTH = 80
# Longer integers may be infinite to the reference, and those are strings.
_FINITE_DIGITS = 308
_ESCAPES = {
    0x00: "\\0", 0x07: "\\a", 0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0B: "\\v", 0x0C: "\\f", 0x0D: "\\r", 0x1B: "\\e",
    0x22: '\\"', 0x5C: "\\\\", 0x85: "\\N", 0xA0: "\\_", 0x2028: "\\L", 0x2029: "\\P",
}  # fmt: skip


def style_of(text: str) -> int:
    """The style of a string value."""
    bare = text.replace("\n", "")
    rare = not is_common(bare)
    if not text or (rare and has_special(bare)):
        return DOUBLE
    if len(bare) < len(text):
        return DOUBLE if text[-1] == " " or " \n" in text or (rare and space_before_break(text)) else LITERAL
    if text in _WORDS or (text[0] in "0123456789+-." and _is_number(text)):
        return DOUBLE
    if rare and ("\u2028" in text or "\u2029" in text):
        return DOUBLE if _break_and_space(text) else SINGLE
    return SINGLE if cannot_be_plain(text) else PLAIN


def is_common(text: str) -> bool:
    """Whether a text has only characters that every style prints as they are (a cheap test; false may be wrong)."""
    return text.isprintable() and (text.isascii() or max(text) <= "\uffff")


def cannot_be_plain(text: str) -> bool:
    """Whether a printable one-line text that means a string still cannot be a plain scalar."""
    first = text[0]
    if first in _FIRST_BAD or text[-1] == " ":
        return True
    if first in "-.?:":
        if text.startswith(("---", "...")):
            return True
        if first != "." and (len(text) == 1 or text[1] == " "):
            return True
    return ": " in text or text[-1] == ":" or " #" in text


def _is_number(text: str) -> bool:
    """Whether a text that starts like a number, a date or a base 60 number reads as one."""
    if text.isascii() and text.isdigit() and len(text) <= _FINITE_DIGITS:
        return True
    from kbuild.documents.yaml11 import is_base60, reads_as_non_string

    return reads_as_non_string(text) or is_base60(text)


def has_special(text: str) -> bool:
    """Whether a text without line feeds holds a character that only double quotes can print."""
    for char in text:
        if char < "\x7f":
            if char < " ":
                return True
        elif char < "\xa0" or char > "\ufffd" or char == "\ufeff" or "\ud800" <= char < "\ue000":
            return True
    return False


def check_printable(text: str) -> bool:
    """Whether all characters survive the reference's JSON hop as they are."""
    if text.isascii():
        return "\x7f" not in text
    return not any("\x7f" <= char < "\xa0" or "\ud800" <= char < "\ue000" or char in "\ufffe\uffff" for char in text)


def space_before_break(text: str) -> bool:
    """Whether a line ends in a space."""
    return any(" " + char in text for char in BREAKS)


def _break_and_space(text: str) -> bool:
    """Whether a break and a space are neighbours, or the text ends in a way that only double quotes print."""
    return any(" " + char in text or char + " " in text for char in BREAKS)


def one_line(text: str, style: int) -> str:
    """The text in a style that is not literal, before any folding."""
    if style == PLAIN:
        return text
    if style == SINGLE:
        return "'" + text.replace("'", "''") + "'"
    return '"' + escaped(text) + '"'


def escaped(text: str) -> str:
    """The text with the escapes of double quotes. A text that starts with a byte order mark is escaped throughout."""
    if text.startswith("\ufeff"):
        return "".join([escape(char) for char in text])
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    if is_common(text):
        return text
    return "".join([escape(char) if needs_escape(char) else char for char in text])


def needs_escape(char: str) -> bool:
    """Whether double quotes print this character, which is no quote or backslash, as an escape."""
    if char < "\x7f":
        return char < " "
    return char < "\xa0" or char > "\ufffd" or char in "\ufeff\u2028\u2029" or "\ud800" <= char < "\ue000"


def escape(char: str) -> str:
    """The escape of one character."""
    code = ord(char)
    short = _ESCAPES.get(code)
    if short is not None:
        return short
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def folded(text: str, style: int, column: int, indent: str) -> str:
    """The text in a style that is not literal, on as many lines as the reference takes when it starts at a column.

    Units: columns are characters from the start of the line. Shape: `indent` is written after each break.
    """
    if style == SINGLE and ("\u2028" in text or "\u2029" in text):
        return _fold_rare_breaks(text, column, indent)
    shown = one_line(text, style)
    # A break replaces a space beyond the width that is not next to a quote and stands alone (or, in double quotes, first).
    first, last = (0, len(shown) - 2) if style == PLAIN else (2, len(shown) - 3)
    width = _WIDTH + 1 - len(indent)
    start = 0
    at = shown.find(" ", max(_WIDTH + 1 - column, first))
    pieces: list[str] = []
    while -1 < at <= last:
        doubled = shown[at + 1] == " "
        if shown[at - 1] == " " or (doubled and style != DOUBLE):
            at = shown.find(" ", at + 1)
            continue
        pieces.append(shown[start:at])
        pieces.append(f"\n{indent}\\" if doubled else f"\n{indent}")
        start = at + 1
        at = shown.find(" ", start + max(width - doubled, 0))
    pieces.append(shown[start:])
    return "".join(pieces)


def _fold_rare_breaks(text: str, column: int, indent: str) -> str:
    """A single-quoted text with U+2028 or U+2029, after which the reference starts a new line with the indentation."""
    out = ["'"]
    column += 1
    fresh, last = False, len(text) - 1
    for at, char in enumerate(text):
        if char in BREAKS:
            out.append(char)
            column, fresh = 0, True
            continue
        if fresh:
            out.append(indent)
            column, fresh = len(indent), False
        alone = char == " " and 0 < at < last and text[at - 1] != " " and text[at + 1] != " "
        shown = f"\n{indent}" if alone and column > _WIDTH else "''" if char == "'" else char
        column = len(indent) if shown[0] == "\n" else column + len(shown)
        out.append(shown)
    out.append("'")
    return "".join(out)


def literal(text: str, indent: str) -> str:
    """A literal block: header, lines at the indentation, ending in a line break."""
    hint = "2" if text[0] in " \n\u2028\u2029" else ""
    chomp = ""
    if text[-1] not in BREAKS:
        chomp = "-"
    elif len(text) == 1 or text[-2] in BREAKS:
        chomp = "+"
    if "\u2028" in text or "\u2029" in text:
        return f"|{hint}{chomp}\n{_indent_after_any_break(text, indent)}"
    body = f"{indent}{text}".replace("\n", "\n" + indent)
    if "\n\n" in text or text[0] == "\n":
        # Empty lines carry no indentation.
        body = body.replace(f"\n{indent}\n", "\n\n").replace(f"\n{indent}\n", "\n\n")
        if text[0] == "\n":
            body = body[len(indent) :]
    if text[-1] == "\n":
        return f"|{hint}{chomp}\n{body[: -len(indent)]}"
    return f"|{hint}{chomp}\n{body}\n"


def _indent_after_any_break(text: str, indent: str) -> str:
    """The lines with indentation after U+2028 and U+2029 too, which the reference takes for line breaks."""
    out: list[str] = []
    fresh = True
    for char in text:
        if char in BREAKS:
            fresh = True
        elif fresh:
            out.append(indent)
            fresh = False
        out.append(char)
    if not fresh:
        out.append("\n")
    return "".join(out)
