"""Reads an inventory: its head, and the further parts that the head names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.cluster.api import Collection
from applier.cluster.parallel import in_parallel
from applier.inventory import configmaps
from applier.model.live import Absent

if TYPE_CHECKING:
    from applier.cluster.reader import Reader
    from applier.model.ids import Body
    from applier.model.inventory import Inventory, InventoryRef


def config_maps(namespace: str) -> Collection:
    """Where inventories are."""
    return Collection("", "v1", "configmaps", "ConfigMap", namespace)


def read_inventory(reader: Reader, ref: InventoryRef) -> Inventory | None:
    """The inventory, or None where there is none.

    Raises: InventoryDamagedError, where it is not what was written; ApplierError, where it cannot be read.
    """
    place = config_maps(ref.namespace)
    head = reader.get(place, ref.head_name)
    if isinstance(head, Absent):
        return None
    names = [chunk.name for chunk in configmaps.header_of(head).chunks]
    parts: dict[str, Body] = {}
    if names:
        found = in_parallel([lambda name=name: reader.get(place, name) for name in names], 4)  # type: ignore[misc]
        parts = {name: body for name, body in zip(names, found, strict=True) if not isinstance(body, Absent)}
    return configmaps.read(ref, head, parts)
