"""One kind under reconciliation: informer, queue and runs put together."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

from applier.agent.runtime.controller import Again, Controller, Run
from applier.agent.runtime.events import Recorder
from applier.agent.runtime.informer import Informer, key_of
from applier.agent.runtime.queue import MAX_DELAY_S, MIN_DELAY_S, Key, Queue
from applier.agent.runtime.reconciling import JITTER, Surroundings, generation, wakes
from applier.agent.runtime.writes import OwnWriter
from applier.failures import ApplierError

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.agent.runtime.logs import Log
    from applier.agent.runtime.metrics import Metrics
    from applier.clock import Clock
    from applier.cluster.api import Collection
    from applier.cluster.cluster import Cluster
    from applier.model.ids import Body

    Reconcile = Callable[[Run], Again]
    Follower = Callable[[Body | None, Body | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How a controller calls itself: in events and logs, and as field manager of its own writes."""

    controller: str
    manager: str


@dataclass(slots=True)
class Unit:
    """Everything about one kind. `followers` hear of every change as well, after the queue has.

    Nothing is reconciled before the kind's objects, and those of the informers in `sees`, were listed: what is not there
    yet is not missing.
    """

    around: Surroundings
    queue: Queue
    controller: Controller
    followers: list[Follower] = field(default_factory=list)
    sees: list[Informer] = field(default_factory=list)
    stopping: Event = field(default_factory=Event)

    def start(self) -> None:
        """Begin to watch, and to reconcile as soon as everything was seen."""
        self.around.informer.start()
        self.around.recorder.start()
        Thread(target=self._start, name=f"start of {self.controller.name}", daemon=True).start()

    def _start(self) -> None:
        for informer in (self.around.informer, *self.sees):
            while not informer.synced.wait(0.1):
                if self.stopping.is_set():
                    return
        if not self.stopping.is_set():
            self.controller.start()

    def stop(self, grace_s: float) -> bool:
        """End; returns whether all runs ended in time."""
        self.stopping.set()
        self.around.informer.stop()
        ended = self.controller.stop(grace_s)
        self.around.recorder.stop(2.0)
        return ended

    def changed(self, old: Body | None, new: Body | None) -> None:
        """An object of the kind changed."""
        body = new if new is not None else old
        assert body is not None
        key = key_of(body)
        if new is None:
            self.queue.drop(key)
            self.around.metrics.drop(
                {"kind": self.around.collection.kind, "name": key.name, "namespace": key.namespace}
            )
        if wakes(old, new):
            if old is not None and new is not None and generation(old) != generation(new):
                self.controller.cancel(key, f"{self.around.collection.kind}/{key}")
            self.queue.add(key)
        for follower in self.followers:
            follower(old, new)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When runs come. Shape: `jitter` is the part by which intervals differ at most. Units: seconds between failures."""

    jitter: float = JITTER
    min_delay_s: float = MIN_DELAY_S
    max_delay_s: float = MAX_DELAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What the kinds of one process have in common. Shape: `selector` is a label selector, empty for all objects."""

    cluster: Cluster
    log: Log
    metrics: Metrics
    clock: Clock
    selector: str = ""
    rhythm: Rhythm = Rhythm()


def unit(
    shared: Shared,
    collection: Collection,
    names: Names,
    make: Callable[[Surroundings], Reconcile],
    *,
    concurrency: int,
    recorder: Recorder,
) -> Unit:
    """Put a kind together. `make` gives the reconciler for its surroundings."""
    queue = Queue(shared.clock.monotonic, shared.rhythm.min_delay_s, shared.rhythm.max_delay_s)
    log = shared.log
    made: list[Unit] = []

    def note(line: str) -> None:
        log.write("error", line)

    def on_change(old: Body | None, new: Body | None) -> None:
        made[0].changed(old, new)

    cluster = shared.cluster
    informer = Informer(cluster.reader, collection, on_change, selector=shared.selector, note=note)
    around = Surroundings(
        controller=names.controller,
        collection=collection,
        cluster=cluster,
        informer=informer,
        writer=OwnWriter(cluster.exchange, names.manager),
        recorder=recorder,
        log=log,
        metrics=shared.metrics,
        clock=shared.clock,
        jitter=shared.rhythm.jitter,
    )

    def crashed(key: Key, problem: BaseException) -> None:
        level = "info" if isinstance(problem, ApplierError) else "error"
        log.write(level, "the run ended early", around.subject(key), error=f"{type(problem).__name__}: {problem}")

    controller = Controller(collection.kind, queue, make(around), crashed, concurrency)
    made.append(Unit(around, queue, controller))
    return made[0]
