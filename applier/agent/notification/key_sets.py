"""The public keys of issuers, fetched when they are needed and kept for a while.

An unknown key has them fetched anew, but not more often than once a minute: requests of strangers must not become
requests to others. Source: OpenID Connect Discovery.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any

from applier.agent.notification.id_tokens import keys_of
from applier.agent.notification.signatures import RefusedError
from applier.agent.runtime.fetching import Connections, FetchError, Question, ask, manager

if TYPE_CHECKING:
    from applier.agent.notification.id_tokens import Key
    from applier.clock import Clock

KEPT_S, AGAIN_S = 3_600.0, 60.0
TIMEOUT_S, MAX_ANSWER, MAX_ISSUERS = 10.0, 1 << 20, 100
WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(slots=True)
class _Kept:
    keys: dict[str, Key]
    at_s: float


@dataclass(slots=True)
class KeySets:
    """Keys by issuer. Safe to use from several threads."""

    clock: Clock
    _connections: Connections | None = None  # reading the usual authorities takes a while, and few need them
    _known: dict[str, _Kept] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def key(self, issuer: str, key_id: str) -> Key | None:
        """One key of an issuer, None for one that it has not. Raises: RefusedError, where its keys cannot be had."""
        with self._lock:  # one fetch at a time, for all that wait for it
            now = self.clock.monotonic()
            kept = self._known.get(issuer)
            if kept is None or now >= kept.at_s + (KEPT_S if key_id in kept.keys else AGAIN_S):
                kept = _Kept(self._fetched(issuer), now)
                if len(self._known) >= MAX_ISSUERS:
                    self._known.clear()
                self._known[issuer] = kept
            return kept.keys.get(key_id)

    def _fetched(self, issuer: str) -> dict[str, Key]:
        """Raises: RefusedError."""
        found = self._json(issuer.rstrip("/") + WELL_KNOWN)
        if found.get("issuer") != issuer:
            raise RefusedError(f"the document of issuer '{issuer}' is about another one")
        return keys_of(self._json(str(found.get("jwks_uri"))))

    def _json(self, url: str) -> dict[str, Any]:
        if self._connections is None:
            self._connections = manager()
        try:
            answer = ask(self._connections, Question(url=url, timeout_s=TIMEOUT_S, at_most=MAX_ANSWER))
            found = json.loads(answer.body) if answer.status == HTTPStatus.OK else None
        except (FetchError, ValueError) as problem:
            raise RefusedError(f"the keys of the issuer cannot be had: {problem}") from None
        if not isinstance(found, dict):
            raise RefusedError(f"the keys of the issuer cannot be had: status {answer.status}")
        return found
