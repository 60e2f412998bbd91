"""An artifact read back: verified, bounded, and never outside its folder. Artifacts are untrusted input."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib

from applier.agent.source.archive import ArchiveError, Entry

MAX_UNPACKED = 1 << 30
MAX_FILES = 100_000


def verify(data: bytes, digest: str) -> None:
    """Compare bytes with `algorithm:hex`. Raises: ArchiveError, where they differ or the algorithm is unknown."""
    algorithm, _, expected = digest.partition(":")
    if algorithm not in ("sha256", "sha384", "sha512") or hashlib.new(algorithm, data).hexdigest() != expected:
        raise ArchiveError(
            f"failed to verify archive: computed digest doesn't match provided '{digest}' (check whether file size"
            " exceeds max download size)"
        )


def files(data: bytes) -> dict[str, Entry]:
    """The regular files of a tar.gz by path from its root, in the order of the archive.

    Links and devices are left out. Raises: ArchiveError, for a path that leads out, for what is no archive, and for one
    that unpacks to more than a gibibyte or 100,000 files.
    """
    found: dict[str, Entry] = {}
    total = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(_inflated(data)), mode="r:") as archive:
            for member in archive:
                if not member.isreg():
                    continue
                path = safe_path(member.name)
                reader = archive.extractfile(member)
                assert reader is not None
                found[path] = Entry(path, reader.read(), bool(member.mode & 0o100))
                total += member.size
                if total > MAX_UNPACKED or len(found) > MAX_FILES:
                    raise ArchiveError("the archive holds too much")
    except (tarfile.TarError, EOFError) as problem:
        raise ArchiveError(f"failed to untar archive: {problem}") from None
    return found


def _inflated(data: bytes) -> bytes:
    """The tar in a gzip stream. Raises: ArchiveError."""
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(data, MAX_UNPACKED + (MAX_FILES * 1024))
    except zlib.error as problem:
        raise ArchiveError(f"failed to untar archive: {problem}") from None
    if unpacker.unconsumed_tail:
        raise ArchiveError("the archive holds too much")
    if not unpacker.eof:
        raise ArchiveError("failed to untar archive: unexpected EOF")
    return plain


def safe_path(name: str) -> str:
    """A member's path from the root. Raises: ArchiveError, for one that is absolute or leads out."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or not parts or "\\" in name or "\0" in name:
        raise ArchiveError(f"the archive holds a path that leads out of it: {name!r}")
    return "/".join(parts)
