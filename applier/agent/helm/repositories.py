"""HelmRepository: the index of a chart repository, fetched, checked and advertised as an artifact.

An index that did not change is neither parsed nor written again. One of type `oci` is only an address: nothing is fetched.
Source: source-controller v1, as recorded.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from applier.agent.helm import index
from applier.agent.helm.chart_server import ChartServer, ServerError
from applier.agent.helm.source_run import FETCH_FAILED, STORAGE_FAILED, SourceError, SourceRun, secret_data
from applier.agent.runtime import durations
from applier.agent.runtime.controller import NOT_BY_ITSELF, Again
from applier.agent.runtime.kinds import HELM_REPOSITORIES
from applier.agent.source import credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.cluster.reader import Reader
    from applier.model.ids import Body

OCI = "oci"


class RepositoryRun(SourceRun):
    """One run on one HelmRepository."""

    def finish(self) -> Again:
        """The same as for every source; one of type `oci` has no status. Raises: ApplierError."""
        if is_oci(self.body):
            if self.body.get("status"):
                self.owner.storage.remove(self.owner.prefix, self.run.key)
                gone = {"artifact": None, "conditions": None, "observedGeneration": None, "url": None}
                self.around.write(self.body, gone)
            return NOT_BY_ITSELF
        return super().finish()

    def work(self) -> None:
        """Raises: SourceError."""
        server = server_of(self.around.cluster.reader, self.body)
        try:
            data = server.index()
        except ServerError as problem:
            sentence = f"failed to fetch Helm repository index: failed to cache index to temporary file: {problem}"
            raise SourceError(FETCH_FAILED, "Failed", sentence) from None
        name = hashlib.sha256(data).hexdigest()
        revision = f"sha256:{name}"
        if self.artifact is not None and self.artifact.get("revision") == revision:
            self.unchanged()
            return
        try:
            text = index.text_of(index.parse(data))
        except index.IndexFileError as problem:
            sentence = f"failed to load Helm repository from index YAML: {problem}"
            raise SourceError(FETCH_FAILED, "IndexationFailed", sentence) from None
        self.outdated("NewRevision", f"new index revision '{revision}'")
        storage = self.owner.storage
        path = storage.path_of(self.owner.prefix, self.run.key, f"index-{name}.yaml")
        try:
            artifact = storage.keep(path, revision, text)
        except OSError as problem:
            sentence = f"unable to save artifact to storage: {problem.strerror}"
            raise SourceError(STORAGE_FAILED, "ArchiveOperationFailed", sentence) from None
        told = f"stored fetched index of size {size_text(len(data))} from '{self.spec['url']}'"
        self.stored(artifact, self.SUCCEEDED, f"stored artifact: revision '{revision}'", ("NewArtifact", told))


def is_oci(body: Body) -> bool:
    """Whether a HelmRepository is for a registry."""
    spec = body.get("spec") or {}
    if body.get("kind") != HELM_REPOSITORIES.kind:
        return False
    return spec.get("type") == OCI or str(spec.get("url") or "").startswith("oci://")


def server_of(reader: Reader, body: Body) -> ChartServer:
    """The server that a HelmRepository names, with its credentials. Raises: SourceError."""
    spec: Mapping[str, Any] = body.get("spec") or {}
    namespace, url = str(body["metadata"]["namespace"]), str(spec["url"])
    if spec.get("provider", "generic") != "generic":
        sentence = f"the provider '{spec['provider']}' is not supported by this agent"
        raise SourceError(FETCH_FAILED, "InvalidProviderConfiguration", sentence, is_final=True)
    data: dict[str, bytes] = {}
    for field in ("secretRef", "certSecretRef"):
        if spec.get(field):
            found = secret_data(reader, namespace, str(spec[field]["name"]))
            is_certificate = field == "certSecretRef"
            data |= {name: value for name, value in found.items() if _belongs(name, is_certificate=is_certificate)}
    try:
        known = credentials.of_secret(url, data)
    except credentials.CredentialsError as problem:
        sentence = f"failed to configure Helm client with secret data: {problem}"
        raise SourceError(FETCH_FAILED, "AuthenticationFailed", sentence) from None
    timeout_s = durations.seconds(str(spec.get("timeout") or "60s"))
    return ChartServer(url, known, timeout_s, bool(spec.get("passCredentials")))


def _belongs(name: str, *, is_certificate: bool) -> bool:
    return not is_certificate or name in ("ca.crt", "tls.crt", "tls.key")


def size_text(size: int) -> str:
    """A size as Flux prints it: four digits, powers of a thousand."""
    value, units = float(size), ["B", "kB", "MB", "GB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.4g}{units[0]}"
