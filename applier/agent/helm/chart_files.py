"""Charts as files: read from an archive or a folder, packed the same way each time, their values merged.

Source: Helm v3 `chart/loader`, `chartutil`, `ignore`; source-controller v1 `chart.Builder`, as recorded.
"""

from __future__ import annotations

import fnmatch
import gzip
import io
import json
import posixpath
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import kbuild
from applier.agent.source import semver, unpack
from applier.agent.source.archive import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from applier.agent.source.archive import Entry

_HOLDER = "value"  # a render writes objects, with their metadata in front
METADATA, VALUES, IGNORED = "Chart.yaml", "values.yaml", ".helmignore"


class ChartError(Exception):
    """A chart that cannot be used: the sentence."""


class ValuesFileError(Exception):
    """A file of values that cannot be used: the sentence."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. Shape: `files` by path from its root; `metadata` is its Chart.yaml."""

    files: Mapping[str, bytes]
    metadata: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.metadata["name"])

    @property
    def version(self) -> str:
        """Its version, as it is written."""
        return str(self.metadata["version"])

    def packed(self, version: str = "", files: Mapping[str, bytes] | None = None) -> bytes:
        """The archive of the chart; with another version, and with other files in place of its own."""
        contents = {**self.files, **(files or {})}
        if version and version != self.version:
            contents[METADATA] = yaml_of({**self.metadata, "version": version}).encode()
        return pack(self.name, contents)


def of_archive(data: bytes) -> Chart:
    """The chart in a .tgz. Raises: ChartError."""
    try:
        entries = unpack.files(data)
    except ArchiveError as problem:
        raise ChartError(str(problem)) from None
    return of_files({path.partition("/")[2]: entry.data or b"" for path, entry in entries.items() if "/" in path})


def of_folder(entries: Mapping[str, Entry], folder: str) -> Chart:
    """The chart in a folder of a source, without what its .helmignore leaves out. Raises: ChartError."""
    start = "" if folder == "." else f"{folder}/"
    files = {path[len(start) :]: entry.data or b"" for path, entry in entries.items() if path.startswith(start)}
    rules = _rules(files.get(IGNORED, b"").decode("utf-8", "replace"))
    return of_files({path: data for path, data in files.items() if not _is_ignored(path, rules)})


def of_files(files: Mapping[str, bytes]) -> Chart:
    """Raises: ChartError."""
    if METADATA not in files:
        raise ChartError(f"{METADATA} file is missing")
    try:
        documents = kbuild.read_documents(files[METADATA], METADATA)
    except kbuild.KbuildError as problem:
        raise ChartError(f"cannot load {METADATA}: {problem}") from None
    first = documents[0] if documents else None
    metadata = first if isinstance(first, dict) else {}
    for name in ("apiVersion", "name", "version"):
        if not metadata.get(name):
            raise ChartError(f"validation: chart.metadata.{name} is required")
    if semver.parse(str(metadata["version"])) is None:
        raise ChartError(f'validation: chart.metadata.version "{metadata["version"]}" is invalid')
    name = str(metadata["name"])
    if posixpath.basename(name) != name or name in (".", ".."):
        raise ChartError(f'validation: chart.metadata.name "{name}" is invalid')
    return Chart(files, metadata)


def pack(name: str, files: Mapping[str, bytes]) -> bytes:
    """A .tgz as Helm reads it, the same for the same files: Chart.yaml first, then by path, without times."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(files, key=lambda one: (one != METADATA, one)):
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size, member.mode = len(files[path]), 0o644
            archive.addfile(member, io.BytesIO(files[path]))
    return gzip.compress(plain.getvalue(), 6, mtime=0)


def merged_values(paths: Iterable[str], read: Any, *, ignore_missing: bool) -> tuple[bytes, list[str]]:
    """(the merged values as YAML, the paths that were there). `read(path)` gives bytes or None. Raises: ValuesFileError."""
    values: dict[str, Any] = {}
    found = []
    for path in paths:
        data = read(path)
        if data is None:
            if ignore_missing:
                continue
            raise ValuesFileError(f"no values file found at path '{path}'")
        values = merge(values, values_of(data, path))
        found.append(path)
    return yaml_of(values).encode(), found


def yaml_of(values: Mapping[str, Any]) -> str:
    """A map as YAML; what a render could not print (control characters) is JSON, which is YAML too."""
    if not values:
        return "{}\n"
    try:
        text = kbuild.to_yaml([{_HOLDER: values}]).partition(f"{_HOLDER}:\n")[2]
    except kbuild.OutputError:
        return json.dumps(values)
    return "".join(f"{row.removeprefix('  ')}\n" for row in text.splitlines())


def values_of(data: bytes, name: str) -> dict[str, Any]:
    """A file of values. Raises: ValuesFileError."""
    try:
        documents = kbuild.read_documents(data, name)
    except kbuild.KbuildError as problem:
        raise ValuesFileError(f"unmarshaling values from '{name}' failed: {problem}") from None
    first = documents[0] if documents else None
    if first is None:
        return {}
    if not isinstance(first, dict):
        raise ValuesFileError(f"unmarshaling values from '{name}' failed: they are no map")
    return first


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Maps merged at every depth; whatever else is there twice is had from `over`."""
    found = dict(base)
    for name, value in over.items():
        old = found.get(name)
        found[name] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return found


def _rules(text: str) -> list[str]:
    rows = [row.strip() for row in text.splitlines()]
    return ["templates/.?*", *(row for row in rows if row and not row.startswith("#"))]


def _is_ignored(path: str, rules: list[str]) -> bool:
    """Whether a path, or a folder on the way to it, is ignored; as Helm has it, a negation only narrows nothing."""
    if path in (METADATA, IGNORED):
        return path == IGNORED
    parts = path.split("/")
    for at in range(1, len(parts) + 1):
        head, is_folder = "/".join(parts[:at]), at < len(parts)
        for rule in rules:
            if not rule.startswith("!") and _fits(rule, head, is_folder=is_folder):
                return True
    return False


def _fits(rule: str, path: str, *, is_folder: bool) -> bool:
    if rule.endswith("/"):
        if not is_folder:
            return False
        rule = rule.rstrip("/")
    pattern = rule.removeprefix("/")
    if "/" not in rule:
        return fnmatch.fnmatchcase(path.rpartition("/")[2], pattern)
    return path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)
