"""The order in which Go's unstable sort leaves what counts as equal: the reference shows configurations in it.

Source: Go 1.26, `sort.Sort` (pattern-defeating quicksort).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    T = TypeVar("T")

_FEW, _NINTHER, _MOST_SWAPS, _STEPS, _SHIFTING = 12, 50, 12, 5, 50
_WORD = (1 << 64) - 1


def go_sorted(items: Sequence[T], key: Callable[[T], Any]) -> list[T]:
    """The items in the order of a key, equal ones where Go leaves them."""
    keys = [key(item) for item in items]
    if len(items) <= _FEW or all(keys[at] <= keys[at + 1] for at in range(len(keys) - 1)):
        return sorted(items, key=key)
    return go_sorted_by(items, keys)


def go_sorted_by(items: Sequence[T], keys: list[Any]) -> list[T]:
    """The items in the order of their keys, step by step as Go sorts, also where the keys' order is none. Mutates: `keys`."""
    work = _Sort(keys, list(items))
    work.range(0, len(keys))
    return work.items


class _Sort:
    """Keys and the items that move with them."""

    __slots__ = ("items", "keys")

    def __init__(self, keys: list[Any], items: list[Any]) -> None:
        self.keys, self.items = keys, items

    def less(self, at: int, other: int) -> bool:
        """Whether one place comes before another."""
        return bool(self.keys[at] < self.keys[other])

    def swap(self, at: int, other: int) -> None:
        """Exchange two places."""
        for row in (self.keys, self.items):
            row[at], row[other] = row[other], row[at]

    def range(self, start: int, end: int) -> None:
        """Sort the places from one up to another."""
        is_balanced = is_parted = True
        while end - start > _FEW:
            length = end - start
            if not is_balanced:
                self.disturb(start, end)
            pivot, order = self.pivot(start, end)
            if order < 0:
                self.reverse(start, end)
                pivot, order = end - 1 - (pivot - start), 1
            if is_balanced and is_parted and order > 0 and self.insert_some(start, end):
                return
            if start > 0 and not self.less(start - 1, pivot):
                start = self.part_equal(start, end, pivot)
                continue
            middle, is_parted = self.part(start, end, pivot)
            left, right = middle - start, end - middle
            is_balanced = min(left, right) >= length // 8
            if left < right:
                self.range(start, middle)
                start = middle + 1
            else:
                self.range(middle + 1, end)
                end = middle
        for at in range(start + 1, end):
            self.sink(at, start)

    def sink(self, at: int, start: int) -> None:
        """Move a place down to where it belongs."""
        while at > start and self.less(at, at - 1):
            self.swap(at, at - 1)
            at -= 1

    def insert_some(self, start: int, end: int) -> bool:
        """Sort what is almost sorted; whether that was done."""
        at = start + 1
        for _ in range(_STEPS):
            while at < end and not self.less(at, at - 1):
                at += 1
            if at == end:
                return True
            if end - start < _SHIFTING:
                return False
            self.swap(at, at - 1)
            if at - start >= 2:
                self.sink(at - 1, 0)
            if end - at >= 2:
                for after in range(at + 1, end):
                    if not self.less(after, after - 1):
                        break
                    self.swap(after, after - 1)
        return False

    def pivot(self, start: int, end: int) -> tuple[int, int]:
        """A place to part at; 1 or -1 where the range looks sorted or reversed."""
        length = end - start
        places = [start + length // 4 * part for part in (1, 2, 3)]
        swaps = [0]
        if length >= _NINTHER:
            places = [self.median([at - 1, at, at + 1], swaps) for at in places]
        found = self.median(places, swaps)
        return found, 1 if swaps[0] == 0 else -1 if swaps[0] == _MOST_SWAPS else 0

    def median(self, places: list[int], swaps: list[int]) -> int:
        """The middle one of three places. Mutates: `swaps`."""
        for low in (0, 1, 0):
            if self.less(places[low + 1], places[low]):
                places[low], places[low + 1] = places[low + 1], places[low]
                swaps[0] += 1
        return places[1]

    def part(self, start: int, end: int, pivot: int) -> tuple[int, bool]:
        """Part at a pivot: where that is then, and whether everything was in its part."""
        self.swap(start, pivot)
        low, high = start + 1, end - 1
        is_first = True
        while True:
            while low <= high and self.less(low, start):
                low += 1
            while low <= high and not self.less(high, start):
                high -= 1
            if low > high:
                break
            is_first = False
            self.swap(low, high)
            low, high = low + 1, high - 1
        self.swap(high, start)
        return high, is_first

    def part_equal(self, start: int, end: int, pivot: int) -> int:
        """Put what equals the pivot first; the place behind that."""
        self.swap(start, pivot)
        low, high = start + 1, end - 1
        while True:
            while low <= high and not self.less(start, low):
                low += 1
            while low <= high and self.less(start, high):
                high -= 1
            if low > high:
                return low
            self.swap(low, high)
            low, high = low + 1, high - 1

    def reverse(self, start: int, end: int) -> None:
        """Turn a range round."""
        for row in (self.keys, self.items):
            row[start:end] = row[start:end][::-1]

    def disturb(self, start: int, end: int) -> None:
        """Exchange some places, so that no pattern makes the sort slow."""
        length = seed = end - start
        mask = (1 << length.bit_length()) - 1
        at = start + length // 4 * 2 - 1
        for number in range(3):
            seed = (seed ^ seed << 13) & _WORD
            seed ^= seed >> 7
            seed = (seed ^ seed << 17) & _WORD
            other = seed & mask
            self.swap(at + number, start + (other - length if other >= length else other))
