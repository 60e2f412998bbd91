"""Cards and their dependencies as a drawing: sources left, what depends on others right of them, as SVG without any script.

The time grows with cards and dependencies; a cycle is drawn in the last column.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.agent.page.model import Card

MAX_DRAWN = 300
WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 170, 46, 52, 14, 8
MAX_LETTERS = 19


@dataclass(frozen=True, slots=True)
class Box:
    """Where a card is drawn. Units: pixels of the drawing."""

    x: int
    y: int


def columns(cards: Sequence[Card]) -> list[list[Card]]:
    """Cards in columns, each behind all that it leans on; a column is in the order of what its cards lean on."""
    known = {card.id: card for card in cards}
    leans = {card.id: [one for one in _all(card) if one in known] for card in cards}
    followers: dict[str, list[str]] = {name: [] for name in known}
    for name, ones in leans.items():
        for one in ones:
            followers[one].append(name)
    left, level = {name: len(ones) for name, ones in leans.items()}, dict.fromkeys(known, 0)
    ready = deque(name for name, count in left.items() if not count)
    while ready:
        name = ready.popleft()
        for follower in followers[name]:
            level[follower] = max(level[follower], level[name] + 1)
            left[follower] -= 1
            if not left[follower]:
                ready.append(follower)
    last = max((level[name] for name, count in left.items() if not count), default=-1) + 1
    found: list[list[Card]] = [[] for _ in range(last + 1)]
    for name, card in known.items():
        found[last if left[name] else level[name]].append(card)
    return _untangled([column for column in found if column], leans)


def _all(card: Card) -> tuple[str, ...]:
    return (*card.leans_on, card.source) if card.source else card.leans_on


def _untangled(found: list[list[Card]], leans: Mapping[str, Sequence[str]]) -> list[list[Card]]:
    """Each column sorted by the middle of what its cards lean on, so that few lines cross."""
    place: dict[str, float] = {}
    for column in found:
        middles = {
            card.id: sum(seen) / len(seen)
            for card in column
            if (seen := [place[one] for one in leans[card.id] if one in place])
        }
        column.sort(key=lambda card: (middles.get(card.id, 0.0), card.namespace, card.name))
        place |= {card.id: float(at) for at, card in enumerate(column)}
    return found


def drawing(cards: Sequence[Card], signs: Mapping[str, str]) -> str:
    """The drawing as SVG; each box is a link to its card. `signs` has a sign for each state."""
    found = columns(cards)
    boxes = {
        card.id: Box(MARGIN + at * (WIDTH + GAP_X), MARGIN + row * (HEIGHT + GAP_Y))
        for at, column in enumerate(found)
        for row, card in enumerate(column)
    }
    width = max((box.x for box in boxes.values()), default=0) + WIDTH + MARGIN
    height = max((box.y for box in boxes.values()), default=0) + HEIGHT + MARGIN
    sources = {card.id: card.source for card in cards}
    lines = [
        _line(boxes[one], boxes[card.id], is_source=one == card.source)
        for card in cards
        for one in _all(card)
        # What comes from the same source as something that it depends on needs no line of its own.
        if one in boxes and not (one == card.source and any(sources.get(other) == one for other in card.leans_on))
    ]
    drawn = [_box(card, boxes[card.id], signs[card.state]) for column in found for card in column]
    head = (
        f'<svg role="group" aria-label="Dependencies" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    )
    arrow = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    return "\n".join([head, arrow, '<g class="lines" aria-hidden="true">', *lines, "</g>", *drawn, "</svg>"])


def _line(start: Box, end: Box, *, is_source: bool) -> str:
    x1, y1, x2, y2 = start.x + WIDTH, start.y + HEIGHT // 2, end.x - 1, end.y + HEIGHT // 2
    if x2 <= x1:  # inside of a column: a cycle
        x1, x2 = start.x + WIDTH, end.x + WIDTH
        return f'<path class="cycle" d="M{x1} {y1}C{x1 + 40} {y1} {x2 + 40} {y2} {x2} {y2}" marker-end="url(#arrow)"/>'
    middle = (x1 + x2) // 2
    kind = ' class="source"' if is_source else ""
    return f'<path{kind} d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}" marker-end="url(#arrow)"/>'


def _box(card: Card, box: Box, sign: str) -> str:
    name = card.name if len(card.name) <= MAX_LETTERS else f"{card.name[: MAX_LETTERS - 1]}…"
    label = escape(f"{card.kind} {card.title}: {card.state}")
    below = escape(f"{sign} {card.state}")
    return (
        f'<a href="#{escape(card.id)}" class="{card.state}" aria-label="{label}">'
        f'<rect x="{box.x}" y="{box.y}" width="{WIDTH}" height="{HEIGHT}" rx="{23 if not card.source else 5}"/>'
        f'<text x="{box.x + 14}" y="{box.y + 20}">{escape(name)}</text>'
        f'<text class="below" x="{box.x + 14}" y="{box.y + 37}">{below}</text></a>'
    )
