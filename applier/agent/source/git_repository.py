"""GitRepository: what its spec means on the server, fetched when it moved, packed and advertised in the status.

A run that finds nothing new makes one request to the server and writes nothing.
Source: source-controller v1, as recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from applier.agent.runtime import durations
from applier.agent.runtime.conditions import FALSE, PROGRESSING, RECONCILING, TRUE, under_way
from applier.agent.runtime.controller import NOT_BY_ITSELF, WITH_BACKOFF, Again, Run
from applier.agent.runtime.events import ERROR, INFO, TRACE
from applier.agent.runtime.fetching import without_credentials
from applier.agent.runtime.github_app import AppTokens
from applier.agent.runtime.kinds import SECRETS
from applier.agent.runtime.life import live
from applier.agent.runtime.reconciling import generation, handshake, observed
from applier.agent.runtime.writes import has_finalizer
from applier.agent.source import checkout, credentials, packing, unpack
from applier.agent.source.archive import ArchiveError
from applier.agent.source.git import Remote
from applier.agent.source.git_inputs import (
    FAILURES,
    FETCH_FAILED,
    IN_STORAGE,
    INCLUDE_RETRY_S,
    INCLUDE_UNAVAILABLE,
    OUTDATED,
    PREFIX,
    STORAGE_FAILED,
    VERIFIED,
    Inputs,
    SourceError,
    git_failure,
    observed_inputs,
    refuse_unsupported,
)
from applier.agent.source.remote_refs import RemoteError
from applier.failures import ApplierError
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.runtime.queue import Key
    from applier.agent.runtime.reconciling import Surroundings
    from applier.agent.source.git import Mirrors
    from applier.agent.source.storage import Storage
    from applier.model.ids import Body


@dataclass(slots=True)
class GitRepositories:
    """Reconciles GitRepository objects."""

    around: Surroundings
    mirrors: Mirrors
    storage: Storage
    app_tokens: AppTokens = field(default_factory=AppTokens)
    _kind: str = field(default=PREFIX, init=False)

    def reconcile(self, run: Run) -> Again:
        """One run. Raises: ApplierError, where the status cannot be written."""
        return live(
            self.around,
            run.key,
            lambda body: Work(self, run, body).finish(),
            lambda body: self._let_go(run.key, body),
        )

    def _let_go(self, key: Key, body: Body) -> Again:
        """Remove the artifacts of a deleted object, then the object."""
        self.storage.remove(PREFIX, key)
        if has_finalizer(body):
            message = "garbage collected artifacts for deleted resource"
            self.around.event(body, TRACE, "GarbageCollectionSucceeded", message)
            self.around.writer.remove_finalizer(self.around.collection, body)
        return NOT_BY_ITSELF

    def secret(self, namespace: str, name: str, *, is_plain: bool = False) -> dict[str, bytes]:
        """The data of a Secret; `is_plain` leaves the words about credentials out of errors. Raises: SourceError."""
        try:
            found = self.around.cluster.reader.get(SECRETS._replace(namespace=namespace), name)
            if isinstance(found, Absent):
                missing = f'secrets "{name}" not found'
                said = missing if is_plain else f"failed to get secret '{namespace}/{name}': {missing}"
                raise credentials.CredentialsError(said)
            return credentials.decoded(found)
        except (ApplierError, credentials.CredentialsError) as problem:
            sentence = str(problem) if is_plain else f"failed to get secret '{namespace}/{name}': {problem}"
            raise SourceError(FETCH_FAILED, "AuthenticationFailed", sentence) from None


class Work(Inputs):
    """One run on one GitRepository. Shape: `status` collects what the one write at the end changes."""

    def finish(self) -> Again:
        """Do the work, write the status once, and say when to come again. Raises: ApplierError."""
        around = self.owner.around
        interval = around.spread(durations.seconds(str(self.spec["interval"])))
        again = Again(interval)
        self._begin()
        try:
            self._work()
        except SourceError as problem:
            self._fail(problem)
            again = NOT_BY_ITSELF if problem.is_final else WITH_BACKOFF
            if problem.condition == INCLUDE_UNAVAILABLE:
                again = Again(INCLUDE_RETRY_S)
        around.write(self.body, {**self.status, **handshake(self.body), "conditions": self.conditions.as_list()})
        labels = {"kind": "GitRepository", "name": self.run.key.name, "namespace": self.run.key.namespace}
        around.metrics.observe("gotk_reconcile_duration_seconds", labels, self.run.elapsed_s())
        return again

    def _begin(self) -> None:
        """Look after the storage, and say so where the run has something new to work on."""
        around, key = self.owner.around, self.run.key
        advertised = str((self.artifact or {}).get("path") or "")
        self.owner.storage.collect(PREFIX, key, advertised)
        if self.artifact is not None:
            self.artifact = self.owner.storage.here(self.artifact)
            self.status["artifact"] = self.artifact
            problem = self.owner.storage.problem_with(self.artifact)
            if problem:
                if problem != "missing":
                    sentence = f"failed to verify integrity of artifact: {problem}"
                    around.event(self.body, ERROR, "ArtifactVerificationFailed", sentence)
                self.artifact = None
                self.conditions.remove(IN_STORAGE)
                self._progress("building artifact: disappeared from storage")
            elif (url := self.owner.storage.url_of(advertised)) != self.artifact.get("url"):
                # Another process made it; this one serves it, at its own address.
                self.status["artifact"] = self.artifact = {**self.artifact, "url": url}
        if generation(self.body) != observed(self.body):
            self._progress(f"processing object: new generation {observed(self.body)} -> {generation(self.body)}")
            ref = self.spec.get("ref") or {}
            if ref.get("tag") and ref.get("semver"):
                sentence = "spec.ref has both a tag and a semver range: the tag is used"
                around.event(self.body, ERROR, "AmbiguousReference", sentence)

    def _progress(self, message: str) -> None:
        self.conditions.progressing(message, ready=message)
        self.body = self.owner.around.write(self.body, {"conditions": self.conditions.as_list()})

    def _work(self) -> None:
        """Raises: SourceError."""
        refuse_unsupported(self.spec)
        remote = self.remote()
        includes = self.includes()
        self.verification = self.read_keys()
        refs_first = f"unable to {'list remote for' if self.artifact else 'clone'} '{without_credentials(remote.url)}'"
        try:
            refs = self.owner.mirrors.refs(remote)
        except RemoteError as problem:
            raise git_failure(f"{refs_first}: {problem}") from None
        try:
            target = checkout.find(self.spec.get("ref") or {}, refs)
        except checkout.EmptyRepositoryError:
            raise SourceError(FETCH_FAILED, "EmptyGitRepository", "git repository is empty") from None
        except RemoteError as problem:
            is_plain = str(problem).startswith(("unable to", "no match", "semver"))
            raise git_failure(str(problem) if is_plain else f"{refs_first}: {problem}") from None
        observed_now = observed_inputs(self.spec, includes, self.verification)
        if self.is_current(target, observed_now):
            self._unchanged(target.revision)
            return
        self._build(remote, target, includes, observed_now)

    def _unchanged(self, revision: str) -> None:
        """The artifact is what the server has."""
        message = f"stored artifact for revision '{revision}'"
        self.conditions.set(IN_STORAGE, TRUE, "Succeeded", message)
        self.conditions.remove(OUTDATED, *FAILURES)
        self.conditions.succeeded("Succeeded", message)
        self.status["observedGeneration"] = generation(self.body)
        around = self.owner.around
        if self.was_ready:
            sentence = f"no changes since last reconciliation: observed revision '{revision}'"
            around.log.write("debug", sentence, around.subject(self.run.key))
        else:
            assert self.artifact is not None
            digest = str(self.artifact["digest"])
            around.event(
                self.body,
                INFO,
                "Succeeded",
                f"stored artifact for commit '{revision}'",
                revision=revision,
                digest=digest,
            )

    def _build(
        self, remote: Remote, target: checkout.Target, includes: list[dict[str, Any]], observed_now: Mapping[str, Any]
    ) -> None:
        """Fetch, pack and advertise. Raises: SourceError."""
        message = f"new upstream revision '{target.revision}'"
        self.conditions.set(OUTDATED, TRUE, self.why_outdated(target, observed_now), message)
        self._progress(f"building artifact: {message}")
        mirrors, storage = self.owner.mirrors, self.owner.storage
        try:
            folder = checkout.fetch(target, remote, mirrors)
            self.verify(target, folder)
            contents = packing.of_commit(mirrors, folder, target.commit, self.spec.get("sparseCheckout") or ())
            if self.spec.get("recurseSubmodules"):
                contents = packing.Submodules(mirrors).added(contents, folder, target.commit, remote)
            subject = mirrors.subject(folder, target.commit)
        except packing.SparseError as problem:
            sentence = f"sparse checkout dir '{problem}' does not exist in repository"
            raise SourceError(
                FETCH_FAILED, "GitOperationFailed", f"failed to sparse checkout directories : {sentence}"
            ) from None
        except RemoteError as problem:
            self.conditions.remove(OUTDATED)  # it is not known to be there
            self.conditions.set(RECONCILING, TRUE, PROGRESSING, "building artifact")
            where = "" if "resolve commit" in str(problem) else f"unable to clone '{without_credentials(remote.url)}': "
            raise git_failure(f"{where}{problem}") from None
        except ArchiveError as problem:
            raise git_failure(str(problem)) from None
        path = storage.path_of(PREFIX, self.run.key, f"{target.commit}.tar.gz")
        try:
            contents = self._with_includes(contents, includes)
            entries = packing.packed(contents, str(self.spec.get("ignore") or ""), mirrors)
            artifact = storage.store(path, target.revision, entries)
        except (ArchiveError, RemoteError, OSError) as problem:
            raise SourceError(
                STORAGE_FAILED, "ArchiveOperationFailed", f"failed to create artifact: {problem}"
            ) from None
        self._stored(artifact, subject, observed_now)

    def _with_includes(self, contents: packing.Contents, includes: list[dict[str, Any]]) -> packing.Contents:
        """The contents with those of the included artifacts. Raises: ArchiveError, OSError."""
        files = dict(contents.files)
        for entry, artifact in zip(self.spec.get("include") or (), includes, strict=True):
            found = unpack.files(self.owner.storage.read(artifact))
            target = str(entry.get("toPath") or entry["repository"]["name"])
            for moved in packing.included(found, str(entry.get("fromPath") or ""), unpack.safe_path(target)):
                files[moved.path] = moved
        return packing.Contents(files, contents.folders)

    def _stored(self, artifact: dict[str, Any], subject: str, observed_now: Mapping[str, Any]) -> None:
        """A new artifact is advertised and announced."""
        revision = str(artifact["revision"])
        message = f"stored artifact for revision '{revision}'"
        self.conditions.set(IN_STORAGE, TRUE, "Succeeded", message)
        self.conditions.remove(OUTDATED, *FAILURES)
        self.conditions.succeeded("Succeeded", message)
        before = (self.body.get("status") or {}).get("artifact") or {}
        self.status |= {**observed_now, "artifact": artifact, "observedGeneration": generation(self.body)}
        if before.get("digest") == artifact["digest"] and before.get("revision") == revision:
            return
        around = self.owner.around
        short = subject if len(subject) <= 50 else f"{subject[:50]}..."
        digest = str(artifact["digest"])
        sentence = f"stored artifact for commit '{short}'"
        around.event(self.body, INFO, "NewArtifact", sentence, revision=revision, digest=digest)
        around.log.write("info", sentence, around.subject(self.run.key), revision=revision)

    def _fail(self, problem: SourceError) -> None:
        """Put a failure into the conditions and tell it."""
        self.conditions.remove(*(name for name in FAILURES if name != problem.condition))
        self.conditions.set(
            problem.condition, FALSE if problem.condition == VERIFIED else TRUE, problem.reason, problem.message
        )
        if not problem.is_final:
            under_way(self.conditions, has_artifact=self.artifact is not None)
        self.conditions.failed(problem.reason, problem.message, is_final=problem.is_final)
        if self.artifact is None:
            self.status["artifact"] = None
        around = self.owner.around
        severity = TRACE if problem.condition == INCLUDE_UNAVAILABLE else ERROR
        around.event(self.body, severity, problem.reason, problem.message)
        around.log.write("error", "reconciliation failed", around.subject(self.run.key), error=problem.message)
