"""What crosses between the API server and the rest of the applier, besides bodies: collections, and lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from applier.cluster.address import quoted
from applier.records import record

if TYPE_CHECKING:
    from applier.model.ids import Body


class Collection(NamedTuple):
    """All objects of one resource in one namespace (`""`: in the whole cluster, and for cluster-scoped kinds)."""

    group: str
    version: str
    plural: str
    kind: str
    namespace: str = ""

    @property
    def path(self) -> str:
        """The path of the list. Names cannot leave it: everything but letters, digits and `-._~:` is encoded."""
        front = f"/apis/{quoted(self.group)}" if self.group else "/api"
        middle = f"/namespaces/{quoted(self.namespace)}" if self.namespace else ""
        return f"{front}/{quoted(self.version)}{middle}/{quoted(self.plural)}"

    def object_path(self, name: str) -> str:
        """The path of one object in it."""
        return f"{self.path}/{quoted(name, safe=':')}"

    def __str__(self) -> str:
        """`deployments.apps in shop`, for a person."""
        resource = f"{self.plural}.{self.group}" if self.group else self.plural
        return f"{resource} in {self.namespace}" if self.namespace else resource


@record
class Listing:
    """A complete list. Shape: `resource_version` is where a watch of the same collection goes on."""

    bodies: tuple[Body, ...]
    resource_version: str


@record
class TooMany:
    """A list that was given up after its first page: reading the wanted objects one by one is cheaper."""

    seen: tuple[Body, ...]
