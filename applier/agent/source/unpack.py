"""An artifact read back: verified, bounded, and never outside its folder. Artifacts are untrusted input."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from typing import TYPE_CHECKING

from applier.agent.source.archive import ArchiveError, Entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

MAX_UNPACKED, _PIECE = 1 << 30, 1 << 20
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

    Raises: ArchiveError, as `inflate` and `places` do.
    """
    plain = io.BytesIO()
    inflate(data, plain)
    view = plain.getbuffer()
    return {path: Entry(path, bytes(view[at : at + size]), runs) for path, at, size, runs in _members(plain)}


def inflate(data: bytes, out: BinaryIO) -> int:
    """Write the tar in a gzip stream; returns its size. Raises: ArchiveError, for what is none or holds too much."""
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    total, rest = 0, data
    try:
        while not unpacker.eof:
            piece = unpacker.decompress(rest, _PIECE)
            rest = unpacker.unconsumed_tail
            if not piece and not rest:
                break
            total += out.write(piece)
            if total > MAX_UNPACKED + MAX_FILES * 1024:
                raise ArchiveError("the archive holds too much")
    except zlib.error as problem:
        raise ArchiveError(f"failed to untar archive: {problem}") from None
    if not unpacker.eof:
        raise ArchiveError("failed to untar archive: unexpected EOF")
    return total


def places(plain: BinaryIO) -> dict[str, tuple[int, int]]:
    """(offset, size) of each regular file of a tar, by path from its root. Raises: ArchiveError, as for `safe_path`."""
    return {path: (at, size) for path, at, size, _ in _members(plain)}


def _members(plain: BinaryIO) -> Iterator[tuple[str, int, int, bool]]:
    """(path, offset, size, whether it may be run) of the regular files; links and devices are left out.

    Raises: ArchiveError, for a path that leads out, and for more than a gibibyte or 100,000 files.
    """
    plain.seek(0)
    count = total = 0
    try:
        with tarfile.open(fileobj=plain, mode="r:") as archive:
            for member in archive:
                if not member.isreg() or member.issparse():
                    continue
                count, total = count + 1, total + member.size
                if total > MAX_UNPACKED or count > MAX_FILES:
                    raise ArchiveError("the archive holds too much")
                yield safe_path(member.name), member.offset_data, member.size, bool(member.mode & 0o100)
    except (tarfile.TarError, EOFError) as problem:
        raise ArchiveError(f"failed to untar archive: {problem}") from None


def safe_path(name: str) -> str:
    """A member's path from the root. Raises: ArchiveError, for one that is absolute or leads out."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or not parts or "\\" in name or "\0" in name:
        raise ArchiveError(f"the archive holds a path that leads out of it: {name!r}")
    return "/".join(parts)
