"""The dependencies of a chart from Git that are not in its `charts` folder: other folders, and charts of repositories.

Source: Helm v3 `dependency build`; source-controller v1 `DependencyManager`, as recorded.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

import kbuild
from applier.agent.helm import chart_files, index
from applier.agent.helm.chart_server import ChartServer, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.helm.chart_files import Chart
    from applier.agent.source.archive import Entry

LOCK = "Chart.lock"
MAX_DEPENDENCIES, MAX_DEPTH = 100, 8


class DependencyError(Exception):
    """A dependency that cannot be had: the sentence."""


class Dependencies:
    """Brings the dependencies of one chart. Shape: `server_for` gives the server of a repository's URL."""

    def __init__(self, server_for: Callable[[str], ChartServer]) -> None:
        self._server_for = server_for
        self._indexes: dict[str, dict[str, Any]] = {}

    def of(self, chart: Chart, files: Mapping[str, Entry], path: str, depth: int = 1) -> dict[str, bytes]:
        """What is to be added to a chart's files. Raises: DependencyError."""
        wanted = chart.metadata.get("dependencies") or ()
        if len(wanted) > MAX_DEPENDENCIES or depth > MAX_DEPTH:
            raise DependencyError("there are too many dependencies")
        there, locked = _bundled(chart), _locked(chart)
        added: dict[str, bytes] = {}
        for one in wanted:
            name, repository = str(one.get("name") or ""), str(one.get("repository") or "")
            if name in there:
                continue
            if repository.startswith("file://"):
                folder = posixpath.normpath("/" + posixpath.join(path, repository.removeprefix("file://"))).lstrip("/")
                found = self._local(name, files, folder, depth)
            elif repository.startswith(("http://", "https://")):
                found = self._remote(name, locked.get(name) or str(one.get("version") or "*"), repository)
            else:
                raise DependencyError(f"failed to add dependency '{name}': repository '{repository}' is not supported")
            added[f"charts/{name}-{found[0]}.tgz"] = found[1]
        return added

    def _local(self, name: str, files: Mapping[str, Entry], folder: str, depth: int) -> tuple[str, bytes]:
        """Raises: DependencyError."""
        try:
            chart = chart_files.of_folder(files, folder or ".")
        except chart_files.ChartError as problem:
            raise DependencyError(f"failed to add local dependency '{name}': {problem}") from None
        return chart.version, chart.packed(files=self.of(chart, files, folder, depth + 1))

    def _remote(self, name: str, version: str, url: str) -> tuple[str, bytes]:
        """Raises: DependencyError."""
        server = self._server_for(url)
        try:
            if url not in self._indexes:
                self._indexes[url] = index.parse(server.index())
            entry = index.find(self._indexes[url], name, version)
            data = server.chart(entry)
            chart_files.of_archive(data)
        except (ServerError, index.IndexFileError, index.VersionError, chart_files.ChartError) as problem:
            raise DependencyError(f"failed to add remote dependency '{name}': {problem}") from None
        return str(entry["version"]), data


def _bundled(chart: Chart) -> set[str]:
    """The names of the charts in its `charts` folder."""
    found = set()
    for path, data in chart.files.items():
        parts = path.split("/")
        if parts[0] != "charts":
            continue
        try:
            if len(parts) == 2 and path.endswith(".tgz"):
                found.add(chart_files.of_archive(data).name)
            elif len(parts) == 3 and parts[2] == chart_files.METADATA:
                found.add(chart_files.of_files({chart_files.METADATA: data}).name)
        except chart_files.ChartError:
            continue  # Helm tells what is wrong with it
    return found


def _locked(chart: Chart) -> dict[str, str]:
    """The versions that Chart.lock names."""
    try:
        documents = kbuild.read_documents(chart.files.get(LOCK, b""), LOCK)
    except kbuild.KbuildError:
        return {}
    first = documents[0] if documents else None
    rows = first.get("dependencies") if isinstance(first, dict) else None
    return {str(row.get("name")): str(row.get("version")) for row in rows or () if isinstance(row, dict)}
