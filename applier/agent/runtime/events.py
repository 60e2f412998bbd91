"""Events of a controller: a core/v1 Event on the object, and a JSON document for the notification endpoint.

Sending never holds up a run: events go through a queue that one thread empties. What cannot be delivered is repeated
while there is room; the core Event is written in any case.
Source: fluxcd/pkg `runtime/events`, as recorded from its controllers.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, Protocol

from applier.clock import Clock, SystemClock, utc_text
from applier.cluster.api import Collection
from applier.cluster.exchange import encoded
from applier.cluster.transport import JSON_TYPE, Request
from applier.failures import ApplierError, ErrorClass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.cluster.exchange import Exchange
    from applier.model.ids import Body

INFO, ERROR, TRACE = "info", "error", "trace"
MAX_MESSAGE, MAX_CORE_MESSAGE = 39_000, 1_024
EVENTS = Collection("", "v1", "events", "Event")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What happened to an object. Shape: `severity` is `info`, `error` or `trace` (never sent to the endpoint)."""

    body: Body
    severity: str
    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)


class Poster(Protocol):
    """Delivers a document to the notification endpoint."""

    def __call__(self, document: bytes) -> bool:
        """Deliver once; returns whether it need not be tried again."""


@dataclass(slots=True)
class Recorder:
    """Writes the events of one controller. Safe to use from several threads."""

    exchange: Exchange
    controller: str
    instance: str = ""
    post: Poster | None = None
    clock: Clock = field(default_factory=SystemClock)
    note: Callable[[str], None] = lambda _line: None
    _waiting: deque[tuple[Happening, float]] = field(default_factory=lambda: deque(maxlen=10_000))
    _counts: dict[tuple[str, ...], tuple[str, int]] = field(default_factory=dict)
    _changed: Condition = field(default_factory=Condition)
    _closed: bool = False
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin to deliver."""
        self._thread = Thread(target=self._run, name=f"events of {self.controller}", daemon=True)
        self._thread.start()

    def record(self, happening: Happening) -> None:
        """Have an event delivered."""
        with self._changed:
            self._waiting.append((happening, self.clock.now()))
            self._changed.notify()

    def stop(self, timeout_s: float) -> None:
        """Deliver what waits, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    return
                happening, at = self._waiting.popleft()
            self._deliver(happening, at)

    def _deliver(self, happening: Happening, at: float) -> None:
        try:
            self._write_core(happening, at)
        except ApplierError as problem:
            self.note(f"cannot write an event: {problem}")
        if self.post is None or happening.severity == TRACE:
            return
        document = json.dumps(wire(happening, at, self.controller, self.instance), ensure_ascii=False).encode()
        for attempt in range(4):
            if self.post(document):
                return
            self.clock.sleep(0.25 * 2.0**attempt)
        self.note(f"the notification endpoint did not take an event of {happening.body['metadata'].get('name')}")

    def _write_core(self, happening: Happening, at: float) -> None:
        """Write the Event, or count up the one with the same text. Raises: ApplierError."""
        event = core(happening, at, self.controller, self.instance)
        key = (event["metadata"]["namespace"], happening.reason, event["message"], event["involvedObject"]["uid"])
        events = EVENTS._replace(namespace=event["metadata"]["namespace"])
        known = self._counts.get(key)
        if known is not None:
            change = {"count": known[1] + 1, "lastTimestamp": event["lastTimestamp"]}
            request = Request(
                "PATCH", events.object_path(known[0]), "", encoded(change), "application/merge-patch+json"
            )
            try:
                self.exchange.once(request, "patch")
            except ApplierError as problem:
                if problem.error_class is not ErrorClass.NOT_FOUND:
                    raise
            else:
                self._counts[key] = (known[0], known[1] + 1)
                return
        self.exchange.once(Request("POST", events.path, "", encoded(event), JSON_TYPE), "post")
        if len(self._counts) >= 4_096:
            self._counts.clear()
        self._counts[key] = (event["metadata"]["name"], 1)


def involved(body: Mapping[str, Any]) -> dict[str, str]:
    """The object as events refer to it."""
    metadata = body["metadata"]
    return {
        "kind": str(body["kind"]),
        "namespace": str(metadata.get("namespace") or ""),
        "name": str(metadata["name"]),
        "uid": str(metadata.get("uid") or ""),
        "apiVersion": str(body["apiVersion"]),
        "resourceVersion": str(metadata.get("resourceVersion") or ""),
    }


def wire(happening: Happening, at: float, controller: str, instance: str) -> dict[str, Any]:
    """The document for the endpoint; `metadata` is left out when empty."""
    return {
        "involvedObject": involved(happening.body),
        "severity": happening.severity,
        "timestamp": utc_text(at),
        "message": happening.message[:MAX_MESSAGE],
        "reason": happening.reason,
        **({"metadata": dict(happening.metadata)} if happening.metadata else {}),
        "reportingController": controller,
        "reportingInstance": instance,
    }


def core(happening: Happening, at: float, controller: str, instance: str) -> dict[str, Any]:
    """The core/v1 Event; a trace has no annotations."""
    subject = involved(happening.body)
    when = utc_text(at)
    is_trace = happening.severity == TRACE
    annotations = {} if is_trace else dict(happening.metadata)
    metadata: dict[str, Any] = {
        "name": f"{subject['name']}.{int(at * 1e9):x}",
        "namespace": subject["namespace"] or "default",
        **({"annotations": annotations} if annotations else {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": metadata,
        "involvedObject": subject,
        "reason": happening.reason,
        "message": happening.message[:MAX_CORE_MESSAGE],
        "type": "Warning" if happening.severity == ERROR else "Normal",
        "count": 1,
        "firstTimestamp": when,
        "lastTimestamp": when,
        "reportingComponent": controller,
        "reportingInstance": instance,
        "source": {"component": controller},
    }
