"""HelmChart: one chart out of a repository's index or a Git source's folder, packed and advertised as an artifact.

A chart of the same version is not fetched again, whatever else changed in its repository.
Source: source-controller v1, as recorded.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from applier.agent.helm import chart_files, index
from applier.agent.helm.chart_building import Dependencies, DependencyError
from applier.agent.helm.chart_server import ChartServer, ServerError
from applier.agent.helm.repositories import is_oci, server_of
from applier.agent.helm.source_run import (
    BUILD_FAILED,
    FETCH_FAILED,
    STORAGE_FAILED,
    SourceError,
    SourceKind,
    SourceRun,
)
from applier.agent.runtime.events import TRACE
from applier.agent.runtime.informer import key_of
from applier.agent.runtime.kinds import GIT_REPOSITORIES, HELM_REPOSITORIES
from applier.agent.runtime.reconciling import generation, observed
from applier.agent.source import unpack
from applier.agent.source.archive import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.runtime.controller import Run
    from applier.agent.runtime.informer import Informer
    from applier.agent.source.archive import Entry
    from applier.model.ids import Body

PULLED, PACKAGED = "ChartPullSucceeded", "ChartPackageSucceeded"
NO_ARTIFACT_RETRY_S = 30.0
SHORT = 12


@dataclass(frozen=True, slots=True)
class Found:
    """A chart that a run found. Shape: `data` its archive; `values` the files that were merged into its values."""

    name: str
    version: str
    data: bytes
    is_packaged: bool = False
    values: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """What statuses and events say."""
        merged = f" and merged values files [{' '.join(self.values)}]" if self.values else ""
        return (
            f"{'packaged' if self.is_packaged else 'pulled'} '{self.name}' chart with version '{self.version}'{merged}"
        )


class ChartRun(SourceRun):
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
        self._store(found)

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
        if kind == HELM_REPOSITORIES.kind and is_oci(source):
            sentence = f"HelmRepository '{name}' is of type 'oci', which is not supported by this agent"
            raise SourceError(FETCH_FAILED, "UnsupportedSourceKind", sentence, is_final=True)
        if not (source.get("status") or {}).get("artifact"):
            sentence = f"no artifact available for {kind} source '{name}'"
            raise SourceError(FETCH_FAILED, "NoSourceArtifact", sentence, again_s=NO_ARTIFACT_RETRY_S, severity=TRACE)
        return source

    def _is_stored(self, version: str) -> bool:
        """Whether the artifact is this chart in this version, made for this spec."""
        status = self.body.get("status") or {}
        return (
            self.artifact is not None
            and self.artifact.get("revision") == version
            and status.get("observedChartName") is not None
            and observed(self.body) == generation(self.body)
        )

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
        wanted = self._version(str(entry["version"]), "")
        if self._is_stored(wanted):
            return None
        data = self._pulled(server_of(self.around.cluster.reader, source), entry)
        try:
            chart = chart_files.of_archive(data)
        except chart_files.ChartError as problem:
            raise SourceError(FETCH_FAILED, "ChartPullError", f"chart pull error: {problem}") from None
        values, used = self._values(chart.files.get, chart)
        if values is None and wanted == chart.version:
            return Found(chart.name, chart.version, data)
        files = {chart_files.VALUES: values} if values is not None else {}
        return Found(chart.name, wanted, chart.packed(wanted, files), is_packaged=True, values=used)

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
        version = self._version(chart.version, str(artifact["revision"]))
        if self._is_stored(version):
            return None
        return self._packaged(chart, version, files, path)

    def _packaged(self, chart: chart_files.Chart, version: str, files: Mapping[str, Entry], path: str) -> Found:
        """Raises: SourceError."""

        def read(name: str) -> bytes | None:
            entry = files.get(posixpath.normpath("/" + name).lstrip("/"))
            return None if entry is None else entry.data

        values, used = self._values(read, chart)
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

    def _version(self, version: str, revision: str) -> str:
        """The version of the artifact: with the revision, and with the generation where values are merged in."""
        marks = []
        if revision and self.spec.get("reconcileStrategy") == "Revision":
            marks.append(revision.rpartition(":")[2][:SHORT])
        if self.spec.get("valuesFiles"):
            marks.append(str(generation(self.body)))
        return f"{version.partition('+')[0]}+{'.'.join(marks)}" if marks else version

    def _values(self, read: Callable[[str], bytes | None], chart: chart_files.Chart) -> tuple[bytes | None, list[str]]:
        """(the merged values, None where no files are named; the files used). Raises: SourceError."""
        paths = [str(one) for one in self.spec.get("valuesFiles") or ()]
        if not paths:
            return None, []
        try:
            ignores = bool(self.spec.get("ignoreMissingValuesFiles"))
            values, used = chart_files.merged_values(paths, read, ignore_missing=ignores)
        except chart_files.ValuesFileError as problem:
            sentence = f"values files merge error: failed to merge chart values: {problem}"
            raise SourceError(BUILD_FAILED, "ValuesFilesError", sentence, is_final=True) from None
        return (values if used else chart.files.get(chart_files.VALUES)), used

    def _store(self, found: Found) -> None:
        """Raises: SourceError."""
        storage = self.owner.storage
        self.outdated("NewChart", f"new chart '{found.name}' with version '{found.version}'")
        path = storage.path_of(self.owner.prefix, self.run.key, f"{found.name}-{found.version}.tgz")
        try:
            artifact = storage.keep(path, found.version, found.data)
        except OSError as problem:
            sentence = f"unable to copy Helm chart to storage: {problem.strerror}"
            raise SourceError(STORAGE_FAILED, "ArchiveOperationFailed", sentence) from None
        reason = PACKAGED if found.is_packaged else PULLED
        self.status |= {"observedChartName": found.name, "observedValuesFiles": found.values or None}
        self.stored(artifact, reason, found.summary, (reason, found.summary))


def bad_reference(sentence: str) -> SourceError:
    """A chart that is not there: only another spec or another source mends that."""
    return SourceError(FETCH_FAILED, "InvalidChartReference", f"invalid chart reference: {sentence}", is_final=True)
