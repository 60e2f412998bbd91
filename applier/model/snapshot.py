"""What was read of the cluster before planning. It holds no clock: the same snapshot gives the same plan."""

from __future__ import annotations

from collections.abc import Mapping

from applier.model.ids import Body, GroupKind, ObjectId
from applier.model.inventory import Inventory
from applier.model.live import Live, Unknown
from applier.records import field, record


@record
class KindFact:
    """What discovery says of one kind. Shape: `versions` in the server's order, the preferred one first."""

    kind: GroupKind
    plural: str
    namespaced: bool
    versions: tuple[str, ...]
    verbs: tuple[str, ...] = ()

    def version_for(self, wanted: str) -> str:
        """The wanted version where it is served, else the preferred one."""
        return wanted if wanted in self.versions else self.versions[0]


@record
class Discovery:
    """The kinds that the server serves.

    Shape: `broken` maps a group to what stood in the way of reading it: its kinds are unknown, not missing. `complete` is
    false when whole groups may be missing from the answer.
    """

    kinds: Mapping[GroupKind, KindFact]
    broken: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True

    def find(self, kind: GroupKind) -> KindFact | Unknown | None:
        """The facts of a kind; None only where the server proved that it serves no such kind."""
        fact = self.kinds.get(kind)
        if fact is not None:
            return fact
        if kind.group in self.broken:
            return Unknown(why=self.broken[kind.group])
        return None if self.complete else Unknown(why="discovery was not complete")


@record
class Snapshot:
    """Everything planning may know about the cluster.

    Shape: `live` has an entry for every desired id, every id of the inventory and every target of a depends-on that is
    not desired. `inventory` is None where none is stored. `crd_instances` counts, for a CRD that may be pruned, instances
    that the inventory does not hold (at least 1 is enough to know). `storage_classes` maps a StorageClass to its
    volumeBindingMode; `""` is the default class. `dry_runs` holds the server's answers, where they were asked for.
    """

    live: Mapping[ObjectId, Live]
    discovery: Discovery
    inventory: Inventory | None = None
    crd_instances: Mapping[ObjectId, int | Unknown] = field(default_factory=dict)
    storage_classes: Mapping[str, str] = field(default_factory=dict)
    dry_runs: Mapping[ObjectId, Body] = field(default_factory=dict)
    cluster: str = ""
