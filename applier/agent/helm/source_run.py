"""What HelmRepositories and HelmCharts have in common as sources: finalizer, storage, conditions, the one write at the end.

Source: source-controller v1, as recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from applier.agent.runtime import durations
from applier.agent.runtime.conditions import READY, TRUE, under_way
from applier.agent.runtime.controller import NOT_BY_ITSELF, WITH_BACKOFF, Again, Run
from applier.agent.runtime.events import ERROR, INFO, TRACE
from applier.agent.runtime.kinds import SECRETS
from applier.agent.runtime.life import live
from applier.agent.runtime.reconciling import generation, handshake, observed
from applier.agent.runtime.writes import has_finalizer
from applier.agent.source import credentials
from applier.failures import ApplierError
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.runtime.conditions import Conditions
    from applier.agent.runtime.reconciling import Surroundings
    from applier.agent.source.storage import Storage
    from applier.cluster.reader import Reader
    from applier.model.ids import Body

FETCH_FAILED, BUILD_FAILED = "FetchFailed", "BuildFailed"
IN_STORAGE, OUTDATED, STORAGE_FAILED = "ArtifactInStorage", "ArtifactOutdated", "StorageOperationFailed"
FAILURES = (FETCH_FAILED, BUILD_FAILED, STORAGE_FAILED)


class SourceError(Exception):
    """A run that cannot go on: which condition says so, with reason and message.

    Shape: `again_s` None stands for back-off; `severity` of its event.
    """

    def __init__(
        self, condition: str, reason: str, message: str, *, is_final: bool = False, again_s: float | None = None,
        severity: str = ERROR,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.condition, self.reason, self.message = condition, reason, message
        self.is_final, self.again_s, self.severity = is_final, again_s, severity


@dataclass(slots=True)
class SourceKind:
    """Reconciles the objects of one kind. Shape: `make` gives the run on one of them."""

    around: Surroundings
    storage: Storage
    make: Callable[[SourceKind, Run, Body], SourceRun]

    def reconcile(self, run: Run) -> Again:
        """One run. Raises: ApplierError, where the status cannot be written."""
        return live(
            self.around,
            run.key,
            lambda body: self.make(self, run, body).finish(),
            lambda body: self._let_go(run, body),
        )

    @property
    def prefix(self) -> str:
        """The folder of the kind's artifacts."""
        return self.around.collection.kind.lower()

    def _let_go(self, run: Run, body: Body) -> Again:
        self.storage.remove(self.prefix, run.key)
        if has_finalizer(body):
            message = "garbage collected artifacts for deleted resource"
            self.around.event(body, TRACE, "GarbageCollectionSucceeded", message)
            self.around.writer.remove_finalizer(self.around.collection, body)
        return NOT_BY_ITSELF


