"""From objects to a plan, and from a plan to its end: the order in which reading, planning and writing are called.

It decides nothing. Commands and library callers come through here, so that both do the same. What plans and writes is
imported once the first requests are under way: a run that only reads never loads the executor.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from applier.cluster.parallel import in_parallel
from applier.cluster.stored import config_maps, read_inventory
from applier.failures import ErrorClass, error
from applier.model.inventory import Header, Inventory
from applier.model.policy import Policy
from applier.model.snapshot import Discovery, KindFact, Snapshot
from applier.records import field, record, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from applier.cluster.cluster import Cluster
    from applier.cluster.rights import Right
    from applier.executor.cancel import Cancellation
    from applier.executor.options import Options
    from applier.executor.run import InventoryStore
    from applier.failures import Failure
    from applier.model.changes import ChangeSet
    from applier.model.desired import Document
    from applier.model.dry_runs import DryRuns
    from applier.model.events import Event
    from applier.model.health import Health, HealthRule
    from applier.model.ids import Body, ObjectId
    from applier.model.inventory import Entry, InventoryRef
    from applier.model.live import Live
    from applier.model.plan import Plan, Step
    from applier.normalize import Normalized

TOO_OFTEN, MANY_WRITES, NAMED_RIGHTS = 3, 50, 10
DEFAULT_POLICY = Policy()


@record
class Wish:
    """What shall be. Shape: without `is_delete`, `documents` are the desired objects and `source` names what they came from."""

    ref: InventoryRef
    policy: Policy = field(default_factory=Policy)
    documents: tuple[Document, ...] = ()
    source: str = ""
    is_delete: bool = False


@record
class Prepared:
    """A plan and what it was made from."""

    wish: Wish
    plan: Plan
    snapshot: Snapshot


def prepare(cluster: Cluster, wish: Wish) -> Prepared:
    """Read what is needed and plan.

    Raises: PlanningError, where the objects cannot be applied; ApplierError, where the cluster cannot be read.
    """
    calls: list[Callable[[], object]] = [
        cluster.discovery,
        lambda: read_inventory(cluster.reader, wish.ref),
        _load_planning,
    ]
    _, found, _ = in_parallel(calls, 3)
    return prepare_from(cluster, wish, found if isinstance(found, Inventory) else None)


def _load_planning() -> None:
    """Import what plans; done while the first requests are under way."""
    import applier.cluster.snapshot
    import applier.normalize
    import applier.planning  # noqa: F401


def prepare_from(cluster: Cluster, wish: Wish, inventory: Inventory | None) -> Prepared:
    """The same from an inventory that the caller has read.

    Raises: PlanningError, where the objects cannot be applied; ApplierError, where the cluster cannot be read.
    """
    from applier.cluster.snapshot import Wanted, read_snapshot
    from applier.normalize import normalize
    from applier.planning import wanted_ids

    policy, ref = wish.policy, wish.ref
    normalized = normalize(wish.documents, cluster.discovery(), policy, ref)
    entries = inventory.entries if inventory is not None else {}
    versions = wanted_ids(normalized.desired, entries)
    leaving = frozenset(entries).difference(one.id for one in normalized.desired)
    snapshot = read_snapshot(
        cluster,
        Wanted(versions=versions, leaving=leaving, inventory=inventory),
        concurrency=policy.concurrency,
    )
    return _planned(wish, normalized, snapshot)


def prepare_again(cluster: Cluster, wish: Wish, snapshot: Snapshot) -> Prepared:
    """The same for another wish about objects that a snapshot has already. Raises: PlanningError, ApplierError."""
    from applier.normalize import normalize

    return _planned(wish, normalize(wish.documents, cluster.discovery(), wish.policy, wish.ref), snapshot)


def _planned(wish: Wish, normalized: Normalized, snapshot: Snapshot) -> Prepared:
    """Raises: PlanningError."""
    from applier.planning import plan as plan_of
    from applier.planning import plan_delete

    policy, ref = wish.policy, wish.ref
    if wish.is_delete:
        plan = plan_delete(snapshot, policy, ref)
    else:
        plan = plan_of(normalized.desired, snapshot, policy, ref, warnings=normalized.warnings, source=wish.source)
    return Prepared(wish=wish, plan=plan, snapshot=snapshot)


def carry_out(
    prepared: Prepared,
    cluster: Cluster,
    options: Options,
    *,
    cancel: Cancellation | None = None,
    on_event: Callable[[Event], None] | None = None,
    store: InventoryStore | None = None,
) -> ChangeSet:
    """Execute a plan; `store` keeps the inventory elsewhere than in ConfigMaps. Raises: what `Run.run` raises."""
    from applier.executor import quiet
    from applier.planning import check

    plan, emit = prepared.plan, on_event or (lambda _: None)
    check(plan)
    if options.preflight or sum(step.action.writes for step in plan.steps) > MANY_WRITES:
        check_rights(prepared, cluster)
    if plan.policy.dry_run_first:
        check_with_server(prepared, cluster)
    if store is None and not (cancel is not None and cancel.requested) and quiet.is_quiet(plan):
        return quiet.carry_out(plan, cluster, options, emit)
    return _run(prepared, cluster, options, cancel, emit, store)


def _run(
    prepared: Prepared,
    cluster: Cluster,
    options: Options,
    cancel: Cancellation | None,
    emit: Callable[[Event], None],
    store: InventoryStore | None,
) -> ChangeSet:
    """Execute a plan that has something to do."""
    from applier.cluster.writer import Writer
    from applier.executor.cancel import Cancellation
    from applier.executor.judge import HealthJudge
    from applier.executor.run import Means, Run
    from applier.fields.fingerprint import owned_print
    from applier.health.rules import rules_of_steps

    plan, snapshot = prepared.plan, prepared.snapshot
    policy = plan.policy
    judge = HealthJudge(
        clock=cluster.exchange.clock,
        rules=rules_of_steps(policy.health_rules, plan.steps),
        live=snapshot.live,
        storage_classes=snapshot.storage_classes,
        wait_load_balancers=policy.wait_load_balancers,
        fail_fast_pods=policy.fail_fast_pods,
    )

    def prints(body: Body) -> str:
        return owned_print(body, policy.field_manager, str(body["apiVersion"]))

    means = Means(
        cluster=cluster, writer=Writer(cluster.exchange, policy.field_manager), judge=judge, prints=prints,
        live=snapshot.live, store=store,
    )  # fmt: skip
    return Run(plan, means, options, cancel or Cancellation(), emit).run()


def apply(
    cluster: Cluster,
    wish: Wish,
    options: Options,
    *,
    approve: Callable[[Prepared], Prepared],
    cancel: Cancellation | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> ChangeSet:
    """Plan and execute; plan again when somebody changed the inventory in between.

    `approve` sees every plan before it is carried out; it returns it, as it is or confirmed, or raises.
    Raises: as `prepare` and `carry_out` do.
    """
    from applier.model.errors import StalePlanError

    for _ in range(TOO_OFTEN - 1):
        try:
            return carry_out(approve(prepare(cluster, wish)), cluster, options, cancel=cancel, on_event=on_event)
        except StalePlanError:
            continue
    return carry_out(approve(prepare(cluster, wish)), cluster, options, cancel=cancel, on_event=on_event)


def confirmed(prepared: Prepared) -> Prepared:
    """The same with a person's yes."""
    policy = replace(prepared.plan.policy, confirmed=True)
    return replace(prepared, plan=replace(prepared.plan, policy=policy))


