"""What controllers write about their own resources: statuses, finalizers, annotations. Never a managed object.

Statuses are merge patches of the `status` subresource, so that two controllers never take each other's fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from applier.cluster.exchange import Exchange, encoded
from applier.cluster.transport import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.cluster.api import Collection
    from applier.model.ids import Body

MERGE_PATCH_TYPE = "application/merge-patch+json"
FINALIZER = "finalizers.fluxcd.io"


@dataclass(frozen=True, slots=True)
class OwnWriter:
    """Writes to Flux objects under one field manager. Safe to use from several threads."""

    exchange: Exchange
    field_manager: str

    def status(self, collection: Collection, body: Body, status: Mapping[str, Any]) -> Body:
        """Merge into the status of an object; a None removes a field. Returns the object. Raises: ApplierError."""
        return self._patch(f"{self._path(collection, body)}/status", {"status": status})

    def merge(self, collection: Collection, body: Body, change: Mapping[str, Any]) -> Body:
        """Merge into an object apart from its status. Returns the object. Raises: ApplierError."""
        return self._patch(self._path(collection, body), change)

    def add_finalizer(self, collection: Collection, body: Body) -> Body:
        """Add the finalizer, if nobody changed the object meanwhile. Returns the object. Raises: ApplierError."""
        return self._finalizers(collection, body, [*(body["metadata"].get("finalizers") or ()), FINALIZER])

    def remove_finalizer(self, collection: Collection, body: Body) -> None:
        """Remove the finalizer, which lets a deleted object go. Raises: ApplierError."""
        found = [name for name in body["metadata"].get("finalizers") or () if name != FINALIZER]
        self._finalizers(collection, body, found)

    def _finalizers(self, collection: Collection, body: Body, names: list[str]) -> Body:
        metadata = {"finalizers": names or None, "resourceVersion": body["metadata"]["resourceVersion"]}
        return self._patch(self._path(collection, body), {"metadata": metadata})

    def _patch(self, path: str, change: Mapping[str, Any]) -> Body:
        query = f"fieldManager={quote(self.field_manager, safe='')}"
        request = Request("PATCH", path, query, encoded(change), MERGE_PATCH_TYPE)
        return self.exchange.read(request, "patch")

    @staticmethod
    def _path(collection: Collection, body: Body) -> str:
        metadata = body["metadata"]
        own = collection._replace(namespace=str(metadata.get("namespace") or ""))
        return own.object_path(str(metadata["name"]))


def has_finalizer(body: Mapping[str, Any]) -> bool:
    """Whether our finalizer holds an object."""
    return FINALIZER in (body["metadata"].get("finalizers") or ())


def is_deleting(body: Mapping[str, Any]) -> bool:
    """Whether an object is on its way out."""
    return bool(body["metadata"].get("deletionTimestamp"))
