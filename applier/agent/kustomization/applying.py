"""Built objects brought to the cluster for one Kustomization: checked as a whole, applied, pruned, the inventory ahead.

The applier's own plan and run do it, with Flux's field manager, labels and inventory, so that moving from Flux and back
migrates nothing. Nothing is written when the server would refuse any object; all refusals are told.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from applier import flow, keys
from applier.agent.kustomization import ignoring, sentences, undeclared
from applier.agent.kustomization.contests import owner_in
from applier.agent.kustomization.status_store import StatusStore, inventory_of
from applier.executor.cancel import Cancellation
from applier.executor.options import Options
from applier.failures import ApplierError
from applier.model.changes import Outcome
from applier.model.desired import Document
from applier.model.errors import PlanningError
from applier.model.ids import id_of
from applier.model.inventory import Inventory, InventoryRef
from applier.model.live import Present, Unknown
from applier.model.mark import Mark
from applier.model.plan import Action
from applier.model.policy import TAKEOVER, Policy
from applier.planning.guard import MANY, confirmations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from applier.agent.kustomization.status_store import Memory
    from applier.agent.runtime.queue import Key
    from applier.cluster.cluster import Cluster
    from applier.model.changes import ChangeSet
    from applier.model.ids import Body, ObjectId
    from applier.model.live import Live
    from applier.model.plan import Plan, Step

MANAGER, FOLDS = "kustomize-controller", "kubectl"
GONE_PATIENCE_S = 5.0
# What Flux deletes with its manifest: the guard is for emptied paths and for definitions with other people's resources.
SINGLE = frozenset(["Namespace", "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition"])


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
class Others:
    """What other Kustomizations have to do with objects.

    Shape: `keep` says whether one (by key) goes on wanting an object that is its own; `want` which of some objects others
    want, with who it is; both are asked only about what is in doubt.
    """

    keep: Callable[[Key, ObjectId], bool] = lambda _owner, _object_id: False
    want: Callable[[Sequence[ObjectId]], Mapping[ObjectId, Key]] = lambda _ids: {}


NOBODY = Others()


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
    others: Others = NOBODY

    @property
    def ref(self) -> InventoryRef:
        """The Kustomization as an inventory."""
        return InventoryRef(self.key.namespace, self.key.name)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run did: lines of what was written and of what left, and every object as it was planned.

    `left` names what was told to go and had not gone when time was up; `lost` are objects of other Kustomizations, which
    keep them; `handed` what others get instead of its deletion. `left_out` are fields that the server does not know.
    """

    written: tuple[str, ...]
    pruned: tuple[str, ...]
    plan: Plan
    changes: ChangeSet | None = None
    left: tuple[str, ...] = ()
    lost: Mapping[ObjectId, Key] = field(default_factory=dict)
    handed: Mapping[ObjectId, Key] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def policy_of(key: Key, spec: Mapping[str, Any], *, confirmed: bool, allowed: frozenset[str] = frozenset()) -> Policy:
    """How a Kustomization's spec wants its objects treated.

    `confirmed` is without the prune guard; `allowed` what it lets pass besides what leaves with a single manifest.
    """
    mark = Mark({keys.FLUX_NAME: key.name, keys.FLUX_NAMESPACE: key.namespace}, is_strict=False)
    return Policy(
        adopt="all",
        prune=bool(spec.get("prune")),
        force_conflicts=True,
        recreate="all" if spec.get("force") else "listed",
        takeover=(*TAKEOVER, MANAGER),
        field_manager=MANAGER,
        mark=mark,
        folds=FOLDS,
        ignore_hooks=True,
        allow_empty=True,
        wait=False,
        dry_run_first=True,
        confirmed=confirmed,
        allow_prune=SINGLE | allowed,
    )


def apply(
    target: Target, bodies: Sequence[Body], policy: Policy, ignored: ignoring.Rules | None = None, *,
    left_out: tuple[str, ...] = (),
) -> Applied:  # fmt: skip
    """Bring the objects to the cluster, and delete what left; `left_out` are fields that were taken out already.

    Raises: ApplyError, where something is refused or fails; PruneError, GuardError, IgnoreError.
    """
    prepared, lost, handed = intended(target, bodies, policy, ignored)
    made = prepared.plan
    if made.needs_yes and not policy.confirmed:
        if not _is_little(made):
            raise GuardError("the prune guard holds: " + "; ".join(problem.reason for problem in made.needs_yes))
        prepared = flow.confirmed(prepared)
        made = prepared.plan
    refused = flow.refusals(prepared, target.cluster) if made.writes else {}
    if refused:
        # The server may name one field of an object at a time.
        mended = undeclared.without(bodies, refused) if len(left_out) < undeclared.MOST else None
        if mended is None:
            raise ApplyError(sentences.refused(refused))
        return apply(target, mended[0], policy, ignored, left_out=(*left_out, *mended[1]))
    done = _result(made, _carry_out(target, prepared, GONE_PATIENCE_S))
    return replace(done, lost=lost, handed=handed, left_out=left_out)


def intended(
    target: Target, bodies: Sequence[Body], policy: Policy, ignored: ignoring.Rules | None = None
) -> tuple[flow.Prepared, dict[ObjectId, Key], dict[ObjectId, Key]]:
    """What a run would carry out, what others keep, and what others get. Raises: ApplyError, IgnoreError."""
    prepared, lost = planned(target, bodies, policy, ignored)
    prepared, handed = _handed_over(target, prepared)
    return prepared, lost, handed


