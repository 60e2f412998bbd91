"""Built objects brought to the cluster for one Kustomization: checked as a whole, applied, pruned, the inventory ahead.

The applier's own plan and run do it, with Flux's field manager, labels and inventory, so that moving from Flux and back
migrates nothing. Nothing is written when the server would refuse any object; all refusals are told.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from applier import flow, keys
from applier.agent.kustomization import sentences
from applier.agent.kustomization.status_store import StatusStore, inventory_of
from applier.executor.cancel import Cancellation
from applier.executor.options import Options
from applier.failures import ApplierError
from applier.model.changes import Outcome
from applier.model.desired import Document
from applier.model.errors import PlanningError
from applier.model.inventory import Inventory, InventoryRef
from applier.model.mark import Mark
from applier.model.policy import TAKEOVER, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from applier.agent.kustomization.status_store import Memory
    from applier.agent.runtime.queue import Key
    from applier.cluster.cluster import Cluster
    from applier.model.changes import ChangeSet
    from applier.model.ids import Body
    from applier.model.plan import Plan

MANAGER = "kustomize-controller"
GONE_PATIENCE_S = 5.0


class ApplyError(Exception):
    """A run that was refused or failed: the sentence, and the lines of what was done before."""

    def __init__(self, sentence: str, done: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.sentence, self.done = sentence, tuple(done)


class PruneError(ApplyError):
    """Everything was applied, and something could not be deleted."""


class GuardError(ApplyError):
    """A deletion of more than is allowed at once; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where and how objects are applied. Shape: `status` is the Kustomization's own, which holds the inventory."""

    key: Key
    cluster: Cluster
    status: Mapping[str, Any]
    write_status: Callable[[dict[str, Any]], None]
    memory: Memory
    timeout_s: float
    cancel: Cancellation = field(default_factory=Cancellation)

    @property
    def ref(self) -> InventoryRef:
        """The Kustomization as an inventory."""
        return InventoryRef(self.key.namespace, self.key.name)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run did: lines of what was written and of what left, and every object as it was planned.

    `left` names what was told to go and had not gone when time was up.
    """

    written: tuple[str, ...]
    pruned: tuple[str, ...]
    plan: Plan
    changes: ChangeSet | None = None
    left: tuple[str, ...] = ()


def policy_of(key: Key, spec: Mapping[str, Any], *, confirmed: bool) -> Policy:
    """How a Kustomization's spec wants its objects treated."""
    mark = Mark({keys.FLUX_NAME: key.name, keys.FLUX_NAMESPACE: key.namespace}, is_strict=False)
    return Policy(
        adopt="all",
        prune=bool(spec.get("prune")),
        force_conflicts=True,
        recreate="all" if spec.get("force") else "listed",
        takeover=(*TAKEOVER, MANAGER),
        field_manager=MANAGER,
        mark=mark,
        folds="kubectl",
        ignore_hooks=True,
        allow_empty=True,
        wait=False,
        dry_run_first=True,
        confirmed=confirmed,
    )


def apply(target: Target, bodies: Sequence[Body], policy: Policy) -> Applied:
    """Bring the objects to the cluster, and delete what left.

    Raises: ApplyError, where something is refused or fails; PruneError, GuardError.
    """
    documents = tuple(Document(dict(body)) for body in bodies)
    prepared = _prepared(target, flow.Wish(ref=target.ref, policy=policy, documents=documents))
    made = prepared.plan
    if made.needs_yes and not policy.confirmed:
        raise GuardError("the prune guard holds: " + "; ".join(problem.reason for problem in made.needs_yes))
    refused = flow.ask_server(prepared, target.cluster).failures if made.writes else {}
    if refused:
        raise ApplyError(sentences.refused(refused))
    return _result(made, _carry_out(target, prepared, GONE_PATIENCE_S))


def delete(target: Target, spec: Mapping[str, Any], *, wait: bool) -> Applied:
    """Delete everything in the inventory that is ours; with `wait`, until it is gone or the time is up.

    Raises: ApplyError, PruneError.
    """
    policy = replace(policy_of(target.key, spec, confirmed=True), prune=True)
    prepared = _prepared(target, flow.Wish(ref=target.ref, policy=policy, is_delete=True))
    changes = _carry_out(target, prepared, target.timeout_s if wait else GONE_PATIENCE_S)
    late = tuple(sentences.subject(change.id) for change in changes.changes if change.outcome is Outcome.TIMEOUT)
    return replace(_result(prepared.plan, changes), left=late if wait else ())


def _prepared(target: Target, wish: flow.Wish) -> flow.Prepared:
    """The plan, fit to be carried out. Raises: ApplyError."""
    inventory = inventory_of(target.status, target.ref, target.memory.get(target.key))
    try:
        prepared = flow.prepare_from(target.cluster, wish, inventory)
    except PlanningError as problem:
        raise ApplyError(_planning_sentence(problem)) from None
    except ApplierError as problem:
        raise ApplyError(str(problem)) from None
    if prepared.plan.errors:
        raise ApplyError("\n".join(_problem_sentence(problem) for problem in prepared.plan.errors))
    return prepared


def _carry_out(target: Target, prepared: flow.Prepared, patience_s: float) -> ChangeSet:
    """Carry the plan out; what is deleted is waited for so long. Raises: ApplyError."""
    made = prepared.plan
    order = tuple(step.id for step in made.steps if step.direction == "apply")
    store = StatusStore(made.stored or Inventory(ref=target.ref), target.write_status, order)
    steps = (
        replace(step, timeout_s=patience_s if step.direction == "prune" else target.timeout_s) for step in made.steps
    )
    policy = replace(made.policy, total_timeout_s=target.timeout_s, dry_run_first=False)
    prepared = replace(prepared, plan=replace(made, steps=tuple(steps), policy=policy))
    options = Options(run=flow.new_run_id(), tool="agent", lock=False)
    try:
        return flow.carry_out(prepared, target.cluster, options, cancel=target.cancel, store=store)
    except ApplierError as problem:
        raise ApplyError(str(problem)) from None
    finally:
        target.memory.keep(target.key, store.current.entries)


def _result(made: Plan, changes: ChangeSet) -> Applied:
    """Raises: ApplyError, PruneError."""
    written = sentences.lines(changes.changes, pruned=False)
    pruned = sentences.lines(changes.changes, pruned=True)
    left = {step.id for step in made.steps if step.direction == "prune"}
    # What was told to go and is held by finalizers stays in the inventory, and is looked after by later runs.
    going = [change for change in changes.changes if change.outcome is Outcome.TIMEOUT and change.id in left]
    pruned += [f"{sentences.subject(change.id)} deleted" for change in going]
    failures = [change for change in changes.changes if change.outcome.is_failure and change not in going]
    if failures:
        text = sentences.failed(failures)
        if all(change.id in left for change in failures):
            raise PruneError(f"delete failed, errors: {text.replace(chr(10), ';')};", (*written, *pruned))
        raise ApplyError(text, written)
    if changes.exit_code and not going:
        raise ApplyError("the run ended before everything was applied", written)
    return Applied(tuple(written), tuple(pruned), made, changes)


def _planning_sentence(problem: PlanningError) -> str:
    if not problem.problems:
        return str(problem)
    return "\n".join(_problem_sentence(one) for one in problem.problems)


def _problem_sentence(problem: Any) -> str:
    """One problem of the plan in Flux's words where it has some."""
    if problem.object_id is None:
        return str(problem.reason)
    return f"{sentences.subject(problem.object_id)} {problem.reason}"
