"""The inventory of a Kustomization: ids in its status, as Flux keeps them; uids and fingerprints in memory.

What is in memory only makes runs cheaper and deletions safer; a new process begins without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from applier.model.ids import ObjectId, parse_id
from applier.model.inventory import Entry, Header, Inventory, InventoryRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from applier.agent.runtime.queue import Key

STORED = "status"  # stands for the version and uid of an inventory that is part of another object


@dataclass(frozen=True, slots=True)
class Settled:
    """A whole run that ended well: the digest of what was built, when (monotonic seconds), and at which interval."""

    digest: str
    at_s: float
    interval_s: float


@dataclass(slots=True)
class Memory:
    """What is known of the entries of all Kustomizations beyond their statuses. Safe to use from several threads."""

    _known: dict[Key, Mapping[ObjectId, Entry]] = field(default_factory=dict)
    _settled: dict[Key, Settled] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def keep(self, key: Key, entries: Mapping[ObjectId, Entry]) -> None:
        """Remember the entries of one Kustomization."""
        with self._lock:
            self._known[key] = dict(entries)

    def get(self, key: Key) -> Mapping[ObjectId, Entry]:
        """The remembered entries."""
        with self._lock:
            return self._known.get(key, {})

    def forget(self, key: Key) -> None:
        """The Kustomization is gone."""
        with self._lock:
            self._known.pop(key, None)
            self._settled.pop(key, None)

    def settle(self, key: Key, outcome: Settled) -> None:
        """Remember a run that ended well."""
        self._settled[key] = outcome

    def unsettle(self, key: Key) -> None:
        """The last run did not end well."""
        self._settled.pop(key, None)

    def settled(self, key: Key) -> Settled | None:
        """The last run, where it ended well."""
        return self._settled.get(key)


def inventory_of(status: Mapping[str, Any], ref: InventoryRef, known: Mapping[ObjectId, Entry]) -> Inventory | None:
    """The inventory in a status, with what is known besides; None where there is none. Ids that cannot be read are left out."""
    listed = (status.get("inventory") or {}).get("entries")
    if listed is None:
        return None
    entries = {}
    for one in listed:
        try:
            object_id = parse_id(str(one["id"]))
        except (KeyError, ValueError):
            continue
        entries[object_id] = known.get(object_id) or Entry(object_id, flags="a")
        entries[object_id] = entries[object_id]._replace(version=str(one.get("v") or ""))
    return Inventory(ref=ref, entries=entries, uid=STORED, resource_version=STORED)


def listed(order: Iterable[ObjectId], entries: Mapping[ObjectId, Entry]) -> list[dict[str, str]]:
    """Entries as a status lists them: in the order given, others behind them."""
    placed = [object_id for object_id in dict.fromkeys(order) if object_id in entries]
    rest = sorted(set(entries).difference(placed))
    return [{"id": object_id.text, "v": entries[object_id].version} for object_id in (*placed, *rest)]


@dataclass(slots=True)
class StatusStore:
    """Keeps the inventory of one run. `write_status` merges into the status; `order` is the order of applying."""

    current: Inventory
    write_status: Callable[[dict[str, Any]], None]
    order: tuple[ObjectId, ...] = ()

    def write(self, entries: Mapping[ObjectId, Entry], header: Header) -> None:
        """Store these entries, where the list of them changes. Raises: ApplierError."""
        wanted = listed(self.order, entries)
        if not self.current.exists or wanted != listed(self.order, self.current.entries):
            self.write_status({"inventory": {"entries": wanted}})
        self.current = replace(self.current, entries=dict(entries), header=header, uid=STORED, resource_version=STORED)

    def is_unchanged(self) -> bool:
        """Whether the stored inventory is what this run knows: nobody else writes it, as one replica leads."""
        return True

    def delete(self) -> None:
        """Nothing is left to be listed. Raises: ApplierError."""
        self.write_status({"inventory": {"entries": []}})
        self.current = replace(self.current, entries={}, uid="", resource_version="")

    def sweep(self) -> None:
        """There is nothing besides the status."""
