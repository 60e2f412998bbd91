"""The two halves of a cluster: what reads it, and what may change it.

They are apart so that planning can be handed the reading half only: a dry run that deletes cannot be written against
`ClusterReader`. Absent and unknown are apart because unknown (forbidden, a broken API group, a cut answer) must never
lead to a deletion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from applier.model.ids import Body, ObjectId
from applier.model.live import Absent, Live, Present, Unknown

__all__ = [
    "Absent",
    "Body",
    "Cluster",
    "ClusterReader",
    "Collection",
    "Listing",
    "Live",
    "Present",
    "Unknown",
    "WatchEvent",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """All objects of one kind in one namespace (`""`: in the whole cluster)."""

    group: str
    version: str
    kind: str
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A complete list. Shape: `resource_version` is where a watch of the same collection goes on."""

    bodies: tuple[Body, ...]
    resource_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEvent:
    """One change that a watch saw."""

    kind: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    body: Body


class ClusterReader(Protocol):
    """Reads a cluster, and never changes it."""

    def get(self, object_id: ObjectId) -> Live:
        """Read one object."""

    def list(self, collection: Collection) -> Listing | Unknown:
        """Read a collection; a list that is not complete is `Unknown`."""

    def watch(self, collection: Collection, resource_version: str, timeout_s: float) -> Iterator[WatchEvent]:
        """Follow a collection from a listing's version on, until the server or the timeout ends it."""


class Cluster(ClusterReader, Protocol):
    """Reads and changes a cluster."""

    def apply(self, body: Body, field_manager: str, *, force: bool = False, dry_run: bool = False) -> Body:
        """Write one object by server-side apply; returns what the server holds afterwards (or would hold)."""

    def delete(self, object_id: ObjectId, uid: str) -> None:
        """Delete one object, on condition that it still has this uid."""
