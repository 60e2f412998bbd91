"""An installation's objects brought to a cluster, and its Deployments waited for.

What is written goes through the applier's own plan and run, with no inventory: membership is the installation's labels, as in
Flux, so that either of the two can take over or remove what the other installed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from applier import flow
from applier.agent.kustomization.sentences import subject
from applier.cli.operate.words import FAILURE, SUCCESS, WARNING, StoppedError, say
from applier.cli.setup.kinds import DEPLOYMENTS, PODS
from applier.cluster.api import Listing
from applier.executor.options import Options
from applier.health import Facts, evaluate
from applier.model.changes import Outcome
from applier.model.desired import Document
from applier.model.errors import PlanningError
from applier.model.health import Health, Status
from applier.model.ids import id_of
from applier.model.inventory import APPLIED, Entry, Inventory, InventoryRef
from applier.model.live import Absent
from applier.model.mark import Mark
from applier.model.policy import TAKEOVER, Policy
from applier.report.safe_text import line as safe_line
from kbuild import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from applier.cluster.cluster import Cluster
    from applier.model.changes import Change
    from applier.model.ids import Body, ObjectId
    from applier.model.inventory import Header

MANAGER = "flux"
UNKEPT = "memory"  # stands for the version and uid of an inventory that is stored nowhere
POLL_S = 0.5
LEAST_TIME_S = 30.0  # what is written must not end half way; only the wait for it may be short
_WORDS = {
    Outcome.CREATED: "created", Outcome.RECREATED: "created", Outcome.UNCHANGED: "unchanged",
    Outcome.CONFIGURED: "configured", Outcome.ADOPTED: "configured", Outcome.MIGRATED: "configured",
}  # fmt: skip
# The order in which Flux lists what it applied.
_FIRST = (
    "CustomResourceDefinition", "Namespace", "ResourceQuota", "ServiceAccount", "Role", "ClusterRole", "RoleBinding",
    "ClusterRoleBinding", "ConfigMap", "Secret", "Service", "Deployment",
)  # fmt: skip


@dataclass(slots=True)
class Unkept:
    """An inventory that is not kept."""

    current: Inventory

    def write(self, entries: Mapping[ObjectId, Entry], header: Header) -> None:
        """Remember the entries for this run."""
        self.current = replace(self.current, entries=dict(entries), header=header)

    def is_unchanged(self) -> bool:
        """Nobody else knows it."""
        return True

    def delete(self) -> None:
        """Nothing is stored."""

    def sweep(self) -> None:
        """Nothing is stored."""


def apply(cluster: Cluster, bodies: Sequence[Mapping[str, Any]], namespace: str, timeout_s: float) -> list[str]:
    """Write objects; returns a line for each, `Kind/namespace/name created`.

    Raises: StoppedError, with every failure; ApplierError, where the cluster cannot be read.
    """
    ref = InventoryRef(namespace, "installation")
    # Without marks of its own, whatever has the name of one of its objects is the installation's.
    policy = Policy(
        mark=Mark({}), adopt="all", prune=False, force_conflicts=True, labels=False, field_manager=MANAGER, folds="kubectl",
        takeover=(*TAKEOVER, MANAGER), wait=False, total_timeout_s=max(timeout_s, LEAST_TIME_S), confirmed=True,
    )  # fmt: skip
    wish = flow.Wish(ref=ref, policy=policy, documents=tuple(Document(dict(body)) for body in bodies))
    # As if an earlier run had written all of it: what is there already and as it shall be is not written again.
    entries = {found: Entry(found, flags=APPLIED) for found in map(id_of, bodies)}
    before = Inventory(ref=ref, entries=entries, uid=UNKEPT, resource_version=UNKEPT)
    try:
        prepared = flow.prepare_from(cluster, wish, before)
        if prepared.plan.errors:
            raise StoppedError("\n".join(str(problem) for problem in prepared.plan.errors))
        options = Options(run=flow.new_run_id(), tool=__version__, lock=False)
        changes = flow.carry_out(prepared, cluster, options, store=Unkept(before))
    except PlanningError as problem:
        raise StoppedError("\n".join(map(str, problem.problems)) or str(problem)) from None
    failures = [change for change in changes.changes if change.outcome.is_failure]
    if failures:
        raise StoppedError("\n".join(f"{subject(one.id)} apply failed: {one.message}" for one in failures))
    return lines(changes.changes)


def lines(changes: Iterable[Change]) -> list[str]:
    """What happened to each object, in Flux's order."""

    def place(change: Change) -> tuple[int, str, str]:
        known = _FIRST.index(change.id.kind) if change.id.kind in _FIRST else len(_FIRST)
        return known, change.id.kind, change.id.path

    return [
        f"{subject(change.id)} {_WORDS.get(change.outcome, change.outcome)}" for change in sorted(changes, key=place)
    ]


def is_ready(body: Body | Absent) -> bool:
    """Whether a Deployment is as it shall be."""
    return not isinstance(body, Absent) and health_of(body).status is Status.CURRENT


def health_of(body: Body) -> Health:
    """The health of a Deployment."""
    return evaluate(body, Facts(written=True, now_s=time.time()))


def wait_for_deployments(cluster: Cluster, namespace: str, names: Sequence[str], timeout_s: float) -> bool:
    """Wait until Deployments are ready, and say so for each in order; returns whether all are."""
    deadline, is_well = time.monotonic() + timeout_s, True
    place = DEPLOYMENTS._replace(namespace=namespace)
    for name in names:
        while not is_ready(found := cluster.reader.get(place, name)):
            if time.monotonic() >= deadline or (
                not isinstance(found, Absent) and health_of(found).status is Status.FAILED
            ):
                break
            time.sleep(POLL_S)
        if is_ready(found):
            say(SUCCESS, f"{name}: deployment ready")
            continue
        is_well = False
        say(FAILURE, f"{name}: deployment not {'found' if isinstance(found, Absent) else 'ready'}")
        pods = cluster.reader.list(PODS._replace(namespace=namespace), selector=f"app={name}")
        for reason in reasons(pods.bodies) if isinstance(pods, Listing) else ():
            say(WARNING, reason)
    return is_well


def reasons(pods: Iterable[Body]) -> list[str]:
    """Why pods do not run, in the words of scheduler and kubelet; each reason once."""
    found = []
    for pod in pods:
        status = pod.get("status") or {}
        for one in status.get("containerStatuses") or ():
            waiting = (one.get("state") or {}).get("waiting") or (one.get("lastState") or {}).get("terminated") or {}
            if waiting.get("reason") not in (None, "ContainerCreating", "Completed"):
                found.append(_words(waiting))
        for condition in status.get("conditions") or ():
            if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
                found.append(_words(condition))
    return list(dict.fromkeys(found))


def _words(state: Mapping[str, Any]) -> str:
    text = ": ".join(filter(None, [str(state.get("reason") or ""), str(state.get("message") or "")]))
    return safe_line(text.splitlines()[0])
