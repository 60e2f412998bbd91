"""The objects of a release as its status lists them, in the order of its manifest. Hooks are no part of it.

Source: helm-controller v2 `status.inventory`, as recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kbuild
from applier.model.ids import id_of
from applier.model.snapshot import KindFact

if TYPE_CHECKING:
    from applier.cluster.cluster import Cluster


def listed(cluster: Cluster, manifest: str, namespace: str) -> list[dict[str, str]]:
    """Entries for the objects of a manifest; `namespace` is that of objects which name none. Raises: ApplierError."""
    try:
        documents: list[Any] = kbuild.read_documents(manifest.encode(), "manifest")
    except kbuild.KbuildError:
        return []  # Helm applied it: what it means is not for us to say
    found = {}
    for body in documents:
        if not isinstance(body, dict) or not body.get("kind"):
            continue
        object_id = id_of(body)
        fact = cluster.discovery().find(object_id.group_kind)
        if isinstance(fact, KindFact):
            object_id = object_id._replace(namespace=(object_id.namespace or namespace) if fact.namespaced else "")
        found[object_id] = str(body.get("apiVersion") or "").rpartition("/")[2]
    return [{"id": object_id.text, "v": version} for object_id, version in found.items()]
