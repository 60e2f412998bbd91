"""Edges to an order: the strongest edge of each pair, no cycles, soft edges given up where they close one.

Everything is linear in objects and edges, and the same set gives the same order whatever order it came in.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from applier.model.errors import CycleError, Problem
from applier.model.ids import ObjectId
from applier.model.plan import Edge, EdgeType

Edges: TypeAlias = dict[ObjectId, tuple[Edge, ...]]
Key: TypeAlias = Callable[[ObjectId], Any]
_STRENGTH = {EdgeType.HEALTHY: 0, EdgeType.APPLIED: 1, EdgeType.SOFT: 2}
_STARTS = 64  # of a knot of objects, from how many the shortest cycle is looked for


class Ordered(NamedTuple):
    """An order and the edges that lead to it. Shape: `dropped` are soft edges that would have closed a cycle."""

    order: tuple[ObjectId, ...]
    edges: Edges
    dropped: tuple[tuple[ObjectId, Edge], ...]


def strongest(
    own: ObjectId, found: Iterable[tuple[ObjectId, EdgeType, str]], within: Mapping[ObjectId, Any]
) -> tuple[Edge, ...]:
    """One edge for each target inside the set, the strongest; the first one said among equals. Sorted by target."""
    best: dict[ObjectId, Edge] = {}
    for target, kind, reason in found:
        if target not in within or target == own:
            continue
        known = best.get(target)
        if known is None or _STRENGTH[kind] < _STRENGTH[known.type]:
            best[target] = Edge(target, kind, reason)
    return tuple(best[target] for target in sorted(best)) if len(best) > 1 else tuple(best.values())


def ordered(edges: Edges, key: Key) -> Ordered:
    """An order in which everything comes after what it waits for; `key` decides among what is ready.

    Raises: CycleError, when hard edges close a cycle; each knot of objects is a problem, told as its shortest cycle.
    """
    places = {one: place for place, one in enumerate(sorted(edges, key=key))}
    if all(places[edge.target] < place for one, place in places.items() for edge in edges[one]):
        return Ordered(tuple(places), edges, ())  # as phases are made for: no cycle, and the smallest order of all
    hard = {one: [edge.target for edge in found if edge.type is not EdgeType.SOFT] for one, found in edges.items()}
    every = {one: [edge.target for edge in found] for one, found in edges.items()}
    found = knots(every)
    if not found:
        return Ordered(_topological(every, key), edges, ())
    tight = knots(hard)
    if tight:
        raise cycle_error([shortest_cycle(sorted(knot, key=key), edges) for knot in tight])
    return _without_soft_cycles(edges, found, _topological(hard, key), key)


def _without_soft_cycles(edges: Edges, tied: list[list[ObjectId]], order: tuple[ObjectId, ...], key: Key) -> Ordered:
    """Give up the soft edges inside a knot that point against the order of the hard ones."""
    knot_of = {one: number for number, knot in enumerate(tied) for one in knot}
    place = {one: index for index, one in enumerate(order)}
    dropped = []
    kept: Edges = {}
    for one, found in edges.items():
        knot = knot_of.get(one)
        if knot is None:
            kept[one] = found
            continue
        bad = [
            edge
            for edge in found
            if edge.type is EdgeType.SOFT and knot_of.get(edge.target) == knot and place[edge.target] > place[one]
        ]
        dropped += [(one, edge) for edge in bad]
        kept[one] = tuple(edge for edge in found if edge not in bad)
    every = {one: [edge.target for edge in found] for one, found in kept.items()}
    return Ordered(_topological(every, key), kept, tuple(sorted(dropped)))


def _topological(targets: Mapping[ObjectId, Sequence[ObjectId]], key: Key) -> tuple[ObjectId, ...]:
    """Kahn's algorithm with a heap: of everything that is ready, the smallest key first."""
    waiting: dict[ObjectId, int] = {}
    followers: dict[ObjectId, list[ObjectId]] = {}
    ready = []
    for one, found in targets.items():
        waiting[one] = len(found)
        if not found:
            ready.append((key(one), one))
        for target in found:
            followers.setdefault(target, []).append(one)
    heapq.heapify(ready)
    order = []
    while ready:
        _, one = heapq.heappop(ready)
        order.append(one)
        for follower in followers.get(one, ()):
            waiting[follower] -= 1
            if not waiting[follower]:
                heapq.heappush(ready, (key(follower), follower))
    return tuple(order)


def knots(targets: Mapping[ObjectId, Sequence[ObjectId]]) -> list[list[ObjectId]]:
    """The strongly connected components of more than one object (Tarjan, without recursion)."""
    number: dict[ObjectId, int] = {}
    low: dict[ObjectId, int] = {}
    on_stack: set[ObjectId] = set()
    stack: list[ObjectId] = []
    found = []
    for root in targets:
        if root in number:
            continue
        work = [(root, iter(targets[root]))]
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while work:
            one, following = work[-1]
            child = next(following, None)
            if child is None:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[one])
                if low[one] == number[one]:
                    found.append(_unwind(stack, on_stack, one))
            elif child not in number:
                number[child] = low[child] = len(number)
                stack.append(child)
                on_stack.add(child)
                work.append((child, iter(targets[child])))
            elif child in on_stack:
                low[one] = min(low[one], number[child])
    return [knot for knot in found if len(knot) > 1]


def _unwind(stack: list[ObjectId], on_stack: set[ObjectId], root: ObjectId) -> list[ObjectId]:
    """Take one component off Tarjan's stack. Mutates: `stack`, `on_stack`."""
    knot = []
    while True:
        one = stack.pop()
        on_stack.discard(one)
        knot.append(one)
        if one == root:
            return knot


def shortest_cycle(knot: Sequence[ObjectId], edges: Edges) -> tuple[tuple[ObjectId, str], ...]:
    """The shortest cycle of hard edges in a knot, as (object, why it waits for the next)."""
    inside = frozenset(knot)
    best: tuple[tuple[ObjectId, str], ...] = ()
    for start in knot[:_STARTS]:
        found = _cycle_from(start, inside, edges)
        if found and (not best or len(found) < len(best)):
            best = found
        if len(best) == 2:
            break
    return best


def _cycle_from(start: ObjectId, inside: frozenset[ObjectId], edges: Edges) -> tuple[tuple[ObjectId, str], ...]:
    came: dict[ObjectId, tuple[ObjectId, str]] = {}
    queue = deque([start])
    while queue:
        one = queue.popleft()
        for target, kind, reason in edges[one]:
            if kind is EdgeType.SOFT or target not in inside:
                continue
            if target == start:
                return _path(one, reason, start, came)
            if target not in came:
                came[target] = (one, reason)
                queue.append(target)
    return ()


def _path(
    last: ObjectId, reason: str, start: ObjectId, came: Mapping[ObjectId, tuple[ObjectId, str]]
) -> tuple[tuple[ObjectId, str], ...]:
    steps = [(last, reason)]
    while last != start:
        last, reason = came[last]
        steps.append((last, reason))
    return tuple(reversed(steps))


def cycle_error(cycles: Iterable[tuple[tuple[ObjectId, str], ...]]) -> CycleError:
    """The error for cycles: each is `A (why) → B (why) → A`."""
    problems = []
    for cycle in sorted(cycles):
        path = " → ".join(f"{one} ({reason})" for one, reason in cycle)
        problems.append(Problem(f"{path} → {cycle[0][0]}"))
    return CycleError("objects wait for each other:", problems)
