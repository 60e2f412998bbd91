"""OCIRepository: the artifact of a tag, a range of versions or a digest in a registry, unpacked, packed and advertised.

A run that finds the digest it has makes one request and writes nothing.
Source: source-controller v1, as its sources and documentation say; what it signs is refused, not ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kbuild
from applier.agent.helm.source_run import (
    FETCH_FAILED,
    STORAGE_FAILED,
    SourceError,
    SourceRun,
)
from applier.agent.source import packing, semver, unpack
from applier.agent.source.archive import ArchiveError
from applier.agent.source.registry import ORIGIN_REVISION, ORIGIN_SOURCE, Layer, Manifest, Registry, RegistryError
from applier.agent.source.registry_access import registry_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.helm.source_run import SourceKind
    from applier.agent.runtime.controller import Run
    from applier.agent.source.git import Mirrors
    from applier.model.ids import Body

PULL_FAILED, LAYER_FAILED = "OCIArtifactPullFailed", "OCIArtifactLayerOperationFailed"
LATEST, COPY, MAX_LAYER = "latest", "copy", 1 << 30


class OciRun(SourceRun):
    """One run on one OCIRepository. Shape: `mirrors` read contents; of a registry's artifact none are in a mirror."""

    def __init__(self, owner: SourceKind, run: Run, body: Body, mirrors: Mirrors) -> None:
        super().__init__(owner, run, body)
        self.mirrors = mirrors

    def work(self) -> None:
        """Raises: SourceError."""
        if self.spec.get("verify"):
            sentence = "the verification of artifacts is not supported by this agent"
            raise SourceError(FETCH_FAILED, "VerificationError", sentence, is_final=True)
        url = str(self.spec["url"])
        registry = registry_of(self.around.cluster.reader, self.body, url)
        try:
            reference, tag = self._reference(registry)
            manifest = registry.manifest(reference)
        except RegistryError as problem:
            if str(problem).startswith("URL must be"):
                raise SourceError(FETCH_FAILED, "URLInvalid", f"URL validation failed for '{url}': {problem}", is_final=True) from None  # fmt: skip
            reason = "AuthenticationFailed" if problem.is_denied else PULL_FAILED
            raise SourceError(FETCH_FAILED, reason, f"failed to determine artifact digest: {problem}") from None
        revision = f"{tag}@{manifest.digest}" if tag else manifest.digest
        inputs = {
            "observedIgnore": self.spec.get("ignore"), "observedLayerSelector": self.spec.get("layerSelector") or None,
        }  # fmt: skip
        status = self.body.get("status") or {}
        is_same = all((status.get(name) or None) == (value or None) for name, value in inputs.items())
        if self.artifact is not None and self.artifact.get("revision") == revision and is_same:
            self.unchanged()
            return
        self.outdated("NewRevision", f"new revision '{revision}' for '{url}'")
        self._store(registry, manifest, revision)
        self.status |= inputs

    def _reference(self, registry: Registry) -> tuple[str, str]:
        """(tag or digest to ask for, the tag of the revision). Raises: RegistryError, SourceError."""
        wanted = self.spec.get("ref") or {}
        if wanted.get("digest"):
            return str(wanted["digest"]), ""
        if wanted.get("semver"):
            tag = self._newest(registry, str(wanted["semver"]), str(wanted.get("semverFilter") or ""))
            return tag, tag
        tag = str(wanted.get("tag") or LATEST)
        return tag, tag

    @staticmethod
    def _newest(registry: Registry, text: str, pattern: str) -> str:
        """Raises: RegistryError."""
        try:
            fits = kbuild.Regexp(pattern)
            allowed = semver.parse_range(text)
        except (kbuild.KbuildError, ValueError) as problem:
            raise RegistryError(f"semver '{text}' parse error: {problem}") from None
        found = [
            (version.order, tag)
            for tag in registry.tags()
            if fits.search(tag) and (version := semver.parse(tag)) is not None and allowed.admits(version)
        ]
        if not found:
            raise RegistryError(f"no match found for semver: {text}")
        return max(found)[1]

    def _store(self, registry: Registry, manifest: Manifest, revision: str) -> None:
        """Raises: SourceError."""
        storage, selector = self.owner.storage, self.spec.get("layerSelector") or {}
        url = str(self.spec["url"])
        layer = _chosen(manifest, str(selector.get("mediaType") or ""))
        try:
            data = registry.blob(layer, MAX_LAYER)
        except RegistryError as problem:
            raise SourceError(FETCH_FAILED, PULL_FAILED, f"failed to pull artifact from '{url}': {problem}") from None
        name = manifest.digest.partition(":")[2]
        path = storage.path_of(self.owner.prefix, self.run.key, f"{name}.tar.gz")
        try:
            if selector.get("operation") == COPY:
                artifact = storage.keep(path, revision, data)
                artifact |= {"metadata": dict(manifest.annotations)} if manifest.annotations else {}
            else:
                artifact = storage.store(path, revision, self._entries(data), manifest.annotations)
        except (ArchiveError, OSError) as problem:
            sentence = f"failed to extract layer contents from artifact: {problem}"
            condition = STORAGE_FAILED if isinstance(problem, OSError) else FETCH_FAILED
            raise SourceError(condition, LAYER_FAILED, sentence) from None
        told = f"stored artifact with revision '{revision}' from '{url}'{_origin(manifest.annotations)}"
        self.stored(artifact, self.SUCCEEDED, f"stored artifact for digest '{revision}'", ("NewArtifact", told))

    def _entries(self, data: bytes) -> Any:
        """Raises: ArchiveError."""
        found = unpack.files(data)
        items = {path: packing.Item(path, one.is_executable, data=one.data or b"") for path, one in found.items()}
        return packing.packed(packing.Contents(items), str(self.spec.get("ignore") or ""), self.mirrors)


def _chosen(manifest: Manifest, media_type: str) -> Layer:
    """The layer that is the content. Raises: SourceError."""
    for layer in manifest.layers:
        if not media_type or layer.media_type == media_type:
            return layer
    what = f"failed to find layer with media type '{media_type}' in artifact" if media_type else "no layers found in artifact"  # fmt: skip
    raise SourceError(FETCH_FAILED, LAYER_FAILED, what)


def _origin(notes: Mapping[str, str]) -> str:
    found = [f", origin source '{notes[ORIGIN_SOURCE]}'"] if notes.get(ORIGIN_SOURCE) else []
    if notes.get(ORIGIN_REVISION):
        found.append(f", origin revision '{notes[ORIGIN_REVISION]}'")
    return "".join(found)
