"""Many renders in several processes: fresh interpreters that are handed folders and hand back outcomes.

Workers are started, not forked: that is right whatever threads the caller has. They are handed neighbouring folders, which
are the likeliest to share bases. A worker that dies takes the one folder it was at with it; another takes its place.
Decision: docs/adr/0021-render-many-in-fresh-processes.md.
"""

from __future__ import annotations

import marshal
import os
import select
import sys

from kbuild.many.outcome import Outcome
from kbuild.model.errors import KbuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from kbuild.options import Options

# Folders handed out together; folders on their way to one worker; folders done ahead of the one that all wait for.
_NEIGHBOURS, _UNDER_WAY, _AHEAD = 16, 2, 512
_PROGRAM = "import sys; sys.path[:] = {path!r}; from kbuild.many.worker import serve; serve()"


def processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Worker:
    """One process. `queue` are the folders it is to be handed, `under_way` those it was, both by number, in order."""

    __slots__ = ("input", "output", "pid", "queue", "under_way")

    def __init__(self, options: Options) -> None:
        self.queue: list[int] = []
        self.under_way: list[int] = []
        from_here, self.input = os.pipe()
        self.output, to_here = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, from_here, 0), (os.POSIX_SPAWN_DUP2, to_here, 1)]
        command = [sys.executable, "-c", _PROGRAM.format(path=[os.path.abspath(place) for place in sys.path])]
        try:
            self.pid = os.posix_spawn(sys.executable, command, os.environ, file_actions=actions)
        except BaseException:
            os.close(self.input)
            os.close(self.output)
            raise
        finally:
            os.close(from_here)
            os.close(to_here)
        values = {name: getattr(options, name) for name in type(options).__slots__}
        send(self.input, values)

    def hand_over(self, paths: Sequence[str]) -> None:
        """Send folders, as many as may be on their way. Mutates: the queues."""
        while self.queue and len(self.under_way) < _UNDER_WAY:
            number = self.queue.pop(0)
            self.under_way.append(number)
            try:
                send(self.input, paths[number])
            except BrokenPipeError:
                return

    def end(self) -> int:
        """Let the process end, and wait for it; returns its status. Call it once."""
        os.close(self.input)
        os.close(self.output)
        try:
            return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except ChildProcessError:  # where the caller has the system collect them
            return 0


def in_processes(paths: Sequence[str], options: Options, count: int) -> Iterator[Outcome]:
    """The outcomes in the order of the paths."""
    crew = Crew(paths, options)
    try:
        for _ in range(count):
            crew.hire()
        for number in range(len(paths)):
            while number not in crew.done:
                crew.step(number)
            yield crew.done.pop(number)
    finally:
        for worker in crew.workers.values():
            worker.end()


class Crew:
    """The workers by the descriptor that their answers come from, and what is done."""

    __slots__ = ("done", "next", "options", "paths", "workers")

    def __init__(self, paths: Sequence[str], options: Options) -> None:
        self.paths, self.options = paths, options
        self.workers: dict[int, Worker] = {}
        self.done: dict[int, Outcome] = {}
        self.next = 0

    def hire(self) -> Worker:
        """Start a worker."""
        worker = Worker(self.options)
        self.workers[worker.output] = worker
        return worker

    def step(self, awaited: int) -> None:
        """Hand out what there is, wait for an answer, and take it. Mutates: everything here."""
        share = max(1, min(_NEIGHBOURS, len(self.paths) // (4 * len(self.workers))))
        for worker in self.workers.values():
            if not worker.queue and self.next < min(len(self.paths), awaited + _AHEAD):
                end = min(self.next + share, len(self.paths))
                worker.queue = list(range(self.next, end))
                self.next = end
            worker.hand_over(self.paths)
        waiting = select.poll()
        for descriptor, worker in self.workers.items():
            if worker.under_way:
                waiting.register(descriptor, select.POLLIN)
        for descriptor, _ in waiting.poll():
            answer = receive(descriptor)
            worker = self.workers[descriptor]
            if answer is None:
                self.replace(worker)
            else:
                self.done[worker.under_way.pop(0)] = Outcome.of_values(answer)

    def replace(self, worker: Worker) -> None:
        """A worker is gone: its folder failed, another worker takes on the rest. Mutates: the workers and what is done."""
        del self.workers[worker.output]
        status = worker.end()
        lost, *rest = worker.under_way
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        self.done[lost] = Outcome(self.paths[lost], KbuildError(f"the process that rendered it ended {how}"))
        self.hire().queue = [*rest, *worker.queue]


def send(descriptor: int, value: Any) -> None:
    """Write one value: eight bytes for the length, then the value."""
    data = marshal.dumps(value)
    view = memoryview(len(data).to_bytes(8, "big") + data)
    while view:
        view = view[os.write(descriptor, view) :]


def receive(descriptor: int) -> Any:
    """Read one value; None at the end of the stream."""
    size = read_exactly(descriptor, 8)
    data = None if size is None else read_exactly(descriptor, int.from_bytes(size, "big"))
    return None if data is None else marshal.loads(data)  # noqa: S302 - from a process of our own


def read_exactly(descriptor: int, count: int) -> bytes | None:
    """So many bytes; None where the stream ends before."""
    pieces = []
    while count:
        piece = os.read(descriptor, min(count, 1 << 20))
        if not piece:
            return None
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
