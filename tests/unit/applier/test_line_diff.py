"""Unified diffs of lines: they turn one text into the other, are as short as the standard library's, and take any size."""

from __future__ import annotations

import difflib
import random
import re

import pytest

from applier.report.line_diff import unified

HEAD = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


def patched(lines: list[str], rows: list[str]) -> list[str]:
    """What a diff makes of the lines it was made for."""
    made: list[str] = []
    place = 0
    for row in rows:
        head = HEAD.fullmatch(row)
        if head:
            start = int(head[1]) - (head[2] != "0")
            made += lines[place:start]
            place = start
            continue
        if row[0] != "+":
            assert lines[place] == row[1:]
            place += 1
        if row[0] != "-":
            made.append(row[1:])
    return made + lines[place:]


def changed(dice: random.Random, lines: list[str]) -> list[str]:
    """The same with a few lines deleted, inserted and replaced."""
    made = list(lines)
    for _ in range(dice.randrange(6)):
        place = dice.randrange(len(made) + 1)
        made[place : place + dice.randrange(3)] = dice.choices("abcdXYZ", k=dice.randrange(3))
    return made


def size(rows: list[str]) -> int:
    return sum(row[0] in "+-" for row in rows)


def test_a_diff_makes_the_one_from_the_other_and_is_short() -> None:
    longer = 0
    for seed in range(1_000):
        dice = random.Random(seed)
        before = dice.choices("abcdefghijklmnop", k=dice.randrange(30))
        after, context = changed(dice, before), dice.randrange(4)
        rows = list(unified(before, after, context))
        assert patched(before, rows) == after
        longer += size(rows) > size(list(difflib.unified_diff(before, after, n=context, lineterm=""))[2:])
    assert longer <= 10


@pytest.mark.parametrize("context", [0, 1, 3])
def test_hunks_are_written_as_the_standard_library_writes_them(context: int) -> None:
    before = [str(number) for number in range(40)]
    after = ["new", *before[:10], "more", *before[11:30], *before[32:], "end"]
    for one, other in ((before, after), (after, before), (before, []), ([], before), (before, before)):
        assert (
            list(unified(one, other, context))
            == list(difflib.unified_diff(one, other, n=context, lineterm="", fromfile="", tofile=""))[2:]
        )


class Counted(str):
    """A line that counts how often it is compared."""

    __slots__ = ()
    comparisons = 0

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return str.__eq__(self, other)  # type: ignore[arg-type]

    __hash__ = str.__hash__


@pytest.mark.parametrize("words", [range(20_000), "ab"], ids=["each once", "two words"])
def test_long_texts_take_no_more_than_their_length(words: range | str) -> None:
    dice = random.Random(1)
    before, after = ([Counted(dice.choice(words)) for _ in range(20_000)] for _ in range(2))
    Counted.comparisons = 0
    rows = list(unified(before, after, 3))
    assert patched([str(line) for line in before], rows) == after
    assert Counted.comparisons < 10 * 40_000