def needed_rights(prepared: Prepared, cluster: Cluster) -> list[Right]:
    """Every right that carrying a plan out needs, the inventory's own included."""
    from applier.cluster.rights import Right

    plan, needed = prepared.plan, []
    space = plan.ref.namespace
    for group, plural in (("", "configmaps"), ("coordination.k8s.io", "leases")):
        needed += [Right(space, group, plural, verb) for verb in ("create", "delete", "get", "update")]
    for step in plan.steps:
        fact = cluster.discovery().find(step.id.group_kind)
        if not isinstance(fact, KindFact):
            continue  # its definition is in the set: nothing can be asked about it yet
        verbs = (
            ("get", "list", "watch", "create", "patch")
            if step.direction == "apply"
            else ("get", "list", "watch", "delete")
        )
        needed += [Right(step.id.namespace, fact.kind.group, fact.plural, verb) for verb in verbs]
    return needed


def refusals(prepared: Prepared, cluster: Cluster) -> Mapping[ObjectId, Failure]:
    """What the server would refuse of everything that would be written, by dry runs."""
    return _dry_run(prepared, cluster, prepared.plan.steps, only_metadata=True).failures


def ask_server(prepared: Prepared, cluster: Cluster, about: Callable[[Step], bool] | None = None) -> DryRuns:
    """The server's answers to dry runs of everything that would be written, or of the steps that `about` chooses."""
    plan = prepared.plan
    steps = tuple(step for step in plan.steps if about is None or about(step))
    if about is not None and not steps:
        from applier.model.dry_runs import DryRuns

        return DryRuns()
    return _dry_run(prepared, cluster, steps)


