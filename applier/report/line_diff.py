"""The difference of two texts, line by line, as a unified diff. Its time grows with the texts, not with their product.

Lines that occur once on both sides are the anchors (patience diff); what lies between them is compared in the same way, and
only small rests without any anchor by longest common runs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

SMALL = 40_000  # pairs of lines up to which a rest without anchors is compared thoroughly


class _Span(NamedTuple):
    """Lines `a_from` to `a_to` of one text beside lines `b_from` to `b_to` of the other."""

    a_from: int
    a_to: int
    b_from: int
    b_to: int


def unified(before: Sequence[str], after: Sequence[str], context_lines: int) -> Iterator[str]:
    """The hunks of a unified diff, without names of files and without line ends; nothing where both are equal."""
    group: list[_Span] = []
    for change in _changes(before, after):
        if group and change.a_from - group[-1].a_to > 2 * context_lines:
            yield from _hunk(before, after, group, context_lines)
            group = []
        group.append(change)
    if group:
        yield from _hunk(before, after, group, context_lines)


def _hunk(before: Sequence[str], after: Sequence[str], group: list[_Span], context_lines: int) -> Iterator[str]:
    first, last = group[0], group[-1]
    lead = min(context_lines, first.a_from)
    tail = min(context_lines, len(before) - last.a_to)
    a_from, b_from = first.a_from - lead, first.b_from - lead
    a_range, b_range = _range(a_from, last.a_to + tail), _range(b_from, last.b_to + tail)
    yield f"@@ -{a_range} +{b_range} @@"
    place = a_from
    for change in group:
        yield from (f" {line}" for line in before[place : change.a_from])
        yield from (f"-{line}" for line in before[change.a_from : change.a_to])
        yield from (f"+{line}" for line in after[change.b_from : change.b_to])
        place = change.a_to
    yield from (f" {line}" for line in before[place : last.a_to + tail])


def _range(start: int, end: int) -> str:
    """A range as a hunk's head writes it: a length of one is left out, and an empty one names the line before."""
    count = end - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"


def _changes(before: Sequence[str], after: Sequence[str]) -> Iterator[_Span]:
    """What differs, in order; what is left out is equal on both sides."""
    a_place = b_place = 0
    for a, b, count in [*sorted(_equal(before, after)), (len(before), len(after), 0)]:
        if a > a_place or b > b_place:
            yield _Span(a_place, a, b_place, b)
        a_place, b_place = a + count, b + count


def _equal(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Runs of equal lines, as places in both and length; none crosses another."""
    spans = [_Span(0, len(before), 0, len(after))]
    while spans:
        a_from, a_to, b_from, b_to = spans.pop()
        start = (a_from, b_from)
        while a_from < a_to and b_from < b_to and before[a_from] == after[b_from]:
            a_from, b_from = a_from + 1, b_from + 1
        if a_from > start[0]:
            yield *start, a_from - start[0]
        end = a_to
        while a_from < a_to and b_from < b_to and before[a_to - 1] == after[b_to - 1]:
            a_to, b_to = a_to - 1, b_to - 1
        if a_to < end:
            yield a_to, b_to, end - a_to
        if a_from == a_to or b_from == b_to:
            continue
        span = _Span(a_from, a_to, b_from, b_to)
        anchors = _anchors(before, after, span)
        if anchors:
            # Each gap but the first begins with an anchor, which is then its equal start.
            corners = [(a_from, b_from), *anchors, (a_to, b_to)]
            spans += [_Span(one[0], two[0], one[1], two[1]) for one, two in pairwise(corners)]
        elif (a_to - a_from) * (b_to - b_from) <= SMALL:
            yield from _longest_runs(before, after, span)


def _anchors(before: Sequence[str], after: Sequence[str], span: _Span) -> list[tuple[int, int]]:
    """Lines that occur once in each part, as places in both: the most of them that come in the same order."""
    ours = _single(before, span.a_from, span.a_to)
    theirs = _single(after, span.b_from, span.b_to)
    pairs = [(place, theirs[line]) for line, place in ours.items() if line in theirs]
    return _rising(sorted(pairs))


def _single(lines: Sequence[str], start: int, end: int) -> dict[str, int]:
    """Where each line is that occurs once."""
    places: dict[str, int] = {}
    for place in range(start, end):
        line = lines[place]
        places[line] = -1 if line in places else place
    return {line: place for line, place in places.items() if place >= 0}


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of these pairs in which the second numbers rise, too."""
    ends: list[int] = []  # the least second number that a rising row of each length ends with
    rows: list[int] = []  # which pair that is
    before: list[int] = []  # for each pair the one before it in its row
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(rows[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        rows[length : length + 1] = [number]
    found = []
    number = rows[-1] if rows else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _longest_runs(before: Sequence[str], after: Sequence[str], span: _Span) -> Iterator[tuple[int, int, int]]:
    from difflib import SequenceMatcher

    ours, theirs = before[span.a_from : span.a_to], after[span.b_from : span.b_to]
    for a, b, count in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
        if count:
            yield span.a_from + a, span.b_from + b, count
