"""The resources of a build: ordered, unique by current id, indexed by id and by every name they ever had.

Every change of identity goes through `touched`, so that no step ever scans all resources to find one.
Source: kustomize api v0.21.1 `resmap`, with the linear scans replaced by indexes.
"""

from __future__ import annotations

from kbuild.model.errors import CrashError, DuplicateIdError
from kbuild.model.resource import TORN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kbuild.model.ids import ObjectId
    from kbuild.model.resource import Resource

    Key = tuple[str, str, str, str, str]


class Resources:
    """An ordered collection of resources.

    Iterate it, take `len` of it, read `items` (a list; do not change it from outside). `has_torn` says that one came with a
    history that cannot be read.
    """

    __slots__ = (
        "_clashes",
        "_emptied",
        "_holders",
        "_keys",
        "_names",
        "_next",
        "_serial_ids",
        "_serial_keys",
        "has_torn",
        "items",
    )

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self.items: list[Resource] = []
        self._keys: dict[Key, list[Resource]] = {}
        self._serial_keys: dict[int, Key] = {}
        self._serial_ids: dict[int, ObjectId] = {}
        self._holders: dict[int, Resource] = {}
        self._names: dict[str, dict[int, Resource]] | None = None
        self._clashes = 0
        self._emptied: list[Resource] = []
        self._next = 0
        self.has_torn = False
        self.extend(resources)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def append(self, resource: Resource) -> None:
        """Add one resource at the end.

        Raises: DuplicateIdError, when a resource has that current id already.
        """
        key = resource.id.key()
        if key in self._keys:
            first = self._keys[key][0].position
            raise duplicate_id(resource.id).at_place(resource.position).see("first at", first)
        self._keys[key] = [resource]
        resource.serial = self._next
        self._serial_keys[self._next] = key
        self._serial_ids[self._next] = resource.id
        self._holders[self._next] = resource
        self._next += 1
        self.items.append(resource)
        if resource.torn:
            self.has_torn = True
        if self._names is not None:
            self._index(resource)

    def extend(self, resources: Iterable[Resource]) -> None:
        """Append each. Raises: DuplicateIdError."""
        for resource in resources:
            self.append(resource)

    def touched(self, resource: Resource) -> None:
        """Bring id and indexes up to date after a change to identity, history or body. Clashes are allowed here.

        Mutates: `resource.id` and the indexes.
        """
        resource.refresh()
        if resource.torn:
            self.has_torn = True
        if self._names is not None:
            self._index(resource)
        if not resource.body:
            self._emptied.append(resource)
        elif self._serial_ids.get(resource.serial) is resource.id:
            return
        self._serial_ids[resource.serial] = resource.id
        # A deleted resource has no id any more: nothing can clash with it.
        key = resource.id.key() if resource.body else ("", "", "", "", str(resource.serial))
        old = self._serial_keys[resource.serial]
        if old == key:
            return
        holders = self._keys[old]
        if len(holders) == 1 and key not in self._keys:
            del self._keys[old]
            self._keys[key] = holders
            self._serial_keys[resource.serial] = key
            return
        self._forget_key(resource, old)
        holders = self._keys.setdefault(key, [])
        holders.append(resource)
        self._clashes += len(holders) > 1
        self._serial_keys[resource.serial] = key

    def _forget_key(self, resource: Resource, key: Key) -> None:
        holders = self._keys[key]
        self._clashes -= len(holders) > 1
        holders.remove(resource)
        if not holders:
            del self._keys[key]

    def _index(self, resource: Resource) -> None:
        names = self._names
        assert names is not None
        names.setdefault(resource.id.name, {})[resource.serial] = resource
        for name, _, _ in resource.history:
            names.setdefault(name, {})[resource.serial] = resource

    def check_unique(self) -> None:
        """Raise DuplicateIdError for the first resource, in order, whose current id an earlier one has."""
        if not self._clashes:
            return
        seen: dict[Key, Resource] = {}
        for resource in self.items:
            key = resource.id.key()
            if resource.body and key in seen:
                raise duplicate_id(resource.id).at_place(resource.position).see("first at", seen[key].position)
            seen[key] = resource

    def with_id(self, key: Key) -> list[Resource]:
        """The resources whose current id has this key, in order (more than one only between two checks)."""
        found = self._keys.get(key, ())
        return [*found] if len(found) < 2 else sorted(found, key=lambda resource: resource.serial)

    def named(self, name: str) -> list[Resource]:
        """The resources that have or ever had this name, in order. Builds its index on first use."""
        if self._names is None:
            self._names = {}
            for resource in self.items:
                self._index(resource)
        found = self._names.get(name)
        if not found:
            return []
        # The index may still hold what was dropped or replaced: to make it anew each time would be quadratic.
        holders = self._holders
        return [found[serial] for serial in sorted(found) if holders.get(serial) is found[serial]]

    def drop(self, unwanted: Iterable[Resource]) -> None:
        """Remove these resources."""
        dropped = [resource for resource in unwanted if self._holders.get(resource.serial) is resource]
        if not dropped:
            return
        for resource in dropped:
            del self._holders[resource.serial]
            self._forget_key(resource, self._serial_keys.pop(resource.serial))
        self.items = [resource for resource in self.items if resource.serial in self._holders]

    def drop_empty(self) -> None:
        """Remove the resources that were `touched` after a patch deleted or emptied their body."""
        if self._emptied:
            emptied, self._emptied = self._emptied, []
            self.drop([resource for resource in emptied if not resource.body])

    def replace(self, old: Resource, new: Resource) -> None:
        """Put `new` in the place of `old`, which must be here."""
        self.items[position(self.items, old)] = new
        self._forget_key(old, self._serial_keys.pop(old.serial))
        new.serial = old.serial
        self._holders[new.serial] = new
        self._serial_ids[new.serial] = new.id
        key = new.id.key()
        holders = self._keys.setdefault(key, [])
        holders.append(new)
        self._clashes += len(holders) > 1
        self._serial_keys[new.serial] = key
        if self._names is not None:
            self._index(new)

    def reorder(self, ordered: list[Resource]) -> None:
        """Take a new order of the same resources."""
        assert len(ordered) == len(self.items)
        self.items = ordered


def duplicate_id(object_id: ObjectId) -> DuplicateIdError:
    """The error for a second resource with this id."""
    return DuplicateIdError(f"may not add resource with an already registered id: {object_id}")


def position(items: list[Resource], resource: Resource) -> int:
    """Where a resource is: by its serial number, which grows with the position until `Resources.reorder`."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle].serial < resource.serial:
            low = middle + 1
        else:
            high = middle
    return low if low < len(items) and items[low] is resource else items.index(resource)


def check_histories(resources: Resources) -> None:
    """Raise CrashError where a resource came with a history that cannot be read: the reference asks for all of them."""
    if resources.has_torn and any(resource.torn for resource in resources.items):
        raise CrashError(TORN)