def _dry_run(prepared: Prepared, cluster: Cluster, steps: Sequence[Step], *, only_metadata: bool = False) -> DryRuns:
    from applier.cluster.writer import Writer
    from applier.executor.dry_run import dry_run

    writer = Writer(cluster.exchange, prepared.plan.policy.field_manager)
    return dry_run(prepared.plan, cluster, writer, steps, only_metadata=only_metadata)


def check_with_server(prepared: Prepared, cluster: Cluster) -> None:
    """Let the server check every object before the first is written. Raises: InputError, with every refusal."""
    from applier.model.errors import InputError, Problem

    refused = refusals(prepared, cluster)
    if refused:
        positions = {step.id: step.position for step in prepared.plan.steps}
        problems = [
            Problem(
                failure.message, object_id=object_id, position=positions[object_id], hint=failure.advice,
                error_class=failure.error_class,
            )
            for object_id, failure in refused.items()
        ]  # fmt: skip
        raise InputError("the server refuses some objects; nothing was written", problems)


def with_plan(plan: Plan, live: Mapping[ObjectId, Live]) -> Prepared:
    """A plan that somebody kept, ready to be carried out."""
    snapshot = Snapshot(live=live, discovery=Discovery(kinds={}), inventory=plan.stored)
    return Prepared(wish=Wish(ref=plan.ref, policy=plan.policy, is_delete=plan.is_delete), plan=plan, snapshot=snapshot)


def check_rights(prepared: Prepared, cluster: Cluster) -> None:
    """Ask for all rights before the first write. Raises: ApplierError, whose hint is a Role with all that are missing."""
    from applier.cluster.rights import missing_rights, roles

    missing = missing_rights(cluster.exchange, needed_rights(prepared, cluster))
    if missing:
        names = ", ".join(str(right) for right in missing[:NAMED_RIGHTS])
        more = f" and {len(missing) - NAMED_RIGHTS} more" if len(missing) > NAMED_RIGHTS else ""
        raise error(
            ErrorClass.FORBIDDEN,
            f"rights are missing, so nothing was written: {names}{more}",
            f"an administrator can give them with:\n{roles(missing)}",
        )


def new_run_id() -> str:
    """A name for one run, which tells it apart from all others."""
    return os.urandom(8).hex()


def status(
    cluster: Cluster, ref: InventoryRef, rules: tuple[HealthRule, ...] = (), *, wait_load_balancers: bool = False
) -> tuple[Inventory, dict[ObjectId, Health]]:
    """The health of everything in an inventory, as it is now. It writes nothing.

    Raises: ApplierError, where there is no such inventory or the cluster cannot be read.
    """
    from applier.cluster.snapshot import Wanted, read_snapshot
    from applier.health import Facts, evaluate_live
    from applier.health.rules import read_rules

    calls: list[Callable[[], object]] = [cluster.discovery, lambda: read_inventory(cluster.reader, ref)]
    _, inventory = in_parallel(calls, 2)
    if not isinstance(inventory, Inventory):
        raise error(ErrorClass.INVENTORY, f"there is no inventory {ref}", "`kbuild apply` makes one")
    versions = {object_id: entry.version for object_id, entry in inventory.entries.items()}
    snapshot = read_snapshot(cluster, Wanted(versions=versions, inventory=inventory))
    facts = Facts(
        storage_classes=snapshot.storage_classes, wait_load_balancers=wait_load_balancers,
        now_s=cluster.exchange.clock.now(),
    )  # fmt: skip
    known = read_rules(rules)
    return inventory, {
        object_id: evaluate_live(snapshot.live[object_id], facts, known.of(object_id)) for object_id in versions
    }


def write_inventory(
    cluster: Cluster, ref: InventoryRef, stored: Inventory | None, entries: Mapping[ObjectId, Entry], tool: str
) -> None:
    """Store entries outside of a run (imported, found again). Raises: ApplierError."""
    from applier.cluster.writer import Writer
    from applier.executor.cancel import Cancellation
    from applier.executor.retry import Retry
    from applier.executor.run import WRITE_PATIENCE_S
    from applier.executor.store import Store

    cancel = Cancellation()
    retry = Retry(cluster.exchange, cancel, WRITE_PATIENCE_S)
    store = Store(cluster.reader, Writer(cluster.exchange), ref, stored, retry=retry, tool=tool)
    store.write(entries, Header(tool=tool, run=new_run_id(), result="repaired"))


def damaged_inventory(cluster: Cluster, ref: InventoryRef) -> Inventory:
    """The head of an inventory whose entries cannot be read, so that it can be replaced. Raises: ApplierError."""
    head = cluster.reader.get(config_maps(ref.namespace), ref.head_name)
    metadata = head["metadata"] if isinstance(head, dict) else {}
    return Inventory(ref=ref, uid=metadata.get("uid", ""), resource_version=metadata.get("resourceVersion", ""))
