"""The status page as HTML: complete without scripts, images or anything else from elsewhere.

States are told in words besides colours; every box of the drawing has its text in a card below.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from applier.agent.page.graph import MAX_DRAWN, drawing
from applier.agent.page.model import FAILING, READY_STATE, SUSPENDED, WAITING, WORKING, short
from applier.agent.page.style import SHEET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.agent.kustomization.comparing import Difference
    from applier.agent.page.model import Card, Overview, Told

MAX_INVENTORY, MAX_DIFFERENCES, MAX_ROWS = 500, 200, 200
SIGNS: Mapping[str, str] = MappingProxyType(
    {FAILING: "✗", WORKING: "◌", WAITING: "…", SUSPENDED: "‖", READY_STATE: "✓"}
)
_WORDS: Mapping[str, str] = MappingProxyType({"drifted": "changed"})
AGAIN = '<a href="?">Load again</a>, or <a href="?refresh=15">every 15 seconds</a>.'
_SHEET_HASH = base64.b64encode(hashlib.sha256(SHEET.encode()).digest()).decode()
# Nothing may be loaded, run or sent anywhere, and nobody may show the page inside of another one.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_SHEET_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(found: Overview, refresh_s: int = 0) -> str:
    """The page; with `refresh_s` browsers load it again after so many seconds."""
    counts = found.counts()
    title = ", ".join(f"{count} {state}" for state, count in counts.items()) or "nothing yet"
    names = {card.id: card.title for card in (*found.sources, *found.kustomizations)}
    again = f'<meta http-equiv="refresh" content="{refresh_s}">\n' if refresh_s else ""
    items = "".join(f'<li class="{state}">{SIGNS[state]} {count} {state}</li>' for state, count in counts.items())
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"{again}<title>{escape(title)} · kbuild agent</title>",
            f"<style>{SHEET}</style>\n</head>\n<body>",
            '<a class="skip" href="#kustomizations">Skip to the Kustomizations</a>',
            f'<header><h1>kbuild agent</h1>\n<ul class="counts" aria-label="States">{items}</ul>',
            *(f'<p class="failing">{escape(note)}</p>' for note in found.notes),
            "</header>\n<main>",
            _graph(found),
            _section("kustomizations", "Kustomizations", found.kustomizations, names),
            _section("sources", "Sources", found.sources, names),
            f"</main>\n<footer><p>As of <time>{escape(found.now)}</time>. {AGAIN}</p></footer>\n</body>\n</html>\n",
        ]
    )


def _graph(found: Overview) -> str:
    cards = (*found.sources, *found.kustomizations)
    if not cards:
        return '<p class="quiet">There are no sources and no Kustomizations yet.</p>'
    head = '<section aria-labelledby="graph"><h2 id="graph">Dependencies</h2>'
    if len(cards) > MAX_DRAWN:
        return f'{head}<p class="quiet">{len(cards)} objects are too many to draw; all of them are below.</p></section>'
    return f'{head}<div class="scroll" role="region" aria-labelledby="graph" tabindex="0">{drawing(cards, SIGNS)}</div></section>'


def _section(name: str, title: str, cards: Sequence[Card], names: Mapping[str, str]) -> str:
    shown = "\n".join(_card(card, names) for card in cards) or '<p class="quiet">None.</p>'
    return (
        f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>'
        f'<div class="cards">\n{shown}\n</div></section>'
    )


def _card(card: Card, names: Mapping[str, str]) -> str:
    own = escape(card.id)
    facts = [("Revision", short(card.revision)), ("Pending", short(card.pending)), *card.facts]
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts if value)
    links = [("Source", (card.source,) if card.source else ()), ("Depends on", card.leans_on)]
    rows += "".join(f"<dt>{name}</dt><dd>{_links(ids, names, card.namespace)}</dd>" for name, ids in links if ids)
    return "\n".join(
        [
            f'<article id="{own}" class="{card.state}" aria-labelledby="{own}-name">',
            f'<h3 id="{own}-name">{escape(card.name)} <span class="quiet">in {escape(card.namespace)}</span></h3>',
            f'<p class="state">{SIGNS[card.state]} {card.state.capitalize()}</p>',
            f'<p class="message">{escape(short(card.message).strip())}</p>' if card.message else "",
            f"<dl>{rows}</dl>" if rows else "",
            _change(card),
            _inventory(card),
            _events(card.events),
            "</article>",
        ]
    )


def _links(ids: Sequence[str], names: Mapping[str, str], own: str) -> str:
    """Links to other cards, by their names alone where they are of the same namespace."""
    found = []
    for one in ids:
        text = escape(names.get(one, f"{one} (missing)").removeprefix(f"{own}/"))
        found.append(f'<a href="#{escape(one)}">{text}</a>' if one in names else text)
    return ", ".join(found)


def _inventory(card: Card) -> str:
    if not card.inventory:
        return ""
    count = len(card.inventory)
    items = "".join(f"<li>{escape(str(one))}</li>" for one in card.inventory[:MAX_INVENTORY])
    more = f"<li>and {count - MAX_INVENTORY} more</li>" if count > MAX_INVENTORY else ""
    what = "object" if count == 1 else "objects"
    return f"<details><summary>{count} {what}</summary><ul>{items}{more}</ul></details>"


def _change(card: Card) -> str:
    """What the next run would change; a link that asks for it where nobody has looked."""
    if not card.can_compare:
        return ""
    ask = f'<a href="?pending={escape(quote(card.title))}#{escape(card.id)}">'
    if card.change is None:
        return f"<p>{ask}Compare with the cluster</a></p>"
    change = card.change
    at = f" at {escape(short(change.revision))}" if change.revision else ""
    told = change.problem.strip()
    problem = "" if told in ("", card.message.strip()) else f'<p class="message">{escape(short(told))}</p>'
    if told and not change.differences:
        return problem  # the card has the sentence already where it is that of the last run
    if not change.differences:
        return f"<p>Nothing differs from the cluster{at}.</p>"
    words = Counter(_WORDS.get(one.word, one.word) for one in change.differences)
    counts = ", ".join(f"{count} {word}" for word, count in words.items())
    items = "".join(map(_difference, change.differences[:MAX_DIFFERENCES]))
    left = len(change.differences) - MAX_DIFFERENCES
    more = f"<li>and {left} more</li>" if left > 0 else ""
    return f'<details open><summary>The next run{at}: {counts}</summary>{problem}<ul class="diff">{items}{more}</ul></details>'


def _difference(one: Difference) -> str:
    rows = list(one.rows[:MAX_ROWS])
    if len(one.rows) > MAX_ROWS:
        rows.append(f"and {len(one.rows) - MAX_ROWS} more lines")
    lines = "\n".join(rows).strip("\n")
    fields = f'<pre tabindex="0">{escape(lines)}</pre>' if lines else ""
    return f"<li>{escape(one.subject)} <strong>{escape(_WORDS.get(one.word, one.word))}</strong>{fields}</li>"


def _events(events: Sequence[Told]) -> str:
    if not events:
        return ""
    items = "".join(
        f"<li>{'<strong>Warning</strong> ' if one.is_warning else ''}<time>{escape(one.when)}</time> {escape(one.reason)}"
        f"{f' ({one.count} times)' if one.count > 1 else ''}: {escape(short(one.message))}</li>"
        for one in events
    )
    return f"<details><summary>Last events</summary><ul>{items}</ul></details>"
