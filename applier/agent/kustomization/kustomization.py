"""Kustomization: its source's artifact built, applied, pruned and waited for; the status says how far it got and why not.

A run whose source, spec and build did not change leaves Ready as it is and writes nothing but what the run itself proves.
Source: kustomize-controller v1, as recorded; docs/agent.md names what is better on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.kustomization import applying, build, dependencies, history, variables, waiting
from applier.agent.kustomization.artifacts import DownloadError
from applier.agent.kustomization.attempt import (
    ACCESS_DENIED,
    ARTIFACT_FAILED,
    BAD_EXPRESSION,
    BUILD_FAILED,
    CANCELLED,
    DEPENDENCY_RETRY_S,
    FAILED,
    IN_HISTORY,
    IN_PROGRESS,
    NOT_READY,
    PRUNE_FAILED,
    SUCCEEDED,
    UNHEALTHY,
    Attempt,
    Means,
    RunError,
)
from applier.agent.kustomization.deletion import Deletion
from applier.agent.kustomization.kfile import BuildError
from applier.agent.runtime import durations
from applier.agent.runtime.conditions import FALSE, HEALTHY, PROGRESSING, READY, RECONCILING, TRUE, UNKNOWN
from applier.agent.runtime.controller import NOT_BY_ITSELF, Again, Run
from applier.agent.runtime.events import INFO
from applier.agent.runtime.reconciling import generation, handshake, observed, suspended_status
from applier.agent.runtime.writes import has_finalizer, is_deleting
from applier.failures import ApplierError
from applier.health.rules import read_rules
from applier.model.errors import PlanningError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.model.health import HealthRule
    from applier.model.ids import Body, ObjectId


class Kustomizations:
    """Reconciles Kustomization objects."""

    def __init__(self, means: Means) -> None:
        self.means, self.around = means, means.around

    def reconcile(self, run: Run) -> Again:
        """One run. Raises: ApplierError, where the status cannot be written."""
        body = self.around.informer.get(run.key)
        if body is None:
            self.means.memory.forget(run.key)
            return NOT_BY_ITSELF
        if is_deleting(body):
            return Deletion(self.means, run, body).finish()
        if not has_finalizer(body):
            body = self.around.writer.add_finalizer(self.around.collection, body)
            self.around.informer.put(body)
        if (body.get("spec") or {}).get("suspend"):
            self.around.write(body, suspended_status(body))
            return NOT_BY_ITSELF
        return Work(self.means, run, body).finish()


class Work(Attempt):
    """One run on one Kustomization. Shape: `status` collects what the last write changes; `revision` once it is known."""

    def __init__(self, owner: Means, run: Run, body: Body) -> None:
        super().__init__(owner, run, body)
        self.status: dict[str, Any] = {}
        self.revision = ""
        self.digest = ""

    def finish(self) -> Again:
        """Do the work, write the status once, and say when to come again. Raises: ApplierError."""
        again = Again(self.around.spread(self.interval_s))
        try:
            self._work()
        except RunError as problem:
            again = self._fail(problem)
        else:
            self._succeed()
        self._write_end()
        labels = {"kind": "Kustomization", "name": self.run.key.name, "namespace": self.run.key.namespace}
        self.around.metrics.observe("gotk_reconcile_duration_seconds", labels, self.run.elapsed_s())
        return again

    def _write_end(self) -> None:
        """Write the last status. Raises: ApplierError."""
        conditions = self.conditions.as_list()
        self.around.write(self.body, {**self.status, **handshake(self.body), "conditions": conditions})

    def _work(self) -> None:
        """Raises: RunError, ApplierError."""
        artifact = self._artifact()
        self.revision = str(artifact["revision"])
        try:
            dependencies.check(self.body, self.around.informer.get, self.revision)
        except dependencies.NotReadyError as problem:
            told = "Dependencies do not meet ready condition, retrying in 30s"
            raise RunError(
                NOT_READY, str(problem), again_s=DEPENDENCY_RETRY_S, is_early=True, severity=INFO, told=told
            ) from None
        except dependencies.ExpressionError as problem:
            raise expression_error(f"terminal error: {problem}") from None
        rules = rules_of(self.spec)
        self._progress("Fetching manifests")
        bodies = self._build(artifact)
        self._progress("Detecting drift")
        applied = self._apply(bodies)
        self._progress("Running health checks")
        self._wait(applied, rules)

    def _progress(self, phase: str) -> None:
        """Say how far the run is, where it has something new: a run of the same spec and revision stays silent."""
        status = self.body.get("status") or {}
        tail = f"for revision {self.revision} with a timeout of {durations.text_of(self.timeout_s)}"
        is_same = (
            observed(self.body) == generation(self.body)
            and status.get("lastAppliedRevision") == self.revision
            and self.conditions.is_true(READY)
        )
        if is_same:
            return
        self.conditions.progressing(f"{phase} {tail}", ready=IN_PROGRESS)
        self.merge_status({"conditions": self.conditions.as_list()})

    def _artifact(self) -> Mapping[str, Any]:
        """The artifact of the source. Raises: RunError."""
        kind, namespace, name = dependencies.source_of(self.body)
        if namespace != self.run.key.namespace and not self.owner.cross_namespace:
            sentence = f"can't access '{kind}/{namespace}/{name}', cross-namespace references have been blocked"
            raise RunError(ACCESS_DENIED, sentence, is_final=True)
        source = self.owner.source_of(kind, self.run.key._replace(namespace=namespace, name=name))
        if source is None:
            sentence = f'{kind}.source.toolkit.fluxcd.io "{name}" not found'
            raise RunError(ARTIFACT_FAILED, sentence, is_early=True, is_quiet=True)
        artifact = (source.get("status") or {}).get("artifact")
        if not artifact:
            sentence = "Source artifact not found, retrying in 30s"
            raise RunError(ARTIFACT_FAILED, sentence, again_s=DEPENDENCY_RETRY_S, is_early=True, is_quiet=True)
        return artifact  # type: ignore[no-any-return]

    def _build(self, artifact: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The objects to apply. Raises: RunError."""
        try:
            files = self.owner.artifacts.files(artifact, self._artifact)
        except DownloadError as problem:
            again_s = DEPENDENCY_RETRY_S if problem.is_missing else None
            raise RunError(ARTIFACT_FAILED, str(problem), again_s=again_s, is_quiet=problem.is_missing) from None
        fs = build.file_system(files)
        try:
            folder = build.folder_of(str(self.spec.get("path") or "./"), fs)
        except build.PathError as problem:
            raise RunError(ARTIFACT_FAILED, str(problem)) from None
        self.status["lastAttemptedRevision"] = self.revision
        self._progress("Building manifests")
        reader = self.around.cluster.reader

        def known() -> Mapping[str, str]:
            return variables.read(reader, self.run.key.namespace, self.spec, self.secrets)

        try:
            result = build.build(folder, fs, self.spec)
            bodies = build.objects(result, self.spec, known, is_strict=self.owner.is_strict)
        except BuildError as problem:
            raise RunError(BUILD_FAILED, variables.masked(str(problem), self.secrets)) from None
        self.digest = build.digest_of_bodies(bodies)
        return [with_metadata(body, self.spec.get("commonMetadata") or {}) for body in bodies]

    def _apply(self, bodies: Sequence[Body]) -> applying.Applied:
        """Raises: RunError."""
        policy = applying.policy_of(self.run.key, self.spec, confirmed=not self.owner.guard)
        try:
            applied = applying.apply(self.target(), bodies, policy)
        except applying.PruneError as problem:
            self._tell_changes(problem.done, ())
            raise RunError(PRUNE_FAILED, problem.sentence) from None
        except applying.ApplyError as problem:
            done = "".join(f"{line}\n" for line in problem.done)
            sentence = variables.masked(f"{problem.sentence}\n{done}", self.secrets)
            raise RunError(FAILED, sentence) from None
        except ApplierError as problem:
            raise RunError(FAILED, f"failed to build kube client: {problem}") from None
        self._tell_changes(applied.written, applied.pruned)
        return applied

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
        message = f"Applied revision: {self.revision}"
        self.conditions.succeeded(SUCCEEDED, message)
        self.status |= {"observedGeneration": generation(self.body), "lastAppliedRevision": self.revision}
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
    """The health rules of a spec, readable ones. Raises: RunError."""
    rules = waiting.rules_of(spec)
    try:
        read_rules(rules)
    except PlanningError as problem:
        reasons = "; ".join(one.reason for one in problem.problems)
        sentence = f"failed to create custom status evaluator for healthchecks[0]: {reasons}"
        raise expression_error(sentence) from None
    return rules


def expression_error(sentence: str) -> RunError:
    """The error for an expression that only a new spec can mend."""
    prefix = "Reconciliation failed terminally due to configuration error: "
    return RunError(BAD_EXPRESSION, prefix + sentence, is_final=True)


def with_metadata(body: Body, common: Mapping[str, Any]) -> dict[str, Any]:
    """An object with labels and annotations added to its metadata alone."""
    if not common:
        return dict(body)
    metadata = dict(body.get("metadata") or {})
    for name in ("labels", "annotations"):
        if common.get(name):
            metadata[name] = {**(metadata.get(name) or {}), **common[name]}
    return {**body, "metadata": metadata}
