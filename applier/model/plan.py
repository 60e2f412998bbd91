"""A plan: what a run will do, in which order, and why. Data only; executing it is another matter."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeAlias

from applier.model.errors import Problem
from applier.model.health import Health
from applier.model.ids import Body, GroupKind, ObjectId
from applier.model.inventory import Entry, Inventory, InventoryRef
from applier.model.policy import Policy
from applier.records import field, record

Direction: TypeAlias = Literal["apply", "prune"]


class Action(StrEnum):
    """What a step does to its object."""

    CREATE = "create"
    CONFIGURE = "configure"
    UNCHANGED = "unchanged"
    ADOPT = "adopt"
    MIGRATE = "migrate"
    RECREATE = "recreate"
    PRUNE = "prune"
    KEEP = "keep"
    """Not deleted: our label is taken off, and the id leaves the inventory."""
    DROP = "drop"
    """Nothing is written: the id leaves the inventory (gone, or somebody else's by now)."""
    RETAIN = "retain"
    """Nothing is written, and the id stays in the inventory (pruning is off, or what is live is not known)."""
    SKIP = "skip"
    """Desired, but its annotations say that it shall not be written."""

    @property
    def writes(self) -> bool:
        """Whether a step of this action sends a request that changes the cluster."""
        return self not in (Action.UNCHANGED, Action.DROP, Action.RETAIN, Action.SKIP)


class EdgeType(StrEnum):
    """How strongly a step waits for another."""

    HEALTHY = "H"
    """Until the other is Current (when deleting: gone)."""
    APPLIED = "A"
    """Until the other was written."""
    SOFT = "S"
    """Preferred; a failure of the other does not matter."""


class Edge(NamedTuple):
    """What a step waits for. `reason` is one word or two: `namespace`, `crd`, `depends-on`, `roleRef`, …"""

    target: ObjectId
    type: EdgeType
    reason: str


class Drift(NamedTuple):
    """A field of ours that somebody else changed. `manager` and `time` are the last writer's, empty where not recorded."""

    path: str
    manager: str = ""
    time: str = ""


class Warn(NamedTuple):
    """Something a person should know; it does not stop the run. `code` is stable, `message` is for reading."""

    code: str
    message: str
    object_id: ObjectId | None = None


@record
class Step:
    """One object's part of a plan.

    Shape: `edges` name steps of the same direction; every apply step precedes every prune step. `body` is the payload of
    an apply step (without uid). `uid` is the live object's, where it exists: updates carry it, deletions require it.
    `wanted` is the fingerprint of `body` (empty for Secrets). `entry` is what the inventory shall hold where nothing is written: the stored entry, for
    an unchanged object with uid and fingerprints filled in. `fields` are the paths that differ, `drift` those of them that
    somebody else changed. `json_patch` is sent first by `migrate`, and is all that `keep` sends. `await_gone` says that
    the live object is being deleted: wait until it has gone, then create. `force` says that conflicts are taken without asking.
    `may_recreate` is decided by the policy; only an immutable field makes it happen. `defines` is the kind that a CRD
    brings. `health` is the verdict at planning time. `external` are dependencies outside the set, already seen.
    """

    id: ObjectId
    version: str
    action: Action
    direction: Direction
    phase: int
    edges: tuple[Edge, ...] = ()
    body: Body | None = None
    uid: str = ""
    resource_version: str = ""
    wanted: str = ""
    entry: Entry | None = None
    reason: str = ""
    fields: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()
    json_patch: tuple[Mapping[str, Any], ...] = ()
    await_gone: bool = False
    create_only: bool = False
    force: bool = False
    may_recreate: bool = False
    adopted: bool = False
    wait: bool = False
    timeout_s: float = 0.0
    wait_for: str = ""
    defines: GroupKind | None = None
    health: Health | None = None
    external: tuple[Edge, ...] = ()
    position: str = ""


@record
class Plan:
    """All steps of a run, in the order of their ready queue.

    Shape: apply steps first, then prune steps; inside a direction every step comes after those it waits for. `ahead` is
    the inventory to store before the first write; None when the stored one already holds every id.
    `needs_yes` is why a person must agree before anything is written (empty: nobody must).
    """

    ref: InventoryRef
    policy: Policy
    steps: tuple[Step, ...]
    stored: Inventory | None = None
    ahead: Mapping[ObjectId, Entry] | None = None
    warnings: tuple[Warn, ...] = ()
    errors: tuple[Problem, ...] = ()
    needs_yes: tuple[Problem, ...] = ()
    dropped_edges: tuple[tuple[ObjectId, Edge], ...] = ()
    source: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    is_delete: bool = False

    @property
    def writes(self) -> bool:
        """Whether carrying it out changes any object."""
        return any(step.action.writes for step in self.steps)
