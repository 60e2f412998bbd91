"""The order of printed keys: yaml v2's natural order, cached by the caller for each set of keys.

Source: go.yaml.in/yaml v2.4.2 `keyList.Less`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kbuild.model.scalars import Json

_MANY = 200
# More would wrap around in the reference.
_MAX_DIGITS = 17


class _Natural(str):
    """A key that compares as the reference compares it."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return less(self, other)


def ordered(keys: Iterable[str]) -> tuple[str, ...]:
    """The keys in printing order.

    The reference's comparison is not transitive for some keys with digits, and its own output is then random; here the
    result depends on the set of keys alone.
    """
    result = sorted(keys)
    if not all(key.isalpha() for key in result):
        found = [numbered(key) for key in result] if len(result) > _MANY else []
        numbers = [each for each in found if each is not None]
        if len(numbers) == len(result):
            result = [key for _, _, key in sorted(numbers)]
        else:
            result.sort(key=_Natural)
    return tuple(result)


def in_order(value: Json) -> Json:
    """A value of maps with texts as keys, with these sorted as they are printed."""
    if type(value) is list:
        return [in_order(item) for item in value]
    return {key: in_order(value[key]) for key in ordered(value)} if type(value) is dict else value


def numbered(key: str) -> tuple[str, int, str] | None:
    """A key of ASCII letters and a number behind them, as it sorts; None for any other.

    Among such keys the comparison is that of letters, then of numbers: cheap where there are very many.
    """
    stem = key.rstrip("0123456789")
    digits = key[len(stem) :]
    if not digits or len(digits) > _MAX_DIGITS or (digits[0] == "0" and digits != "0"):
        return None
    return (stem, int(digits), key) if not stem or (stem.isascii() and stem.isalpha()) else None


def less(left: str, right: str) -> bool:
    """Whether `left` is printed before `right`."""
    at = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        at += 1
    else:
        return len(left) < len(right)
    a_letter, b_letter = a.isalpha(), b.isalpha()
    if a_letter and b_letter:
        return a < b
    if a_letter or b_letter:
        return b_letter
    start = 1 if (a == "0" or b == "0") and _significant_before(left, at) else 0
    a_value, a_end = _digits(left, at, start)
    b_value, b_end = _digits(right, at, start)
    if a_value != b_value:
        return a_value < b_value
    if a_end != b_end:
        return a_end < b_end
    return a < b


def _significant_before(text: str, at: int) -> bool:
    """Whether the digits directly before a place hold one that is not zero."""
    at -= 1
    while at >= 0 and text[at].isdecimal():
        if text[at] != "0":
            return True
        at -= 1
    return False


def _digits(text: str, at: int, value: int) -> tuple[int, int]:
    """The number that the run of digits at a place makes (as a wrapping 64-bit integer), and where the run ends."""
    while at < len(text) and text[at].isdecimal():
        value = (value * 10 + ord(text[at]) - 48 + 2**63) % 2**64 - 2**63
        at += 1
    return value, at
