"""Artifacts downloaded, verified and unpacked; the last few are kept, since many Kustomizations share one source.

Each is a file system of its own, below one folder: nothing outside of an artifact can be named.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from applier.agent.kustomization.archive_files import unpacked
from applier.agent.runtime.fetching import FetchError, Question, ask, pool
from applier.agent.source import unpack
from applier.agent.source.archive import ArchiveError
from applier.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from applier.agent.kustomization.archive_files import ArchiveFileSystem

OTHER_ARTIFACT = "Source is not ready, artifact digest changed, retrying in 30s"
ROOT = "/source"
ATTEMPTS, KEPT, KEPT_BYTES, MAX_DOWNLOAD = 9, 50, 2 << 30, 1 << 30


class DownloadError(Exception):
    """An artifact that cannot be had: the sentence. `is_missing` means that a newer one will come."""

    def __init__(self, sentence: str, *, is_missing: bool = False) -> None:
        super().__init__(sentence)
        self.is_missing = is_missing


@dataclass(slots=True)
class Artifacts:
    """Downloads artifacts. Safe to use from several threads. Shape: `attempts` is how often a download is tried."""

    clock: Clock = field(default_factory=SystemClock)
    attempts: int = ATTEMPTS
    _kept: OrderedDict[str, ArchiveFileSystem] = field(default_factory=OrderedDict)
    _sizes: dict[str, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _busy: dict[str, Lock] = field(default_factory=dict)

    def files(self, artifact: Mapping[str, Any], latest: Callable[[], Mapping[str, Any]]) -> ArchiveFileSystem:
        """The files of an artifact, below `ROOT`; not to be changed.

        `latest` gives the source's artifact as it is advertised now: another replica may serve it meanwhile.
        Raises: DownloadError.
        """
        digest = str(artifact["digest"])
        with self._lock:
            busy = self._busy.setdefault(digest, Lock())
        with busy:  # of many that want the same one the first has the work
            found = self._known(digest)
            if found is None:
                found = self._unpacked(digest, self.download(artifact, latest))
        with self._lock:
            self._busy.pop(digest, None)
        return found

    def _known(self, digest: str) -> ArchiveFileSystem | None:
        with self._lock:
            found = self._kept.get(digest)
            if found is not None:
                self._kept.move_to_end(digest)
            return found

    def _unpacked(self, digest: str, data: bytes) -> ArchiveFileSystem:
        """Raises: DownloadError."""
        try:
            unpack.verify(data, digest)
            found, size = unpacked(data, ROOT)
        except OSError as problem:
            raise DownloadError(f"failed to untar archive: {problem.strerror}") from None
        except ArchiveError as problem:
            is_other = "computed digest" in str(problem)
            raise DownloadError(OTHER_ARTIFACT if is_other else str(problem), is_missing=is_other) from None
        self._keep(digest, found, size)
        return found

    def _keep(self, digest: str, found: ArchiveFileSystem, size: int) -> None:
        with self._lock:
            self._kept[digest] = found
            self._sizes[digest] = size
            while len(self._kept) > 1 and (len(self._kept) > KEPT or sum(self._sizes.values()) > KEPT_BYTES):
                old, _ = self._kept.popitem(last=False)
                del self._sizes[old]

    def download(self, artifact: Mapping[str, Any], latest: Callable[[], Mapping[str, Any]]) -> bytes:
        """The bytes of an artifact, not verified yet. Raises: DownloadError."""
        problem = ""
        for attempt in range(1, self.attempts + 1):
            now = latest()
            if now.get("digest") != artifact["digest"]:
                # The run that the change asks for waits already.
                raise DownloadError(OTHER_ARTIFACT, is_missing=True)
            url = str(now["url"])
            try:
                with pool() as connections:
                    answer = ask(connections, Question(url=url, timeout_s=60.0, at_most=MAX_DOWNLOAD))
            except FetchError as error:
                problem = f'GET {url} giving up after {attempt} attempt(s): Get "{url}": {error}'
            else:
                if answer.status == 200:
                    return answer.body
                if answer.status == 404:
                    sentence = "Source is not ready, artifact not found, retrying in 30s"
                    raise DownloadError(sentence, is_missing=True)
                problem = f"GET {url} giving up after {attempt} attempt(s): status {answer.status}"
            if attempt < self.attempts:
                self.clock.sleep(min(0.5 * 2.0 ** (attempt - 1), 10.0))
        raise DownloadError(f"failed to download archive: {problem}")
