"""Writes an inventory: parts first, then the head by compare-and-swap, then away with the parts of older generations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.cluster.stored import config_maps
from applier.failures import ApplierError, ErrorClass, error
from applier.inventory import configmaps
from applier.model.inventory import Header, Inventory
from applier.model.live import Absent
from applier.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from applier.cluster.reader import Reader
    from applier.cluster.writer import Writer
    from applier.executor.retry import Retry
    from applier.model.ids import Body, ObjectId
    from applier.model.inventory import Entry, InventoryRef


class Store:
    """The stored inventory of one run. `current` is what the cluster holds, as far as this run knows."""

    def __init__(
        self, reader: Reader, writer: Writer, ref: InventoryRef, stored: Inventory | None, *, retry: Retry, tool: str
    ) -> None:
        self.reader, self.writer, self.ref, self.retry, self.tool = reader, writer, ref, retry, tool
        self.current = stored or Inventory(ref=ref)
        self.place = config_maps(ref.namespace)

    def write(self, entries: Mapping[ObjectId, Entry], header: Header) -> None:
        """Store these entries; the generation counts up.

        Raises: ApplierError; locked, where somebody else wrote the inventory meanwhile.
        """
        before = self.current
        generation = before.header.generation + 1
        wanted = configmaps.with_entries(before, entries, replace(header, generation=generation))
        stored = configmaps.bodies(wanted, self.tool)
        for part in stored.parts:
            self.retry(lambda part=part: self._create_part(part))  # type: ignore[misc]
        head = self.retry(lambda: self._put(stored.head, generation))
        self.current = replace(
            wanted,
            header=configmaps.header_of(stored.head),
            uid=head["metadata"]["uid"],
            resource_version=head["metadata"]["resourceVersion"],
        )
        if before.header.chunks:
            self._delete_parts(chunk.name for chunk in before.header.chunks)

    def _create_part(self, part: dict[str, Any]) -> None:
        try:
            self.writer.create(self.place, part)
        except ApplierError as problem:
            if problem.error_class is not ErrorClass.RACE:
                raise
            # A run that died wrote a part of this name: the same content counts as done, other content is not ours.
            name = part["metadata"]["name"]
            found = self.reader.get(self.place, name)
            if isinstance(found, Absent) or found.get("binaryData") != part["binaryData"]:
                if not isinstance(found, Absent):
                    self.writer.delete(self.place, name, found["metadata"]["uid"])
                self.writer.create(self.place, part)

    def _put(self, head: dict[str, Any], generation: int) -> dict[str, Any]:
        try:
            if self.current.exists:
                return dict(self.writer.replace(self.place, head))
            return dict(self.writer.create(self.place, head))
        except ApplierError as problem:
            if problem.error_class not in (ErrorClass.RACE, ErrorClass.REPLACED, ErrorClass.NOT_FOUND):
                raise
            found = self.reader.get(self.place, self.ref.head_name)
            if not isinstance(found, Absent) and self._is_own(found, head, generation):
                return dict(found)  # our own write, whose answer was lost
            raise error(
                ErrorClass.LOCKED,
                f"the inventory {self.ref} was written by somebody else meanwhile",
                "run again; two runs should not use one inventory at the same time",
            ) from None

    def _is_own(self, found: Body, head: Body, generation: int) -> bool:
        data = found.get("data")
        return data == head["data"] and configmaps.header_of(found).generation == generation

    def is_unchanged(self) -> bool:
        """Whether the cluster still holds what this run wrote (or read) last. Raises: ApplierError."""
        found = self.reader.get(self.place, self.ref.head_name)
        if isinstance(found, Absent):
            return not self.current.exists
        return bool(found["metadata"]["resourceVersion"] == self.current.resource_version)

    def delete(self) -> None:
        """Delete the inventory, on condition that it is what this run wrote last. Raises: ApplierError."""
        current = self.current
        if not current.exists:
            return
        try:
            self.retry(
                lambda: self.writer.delete(
                    self.place, self.ref.head_name, current.uid, version=current.resource_version
                )
            )
        except ApplierError as problem:
            if problem.error_class is not ErrorClass.NOT_FOUND:
                raise
        self._delete_parts(chunk.name for chunk in current.header.chunks)
        self.current = Inventory(ref=self.ref)

    def sweep(self) -> None:
        """Delete parts that runs which died left behind. A failure does not matter: the next writing run sweeps again."""
        try:
            names = self.reader.names(self.place)
            self._delete_parts(configmaps.stray_parts(self.ref, names, self.current.header))
        except ApplierError:
            return

    def _delete_parts(self, names: Iterable[str]) -> None:
        for name in names:
            try:
                found = self.reader.get(self.place, name)
                if not isinstance(found, Absent):
                    self.writer.delete(self.place, name, found["metadata"]["uid"])
            except ApplierError:
                return
