"""applier: rendered objects reach a cluster, in order, waited for, and pruned.

Plan, then act. A plan is data and changes nothing; executing it is the only thing that writes:

    import applier, kbuild

    cluster = applier.connect(context="kind-kind")
    plan = applier.plan(kbuild.render("overlays/prod"), cluster, inventory="shop/app")
    print(plan.counts)
    changes = applier.execute(plan, cluster, on_event=print)
    assert changes.exit_code == 0

Errors are `ApplierError`s, whose `error_class` says what a caller may do about them. Nothing here installs signal handlers or
keeps global state; a `Cancellation` stops a run from any thread. kbuild is used by its public names alone, and never imports
this package. Public names are resolved on first use.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from applier.cluster.cluster import Cluster as Cluster
    from applier.cluster.cluster import of_api_client as of_api_client
    from applier.executor.cancel import Cancellation as Cancellation
    from applier.failures import ApplierError as ApplierError
    from applier.failures import ErrorClass as ErrorClass
    from applier.failures import Failure as Failure
    from applier.model.changes import Change as Change
    from applier.model.changes import ChangeSet as ChangeSet
    from applier.model.errors import PlanningError as PlanningError
    from applier.model.errors import UnconfirmedError as UnconfirmedError
    from applier.model.events import Event as Event
    from applier.model.health import Health as Health
    from applier.model.ids import ObjectId as ObjectId
    from applier.model.inventory import InventoryRef as InventoryRef
    from applier.model.live import Live as Live
    from applier.model.plan import Action as Action
    from applier.model.plan import Plan as Plan
    from applier.model.plan import Step as Step
    from applier.model.policy import Policy as Policy
    from kbuild import Result

_HOMES = {
    "Action": "model.plan",
    "ApplierError": "failures",
    "Cancellation": "executor.cancel",
    "Change": "model.changes",
    "ChangeSet": "model.changes",
    "Cluster": "cluster.cluster",
    "ErrorClass": "failures",
    "Event": "model.events",
    "Failure": "failures",
    "Health": "model.health",
    "InventoryRef": "model.inventory",
    "ObjectId": "model.ids",
    "Plan": "model.plan",
    "PlanningError": "model.errors",
    "Policy": "model.policy",
    "Step": "model.plan",
    "UnconfirmedError": "model.errors",
    "of_api_client": "cluster.cluster",
}

__all__ = ["connect", "execute", "plan", "plan_delete", "status", *_HOMES]  # noqa: PLE0604


def connect(
    *,
    kubeconfig: str = "",
    context: str = "",
    environment: Mapping[str, str] | None = None,
    workers: int = 8,
) -> Cluster:
    """The cluster that a kubeconfig names (default: what the environment and `~/.kube/config` say).

    Raises: ApplierError, where no server or no credentials can be had; nothing is sent yet.
    """
    import os

    from applier.cluster.cluster import connect as connect_to
    from applier.cluster.kubeconfig import Choice

    found = os.environ if environment is None else environment
    return connect_to(Choice(kubeconfig=kubeconfig, context=context), found, workers=workers)


def plan(
    objects: Result | Iterable[Mapping[str, Any]],
    cluster: Cluster,
    *,
    inventory: str | InventoryRef,
    policy: Policy | None = None,
) -> Plan:
    """What applying objects would do: read the cluster, decide, write nothing.

    `objects` is a render's result or plain bodies, `inventory` is `namespace/name`.
    Raises: PlanningError with every problem of the objects; ApplierError, where the cluster cannot be read.
    """
    from applier import flow

    wish = flow.Wish(ref=_ref(inventory), policy=policy or flow.DEFAULT_POLICY, documents=_documents(objects))
    return flow.prepare(cluster, wish).plan


def plan_delete(cluster: Cluster, *, inventory: str | InventoryRef, policy: Policy | None = None) -> Plan:
    """What deleting everything in an inventory would do. Raises: ApplierError."""
    from applier import flow

    wish = flow.Wish(ref=_ref(inventory), policy=policy or flow.DEFAULT_POLICY, is_delete=True)
    return flow.prepare(cluster, wish).plan


def execute(
    plan: Plan,
    cluster: Cluster,
    *,
    on_event: Callable[[Event], None] | None = None,
    cancel: Cancellation | None = None,
    lock_timeout_s: float = 0.0,
    live: Mapping[ObjectId, Live] | None = None,
) -> ChangeSet:
    """Carry a plan out; returns what happened to each object. Failures of single objects do not raise.

    `on_event` is called in this thread, in order. `live` (of the snapshot) tells writes that changed nothing more exactly.
    Raises: PlanningError, where the plan has errors or needs a yes; ApplierError, where the lock or the inventory cannot be
    had, or the inventory changed since the plan was made.
    """
    from applier import flow
    from applier.executor.options import Options
    from kbuild import __version__

    options = Options(run=flow.new_run_id(), tool=__version__, lock_timeout_s=lock_timeout_s)
    return flow.carry_out(flow.with_plan(plan, live or {}), cluster, options, cancel=cancel, on_event=on_event)


def status(cluster: Cluster, *, inventory: str | InventoryRef) -> dict[ObjectId, Health]:
    """The health of everything in an inventory as it is now. Raises: ApplierError, where there is none."""
    from applier import flow

    return flow.status(cluster, _ref(inventory))[1]


def _ref(inventory: str | InventoryRef) -> InventoryRef:
    from applier.failures import ErrorClass, error
    from applier.model.inventory import InventoryRef

    if isinstance(inventory, InventoryRef):
        return inventory
    namespace, slash, name = inventory.partition("/")
    if not (namespace and slash and name):
        raise error(ErrorClass.BAD_INPUT, f"an inventory is named NAMESPACE/NAME, not {inventory!r}")
    return InventoryRef(namespace, name)


def _documents(objects: Any) -> tuple[Any, ...]:
    from applier.normalize.documents import of_bodies, of_result

    return tuple(of_result(objects) if hasattr(objects, "to_dicts") else of_bodies(objects))


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'applier' has no attribute '{name}'")
    value = getattr(__import__(f"applier.{home}", fromlist=[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
