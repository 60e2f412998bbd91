"""The chart of a HelmRelease: a HelmChart made from its template, waited for, and taken away with it; or what it refers to.

Source: helm-controller v2, as recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier.agent.helm import chart_files
from applier.agent.kustomization.attempt import ACCESS_DENIED, RunError
from applier.agent.runtime.conditions import READY, TRUE, find
from applier.agent.runtime.events import INFO
from applier.agent.runtime.kinds import HELM, HELM_CHARTS, OCI_REPOSITORIES, SOURCE
from applier.agent.runtime.queue import Key
from applier.agent.runtime.reconciling import generation, observed
from applier.agent.source import semver
from applier.failures import ApplierError, ErrorClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.helm.chart_files import Chart
    from applier.agent.runtime.informer import Informer
    from applier.agent.runtime.reconciling import Surroundings
    from applier.model.ids import Body

NOT_READY, ARTIFACT_FAILED = "SourceNotReady", "ArtifactFailed"
DIGEST_DIGITS = 12
_COPIED = ("chart", "version", "reconcileStrategy", "valuesFiles", "ignoreMissingValuesFiles", "verify")


@dataclass(frozen=True, slots=True)
class ReleaseCharts:
    """The charts of releases: HelmCharts, and OCIRepositories that hold charts.

    Shape: `charts` and `registries` see all of them; `cross_namespace` allows those of other namespaces.
    """

    around: Surroundings
    charts: Informer
    registries: Informer
    cross_namespace: bool = True

    @staticmethod
    def kind_of(body: Body) -> str:
        """The kind of what a release's chart is in."""
        return str(((body.get("spec") or {}).get("chartRef") or {}).get("kind") or HELM_CHARTS.kind)

    def live(self, body: Body) -> Body | None:
        """What a release's chart is in, None where that is not there."""
        is_chart = self.kind_of(body) == HELM_CHARTS.kind
        return (self.charts if is_chart else self.registries).get(self.key_of(body))

    def key_of(self, body: Body) -> Key:
        """What a release's chart is in."""
        own, spec = str(body["metadata"]["namespace"]), body.get("spec") or {}
        if spec.get("chartRef"):
            return Key(str(spec["chartRef"].get("namespace") or own), str(spec["chartRef"]["name"]))
        source = spec["chart"]["spec"]["sourceRef"]
        return Key(str(source.get("namespace") or own), f"{own}-{body['metadata']['name']}")

    def made(self, body: Body) -> Key:
        """Bring the HelmChart into the form of the template; returns its key. Raises: RunError, ApplierError."""
        key, own = self.key_of(body), str(body["metadata"]["namespace"])
        if key.namespace != own and not self.cross_namespace:
            sentence = f"cannot access '{self.kind_of(body)}/{key}', cross-namespace references have been blocked"
            raise RunError(ACCESS_DENIED, sentence, is_final=True)
        before = str((body.get("status") or {}).get("helmChart") or "")
        is_own = not (body.get("spec") or {}).get("chartRef")
        if before and (before != str(key) or self.kind_of(body) != HELM_CHARTS.kind):
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

    def artifact(self, body: Body, interval_s: float) -> Mapping[str, Any]:
        """The artifact of a release's chart, which is ready. Raises: RunError, for one that is not."""
        source, kind, key = self.live(body), self.kind_of(body), self.key_of(body)
        why = ""
        if source is None:
            plural = HELM_CHARTS.plural if kind == HELM_CHARTS.kind else OCI_REPOSITORIES.plural
            why = f'{plural}.{SOURCE} "{key.name}" not found'
        else:
            ready = find(source, READY)
            artifact = (source.get("status") or {}).get("artifact")
            if observed(source) != generation(source) and (ready is None or ready.get("status") != "False"):
                why = "latest generation of object has not been reconciled"
            elif ready is None or ready.get("status") != TRUE or observed(source) != generation(source):
                why = str((ready or {}).get("message") or "it has no status")
            elif not artifact:
                why = "does not have an artifact"
            else:
                return artifact  # type: ignore[no-any-return]
        sentence = f"{kind} '{key}' is not ready: {why}"
        raise RunError(NOT_READY, sentence, again_s=interval_s, severity=INFO, is_early=True)


def with_revision(chart: Chart, revision: str) -> tuple[Chart, bytes]:
    """A chart out of a registry with the digest in its version, and its archive: another digest is another version.

    Raises: RunError, where the tag is not that of the version.
    """
    tag, _, digest = revision.rpartition("@")
    version = semver.parse(chart.version)
    if tag and (found := semver.parse(tag.replace("_", "+"))) is not None and found != version:
        sentence = f"artifact revision {tag} does not match chart version {chart.version}"
        raise RunError(ARTIFACT_FAILED, sentence)
    name = f"{chart.version.partition('+')[0]}+{digest.rpartition(':')[2][:DIGEST_DIGITS]}"
    packed = chart.packed(name, {})
    return chart_files.of_archive(packed), packed


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
