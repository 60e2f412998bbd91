"""Runs of a controller: keys from a queue, each in a thread, at most so many at work; who waits gives up its place.

A wait for health lasts minutes. It holds a thread, which costs nothing, but no place among the workers, so that waiting
objects never keep others from being reconciled.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Semaphore, Thread
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from applier.agent.runtime.queue import Key, Queue


@dataclass(frozen=True, slots=True)
class Again:
    """When an object is reconciled next. Units: `after_s` seconds; None for not by itself. `is_limited` means back-off."""

    after_s: float | None = None
    is_limited: bool = False


NOT_BY_ITSELF = Again()
WITH_BACKOFF = Again(is_limited=True)


@dataclass(slots=True)
class Run:
    """One run of one key.

    Shape: `cancelled` is set when the run shall end early; `why` says what asked for that, empty for the end of the
    program.
    """

    key: Key
    slots: Semaphore
    started_s: float = field(default_factory=monotonic)
    cancelled: Event = field(default_factory=Event)
    why: str = ""

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Give up the place among the workers for as long as the block lasts."""
        self.slots.release()
        try:
            yield
        finally:
            self.slots.acquire()

    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return monotonic() - self.started_s


@dataclass(slots=True)
class Controller:
    """Takes keys from a queue and reconciles them, `concurrency` at a time.

    `on_crash(key, error)` hears of an exception that `reconcile` let through; the key is tried again with back-off.
    """

    name: str
    queue: Queue
    reconcile: Callable[[Run], Again]
    on_crash: Callable[[Key, BaseException], None]
    concurrency: int = 4
    _runs: dict[Key, Run] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _slots: Semaphore = field(init=False)
    _dispatcher: Thread | None = None

    def __post_init__(self) -> None:
        self._slots = Semaphore(self.concurrency)

    def start(self) -> None:
        """Begin to take keys."""
        self._dispatcher = Thread(target=self._dispatch, name=f"{self.name} dispatcher", daemon=True)
        self._dispatcher.start()

    def cancel(self, key: Key, why: str) -> bool:
        """Ask the run of a key to end early, as far as it listens; returns whether there is one."""
        with self._lock:
            run = self._runs.get(key)
        if run is None:
            return False
        run.why = why
        run.cancelled.set()
        return True

    def stop(self, grace_s: float) -> bool:
        """Take no more keys, ask all runs to end, and wait for them; returns whether all have ended in time."""
        self.queue.close()
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.cancelled.set()
        deadline = monotonic() + grace_s
        pause = Event()
        while self._runs and monotonic() < deadline:
            pause.wait(0.02)
        return not self._runs

    def running(self) -> int:
        """How many runs there are, waiting ones included."""
        return len(self._runs)

    def _dispatch(self) -> None:
        while True:
            key = self.queue.get()
            if key is None:
                return
            # Only with a key in hand: a place that is held for nobody is missed by a run that wants its own back.
            self._slots.acquire()
            run = Run(key=key, slots=self._slots)
            with self._lock:
                self._runs[key] = run
            Thread(target=self._work, args=(run,), name=f"{self.name} {key}", daemon=True).start()

    def _work(self, run: Run) -> None:
        key = run.key
        try:
            again = self.reconcile(run)
        except Exception as problem:  # noqa: BLE001  (one object's bug must not end the controller)
            self.on_crash(key, problem)
            again = WITH_BACKOFF
        finally:
            with self._lock:
                self._runs.pop(key, None)
            self._slots.release()
        if again.is_limited:
            self.queue.add_limited(key)
        else:
            self.queue.forget(key)
            if again.after_s is not None:
                self.queue.add_after(key, again.after_s)
        self.queue.done(key)
