"""Follows collections while objects are waited for: one list, then one watch, in one thread for each collection.

What is seen of the wanted objects is handed on; judging it is the dispatcher's business. A watch that ends goes on from the last
version, an expired one begins with a list again, and where watching is not allowed the collection is polled.
"""

from __future__ import annotations

import json
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from applier.cluster.api import TooMany
from applier.cluster.reader import SILENCE_S
from applier.cluster.watching import Watching
from applier.errors import is_expired
from applier.failures import ApplierError, ErrorClass, TransportError
from applier.model.ids import ObjectId

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.clock import Clock
    from applier.cluster.api import Collection
    from applier.cluster.reader import Reader
    from applier.model.ids import Body

LEAST_BETWEEN_WATCHES_S = 1.0
POLL_S, POLL_PER_OBJECT_S = 2.0, 1 / 50
FAILURES_BEFORE_POLLING = 3


class Seen(NamedTuple):
    """One object as it is now; `body` is None when it is proved to be gone.

    Shape: `version` is that of the list or event which says so. Units: `asked_s` is the clock when the question was sent
    (for events of a watch, which are in order: later than everything).
    """

    id: ObjectId
    body: Body | None
    version: str = ""
    asked_s: float = float("inf")


class Follower:
    """Follows one collection until it is stopped.

    `wanted` are the objects to report, `post` takes each sighting (from the follower's thread), `warn` a sentence when
    watching is not possible.
    """

    def __init__(
        self,
        reader: Reader,
        collection: Collection,
        wanted: frozenset[ObjectId],
        post: Callable[[Seen], None],
        warn: Callable[[str], None],
    ) -> None:
        self.reader, self.collection, self.wanted = reader, collection, wanted
        self.post, self.warn = post, warn
        self.clock: Clock = reader.exchange.clock
        self._watching = Watching()
        self._only = next(iter(wanted)) if len(wanted) == 1 else None
        self._polling = False

    def start(self) -> None:
        """Begin, in a thread of its own."""
        Thread(target=self._run, name=f"follow {self.collection}", daemon=True).start()

    def stop(self) -> None:
        """End; the thread goes away by itself."""
        self._watching.end()

    def _run(self) -> None:
        version = ""
        failures = 0
        while not self._watching.has_ended:
            started = self.clock.monotonic()
            try:
                if not version or self._polling:
                    version = self._list()
                if not self._polling:
                    version = self._watch(version)
                failures = 0
            except ApplierError as problem:
                failures += 1
                version = self._after_failure(problem, failures, version)
            self._pause(started)

    def _after_failure(self, problem: ApplierError, failures: int, version: str) -> str:
        """Where to go on: from the same version, or with a new list (`""`)."""
        if problem.error_class is ErrorClass.EXPIRED:
            return ""
        if (problem.error_class is ErrorClass.FORBIDDEN or failures >= FAILURES_BEFORE_POLLING) and not self._polling:
            self._polling = True
            self.warn(f"{self.collection} cannot be watched and is read every few seconds instead: {problem}")
        return version if failures < FAILURES_BEFORE_POLLING else ""

    def _pause(self, started: float) -> None:
        pause = LEAST_BETWEEN_WATCHES_S - (self.clock.monotonic() - started)
        if self._polling:
            pause = POLL_S + POLL_PER_OBJECT_S * len(self.wanted)
        if pause > 0:
            self._watching.wait(pause)

    def _list(self) -> str:
        """Report every wanted object as it is; returns the version to watch from."""
        asked_s = self.clock.monotonic()
        if self._only is not None:
            found = self.reader.get(self._place(self._only), self._only.name)
            self.post(Seen(self._only, found if isinstance(found, dict) else None, "", asked_s))
            return str(found["metadata"]["resourceVersion"]) if isinstance(found, dict) else ""
        try:
            listing = self.reader.list(self.collection)
        except ApplierError as problem:
            if problem.error_class is not ErrorClass.FORBIDDEN:
                raise
            self._polling = True
            return self._get_each()
        assert not isinstance(listing, TooMany)
        found_by_id = {self._id(body): body for body in listing.bodies}
        for object_id in self.wanted:
            self.post(Seen(object_id, found_by_id.get(object_id), listing.resource_version, asked_s))
        return listing.resource_version

    def _get_each(self) -> str:
        for object_id in self.wanted:
            asked_s = self.clock.monotonic()
            found = self.reader.get(self._place(object_id), object_id.name)
            self.post(Seen(object_id, found if isinstance(found, dict) else None, "", asked_s))
        return ""

    def _place(self, object_id: ObjectId) -> Collection:
        return self.collection._replace(namespace=object_id.namespace)

    def _watch(self, version: str) -> str:
        """Report until the watch ends; returns the version to go on from. Raises: ApplierError."""
        name = self._only.name if self._only is not None else ""
        if not version:
            return ""  # the only wanted object is not there: look again
        stream = self._watching.hold(self.reader.watch(self.collection, version, name=name))
        heard_s = self.clock.monotonic()
        try:
            for line in stream.lines():
                version = self._event(line, version)
                heard_s = self.clock.monotonic()
                if self._watching.has_ended or not version:
                    break
        except TransportError:
            # A watch without a word for a minute may have lost something: look at everything again.
            return version if self.clock.monotonic() - heard_s < SILENCE_S - 1 else ""
        finally:
            self._watching.drop()
        return version

    def _event(self, line: bytes, version: str) -> str:
        try:
            event = json.loads(line)
        except ValueError:
            raise TransportError("the watch sent half a line", lost=False) from None
        body = event.get("object") or {}
        if event.get("type") == "ERROR":
            return "" if is_expired(body) else version
        object_id = self._id(body)
        if event.get("type") != "BOOKMARK" and object_id in self.wanted:
            body.setdefault("kind", self.collection.kind)
            at = str(body["metadata"].get("resourceVersion") or "")
            self.post(Seen(object_id, None if event["type"] == "DELETED" else body, at))
        return str(body.get("metadata", {}).get("resourceVersion") or version)

    def _id(self, body: Body) -> ObjectId:
        metadata = body.get("metadata") or {}
        namespace, name = str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
        return ObjectId(self.collection.group, self.collection.kind, namespace, name)