def planned(
    target: Target, bodies: Sequence[Body], policy: Policy, ignored: ignoring.Rules | None = None
) -> tuple[flow.Prepared, dict[ObjectId, Key]]:
    """What bringing the objects to the cluster would do, and what other Kustomizations keep. Raises: ApplyError, IgnoreError."""
    documents = tuple(Document(dict(body)) for body in bodies)
    prepared = _prepared(target, flow.Wish(ref=target.ref, policy=policy, documents=documents))
    return _among_others(target, prepared, ignored)


def _is_little(made: Plan) -> bool:
    """Whether a plan that empties a small set is no more than that."""
    deleted = sum(step.action is Action.PRUNE for step in made.steps)
    return deleted < MANY and not any(problem.object_id for problem in made.needs_yes)


def _among_others(
    target: Target, prepared: flow.Prepared, ignored: ignoring.Rules | None
) -> tuple[flow.Prepared, dict[ObjectId, Key]]:
    """The plan without what other Kustomizations keep, and without what the spec ignores; and what the others keep.

    Raises: ApplyError, IgnoreError.
    """
    live, documents = prepared.snapshot.live, prepared.wish.documents
    lost = {}
    for step in prepared.plan.steps:
        found = live.get(step.id) if step.direction == "apply" else None
        owner = owner_in(found.body, target.key) if isinstance(found, Present) else None
        if owner is not None and target.others.keep(owner, step.id):
            lost[step.id] = owner
    if lost:
        documents = tuple(one for one in documents if not _names_one(one.body, lost))
    if ignored and prepared.plan.writes:
        documents = tuple(_with_ignored(one, live, ignored) for one in documents)
    if documents == prepared.wish.documents:
        return prepared, lost
    try:
        again = flow.prepare_again(target.cluster, replace(prepared.wish, documents=documents), prepared.snapshot)
    except PlanningError as problem:
        raise ApplyError(_planning_sentence(problem)) from None
    return again, lost


def _names_one(body: Body, ids: Mapping[ObjectId, Key]) -> bool:
    found = id_of(body)
    return found in ids or found._replace(namespace="") in ids


def _with_ignored(one: Document, live: Mapping[ObjectId, Live], rules: ignoring.Rules) -> Document:
    """Raises: IgnoreError."""
    found = id_of(one.body)
    object_id = found if found in live else found._replace(namespace="")
    body = ignoring.settled(one.body, live.get(object_id), rules.paths(one.body), MANAGER, FOLDS)
    return one if body is one.body else Document(body, one.position)


def _handed_over(target: Target, prepared: flow.Prepared) -> tuple[flow.Prepared, dict[ObjectId, Key]]:
    """The plan in which nothing is deleted that other Kustomizations want, and who gets what."""
    made = prepared.plan
    leaving = [step.id for step in made.steps if step.action is Action.PRUNE]
    handed = dict(target.others.want(leaving)) if leaving else {}
    if not handed:
        return prepared, {}
    steps = tuple(_let_go(step) if step.id in handed else step for step in made.steps)
    applied = [step for step in steps if step.direction == "apply"]
    pruned = [step for step in steps if step.direction == "prune"]
    stored = len(made.stored.entries) if made.stored is not None else 0
    needs_yes = confirmations(applied, pruned, prepared.snapshot, made.policy, stored)
    return replace(prepared, plan=replace(made, steps=steps, needs_yes=needs_yes)), handed


def _let_go(step: Step) -> Step:
    return replace(step, action=Action.DROP, reason="handed-over", json_patch=(), edges=())


def delete(target: Target, spec: Mapping[str, Any], *, wait: bool) -> Applied:
    """Delete everything in the inventory that is ours; with `wait`, until it is gone or the time is up.

    Raises: ApplyError, PruneError.
    """
    policy = replace(policy_of(target.key, spec, confirmed=True), prune=True)
    prepared = _prepared(target, flow.Wish(ref=target.ref, policy=policy, is_delete=True))
    prepared, handed = _handed_over(target, prepared)
    changes = _carry_out(target, prepared, target.timeout_s if wait else GONE_PATIENCE_S)
    late = tuple(sentences.subject(change.id) for change in changes.changes if change.outcome is Outcome.TIMEOUT)
    return replace(_result(prepared.plan, changes), left=late if wait else (), handed=handed)


def _prepared(target: Target, wish: flow.Wish) -> flow.Prepared:
    """The plan, fit to be carried out. Raises: ApplyError."""
    inventory = inventory_of(target.status, target.ref, target.memory.get(target.key))
    try:
        prepared = flow.prepare_from(target.cluster, wish, inventory)
        if any(isinstance(live, Unknown) for live in prepared.snapshot.live.values()):
            # What was served when the process began may be served no more.
            target.cluster.forget()
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
    unread = str(problem.reason).removeprefix("what is live is not known: ")
    if unread != problem.reason and " is forbidden: " in unread:
        return f"{sentences.subject(problem.object_id)} dry-run failed (Forbidden): {unread}"
    return f"{sentences.subject(problem.object_id)} {problem.reason}"
