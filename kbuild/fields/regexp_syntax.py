"""Go's regular expressions as instructions: the syntax that RE2 has, refused in Go's words where it is not that.

An expression is read once, from left to right; what was read is a list of pieces, each with its instructions, whose jumps
are relative so that a counted repetition is copies.
Source: Go `regexp/syntax` `Parse`; RE2's limits on repetitions, nesting and size.
"""

from __future__ import annotations

from kbuild.fields.regexp_classes import CharClass, ranges, same_but_for_case
from kbuild.fields.regexp_escapes import bad, class_escape, read_class, read_escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    # (what, argument): CHAR a character, CLASS a set, SPLIT two distances, JUMP one distance, an assertion's name
    Instruction: TypeAlias = tuple[int, Any]

CHAR, CLASS, SPLIT, JUMP, ASSERT, MATCH = range(6)
BEGIN_TEXT, END_TEXT, BEGIN_LINE, END_LINE, WORD, NO_WORD = range(6)

_MAX_REPEAT, _MAX_HEIGHT = 1000, 1000
# The reference takes 3.3 million; docs/adr/0045 says why.
_MAX_SIZE = 100_000
_MAX_COUNT = 10**8
_ALNUM = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_ESCAPED_ASSERTIONS = {"A": BEGIN_TEXT, "b": WORD, "B": NO_WORD, "z": END_TEXT}


class Piece:
    """A part of an expression that can be repeated. Shape: `height` of its tree; `copies` of its innermost part."""

    __slots__ = ("code", "copies", "height")

    def __init__(self, code: list[Instruction], height: int = 1, copies: int = 1) -> None:
        self.code, self.height, self.copies = code, height, copies


class _Group:
    """A parenthesis that is open: its alternatives so far, the flags outside of it."""

    __slots__ = ("captures", "done", "flags", "pieces")

    def __init__(self, flags: frozenset[str], *, captures: bool) -> None:
        self.flags, self.captures = flags, captures
        self.done: list[Piece] = []
        self.pieces: list[Piece] = []


def parse(text: str) -> list[Instruction]:
    """The instructions of an expression. Raises: ConfigurationError, in Go's words."""
    return _Parser(text).whole()


