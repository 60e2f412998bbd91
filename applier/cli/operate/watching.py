"""A collection followed from now on: every object as it changes, until the time is up or the command is stopped."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from applier.agent.runtime.informer import Informer
from applier.agent.runtime.queue import Key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from applier.cli.operate.call import Call
    from applier.cluster.api import Collection
    from applier.model.ids import Body

_LOOK_S = 0.5  # how late Ctrl-C and the end of the time are noticed at most


def mark(body: Body) -> Key:
    """What tells an object from the others of its collection."""
    return Key(str(body["metadata"].get("namespace") or ""), str(body["metadata"]["name"]))


def changes(call: Call, collection: Collection) -> Iterator[Body]:
    """Every object of the collection, and again whenever it changes; a deletion is not told. Raises: StoppedError."""
    waiting: SimpleQueue[Body] = SimpleQueue()

    def told(_old: Body | None, new: Body | None) -> None:
        if new is not None:
            waiting.put(new)

    place = collection._replace(namespace="" if call.everywhere else call.namespace)
    informer = Informer(call.cluster.reader, place, told, str(call.values.get("label_selector") or ""))
    end = time.monotonic() + call.seconds("timeout", "0") if call.values.get("timeout") else None
    informer.start()
    try:
        while end is None or time.monotonic() < end:
            try:
                yield waiting.get(timeout=_LOOK_S)
            except Empty:
                continue
    finally:
        informer.stop()
