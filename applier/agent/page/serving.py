"""The status page put together and served: from what informers know, and the events of the API server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

from applier.agent.page.html import POLICY, page
from applier.agent.page.model import Overview, Told, card_id, overview, unsettled, with_changes
from applier.agent.runtime.events import EVENTS
from applier.agent.runtime.kinds import GIT_REPOSITORIES, KUSTOMIZATIONS, OCI_REPOSITORIES
from applier.agent.runtime.serving import Asked, Reply
from applier.clock import utc_text
from applier.cluster.transport import Request
from applier.failures import ApplierError

if TYPE_CHECKING:
    from applier.agent.page.looking import Looker
    from applier.agent.runtime.informer import Informer
    from applier.clock import Clock
    from applier.cluster.exchange import Exchange

KEPT_S = 5.0
MAX_READ, MAX_LOOKED = 1_000, 10
WAIT_S, ASKED_WAIT_S = 1.0, 20.0
MIN_REFRESH_S, MAX_REFRESH_S = 5, 3_600
HEADERS = (("Content-Security-Policy", POLICY), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"))

Events = dict[str, list[Told]]


@dataclass(slots=True)
class StatusPage:
    """Answers with the page. Safe to use from several threads.

    Shape: `namespace` is that of the agent, empty for all; `looker` finds what is pending, None where nobody applies.
    """

    exchange: Exchange
    clock: Clock
    sources: tuple[Informer, ...]
    kustomizations: Informer
    namespace: str = ""
    looker: Looker | None = None
    _events: Events = field(default_factory=dict)
    _note: str = ""
    _read_s: float = float("-inf")
    _lock: Lock = field(default_factory=Lock)

    @property
    def routes(self) -> dict[tuple[str, str], Callable[[Asked], Reply]]:
        """What a server answers with it."""
        return {("GET", "/"): self.serve}

    def serve(self, asked: Asked) -> Reply:
        """The page, at the root only."""
        if asked.path != "/":
            return Reply(404, b"404 page not found\n")
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        given = query.get("refresh", "")
        refresh_s = min(max(int(given), MIN_REFRESH_S), MAX_REFRESH_S) if given.isdecimal() and len(given) < 6 else 0
        events, note = self._told()
        found = overview(
            [body for one in self.sources for body in one.all()],
            self.kustomizations.all(),
            events,
            utc_text(self.clock.now()),
            [note] if note else [],
        )
        found = self._with_changes(found, query.get("pending", ""))
        return Reply(200, page(found, refresh_s).encode(), "text/html; charset=utf-8", dict(HEADERS))

    def _with_changes(self, found: Overview, asked: str) -> Overview:
        """The page with what is pending: of the one that is asked for, and of some that are not as they shall be."""
        if self.looker is None:
            return found
        chosen = [card.key for card in found.kustomizations if card.title == asked]
        rest = [key for key in unsettled(found) if key not in chosen][:MAX_LOOKED]
        changes = self.looker.found(chosen, ASKED_WAIT_S) if chosen else {}
        return with_changes(found, changes | self.looker.found(rest, WAIT_S))

    def _told(self) -> tuple[Events, str]:
        """The last events, read every few seconds at most, however often the page is asked for."""
        with self._lock:
            if self.clock.monotonic() >= self._read_s + KEPT_S:
                try:
                    self._events, self._note = self._read(), ""
                except ApplierError as problem:
                    self._note = f"Events cannot be read: {problem}"
                self._read_s = self.clock.monotonic()
            return self._events, self._note

    def _read(self) -> Events:
        """Raises: ApplierError."""
        events = EVENTS._replace(namespace=self.namespace)
        bodies: list[Any] = []
        for kind in (GIT_REPOSITORIES.kind, OCI_REPOSITORIES.kind, KUSTOMIZATIONS.kind):
            query = f"limit={MAX_READ}&fieldSelector={quote(f'involvedObject.kind={kind}', safe='')}"
            bodies += self.exchange.read(Request("GET", events.path, query), "list").get("items") or ()
        return by_card(bodies)


def by_card(bodies: Iterable[Any]) -> Events:
    """Core events by the card of their object, the newest first."""
    found: Events = {}
    for body in sorted(bodies, key=lambda one: str(one.get("lastTimestamp") or ""), reverse=True):
        involved = body.get("involvedObject") or {}
        own = card_id(str(involved.get("kind")), str(involved.get("namespace")), str(involved.get("name")))
        told = Told(
            when=str(body.get("lastTimestamp") or ""), is_warning=body.get("type") == "Warning",
            reason=str(body.get("reason") or ""), message=str(body.get("message") or ""), count=int(body.get("count") or 1),
        )  # fmt: skip
        found.setdefault(own, []).append(told)
    return found
