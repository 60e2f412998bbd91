"""Entries to text and back: sorted lines of `id TAB version TAB uid TAB flags TAB fingerprints`, compressed in parts.

The same entries always give the same text, so that its digest tells whether an inventory is whole.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable

from applier.model.errors import InventoryDamagedError
from applier.model.ids import ObjectId, parse_id
from applier.model.inventory import Entry

PART_BYTES = 700_000  # compressed; a ConfigMap takes 1,048,576 bytes and grows by a third in JSON
MAX_TEXT_BYTES = 64_000_000  # of one part: more is no inventory of ours but a bomb
_HEX = 12


def encode(entries: Iterable[Entry]) -> str:
    """The canonical text; every line ends with a newline."""
    lines = [f"{entry.id.text}\t{entry.version}\t{entry.uid}\t{entry.flags}\t{_prints(entry)}\n" for entry in entries]
    lines.sort()
    return "".join(lines)


def _prints(entry: Entry) -> str:
    """Both fingerprints, or none: one alone proves nothing."""
    return entry.wanted + entry.owned if entry.wanted and entry.owned else ""


def decode(text: str) -> dict[ObjectId, Entry]:
    """The entries of a canonical text. Raises: InventoryDamagedError."""
    found: dict[ObjectId, Entry] = {}
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split("\t")
        if len(parts) != 5:
            raise InventoryDamagedError(f"line {number} of the inventory has {len(parts)} fields, not 5")
        name, version, uid, flags, prints = parts
        try:
            object_id = parse_id(name)
        except ValueError as error:
            raise InventoryDamagedError(f"line {number} of the inventory: {error}") from None
        found[object_id] = Entry(object_id, version, uid, flags, prints[:_HEX], prints[_HEX:])
    return found


def digest(text: str) -> str:
    """The sha256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def compress(text: str) -> bytes:
    """The same bytes for the same text: level 6, no time."""
    import gzip

    return gzip.compress(text.encode(), 6, mtime=0)


def decompress(data: bytes) -> str:
    """Raises: InventoryDamagedError, for bytes that are no such text, or more than an inventory can be."""
    reader = zlib.decompressobj(wbits=31)
    try:
        plain = reader.decompress(data, MAX_TEXT_BYTES)
        if not reader.eof:
            raise InventoryDamagedError(
                "the inventory is cut off" if not reader.unconsumed_tail else "the inventory is too large"
            )
        return plain.decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise InventoryDamagedError(f"the inventory cannot be decompressed: {error}") from None


def parts(text: str, limit: int = PART_BYTES) -> list[str]:
    """The text cut at lines into as few parts as fit the limit when compressed, all of about one size."""
    packed = len(compress(text))
    if packed <= limit:
        return [text]
    lines = text.splitlines(keepends=True)
    count = -(-packed // limit)
    while True:
        size = -(-len(lines) // count)
        cut = ["".join(lines[start : start + size]) for start in range(0, len(lines), size)]
        if size == 1 or all(len(compress(part)) <= limit for part in cut):
            return cut
        count += 1
