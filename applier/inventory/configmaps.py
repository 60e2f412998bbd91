"""Inventories to ConfigMaps and back: the head, and above the size limit content-addressed further parts.

The head is an ApplySet parent. Parts are written before the head that names them, so a head never points at something
incomplete.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from applier import keys
from applier.inventory import codec
from applier.inventory.names import applyset_id
from applier.model.errors import InventoryDamagedError
from applier.model.ids import Body, GroupKind, ObjectId
from applier.model.inventory import Chunk, Entry, Header, Inventory, InventoryRef
from applier.model.kinds import CONFIG_MAP
from applier.model.values import mapping, mappings, number, text

FORMAT = 1
PREVIEW_IDS = 20
_LEASE = GroupKind("coordination.k8s.io", "Lease")
_DAMAGED_HINT = "`kbuild inventory rebuild` restores it from the labels of the members"


class Stored(NamedTuple):
    """The bodies of an inventory. Shape: `parts` must exist before `head` is written."""

    head: dict[str, Any]
    parts: tuple[dict[str, Any], ...]


def bodies(inventory: Inventory, tool_version: str, limit: int = codec.PART_BYTES) -> Stored:
    """The ConfigMaps that hold an inventory; digest, count and parts of its header are computed here.

    A stored inventory's head carries its uid and resourceVersion, so that writing it is compare-and-swap.
    """
    text_of_entries = codec.encode(inventory.entries.values())
    pieces = codec.parts(text_of_entries, limit)
    header = inventory.header
    parts = _parts(inventory.ref, header.generation, pieces) if len(pieces) > 1 else ()
    chunks = tuple(_chunk_of(part, piece) for part, piece in zip(parts, pieces, strict=bool(parts)))
    data = {"header": _header_text(header, len(inventory.entries), codec.digest(text_of_entries), chunks)}
    head: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(inventory, tool_version),
        "data": data,
    }
    if not parts:
        data["preview"] = "\n".join(
            line.partition("\t")[0] for line in text_of_entries.split("\n", PREVIEW_IDS)[:PREVIEW_IDS]
        )
        head["binaryData"] = {"entries": base64.b64encode(codec.compress(text_of_entries)).decode()}
    return Stored(head, parts)


def _metadata(inventory: Inventory, tool_version: str) -> dict[str, Any]:
    kinds = sorted({str(entry.id.group_kind) for entry in inventory.entries.values()})
    spaces = sorted({entry.id.namespace for entry in inventory.entries.values()} - {"", inventory.ref.namespace})
    metadata: dict[str, Any] = {
        "name": inventory.ref.head_name,
        "namespace": inventory.ref.namespace,
        "labels": {keys.APPLYSET_ID: applyset_id(inventory.ref)},
        "annotations": {
            keys.APPLYSET_TOOLING: f"{keys.TOOL}/{tool_version}",
            keys.APPLYSET_KINDS: ",".join(kinds),
            keys.APPLYSET_NAMESPACES: ",".join(spaces),
        },
    }
    if inventory.uid:
        metadata["uid"] = inventory.uid
    if inventory.resource_version:
        metadata["resourceVersion"] = inventory.resource_version
    return metadata


def _parts(ref: InventoryRef, generation: int, pieces: list[str]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": keys.chunk_name(ref.name, generation, index),
                "namespace": ref.namespace,
                "labels": {keys.PART_OF_INVENTORY: applyset_id(ref)},
                "annotations": {keys.SHA256: codec.digest(piece)},
            },
            "immutable": True,
            "binaryData": {"entries": base64.b64encode(codec.compress(piece)).decode()},
        }
        for index, piece in enumerate(pieces)
    )


def _chunk_of(part: Mapping[str, Any], piece: str) -> Chunk:
    metadata = part["metadata"]
    return Chunk(name=metadata["name"], sha256=metadata["annotations"][keys.SHA256], count=piece.count("\n"))


def _header_text(header: Header, count: int, sha256: str, chunks: tuple[Chunk, ...]) -> str:
    value = {
        "v": FORMAT,
        "gen": header.generation,
        "tool": header.tool,
        "run": header.run,
        "phase": header.phase,
        "started": header.started,
        "finished": header.finished,
        "result": header.result,
        "source": header.source,
        "count": count,
        "sha256": sha256,
        "chunks": [{"name": one.name, "sha256": one.sha256, "count": one.count} for one in chunks],
    }
    return json.dumps(value, separators=(",", ":"))


def header_of(head: Body) -> Header:
    """The header of a head; it names the parts that must be read as well. Raises: InventoryDamagedError."""
    try:
        value = json.loads(text(mapping(head.get("data")).get("header")))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InventoryDamagedError("the inventory has no readable header", hint=_DAMAGED_HINT)
    if value.get("v") != FORMAT:
        raise InventoryDamagedError(f"the inventory has format {value.get('v')!r}; this version reads format {FORMAT}")
    return Header(
        generation=number(value.get("gen")),
        tool=text(value.get("tool")),
        run=text(value.get("run")),
        phase=text(value.get("phase")),
        started=text(value.get("started")),
        finished=text(value.get("finished")),
        result=text(value.get("result")),
        source=text(value.get("source")),
        count=number(value.get("count")),
        sha256=text(value.get("sha256")),
        chunks=tuple(
            Chunk(name=text(one.get("name")), sha256=text(one.get("sha256")), count=number(one.get("count")))
            for one in mappings(value.get("chunks"))
        ),
    )


def read(ref: InventoryRef, head: Body, parts: Mapping[str, Body]) -> Inventory:
    """The inventory that a head and its parts (by name) hold.

    Raises: InventoryDamagedError, when a part is missing, or a digest or count is not what the header says.
    """
    header = header_of(head)
    if header.chunks:
        whole = "".join(_part_text(chunk, parts.get(chunk.name)) for chunk in header.chunks)
    else:
        whole = _entries_text(head)
    if codec.digest(whole) != header.sha256:
        raise InventoryDamagedError(f"inventory {ref}: its digest is not the one in its header", hint=_DAMAGED_HINT)
    entries = codec.decode(whole)
    if len(entries) != header.count:
        raise InventoryDamagedError(
            f"inventory {ref}: {len(entries)} entries, {header.count} expected", hint=_DAMAGED_HINT
        )
    metadata = mapping(head.get("metadata"))
    return Inventory(
        ref=ref,
        entries=entries,
        header=header,
        uid=text(metadata.get("uid")),
        resource_version=text(metadata.get("resourceVersion")),
    )


def _part_text(chunk: Chunk, part: Body | None) -> str:
    if part is None:
        raise InventoryDamagedError(f"part {chunk.name} of the inventory is missing", hint=_DAMAGED_HINT)
    found = _entries_text(part)
    if codec.digest(found) != chunk.sha256:
        raise InventoryDamagedError(f"part {chunk.name} of the inventory is not what was written", hint=_DAMAGED_HINT)
    return found


def _entries_text(body: Body) -> str:
    try:
        packed = base64.b64decode(text(mapping(body.get("binaryData")).get("entries")), validate=True)
    except (binascii.Error, ValueError):
        raise InventoryDamagedError("the inventory's entries are not base64", hint=_DAMAGED_HINT) from None
    return codec.decompress(packed)


def stray_parts(ref: InventoryRef, names: Iterable[str], header: Header) -> list[str]:
    """Which ConfigMaps are parts of this inventory that its head does not name: left behind by a run that died."""
    wanted = {chunk.name for chunk in header.chunks}
    front = f"{ref.head_name}."
    found = []
    for name in names:
        generation, dot, index = name.removeprefix(front).partition(".")
        if name.startswith(front) and dot and generation.isdigit() and index.isdigit() and name not in wanted:
            found.append(name)
    return sorted(found)


def is_bookkeeping(object_id: ObjectId, ref: InventoryRef) -> bool:
    """Whether an object is the inventory itself (its head, a part or its lock), which no set may contain."""
    if object_id.namespace != ref.namespace or not object_id.name.startswith(ref.head_name):
        return False
    if object_id.group_kind == _LEASE:
        return object_id.name == ref.head_name
    if object_id.group_kind != CONFIG_MAP:
        return False
    return object_id.name == ref.head_name or bool(stray_parts(ref, (object_id.name,), Header()))


def with_entries(inventory: Inventory, entries: Mapping[ObjectId, Entry], header: Header) -> Inventory:
    """The same inventory with other entries and another header; uid and resourceVersion stay."""
    return Inventory(
        ref=inventory.ref,
        entries=entries,
        header=header,
        uid=inventory.uid,
        resource_version=inventory.resource_version,
    )
