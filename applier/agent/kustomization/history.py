"""The history in a Kustomization's status: the last five different outcomes, the newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_SNAPSHOTS = 5


def recorded(
    history: Sequence[Mapping[str, Any]], outcome: Mapping[str, str], *, now: str, duration: str
) -> list[dict[str, Any]]:
    """The history with one more run.

    Shape: `outcome` has `digest`, `status` and `revision`. A run with the digest and status of a known snapshot counts
    that one up and moves it to the front.
    """
    same = next((one for one in history if _is_same(one, outcome)), None)
    newest = {
        "digest": outcome["digest"],
        "firstReconciled": same["firstReconciled"] if same else now,
        "lastReconciled": now,
        "lastReconciledDuration": duration,
        "lastReconciledStatus": outcome["status"],
        "metadata": {"revision": outcome["revision"]},
        "totalReconciliations": int(same["totalReconciliations"]) + 1 if same else 1,
    }
    return [newest, *(dict(one) for one in history if one is not same)][:MAX_SNAPSHOTS]


def _is_same(one: Mapping[str, Any], outcome: Mapping[str, str]) -> bool:
    return one.get("digest") == outcome["digest"] and one.get("lastReconciledStatus") == outcome["status"]