class _Parser:
    """A place in an expression. `flags` are of `i`, `m`, `s`."""

    __slots__ = ("at", "flags", "groups", "last_repeat", "size", "text")

    def __init__(self, text: str) -> None:
        self.text, self.at, self.size = text, 0, 0
        self.flags: frozenset[str] = frozenset()
        self.groups = [_Group(self.flags, captures=False)]
        self.last_repeat = -1

    def whole(self) -> list[Instruction]:
        """Read everything. Raises: ConfigurationError."""
        while self.at < len(self.text):
            start = self.at
            is_repeat = self.step(self.text[start])
            self.last_repeat = start if is_repeat else -1
        if len(self.groups) > 1:
            raise bad("missing closing )", self.text)
        return [*self.close(self.groups[0]).code, (MATCH, None)]

    def step(self, char: str) -> bool:
        """Read one thing; whether it was a repetition. Raises: ConfigurationError."""
        if char in "*+?":
            self.repeat(*{"*": (0, -1), "+": (1, -1), "?": (0, 1)}[char], self.at + 1)
            return True
        if char == "{":
            found = _counts(self.text, self.at)
            if found is not None:
                self.repeat(*found, is_counted=True)
                return True
        if char == "(":
            self.open()
        elif char == "|":
            group = self.groups[-1]
            group.done.append(_joined(group.pieces))
            group.pieces = []
            self.at += 1
        elif char == ")":
            self.end_group()
        elif char == "[":
            items, negated, self.at = read_class(self.text, self.at)
            self.add((CLASS, CharClass(items, negated=negated, folds="i" in self.flags).has))
        elif char == "\\":
            self.escape()
        else:
            self.at += 1
            self.simple(char)
        return False

    def add(self, instruction: Instruction) -> None:
        """Add a piece of one instruction."""
        self.groups[-1].pieces.append(Piece([instruction]))

    def simple(self, char: str) -> None:
        """Add what a character other than an operator stands for."""
        if char == "^":
            self.add((ASSERT, BEGIN_LINE if "m" in self.flags else BEGIN_TEXT))
        elif char == "$":
            self.add((ASSERT, END_LINE if "m" in self.flags else END_TEXT))
        elif char == ".":
            self.add((CLASS, _any if "s" in self.flags else _any_but_break))
        else:
            self.literal(char)

    def literal(self, char: str) -> None:
        """Add a character that stands for itself."""
        if "i" in self.flags and len(same_but_for_case(char)) > 1:
            self.add((CLASS, CharClass([(ranges((char, char)), False)], folds=True).has))
        else:
            self.add((CHAR, char))

    def escape(self) -> None:
        """Read what a backslash begins. Raises: ConfigurationError."""
        text, at = self.text, self.at
        kind = text[at + 1 : at + 2]
        if kind and kind in _ESCAPED_ASSERTIONS:
            self.add((ASSERT, _ESCAPED_ASSERTIONS[kind]))
            self.at += 2
        elif kind == "C":
            raise bad("invalid escape sequence", text[at : at + 2])
        elif kind == "Q":
            quoted, _, rest = text[at + 2 :].partition("\\E")
            for char in quoted:
                self.literal(char)
            self.at = len(text) - len(rest)
        else:
            found = class_escape(text, at)
            if found is not None:
                test, negated, self.at = found
                self.add((CLASS, CharClass([(test, negated)], folds="i" in self.flags).has))
            else:
                char, self.at = read_escape(text, at)
                self.literal(char)

    def repeat(self, least: int, most: int, after: int, *, is_counted: bool = False) -> None:
        """Repeat the last piece. Raises: ConfigurationError."""
        text, start = self.text, self.at
        if text[after : after + 1] == "?":
            after += 1
        if self.last_repeat >= 0:
            raise bad("invalid nested repetition operator", text[self.last_repeat : after])
        pieces = self.groups[-1].pieces
        if not pieces:
            raise bad("missing argument to repetition operator", text[start:after])
        piece = pieces[-1]
        copies = piece.copies
        if is_counted:
            count = least if most < 0 else most
            copies = 1 if most == 0 else copies * max(count, 1)
            if copies > _MAX_REPEAT and (least >= 2 or most >= 2):
                raise bad("invalid repeat count", text[start:after])
        self.grow(len(piece.code) * (max(least, most, 1)))
        pieces[-1] = _checked(Piece(_repeated(piece.code, least, most), piece.height + 1, copies), text)
        self.at = after

    def grow(self, size: int) -> None:
        """Count instructions that were made. Raises: ConfigurationError, when there are too many."""
        self.size += size
        if self.size > _MAX_SIZE * 2 or size > _MAX_SIZE:
            raise bad("expression too large", self.text)

    def open(self) -> None:
        """Read an opening parenthesis with its flags or its name. Raises: ConfigurationError."""
        text, at = self.text, self.at
        if text[at + 1 : at + 2] != "?":
            self.groups.append(_Group(self.flags, captures=True))
            self.at += 1
            return
        start = 4 if text[at + 2 : at + 4] == "P<" and len(text) > at + 4 else 3
        if start == 3 and (text[at + 2 : at + 3] != "<" or len(text) <= at + 3):
            self.set_flags()
            return
        end = text.find(">", at)
        if end < 0:
            raise bad("invalid named capture", text[at:])
        name = text[at + start : end]
        if not name or not _ALNUM.issuperset(name.replace("_", "a")):
            raise bad("invalid named capture", text[at : end + 1])
        self.groups.append(_Group(self.flags, captures=True))
        self.at = end + 1

    def set_flags(self) -> None:
        """Read `(?i)` or `(?i:`. Raises: ConfigurationError."""
        text, at = self.text, self.at + 2
        flags, minus, has_flag = set(self.flags), False, False
        while at < len(text):
            char = text[at]
            at += 1
            if char in "imsU":
                (flags.discard if minus else flags.add)(char)
                has_flag = True
            elif char == "-" and not minus:
                minus, has_flag = True, False
            elif char in ":)" and (has_flag or not minus):
                if char == ":":
                    self.groups.append(_Group(self.flags, captures=False))
                self.flags = frozenset(flags)
                self.at = at
                return
            else:
                break
        raise bad("invalid or unsupported Perl syntax", text[self.at : at])

    def end_group(self) -> None:
        """Read a closing parenthesis. Raises: ConfigurationError."""
        if len(self.groups) == 1:
            raise bad("unexpected )", self.text)
        group = self.groups.pop()
        self.groups[-1].pieces.append(self.close(group))
        self.flags = group.flags
        self.at += 1

    def close(self, group: _Group) -> Piece:
        """The piece that a group is. Raises: ConfigurationError."""
        parts = [*group.done, _joined(group.pieces)]
        code = parts[-1].code
        if len(parts) > 1:
            code = _alternatives([part.code for part in parts])
        self.grow(len(code) if len(parts) > 1 or len(group.pieces) > 1 else 0)
        height = max(part.height for part in parts) + (len(parts) > 1) + group.captures
        return _checked(Piece(code, height, max(part.copies for part in parts)), self.text)


