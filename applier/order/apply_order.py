"""The order in which the objects of a set are written."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from applier.model.ids import ObjectId
from applier.model.plan import Edge, EdgeType
from applier.order.graph import Edges, Ordered, cycle_error, ordered, strongest
from applier.order.members import Found, Member, Members
from applier.order.phases import sort_key
from applier.order.rules import references


def apply_order(members: Sequence[Member], *, wait_operators: bool = False) -> Ordered:
    """Edges and order of a set that is applied. With `wait_operators`, custom resources come after what may handle them.

    Raises: CycleError, also for an object that says that it depends on itself.
    """
    own = [((member.id, one.source),) for member in members for one in member.depends_on if one.id == member.id]
    if own:
        raise cycle_error(own)
    index = Members(members)
    handlers: dict[str, list[ObjectId]] = {}
    if wait_operators:
        from applier.order.operators import operators

        handlers = operators(members)
    edges: Edges = {}
    for member in sorted(members, key=lambda member: sort_key(member.id)):
        found = all_references(member, index)
        if member.id.group in handlers:
            after = [(one, EdgeType.SOFT, "operator") for one in handlers[member.id.group]]
            found = chain(found, after)
        edges[member.id] = strongest(member.id, found, index.bodies)
    return ordered(edges, sort_key)


def all_references(member: Member, index: Members) -> Found:
    """What an object says that it depends on, and what it refers to."""
    for target, applied, _ in member.depends_on:
        yield target, EdgeType.APPLIED if applied else EdgeType.HEALTHY, "depends-on"
    yield from references(member, index)


def external(member: Member, members: frozenset[ObjectId]) -> tuple[Edge, ...]:
    """The dependencies that an object names and that are not in the set."""
    return tuple(
        Edge(target, EdgeType.APPLIED if applied else EdgeType.HEALTHY, "depends-on")
        for target, applied, _ in member.depends_on
        if target not in members
    )
