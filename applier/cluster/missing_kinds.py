"""Kinds that discovery does not list: proved not to exist, found after all, or unknown.

Discovery may lag behind a definition that was just established, and may leave out a group. Only the absence of every
definition of the group, and of every API service for it, proves that there can be no object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.cluster.api import Collection
from applier.failures import ApplierError
from applier.model.ids import GroupKind
from applier.model.live import ABSENT, Live, Unknown
from applier.model.snapshot import Discovery, KindFact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from applier.cluster.cluster import Cluster
    from applier.model.ids import Body, ObjectId

CRD_COLLECTION = Collection("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition")
API_SERVICES = Collection("apiregistration.k8s.io", "v1", "apiservices", "APIService")


def find_missing(
    cluster: Cluster,
    ids: Iterable[ObjectId],
    leaving: frozenset[ObjectId],
    served: Callable[[KindFact, list[ObjectId]], None],
) -> dict[ObjectId, Live]:
    """Judge ids of kinds that discovery does not list.

    `served` is called for kinds that a definition brings nevertheless, with the ids to read. The result has the others.
    What is `leaving` the set is never read that way: where discovery and definitions disagree, nothing is deleted.
    """
    by_kind: dict[GroupKind, list[ObjectId]] = {}
    for object_id in ids:
        by_kind.setdefault(object_id.group_kind, []).append(object_id)
    result: dict[ObjectId, Live] = {}
    try:
        definitions = list(cluster.reader.names(CRD_COLLECTION))
        services = list(cluster.reader.names(API_SERVICES))
    except ApplierError as problem:
        return {
            object_id: Unknown(
                why=f"the cluster does not list the kind {kind}, and its definitions cannot be read: {problem}"
            )
            for kind, found in by_kind.items()
            for object_id in found
        }
    for kind, found in by_kind.items():
        verdict = _verdict(cluster, kind, definitions, services)
        if isinstance(verdict, KindFact):
            cluster.know(Discovery(kinds={kind: verdict}))
            served(verdict, [object_id for object_id in found if object_id not in leaving])
            doubt = Unknown(why=f"the cluster does not list the kind {kind}, although its definition is there")
            result.update((object_id, doubt) for object_id in found if object_id in leaving)
        else:
            result.update(dict.fromkeys(found, verdict))
    return result


def _verdict(cluster: Cluster, kind: GroupKind, definitions: list[str], services: list[str]) -> KindFact | Live:
    for name in definitions:
        if name.endswith(f".{kind.group}"):
            body = cluster.reader.live(CRD_COLLECTION, name)
            if isinstance(body, Unknown):
                return body
            fact = fact_of_definition(getattr(body, "body", None), kind)
            if fact is not None:
                return fact
    # Definitions have an API service each, too; one for a group without any belongs to an aggregated server.
    own = any(name.endswith(f".{kind.group}") for name in definitions)
    if kind.group and not own and any(name.endswith(f".{kind.group}") for name in services):
        return Unknown(why=f"an API service for {kind.group} exists, but discovery does not list it")
    return ABSENT


def fact_of_definition(body: Body | None, kind: GroupKind) -> KindFact | None:
    """The facts of a kind as its definition has them; None where it defines another kind or serves no version."""
    if body is None:
        return None
    spec = body.get("spec") or {}
    names = spec.get("names") or {}
    if spec.get("group") != kind.group or names.get("kind") != kind.kind:
        return None
    versions = tuple(version["name"] for version in spec.get("versions") or () if version.get("served"))
    if not versions:
        return None
    return KindFact(kind=kind, plural=names["plural"], namespaced=spec.get("scope") == "Namespaced", versions=versions)
