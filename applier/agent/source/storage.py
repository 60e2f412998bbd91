"""Artifacts in a folder: written beside their place and renamed into it, verified, and removed when they are old.

The folder is a cache that may be lost at any time: everything in it can be fetched and packed again.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from applier.agent.runtime.serving import Reply
from applier.agent.source import archive
from applier.clock import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import BinaryIO

    from applier.agent.runtime.queue import Key
    from applier.agent.runtime.serving import Asked

RETENTION_S, RETENTION_RECORDS, MAX_WALKED = 60.0, 2, 1000
NOT_FOUND = Reply(404, b"404 page not found\n")


@dataclass(frozen=True, slots=True)
class Storage:
    """Where artifacts lie and by which host they are had. Shape: `host` is what the URLs name, with its port if any."""

    root: Path
    host: str

    def path_of(self, kind: str, key: Key, file: str) -> str:
        """The path of an artifact from the root: `gitrepository/ns/name/commit.tar.gz`."""
        return f"{kind}/{key.namespace}/{key.name}/{file}"

    def url_of(self, path: str) -> str:
        """The URL of an artifact."""
        return f"http://{self.host}/{path}"

    def store(
        self, path: str, revision: str, entries: Iterable[archive.Entry], metadata: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Pack entries into an artifact; returns it as `status.artifact` has it.

        Raises: ArchiveError, OSError.
        """
        return self._stored(path, revision, lambda out: archive.write(entries, out), metadata)

    def keep(self, path: str, revision: str, data: bytes) -> dict[str, Any]:
        """Store bytes as they are; returns the artifact. Raises: OSError."""

        def write(out: BinaryIO) -> tuple[str, int]:
            return hashlib.sha256(data).hexdigest(), out.write(data)

        return self._stored(path, revision, write, None)

    def _stored(
        self,
        path: str,
        revision: str,
        write: Callable[[BinaryIO], tuple[str, int]],
        metadata: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        place = self.root / path
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=place.parent)
        try:
            with os.fdopen(descriptor, "wb") as out:
                digest, size = write(out)
            Path(temporary).replace(place)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return {
            "digest": f"sha256:{digest}",
            "lastUpdateTime": utc_text(time.time()),
            "path": path,
            "revision": revision,
            "size": size,
            "url": self.url_of(path),
            **({"metadata": dict(metadata)} if metadata else {}),
        }

    def here(self, artifact: Mapping[str, Any]) -> dict[str, Any]:
        """An artifact as it is had from this process: it may have been stored by one with another address."""
        return {**artifact, "url": self.url_of(str(artifact["path"]))}

    def problem_with(self, artifact: Mapping[str, Any]) -> str:
        """What is wrong with an advertised artifact: `""`, `missing`, or the sentence of a digest that differs."""
        try:
            data = (self.root / str(artifact["path"])).read_bytes()
        except OSError:
            return "missing"
        algorithm, _, expected = str(artifact["digest"]).partition(":")
        if hashlib.new(algorithm, data).hexdigest() != expected:
            return f"computed digest doesn't match '{artifact['digest']}'"
        return ""

    def read(self, artifact: Mapping[str, Any]) -> bytes:
        """The bytes of a stored artifact. Raises: OSError."""
        return (self.root / str(artifact["path"])).read_bytes()

    def collect(self, kind: str, key: Key, keep: str) -> list[str]:
        """Remove an object's old artifacts: those older than a minute, and beyond the two newest; never `keep`.

        Returns the names that were removed.
        """
        folder = self.root / kind / key.namespace / key.name
        found = []
        for at, entry in enumerate(_scan(folder)):
            if at >= MAX_WALKED:
                break
            if not entry.name.startswith(".") and f"{kind}/{key.namespace}/{key.name}/{entry.name}" != keep:
                found.append((entry.stat().st_mtime, entry.name))
        found.sort(reverse=True)
        now = time.time()
        removed = [
            name for at, (born, name) in enumerate(found) if now - born > RETENTION_S or at >= RETENTION_RECORDS - 1
        ]
        for name in removed:
            (folder / name).unlink(missing_ok=True)
        return removed

    def remove(self, kind: str, key: Key) -> None:
        """Remove everything of an object."""
        folder = self.root / kind / key.namespace / key.name
        for entry in _scan(folder):
            Path(entry.path).unlink(missing_ok=True)
        if folder.is_dir():
            folder.rmdir()

    def serve(self, asked: Asked) -> Reply:
        """Answer a request for an artifact, or for a range of one."""
        parts = [part for part in asked.path.split("/") if part]
        if not parts or any(part in (".", "..") or part.startswith(".") for part in parts):
            return NOT_FOUND
        place = self.root.joinpath(*parts)
        try:
            file = place.open("rb")
            facts = os.fstat(file.fileno())
        except OSError:
            return NOT_FOUND
        modified = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(facts.st_mtime))
        headers = {"Last-Modified": modified, "Accept-Ranges": "bytes"}
        wanted = _range(asked.headers.get("range", ""), facts.st_size)
        if wanted is None:
            return Reply(200, b"", _type(place), headers, file, facts.st_size)
        start, end = wanted
        file.seek(start)
        headers["Content-Range"] = f"bytes {start}-{end}/{facts.st_size}"
        return Reply(206, b"", _type(place), headers, file, end - start + 1)


def _type(place: Path) -> str:
    return "application/yaml" if place.suffix == ".yaml" else "application/gzip"


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _range(text: str, size: int) -> tuple[int, int] | None:
    """(first, last byte) of a single range, None for the whole."""
    unit, _, spec = text.partition("=")
    first, dash, last = spec.partition("-")
    if unit != "bytes" or not dash or not (first.isdigit() or last.isdigit()) or "," in spec:
        return None
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    return (start, end) if start <= end else None
