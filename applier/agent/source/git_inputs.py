"""What one run on a GitRepository takes in: server and credentials, includes, keys; and whether its artifact is that already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from applier.agent.runtime import durations, github_app
from applier.agent.runtime.conditions import READY, TRUE, Conditions
from applier.agent.runtime.events import TRACE
from applier.agent.source import credentials
from applier.agent.source.git import Remote
from applier.agent.source.verification import Verification, VerificationError
from applier.agent.source.verification import read as read_verification

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from applier.agent.runtime.controller import Run
    from applier.agent.source import checkout
    from applier.agent.source.git_repository import GitRepositories
    from applier.model.ids import Body

PREFIX, GITHUB = "gitrepository", "github"
FETCH_FAILED, IN_STORAGE, OUTDATED = "FetchFailed", "ArtifactInStorage", "ArtifactOutdated"
INCLUDE_UNAVAILABLE, STORAGE_FAILED, VERIFIED = "IncludeUnavailable", "StorageOperationFailed", "SourceVerified"
INCLUDE_RETRY_S = 30.0
FAILURES = (FETCH_FAILED, INCLUDE_UNAVAILABLE, STORAGE_FAILED)
_VERIFICATION_ERROR = "VerificationError"


class SourceError(Exception):
    """A run that cannot go on: which condition says so, with reason and message."""

    def __init__(self, condition: str, reason: str, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.condition, self.reason, self.message, self.is_final = condition, reason, message, is_final


class Inputs:
    """The inputs of one run. Shape: `status` collects what the one write at the end changes."""

    def __init__(self, owner: GitRepositories, run: Run, body: Body) -> None:
        self.owner, self.run, self.body = owner, run, body
        self.spec: Mapping[str, Any] = body.get("spec") or {}
        self.artifact: dict[str, Any] | None = (body.get("status") or {}).get("artifact")
        self.conditions: Conditions = owner.around.conditions(body)
        self.status: dict[str, Any] = {}
        self.was_ready = self.conditions.is_true(READY)
        self.verification: Verification | None = None

    def remote(self) -> Remote:
        """The repository with its credentials. Raises: SourceError."""
        namespace, url = self.run.key.namespace, str(self.spec["url"])
        reference, proxy = self.spec.get("secretRef"), self.spec.get("proxySecretRef")
        data = self.owner.secret(namespace, str(reference["name"])) if reference else {}
        proxy_data = self._proxy(namespace, str(proxy["name"])) if proxy else None
        self._check_provider(data)
        try:
            found = credentials.of_secret(url, data, proxy_data)
            if self.spec.get("provider") == GITHUB:
                token = self.owner.app_tokens.token(github_app.app_of(data), found.trust)
                found = replace(found, username=github_app.USER, password=token, bearer="")
        except github_app.AppError as problem:
            sentence = f"failed to configure authentication options: {problem}"
            raise SourceError(FETCH_FAILED, "AuthenticationFailed", sentence) from None
        except credentials.CredentialsError as problem:
            sentence = f"failed to configure authentication options: {problem}"
            raise SourceError(FETCH_FAILED, "AuthenticationFailed", sentence) from None
        return Remote(url, found, durations.seconds(str(self.spec.get("timeout") or "60s")))

    def _proxy(self, namespace: str, name: str) -> dict[str, bytes]:
        """The data of the Secret of a proxy. Raises: SourceError."""
        try:
            return self.owner.secret(namespace, name, is_plain=True)
        except SourceError as problem:
            missing = f"secret '{namespace}/{name}' not found" if " not found" in problem.message else problem.message
            sentence = f"failed to configure proxy options: {missing}"
            raise SourceError(FETCH_FAILED, "AuthenticationFailed", sentence) from None

    def _check_provider(self, data: Mapping[str, bytes]) -> None:
        """Raises: SourceError, where provider and Secret do not fit together."""
        problem = ""
        if self.spec.get("provider") == GITHUB:
            if not self.spec.get("secretRef"):
                problem = "secretRef with github app data must be specified when provider is set to github"
        elif github_app.is_app(data):
            place = f"{self.run.key.namespace}/{self.spec['secretRef']['name']}"
            problem = f"secretRef '{place}' has github app data but provider is not set to github"
        if problem:
            raise SourceError(FETCH_FAILED, "InvalidProviderConfiguration", problem, is_final=True)

    def includes(self) -> list[dict[str, Any]]:
        """The artifacts of the sources that are included, in order. Raises: SourceError."""
        found = []
        for entry in self.spec.get("include") or ():
            name = str(entry["repository"]["name"])
            other = self.owner.around.informer.get(self.run.key._replace(name=name))
            if other is None:
                sentence = (
                    f"could not get resource for include '{name}': GitRepository.source.toolkit.fluxcd.io"
                    f' "{name}" not found'
                )
                raise SourceError(INCLUDE_UNAVAILABLE, "NotFound", sentence)
            artifact = (other.get("status") or {}).get("artifact")
            if not artifact:
                sentence = f"no artifact available for include '{name}'"
                raise SourceError(INCLUDE_UNAVAILABLE, "NoArtifact", sentence)
            found.append(artifact)
        return found

    def read_keys(self) -> Verification | None:
        """What has to be signed, None where nothing has. Raises: SourceError."""
        wanted = self.spec.get("verify")
        if not wanted:
            self.conditions.remove(VERIFIED)
            return None
        try:
            name = str(wanted["secretRef"]["name"])
            return read_verification(wanted, self.owner.secret(self.run.key.namespace, name, is_plain=True))
        except SourceError as problem:
            raise SourceError(VERIFIED, _VERIFICATION_ERROR, f"public keys secret error: {problem.message}") from None
        except VerificationError as problem:
            raise SourceError(VERIFIED, problem.reason, problem.message, is_final=problem.is_final) from None

    def verify(self, target: checkout.Target, folder: Path) -> None:
        """Verify what was fetched before any of it is published. Raises: SourceError, RemoteError."""
        if self.verification is None:
            return
        try:
            message = self.verification.check(target, self.owner.mirrors, folder)
        except VerificationError as problem:
            raise SourceError(VERIFIED, problem.reason, problem.message, is_final=problem.is_final) from None
        self.conditions.set(VERIFIED, TRUE, "Succeeded", message)
        self.owner.around.event(self.body, TRACE, "Succeeded", message)

    def why_outdated(self, target: checkout.Target, observed_now: Mapping[str, Any]) -> str:
        status = self.body.get("status") or {}
        is_include = (
            self.artifact is not None
            and self.artifact.get("revision") == target.revision
            and (status.get("includedArtifacts") or None) != observed_now["includedArtifacts"]
        )
        return "IncludeChange" if is_include else "NewRevision"

    def is_current(self, target: checkout.Target, observed_now: Mapping[str, Any]) -> bool:
        status = self.body.get("status") or {}
        if self.artifact is None or self.artifact.get("revision") != target.revision:
            return False
        if self.verification is not None and not self.conditions.is_true(VERIFIED):
            return False
        return all((status.get(name) or None) == (value or None) for name, value in observed_now.items())


def refuse_unsupported(spec: Mapping[str, Any]) -> None:
    """Refuse what must not be ignored in silence: unverified is not verified. Raises: SourceError."""
    if spec.get("provider", "generic") not in ("generic", GITHUB):
        sentence = f"the provider '{spec['provider']}' is not supported by this agent"
        raise SourceError(FETCH_FAILED, "InvalidProviderConfiguration", sentence, is_final=True)


def observed_inputs(
    spec: Mapping[str, Any], includes: list[dict[str, Any]], verification: Verification | None
) -> dict[str, Any]:
    """What an artifact depends on besides the revision, as the status keeps it; None for what is not set."""
    return {
        "observedIgnore": spec.get("ignore"),
        "observedInclude": spec.get("include") or None,
        "observedRecurseSubmodules": spec.get("recurseSubmodules") or None,
        "observedSparseCheckout": spec.get("sparseCheckout") or None,
        "includedArtifacts": includes or None,
        "sourceVerificationMode": verification.mode if verification else None,
        "sourceVerificationFingerprint": verification.fingerprint if verification else None,
    }


def git_failure(sentence: str) -> SourceError:
    """The failure of a Git operation."""
    message = f"failed to checkout and determine revision: {sentence}"
    return SourceError(FETCH_FAILED, "GitOperationFailed", message)
