"""Kustomization: its source's artifact built, applied, pruned and waited for; the status says how far it got and why not.

A run whose source, spec and build did not change leaves Ready as it is and writes nothing but what the run itself proves.
Source: kustomize-controller v1, as recorded; docs/agent.md names what is better on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier import keys
from applier.agent.kustomization import (
    applying,
    contests,
    dependencies,
    history,
    ignoring,
    undeclared,
    variables,
    waiting,
)
from applier.agent.kustomization.among_others import AmongOthers
from applier.agent.kustomization.attempt import (
    ACCESS_DENIED,
    BAD_EXPRESSION,
    CANCELLED,
    CONTESTED,
    FAILED,
    IN_HISTORY,
    NOT_READY,
    PRUNE_FAILED,
    SUCCEEDED,
    UNHEALTHY,
    Means,
    RunError,
)
from applier.agent.kustomization.deletion import Deletion
from applier.agent.kustomization.preparing import Preparing
from applier.agent.kustomization.status_store import Settled
from applier.agent.runtime import durations
from applier.agent.runtime.conditions import FALSE, HEALTHY, PROGRESSING, READY, RECONCILING, TRUE, UNKNOWN
from applier.agent.runtime.controller import NOT_BY_ITSELF, Again, Run
from applier.agent.runtime.events import ERROR, INFO
from applier.agent.runtime.life import live
from applier.agent.runtime.reconciling import generation, handshake, is_handled, observed
from applier.failures import ApplierError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.agent.kustomization.builds import Built
    from applier.agent.runtime.queue import Key
    from applier.model.health import HealthRule
    from applier.model.ids import Body, ObjectId


class Kustomizations:
    """Reconciles Kustomization objects."""

    def __init__(self, means: Means) -> None:
        self.means, self.around = means, means.around

    def reconcile(self, run: Run) -> Again:
        """One run. Raises: ApplierError, where the status cannot be written."""
        return live(
            self.around,
            run.key,
            lambda body: Work(self.means, run, body).finish(),
            lambda body: Deletion(self.means, run, body).finish(),
            self.means.forget,
        )


class Work(Preparing):
    """One run on one Kustomization. Shape: `status` collects what the last write changes; `revision` once it is known."""

    def __init__(self, owner: Means, run: Run, body: Body) -> None:
        super().__init__(owner, run, body)
        self.digest, self.is_empty = "", False
        self.told_contests = ""
        self.left_out: tuple[str, ...] = ()
        self.next_s = self.interval_s
        self.to_wake: set[Key] = set()

    def finish(self) -> Again:
        """Do the work, write the status once, and say when to come again. Raises: ApplierError."""
        try:
            self._work()
        except RunError as problem:
            again = self._fail(problem)
            self.owner.memory.unsettle(self.run.key)
        else:
            self._succeed()
            again = Again(self.around.spread(self.next_s))
        self._write_end()
        for key in self.to_wake:
            self.owner.wake(key)
        labels = {"kind": "Kustomization", "name": self.run.key.name, "namespace": self.run.key.namespace}
        self.around.metrics.observe("gotk_reconcile_duration_seconds", labels, self.run.elapsed_s())
        return again

    def _write_end(self) -> None:
        """Write the last status. Raises: ApplierError."""
        conditions = self.conditions.as_list()
        self.around.write(self.body, {**self.status, **handshake(self.body), "conditions": conditions})

    def _work(self) -> None:
        """Raises: RunError, ApplierError."""
        rules = rules_of(self.spec)
        artifact = self.artifact()
        self.revision = str(artifact["revision"])
        try:
            dependencies.check(self.body, self.other, self.revision)
        except dependencies.NotReadyError as problem:
            told = f"Dependencies do not meet ready condition, retrying in {self.owner.dependency_retry}"
            again_s = self.owner.dependency_retry_s
            raise RunError(NOT_READY, str(problem), again_s=again_s, is_early=True, severity=INFO, told=told) from None
        except dependencies.ExpressionError as problem:
            raise expression_error(f"terminal error: {problem}") from None
        self.settled = self._last_settled()
        self.progress("Fetching manifests")
        built = self.built(artifact, self._begun)
        self.digest, self.is_empty = built.digest, not built.bodies
        if self.settled is not None and self.settled.digest == built.digest:
            return  # the same objects as a while ago: the next look for drift stays where it was
        self.settled, self.next_s = None, self.interval_s
        self.progress("Detecting drift")
        applied = self._apply(built, artifact)
        if self.spec.get("wait") or self.spec.get("healthChecks"):
            self.progress("Running health checks")
        self._wait(applied, rules)
        self.owner.memory.settle(self.run.key, Settled(self.digest, self.around.clock.monotonic(), self.interval_s))

    def _begun(self) -> None:
        """Raises: RunError."""
        self.status["lastAttemptedRevision"] = self.revision
        self.progress("Building manifests")
        try:
            if self.spec.get("kubeConfig"):  # whether it can be had is known before anything is built
                self.owner.clusters(self.body)
        except ApplierError as problem:
            raise RunError(FAILED, str(problem), told=f"failed to build kube client: {problem}") from None

    def _last_settled(self) -> Settled | None:
        """The last whole run, where this one is about a new revision only and nobody asked for it."""
        status, known = self.body.get("status") or {}, self.owner.memory.settled(self.run.key)
        is_about_revision = (
            status.get("lastAppliedRevision") not in (None, self.revision)
            and observed(self.body) == generation(self.body)
            and is_handled(self.body)
            and self.conditions.is_true(READY)
        )
        if known is None or not is_about_revision or known.interval_s != self.interval_s:
            return None
        self.next_s = known.at_s + known.interval_s - self.around.clock.monotonic()
        return known if self.next_s > 0 else None

    def _apply(self, built: Built, artifact: Mapping[str, Any]) -> applying.Applied:
        """Raises: RunError."""
        bodies = self.wanted(built)
        policy = applying.policy_of(
            self.run.key, self.spec, confirmed=not self.owner.guard, allowed=allowed_to_go(self.body)
        )
        try:
            target = self.target(AmongOthers(self, artifact).asked())
            applied = applying.apply(target, bodies, policy, ignoring.Rules(self.spec.get("ignore") or ()))
        except applying.PruneError as problem:
            self._tell_changes(problem.done, ())
            raise RunError(PRUNE_FAILED, problem.sentence) from None
        except applying.ApplyError as problem:
            done = "".join(f"{line}\n" for line in problem.done)
            sentence = variables.masked(f"{problem.sentence}\n{done}", self.secrets)
            raise RunError(FAILED, sentence) from None
        except ignoring.IgnoreError as problem:
            raise RunError(FAILED, str(problem)) from None
        except ApplierError as problem:
            raise RunError(FAILED, str(problem), told=f"failed to build kube client: {problem}") from None
        self._tell_changes(applied.written, applied.pruned)
        self._contend(applied)
        self.left_out = applied.left_out
        return applied

    def _contend(self, applied: applying.Applied) -> None:
        """Say what others have or want, and have those run whom it concerns."""
        self.to_wake |= set(applied.handed.values())
        news = self.owner.contests.claim(self.run.key, applied.lost)
        self.to_wake |= news
        self.told_contests = contests.sentence(applied.lost, self.owner.contests.against(self.run.key))
        if news and applied.lost:
            self.tell(ERROR, CONTESTED, self.told_contests.removeprefix("; "), revision=self.revision)

    def _tell_changes(self, written: Sequence[str], pruned: Sequence[str]) -> None:
        for found in (written, pruned):
            if found:
                self.tell(INFO, PROGRESSING, "\n".join(found), revision=self.revision)

    def _wait(self, applied: applying.Applied, rules: tuple[HealthRule, ...]) -> None:
        """Wait for health, where that is asked for. Raises: RunError."""
        targets: dict[ObjectId, str] = {}
        if self.spec.get("wait"):
            targets = {
                step.id: step.version
                for step in applied.plan.steps
                if step.direction == "apply" and step.action.value != "skip" and not step.create_only
            }
        elif self.spec.get("healthChecks"):
            targets = waiting.checked_objects(self.spec, self.run.key.namespace)
        own = ("kustomize.toolkit.fluxcd.io", "Kustomization", self.run.key.namespace, self.run.key.name)
        targets = {one: version for one, version in targets.items() if tuple(one) != own}
        if not targets:
            self.conditions.remove(HEALTHY)
            return
        was_healthy, before = self.conditions.is_true(HEALTHY), self.run.elapsed_s()
        wait = waiting.Wait(
            self.owner.clusters(self.body), rules, self.timeout_s, self.run.cancelled, self.around.clock
        )
        try:
            with self.run.waiting():
                wait.until_healthy(targets)
        except waiting.CancelledError:
            sentence = f"New reconciliation triggered by {self.run.why or 'the end of the controller'}"
            raise RunError(CANCELLED, sentence, again_s=0.0, severity=INFO) from None
        except waiting.UnhealthyError as problem:
            taken = durations.text_of(round(self.run.elapsed_s() - before, 3))
            self.conditions.set(HEALTHY, FALSE, UNHEALTHY, str(problem))
            raise RunError(UNHEALTHY, f"health check failed after {taken}: {problem}") from None
        message = f"Health check passed in {durations.text_of(round(self.run.elapsed_s() - before, 3))}"
        if not was_healthy or applied.written:
            self.conditions.set(HEALTHY, TRUE, "Succeeded", message)
            self.tell(INFO, PROGRESSING, message, revision=self.revision)

    def _succeed(self) -> None:
        status = self.body.get("status") or {}
        claimed = self.told_contests or contests.sentence({}, self.owner.contests.against(self.run.key))
        message = f"Applied revision: {self.revision}{claimed}{undeclared.sentence(self.left_out)}"
        self.conditions.succeeded(SUCCEEDED, message)
        self.status |= {"observedGeneration": generation(self.body), "lastAppliedRevision": self.revision}
        if self.is_empty and not status.get("inventory"):
            self.status["inventory"] = {"entries": []}
        if self.origin or status.get("lastAppliedOriginRevision"):
            self.status["lastAppliedOriginRevision"] = self.origin or None
        self._record(SUCCEEDED, status)
        taken = durations.text_of(round(self.run.elapsed_s(), 3))
        finished = f"Reconciliation finished in {taken}, next run in {durations.text_of(self.interval_s)}"
        self.tell(INFO, SUCCEEDED, finished, revision=self.revision, commit_status="update")

    def _record(self, reason: str, status: Mapping[str, Any]) -> None:
        if reason in IN_HISTORY and self.digest:
            outcome = {"digest": self.digest, "status": reason, "revision": self.revision}
            taken = durations.text_of(round(self.run.elapsed_s(), 6))
            self.status["history"] = history.recorded(
                status.get("history") or (), outcome, now=self.around.now(), duration=taken
            )

    def _fail(self, problem: RunError) -> Again:
        """Put a failure into the conditions and tell it; returns when to come again."""
        message = variables.masked(problem.message, self.secrets)
        if problem.is_early:
            self.conditions.remove(RECONCILING)
        elif not problem.is_final and self.conditions.get(RECONCILING) is None:
            tail = f"for revision {self.revision} with a timeout of {durations.text_of(self.timeout_s)}"
            self.conditions.set(RECONCILING, TRUE, PROGRESSING, f"Detecting drift {tail}")
        self.conditions.failed(problem.reason, message, is_final=problem.is_final)
        if problem.reason == CANCELLED:
            self.conditions.set(HEALTHY, UNKNOWN, PROGRESSING, message)
        if problem.is_final and problem.reason != ACCESS_DENIED:
            self.status["observedGeneration"] = generation(self.body)
        self._record(problem.reason, self.body.get("status") or {})
        if not problem.is_quiet:
            self.tell(problem.severity, problem.reason, problem.told, revision=self.revision)
        if problem.is_final:
            return NOT_BY_ITSELF
        if problem.again_s is not None:
            return Again(problem.again_s)
        return Again(durations.seconds(str(self.spec.get("retryInterval") or self.spec["interval"])))


def rules_of(spec: Mapping[str, Any]) -> tuple[HealthRule, ...]:
    """The health rules of a spec. Raises: RunError."""
    try:
        return waiting.rules_of(spec)
    except waiting.RuleError as problem:
        raise expression_error(str(problem)) from None


def expression_error(sentence: str) -> RunError:
    """The error for an expression that only a new spec can mend."""
    prefix = "Reconciliation failed terminally due to configuration error: "
    return RunError(BAD_EXPRESSION, prefix + sentence, is_final=True)


def allowed_to_go(body: Body) -> frozenset[str]:
    """What a Kustomization's annotation lets the prune guard pass."""
    text = str((body["metadata"].get("annotations") or {}).get(keys.ALLOW_PRUNE) or "")
    return frozenset(word for word in text.replace(",", " ").split() if word)
