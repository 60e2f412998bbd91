"""What is known of one release in a run: its revisions, how the status keeps them, and whether it is as it shall be.

Source: helm-controller v2 `reconcile`, as recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.helm import release_inventory, release_options, release_records
from applier.agent.helm.helm_program import HelmError
from applier.agent.kustomization import variables
from applier.agent.kustomization.attempt import RunError
from applier.agent.runtime.events import INFO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.agent.helm.chart_files import Chart
    from applier.agent.helm.helm_program import Helm, Revision
    from applier.agent.helm.release_attempt import Attempt

HELM_FAILED, CANCELLED = "HelmError", "Cancelled"


class ReleaseState:
    """One release in one run. Shape: `digest` of the values, `rendering` what is done to the objects."""

    def __init__(self, attempt: Attempt, helm: Helm) -> None:
        self.attempt, self.helm = attempt, helm
        self.spec, self.conditions = attempt.spec, attempt.conditions
        self.digest = ""
        self.rendering: Mapping[str, Any] = {}

    def settled(self) -> Revision | None:
        """The latest revision, with the history in the status brought up to date; None for no release.

        A revision that some program left half-way is marked as failed. Raises: RunError, ApplierError.
        """
        revisions = self.history()
        if revisions and revisions[-1].status in release_records.PENDING:
            self.mark_failed(revisions[-1])
            number, state = revisions[-1].number, revisions[-1].status
            name = f"{self.helm.namespace}/{self.helm.name}.v{number}"
            self.attempt.tell(INFO, "PendingRelease", f"Unlocked release {name} with stale status '{state}'")
            revisions = self.history()
        before = self.attempt.known("history") or ()
        self.attempt.status["history"] = release_records.history(before, revisions)
        if not revisions or revisions[-1].status == release_records.UNINSTALLED:
            return None
        return revisions[-1]

    def mark_failed(self, revision: Revision, why: str = "") -> None:
        """Have Helm's record of a revision say that it failed. Raises: RunError, ApplierError."""
        around, cluster = self.attempt.around, self.attempt.owner.clusters.of(self.attempt.body)
        writer = type(around.writer)(cluster.exchange, around.writer.field_manager)
        try:
            release_records.fail(cluster.reader, writer, self.helm, revision, why)
        except (ValueError, KeyError, OSError):
            raise RunError(HELM_FAILED, "the record of the release cannot be read") from None

    def history(self) -> list[Revision]:
        """Raises: RunError."""
        try:
            return self.helm.history()
        except HelmError as problem:
            raise self.stopped(problem) or RunError(HELM_FAILED, self.masked(problem)) from None

    def why_outdated(self, latest: Revision, chart: Chart, history: Sequence[Mapping[str, Any]]) -> str:
        """Why the release is to be upgraded, empty for one that is as it shall be."""
        known = next((one for one in history if one.get("version") == latest.number), None)
        if latest.status != release_records.DEPLOYED:
            return f"its status is {latest.status}"
        if known is None or known.get("digest") != release_records.digest_of(self.helm, latest):
            return "somebody else changed it"
        if (known.get("chartName"), known.get("chartVersion")) != (chart.name, chart.version):
            return "the chart changed"
        if release_options.is_tested(self.spec) and self.failed_tests(known):
            return "its tests failed"
        return "" if known.get("configDigest") == self.digest else "the values changed"

    def failed_tests(self, entry: Mapping[str, Any]) -> list[str]:
        """The names of the tests that a revision did not pass, as far as they matter."""
        if release_options.ignores_tests(self.spec, self.last_action):
            return []
        return [name for name, hook in (entry.get("testHooks") or {}).items() if hook.get("phase") == "Failed"]

    @property
    def last_action(self) -> str:
        """The action that made the newest revision."""
        return str(self.attempt.known("lastAttemptedReleaseAction") or release_options.INSTALL)

    def taken_over(self, chart: Chart) -> Mapping[str, Any]:
        """The newest revision becomes part of the status. Raises: RunError."""
        revisions = self.history()
        if not revisions:
            raise RunError(HELM_FAILED, "Helm reports success and knows no release")
        entry = release_records.snapshot(self.helm, revisions[-1], (chart.name, chart.version), self.digest)
        before = self.attempt.known("history") or ()
        kept = [one for one in before if one.get("version") != entry["version"]]
        self.attempt.status["history"] = release_records.history([entry, *kept], revisions)
        return entry

    def list_objects(self) -> None:
        """List the objects of the newest revision in the status. Raises: RunError, ApplierError."""
        entries = self.attempt.known("history")
        if not entries:
            return
        try:
            manifest = self.helm.manifest(int(entries[0]["version"]))
        except HelmError as problem:
            raise self.stopped(problem) or RunError(HELM_FAILED, self.masked(problem)) from None
        cluster = self.attempt.owner.clusters.of(self.attempt.body)
        objects = release_inventory.listed(cluster, manifest, self.helm.namespace)
        self.attempt.status["inventory"] = {"entries": objects}

    def stopped(self, problem: HelmError) -> RunError | None:
        """The end of a run that was told to end: the next one sees what became of the release."""
        if not problem.is_stopped:
            return None
        sentence = f"New reconciliation triggered by {self.attempt.run.why or 'the end of the controller'}"
        return RunError(CANCELLED, sentence, again_s=0.0, severity=INFO)

    def masked(self, problem: Exception) -> str:
        return variables.masked(str(problem), self.attempt.secrets)
