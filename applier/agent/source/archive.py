"""Files packed so that equal content gives equal bytes: no times, no owners, three modes, one order.

Source: fluxcd/pkg `tar`, as recorded: ustar headers, `.` first, depth first in lexical order, regular files and
directories only.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

FILE_MODE, EXECUTABLE_MODE, FOLDER_MODE = 0o600, 0o700, 0o750
BLOCK = 512
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder. Shape: `path` from the root, without leading or trailing slash; `data` None for a folder."""

    path: str
    data: bytes | None = None
    is_executable: bool = False


class ArchiveError(Exception):
    """Something that cannot be packed or unpacked."""


def write(entries: Iterable[Entry], out: BinaryIO) -> tuple[str, int]:
    """Write a tar.gz of entries in their order; returns (sha256 of its bytes in hex, size in bytes).

    Raises: ArchiveError, for a path that no ustar header can hold.
    """
    digest, size = hashlib.sha256(), 0
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    checksum, length = 0, 0

    def put(data: bytes) -> None:
        nonlocal size
        if data:
            digest.update(data)
            out.write(data)
            size += len(data)

    put(_GZIP_HEADER)
    for piece in _blocks(entries):
        checksum, length = zlib.crc32(piece, checksum), length + len(piece)
        put(packer.compress(piece))
    put(packer.flush())
    put(checksum.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little"))
    return digest.hexdigest(), size


def _blocks(entries: Iterable[Entry]) -> Iterable[bytes]:
    yield header(".", 0, FOLDER_MODE, is_folder=True)
    for entry in entries:
        if entry.data is None:
            yield header(entry.path, 0, FOLDER_MODE, is_folder=True)
            continue
        mode = EXECUTABLE_MODE if entry.is_executable else FILE_MODE
        yield header(entry.path, len(entry.data), mode, is_folder=False) + entry.data
        rest = len(entry.data) % BLOCK
        if rest:
            yield bytes(BLOCK - rest)
    yield bytes(2 * BLOCK)


def header(path: str, size: int, mode: int, *, is_folder: bool) -> bytes:
    """A ustar header. Raises: ArchiveError, for a path that is too long to be split."""
    prefix, name = _split(path.encode("utf-8", "surrogateescape"), path)
    fields = b"".join(
        (
            name.ljust(100, b"\0"), b"%07o\0" % mode, b"0000000\0", b"0000000\0", b"%011o\0" % size, b"00000000000\0",
            b" " * 8, b"5" if is_folder else b"0", bytes(100), b"ustar\x0000", bytes(32), bytes(32), b"0000000\0",
            b"0000000\0", prefix.ljust(155, b"\0"), bytes(12),
        )
    )  # fmt: skip
    return b"%b%06o\0 %b" % (fields[:148], sum(fields), fields[156:])


def _split(name: bytes, path: str) -> tuple[bytes, bytes]:
    """(prefix, name) of a path."""
    if len(name) <= 100:
        return b"", name
    at = name.find(b"/", len(name) - 101)
    if at < 0 or at > 155 or at + 1 == len(name):
        raise ArchiveError(f"the path is too long for an archive: {path}")
    return name[:at], name[at + 1 :]
