"""Discovery documents on disk, by server and user, with the ETag they came with. Losing it costs a few kilobytes."""

from __future__ import annotations

import json
import os
from threading import get_ident
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class DiscoveryCache:
    """Keeps documents in one folder. A file that cannot be read or written does not exist."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def load(self, path: str) -> tuple[str, dict[str, Any]] | None:
        """The ETag and the document kept for a path."""
        try:
            with open(self._file(path), "rb") as file:
                etag, _, text = file.read().partition(b"\n")
            document = json.loads(text)
        except (OSError, ValueError):
            return None
        return (etag.decode("latin-1"), document) if isinstance(document, dict) else None

    def store(self, path: str, etag: str, body: bytes) -> None:
        """Keep a document; readers see the old or the new one whole."""
        place = self._file(path)
        temporary = f"{place}.{os.getpid()}-{get_ident()}"
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(etag.encode("latin-1", "replace") + b"\n" + body)
            os.replace(temporary, place)
        except OSError:
            return

    def _file(self, path: str) -> str:
        return os.path.join(self.folder, path.strip("/") + ".json")


def cache_for(server: str, user: str, environment: Mapping[str, str]) -> DiscoveryCache:
    """The cache of one server and user, below the user's cache folder."""
    from hashlib import blake2b

    home = environment.get("XDG_CACHE_HOME") or os.path.join(environment.get("HOME") or "/nonexistent", ".cache")
    name = blake2b(f"{server}\n{user}".encode(), digest_size=12).hexdigest()
    return DiscoveryCache(os.path.join(home, "kbuild", "discovery", name))
