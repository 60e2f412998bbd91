"""What an inventory holds: one entry for each object that was written, or is about to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from applier import keys
from applier.model.ids import ObjectId
from applier.records import field, record

WRITTEN_AHEAD, APPLIED, DELETING, KEEP, ADOPTED = "w", "a", "d", "k", "x"
FLAGS = "wadkx"
APPLYING, PRUNING, IDLE = "applying", "pruning", "idle"


class InventoryRef(NamedTuple):
    """Which inventory of a cluster is meant."""

    namespace: str
    name: str

    @property
    def head_name(self) -> str:
        """The name of its ConfigMap and of its Lease."""
        return keys.head_name(self.name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Entry(NamedTuple):
    """One object of an inventory.

    Shape: `version` is a hint for reads; `uid` is empty until the object was seen; `flags` is a subset of `wadkx` in
    that order (written ahead with unknown outcome, applied, deletion requested, keep on removal, existed before us);
    `wanted` and `owned` are the fingerprints of what was sent and of what the server kept of it, 12 hex digits or empty.
    """

    id: ObjectId
    version: str = ""
    uid: str = ""
    flags: str = ""
    wanted: str = ""
    owned: str = ""

    def flagged(self, add: str = "", remove: str = "") -> Entry:
        """A copy with flags changed."""
        kept = {*self.flags, *add} - {*remove}
        return self._replace(flags="".join(flag for flag in FLAGS if flag in kept))


@record
class Chunk:
    """A further ConfigMap of a large inventory, named by the head. Units: `count` entries."""

    name: str
    sha256: str
    count: int


@record
class Header:
    """What the head says about the inventory. Units: `started` and `finished` are RFC 3339 times, or empty."""

    generation: int = 0
    tool: str = ""
    run: str = ""
    phase: str = IDLE
    started: str = ""
    finished: str = ""
    result: str = ""
    source: str = ""
    count: int = 0
    sha256: str = ""
    chunks: tuple[Chunk, ...] = ()


@record
class Inventory:
    """An inventory as it is stored, or as it is to be stored.

    Shape: `entries` by id. `uid` and `resource_version` are those of the head in the cluster, empty for one that does
    not exist yet.
    """

    ref: InventoryRef
    entries: Mapping[ObjectId, Entry] = field(default_factory=dict)
    header: Header = Header()
    uid: str = ""
    resource_version: str = ""

    @property
    def exists(self) -> bool:
        """Whether the cluster holds it."""
        return bool(self.resource_version)
