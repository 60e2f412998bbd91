"""The writing half. Only `applier/executor` may import it: planning, diffs and status get the reader alone.

Every write names what it expects: an apply the uid of the object it changes, a deletion the uid it deletes, a replacement the
version it replaces. Nothing is repeated here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier import keys
from applier.cluster.address import quoted
from applier.cluster.exchange import Exchange, Kind, encoded
from applier.cluster.transport import APPLY_TYPE, JSON_PATCH_TYPE, JSON_TYPE, METADATA_TYPE, Request
from applier.records import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.cluster.api import Collection
    from applier.model.ids import Body


@record
class Written:
    """The server's answer to a write. `created` says that there was no such object before."""

    body: Body
    created: bool


class Writer:
    """Changes one cluster. Safe to use from several threads."""

    def __init__(self, exchange: Exchange, field_manager: str = keys.FIELD_MANAGER) -> None:
        self.exchange = exchange
        self._manager = quoted(field_manager)

    def apply(self, collection: Collection, body: Body, *, force: bool) -> Written:
        """Server-side apply of one body; creates or changes. Raises: ApplierError."""
        request = self._apply(collection, body, force=force)
        found, response = self.exchange.once(request, "patch", _kind(collection))
        return Written(body=found, created=response.status == 201)

    def check(self, collection: Collection, body: Body, *, force: bool, only_metadata: bool = False) -> Body:
        """The same as a dry run: what the server would make of it, or (`only_metadata`) a part of that. Raises: ApplierError."""
        request = self._apply(collection, body, force=force)
        accept = METADATA_TYPE if only_metadata else JSON_TYPE
        request = request._replace(query=f"{request.query}&dryRun=All", accept=accept)
        return self.exchange.once(request, "dry-run", _kind(collection))[0]

    def _apply(self, collection: Collection, body: Body, *, force: bool) -> Request:
        query = f"fieldManager={self._manager}&force={'true' if force else 'false'}&fieldValidation=Strict"
        return Request("PATCH", collection.object_path(str(body["metadata"]["name"])), query, encoded(body), APPLY_TYPE)

    def json_patch(self, collection: Collection, name: str, operations: Sequence[Mapping[str, Any]]) -> Body:
        """A JSON Patch whose `test` operations say what it expects. Raises: ApplierError."""
        kind = _kind(collection, is_json_patch=True)
        query = f"fieldManager={self._manager}"
        request = Request("PATCH", collection.object_path(name), query, encoded(list(operations)), JSON_PATCH_TYPE)
        return self.exchange.once(request, "patch", kind)[0]

    def delete(
        self, collection: Collection, name: str, uid: str, *, policy: str = "Background", version: str = ""
    ) -> Body:
        """Delete one object if it still has this uid (and version); returns the server's answer.

        Shape: a `Status` when it is gone, the object itself while finalizers hold it. Raises: ApplierError.
        """
        preconditions = {"uid": uid, **({"resourceVersion": version} if version else {})}
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": policy,
            "preconditions": preconditions,
        }
        request = Request("DELETE", collection.object_path(name), "", encoded(options), JSON_TYPE)
        return self.exchange.once(request, "delete", _kind(collection))[0]

    def create(self, collection: Collection, body: Body) -> Body:
        """Create one object. Raises: ApplierError; a race where it exists already."""
        query = f"fieldManager={self._manager}"
        request = Request("POST", collection.path, query, encoded(body), JSON_TYPE)
        return self.exchange.once(request, "post", _kind(collection))[0]

    def replace(self, collection: Collection, body: Body) -> Body:
        """Replace one object, as its `resourceVersion` says. Raises: ApplierError; a race where it is another by now."""
        name = str(body["metadata"]["name"])
        query = f"fieldManager={self._manager}"
        request = Request("PUT", collection.object_path(name), query, encoded(body), JSON_TYPE)
        return self.exchange.once(request, "put", _kind(collection))[0]


def _kind(collection: Collection, *, is_json_patch: bool = False) -> Kind:
    sensitive = collection.kind == "Secret" and not collection.group
    return Kind(name=collection.kind, sensitive=sensitive, is_json_patch=is_json_patch)
