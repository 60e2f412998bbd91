"""`kbuild stats`: how many objects of each kind there are, fail, and are suspended, and how much their artifacts take."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from applier.agent.runtime.conditions import FALSE, READY, find
from applier.cli.operate import kinds, tables
from applier.cli.operate.call import EVERYWHERE, SHARED, Call, guarded
from applier.cli.operate.words import StoppedError
from applier.failures import ApplierError
from kbuild.cli.flags import TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from applier.model.ids import Body

TITLES = ("RECONCILERS", "RUNNING", "FAILING", "SUSPENDED", "STORAGE")
_NOUNS = (
    kinds.GIT, kinds.OCI, kinds.HELM, kinds.CHART, kinds.BUCKET, kinds.KUSTOMIZATION, kinds.RELEASE, kinds.ALERT,
    kinds.PROVIDER, kinds.RECEIVER, kinds.IMAGE_UPDATE, kinds.IMAGE_POLICY, kinds.IMAGE_REPOSITORY,
)  # fmt: skip
FLAGS = (
    EVERYWHERE,
    Flag("output", TEXT, "'json' for scripts (default: a table)", short="o", placeholder="FORM", choices=("json",)),
    *SHARED,
)


@dataclass(frozen=True, slots=True)
class Count:
    """One kind. Units: `storage` in bytes."""

    kind: str
    running: int = 0
    failing: int = 0
    suspended: int = 0
    storage: int = 0


def run(argv: Sequence[str]) -> int:
    """`kbuild stats [-A]`."""
    return guarded("stats", argv, FLAGS, _stats)


def _stats(call: Call) -> int:
    if call.words:
        raise StoppedError(f"unexpected argument: {call.words[0]}")
    counts = []
    for noun, bodies in zip(_NOUNS, call.of_each(_NOUNS), strict=True):
        if isinstance(bodies, ApplierError):
            raise bodies
        counts.append(counted(noun.kind, bodies or ()))
    if call.values.get("output"):
        found = [
            {"kind": one.kind, "running": one.running, "failing": one.failing, "suspended": one.suspended,
             "storageBytes": one.storage}
            for one in counts
        ]  # fmt: skip
        print(json.dumps(found, indent=2))
    else:
        sys.stdout.write(tables.table(TITLES, [row(one) for one in counts]))
    return 0


def counted(kind: str, bodies: Iterable[Body]) -> Count:
    """The objects of one kind, counted: whatever is not suspended runs, failing or not."""
    running = failing = suspended = storage = 0
    for body in bodies:
        if (body.get("spec") or {}).get("suspend"):
            suspended += 1
        else:
            running += 1
        ready = find(body, READY)
        failing += ready is not None and ready.get("status") == FALSE
        storage += int(((body.get("status") or {}).get("artifact") or {}).get("size") or 0)
    return Count(kind, running, failing, suspended, storage)


def row(count: Count) -> list[str]:
    """The cells of one kind."""
    return [count.kind, str(count.running), str(count.failing), str(count.suspended), size_text(count.storage)]


def size_text(size: int) -> str:
    """A number of bytes in the largest unit that it has one of; `-` for none."""
    if not size:
        return "-"
    if size < 1024:
        return f"{size} B"
    power = 0
    value = size / 1024
    while value >= 1024 and power < 5:
        value /= 1024
        power += 1
    return f"{value:.1f} {'KMGTPE'[power]}iB"
