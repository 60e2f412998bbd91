"""The order in which objects are deleted: every edge backwards, and what must outlive what besides.

Webhook configurations and API services go before the pods behind them, custom resources before their definitions and before
the operators that finish them, and a namespace after everything in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from applier.model import kinds
from applier.model.ids import ObjectId
from applier.model.kinds import is_builtin
from applier.model.plan import Edge, EdgeType
from applier.model.values import mapping, sequence
from applier.order.apply_order import all_references
from applier.order.graph import Edges, Ordered, knots, ordered, strongest
from applier.order.members import Member, Members
from applier.order.phases import deletion_key

# Their deletion is only finished when the other is really gone.
_UNTIL_GONE = frozenset(["namespace", "crd"])
MAX_FINISHER_EDGES = 20_000
_RIGHTS = frozenset(
    [kinds.SERVICE_ACCOUNT, kinds.ROLE, kinds.CLUSTER_ROLE, kinds.ROLE_BINDING, kinds.CLUSTER_ROLE_BINDING]
)


def prune_order(members: Sequence[Member]) -> Ordered:
    """Edges and order of live objects that are deleted. A cycle of hard edges is opened along the phases."""
    index = Members(members)
    backwards: dict[ObjectId, list[tuple[ObjectId, EdgeType, str]]] = {member.id: [] for member in members}
    for member in members:
        for edge in strongest(member.id, all_references(member, index), index.bodies):
            kind = EdgeType.HEALTHY if edge.reason in _UNTIL_GONE else edge.type
            backwards[edge.target].append((member.id, kind, edge.reason))
    for finisher, found in _finishers(members, index):
        backwards[finisher].extend(found)
    edges: Edges = {}
    for one in sorted(backwards, key=deletion_key):
        edges[one] = strongest(one, iter(backwards[one]), index.bodies)
    return ordered(_opened(edges), deletion_key)


def _finishers(
    members: Sequence[Member], index: Members
) -> list[tuple[ObjectId, list[tuple[ObjectId, EdgeType, str]]]]:
    """Operators and their rights stay until custom resources with finalizers, or else their definitions, are gone."""
    unfinished: set[ObjectId] = set()
    for member in members:
        if is_builtin(member.id.group) or not sequence(mapping(member.body.get("metadata")).get("finalizers")):
            continue
        unfinished.add(index.definitions.get(member.id.group_kind, member.id))
    if not unfinished:
        return []
    waiting = [
        member.id
        for member in members
        if member.id.group_kind in kinds.POD_TEMPLATES or member.id.group_kind in _RIGHTS
    ]
    if len(waiting) * len(unfinished) > MAX_FINISHER_EDGES:
        waiting = [one for one in waiting if one.group_kind in kinds.POD_TEMPLATES]
        unfinished = set(sorted(unfinished)[: MAX_FINISHER_EDGES // max(len(waiting), 1)])
    found = [(one, EdgeType.HEALTHY, "finalizers") for one in sorted(unfinished)]
    return [(one, found) for one in waiting]


def _opened(edges: Edges) -> Edges:
    """Without the hard edges that close a cycle: deleting must be possible whatever the annotations say."""
    hard = {one: [edge.target for edge in found if edge.type is not EdgeType.SOFT] for one, found in edges.items()}
    found_knots = knots(hard)
    if not found_knots:
        return edges
    knot_of = {one: number for number, knot in enumerate(found_knots) for one in knot}

    def is_kept(one: ObjectId, edge: Edge) -> bool:
        same = one in knot_of and knot_of[one] == knot_of.get(edge.target)
        return not same or deletion_key(edge.target) < deletion_key(one)

    return {one: tuple(edge for edge in found if is_kept(one, edge)) for one, found in edges.items()}
