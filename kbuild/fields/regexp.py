"""Go's regular expressions: the same syntax, the same matches, in a time that grows with the text and no faster.

The instructions of an expression are run for all possible ways at once; the sets of places that come up are kept, so that
most characters cost one look-up. No module `re`: loading it takes 5 ms, and its time may double with every character.
Source: Go `regexp` (RE2). Decision: docs/adr/0045-match-expressions-in-linear-time.md.
"""

from __future__ import annotations

from kbuild.fields.regexp_syntax import (
    ASSERT,
    BEGIN_LINE,
    BEGIN_TEXT,
    CHAR,
    CLASS,
    END_LINE,
    END_TEXT,
    JUMP,
    MATCH,
    NO_WORD,
    SPLIT,
    WORD,
    parse,
)
from kbuild.model.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What stands behind the last character.
_END = ""
_WORD_CHARS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
# Places in all sets that are kept.
_MAX_KEPT = 200_000


class _Place(dict[str, "_Place"]):
    """All places in an expression that a text may have led to; as a dict, the places behind each next character.

    Shape: `before` is the character in front, as far as assertions ask for it.
    """

    __slots__ = ("before", "places")

    def __init__(self, places: frozenset[int], before: str) -> None:
        super().__init__()
        self.places, self.before = places, before


class Regexp:
    """A compiled expression. Raises: ConfigurationError, where Go refuses it."""

    __slots__ = ("_code", "_held", "_is_anchored", "_kept", "_looks_back", "_matched", "_start")

    def __init__(self, pattern: str) -> None:
        self._code = parse(pattern)
        self._looks_back = any((ASSERT, asked) in self._code for asked in (BEGIN_LINE, WORD, NO_WORD))
        self._is_anchored = self._code[0] == (ASSERT, BEGIN_TEXT)
        self._matched = _Place(frozenset(), "")
        self._forget()

    def _forget(self) -> None:
        self._kept: dict[tuple[frozenset[int], str], _Place] = {}
        self._held = 0
        self._start = self._place(frozenset([0]), _END)

    def search(self, text: str) -> bool:
        """Whether the expression matches anywhere in a text."""
        place, matched = self._start, self._matched
        for char in text:
            following = place.get(char)
            if following is None:
                following = place[char] = self._behind(place, char)
                if self._held > _MAX_KEPT:
                    self._forget()
            if following is matched:
                return True
            place = following
            if not place.places:
                return False
        return self._behind(place, _END) is matched

    def _place(self, places: frozenset[int], before: str) -> _Place:
        """The kept set of places, or a new one. `before` is what stands in front, empty at the start."""
        if before and before != "\n":
            before = "a" if before in _WORD_CHARS else "."
        if before and not self._looks_back:
            before = "."
        found = self._kept.get((places, before))
        if found is None:
            found = self._kept[places, before] = _Place(places, before)
            self._held += len(places) + 1
        return found

    def _behind(self, place: _Place, char: str) -> _Place:
        """The places behind a character, or that there is a match in front of it."""
        code, before = self._code, place.before
        pending = list(place.places)
        seen: set[int] = set()
        reached: set[int] = set()
        while pending:
            at = pending.pop()
            if at in seen:
                continue
            seen.add(at)
            what, argument = code[at]
            if what == CHAR:
                if char == argument:
                    reached.add(at + 1)
            elif what == CLASS:
                if char and argument(char):
                    reached.add(at + 1)
            elif what == SPLIT:
                pending += (at + argument[0], at + argument[1])
            elif what == JUMP:
                pending.append(at + argument)
            elif what == MATCH:
                return self._matched
            elif _holds(argument, before, char):
                pending.append(at + 1)
        if not self._is_anchored:
            # A match may begin behind the character as well.
            reached.add(0)
        return self._place(frozenset(reached), char)


def _holds(assertion: Any, before: str, behind: str) -> bool:
    """Whether an assertion holds between two characters, each empty at an end of the text."""
    if assertion == BEGIN_TEXT:
        return not before
    if assertion == END_TEXT:
        return not behind
    if assertion == BEGIN_LINE:
        return before in ("", "\n")
    if assertion == END_LINE:
        return behind in ("", "\n")
    is_edge = (before in _WORD_CHARS) != (behind in _WORD_CHARS)
    return is_edge if assertion == WORD else not is_edge


def compile_regexp(pattern: str) -> Regexp | None:
    """The compiled expression, None when Go refuses it."""
    try:
        return Regexp(pattern)
    except ConfigurationError:
        return None


def require(pattern: str) -> Regexp:
    """The compiled expression. Raises: ConfigurationError, in Go's words."""
    return Regexp(pattern)
