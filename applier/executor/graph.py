"""The steps of one direction as a graph that is worked off: who may begin, who waits for whom, who is given up.

There are no stages: a step may begin as soon as its own predecessors allow it. Pure bookkeeping, used from one thread.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from applier.model.plan import EdgeType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from applier.model.ids import ObjectId
    from applier.model.plan import Step


LONGEST_PATH = 20  # ids of a path that are kept: the first, and the last ones


class State(StrEnum):
    """Where a step is."""

    BLOCKED = "blocked"
    READY = "ready"
    RUNNING = "running"
    APPLIED = "applied"
    """Written (when deleting: asked for), and waited for."""
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the step."""
        return self in (State.DONE, State.FAILED, State.SKIPPED)


class Node:
    """One step in the graph. `waiting` counts edges that still hold it; `external` marks objects outside the set."""

    __slots__ = ("blocked_by", "dependents", "external", "order", "state", "step", "waiting")

    def __init__(self, step: Step, order: int, *, external: bool) -> None:
        self.step, self.order, self.external = step, order, external
        self.state = State.BLOCKED
        self.waiting = 0
        self.dependents: list[tuple[Node, EdgeType]] = []
        self.blocked_by: tuple[ObjectId, ...] = ()


class Graph:
    """Steps by id, and the queue of those that may begin, in plan order."""

    def __init__(self, steps: Iterable[Step], external: Iterable[Step] = ()) -> None:
        self.nodes: dict[ObjectId, Node] = {}
        for step in external:
            self.nodes[step.id] = Node(step, -1, external=True)
        for order, step in enumerate(steps):
            self.nodes[step.id] = Node(step, order, external=False)
        self._ready: list[tuple[int, ObjectId]] = []
        self._open = len(self.nodes)
        for node in self.nodes.values():
            for edge in (*node.step.edges, *node.step.external):
                target = self.nodes.get(edge.target)
                if target is not None and target is not node:
                    target.dependents.append((node, edge.type))
                    node.waiting += 1
        for node in self.nodes.values():
            self._queue_if_free(node)

    @property
    def is_finished(self) -> bool:
        """Whether every step is in a final state."""
        return self._open == 0

    def next_ready(self) -> Node | None:
        """Take the next step that may begin; it counts as running. None where there is none."""
        while self._ready:
            _, object_id = heappop(self._ready)
            node = self.nodes[object_id]
            if node.state is State.READY:
                node.state = State.RUNNING
                return node
        return None

    def requeue(self, node: Node) -> None:
        """Let a running step begin once more."""
        node.state = State.READY
        heappush(self._ready, (node.order, node.step.id))

    def written(self, node: Node) -> None:
        """The step's write is done; who waited for that only may begin."""
        node.state = State.APPLIED
        self._release(node, EdgeType.APPLIED, EdgeType.SOFT)

    def done(self, node: Node) -> None:
        """The step has ended well."""
        if node.state is not State.APPLIED:
            self.written(node)
        self._settle(node, State.DONE)
        self._release(node, EdgeType.HEALTHY)

    def failed(self, node: Node) -> list[Node]:
        """The step has failed; returns the steps that are given up because of it, each with the path to it."""
        was_written = node.state is State.APPLIED
        self._settle(node, State.FAILED)
        return self._give_up(node, (EdgeType.HEALTHY,) if was_written else (EdgeType.HEALTHY, EdgeType.APPLIED))

    def skipped(self, node: Node) -> None:
        """The step is left out for a reason that is no failure of another step."""
        self._settle(node, State.SKIPPED)

    def open_nodes(self) -> Iterator[Node]:
        """Steps that are not in a final state, in plan order."""
        yield from (node for node in self.nodes.values() if not node.state.is_final)

    def _give_up(self, node: Node, held: tuple[EdgeType, ...]) -> list[Node]:
        """Skip everything that one step's failure holds for ever, nearest first."""
        lost: list[Node] = []
        queue = deque([(node, held)])
        while queue:
            failed, held = queue.popleft()
            if EdgeType.APPLIED in held:
                self._release(failed, EdgeType.SOFT)
            for dependent, kind in failed.dependents:
                if kind in held and not dependent.state.is_final:
                    path = (*failed.blocked_by, failed.step.id)
                    dependent.blocked_by = path if len(path) <= LONGEST_PATH else (path[0], *path[1 - LONGEST_PATH :])
                    self._settle(dependent, State.SKIPPED)
                    lost.append(dependent)
                    queue.append((dependent, (EdgeType.HEALTHY, EdgeType.APPLIED)))
        return lost

    def _settle(self, node: Node, state: State) -> None:
        node.state = state
        self._open -= 1

    def _release(self, node: Node, *kinds: EdgeType) -> None:
        for dependent, kind in node.dependents:
            if kind in kinds and not dependent.state.is_final:
                dependent.waiting -= 1
                self._queue_if_free(dependent)

    def _queue_if_free(self, node: Node) -> None:
        if node.waiting == 0 and node.state is State.BLOCKED:
            node.state = State.READY
            heappush(self._ready, (node.order, node.step.id))
