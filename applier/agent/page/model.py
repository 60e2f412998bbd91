"""What the status page shows, as values: sources, Kustomizations, how they hang together, and what was told about them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from applier import keys
from applier.agent.kustomization.dependencies import keys_of, source_of
from applier.agent.runtime.conditions import HEALTHY, READY, RECONCILING, STALLED, TRUE, UNKNOWN, find
from applier.agent.runtime.fetching import without_credentials
from applier.agent.runtime.informer import key_of
from applier.agent.runtime.queue import Key
from applier.agent.runtime.reconciling import generation
from applier.model.ids import parse_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from applier.agent.kustomization.pending import Pending
    from applier.model.ids import Body, ObjectId

FAILING, WORKING, WAITING, SUSPENDED, READY_STATE = "failing", "working", "waiting", "suspended", "ready"
# What needs a look comes first.
ORDER = (FAILING, WORKING, WAITING, SUSPENDED, READY_STATE)
MAX_EVENTS = 5
_HASH = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{32,56}\b")


@dataclass(frozen=True, slots=True)
class Told:
    """An event about an object."""

    when: str
    is_warning: bool
    reason: str
    message: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One object of the page.

    Shape: `facts` are names and values, in order; `pending` says what is not done yet, empty for nothing; `leans_on` are
    ids of cards; `inventory` and `change`, what the next run would do (None: not looked at), are for Kustomizations;
    `can_compare` says whether it can be asked for.
    """

    id: str
    kind: str
    namespace: str
    name: str
    state: str
    message: str
    revision: str = ""
    pending: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    source: str = ""
    leans_on: tuple[str, ...] = ()
    inventory: tuple[ObjectId, ...] = ()
    events: tuple[Told, ...] = ()
    change: Pending | None = None
    can_compare: bool = False

    @property
    def title(self) -> str:
        """Its name, with the namespace."""
        return str(self.key)

    @property
    def key(self) -> Key:
        """The object's key."""
        return Key(self.namespace, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All of the page. Shape: `now` is RFC 3339; `notes` are sentences about what could not be read."""

    now: str
    sources: tuple[Card, ...]
    kustomizations: tuple[Card, ...]
    notes: tuple[str, ...] = field(default=())

    def counts(self) -> dict[str, int]:
        """How many cards there are in each state, in the order of states, without those that have none."""
        states = [card.state for card in (*self.sources, *self.kustomizations)]
        return {state: states.count(state) for state in ORDER if state in states}


def overview(
    sources: Iterable[Body], kustomizations: Iterable[Body], events: Mapping[str, Sequence[Told]], now: str,
    notes: Sequence[str] = (),
) -> Overview:  # fmt: skip
    """The page of these objects; `events` by card id."""
    found = [_source(body, events) for body in sources]
    revisions = {card.id: card.revision for card in found}
    cards = [_kustomization(body, revisions, events) for body in kustomizations]
    return Overview(now=now, sources=_sorted(found), kustomizations=_sorted(cards), notes=tuple(notes))


def unsettled(found: Overview) -> list[Key]:
    """The Kustomizations that are not as they shall be, the worst first."""
    return [card.key for card in found.kustomizations if card.state != READY_STATE or card.pending]


def with_changes(found: Overview, changes: Mapping[Key, Pending]) -> Overview:
    """The same with what is pending."""
    cards = (replace(card, change=changes.get(card.key), can_compare=True) for card in found.kustomizations)
    return replace(found, kustomizations=tuple(cards))


def card_id(kind: str, namespace: str, name: str) -> str:
    """The id of an object's card, fit for a fragment of a URL: no kind and no namespace has a dot."""
    return f"{kind.lower()}.{namespace}.{name}"


def short(text: str) -> str:
    """A text with every long hash cut to eight digits."""
    return _HASH.sub(r"\1", text)


def _sorted(cards: Iterable[Card]) -> tuple[Card, ...]:
    return tuple(sorted(cards, key=lambda card: (ORDER.index(card.state), card.namespace, card.name)))


def _source(body: Body, events: Mapping[str, Sequence[Told]]) -> Card:
    key, kind = key_of(body), str(body["kind"])
    spec, artifact = body.get("spec") or {}, (body.get("status") or {}).get("artifact") or {}
    own = card_id(kind, *key)
    reference = ", ".join(f"{name} {value}" for name, value in (spec.get("ref") or {}).items())
    return Card(
        id=own, kind=kind, namespace=key.namespace, name=key.name, state=state_of(body), message=_message(body),
        revision=str(artifact.get("revision") or ""), pending=_unseen(body), facts=(
            ("URL", without_credentials(str(spec.get("url") or ""))), ("Reference", reference),
            ("Fetched", str(artifact.get("lastUpdateTime") or "")), *_common(body),
        ), events=tuple(events.get(own, ())[:MAX_EVENTS]),
    )  # fmt: skip


def _kustomization(body: Body, revisions: Mapping[str, str], events: Mapping[str, Sequence[Told]]) -> Card:
    key, spec, status = key_of(body), body.get("spec") or {}, body.get("status") or {}
    source = card_id(*source_of(body))
    revision, newest = str(status.get("lastAppliedRevision") or ""), revisions.get(source, "")
    pending = _unseen(body)
    if newest and newest != revision:
        pending = f"{revision} to {newest}" if revision else newest
    own = card_id("Kustomization", *key)
    healthy = find(body, HEALTHY)
    return Card(
        id=own, kind="Kustomization", namespace=key.namespace, name=key.name, state=state_of(body), message=_message(body),
        revision=revision, pending=pending, source=source, facts=(
            ("Path", str(spec.get("path") or "./")), ("Health", str((healthy or {}).get("message") or "")), *_common(body),
        ), leans_on=tuple(card_id("Kustomization", *one) for one in keys_of(body)),
        inventory=_inventory(status), events=tuple(events.get(own, ())[:MAX_EVENTS]),
    )  # fmt: skip


def state_of(body: Mapping[str, Any]) -> str:
    """One word for what an object's conditions say."""
    if (body.get("spec") or {}).get("suspend"):
        return SUSPENDED
    ready = find(body, READY)
    if ready is None or ready.get("status") == UNKNOWN:
        return WORKING
    if ready.get("status") == TRUE:
        return WORKING if find(body, RECONCILING) is not None else READY_STATE
    is_waiting = ready.get("reason") == "DependencyNotReady" and find(body, STALLED) is None
    return WAITING if is_waiting else FAILING


def _message(body: Mapping[str, Any]) -> str:
    ready = find(body, READY)
    return str(ready.get("message") or "") if ready is not None else "waiting to be reconciled"


def _unseen(body: Mapping[str, Any]) -> str:
    """What is pending where the spec is newer than what its conditions tell about."""
    ready = find(body, READY)
    told = int((ready or {}).get("observedGeneration") or 0)
    return "a new spec" if told != generation(body) else ""


def _common(body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    annotations = body["metadata"].get("annotations") or {}
    found = [("Interval", str((body.get("spec") or {}).get("interval") or ""))]
    names = (
        ("Suspended by", keys.SUSPENDED_BY),
        ("Suspended because", keys.SUSPENDED_REASON),
        ("Suspended until", keys.SUSPENDED_UNTIL),
    )
    found += [(title, str(annotations.get(name) or "")) for title, name in names]
    ready = find(body, READY)
    found.append(("Since", str((ready or {}).get("lastTransitionTime") or "")))
    return tuple(found)


def _inventory(status: Mapping[str, Any]) -> tuple[ObjectId, ...]:
    entries = (status.get("inventory") or {}).get("entries") or ()
    return tuple(parse_id(str(entry["id"])) for entry in entries)
