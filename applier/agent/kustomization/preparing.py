"""The first half of a run: the source's artifact, and the objects that a Kustomization makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from applier.agent.kustomization import build, dependencies, variables
from applier.agent.kustomization.artifacts import DownloadError
from applier.agent.kustomization.attempt import (
    ACCESS_DENIED,
    ARTIFACT_FAILED,
    BUILD_FAILED,
    FAILED,
    IN_PROGRESS,
    Attempt,
    Means,
    RunError,
)
from applier.agent.kustomization.builds import Built, Recipe
from applier.agent.kustomization.decryption import PROVIDER, Keyring, age_keyring_of, cipher_text, keyring_of
from applier.agent.kustomization.kfile import BuildError
from applier.agent.runtime import durations
from applier.agent.runtime.conditions import READY
from applier.agent.runtime.informer import key_of
from applier.agent.runtime.kinds import SECRETS
from applier.agent.runtime.queue import Key
from applier.agent.runtime.reconciling import generation, observed
from applier.agent.source.credentials import CredentialsError, decoded
from applier.agent.source.registry import ORIGIN_REVISION
from applier.failures import ApplierError
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.kustomization.status_store import Settled
    from applier.agent.runtime.controller import Run
    from applier.model.ids import Body


@dataclass(slots=True)
class Inputs:
    """What a Kustomization's build takes from the cluster, read once. Mutates: `secrets`, which gets what must not be shown."""

    means: Means
    key: Key
    spec: Mapping[str, Any]
    secrets: set[str] = field(default_factory=set)
    _variables: dict[str, str] | None = None

    def variables(self) -> Mapping[str, str]:
        """The variables of post-build substitution. Raises: VariablesError."""
        if self._variables is None:
            reader = self.means.around.cluster.reader
            self._variables = variables.read(reader, self.key.namespace, self.spec, self.secrets)
        return self._variables

    def keyring(self) -> Keyring | None:
        """The keys for encrypted files, None where no decryption is asked for. Raises: BuildError."""
        settings = self.spec.get("decryption")
        if not settings:
            return None
        if settings.get("provider") != PROVIDER:
            raise BuildError(f"decryption provider '{settings.get('provider')}' not implemented")
        reference, fallback = settings.get("secretRef"), self.means.age_secret
        if not reference:
            return age_keyring_of(*self._secret(fallback)) if fallback is not None else Keyring()
        return keyring_of(*self._secret(Key(self.key.namespace, str(reference["name"]))))

    def _secret(self, key: Key) -> tuple[dict[str, bytes], str]:
        """(the data of a Secret with keys, how errors name it). Raises: BuildError."""
        namespace, name = key
        try:
            found = self.means.around.cluster.reader.get(SECRETS._replace(namespace=namespace), name)
            if isinstance(found, Absent):
                raise BuildError(
                    f"cannot get sops decryption Secret '{namespace}/{name}': secrets \"{name}\" not found"
                )
            return decoded(found), str(key)
        except (ApplierError, CredentialsError) as problem:
            raise BuildError(f"cannot get sops decryption Secret '{namespace}/{name}': {problem}") from None


class Preparing(Attempt):
    """The part of a run before anything is applied.

    Shape: `revision` is empty until the artifact is known, `origin` where its source does not say what it was made from; `settled` is the last run, while this one may turn out to be
    about nothing but a new revision.
    """

    def __init__(self, owner: Means, run: Run, body: Body) -> None:
        super().__init__(owner, run, body)
        self.status: dict[str, Any] = {}
        self.revision, self.origin = "", ""
        self.settled: Settled | None = None

    def tell(self, severity: str, reason: str, message: str, **metadata: str) -> None:
        """The same as for every run, with the revision that an artifact of a registry was made from."""
        if self.origin:
            metadata["originRevision"] = self.origin
        super().tell(severity, reason, message, **metadata)

    def progress(self, phase: str) -> None:
        """Say how far the run is, where it has something new: a run of the same spec and revision stays silent."""
        status = self.body.get("status") or {}
        tail = f"for revision {self.revision} with a timeout of {durations.text_of(self.timeout_s)}"
        is_same = (
            observed(self.body) == generation(self.body)
            and status.get("lastAppliedRevision") == self.revision
            and self.conditions.is_true(READY)
        )
        if is_same or self.settled is not None:
            return
        self.conditions.progressing(f"{phase} {tail}", ready=IN_PROGRESS)
        self.merge_status({"conditions": self.conditions.as_list()})

    def artifact(self) -> Mapping[str, Any]:
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
            sentence = f"Source artifact not found, retrying in {self.owner.dependency_retry}"
            again_s = self.owner.dependency_retry_s
            raise RunError(ARTIFACT_FAILED, sentence, again_s=again_s, is_early=True, is_quiet=True)
        self.origin = str((artifact.get("metadata") or {}).get(ORIGIN_REVISION) or "")
        return artifact  # type: ignore[no-any-return]

    def built(self, artifact: Mapping[str, Any], begun: Callable[[], None]) -> Built:
        """The objects; `begun` is called when the path was found. Raises: RunError."""
        inputs = Inputs(self.owner, self.run.key, self.spec, self.secrets)
        try:
            return self.owner.builds.objects(self._recipe(inputs, artifact, begun))
        except DownloadError as problem:
            again_s = self.owner.dependency_retry_s if problem.is_missing else None
            raise RunError(ARTIFACT_FAILED, str(problem), again_s=again_s, is_quiet=problem.is_missing) from None
        except build.PathError as problem:
            raise RunError(ARTIFACT_FAILED, str(problem)) from None
        except BuildError as problem:
            raise RunError(BUILD_FAILED, variables.masked(str(problem), self.secrets)) from None

    def wanted(self, built: Built) -> list[dict[str, Any]]:
        """The objects as they are applied. Raises: RunError, where one is still encrypted."""
        hidden = next((body for body in built.bodies if cipher_text(body)), None)
        if hidden is not None:
            place = f"{hidden['metadata'].get('namespace') or self.run.key.namespace}/{hidden['metadata']['name']}"
            needed = "configuring decryption is required for this secret to be reconciled"
            raise RunError(FAILED, f"Secret/{place} is SOPS encrypted, {needed}")
        common = self.spec.get("commonMetadata") or {}
        return [with_metadata(body, common) for body in built.bodies] if common else built.bodies

    def built_for(self, other: Body, artifact: Mapping[str, Any]) -> Built | None:
        """What another Kustomization of the same source makes of the artifact, None where that cannot be had."""
        inputs = Inputs(self.owner, key_of(other), other.get("spec") or {})
        try:
            return self.owner.builds.objects(self._recipe(inputs, artifact, lambda: None))
        except (DownloadError, build.PathError, BuildError, ApplierError, RunError):
            return None

    def _recipe(self, inputs: Inputs, artifact: Mapping[str, Any], begun: Callable[[], None]) -> Recipe:
        return Recipe(
            key=inputs.key, spec=inputs.spec, artifact=str(artifact["digest"]),
            files=lambda: self.owner.artifacts.files(artifact, self.artifact),
            variables=inputs.variables, keyring=inputs.keyring, begun=begun,
        )  # fmt: skip


def with_metadata(body: Body, common: Mapping[str, Any]) -> dict[str, Any]:
    """An object with labels and annotations added to its metadata alone."""
    metadata = dict(body.get("metadata") or {})
    for name in ("labels", "annotations"):
        if common.get(name):
            metadata[name] = {**(metadata.get(name) or {}), **common[name]}
    return {**body, "metadata": metadata}
