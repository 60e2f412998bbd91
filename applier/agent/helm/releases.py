"""HelmRelease: its chart with its values brought to the cluster by Helm, watched over, and taken away.

One run does at most one installation or upgrade, with the remedy of its failure; what is left comes with the next run. The
status is written before and behind each of Helm's actions, so that a killed agent knows where it was.
Source: helm-controller v2, as recorded; docs/agent.md names what is better on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.helm import chart_files, post_rendering, release_options, release_order, release_records, values
from applier.agent.helm.release_acts import ReleaseActs
from applier.agent.helm.release_attempt import RELEASED, REMEDIATED, TESTED, Attempt
from applier.agent.helm.release_charts import ARTIFACT_FAILED, with_revision
from applier.agent.kustomization import dependencies, variables, waiting
from applier.agent.kustomization.artifacts import DownloadError
from applier.agent.kustomization.attempt import BAD_EXPRESSION, NOT_READY, RunError
from applier.agent.runtime.conditions import FALSE, READY, RECONCILING, STALLED, TRUE
from applier.agent.runtime.controller import NOT_BY_ITSELF, WITH_BACKOFF, Again, Run
from applier.agent.runtime.events import ERROR, INFO
from applier.agent.runtime.kinds import HELM_CHARTS
from applier.agent.runtime.life import live
from applier.agent.runtime.reconciling import generation, handshake, observed, requested_at
from applier.agent.runtime.writes import has_finalizer
from applier.agent.source import unpack
from applier.agent.source.archive import ArchiveError
from applier.failures import ApplierError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.helm.release_attempt import Means

RESET_AT, FORCE_AT = "reconcile.fluxcd.io/resetAt", "reconcile.fluxcd.io/forceAt"
EXCEEDED, UNSUPPORTED, VALUES_ERROR = "RetriesExceeded", "UnsupportedFeature", "ValuesError"
IN_PROGRESS = "Fulfilling prerequisites"


class HelmReleases:
    """Reconciles HelmRelease objects."""

    def __init__(self, means: Means) -> None:
        self.means, self.around = means, means.around

    def reconcile(self, run: Run) -> Again:
        """One run. Raises: ApplierError, where the status cannot be written."""
        return live(
            self.around,
            run.key,
            lambda body: Work(self.means, run, body).finish(),
            lambda body: Deletion(self.means, run, body).finish(),
        )


class Deletion(Attempt):
    """The end of a HelmRelease: what it installed is uninstalled, unless it is suspended."""

    def finish(self) -> Again:
        """Raises: ApplierError, where the finalizer cannot be removed."""
        if not has_finalizer(self.body):
            return NOT_BY_ITSELF
        self.owner.charts.release(self.body)
        if not self.spec.get("suspend") and self.known("history"):
            try:
                acts = ReleaseActs(self, self.helm())
                acts.uninstall()
            except ApplierError as problem:
                self.tell(ERROR, "UninstallFailed", f"unable to uninstall the release: {problem}")
                return WITH_BACKOFF
            except RunError as problem:
                self.tell(ERROR, problem.reason, problem.message)
                return WITH_BACKOFF
            self.tell(INFO, "UninstallSucceeded", f"Helm uninstall succeeded for release {self.namespace}/{self.name}")
        self.around.writer.remove_finalizer(self.around.collection, self.body)
        return NOT_BY_ITSELF


class Work(Attempt):
    """One run on one HelmRelease. Shape: `archive` is the chart as Helm reads it."""

    is_forced = False
    archive = b""

    def finish(self) -> Again:
        """Do the work, write the status, and say when to come again. Raises: ApplierError."""
        try:
            self._work()
        except RunError as problem:
            again = self._fail(problem)
        else:
            self.status["observedGeneration"] = generation(self.body)
            self.conditions.remove(RECONCILING, STALLED)
            again = Again(self.around.spread(self.interval_s))
        self.status |= handshake(self.body)
        self.write()
        key = self.run.key
        labels = {"kind": "HelmRelease", "name": key.name, "namespace": key.namespace}
        self.around.metrics.observe("gotk_reconcile_duration_seconds", labels, self.run.elapsed_s())
        return again

    def _work(self) -> None:
        """Raises: RunError, ApplierError."""
        refused = release_options.unsupported(self.body)
        if refused:
            raise RunError(UNSUPPORTED, refused, is_final=True)
        if generation(self.body) != observed(self.body):
            self.conditions.progressing(IN_PROGRESS, ready="Reconciliation in progress")
            self.write()
        self._check_dependencies()
        key = self.owner.charts.made(self.body)
        is_chart = self.owner.charts.kind_of(self.body) == HELM_CHARTS.kind
        self.status |= {"helmChart": str(key) if is_chart else None, "storageNamespace": self.namespace}
        artifact = self.owner.charts.artifact(self.body, self.around.spread(self.interval_s))
        try:
            wanted = values.read(self.around.cluster.reader, self.run.key.namespace, self.spec, self.secrets)
        except values.ValuesError as problem:
            raise RunError(VALUES_ERROR, str(problem)) from None
        chart = self._chart(artifact, is_chart=is_chart)
        try:
            helm = self.helm()
        except ApplierError as problem:
            raise RunError("RESTClientError", f"could not build REST client: {problem}") from None
        try:
            waiting.rules_of(self.spec)
        except waiting.RuleError as problem:
            raise RunError(BAD_EXPRESSION, str(problem), is_final=True) from None
        acts = ReleaseActs(self, helm)
        acts.digest = values.digest_of(wanted)
        acts.rendering = post_rendering.rendering(self.spec, self.run.key.name, self.run.key.namespace)
        self._reset(chart.version, acts.digest)
        self._bring(acts, chart, wanted)

    def _check_dependencies(self) -> None:
        """Raises: RunError."""
        try:
            problem = release_order.problem_of(self.body, self.around.informer.get)
        except dependencies.ExpressionError as error:
            raise RunError(BAD_EXPRESSION, str(error), is_final=True) from None
        if problem:
            again_s = self.owner.dependency_retry_s
            raise RunError(NOT_READY, problem, again_s=again_s, is_early=True, severity=INFO)

    def _chart(self, artifact: Mapping[str, Any], *, is_chart: bool) -> chart_files.Chart:
        """The chart, with its archive kept for Helm. Raises: RunError."""

        def latest() -> Mapping[str, Any]:
            found = self.owner.charts.live(self.body) or {}
            return (found.get("status") or {}).get("artifact") or {}

        try:
            self.archive = self.owner.artifacts.download(artifact, latest)
            unpack.verify(self.archive, str(artifact["digest"]))
            chart = chart_files.of_archive(self.archive)
            if not is_chart:
                chart, self.archive = with_revision(chart, str(artifact["revision"]))
            return chart
        except DownloadError as problem:
            again_s = self.owner.dependency_retry_s if problem.is_missing else None
            raise RunError(ARTIFACT_FAILED, f"could not load chart: {problem}", again_s=again_s) from None
        except (ArchiveError, chart_files.ChartError) as problem:
            raise RunError(ARTIFACT_FAILED, f"could not load chart: {problem}") from None

    def _reset(self, version: str, digest: str) -> None:
        """Begin to count failures anew where there is something new to try, or where that is asked for."""
        marks = self.body["metadata"].get("annotations") or {}
        token = requested_at(self.body)
        asked = False
        for name, handled in ((RESET_AT, "lastHandledResetAt"), (FORCE_AT, "lastHandledForceAt")):
            value = marks.get(name)
            if value and value == token and self.known(handled) != value:
                asked, self.is_forced = True, self.is_forced or name == FORCE_AT
            if value:
                self.status[handled] = value
        new = {
            "lastAttemptedGeneration": generation(self.body), "lastAttemptedRevision": version,
            "lastAttemptedConfigDigest": digest,
        }  # fmt: skip
        if asked or any(self.known(name) != value for name, value in new.items()):
            self.status |= {"failures": 0, "installFailures": 0, "upgradeFailures": 0}
        self.status |= new

    def _bring(self, acts: ReleaseActs, chart: chart_files.Chart, wanted: dict[str, Any]) -> None:
        """Bring the release into the wanted state. Raises: RunError, ApplierError."""
        latest = acts.settled()
        rendering_digest = values.digest_of(acts.rendering)
        if latest is None:
            action, why = release_options.INSTALL, "there is no release"
        else:
            action, why = release_options.UPGRADE, acts.why_outdated(latest, chart, self.known("history") or ())
            if self.is_forced:
                why = "it is asked for"
            elif not why and self.known("observedPostRenderersDigest") not in (None, rendering_digest):
                why = "what is done to its objects changed"
        if not why and latest is not None:
            self.conditions.remove(REMEDIATED)
            acts.keep_in_shape(latest)
            self._in_sync(chart, latest.number)
            acts.test(chart)
            return
        self._refuse_exceeded(action)
        if latest is not None and (latest.status == release_records.FAILED or why == "its tests failed"):
            self._refuse_exceeded(str(self.known("lastAttemptedReleaseAction") or action))
        acts.deploy(action, chart, self.archive, wanted)
        self.status["observedPostRenderersDigest"] = rendering_digest
        self.status |= {"failures": 0, "installFailures": 0, "upgradeFailures": 0}

    def _in_sync(self, chart: chart_files.Chart, version: int) -> None:
        """The release is what is wanted: Ready says how it became so."""
        released = self.conditions.get(RELEASED)
        if released is None or released["status"] != TRUE:
            entry = {"version": version, "chartName": chart.name, "chartVersion": chart.version}
            sentence = f"release in-sync: {release_records.shown(self.name, self.namespace, entry)}"
            self.conditions.set(RELEASED, TRUE, "UpgradeSucceeded", sentence)
            released = self.conditions.get(RELEASED)
        assert released is not None
        tested = self.conditions.get(TESTED)
        if not release_options.is_tested(self.spec):
            self.conditions.remove(TESTED)
        elif tested is not None and tested["status"] == TRUE:
            released = tested
        self.conditions.succeeded(str(released["reason"]), str(released["message"]))
        self.status |= {"failures": 0, "installFailures": 0, "upgradeFailures": 0}

    def _refuse_exceeded(self, action: str) -> None:
        """Raises: RunError, where an action failed as often as it may."""
        count, allowed = int(self.known(f"{action}Failures") or 0), release_options.retries(self.spec, action)
        if 0 <= allowed < count:
            raise RunError(EXCEEDED, f"Failed to {action} after {count} attempt(s)", is_final=True)

    def _fail(self, problem: RunError) -> Again:
        """Put a failure into the conditions and tell it; returns when to come again."""
        message = variables.masked(problem.message, self.secrets)
        if problem.is_early:
            self.conditions.remove(RECONCILING)
        if problem.reason == EXCEEDED:
            self._fail_for_good(message)
        else:
            self.conditions.failed(problem.reason, message, is_final=problem.is_final)
        if problem.is_final:
            self.status["observedGeneration"] = generation(self.body)
        if not problem.is_quiet:
            self.tell(problem.severity, problem.reason, problem.told)
        if problem.is_final:
            return NOT_BY_ITSELF
        return WITH_BACKOFF if problem.again_s is None else Again(problem.again_s)

    def _fail_for_good(self, message: str) -> None:
        """Retries are used up: Stalled says so, Ready what became of the last attempt."""
        self.conditions.remove(RECONCILING)
        self.conditions.set(STALLED, TRUE, EXCEEDED, message)
        last = self.conditions.get(REMEDIATED) or self.conditions.get(RELEASED)
        if last is None:
            last = {"reason": EXCEEDED, "message": message}
        self.conditions.set(READY, FALSE, str(last["reason"]), str(last["message"]))
