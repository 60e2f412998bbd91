"""What is done to one release: Helm's actions with what the status says of them, and the remedies of failures.

Source: helm-controller v2 `reconcile` and `action`, as recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from applier.agent.helm import release_inventory, release_options, release_records
from applier.agent.helm.chart_files import yaml_of
from applier.agent.helm.definitions import define
from applier.agent.helm.drift import Drifts
from applier.agent.helm.helm_program import HelmError
from applier.agent.helm.release_attempt import ATTEMPTED, RELEASED, REMEDIATED, TESTED
from applier.agent.helm.release_remedies import Remedies
from applier.agent.helm.release_state import HELM_FAILED
from applier.agent.kustomization import waiting
from applier.agent.kustomization.attempt import RunError
from applier.agent.runtime import durations
from applier.agent.runtime.conditions import FALSE, READY, TRUE, UNKNOWN
from applier.agent.runtime.events import ERROR, INFO
from applier.failures import ApplierError
from applier.model.ids import GroupKind, ObjectId, parse_id

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
            self._await_expressions(action, timeout_s)
        except (HelmError, ApplierError) as problem:
            stopped = self.stopped(problem) if isinstance(problem, HelmError) else None
            if stopped is not None:
                raise stopped from None
            self._failed(action, chart, self.masked(problem))
        entry = self.taken_over(chart)
        self.list_objects()
        self._good(RELEASED, action, f"for release {release_records.shown(self.helm.name, self.helm.namespace, entry)}")
        self.conditions.remove(REMEDIATED, TESTED)
        self.test(chart)

    def _await_expressions(self, action: str, timeout_s: float) -> None:
        """Wait for the objects that the spec has expressions for. Raises: HelmError, RunError, ApplierError."""
        if not self.spec.get("healthCheckExprs") or (self.spec.get(action) or {}).get("disableWait"):
            return
        attempt, cluster = self.attempt, self.attempt.owner.clusters.of(self.attempt.body)
        rules = waiting.rules_of(self.spec)
        newest = self.history()[-1]
        entries = release_inventory.listed(cluster, self.helm.manifest(newest.number), self.helm.namespace)
        targets = {parse_id(one["id"]): one["v"] for one in entries}
        chosen = {one: version for one, version in targets.items() if any(has_rule(rule.kind, one) for rule in rules)}
        wait = waiting.Wait(cluster, rules, timeout_s, attempt.run.cancelled, attempt.around.clock)
        try:
            with attempt.run.waiting():
                wait.until_healthy(chosen)
        except waiting.CancelledError:
            raise HelmError("the run was told to end", is_stopped=True) from None
        except waiting.UnhealthyError as problem:
            self.mark_failed(newest, str(problem))
            raise HelmError(str(problem)) from None

    def test(self, chart: Chart) -> None:
        """Run the tests of the newest revision, where that is asked for and they did not run. Raises: RunError, ApplierError."""
        entries = self.attempt.known("history") or ()
        if not release_options.is_tested(self.spec) or not entries or "testHooks" in entries[0]:
            return
        entry, timeout_s = dict(entries[0]), release_options.timeout_s(self.spec, release_options.TEST)
        place = release_records.shown(self.helm.name, self.helm.namespace, entry)
        message = f"Running 'test' action with timeout of {durations.text_of(timeout_s)}"
        self.conditions.progressing(message, ready=message)
        self.attempt.write()
        problem = ""
        try:
            self.helm.test(release_options.test_options(self.spec), timeout_s)
        except HelmError as error:
            problem = self.masked(error)
            if (stopped := self.stopped(error)) is not None:
                raise stopped from None
        entry["testHooks"] = self._hooks(int(entry["version"]))
        self.attempt.status["history"] = [entry, *entries[1:]]
        if problem:
            self._tests_failed(chart, f"Helm test failed for release {place}: {problem}", entry)
            return
        count = len(entry["testHooks"])
        what = f"{count} test hook{'' if count == 1 else 's'} completed successfully" if count else "no test hooks"
        sentence = f"Helm test succeeded for release {place}: {what}"
        self.conditions.set(TESTED, TRUE, "TestSucceeded", sentence)
        self.conditions.succeeded("TestSucceeded", sentence)
        self.attempt.tell(INFO, "TestSucceeded", sentence, revision=chart.version)

    def _hooks(self, revision: int) -> dict[str, dict[str, str]]:
        """The tests as the status keeps them. Raises: RunError."""
        try:
            found = self.helm.tests(revision)
        except HelmError as problem:
            raise self.stopped(problem) or RunError(HELM_FAILED, self.masked(problem)) from None
        return {name: release_records.hook(facts) for name, facts in found.items()}

    def _tests_failed(self, chart: Chart, message: str, entry: Mapping[str, Any]) -> None:
        """Raises: RunError, unless failures of tests do not matter; ApplierError."""
        self.conditions.set(TESTED, FALSE, "TestFailed", message)
        action = self.last_action
        if release_options.ignores_tests(self.spec, action):
            self.attempt.tell(ERROR, "TestFailed", message, revision=chart.version)
            released = self.conditions.get(RELEASED)
            if released is not None:
                self.conditions.succeeded(str(released["reason"]), str(released["message"]))
            return
        self.conditions.set(READY, FALSE, "TestFailed", message)
        self._give_in(action, chart, ("TestFailed", message), self.last_good(without=int(entry["version"])))

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
        reason = f"{ATTEMPTED[action]}Failed"
        where = f"{self.helm.namespace}/{self.helm.name} with chart {chart.name}@{chart.version}"
        message = f"Helm {action} failed for release {where}: {sentence}"
        self.conditions.set(RELEASED, FALSE, reason, message)
        self.conditions.remove(REMEDIATED)
        self.conditions.set(READY, FALSE, reason, message)
        good = self.last_good()
        self._remember(chart)
        self._give_in(action, chart, (reason, message), good)

    def _give_in(self, action: str, chart: Chart, told: tuple[str, str], good: Mapping[str, Any] | None) -> NoReturn:
        """Count a failure, (reason, message), and remedy it. Raises: RunError, always; ApplierError."""
        attempt, (reason, message) = self.attempt, told
        count = int(attempt.known(f"{action}Failures") or 0) + 1
        attempt.status |= {f"{action}Failures": count, "failures": int(attempt.known("failures") or 0) + 1}
        attempt.write()
        attempt.tell(ERROR, reason, message, revision=chart.version)
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


def has_rule(kind: GroupKind, object_id: ObjectId) -> bool:
    """Whether a rule is for an object; one without kind is for all kinds of its group."""
    return object_id.group == kind.group and kind.kind in ("", object_id.kind)
