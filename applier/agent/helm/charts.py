"""HelmChart: one chart out of a repository's index or a Git source's folder, packed and advertised as an artifact.

A chart of the same version is not fetched again, whatever else changed in its repository.
Source: source-controller v1, as recorded.
"""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING, Any

from applier.agent.helm import chart_files, index, registry_charts
from applier.agent.helm.chart_building import Dependencies, DependencyError
from applier.agent.helm.chart_making import ChartMaking, Found, bad_reference
from applier.agent.helm.chart_server import ChartServer, ServerError
from applier.agent.helm.repositories import is_oci, server_of
from applier.agent.helm.source_run import (
    BUILD_FAILED,
    FETCH_FAILED,
    SourceError,
    SourceKind,
)
from applier.agent.runtime.events import TRACE
from applier.agent.runtime.informer import key_of
from applier.agent.runtime.kinds import GIT_REPOSITORIES, HELM_REPOSITORIES
from applier.agent.runtime.reconciling import generation, observed
from applier.agent.source import unpack
from applier.agent.source.archive import ArchiveError
from applier.agent.source.registry import RegistryError
from applier.agent.source.registry_access import registry_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.runtime.controller import Run
    from applier.agent.runtime.informer import Informer
    from applier.agent.source.archive import Entry
    from applier.model.ids import Body

NO_ARTIFACT_RETRY_S = 30.0