class SourceRun:
    """One run. Shape: `status` collects what the one write at the end changes."""

    SUCCEEDED: ClassVar[str] = "Succeeded"

    def __init__(self, owner: SourceKind, run: Run, body: Body) -> None:
        self.owner, self.run, self.body, self.around = owner, run, body, owner.around
        self.spec: Mapping[str, Any] = body.get("spec") or {}
        self.artifact: dict[str, Any] | None = (body.get("status") or {}).get("artifact")
        self.conditions: Conditions = owner.around.conditions(body)
        self.status: dict[str, Any] = {}
        self.was_ready = self.conditions.is_true(READY)

    def work(self) -> None:
        """Do the work. Raises: SourceError."""
        raise NotImplementedError

    def finish(self) -> Again:
        """Do the work, write the status, and say when to come again. Raises: ApplierError."""
        again = Again(self.around.spread(durations.seconds(str(self.spec.get("interval") or "10m"))))
        self._begin()
        try:
            self.work()
        except SourceError as problem:
            self._fail(problem)
            again = WITH_BACKOFF if problem.again_s is None else Again(problem.again_s)
            again = NOT_BY_ITSELF if problem.is_final else again
        self.around.write(self.body, {**self.status, **handshake(self.body), "conditions": self.conditions.as_list()})
        key = self.run.key
        labels = {"kind": self.around.collection.kind, "name": key.name, "namespace": key.namespace}
        self.around.metrics.observe("gotk_reconcile_duration_seconds", labels, self.run.elapsed_s())
        return again

    def _begin(self) -> None:
        """Look after the storage, and say so where the run has something new to work on."""
        storage, key = self.owner.storage, self.run.key
        advertised = str((self.artifact or {}).get("path") or "")
        storage.collect(self.owner.prefix, key, advertised)
        if self.artifact is not None:
            problem = storage.problem_with(self.artifact)
            self.artifact = storage.here(self.artifact)
            self.status["artifact"] = self.artifact
            if problem:
                if problem != "missing":
                    sentence = f"failed to verify integrity of artifact: {problem}"
                    self.around.event(self.body, ERROR, "ArtifactVerificationFailed", sentence)
                self.artifact = None
                self.conditions.remove(IN_STORAGE)
                self.progress("building artifact: disappeared from storage")
        if generation(self.body) != observed(self.body):
            self.progress(f"processing object: new generation {observed(self.body)} -> {generation(self.body)}")

    def progress(self, message: str) -> None:
        """Say what goes on. Raises: ApplierError."""
        self.conditions.progressing(message, ready=message)
        self.body = self.around.write(self.body, {"conditions": self.conditions.as_list()})

    def outdated(self, reason: str, message: str) -> None:
        """Say that there is something new. Raises: ApplierError."""
        self.conditions.set(OUTDATED, TRUE, reason, message)
        self.progress(f"building artifact: {message}")

    def unchanged(self) -> None:
        """The artifact is what the source has."""
        assert self.artifact is not None
        known = self.conditions.get(IN_STORAGE) or {"reason": self.SUCCEEDED, "message": "stored artifact"}
        self._good(str(known["reason"]), str(known["message"]))
        if not self.was_ready:
            revision, digest = str(self.artifact["revision"]), str(self.artifact["digest"])
            self.around.event(
                self.body, INFO, str(known["reason"]), str(known["message"]), revision=revision, digest=digest
            )

    def stored(self, artifact: Mapping[str, Any], reason: str, message: str, told: tuple[str, str]) -> None:
        """A new artifact is advertised and announced by `told`, (reason, message)."""
        before = (self.body.get("status") or {}).get("artifact") or {}
        self._good(reason, message)
        self.status["artifact"] = dict(artifact)
        if before.get("metadata"):  # a status is merged: what is no more has to be named
            notes = artifact.get("metadata")
            self.status["artifact"]["metadata"] = {**dict.fromkeys(before["metadata"]), **notes} if notes else None
        revision, digest = str(artifact["revision"]), str(artifact["digest"])
        if before.get("digest") == digest and before.get("revision") == revision:
            return
        self.around.event(self.body, INFO, told[0], told[1], revision=revision, digest=digest)
        self.around.log.write("info", told[1], self.around.subject(self.run.key), revision=revision)

    def _good(self, reason: str, message: str) -> None:
        self.conditions.set(IN_STORAGE, TRUE, reason, message)
        self.conditions.remove(OUTDATED, *FAILURES)
        self.conditions.succeeded(reason, message)
        self.status["observedGeneration"] = generation(self.body)

    def _fail(self, problem: SourceError) -> None:
        """Put a failure into the conditions and tell it."""
        self.conditions.remove(*(name for name in FAILURES if name != problem.condition))
        self.conditions.set(problem.condition, TRUE, problem.reason, problem.message)
        if not problem.is_final:
            under_way(self.conditions, has_artifact=self.artifact is not None)
        self.conditions.failed(problem.reason, problem.message, is_final=problem.is_final)
        if problem.is_final:
            self.status["observedGeneration"] = generation(self.body)
        if self.artifact is None:
            self.status["artifact"] = None
        self.around.event(self.body, problem.severity, problem.reason, problem.message)
        level = "error" if problem.severity == ERROR else "info"
        self.around.log.write(level, "reconciliation failed", self.around.subject(self.run.key), error=problem.message)


def secret_data(reader: Reader, namespace: str, name: str) -> dict[str, bytes]:
    """The data of a Secret with credentials. Raises: SourceError."""
    try:
        found = reader.get(SECRETS._replace(namespace=namespace), name)
        if isinstance(found, Absent):
            raise credentials.CredentialsError(f'secrets "{name}" not found')
        return credentials.decoded(found)
    except (ApplierError, credentials.CredentialsError) as problem:
        sentence = f"failed to get authentication secret '{namespace}/{name}': {problem}"
        raise SourceError(FETCH_FAILED, "AuthenticationFailed", sentence) from None
