"""How an inventory changes over a run: wider before the first write, exact after the last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from applier.model.ids import ObjectId
from applier.model.inventory import IDLE, KEEP, WRITTEN_AHEAD, Entry, Inventory


def widened(
    stored: Mapping[ObjectId, Entry], desired: Iterable[tuple[ObjectId, str, bool]]
) -> dict[ObjectId, Entry] | None:
    """What to store before the first write: everything stored, and every desired id; None when that adds no id.

    Shape: `desired` gives (id, version, keep on removal).
    """
    missing = [(one, version, keep) for one, version, keep in desired if one not in stored]
    if not missing:
        return None
    found = dict(stored)
    for one, version, keep in missing:
        found[one] = Entry(one, version, flags=WRITTEN_AHEAD + (KEEP if keep else ""))
    return found


def needs_final_write(stored: Inventory | None, entries: Mapping[ObjectId, Entry]) -> bool:
    """Whether the inventory must be stored again at the end of a run."""
    if stored is None or not stored.exists:
        return True
    return stored.header.phase != IDLE or dict(stored.entries) != dict(entries)
