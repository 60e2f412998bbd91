"""The definitions (CRDs) of a chart, brought to the cluster where Helm itself leaves them alone.

Source: Helm v3 `crds/`; helm-controller v2 `applyCRDs`, as recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kbuild
from applier import flow
from applier.agent.kustomization.status_store import StatusStore
from applier.cluster.api import Collection
from applier.executor.options import Options
from applier.failures import ErrorClass, error
from applier.model.desired import Document
from applier.model.errors import PlanningError
from applier.model.inventory import Inventory, InventoryRef
from applier.model.live import Absent
from applier.model.policy import TAKEOVER, Policy

if TYPE_CHECKING:
    from applier.agent.helm.chart_files import Chart
    from applier.agent.runtime.queue import Key
    from applier.cluster.cluster import Cluster

KIND = "CustomResourceDefinition"
DEFINITIONS = Collection("apiextensions.k8s.io", "v1", "customresourcedefinitions", KIND)
MANAGER = "helm-controller"


def define(cluster: Cluster, chart: Chart, key: Key, *, replaces: bool) -> None:
    """Create the chart's definitions; with `replaces`, bring those that are there into its form. Raises: ApplierError."""
    wanted = [body for body in bodies(chart) if replaces or is_missing(cluster, body)]
    if not wanted:
        return
    policy = Policy(
        adopt="all", prune=False, labels=False, force_conflicts=True, takeover=(*TAKEOVER, MANAGER), field_manager=MANAGER,
        ignore_hooks=True, wait=False, confirmed=True,
    )  # fmt: skip
    ref = InventoryRef(key.namespace, key.name)
    wish = flow.Wish(ref=ref, policy=policy, documents=tuple(Document(body) for body in wanted))
    try:
        prepared = flow.prepare_from(cluster, wish, None)
    except PlanningError as problem:
        raise failure(str(problem)) from None
    if prepared.plan.errors:
        raise failure(prepared.plan.errors[0].reason)
    options, store = Options(run=flow.new_run_id(), tool="agent", lock=False), StatusStore(Inventory(ref=ref), _unkept)
    changes = flow.carry_out(prepared, cluster, options, store=store)
    failed = [change for change in changes.changes if change.outcome.is_failure]
    if failed or changes.exit_code:
        raise failure(f"failed to apply {', '.join(change.id.name for change in failed)}")
    cluster.forget()


def _unkept(_change: dict[str, Any]) -> None:
    """Definitions outlive their release: no inventory lists them."""


def failure(sentence: str) -> Exception:
    """The error of definitions that cannot be brought."""
    return error(ErrorClass.CONFIGURATION, f"failed to apply CustomResourceDefinitions: {sentence}")


def is_missing(cluster: Cluster, body: dict[str, Any]) -> bool:
    """Whether the cluster does not have a definition. Raises: ApplierError."""
    return isinstance(cluster.reader.get(DEFINITIONS, str(body["metadata"]["name"])), Absent)


def bodies(chart: Chart) -> list[dict[str, Any]]:
    """The definitions in the chart and in the charts that it holds as folders. Raises: ApplierError."""
    found = []
    for path in sorted(chart.files):
        parts = path.split("/")
        while parts[0] == "charts" and len(parts) > 2:
            parts = parts[2:]
        if parts[0] != "crds" or not path.endswith((".yaml", ".yml", ".json")):
            continue
        try:
            documents = kbuild.read_documents(chart.files[path], path)
        except kbuild.KbuildError as problem:
            raise failure(str(problem)) from None
        found += [one for one in documents if isinstance(one, dict) and one.get("kind") == KIND]
    return found
