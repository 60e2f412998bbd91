"""One run from plan to change set: lock, write ahead, apply, prune, and store what is true afterwards.

The order is that of the invariants: nothing is written before the inventory holds every id that will be; nothing is deleted
after a failure; an id leaves the inventory only when its absence is proved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from applier.clock import utc_text
from applier.executor.cancel import Cancellation
from applier.executor.graph import Graph, State
from applier.executor.lease import Lease
from applier.executor.phase import Phase
from applier.executor.pool import Pool, Timers
from applier.executor.recorder import EARLIER_FAILURE, STOPPED, Recorder, change_set, tell_plan
from applier.executor.retry import Retry
from applier.executor.store import Store
from applier.executor.waits import Waits
from applier.executor.work import Work
from applier.executor.writes import Tools
from applier.failures import EXIT_OK, ApplierError, ErrorClass, Failure, error, worst
from applier.inventory.names import mark_of
from applier.inventory.transitions import needs_final_write
from applier.model import events
from applier.model.errors import InputError, StalePlanError, UnconfirmedError
from applier.model.ids import GroupKind, ObjectId
from applier.model.inventory import APPLYING, IDLE, Header
from applier.model.plan import Edge, Plan, Step
from applier.records import record, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.cluster.cluster import Cluster
    from applier.cluster.writer import Writer
    from applier.executor.options import Options
    from applier.executor.waits import Judge
    from applier.model.changes import ChangeSet
    from applier.model.ids import Body
    from applier.model.inventory import Entry, Inventory
    from applier.model.live import Live

NAMESPACE = GroupKind("", "Namespace")
WRITE_PATIENCE_S = 60.0


@record
class Means:
    """What a run works with.

    Shape: `live` is what the snapshot saw, for telling changes from repetitions; `store` keeps the inventory, None for
    the ConfigMaps of its own.
    """

    cluster: Cluster
    writer: Writer
    judge: Judge
    prints: Callable[[Body], str]
    live: Mapping[ObjectId, Live]
    store: InventoryStore | None = None


class InventoryStore(Protocol):
    """Keeps the inventory of one run. `current` is what is stored, as far as this run knows."""

    current: Inventory

    def write(self, entries: Mapping[ObjectId, Entry], header: Header) -> None:
        """Store these entries. Raises: ApplierError; locked, where somebody else wrote the inventory meanwhile."""

    def is_unchanged(self) -> bool:
        """Whether what is stored is what this run wrote (or read) last. Raises: ApplierError."""

    def delete(self) -> None:
        """Forget the inventory: nothing is left of it. Raises: ApplierError."""

    def sweep(self) -> None:
        """Remove what runs that died left behind."""


class Run:
    """Carries out one plan, once."""

    def __init__(
        self, plan: Plan, means: Means, options: Options, cancel: Cancellation, emit: Callable[[events.Event], None]
    ) -> None:
        self.plan, self.means, self.options, self.cancel = plan, means, options, cancel
        self.clock = means.cluster.exchange.clock
        stored = plan.stored.entries if plan.stored is not None else {}
        self.recorder = Recorder(plan.ahead or stored, self.clock, emit)
        reader = means.cluster.reader
        retry = Retry(means.cluster.exchange, cancel, WRITE_PATIENCE_S)
        self.store: InventoryStore = means.store or Store(
            reader, means.writer, plan.ref, plan.stored, retry=retry, tool=options.tool
        )
        self.lease = Lease(reader, means.writer, plan.ref, options.run, cancel)
        self.pool = Pool(plan.policy.concurrency, self.clock)
        self.timers = Timers(self.clock)
        self.work = self._work()
        self.started = utc_text(self.clock.now())
        self.durations_s: dict[str, float] = {}

    def _work(self) -> Work:
        plan, means = self.plan, self.means
        applied = [step for step in plan.steps if step.direction == "apply"]
        waits = Waits(
            means.cluster.reader, [*plan.steps, *external_steps(applied)], timers=self.timers, recorder=self.recorder,
            judge=means.judge, post=self.pool.inbox.put,
        )  # fmt: skip
        total_s = plan.policy.total_timeout_s
        return Work(
            tools=Tools(means.cluster, means.writer, plan.policy, plan.policy.mark or mark_of(plan.ref)),
            pool=self.pool, timers=self.timers, recorder=self.recorder, waits=waits, cancel=self.cancel,
            live=means.live, prints=means.prints,
            end_s=self.clock.monotonic() + total_s if total_s else float("inf"),
            namespaces=frozenset(step.id.name for step in applied if step.id.group_kind == NAMESPACE),
            kinds=frozenset(step.defines for step in applied if step.defines is not None),
        )  # fmt: skip

    def run(self) -> ChangeSet:
        """Carry it out.

        Raises: InputError and UnconfirmedError, where the plan must not be carried out; StalePlanError; ApplierError,
        where the lock or the inventory cannot be had, or somebody asked to stop. Nothing was written to any member then.
        """
        self._refuse()
        tell_plan(self.recorder, self.plan, self.options.run)
        if self.cancel.requested:
            raise error(ErrorClass.CANCELLED, "stopped before anything was written")
        self.cancel.on_cancel(lambda: self.pool.inbox.put(None))
        try:
            self._begin()
            self._apply_and_prune()
            self._finish()
        finally:
            self.cancel.on_cancel(None)
            self.work.waits.close()
            self.pool.close()
            self.lease.release()
        return self._result()

    def _refuse(self) -> None:
        plan = self.plan
        if plan.errors:
            raise InputError("nothing was written", plan.errors)
        if plan.needs_yes and not plan.policy.confirmed:
            raise UnconfirmedError("the plan needs a confirmation; nothing was written", plan.needs_yes)

    def _begin(self) -> None:
        """Lock the inventory and widen it; a run that changes nothing does neither."""
        plan = self.plan
        if not plan.writes and plan.ahead is None:
            if plan.is_delete and self.options.lock and self.lease.is_there():
                self._lock()  # left behind by a run that died between its last two requests; released with ours
            return
        retry = Retry(self.means.cluster.exchange, self.cancel, WRITE_PATIENCE_S)
        created = create_own_namespace(plan, self.means, retry)
        if created is not None:
            self.work.attempt(created).lost = True  # its step finds that it is done
        if self.options.lock:
            self._lock()
        if plan.stored is not None and plan.stored.header.phase != IDLE:
            self.store.sweep()
        if plan.ahead is not None:
            self._store(APPLYING)

    def _lock(self) -> None:
        plan = self.plan
        try:
            self.lease.take(self.options.lock_timeout_s, break_lock=plan.policy.break_lock)
        except ApplierError as problem:
            if problem.error_class is not ErrorClass.FORBIDDEN:
                raise
            self.recorder.warn("no-lock", f"leases may not be used, so two runs are told apart late: {problem}")
        if not self.store.is_unchanged():
            raise StalePlanError(
                Failure(error_class=ErrorClass.LOCKED, message="the inventory changed after the plan was made")
            )

    def _store(self, phase: str, result: str = "") -> None:
        header = Header(
            tool=f"kbuild/{self.options.tool}", run=self.options.run, phase=phase, started=self.started,
            finished=utc_text(self.clock.now()) if result else "", result=result, source=self.plan.source,
        )  # fmt: skip
        self.store.write(self.recorder.entries, header)
        current = self.store.current
        self.recorder.tell(
            events.InventoryWritten(
                at_s=self.recorder.at_s, phase=phase, generation=current.header.generation, count=len(current.entries)
            )
        )

    def _apply_and_prune(self) -> None:
        applied = [step for step in self.plan.steps if step.direction == "apply"]
        pruned = [step for step in self.plan.steps if step.direction == "prune"]
        began = self.clock.monotonic()
        Phase(self.work, Graph(applied, external_steps(applied))).run()
        self.durations_s["apply"] = round(self.clock.monotonic() - began, 3)
        graph = Graph(pruned)
        reason = self._why_not_prune(pruned)
        if reason:
            leave(graph, self.recorder, reason)
        else:
            began = self.clock.monotonic()
            Phase(self.work, graph).run()
            self.durations_s["prune"] = round(self.clock.monotonic() - began, 3)

    def _why_not_prune(self, steps: list[Step]) -> str:
        """Why nothing may be deleted; empty where it may."""
        if self.recorder.failures:
            return EARLIER_FAILURE
        if not any(step.action.writes for step in steps):
            return ""
        if self.work.must_stop:
            self.work.was_cut = True
            return STOPPED
        try:
            if self.store.is_unchanged() and (self.lease.body is None or self.lease.is_still_ours()):
                return ""
            failure = error(ErrorClass.LOCKED, "the lock was lost: another run has the inventory now").failure
        except ApplierError as problem:
            failure = problem.failure
        self.recorder.run_failed("lock-lost", failure)
        return "lock-lost"

    def _finish(self) -> None:
        """Store what is true now, or nothing where nothing changed."""
        entries = self.recorder.entries
        try:
            if self.plan.is_delete and not entries:
                generation = self.store.current.header.generation
                if self.store.current.exists:
                    self.store.delete()
                    self.recorder.tell(
                        events.InventoryWritten(
                            at_s=self.recorder.at_s, phase="deleted", generation=generation, count=0
                        )
                    )
            elif (entries or self.store.current.exists) and needs_final_write(self.store.current, entries):
                self._store(IDLE, "failed" if self.recorder.failures or self.work.was_cut else "succeeded")
        except ApplierError as problem:
            failure = problem.failure
            kind = failure.error_class if failure.error_class is ErrorClass.LOCKED else ErrorClass.INVENTORY
            message = f"inventory not finalised: {failure.message}"
            self.recorder.run_failed("inventory", Failure(error_class=kind, message=message, hint="run again"))

    def _result(self) -> ChangeSet:
        recorder, plan = self.recorder, self.plan
        if self.work.was_cut and not self.cancel.requested and not recorder.failures:
            message = f"the run's time ({plan.policy.total_timeout_s:g} s) was up before everything was done"
            recorder.run_failed("total-timeout", Failure(error_class=ErrorClass.WAIT_TIMEOUT, message=message))
        codes = [failure.exit_code for failure in recorder.failures]
        if self.cancel.requested:
            codes.append(self.cancel.exit_code)
        exit_code = worst(codes)
        self.durations_s["total"] = recorder.at_s
        result = "succeeded" if exit_code == EXIT_OK else "stopped" if self.cancel.requested else "failed"
        cluster = self.means.cluster
        return change_set(
            recorder, plan, self.options.run, cluster, end=(result, exit_code), durations_s=self.durations_s
        )


def create_own_namespace(plan: Plan, means: Means, retry: Retry) -> Step | None:
    """Create the namespace of the inventory itself, if the set brings it and it is not there.

    It is the only object that may exist without a record: the next run finds it by its name. Returns its step, None where
    there was nothing to create. Raises: ApplierError.
    """
    wanted = ObjectId("", "Namespace", "", plan.ref.namespace)
    steps = (step for step in plan.steps if step.id == wanted and step.direction == "apply")
    step = next((step for step in steps if step.action.writes and not step.uid), None)
    if step is not None:
        body = step.body
        assert body is not None
        collection = means.cluster.collection(step.id, step.version)
        retry(lambda: means.writer.apply(collection, body, force=step.force))
    return step


def external_steps(steps: list[Step]) -> list[Step]:
    """Steps that only wait: for objects outside the set that members depend on."""
    edges: dict[ObjectId, Edge] = {edge.target: edge for step in steps for edge in step.external}
    timeouts = {edge.target: step.timeout_s for step in steps for edge in step.external}
    return [
        replace(
            _template(target), wait=True, timeout_s=timeouts[target], reason=edges[target].reason
        )
        for target in sorted(edges)
    ]  # fmt: skip


def _template(object_id: ObjectId) -> Step:
    from applier.model.plan import Action

    return Step(id=object_id, version="", action=Action.UNCHANGED, direction="apply", phase=0)


def leave(graph: Graph, recorder: Recorder, reason: str) -> None:
    """Carry out what writes nothing, and skip the rest of a direction."""
    for node in list(graph.open_nodes()):
        if node.step.action.writes:
            node.state = State.SKIPPED
            recorder.skipped(node, reason)
        else:
            recorder.left_alone(node.step)
