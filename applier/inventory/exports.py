"""Our entries as other tools' inventories, and as a plain list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from applier import keys
from applier.model.ids import ObjectId
from applier.model.inventory import Entry, InventoryRef


def to_flux(entries: Mapping[ObjectId, Entry]) -> dict[str, Any]:
    """The `status.inventory` of a Flux Kustomization."""
    return {"entries": [{"id": one.id.text, "v": one.version} for one in _sorted(entries.values())]}


def to_kpt(entries: Mapping[ObjectId, Entry], ref: InventoryRef) -> dict[str, Any]:
    """An inventory ConfigMap of kpt and cli-utils."""
    labels = {keys.KPT_INVENTORY_ID: f"{ref.namespace}-{ref.name}"}
    metadata = {"name": ref.name, "namespace": ref.namespace, "labels": labels}
    data = {one.id.text: "" for one in _sorted(entries.values())}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def to_list(entries: Mapping[ObjectId, Entry]) -> list[str]:
    """The ids as text, sorted."""
    return [one.id.text for one in _sorted(entries.values())]


def _sorted(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda one: one.id.text)
