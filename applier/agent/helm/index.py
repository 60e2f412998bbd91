"""The index of a chart repository: read, put into one form, and asked for the chart that a range of versions means.

Source: Helm v3 `repo.IndexFile`; source-controller v1 `ChartRepository`, as recorded.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import kbuild
from applier.agent.source import semver

if TYPE_CHECKING:
    from collections.abc import Mapping

    Index = Mapping[str, Any]


class IndexFileError(Exception):
    """A text that is no index: the sentence."""


class VersionError(Exception):
    """No chart fits: the sentence."""


def parse(data: bytes) -> dict[str, Any]:
    """An index as `{"apiVersion", "entries": {name: [version, ...]}}`, the newest first. Raises: IndexFileError."""
    found = _document(data)
    if not isinstance(found, dict):
        raise IndexFileError("empty index.yaml file")
    if not found.get("apiVersion"):
        raise IndexFileError("no API version specified")
    entries = found.get("entries") or {}
    if not isinstance(entries, dict):
        raise IndexFileError("the entries of the index are no map")
    kept = {str(name): _sorted(versions) for name, versions in entries.items()}
    return {**found, "apiVersion": str(found["apiVersion"]), "entries": kept}


def text_of(index: Index) -> bytes:
    """An index in the form in which it is stored: the same index has the same bytes."""
    return json.dumps(index, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _document(data: bytes) -> Any:
    """Raises: IndexFileError."""
    try:
        if data.lstrip()[:1] == b"{":
            return json.loads(data)
        documents = kbuild.read_documents(data, "index.yaml")
    except kbuild.KbuildError as problem:
        raise IndexFileError(f"error converting YAML to JSON: {problem}") from None
    except (ValueError, RecursionError) as problem:
        raise IndexFileError(f"error unmarshaling JSON: {problem}") from None
    return documents[0] if documents else None


def _sorted(versions: Any) -> list[dict[str, Any]]:
    """The usable versions of one chart, the highest first; of equal ones the later comes first."""
    usable = [
        (found, entry)
        for entry in (versions if isinstance(versions, list) else ())
        if isinstance(entry, dict) and (found := semver.parse(str(entry.get("version") or ""))) is not None
    ]
    usable.sort(key=lambda pair: (pair[0].order, str(pair[1].get("created") or "")), reverse=True)
    return [entry for _, entry in usable]


def find(index: Index, name: str, version: str) -> Mapping[str, Any]:
    """The chart version that a name and a range mean. Raises: VersionError."""
    entries = index["entries"].get(name)
    if not entries:
        raise VersionError("no chart name found")
    wanted = version or "*"
    for entry in entries:
        if str(entry["version"]) == wanted:
            return entry  # type: ignore[no-any-return]
    try:
        allowed = semver.parse_range(wanted)
    except ValueError as problem:
        raise VersionError(str(problem)) from None
    for entry in entries:
        found = semver.parse(str(entry["version"]))
        if found is not None and allowed.admits(found):
            return entry  # type: ignore[no-any-return]
    raise VersionError(f"no '{name}' chart with version matching '{wanted}' found")
