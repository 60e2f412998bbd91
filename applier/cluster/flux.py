"""Reads what a Flux Kustomization holds, so that its objects can be taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.cluster.cluster import collection_of
from applier.failures import ErrorClass, error
from applier.model.ids import GroupKind, ObjectId, parse_id
from applier.model.inventory import Entry
from applier.model.live import Absent
from applier.model.snapshot import KindFact
from applier.model.values import at, mappings, text

if TYPE_CHECKING:
    from applier.cluster.cluster import Cluster
    from applier.model.ids import Body

KUSTOMIZATION = GroupKind("kustomize.toolkit.fluxcd.io", "Kustomization")


def read_flux_inventory(cluster: Cluster, namespace: str, name: str) -> dict[ObjectId, Entry]:
    """The objects that a suspended Kustomization holds.

    Raises: ApplierError, where there is none, or where deleting it would delete its objects.
    """
    fact = cluster.discovery().find(KUSTOMIZATION)
    if not isinstance(fact, KindFact):
        raise error(ErrorClass.KIND_MISSING, f"the cluster does not serve the kind {KUSTOMIZATION}")
    body = cluster.reader.get(collection_of(fact, namespace), name)
    if isinstance(body, Absent):
        raise error(ErrorClass.NOT_FOUND, f"there is no Flux Kustomization {namespace}/{name}")
    _check_released(body, f"{namespace}/{name}")
    entries = {}
    for item in mappings(at(body, "status", "inventory", "entries")):
        try:
            object_id = parse_id(text(item.get("id")))
        except ValueError:
            raise error(ErrorClass.INVENTORY, f"the entry {item.get('id')!r} of the Kustomization is no id") from None
        entries[object_id] = Entry(object_id, text(item.get("v")))
    return entries


def _check_released(body: Body, where: str) -> None:
    if at(body, "spec", "suspend") is not True:
        raise error(
            ErrorClass.CONFIRMATION, f"the Flux Kustomization {where} is not suspended; two appliers would fight",
            f"flux suspend kustomization {where.partition('/')[2]} -n {where.partition('/')[0]}",
        )  # fmt: skip
    if at(body, "spec", "prune") is not False and at(body, "spec", "deletionPolicy") != "Orphan":
        raise error(
            ErrorClass.CONFIRMATION, f"deleting the Flux Kustomization {where} would delete its objects",
            "set spec.prune: false, or spec.deletionPolicy: Orphan",
        )  # fmt: skip
