"""What controllers and commands write about the agent's own resources. Never a managed object.

Statuses are merge patches of the `status` subresource, so that two controllers never take each other's fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from applier.cluster.exchange import Exchange, encoded
from applier.cluster.transport import JSON_TYPE, Request

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

    def create(self, collection: Collection, body: Body) -> Body:
        """Create an object. Returns it as the server has it. Raises: ApplierError."""
        own = collection._replace(namespace=str(body["metadata"].get("namespace") or ""))
        request = Request("POST", own.path, self._query, encoded(body), JSON_TYPE)
        return self.exchange.once(request, "post")[0]

    def replace(self, collection: Collection, body: Body) -> Body:
        """Replace an object, if it still is of the version that the body names. Raises: ApplierError."""
        request = Request("PUT", self._path(collection, body), self._query, encoded(body), JSON_TYPE)
        return self.exchange.once(request, "put")[0]

    def delete(self, collection: Collection, body: Body) -> None:
        """Delete an object, this one and no namesake; finalizers may hold it for a while. Raises: ApplierError."""
        options = {
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
            "preconditions": {"uid": body["metadata"]["uid"]},
        }  # fmt: skip
        self.exchange.once(Request("DELETE", self._path(collection, body), "", encoded(options), JSON_TYPE), "delete")

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
        request = Request("PATCH", path, self._query, encoded(change), MERGE_PATCH_TYPE)
        return self.exchange.read(request, "patch")

    @property
    def _query(self) -> str:
        return f"fieldManager={quote(self.field_manager, safe='')}"

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
