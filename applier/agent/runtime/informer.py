"""A collection kept current in memory: listed, watched, listed again where the watch is lost for good.

Objects are handed on as they change; between two lists nothing is missed, since a list is compared with what was known.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from applier.agent.runtime.queue import Key
from applier.clock import backoff_s
from applier.cluster.api import Listing
from applier.cluster.watching import Watching
from applier.failures import ApplierError, ErrorClass, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from applier.cluster.api import Collection
    from applier.cluster.reader import Reader
    from applier.cluster.transport import Stream
    from applier.model.ids import Body

    OnChange = Callable[[Body | None, Body | None], None]

MISSING_KIND_RETRY_S = 10.0
_KIND_IS_MISSING = frozenset({ErrorClass.KIND_MISSING, ErrorClass.NOT_FOUND})


def key_of(body: Mapping[str, Any]) -> Key:
    """The key of an object."""
    metadata = body["metadata"]
    return Key(str(metadata.get("namespace") or ""), str(metadata["name"]))


@dataclass(slots=True)
class Informer:
    """One collection. `on_change(old, new)` is called in the informer's thread, with None for what is not there.

    Shape: `selector` is a label selector, empty for all. A kind that is not installed counts as a collection without
    objects. Safe to use from several threads.
    """

    reader: Reader
    collection: Collection
    on_change: OnChange
    selector: str = ""
    note: Callable[[str], None] = lambda _line: None
    synced: Event = field(default_factory=Event)
    _objects: dict[Key, Body] = field(default_factory=dict)
    _ahead: dict[Key, Body] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _watching: Watching = field(default_factory=Watching)
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin to list and watch in a thread."""
        self._thread = Thread(target=self._run, name=f"informer {self.collection}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._watching.end()

    def get(self, key: Key) -> Body | None:
        """One object as last seen; not to be changed."""
        with self._lock:
            return self._newest(key)

    def all(self) -> list[Body]:
        """Every object as last seen; not to be changed."""
        with self._lock:
            return [self._ahead.get(key, body) for key, body in self._objects.items()]

    def put(self, body: Body) -> None:
        """Take over what a write answered, unless something newer was seen: the next run must not see older state.

        The change itself is told when the watch brings it.
        """
        with self._lock:
            known = self._newest(key_of(body))
            if known is not None and _version(known) < _version(body):
                self._ahead[key_of(body)] = body

    def _newest(self, key: Key) -> Body | None:
        seen = self._objects.get(key)
        return seen if seen is None else self._ahead.get(key, seen)

    def _settle(self, key: Key) -> None:
        """Forget a write's answer once the watch is as far."""
        ahead, seen = self._ahead.get(key), self._objects.get(key)
        if ahead is not None and (seen is None or _version(seen) >= _version(ahead)):
            del self._ahead[key]

    def _run(self) -> None:
        failures = 0
        while not self._watching.has_ended:
            try:
                version = self._list()
                failures = 0
                while version and not self._watching.has_ended:
                    version = self._follow(version)
            except ApplierError as problem:
                if problem.error_class in _KIND_IS_MISSING:
                    self._replace({})
                    self._watching.wait(MISSING_KIND_RETRY_S)
                    continue
                failures += 1
                self.note(f"cannot list {self.collection}: {problem}")
                self._watching.wait(backoff_s(failures, 0.0, 0.5))

    def _list(self) -> str:
        """Compare a new list with what is known; returns the version that a watch goes on from. Raises: ApplierError."""
        listing = self.reader.list(self.collection, selector=self.selector)
        assert isinstance(listing, Listing)
        self._replace({key_of(body): body for body in listing.bodies})
        return listing.resource_version

    def _replace(self, fresh: dict[Key, Body]) -> None:
        with self._lock:
            before, self._objects = self._objects, fresh
            for key in list(self._ahead):
                self._settle(key)
        for key, body in fresh.items():
            old = before.get(key)
            if old is None or _version(old) != _version(body):
                self.on_change(old, body)
        for key, old in before.items():
            if key not in fresh:
                self.on_change(old, None)
        self.synced.set()

    def _follow(self, version: str) -> str:
        """Watch from a version on; returns the one to go on from, empty where only a list helps. Raises: ApplierError."""
        try:
            stream = self.reader.watch(self.collection, version, selector=self.selector)
        except ApplierError as problem:
            if problem.error_class is ErrorClass.EXPIRED:
                return ""
            raise
        try:
            for event in _events(self._watching.hold(stream)):
                found = self._take(event)
                if not found:
                    return ""
                version = found
        except TransportError:
            self._watching.wait(0.2)
        finally:
            self._watching.drop()
        return version

    def _take(self, event: Mapping[str, Any]) -> str:
        """Take in one event; returns its version, empty for an error."""
        kind, body = event.get("type"), event.get("object") or {}
        if kind == "ERROR":
            return ""
        version = str(body["metadata"].get("resourceVersion") or "")
        if kind == "BOOKMARK":
            return version
        key = key_of(body)
        with self._lock:
            old = self._objects.get(key)
            if kind == "DELETED":
                self._objects.pop(key, None)
            else:
                self._objects[key] = body
            self._settle(key)
        self.on_change(old, None if kind == "DELETED" else body)
        return version


def _events(stream: Stream) -> Iterator[Mapping[str, Any]]:
    for line in stream.lines():
        try:
            event = json.loads(line)
        except ValueError:
            return  # cut in the middle: the watch begins again from the last whole event
        if isinstance(event, dict):
            yield event


def _version(body: Mapping[str, Any]) -> int:
    """The resource version as a number: the API server's own count, which its API now says is comparable."""
    text = str(body["metadata"].get("resourceVersion") or "0")
    return int(text) if text.isdigit() else 0
