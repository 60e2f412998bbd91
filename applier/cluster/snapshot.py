"""Reads what planning may know: one list for each kind and namespace, and nothing that nobody asked for.

Cheaper ways are taken where they are the same: one list of the whole cluster for many namespaces, single reads where a
collection holds thousands of foreign objects or may not be listed. What cannot be read becomes `Unknown`, never absent.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from applier.cluster.api import Collection, TooMany
from applier.cluster.cluster import collection_of
from applier.cluster.parallel import in_parallel
from applier.failures import ApplierError, ErrorClass
from applier.model.ids import GroupKind, ObjectId
from applier.model.live import ABSENT, Live, Present, Unknown
from applier.model.snapshot import KindFact, Snapshot
from applier.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from applier.cluster.cluster import Cluster
    from applier.model.ids import Body
    from applier.model.inventory import Inventory

MANY_NAMESPACES, READS_AT_ONCE = 4, 8
CRDS = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
PVCS = GroupKind("", "PersistentVolumeClaim")
STORAGE_CLASSES = GroupKind("storage.k8s.io", "StorageClass")
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


@record
class Wanted:
    """What to read.

    Shape: `versions` has every id that planning will ask for, with the version to read it in (`""`: the server's
    choice). `leaving` are the ids of the inventory that are not desired any more.
    """

    versions: Mapping[ObjectId, str]
    leaving: frozenset[ObjectId] = frozenset()
    inventory: Inventory | None = None


class _Group(NamedTuple):
    """The ids that one list answers."""

    collection: Collection
    ids: list[ObjectId]


def read_snapshot(cluster: Cluster, wanted: Wanted, *, concurrency: int = 8) -> Snapshot:
    """Everything planning may know. Raises: ApplierError, where the server refuses the credentials or cannot be reached."""
    by_kind: dict[tuple[GroupKind, str], list[ObjectId]] = {}
    for object_id, version in wanted.versions.items():
        by_kind.setdefault((object_id.group_kind, version), []).append(object_id)
    live: dict[ObjectId, Live] = {}
    unserved: list[ObjectId] = []
    groups: list[_Group] = []
    discovery = cluster.discovery()
    for (kind, version), ids in by_kind.items():
        fact = discovery.find(kind)
        if isinstance(fact, Unknown):
            live.update(dict.fromkeys(ids, fact))
        elif fact is None:
            unserved += ids
        else:
            groups += _groups(fact, version, ids)
    _read_groups(cluster, groups, live, concurrency)
    if unserved:
        from applier.cluster.missing_kinds import find_missing

        groups = []
        live.update(
            find_missing(cluster, unserved, wanted.leaving, lambda fact, ids: groups.extend(_groups(fact, "", ids)))
        )
        _read_groups(cluster, groups, live, concurrency)
    return Snapshot(
        live=live,
        discovery=cluster.discovery(),
        inventory=wanted.inventory,
        crd_instances=_instances(cluster, wanted, live),
        storage_classes=_storage_classes(cluster, wanted.versions),
        cluster=cluster.name,
    )


def _groups(fact: KindFact, version: str, ids: Iterable[ObjectId]) -> list[_Group]:
    by_namespace: dict[str, list[ObjectId]] = {}
    for object_id in ids:
        by_namespace.setdefault(object_id.namespace, []).append(object_id)
    if len(by_namespace) > MANY_NAMESPACES:
        everything = [object_id for found in by_namespace.values() for object_id in found]
        return [_Group(collection_of(fact, "", version), everything)]
    return [_Group(collection_of(fact, namespace, version), found) for namespace, found in by_namespace.items()]


def _read_groups(cluster: Cluster, groups: list[_Group], live: dict[ObjectId, Live], concurrency: int) -> None:
    """Read every group, at most `concurrency` at a time. Mutates: `live`."""
    if not groups:
        return
    for found in in_parallel([lambda group=group: _read_group(cluster, group) for group in groups], concurrency):  # type: ignore[misc]
        live.update(found)


def _read_group(cluster: Cluster, group: _Group) -> dict[ObjectId, Live]:
    try:
        listing = cluster.reader.list(group.collection, wanted=len(group.ids))
    except ApplierError as problem:
        return _without_list(cluster, group, problem)
    bodies = listing.seen if isinstance(listing, TooMany) else listing.bodies
    by_name = {_place(body): body for body in bodies}
    found: dict[ObjectId, Live] = {}
    unseen: list[ObjectId] = []
    for object_id in group.ids:
        body = by_name.get((object_id.namespace, object_id.name))
        if body is None:
            unseen.append(object_id)
        else:
            found[object_id] = Present(body=body)
    return found | (
        _read_each(cluster, group.collection, unseen) if isinstance(listing, TooMany) else dict.fromkeys(unseen, ABSENT)
    )


def _without_list(cluster: Cluster, group: _Group, problem: ApplierError) -> dict[ObjectId, Live]:
    """A list that was refused: namespace by namespace, then object by object. Other failures leave everything unknown."""
    if problem.error_class is ErrorClass.AUTH:
        raise problem
    if problem.error_class is not ErrorClass.FORBIDDEN:
        return dict.fromkeys(group.ids, Unknown(why=f"{group.collection} cannot be listed: {problem}"))
    namespaces = {object_id.namespace for object_id in group.ids}
    if len(namespaces) == 1:
        return _read_each(cluster, group.collection, group.ids)
    found: dict[ObjectId, Live] = {}
    for namespace in sorted(namespaces):
        ids = [object_id for object_id in group.ids if object_id.namespace == namespace]
        found.update(_read_group(cluster, _Group(group.collection._replace(namespace=namespace), ids)))
    return found


def _read_each(cluster: Cluster, collection: Collection, ids: Sequence[ObjectId]) -> dict[ObjectId, Live]:
    """Objects one by one, where a list is refused or too long."""

    def read(object_id: ObjectId) -> Live:
        return cluster.reader.live(collection._replace(namespace=object_id.namespace), object_id.name)

    return dict(zip(ids, in_parallel([partial(read, one) for one in ids], READS_AT_ONCE), strict=True))


def _place(body: Body) -> tuple[str, str]:
    metadata = body["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _instances(cluster: Cluster, wanted: Wanted, live: Mapping[ObjectId, Live]) -> dict[ObjectId, int | Unknown]:
    """For definitions that leave the set: how many of their objects the inventory does not hold."""
    found: dict[ObjectId, int | Unknown] = {}
    held = wanted.inventory.entries if wanted.inventory is not None else {}
    for object_id in sorted(wanted.leaving):
        present = live.get(object_id)
        if object_id.group_kind != CRDS or not isinstance(present, Present):
            continue
        spec = present.body["spec"]
        kind = GroupKind(spec["group"], spec["names"]["kind"])
        ours = sum(1 for held_id in held if held_id.group_kind == kind)
        fact = cluster.discovery().find(kind)
        try:
            if isinstance(fact, KindFact):
                found[object_id] = max(cluster.reader.count(collection_of(fact, ""), ours) - ours, 0)
            else:
                found[object_id] = Unknown(why=f"the kind {kind} is not served") if fact is None else fact
        except ApplierError as problem:
            found[object_id] = Unknown(why=str(problem))
    return found


def _storage_classes(cluster: Cluster, ids: Iterable[ObjectId]) -> dict[str, str]:
    """Binding modes by storage class (`""`: the default class), read only where a claim is among the ids."""
    if not any(object_id.group_kind == PVCS for object_id in ids):
        return {}
    fact = cluster.discovery().find(STORAGE_CLASSES)
    if not isinstance(fact, KindFact):
        return {}
    try:
        listing = cluster.reader.list(collection_of(fact, ""))
    except ApplierError:
        return {}  # claims are then judged by their phase alone
    found = {}
    for body in listing.seen if isinstance(listing, TooMany) else listing.bodies:
        mode = str(body.get("volumeBindingMode") or "Immediate")
        found[body["metadata"]["name"]] = mode
        if (body["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true":
            found[""] = mode
    return found
