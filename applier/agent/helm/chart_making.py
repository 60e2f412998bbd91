"""What becomes of a chart that was found: its version, its values with the values files, and its artifact.

Source: source-controller v1, as recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from applier.agent.helm import chart_files
from applier.agent.helm.source_run import BUILD_FAILED, FETCH_FAILED, STORAGE_FAILED, SourceError, SourceRun
from applier.agent.runtime.reconciling import generation, observed

if TYPE_CHECKING:
    from collections.abc import Callable

PULLED, PACKAGED = "ChartPullSucceeded", "ChartPackageSucceeded"
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


class ChartMaking(SourceRun):
    """The second half of a run on a HelmChart."""

    def is_stored(self, version: str) -> bool:
        """Whether the artifact is this chart in this version, made for this spec."""
        status = self.body.get("status") or {}
        return (
            self.artifact is not None
            and self.artifact.get("revision") == version
            and status.get("observedChartName") is not None
            and observed(self.body) == generation(self.body)
        )

    def found(self, data: bytes, wanted: str) -> Found:
        """The chart of an archive, with the values files merged in. Raises: SourceError."""
        try:
            chart = chart_files.of_archive(data)
        except chart_files.ChartError as problem:
            raise SourceError(FETCH_FAILED, "ChartPullError", f"chart pull error: {problem}") from None
        values, used = self.values(chart.files.get, chart)
        if values is None and wanted == chart.version:
            return Found(chart.name, chart.version, data)
        files = {chart_files.VALUES: values} if values is not None else {}
        return Found(chart.name, wanted, chart.packed(wanted, files), is_packaged=True, values=used)

    def version_of(self, version: str, revision: str) -> str:
        """The version of the artifact: with the revision, and with the generation where values are merged in."""
        marks = []
        if revision and self.spec.get("reconcileStrategy") == "Revision":
            marks.append(revision.rpartition(":")[2][:SHORT])
        if self.spec.get("valuesFiles"):
            marks.append(str(generation(self.body)))
        return f"{version.partition('+')[0]}+{'.'.join(marks)}" if marks else version

    def values(self, read: Callable[[str], bytes | None], chart: chart_files.Chart) -> tuple[bytes | None, list[str]]:
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

    def store(self, found: Found) -> None:
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
