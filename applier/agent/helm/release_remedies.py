"""What is done about a failed action of a release: a rollback to the last good revision, or its removal.

Source: helm-controller v2 `reconcile`, as recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from applier.agent.helm import release_options, release_records
from applier.agent.helm.helm_program import HelmError
from applier.agent.helm.release_attempt import ATTEMPTED, REMEDIATED
from applier.agent.helm.release_state import ReleaseState
from applier.agent.kustomization.attempt import RunError
from applier.agent.runtime.conditions import FALSE, TRUE
from applier.agent.runtime.events import INFO

if TYPE_CHECKING:
    from collections.abc import Mapping


class Remedies(ReleaseState):
    """The remedies of one release."""

    def uninstall(self) -> None:
        """Raises: RunError."""
        timeout_s = release_options.timeout_s(self.spec, release_options.UNINSTALL)
        try:
            self.helm.uninstall(release_options.uninstall_options(self.spec), timeout_s)
        except HelmError as problem:
            sentence = f"Helm uninstall failed for release {self.helm.namespace}/{self.helm.name}: {problem}"
            raise self.stopped(problem) or RunError("UninstallFailed", sentence) from None

    def remedy(self, remedy: str, good: Mapping[str, Any] | None) -> None:
        """Raises: RunError, ApplierError."""
        if not remedy or (remedy == release_options.ROLLBACK and good is None):
            return
        timeout_s = release_options.timeout_s(self.spec, remedy)
        try:
            if remedy == release_options.UNINSTALL:
                self.uninstall()
                self.attempt.status |= {"history": [], "inventory": None}
                what = f"for release {self.helm.namespace}/{self.helm.name}"
            else:
                assert good is not None
                number = int(good["version"])
                self.helm.rollback(number, release_options.rollback_options(self.spec), timeout_s)
                self._rolled_back(good)
                what = release_records.shown(self.helm.name, self.helm.namespace, good)
        except HelmError as problem:
            stopped = self.stopped(problem)
            if stopped is not None:
                raise stopped from None
            self._not_remedied(remedy, self.masked(problem))
        reason = f"{ATTEMPTED[remedy]}Succeeded"
        sentence = f"Helm {remedy} {'to previous release ' if good and remedy == 'rollback' else ''}"
        sentence += f"{what} succeeded" if remedy == release_options.ROLLBACK else f"succeeded {what}"
        self.conditions.set(REMEDIATED, TRUE, reason, sentence)
        self.attempt.tell(INFO, reason, sentence)

    def last_good(self, without: int = 0) -> Mapping[str, Any] | None:
        """The newest entry of the history that was deployed and passed its tests; `without` leaves one revision out."""
        good = (release_records.DEPLOYED, release_records.SUPERSEDED)
        for one in self.attempt.known("history") or ():
            if one.get("status") in good and one.get("version") != without and not self.failed_tests(one):
                return one  # type: ignore[no-any-return]
        return None

    def _rolled_back(self, good: Mapping[str, Any]) -> None:
        """The revision that a rollback made is the good one again, under a new number. Raises: RunError."""
        revisions = self.history()
        if revisions:
            chart = (str(good["chartName"]), str(good["chartVersion"]))
            entry = release_records.snapshot(self.helm, revisions[-1], chart, str(good["configDigest"]))
            before = self.attempt.known("history") or ()
            self.attempt.status["history"] = release_records.history([entry, *before], revisions)
            self.list_objects()

    def _not_remedied(self, remedy: str, problem: str) -> NoReturn:
        """Raises: RunError, always."""
        reason = f"{ATTEMPTED[remedy]}Failed"
        sentence = f"Helm {remedy} failed for release {self.helm.namespace}/{self.helm.name}: {problem}"
        self.conditions.set(REMEDIATED, FALSE, reason, sentence)
        raise RunError(reason, sentence)