class ChartRun(ChartMaking):
    """One run on one HelmChart. Shape: `sources` are the informers of what charts come from, by kind."""

    def __init__(self, owner: SourceKind, run: Run, body: Body, sources: Mapping[str, Informer]) -> None:
        super().__init__(owner, run, body)
        self.sources = sources

    def work(self) -> None:
        """Raises: SourceError."""
        if self.spec.get("verify"):
            sentence = "the verification of charts is not supported by this agent"
            raise SourceError(BUILD_FAILED, "VerificationError", sentence, is_final=True)
        source = self._source()
        if is_oci(source):
            self._work_on_registry(source)
            return
        artifact = source["status"]["artifact"]
        revision = str(artifact["revision"])
        status = self.body.get("status") or {}
        is_seen = status.get("observedSourceArtifactRevision") == revision and observed(self.body) == generation(
            self.body
        )
        if is_seen and self.artifact is not None:
            self.unchanged()
            return
        is_git = source["kind"] == GIT_REPOSITORIES.kind
        found = self._of_source(artifact) if is_git else self._of_repository(source, artifact)
        self.status["observedSourceArtifactRevision"] = revision
        if found is None:
            self.unchanged()
            return
        self.store(found)

    def _source(self) -> Body:
        """The source with its artifact. Raises: SourceError."""
        reference = self.spec["sourceRef"]
        kind, name = str(reference["kind"]), str(reference["name"])
        if kind not in self.sources:
            sentence = f"unsupported source kind '{kind}'"
            raise SourceError(FETCH_FAILED, "UnsupportedSourceKind", sentence, is_final=True)
        source = self.sources[kind].get(self.run.key._replace(name=name))
        if source is None:
            missing = f'{kind}.source.toolkit.fluxcd.io "{name}" not found'
            raise SourceError(FETCH_FAILED, "SourceUnavailable", f"failed to get source: {missing}")
        if not is_oci(source) and not (source.get("status") or {}).get("artifact"):
            sentence = f"no artifact available for {kind} source '{name}'"
            raise SourceError(FETCH_FAILED, "NoSourceArtifact", sentence, again_s=NO_ARTIFACT_RETRY_S, severity=TRACE)
        return source

    def _work_on_registry(self, source: Body) -> None:
        """A chart of a registry, whose tags are looked at each time. Raises: SourceError."""
        name = str(self.spec["chart"])
        url = f"{str(source['spec']['url']).rstrip('/')}/{name}"
        place = registry_charts.RegistryChart(registry_of(self.around.cluster.reader, source, url), name)
        try:
            version = place.version(str(self.spec.get("version") or ""))
            wanted = self.version_of(version, "")
            if self.is_stored(wanted):
                self.unchanged()
                return
            data = place.archive(version)
        except registry_charts.MissingError as problem:
            raise bad_reference(f"failed to get chart version for remote reference: {problem}") from None
        except RegistryError as problem:
            reason = "AuthenticationFailed" if problem.is_denied else "ChartPullError"
            sentence = f"chart pull error: failed to download chart for remote reference: {problem}"
            raise SourceError(FETCH_FAILED, reason, sentence) from None
        self.status["observedSourceArtifactRevision"] = None
        self.store(self.found(data, wanted))

    def _of_repository(self, source: Body, artifact: Mapping[str, Any]) -> Found | None:
        """The chart that the index names, None where it is stored already. Raises: SourceError."""
        try:
            known = json.loads(self.owner.storage.read(artifact))
            entry = index.find(known, str(self.spec["chart"]), str(self.spec.get("version") or ""))
        except OSError:
            sentence = f"failed to load the index of HelmRepository '{source['metadata']['name']}'"
            raise SourceError(FETCH_FAILED, "ChartPullError", sentence) from None
        except index.VersionError as problem:
            raise bad_reference(f"failed to get chart version for remote reference: {problem}") from None
        wanted = self.version_of(str(entry["version"]), "")
        if self.is_stored(wanted):
            return None
        return self.found(self._pulled(server_of(self.around.cluster.reader, source), entry), wanted)

    def _pulled(self, server: ChartServer, entry: Mapping[str, Any]) -> bytes:
        """Raises: SourceError."""
        try:
            return server.chart(entry)
        except ServerError as problem:
            sentence = f"chart pull error: failed to download chart for remote reference: {problem}"
            raise SourceError(FETCH_FAILED, "ChartPullError", sentence) from None

    def _of_source(self, artifact: Mapping[str, Any]) -> Found | None:
        """The chart in a folder, or as a file, of a Git source. Raises: SourceError."""
        try:
            files = unpack.files(self.owner.storage.read(artifact))
        except (OSError, ArchiveError) as problem:
            text = problem.strerror if isinstance(problem, OSError) else str(problem)
            sentence = f"failed to open source artifact: {text}"
            raise SourceError(FETCH_FAILED, "SourceUnavailable", sentence) from None
        path = posixpath.normpath("/" + str(self.spec["chart"])).lstrip("/") or "."
        if path in files:
            chart = self._loaded(lambda: chart_files.of_archive(files[path].data or b""))
            return Found(chart.name, chart.version, files[path].data or b"")
        if path != "." and not any(one.startswith(f"{path}/") for one in files):
            raise bad_reference(f"stat /source/{path}: no such file or directory")
        chart = self._loaded(lambda: chart_files.of_folder(files, path))
        version = self.version_of(chart.version, str(artifact["revision"]))
        if self.is_stored(version):
            return None
        return self._packaged(chart, version, files, path)

    def _packaged(self, chart: chart_files.Chart, version: str, files: Mapping[str, Entry], path: str) -> Found:
        """Raises: SourceError."""

        def read(name: str) -> bytes | None:
            entry = files.get(posixpath.normpath("/" + name).lstrip("/"))
            return None if entry is None else entry.data

        values, used = self.values(read, chart)
        try:
            more = Dependencies(self._server_for).of(chart, files, path)
        except DependencyError as problem:
            sentence = f"dependency build error: {problem}"
            raise SourceError(BUILD_FAILED, "DependencyBuildError", sentence) from None
        if values is not None:
            more = {**more, chart_files.VALUES: values}
        return Found(chart.name, version, chart.packed(version, more), is_packaged=True, values=used)

    @staticmethod
    def _loaded(load: Callable[[], chart_files.Chart]) -> chart_files.Chart:
        """Raises: SourceError."""
        try:
            return load()
        except chart_files.ChartError as problem:
            raise bad_reference(str(problem)) from None

    def _server_for(self, url: str) -> ChartServer:
        """The server of a dependency: as a HelmRepository of the same namespace has it, or for everybody. Raises: SourceError."""
        for body in self.sources[HELM_REPOSITORIES.kind].all():
            is_near = key_of(body).namespace == self.run.key.namespace
            if is_near and str(body["spec"]["url"]).rstrip("/") == url.rstrip("/"):
                return server_of(self.around.cluster.reader, body)
        return ChartServer(url)
