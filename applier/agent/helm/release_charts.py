"""The HelmChart of a HelmRelease: made from its template, waited for, and taken away with it.

Source: helm-controller v2, as recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier.agent.kustomization.attempt import ACCESS_DENIED, RunError
from applier.agent.runtime.conditions import READY, TRUE, find
from applier.agent.runtime.events import INFO
from applier.agent.runtime.kinds import HELM, HELM_CHARTS, SOURCE
from applier.agent.runtime.queue import Key
from applier.agent.runtime.reconciling import generation, observed
from applier.failures import ApplierError, ErrorClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.runtime.informer import Informer
    from applier.agent.runtime.reconciling import Surroundings
    from applier.model.ids import Body

NOT_READY, ARTIFACT_FAILED = "SourceNotReady", "ArtifactFailed"
_COPIED = ("chart", "version", "reconcileStrategy", "valuesFiles", "ignoreMissingValuesFiles", "verify")


@dataclass(frozen=True, slots=True)
class ReleaseCharts:
    """The HelmCharts of releases. Shape: `charts` sees all of them; `cross_namespace` allows those of other namespaces."""

    around: Surroundings
    charts: Informer
    cross_namespace: bool = True

    def key_of(self, body: Body) -> Key:
        """The HelmChart that a release uses."""
        own, spec = str(body["metadata"]["namespace"]), body.get("spec") or {}
        if spec.get("chartRef"):
            return Key(str(spec["chartRef"].get("namespace") or own), str(spec["chartRef"]["name"]))
        source = spec["chart"]["spec"]["sourceRef"]
        return Key(str(source.get("namespace") or own), f"{own}-{body['metadata']['name']}")

    def made(self, body: Body) -> Key:
        """Bring the HelmChart into the form of the template; returns its key. Raises: RunError, ApplierError."""
        key, own = self.key_of(body), str(body["metadata"]["namespace"])
        if key.namespace != own and not self.cross_namespace:
            sentence = f"cannot access '{HELM_CHARTS.kind}/{key}', cross-namespace references have been blocked"
            raise RunError(ACCESS_DENIED, sentence, is_final=True)
        before = str((body.get("status") or {}).get("helmChart") or "")
        is_own = not (body.get("spec") or {}).get("chartRef")
        if before and before != str(key):
            self._delete(body, before)
        if is_own:
            self._apply(wanted(body, key))
        return key

    def _apply(self, chart: Body) -> None:
        """Raises: ApplierError."""
        key = Key(str(chart["metadata"]["namespace"]), str(chart["metadata"]["name"]))
        live = self.charts.get(key)
        if live is None:
            try:
                self.charts.put(self.around.writer.create(HELM_CHARTS, chart))
                return
            except ApplierError as problem:
                if problem.error_class is not ErrorClass.CONFLICT:
                    raise
                return  # it is there, and will be seen in a moment
        if any(live["spec"].get(name) != value for name, value in chart["spec"].items() if value is not None) or any(
            live["spec"].get(name) for name, value in chart["spec"].items() if value is None
        ):
            self.charts.put(self.around.writer.merge(HELM_CHARTS, live, {"spec": chart["spec"]}))

    def _delete(self, body: Body, name: str) -> None:
        """Delete a HelmChart that was made for this release. Raises: ApplierError."""
        namespace, _, short = name.partition("/")
        live = self.charts.get(Key(namespace, short))
        if live is None:
            return
        labels = live["metadata"].get("labels") or {}
        if labels.get(f"{HELM}/name") != body["metadata"]["name"]:
            return
        if labels.get(f"{HELM}/namespace") == body["metadata"]["namespace"]:
            try:
                self.around.writer.delete(HELM_CHARTS, live)
            except ApplierError as problem:
                if problem.error_class is not ErrorClass.NOT_FOUND:
                    raise

    def release(self, body: Body) -> None:
        """The release goes: so does the HelmChart that was made for it. Raises: ApplierError."""
        self._delete(body, str((body.get("status") or {}).get("helmChart") or ""))

    def artifact(self, key: Key, interval_s: float) -> Mapping[str, Any]:
        """The artifact of a HelmChart that is ready. Raises: RunError, for one that is not."""
        chart = self.charts.get(key)
        why = ""
        if chart is None:
            why = f'{HELM_CHARTS.plural}.{SOURCE} "{key.name}" not found'
        else:
            ready = find(chart, READY)
            artifact = (chart.get("status") or {}).get("artifact")
            if observed(chart) != generation(chart) and (ready is None or ready.get("status") != "False"):
                why = "latest generation of object has not been reconciled"
            elif ready is None or ready.get("status") != TRUE or observed(chart) != generation(chart):
                why = str((ready or {}).get("message") or "it has no status")
            elif not artifact:
                why = "does not have an artifact"
            else:
                return artifact  # type: ignore[no-any-return]
        sentence = f"HelmChart '{key}' is not ready: {why}"
        raise RunError(NOT_READY, sentence, again_s=interval_s, severity=INFO, is_early=True)


def wanted(body: Body, key: Key) -> dict[str, Any]:
    """The HelmChart of a release's template; None for what the template does not have."""
    template, metadata = body["spec"]["chart"], body["metadata"]
    given, more = template["spec"], template.get("metadata") or {}
    spec = {name: given.get(name) for name in _COPIED}
    spec["version"] = spec["version"] or "*"
    spec["reconcileStrategy"] = spec["reconcileStrategy"] or "ChartVersion"
    spec["interval"] = given.get("interval") or body["spec"]["interval"]
    spec["sourceRef"] = {name: given["sourceRef"][name] for name in ("kind", "name")}
    labels = {
        **(more.get("labels") or {}), f"{HELM}/name": metadata["name"], f"{HELM}/namespace": metadata["namespace"],
    }  # fmt: skip
    named: dict[str, Any] = {"name": key.name, "namespace": key.namespace, "labels": labels}
    if more.get("annotations"):
        named["annotations"] = dict(more["annotations"])
    return {"apiVersion": f"{SOURCE}/v1", "kind": HELM_CHARTS.kind, "metadata": named, "spec": spec}
