"""Random decisions with names: what the makers of trees ask a seeded generator for."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Choice:
    """Decisions from one generator. Hypothesis can stand behind it, too: it shrinks what is drawn."""

    __slots__ = ("random",)

    def __init__(self, random: Random) -> None:
        self.random = random

    def chance(self, probability: float) -> bool:
        """True with a probability."""
        return self.random.random() < probability

    def one(self, items: Sequence[T]) -> T:
        """One of some items."""
        return items[self.random.randrange(len(items))]

    def number(self, low: int, high: int) -> int:
        """A number between two, both included."""
        return self.random.randint(low, high)

    def some(self, items: Sequence[T], low: int = 1, high: int = 3) -> list[T]:
        """Some different items in random order."""
        rest = list(items)
        count = min(self.number(low, high), len(rest))
        return [rest.pop(self.random.randrange(len(rest))) for _ in range(count)]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All items in random order."""
        return self.some(items, len(items), len(items))
