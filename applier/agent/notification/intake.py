"""Events on their way in: repetitions refused, alerts found that want them, and a letter kept for each.

Nothing here waits for a destination. An event is acknowledged when its letters are kept.
Source: notification-controller's event server, as recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

from applier.agent.notification import event as events
from applier.agent.notification import matching, metadata, transitions
from applier.agent.notification.commit_status import default_id
from applier.agent.notification.delivery import DISPATCH_FAILED
from applier.agent.notification.event import EventError
from applier.agent.notification.matching import Patterns
from applier.agent.notification.outbox import Letter
from applier.agent.notification.plurals import collection_of
from applier.agent.notification.senders import CHANGE_REQUEST_TYPES, COMMIT_STATUS_TYPES, is_for
from applier.agent.runtime.queue import Key
from applier.agent.runtime.serving import Asked, Reply
from applier.failures import ApplierError
from applier.health.cel import CelError, evaluate
from applier.health.cel_parser import CelSyntaxError, parse
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.notification.duplicates import Duplicates
    from applier.agent.notification.event import Event
    from applier.agent.notification.outbox import Outbox
    from applier.agent.notification.transitions import Transitions
    from applier.agent.runtime.informer import Informer
    from applier.agent.runtime.logs import Log
    from applier.agent.runtime.queue import Queue
    from applier.clock import Clock
    from applier.cluster.reader import Reader
    from applier.model.ids import Body

    Tell = Callable[[Body, str, str, Mapping[str, str]], None]

SYNC_PATIENCE_S = 10.0
INVALID, CONFLICT = "InvalidConfig", "MetadataAppendFailed"
TAKEN = frozenset({HTTPStatus.ACCEPTED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_REQUEST})
_PAIRED_APART = COMMIT_STATUS_TYPES | CHANGE_REQUEST_TYPES


@dataclass(slots=True)
class Intake:
    """Takes events. Safe to use from several threads. `tell(alert, reason, sentence, annotations)` warns on an alert."""

    reader: Reader
    clock: Clock
    alerts: Informer
    providers: Informer
    duplicates: Duplicates
    outbox: Outbox
    queue: Queue
    transitions: Transitions
    log: Log
    tell: Tell
    cross_namespace: bool = True
    patterns: Patterns = field(default_factory=Patterns)

    def serve(self, asked: Asked) -> Reply:
        """Answer a request to the event endpoint."""
        if asked.path != "/":
            return Reply(HTTPStatus.NOT_FOUND, b"404 page not found\n")
        status = self.take(asked.body)
        return Reply(status, b"Too Many Requests\n" if status == HTTPStatus.TOO_MANY_REQUESTS else b"")

    def post(self, document: bytes) -> bool:
        """Take an event of this process; returns whether it need not be brought again."""
        try:
            return self.take(document) in TAKEN
        except Exception as problem:  # noqa: BLE001  (whoever records events must go on)
            self.log.write("error", "taking an event failed", error=type(problem).__name__)
            return False

    def take(self, document: bytes) -> int:
        """Take an event; returns the HTTP status for it: 202 is taken, 429 a repetition, 400 none, 503 not yet."""
        try:
            event = events.read(document)
        except EventError as problem:
            self.log.write("error", "decoding the request body failed", error=str(problem))
            return HTTPStatus.BAD_REQUEST
        if not all(_waited(view.synced, SYNC_PATIENCE_S) for view in (self.alerts, self.providers)):
            return HTTPStatus.SERVICE_UNAVAILABLE
        key = event.key()
        if not self.duplicates.is_new(key):
            return HTTPStatus.TOO_MANY_REQUESTS
        try:
            self._dispatch(event)
        except BaseException:
            self.duplicates.forget(key)  # who brought it brings it again
            raise
        return HTTPStatus.ACCEPTED

    def _dispatch(self, event: Event) -> None:
        known: list[Mapping[str, str]] = []

        def labels(_: Event) -> Mapping[str, str]:
            if not known:
                known.append(self._labels(event))
            return known[0]

        for alert in self.alerts.all():
            spec = alert.get("spec") or {}
            if not spec.get("suspend") and matching.names_object(alert, event, labels):
                self._for_alert(alert, spec, event)

    def _labels(self, event: Event) -> Mapping[str, str]:
        """The present labels of the object of an event; none where it cannot be read."""
        collection = collection_of(event.involved.get("apiVersion", ""), event.kind, event.namespace)
        if collection is None:
            return {}
        try:
            found = self.reader.get(collection, event.name)
        except ApplierError as problem:
            self.log.write(
                "error", "error getting object", name=event.name, namespace=event.namespace, error=str(problem)
            )
            return {}
        return {} if isinstance(found, Absent) else found["metadata"].get("labels") or {}

    def _for_alert(self, alert: Body, spec: Mapping[str, Any], event: Event) -> None:
        own = str(alert["metadata"]["namespace"])
        if not self.cross_namespace and event.namespace != own:
            subject = f"{event.kind}/{event.namespace}/{event.name}"
            sentence = f"alert '{own}/{alert['metadata']['name']}' can't process event from '{subject}'"
            reason = "cross-namespace references have been blocked"
            self.log.write(
                "error", "Discarding event, access denied to cross-namespace sources", error=f"{sentence}, {reason}"
            )
            return
        name = str((spec.get("providerRef") or {}).get("name") or "")
        provider = self.providers.get(Key(own, name))
        told = self._told(alert, spec, provider, event)
        if told is None:
            return
        if provider is None:
            subject = f"{event.kind}/{event.namespace}/{event.name}"
            missing = f'failed to read provider: Provider.notification.toolkit.fluxcd.io "{name}" not found'
            self.tell(alert, DISPATCH_FAILED, f"failed to dispatch notification for {subject}: {missing}", {})
            return
        self._post(alert, spec, provider, told)
        if event.is_error and _is_paired(alert, provider):
            self.transitions.failed(alert, event, self.clock.now())

    def _told(self, alert: Body, spec: Mapping[str, Any], provider: Body | None, event: Event) -> Event | None:
        """The event as this alert tells it, None where it does not."""
        provider_spec = (provider or {}).get("spec") or {}
        kind = str(provider_spec.get("type") or "")
        if provider_spec.get("suspend"):
            return None
        if _is_paired(alert, provider):
            if transitions.is_success(event):
                recovery = self.transitions.recovered(alert, event, self.clock.now())
                if recovery is not None:
                    return recovery
            elif event.is_error and self.transitions.is_known(alert, event):
                return None
        if not matching.wants_severity(spec, event):
            return None
        verdict = matching.wants_message(spec, event.message, self.patterns)
        for problem in verdict.problems:
            self.tell(alert, INVALID, problem, {})
        if not verdict.is_wanted or (provider is not None and not is_for(kind, event)):
            return None
        return event

    def _post(self, alert: Body, spec: Mapping[str, Any], provider: Body, event: Event) -> None:
        """Keep a letter, and have it delivered."""
        found, clashes = metadata.combined(event, spec)
        if clashes:
            self.tell(alert, CONFLICT, metadata.CONFLICT, clashes)
        final = event.with_metadata(found)
        try:
            status_id = _status_id(final, alert, provider)
        except (CelError, CelSyntaxError) as problem:
            sentence = f"failed to evaluate commit status expression: {problem}"
            self.tell(alert, DISPATCH_FAILED, f"failed to dispatch notification for {event.label}: {sentence}", {})
            return
        letter = Letter(
            namespace=str(alert["metadata"]["namespace"]), alert=str(alert["metadata"]["name"]),
            provider=str(provider["metadata"]["name"]), event=final, since_s=self.clock.now(), status_id=status_id,
        )  # fmt: skip
        waiting = self.outbox.add(letter)
        self.log.write("debug", "dispatching event", alert=letter.alert, provider=letter.provider, involved=event.label)
        if not waiting:
            self.tell(alert, DISPATCH_FAILED, f"failed to dispatch notification for {event.label}: too many wait", {})
        elif waiting == 1:
            self.queue.add(letter.lane)  # a lane with more is at work, or waits for its next attempt


def _status_id(event: Event, alert: Body, provider: Body) -> str:
    """The id of the commit status, empty where none is set. Raises: CelError, CelSyntaxError."""
    spec = provider.get("spec") or {}
    if spec.get("type") not in COMMIT_STATUS_TYPES:
        return ""
    expression = str(spec.get("commitStatusExpr") or "")
    if not expression:
        return default_id(event, str(provider["metadata"].get("uid") or ""))
    found = evaluate(parse(expression), {"event": event.document(), "alert": alert, "provider": provider})
    if not isinstance(found, str):
        raise CelError(f"the expression is no text but {type(found).__name__}")
    return found


def _is_paired(alert: Body, provider: Body | None) -> bool:
    """Whether failures and recoveries come in pairs: a commit or a change request has a state of its own."""
    kind = ((provider or {}).get("spec") or {}).get("type")
    return transitions.are_wanted(alert) and kind not in _PAIRED_APART


def _waited(flag: Flag, seconds: float) -> bool:
    return flag.is_set() or flag.wait(seconds)
