"""Whether a conflict may be taken by force without asking: only from managers that stand for people, never from a scaler."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from applier.failures import Conflict
from applier.model.policy import Policy


class Verdict(NamedTuple):
    """Whether to send the same apply again with force. `peers` are the conflicts that forbid it without `--force-conflicts`."""

    force: bool
    peers: tuple[Conflict, ...] = ()


def judge(conflicts: Iterable[Conflict], policy: Policy) -> Verdict:
    """Decide about the conflicts of one object that is ours or is being adopted."""
    found = tuple(conflicts)
    if policy.force_conflicts:
        return Verdict(bool(found))
    peers = tuple(one for one in found if one.subresource == "scale" or one.manager not in policy.takeover)
    return Verdict(bool(found) and not peers, peers)
