"""What is done to one release: Helm's actions with what the status says of them, and the remedies of failures.

Source: helm-controller v2 `reconcile` and `action`, as recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from applier.agent.helm import release_options, release_records
from applier.agent.helm.chart_files import yaml_of
from applier.agent.helm.definitions import define
from applier.agent.helm.drift import Drifts
from applier.agent.helm.helm_program import HelmError
from applier.agent.helm.release_attempt import ATTEMPTED, RELEASED, REMEDIATED
from applier.agent.helm.release_remedies import Remedies
from applier.agent.helm.release_state import HELM_FAILED
from applier.agent.kustomization.attempt import RunError
from applier.agent.runtime import durations
from applier.agent.runtime.conditions import FALSE, READY, TRUE, UNKNOWN
from applier.agent.runtime.events import ERROR, INFO
from applier.failures import ApplierError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.helm.chart_files import Chart
    from applier.agent.helm.helm_program import Revision


class ReleaseActs(Remedies):
    """The actions of one run on one release."""

    def deploy(self, action: str, chart: Chart, archive: bytes, wanted: Mapping[str, Any]) -> None:
        """Install or upgrade; a failure is counted and remedied. Raises: RunError, ApplierError."""
        timeout_s = release_options.timeout_s(self.spec, action)
        self._begin(action, timeout_s)
        options = release_options.deploy_options(self.spec, action)
        try:
            self._define(action, chart)
            self.helm.deploy(archive, yaml_of(wanted), self.rendering, options, timeout_s)
        except (HelmError, ApplierError) as problem:
            stopped = self.stopped(problem) if isinstance(problem, HelmError) else None
            if stopped is not None:
                raise stopped from None
            self._failed(action, chart, self.masked(problem))
        entry = self.taken_over(chart)
        self.list_objects()
        self._good(RELEASED, action, f"for release {release_records.shown(self.helm.name, self.helm.namespace, entry)}")
        self.conditions.remove(REMEDIATED)

    def _begin(self, action: str, timeout_s: float) -> None:
        """Raises: ApplierError."""
        attempt = self.attempt
        message = f"Running '{action}' action with timeout of {durations.text_of(timeout_s)}"
        self.conditions.progressing(message)
        ready = self.conditions.get(READY)
        if ready is None or ready["status"] != TRUE:
            self.conditions.set(READY, UNKNOWN, "Progressing", message)
        attempt.status["lastAttemptedReleaseAction"] = action
        attempt.write()

    def _define(self, action: str, chart: Chart) -> None:
        """Bring the chart's definitions where Helm itself does not. Raises: ApplierError."""
        policy = release_options.crds(self.spec, action)
        if policy == "Skip" or (policy == "Create" and action == release_options.INSTALL):
            return
        define(
            self.attempt.owner.clusters.of(self.attempt.body),
            chart,
            self.attempt.run.key,
            replaces=policy == "CreateReplace",
        )

    def _good(self, condition: str, action: str, what: str) -> None:
        """An action succeeded: say so."""
        reason, sentence = f"{ATTEMPTED[action]}Succeeded", f"Helm {action} succeeded {what}"
        self.conditions.set(condition, TRUE, reason, sentence)
        if condition == RELEASED:
            self.conditions.succeeded(reason, sentence)
        self.attempt.tell(INFO, reason, sentence, revision=str(self.attempt.known("lastAttemptedRevision") or ""))

    def _failed(self, action: str, chart: Chart, sentence: str) -> NoReturn:
        """Count a failure and remedy it as the spec says. Raises: RunError, always; ApplierError."""
        attempt = self.attempt
        reason = f"{ATTEMPTED[action]}Failed"
        where = f"{self.helm.namespace}/{self.helm.name} with chart {chart.name}@{chart.version}"
        message = f"Helm {action} failed for release {where}: {sentence}"
        self.conditions.set(RELEASED, FALSE, reason, message)
        self.conditions.remove(REMEDIATED)
        self.conditions.set(READY, FALSE, reason, message)
        count = int(attempt.known(f"{action}Failures") or 0) + 1
        attempt.status |= {f"{action}Failures": count, "failures": int(attempt.known("failures") or 0) + 1}
        good = self.last_good()
        attempt.write()
        attempt.tell(ERROR, reason, message, revision=chart.version)
        self._remember(chart)
        self.remedy(release_options.remedy(self.spec, action, count), good)
        allowed = release_options.retries(self.spec, action)
        if 0 <= allowed < count:
            raise RunError("RetriesExceeded", f"Failed to {action} after {count} attempt(s)", is_final=True)
        again_s = None
        if release_options.strategy(self.spec, action) == "RetryOnFailure":
            again_s = release_options.retry_interval_s(self.spec, action)
        raise RunError(reason, message, again_s=again_s, is_quiet=True)

    def _remember(self, chart: Chart) -> None:
        """The failed revision is part of the history too, where there is one."""
        try:
            self.taken_over(chart)
        except RunError:
            return  # Helm refused before it made a revision

    def keep_in_shape(self, latest: Revision) -> None:
        """Look for drift, where that is asked for, and put it right. Raises: RunError, ApplierError."""
        try:
            Drifts(self.attempt, self.helm, latest).keep()
        except HelmError as problem:
            raise self.stopped(problem) or RunError(HELM_FAILED, self.masked(problem)) from None
