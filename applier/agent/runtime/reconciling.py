"""What the reconcilers of all kinds share: their surroundings, the handshake, the rhythm, the one write at the end.

Source: Flux's controllers, as recorded; where they write twice, we write once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from applier.agent.runtime.conditions import READY, RECONCILING, TRUE, Conditions, find
from applier.agent.runtime.events import Happening
from applier.agent.runtime.kinds import EVENT_PREFIX, REQUESTED_AT
from applier.agent.runtime.logs import Log, Subject
from applier.agent.runtime.metrics import Metrics
from applier.clock import Clock, SystemClock, utc_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.runtime.events import Recorder
    from applier.agent.runtime.informer import Informer
    from applier.agent.runtime.queue import Key
    from applier.agent.runtime.writes import OwnWriter
    from applier.cluster.api import Collection
    from applier.cluster.cluster import Cluster
    from applier.model.ids import Body

JITTER = 0.05


@dataclass(slots=True)
class Surroundings:
    """What a reconciler works with. Shape: `controller` is the controller's name in events and logs."""

    controller: str
    collection: Collection
    cluster: Cluster
    informer: Informer
    writer: OwnWriter
    recorder: Recorder
    log: Log = field(default_factory=Log)
    metrics: Metrics = field(default_factory=Metrics)
    clock: Clock = field(default_factory=SystemClock)
    random: Random = field(default_factory=Random)
    jitter: float = JITTER

    def now(self) -> str:
        """The time as statuses have it."""
        return utc_text(self.clock.now())

    def spread(self, seconds: float) -> float:
        """An interval, a little shorter or longer, so that objects do not come all at once."""
        return seconds * (1 + self.random.uniform(-self.jitter, self.jitter))

    def subject(self, key: Key) -> Subject:
        """What log lines about an object name."""
        kind = self.collection.kind
        return Subject(kind.lower(), self.collection.group, kind, key)

    def conditions(self, body: Body) -> Conditions:
        """The conditions of an object, to be changed."""
        status = body.get("status") or {}
        return Conditions(status.get("conditions") or (), int(body["metadata"].get("generation") or 0), self.now())

    def event(self, body: Body, severity: str, reason: str, message: str, **metadata: str) -> None:
        """Record an event; `metadata` keys stand for names of the object's API group."""
        named = {f"{self.collection.group}/{name}": value for name, value in metadata.items() if value}
        own = body["metadata"].get("annotations") or {}
        named |= {name: str(value) for name, value in own.items() if name.startswith(EVENT_PREFIX)}
        self.recorder.record(Happening(body=body, severity=severity, reason=reason, message=message, metadata=named))

    def write(self, body: Body, status: Mapping[str, Any]) -> Body:
        """Merge into an object's status, unless that changes nothing; returns the object. Raises: ApplierError."""
        if not changes(body.get("status") or {}, status):
            return body
        found = self.writer.status(self.collection, body, status)
        self.informer.put(found)
        return found


def changes(before: Mapping[str, Any], patch: Mapping[str, Any]) -> bool:
    """Whether a merge patch changes anything."""
    for name, value in patch.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            if changes(old, value):
                return True
        elif value != old:
            return True
    return False


def requested_at(body: Mapping[str, Any]) -> str:
    """The token of the last request to reconcile, empty for none."""
    return str((body["metadata"].get("annotations") or {}).get(REQUESTED_AT) or "")


def is_handled(body: Mapping[str, Any]) -> bool:
    """Whether the last request to reconcile was handled, or there is none."""
    token = requested_at(body)
    return not token or (body.get("status") or {}).get("lastHandledReconcileAt") == token


def handshake(body: Mapping[str, Any]) -> dict[str, str]:
    """The part of a status that tells that the request was handled."""
    token = requested_at(body)
    return {"lastHandledReconcileAt": token} if token else {}


def generation(body: Mapping[str, Any]) -> int:
    """The generation of an object's spec."""
    return int(body["metadata"].get("generation") or 0)


def observed(body: Mapping[str, Any]) -> int:
    """The generation that a controller has dealt with, -1 for none."""
    return int((body.get("status") or {}).get("observedGeneration") or -1)


def suspended_status(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a suspended object's status takes over: the request, and the generation where it was ready."""
    ready = find(body, READY)
    follows = ready is not None and ready.get("status") == TRUE
    return {**handshake(body), **({"observedGeneration": generation(body)} if follows else {})}


def wakes(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> bool:
    """Whether a change of an object asks for a run: a new spec, a request, a deletion, or that it is new here."""
    if old is None or new is None:
        return True
    is_leaving = bool(new["metadata"].get("deletionTimestamp")) != bool(old["metadata"].get("deletionTimestamp"))
    return is_leaving or generation(old) != generation(new) or requested_at(old) != requested_at(new)


def is_reconciling(body: Mapping[str, Any]) -> bool:
    """Whether work on an object goes on, as its status says."""
    return find(body, RECONCILING) is not None
