"""Events to the notification endpoint of another process."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus

from applier.agent.runtime.fetching import Connections, FetchError, Question, ask, manager

TIMEOUT_S = 5.0


@dataclass(slots=True)
class HttpPoster:
    """Posts to a URL. An answer that refuses an event is final, so is that it came before (429)."""

    url: str
    _connections: Connections = field(default_factory=manager)

    def __call__(self, document: bytes) -> bool:
        """Post once; returns whether it need not be tried again."""
        headers = {"Content-Type": "application/json"}
        question = Question(
            method="POST", url=self.url, headers=headers, body=document, timeout_s=TIMEOUT_S, at_most=1 << 10
        )
        try:
            return ask(self._connections, question).status < HTTPStatus.INTERNAL_SERVER_ERROR
        except FetchError:
            return False
