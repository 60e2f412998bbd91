"""Writer threads and the one inbox that everything comes back through."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.clock import Clock
    from applier.executor.graph import Node

LEAST_LIMIT, SLOW_S = 1, 10.0


class Finished(NamedTuple):
    """A task came to its end. `result` is what it returned, or the exception it raised. Units: `seconds` it took."""

    node: Node
    result: Any
    seconds: float


class Pool:
    """Runs tasks in at most `size` threads, which are made as needed; fewer at a time while the server is overloaded."""

    def __init__(self, size: int, clock: Clock) -> None:
        self.size, self.limit, self.clock = size, size, clock
        self.inbox: SimpleQueue[Any] = SimpleQueue()
        self.running = 0
        self._tasks: SimpleQueue[tuple[Node, Callable[[], Any]] | None] = SimpleQueue()
        self._threads = 0
        self._slow_until = 0.0

    @property
    def has_room(self) -> bool:
        """Whether one more task may run."""
        if self.limit < self.size and self.clock.monotonic() >= self._slow_until:
            self.limit = self.size
        return self.running < self.limit

    def submit(self, node: Node, task: Callable[[], Any]) -> None:
        """Run a task; its end arrives in the inbox."""
        self.running += 1
        if self._threads < self.running:
            self._threads += 1
            Thread(target=self._work, name="writer", daemon=True).start()
        self._tasks.put((node, task))

    def slow_down(self) -> None:
        """The server asked for less: half as much at a time, for ten seconds."""
        self.limit = max(LEAST_LIMIT, min(self.limit, self.running) // 2)
        self._slow_until = self.clock.monotonic() + SLOW_S

    def receive(self, timeout_s: float) -> Any:
        """The next message, or None when none came in time."""
        try:
            message = self.inbox.get(timeout=max(timeout_s, 0.0))
        except Empty:
            return None
        if isinstance(message, Finished):
            self.running -= 1
        return message

    def close(self) -> None:
        """Let the threads end when their tasks have."""
        for _ in range(self._threads):
            self._tasks.put(None)

    def _work(self) -> None:
        while (item := self._tasks.get()) is not None:
            node, task = item
            started = self.clock.monotonic()
            try:
                result = task()
            except BaseException as problem:  # noqa: BLE001  (the dispatcher judges it)
                result = problem
            self.inbox.put(Finished(node, result, self.clock.monotonic() - started))


class Timers:
    """What is to be done later, in the dispatcher's thread."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something in so many seconds."""
        heappush(self._heap, (self.clock.monotonic() + seconds, next(self._numbers), action))

    def run_due(self) -> None:
        """Do what is due."""
        while self._heap and self._heap[0][0] <= self.clock.monotonic():
            heappop(self._heap)[2]()

    def seconds_left(self, at_most: float) -> float:
        """How long until the next is due."""
        return min(at_most, self._heap[0][0] - self.clock.monotonic()) if self._heap else at_most
