"""Quoted scalars and blocks that go on over several lines.

Source: go.yaml.in/yaml v3.0.3 `yaml_parser_scan_block_scalar`, `yaml_parser_scan_flow_scalar`.
"""

from __future__ import annotations

from kbuild.documents.lines import Declined, check_rest, closing_quote, unescape


def quoted_lines(lines: list[str], at: int, first: str) -> tuple[str, int]:
    """A quoted scalar that starts with `first` on a line and ends below. Raises: Declined.

    Returns its value and the index of the line behind it.
    """
    quote = first[0]
    pieces: list[str] = []
    blanks = lines[at][len(lines[at].rstrip(" \t")) :]
    is_escaped = _add(pieces, first[1:] + blanks, quote)
    breaks = 0
    for number in range(at + 1, len(lines)):
        line = lines[number]
        content = line.lstrip(" ")
        if not content:
            breaks += 1
            continue
        if "\t" in line or line.startswith(("---", "...")):
            raise Declined
        pieces.append("\n" * breaks if breaks else "" if is_escaped else " ")
        breaks = 0
        end = closing_quote(quote + content, 1)
        if end > 0:
            check_rest(content[end:])
            pieces.append(_value(content[: end - 1], quote))
            return "".join(pieces), number + 1
        is_escaped = _add(pieces, content, quote)
    raise Declined


def _add(pieces: list[str], text: str, quote: str) -> bool:
    """Add a line without the blanks before its break; whether the break is escaped. Raises: Declined."""
    stripped = text.rstrip(" \t")
    if quote == "'" or not _ends_in_escape(stripped):
        pieces.append(_value(stripped, quote))
        return False
    if stripped != text:
        # The backslash escapes one of the blanks.
        raise Declined
    pieces.append(_value(text[:-1], quote))
    return True


def _ends_in_escape(text: str) -> bool:
    """Whether a text ends in a backslash that is not itself escaped."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _value(text: str, quote: str) -> str:
    """The value of a part of a quoted scalar. Raises: Declined."""
    if quote == "'":
        return text.replace("''", "'") if "'" in text else text
    return unescape(text) if "\\" in text else text


def block_scalar(
    lines: list[str], at: int, header: tuple[str, str, int], indent: int, *, ends_open: bool
) -> tuple[str, int]:
    """A literal or folded block: its text, and the index of the line behind it. Raises: Declined.

    `indent` is the indentation of the collection around it; `ends_open` says that the last line has no line break.
    """
    style, chomp, explicit = header
    count = len(lines)
    width = indent + explicit if explicit else _width(lines, at, indent)
    body: list[str] = []
    while at < count:
        line = lines[at]
        if line[:width].strip(" "):
            if "\t" in line[:width]:
                raise Declined
            break
        body.append(line[width:])
        at += 1
    last = len(body)
    while last and not body[last - 1]:
        last -= 1
    open_end = ends_open and at == count
    trailing = len(body) - last
    text = _folded(body[:last]) if style == ">" else "\n".join(body[:last])
    if text[:1] == "\t":
        raise Declined
    if chomp == "-":
        return text, at
    if not last:
        return ("\n" * (trailing - open_end) if chomp == "+" else ""), at
    if open_end and not trailing:
        return text, at
    if chomp == "+":
        return text + "\n" * (1 + trailing - open_end), at
    return text + "\n", at


def _width(lines: list[str], at: int, indent: int) -> int:
    """The indentation of a block, from its first line that is not blank. Raises: Declined."""
    deepest = 0
    for line in lines[at:]:
        content = line.lstrip(" ")
        width = len(line) - len(content)
        if content:
            if content[0] == "\t" or deepest > max(width, indent + 1):
                raise Declined
            return max(width, indent + 1)
        deepest = max(deepest, width)
    if deepest > indent + 1:
        raise Declined
    return indent + 1


def _folded(lines: list[str]) -> str:
    """The lines of a folded block joined as the parser does: one break is a space unless a more indented line is near."""
    out: list[str] = []
    pending, was_indented, blanks = False, False, 0
    for line in lines:
        if not line:
            blanks += 1
            continue
        is_indented = line[0] in " \t"
        if pending:
            if not was_indented and not is_indented:
                if not blanks:
                    out.append(" ")
            else:
                out.append("\n")
        out.append("\n" * blanks)
        out.append(line)
        pending, was_indented, blanks = True, is_indented, 0
    return "".join(out)
