"""Reads other tools' inventories, so that what they applied can be taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.cluster.api import TooMany
from applier.cluster.cluster import collection_of
from applier.failures import ErrorClass, error
from applier.inventory import imports
from applier.model.ids import GroupKind
from applier.model.live import Absent
from applier.model.snapshot import KindFact

if TYPE_CHECKING:
    from applier.cluster.cluster import Cluster
    from applier.inventory.imports import Search
    from applier.model.ids import Body, ObjectId
    from applier.model.inventory import Entry

KINDS = ("flux", "kpt", "applyset", "kapp", "helm")
_CONFIG_MAP, _SECRET = GroupKind("", "ConfigMap"), GroupKind("", "Secret")
_KUSTOMIZATION = GroupKind("kustomize.toolkit.fluxcd.io", "Kustomization")


def read_foreign_inventory(cluster: Cluster, kind: str, namespace: str, name: str) -> dict[ObjectId, Entry]:
    """The objects that another tool's inventory holds. `kind` is one of `KINDS`.

    Raises: ApplierError, where there is no such inventory, or where it may not be imported.
    """
    if kind == "flux":
        return imports.from_flux(_get(cluster, _KUSTOMIZATION, namespace, name))
    if kind == "kpt":
        return imports.from_kpt(_get(cluster, _CONFIG_MAP, namespace, name))
    if kind == "kapp":
        return _members(cluster, imports.of_kapp(_get(cluster, _CONFIG_MAP, namespace, name)))
    if kind == "helm":
        return imports.from_helm(_release(cluster, namespace, name), cluster.discovery())
    return _members(cluster, imports.of_applyset(_parent(cluster, namespace, name)))


def _get(cluster: Cluster, kind: GroupKind, namespace: str, name: str) -> Body:
    body = _find(cluster, kind, namespace, name)
    if body is None:
        raise error(ErrorClass.NOT_FOUND, f"there is no {kind} {namespace}/{name}")
    return body


def _find(cluster: Cluster, kind: GroupKind, namespace: str, name: str) -> Body | None:
    body = cluster.reader.get(collection_of(_fact(cluster, kind), namespace), name)
    return None if isinstance(body, Absent) else body


def _fact(cluster: Cluster, kind: GroupKind) -> KindFact:
    fact = cluster.discovery().find(kind)
    if not isinstance(fact, KindFact):
        raise error(ErrorClass.KIND_MISSING, f"the cluster does not serve the kind {kind}")
    return fact


def _parent(cluster: Cluster, namespace: str, name: str) -> Body:
    """The parent of an ApplySet: kubectl takes a Secret, unless it is told to take a ConfigMap."""
    body = _find(cluster, _SECRET, namespace, name)
    return body if body is not None else _get(cluster, _CONFIG_MAP, namespace, name)


def _members(cluster: Cluster, search: Search) -> dict[ObjectId, Entry]:
    found: dict[ObjectId, Entry] = {}
    for kind in search.kinds:
        found |= imports.from_members(_listed(cluster, _fact(cluster, kind), "", search.selector), search)
    return found


def _release(cluster: Cluster, namespace: str, name: str) -> Body:
    selector = f"owner=helm,name={name}"
    secrets = _listed(cluster, _fact(cluster, _SECRET), namespace, selector)
    return imports.newest_release(secrets or _listed(cluster, _fact(cluster, _CONFIG_MAP), namespace, selector))


def _listed(cluster: Cluster, fact: KindFact, namespace: str, selector: str) -> list[Body]:
    listing = cluster.reader.list(collection_of(fact, namespace), selector=selector)
    return list(listing.seen if isinstance(listing, TooMany) else listing.bodies)
