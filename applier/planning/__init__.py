"""Desired objects, a snapshot and a policy to a plan. Pure: the same input gives the same plan, to the byte of its JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from applier.failures import MEANING, ErrorClass, worst
from applier.health.rules import read_rules
from applier.inventory.names import mark_of
from applier.inventory.transitions import widened
from applier.model.desired import Desired
from applier.model.errors import InputError, OwnershipError, PlanningError, Problem, UnconfirmedError, UnknownLiveError
from applier.model.ids import ObjectId
from applier.model.inventory import Entry, InventoryRef
from applier.model.live import Absent
from applier.model.plan import Action, Edge, Plan, Step, Warn
from applier.model.policy import Policy
from applier.model.snapshot import Snapshot
from applier.order.apply_order import apply_order, external
from applier.order.members import Member
from applier.planning.guard import confirmations
from applier.planning.wanted import Decider
from applier.records import replace

__all__ = ["check", "plan", "plan_delete", "wanted_ids"]


def plan(
    desired: Sequence[Desired],
    snapshot: Snapshot,
    policy: Policy,
    ref: InventoryRef,
    *,
    warnings: Iterable[Warn] = (),
    source: str = "",
) -> Plan:
    """What applying the desired objects will do.

    Problems of single objects (owned by others, unknown, dependencies missing) are in the plan's `errors`; see `check`.
    `source` names what was rendered. Raises: CycleError, InputError for health rules that cannot be read.
    """
    members = [Member(one.id, one.body, one.depends_on) for one in desired]
    order = apply_order(members, wait_operators=policy.wait_operators)
    rules = read_rules(policy.health_rules, ((one.id, one.wait_for) for one in desired if one.wait_for))
    decider = Decider(snapshot, policy, policy.mark or mark_of(ref), rules)
    by_id = {one.id: one for one in desired}
    inside = frozenset(by_id)
    missing: list[Problem] = []
    steps = []
    for object_id in order.order:
        one = by_id[object_id]
        outside = external(Member(one.id, one.body, one.depends_on), inside) if one.depends_on else ()
        missing += _missing(one, outside, snapshot)
        steps.append(decider.step(one, order.edges[object_id], outside))
    held = snapshot.inventory.entries if snapshot.inventory is not None else {}
    prunes, told = _prunes(snapshot, policy, ref, by_id) if held.keys() - inside else ([], ())
    return replace(
        _assembled(steps, prunes, snapshot, policy, ref),
        warnings=(*warnings, *decider.warnings, *told),
        errors=(*missing, *decider.problems),
        needs_yes=confirmations(steps, prunes, snapshot, policy, len(held)),
        dropped_edges=order.dropped,
        source=source,
    )


def _prunes(
    snapshot: Snapshot, policy: Policy, ref: InventoryRef, desired: Mapping[ObjectId, Desired]
) -> tuple[list[Step], Sequence[Warn]]:
    """The steps for what left the set, and what a person should know about them; loaded where something did."""
    from applier.planning.leaving import Leaving

    leaving = Leaving(snapshot, policy, ref)
    return leaving.steps(desired), leaving.warnings


def _assembled(steps: list[Step], prunes: list[Step], snapshot: Snapshot, policy: Policy, ref: InventoryRef) -> Plan:
    stored = snapshot.inventory.entries if snapshot.inventory is not None else {}
    held = [(step.id, step.version, _keeps(step)) for step in steps if step.action is not Action.SKIP]
    every = tuple(steps + prunes)
    return Plan(
        ref=ref,
        policy=policy,
        steps=every,
        stored=snapshot.inventory,
        ahead=widened(stored, held),
        counts=_counts(every),
    )


def _keeps(step: Step) -> bool:
    return step.entry is not None and "k" in step.entry.flags


def _counts(steps: Iterable[Step]) -> dict[str, int]:
    found = dict.fromkeys(Action, 0)
    for step in steps:
        found[step.action] += 1
    return {action.value: count for action, count in found.items() if count}


def _missing(one: Desired, outside: Iterable[Edge], snapshot: Snapshot) -> list[Problem]:
    return [
        Problem(
            f"external-dependency-missing: depends on {edge.target}, which is neither in the set nor in the cluster",
            object_id=one.id,
            position=one.position,
        )
        for edge in outside
        if isinstance(snapshot.live.get(edge.target), Absent)
    ]


def plan_delete(snapshot: Snapshot, policy: Policy, ref: InventoryRef) -> Plan:
    """What deleting everything in the inventory will do. Nothing asks for confirmation here: the command is the wish."""
    from applier.planning.leaving import Leaving

    leaving = Leaving(snapshot, policy, ref, is_delete=True)
    prunes = leaving.steps({})
    return replace(_assembled([], prunes, snapshot, policy, ref), warnings=tuple(leaving.warnings), is_delete=True)


def wanted_ids(desired: Iterable[Desired], entries: Mapping[ObjectId, Entry]) -> dict[ObjectId, str]:
    """Every id that a snapshot must hold for planning, with the version to read it in (`""`: the server's choice)."""
    found = {object_id: entry.version for object_id, entry in entries.items()}
    for one in desired:
        found[one.id] = one.version
        for dependency in one.depends_on:
            found.setdefault(dependency.id, "")
    return found


_ERRORS: Mapping[ErrorClass, tuple[type[PlanningError], str]] = {
    ErrorClass.OWNED: (OwnershipError, "objects belong to somebody else; nothing was written"),
    ErrorClass.UNOWNED: (OwnershipError, "objects exist that are not ours; nothing was written"),
    ErrorClass.KIND_UNKNOWN: (UnknownLiveError, "what the cluster holds is not known; nothing was written"),
}


def check(found: Plan) -> None:
    """Refuse a plan that must not be carried out.

    Raises: PlanningError of the most urgent kind, with all problems; UnconfirmedError, where a person has to agree first.
    """
    if found.errors:
        code = worst(MEANING[problem.error_class].exit_code for problem in found.errors)
        first = next(problem for problem in found.errors if MEANING[problem.error_class].exit_code == code)
        error, reason = _ERRORS.get(
            first.error_class, (InputError, "the objects cannot be applied; nothing was written")
        )
        raise error(reason, found.errors, MEANING[first.error_class].hint)
    if found.needs_yes and not found.policy.confirmed:
        raise UnconfirmedError("the plan needs a person's yes; nothing was written", found.needs_yes)
