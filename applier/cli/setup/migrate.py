"""`kbuild migrate`: Flux's objects moved to the present version of their kinds, in the cluster or in files.

Source: flux2 v2.9 `migrate`: its words, flags and exit statuses.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier.agent.runtime.writes import OwnWriter
from applier.cli.operate import kinds as nouns
from applier.cli.operate.call import MANAGER
from applier.cli.operate.words import ACTION, GENERATING, SUCCESS, WARNING, StoppedError, say
from applier.cli.setup.kinds import DEFINITIONS
from applier.cli.setup.line import COMMON, agreed, guarded
from applier.cluster.api import Collection, Listing
from applier.failures import ApplierError, ErrorClass
from applier.model.live import Absent
from kbuild.cli.flags import BOOL, LIST, TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from applier.cli.setup.line import Line
    from applier.model.ids import Body

FLAGS = (
    Flag("path", TEXT, "move the manifests in this folder or file of the working directory, not the cluster's objects", short="f",
         placeholder="PATH"),
    Flag("extensions", LIST, "ends of the names of such files (comma-separated; default .yaml,.yml)", short="e", placeholder="ENDS"),
    Flag("version", TEXT, "Flux version whose kinds the manifests are for (default: the newest)", short="v", placeholder="X.Y"),
    Flag("yes", BOOL, "ask nothing", short="y"),
    Flag("dry-run", BOOL, "only say what would be changed in files"),
    *COMMON,
)  # fmt: skip
SELECTOR = "app.kubernetes.io/part-of=flux"
VERSIONS = ("2.9", "2.8", "2.7", "2.6")
RACES = 5
_OLD_IMAGES = {noun.kind: "v1beta2" for noun in nouns.IMAGES.values()}
_API_VERSION = re.compile(r"apiVersion: \s*([^\s/]+)/([^\s/]+)")
_KIND = re.compile(r"kind: \s*(\S+)")


def migrate(argv: Sequence[str]) -> int:
    """`kbuild migrate [-f PATH]`; returns the exit status."""
    return guarded("migrate", argv, FLAGS, _migrate)


def _migrate(line: Line) -> int:
    line.no_words()
    if line.text("path"):
        return _migrate_files(line)
    say(ACTION, "starting migration of custom resources")
    for definition in _listed(line, DEFINITIONS, SELECTOR):
        _migrate_kind(line, definition)
    say(SUCCESS, "custom resources migrated successfully")
    return 0


def _listed(line: Line, place: Collection, selector: str = "") -> list[Body]:
    """Raises: ApplierError."""
    found = line.cluster.reader.list(place, selector=selector)
    assert isinstance(found, Listing)
    return list(found.bodies)


def _migrate_kind(line: Line, definition: Body) -> None:
    """Write every object of a kind anew, so that the server stores it in the present version. Raises: StoppedError, ApplierError."""
    name, spec = str(definition["metadata"]["name"]), definition["spec"]
    version = next((str(one["name"]) for one in spec["versions"] if one.get("storage")), "")
    if not version:
        raise StoppedError(f"no storage version found for CRD {name}")
    place = Collection(str(spec["group"]), version, str(spec["names"]["plural"]), str(spec["names"]["kind"]))
    for body in _listed(line, place):
        _rewrite(line, place, body)
        metadata = body["metadata"]
        say(SUCCESS, f"{place.kind}/{metadata.get('namespace') or ''}/{metadata['name']} migrated to version {version}")
    if (definition.get("status") or {}).get("storedVersions") != [version]:
        OwnWriter(line.cluster.exchange, MANAGER).status(DEFINITIONS, definition, {"storedVersions": [version]})
        say(SUCCESS, f"{name} migrated to storage version {version}")


def _rewrite(line: Line, place: Collection, body: Body) -> None:
    """One write that changes nothing but whose version managed fields are of. Raises: ApplierError."""
    writer = OwnWriter(line.cluster.exchange, MANAGER)
    own = place._replace(namespace=str(body["metadata"].get("namespace") or ""))
    for left in range(RACES, -1, -1):
        try:
            writer.merge(place, body, managed_change(body, f"{place.group}/{place.version}"))
            return
        except ApplierError as problem:
            if problem.error_class is ErrorClass.NOT_FOUND:
                return
            if problem.error_class is not ErrorClass.RACE or not left:
                raise
        found = line.cluster.reader.get(own, str(body["metadata"]["name"]))
        if isinstance(found, Absent):
            return
        body = found


def managed_change(body: Mapping[str, Any], api_version: str) -> dict[str, Any]:
    """The change that moves managed fields to a version; an empty one where they are of it already."""
    metadata = body["metadata"]
    entries = metadata.get("managedFields") or []
    moved = [{**entry, "apiVersion": api_version} for entry in entries]
    if moved == entries:
        return {}
    return {"metadata": {"managedFields": moved, "resourceVersion": metadata["resourceVersion"]}}


@dataclass(frozen=True, slots=True)
class Upgrade:
    """One apiVersion in a file. Units: `row` counts from 0."""

    row: int
    kind: str
    old: str
    new: str


def _migrate_files(line: Line) -> int:
    latest = latest_versions(line.text("version", VERSIONS[0]))
    say(ACTION, "starting migration of custom resources")
    found = []
    for path in _files(line):
        rows = _read(path).split("\n")
        upgrades = list(upgrades_of(rows, latest))
        for one in upgrades:
            say(GENERATING, f"{path}:{one.row + 1}: {one.kind} {one.old} -> {one.new}")
        if upgrades:
            found.append((path, rows, upgrades))
    if not found:
        say(SUCCESS, "no custom resources found that require migration")
        return 0
    if line.is_on("dry_run"):
        say(SUCCESS, "dry-run mode enabled, no changes will be made")
        return 0
    if not line.is_on("yes"):
        agreed(line, "Are you sure you want to proceed with the above upgrades?")
    for path, rows, upgrades in found:
        for one in upgrades:
            rows[one.row] = rows[one.row].replace(one.old, one.new, 1)
        _write(path, "\n".join(rows))
        say(SUCCESS, f"file {path} migrated successfully")
    say(SUCCESS, "custom resources migrated successfully")
    return 0


def latest_versions(flux: str) -> dict[tuple[str, str], str]:
    """The newest version of each (group, kind) in a version of Flux. Raises: StoppedError."""
    if flux not in VERSIONS:
        raise StoppedError(f"version {flux} is not supported, supported versions are: {', '.join(VERSIONS)}")
    places = [noun.collection for noun in (*nouns.EVERY, nouns.GENERATOR)]
    found = {(place.group, place.kind): place.version for place in places}
    if flux == VERSIONS[-1]:
        found = {
            key: _OLD_IMAGES.get(key[1], version) for key, version in found.items() if key[1] != nouns.GENERATOR.kind
        }
    return found


def upgrades_of(rows: Sequence[str], latest: Mapping[tuple[str, str], str]) -> Iterator[Upgrade]:
    """The apiVersions of old versions: those with the kind in the next row."""
    for number, row in enumerate(rows[:-1]):
        version, kind = _API_VERSION.search(row), _KIND.search(rows[number + 1])
        if version is None or kind is None:
            continue
        new = latest.get((version[1], kind[1]))
        if new is not None and new != version[2]:
            yield Upgrade(number, kind[1], version[2], new)


def _files(line: Line) -> list[str]:
    """The files to look at, below the working directory. Raises: StoppedError."""
    path = os.path.normpath(line.text("path"))
    ends = tuple(line.items("extensions")) or (".yaml", ".yml")
    if os.path.isabs(path) or path.split(os.sep)[0] == os.pardir:
        raise StoppedError(f"failed to stat path {path}: it is outside of the working directory")
    if not os.path.exists(path):
        raise StoppedError(f"failed to stat path {path}: openat {path}: no such file or directory")
    if not os.path.isdir(path):
        if not path.endswith(ends):
            raise StoppedError(f"file {path} does not match the specified extensions: {', '.join(ends)}")
        if os.path.islink(path) or not os.path.isfile(path):
            raise StoppedError(f"file {path} is irregular")
        return [path]
    return list(_walk(path, ends))


def _walk(path: str, ends: tuple[str, ...]) -> Iterator[str]:
    """Regular files with one of the ends, in the order of their names; links are told and left out."""
    for entry in sorted(os.scandir(path), key=lambda one: one.name):
        inner = os.path.normpath(os.path.join(path, entry.name))
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(inner, ends)
        elif inner.endswith(ends) and entry.is_file(follow_symlinks=False):
            yield inner
        elif inner.endswith(ends):
            say(WARNING, f"skipping irregular file {inner}")


def _read(path: str) -> str:
    """A file with its line ends and whatever its bytes are. Raises: StoppedError."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except OSError as problem:
        raise StoppedError(f"failed to read file {path}: {(problem.strerror or 'it cannot be read').lower()}") from None


def _write(path: str, text: str) -> None:
    """Raises: StoppedError."""
    try:
        with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
    except OSError as problem:
        raise StoppedError(
            f"failed to write file {path}: {(problem.strerror or 'it cannot be written').lower()}"
        ) from None