def _counts(text: str, start: int) -> tuple[int, int, int] | None:
    """The least and most copies of `{2,3}` (most is -1 for `{2,}`) and the index behind; None when it is no repetition."""
    least, at = _count(text, start + 1)
    most = least
    if least is not None and text[at : at + 1] == ",":
        most, at = (-1, at + 1) if text[at + 1 : at + 2] == "}" else _count(text, at + 1)
    if least is None or most is None or text[at : at + 1] != "}":
        return None
    if max(least, most) > _MAX_REPEAT or 0 <= most < least:
        raise bad("invalid repeat count", text[start : at + 1])
    return least, most, at + 1


def _checked(piece: Piece, text: str) -> Piece:
    """The piece itself. Raises: ConfigurationError, when its tree is too high."""
    if piece.height > _MAX_HEIGHT:
        raise bad("expression nests too deeply", text)
    return piece


def _any(_char: str) -> bool:
    return True


def _any_but_break(char: str) -> bool:
    return char != "\n"


def _count(text: str, at: int) -> tuple[int | None, int]:
    """A decimal number without leading zeros and the index behind it."""
    end = at
    while end < len(text) and text[end] in "0123456789":
        end += 1
    digits = text[at:end]
    if not digits or (digits[0] == "0" and len(digits) > 1):
        return None, end
    return (int(digits) if len(digits) < 9 else _MAX_COUNT), end


def _joined(pieces: list[Piece]) -> Piece:
    """Pieces one after the other."""
    if len(pieces) == 1:
        return pieces[0]
    code = [instruction for piece in pieces for instruction in piece.code]
    height = max([piece.height for piece in pieces], default=0) + 1
    return Piece(code, height, max([piece.copies for piece in pieces], default=1))


def _alternatives(parts: list[list[Instruction]]) -> list[Instruction]:
    """Any of several codes: a split before each but the last, a jump to the end behind each but the last."""
    total = sum(map(len, parts)) + 2 * (len(parts) - 1)
    code: list[Instruction] = []
    for part in parts[:-1]:
        code.append((SPLIT, (1, len(part) + 2)))
        code += part
        code.append((JUMP, total - len(code)))
    return code + parts[-1]


def _repeated(code: list[Instruction], least: int, most: int) -> list[Instruction]:
    """Copies of a code."""
    if most < 0:
        if not least:
            return [(SPLIT, (1, len(code) + 2)), *code, (JUMP, -len(code) - 1)]
        return [*(code * least), (SPLIT, (-len(code), 1))]
    optional: list[Instruction] = []
    rest = (len(code) + 1) * (most - least)
    for number in range(most - least):
        optional.append((SPLIT, (1, rest - number * (len(code) + 1))))
        optional += code
    return code * least + optional
