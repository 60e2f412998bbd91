"""Letters to their destinations: one attempt at a time, repeated with growing pauses, told on the alert where it fails.

As in Flux an attempt that meets no answer, 429 or 5xx is repeated after 2, 4, 8 ... seconds while the provider's timeout
lasts; anything else is final. Beyond Flux a letter whose time is up is kept, and tried in further rounds for an hour.
Decision: docs/adr/0050-keep-notifications-until-delivered.md.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING

from applier.agent.notification import destinations
from applier.agent.notification.destinations import MissingSecretError
from applier.agent.notification.senders import sender_of
from applier.agent.notification.sending import Notice, PostError, SetupError
from applier.agent.runtime.controller import NOT_BY_ITSELF, Again
from applier.agent.runtime.durations import text_of
from applier.agent.runtime.fetching import Connections, FetchError, Question, ask, manager
from applier.agent.runtime.github_app import AppError, AppTokens
from applier.failures import ApplierError

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.agent.notification.outbox import Letter, Outbox
    from applier.agent.notification.sending import Call, Destination, Sending
    from applier.agent.runtime.controller import Run
    from applier.agent.runtime.fetching import Answer, Trust
    from applier.agent.runtime.queue import Key, Queue
    from applier.clock import Clock
    from applier.cluster.reader import Reader
    from applier.model.ids import Body

FIRST_PAUSE_S, MAX_PAUSE_S = 2.0, 30.0
FIRST_ROUND_S, MAX_ROUND_S = 30.0, 900.0
GIVE_UP_S = 3600.0
AT_ONCE = 4  # for one provider
MAX_POOLS = 100
MAX_ANSWER, MAX_TOLD = 1 << 18, 500
DISPATCH_FAILED = "NotificationDispatchFailed"


class DeliveryError(Exception):
    """An attempt that failed: the sentence, and whether another one may do better."""

    def __init__(self, sentence: str, *, may_pass: bool) -> None:
        super().__init__(sentence)
        self.sentence, self.may_pass = sentence, may_pass


@dataclass(slots=True)
class Delivery:
    """Delivers the first letter of a lane. Safe to use from several threads.

    Shape: `provider_of` and `alert_of` give the present objects, once `is_ready`; `tell(alert, reason, sentence)` records
    a failure on the alert.
    """

    reader: Reader
    clock: Clock
    outbox: Outbox
    queue: Queue
    provider_of: Callable[[Letter], Body | None]
    alert_of: Callable[[Letter], Body | None]
    tell: Callable[[Body, str, str], None]
    is_ready: Callable[[], bool] = lambda: True
    user_agent: str = "kbuild-agent"
    app_tokens: AppTokens = field(default_factory=AppTokens)
    _busy: dict[str, int] = field(default_factory=dict)
    _pools: dict[Trust, Connections] = field(default_factory=dict)
    _parked: dict[str, deque[Key]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def run(self, run: Run) -> Again:
        """Try the first letter of a lane once; says when to come again."""
        lane = run.key
        if not self.is_ready():  # an alert that is not known yet must not be taken for one that is gone
            return Again(0.2)
        if not self._enter(lane):
            return NOT_BY_ITSELF
        try:
            letter = self.outbox.first(lane)
            return NOT_BY_ITSELF if letter is None else self._try(letter)
        finally:
            self._leave(lane)

    def _enter(self, lane: Key) -> bool:
        """Whether the lane's provider has a place free; a lane without one is parked until there is."""
        with self._lock:
            busy = self._busy.get(lane.namespace, 0)
            if busy >= AT_ONCE:
                self._parked.setdefault(lane.namespace, deque()).append(lane)
                return False
            self._busy[lane.namespace] = busy + 1
            return True

    def _leave(self, lane: Key) -> None:
        with self._lock:
            busy = self._busy[lane.namespace] - 1
            if busy:
                self._busy[lane.namespace] = busy
            else:
                del self._busy[lane.namespace]
            waiting = self._parked.get(lane.namespace)
            woken = waiting.popleft() if waiting else None
            if not waiting:
                self._parked.pop(lane.namespace, None)
        if woken is not None:
            self.queue.add(woken)

    def _try(self, letter: Letter) -> Again:
        alert = self.alert_of(letter)
        if alert is None or (alert.get("spec") or {}).get("suspend"):
            return self._done(letter)
        try:
            self._send(letter)
        except DeliveryError as problem:
            return self._failed(letter, alert, problem)
        return self._done(letter)

    def _done(self, letter: Letter) -> Again:
        return Again(0.0) if self.outbox.remove(letter) else NOT_BY_ITSELF

    def _failed(self, letter: Letter, alert: Body, problem: DeliveryError) -> Again:
        """Say when a letter is tried again; where its time is up, tell that."""
        letter.attempts += 1
        pause = min(FIRST_PAUSE_S * 2.0 ** (letter.attempts - 1), MAX_PAUSE_S)
        timeout_s = self._timeout_s(letter)
        if problem.may_pass and self.clock.monotonic() + pause < letter.round_began_s + timeout_s:
            return Again(pause)
        letter.rounds += 1
        again_s = min(FIRST_ROUND_S * 2.0 ** (letter.rounds - 1), MAX_ROUND_S)
        if not problem.may_pass or self.clock.now() + again_s > letter.since_s + GIVE_UP_S:
            given_up = "; given up" if problem.may_pass else ""
            self.tell(alert, DISPATCH_FAILED, f"{problem.sentence}{given_up}")
            return self._done(letter)
        letter.attempts = 0
        if letter.rounds == 1:  # once, and again when it is given up: a server that is down is no news every minute
            self.tell(alert, DISPATCH_FAILED, f"{problem.sentence}; tried again in {text_of(again_s)}")
        return Again(again_s)

    def _timeout_s(self, letter: Letter) -> float:
        provider = self.provider_of(letter)
        return destinations.timeout_of((provider or {}).get("spec") or {})

    def _send(self, letter: Letter) -> None:
        """One attempt. Raises: DeliveryError."""
        if not letter.attempts:
            letter.round_began_s = self.clock.monotonic()
        provider = self.provider_of(letter)
        if provider is None:
            sentence = f'failed to read provider: Provider.notification.toolkit.fluxcd.io "{letter.provider}" not found'
            raise DeliveryError(f"{_dispatch(letter)}: {sentence}", may_pass=True)
        if (provider.get("spec") or {}).get("suspend"):
            return
        setup = f"{_dispatch(letter)}: failed to initialize notifier for provider '{letter.provider}'"
        try:
            to = destinations.read(self.reader, provider)
            if to.app is not None:
                to = replace(to, token=self.app_tokens.token(to.app, to.trust))
        except SetupError as problem:
            raise DeliveryError(f"{setup}: {problem}", may_pass=False) from None
        except (MissingSecretError, AppError, ApplierError) as problem:
            raise DeliveryError(f"{setup}: {problem}", may_pass=True) from None
        sender = sender_of(to.type)
        if sender is None:
            raise DeliveryError(f"{setup}: provider {to.type} not supported", may_pass=False)
        self._carry(letter, sender(Notice(event=letter.event, to=to, status_id=letter.status_id)), to, setup)

    def _carry(self, letter: Letter, sending: Sending, to: Destination, setup: str) -> None:
        """Make the requests of a sender. Raises: DeliveryError, in which no secret can be read."""
        failed, hidden = f"failed to send notification for {_subject(letter)}", {to.address}
        ends_s = letter.round_began_s + to.timeout_s
        try:
            hidden = to.secrets()
            connections = self._connections(to)
            call = next(sending, None)
            while call is not None:
                answer = self._request(connections, call, ends_s)
                try:
                    call = sending.send(answer)
                except StopIteration:
                    return
        except SetupError as problem:
            raise DeliveryError(masked(f"{setup}: {problem}", hidden), may_pass=False) from None
        except PostError as problem:
            raise DeliveryError(masked(f"{failed}: {problem}", hidden), may_pass=False) from None
        except FetchError as problem:
            raise DeliveryError(masked(f"{setup}: {problem}", hidden), may_pass=False) from None
        except DeliveryError as problem:
            raise DeliveryError(masked(f"{failed}: {problem}", hidden), may_pass=problem.may_pass) from None
        except Exception as problem:  # noqa: BLE001  (one message that makes no sense must not hold up those behind it)
            raise DeliveryError(f"{failed}: {type(problem).__name__}", may_pass=False) from None

    def _connections(self, to: Destination) -> Connections:
        """Connections for a destination, kept: reading the usual authorities takes longer than a request. Raises: FetchError."""
        with self._lock:
            if to.trust not in self._pools:
                if len(self._pools) >= MAX_POOLS:
                    self._pools.clear()
                self._pools[to.trust] = manager(to.trust)
            return self._pools[to.trust]

    def _request(self, connections: Connections, call: Call, ends_s: float) -> Answer:
        """One request that succeeds. Raises: DeliveryError."""
        left_s = ends_s - self.clock.monotonic()
        if left_s <= 0:
            raise DeliveryError(f"{call.what}: request failed: context deadline exceeded", may_pass=True)
        headers = {"User-Agent": self.user_agent, **call.headers}
        question = Question(
            method=call.method, url=call.url, headers=headers, body=call.body, timeout_s=left_s, at_most=MAX_ANSWER
        )
        try:
            answer = ask(connections, question)
        except FetchError as problem:
            raise DeliveryError(f"{call.what}: failed to execute request: {problem}", may_pass=True) from None
        if answer.status < HTTPStatus.MULTIPLE_CHOICES or answer.status in call.accepts:
            return answer
        text = answer.body[: 4 * MAX_TOLD].decode("utf-8", "replace")[:MAX_TOLD].strip()
        is_passing = answer.status == HTTPStatus.TOO_MANY_REQUESTS or (
            answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and answer.status != HTTPStatus.NOT_IMPLEMENTED
        )
        sentence = f"{call.what}: request failed: request failed with status code {answer.status}: {text}"
        raise DeliveryError(sentence, may_pass=is_passing)


def masked(text: str, secrets: set[str]) -> str:
    """A text in which no secret can be read, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "*****")
    return text


def _subject(letter: Letter) -> str:
    return f"{letter.event.kind}/{letter.event.namespace}/{letter.event.name}"


def _dispatch(letter: Letter) -> str:
    return f"failed to dispatch notification for {_subject(letter)}"
