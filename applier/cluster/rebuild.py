"""Finds the members of an inventory again: by their label, over the kinds and namespaces that its head names.

Where the head is gone, every kind is asked. A server may ignore the selector, so each item's own label is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from applier import keys
from applier.cluster.api import TooMany
from applier.cluster.cluster import collection_of
from applier.cluster.parallel import in_parallel
from applier.cluster.stored import config_maps
from applier.failures import ApplierError
from applier.inventory.names import applyset_id
from applier.model.ids import GroupKind, ObjectId
from applier.model.inventory import APPLIED, Entry
from applier.model.live import Absent
from applier.model.snapshot import KindFact
from applier.model.values import annotations_of, labels_of, uid_of

if TYPE_CHECKING:
    from applier.cluster.cluster import Cluster
    from applier.model.ids import Body
    from applier.model.inventory import InventoryRef

# What holds the same objects as another kind, or what nobody applies.
_NEVER = frozenset({GroupKind("", "Event"), GroupKind("events.k8s.io", "Event"), GroupKind("extensions", "Ingress")})


class Found(NamedTuple):
    """The members that were found, and what could not be searched (each with the reason)."""

    entries: dict[ObjectId, Entry]
    gaps: tuple[str, ...]


def find_members(cluster: Cluster, ref: InventoryRef) -> Found:
    """Search the members of an inventory. Raises: ApplierError, where the head cannot be read."""
    head = cluster.reader.get(config_maps(ref.namespace), ref.head_name)
    facts, gaps = _facts(cluster, None if isinstance(head, Absent) else head)
    selector = f"{keys.PART_OF}={applyset_id(ref)}"

    def search(fact: KindFact) -> list[Body] | str:
        try:
            listing = cluster.reader.list(collection_of(fact, ""), selector=selector)
        except ApplierError as problem:
            return f"{fact.kind}: {problem}"
        return list(listing.seen if isinstance(listing, TooMany) else listing.bodies)

    entries: dict[ObjectId, Entry] = {}
    answers = in_parallel([lambda fact=fact: search(fact) for fact in facts], 8)  # type: ignore[misc]
    for fact, answer in zip(facts, answers, strict=True):
        if isinstance(answer, str):
            gaps.append(answer)
            continue
        for body in answer:
            if labels_of(body).get(keys.PART_OF) == applyset_id(ref):
                object_id = ObjectId(*fact.kind, body["metadata"].get("namespace", ""), body["metadata"]["name"])
                entries[object_id] = Entry(object_id, fact.versions[0], uid_of(body), APPLIED)
    return Found(entries, tuple(gaps))


def _facts(cluster: Cluster, head: Body | None) -> tuple[list[KindFact], list[str]]:
    """The kinds to search, and those that the head names and the cluster does not tell us how to read."""
    known = cluster.discovery()
    named = str(annotations_of(head).get(keys.APPLYSET_KINDS) or "") if head is not None else ""
    if not named:
        every = [fact for fact in known.kinds.values() if "list" in fact.verbs and fact.kind not in _NEVER]
        return every, list(known.broken.values())
    facts: list[KindFact] = []
    gaps: list[str] = []
    for text in named.split(","):
        kind, _, group = text.partition(".")
        fact = known.find(GroupKind(group, kind))
        if isinstance(fact, KindFact):
            facts.append(fact)
        else:
            gaps.append(f"{text}: {fact.why if fact is not None else 'the cluster does not serve it'}")
    return facts, gaps
