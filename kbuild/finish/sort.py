"""The order of the output.

Source: kustomize v5.8.1 `SortOrderTransformer`, `applySortOrder`.
"""

from __future__ import annotations

from kbuild.fields.spec import ORDER_FIRST, ORDER_LAST
from kbuild.model.errors import ConfigurationError
from kbuild.model.ids import gvk_text
from kbuild.model.log_line import stamped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources

_CONFLICT = (
    "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag ('--reorder'). "
    "Using the kustomization file over the CLI flag."
)


def order(resources: Resources, sort_options: dict[str, Any] | None, reorder: str, warn: Callable[[str], None]) -> None:
    """Put the resources in the order of `sortOptions`, else of the flag, else in legacy order.

    Mutates: `resources`. Raises: ConfigurationError.
    """
    first, last = ORDER_FIRST, ORDER_LAST
    if sort_options is not None:
        if reorder:
            warn(stamped(_CONFLICT))
        chosen, lists = sort_options.get("order", ""), sort_options.get("legacySortOptions")
        if chosen not in ("fifo", "legacy"):
            raise ConfigurationError("the field 'sortOptions.order' must be one of [fifo, legacy]")
        if chosen == "fifo":
            if lists is not None:
                raise ConfigurationError(
                    "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'"
                )
            return
        if lists is not None:
            first, last = tuple(lists.get("orderFirst") or ()), tuple(lists.get("orderLast") or ())
    elif reorder == "none":
        return
    key = legacy_key(first, last)
    if "Namespace" not in first and "Namespace" not in last and has_unordered_namespaces(resources):
        from kbuild.fields.go_sort import go_sorted_by

        resources.reorder(go_sorted_by(resources.items, [_Unordered(key(resource)) for resource in resources.items]))
    else:
        resources.reorder(sorted(resources.items, key=key))


def has_unordered_namespaces(resources: Resources) -> bool:
    """Whether there are Namespaces of several groups or versions, one of them of the core group: among others, these have no order."""
    found = {resource.id[:2] for resource in resources.items if resource.id.kind == "Namespace"}
    return len(found) > 1 and any(not group for group, _ in found)


class _Unordered:
    """A key of `legacy_key` by which Namespaces sort backwards among themselves where one is of the core group."""

    __slots__ = ("is_core", "is_namespace", "key")

    def __init__(self, key: Any) -> None:
        self.key = key
        self.is_namespace = key[2].endswith(b"_Namespace")
        self.is_core = self.is_namespace and key[2].startswith(b"~G_")

    def __lt__(self, other: _Unordered) -> bool:
        if self.is_namespace and other.is_namespace and (self.is_core or other.is_core) and self.key[2] != other.key[2]:
            return bool(self.key[2] > other.key[2])
        return bool(self.key < other.key)


def legacy_key(first: tuple[str, ...], last: tuple[str, ...]) -> Callable[[Resource], Any]:
    """What resources are sorted by: index of the kind, group, version and kind, then kind, namespace and name as text."""
    index = {kind: at - len(first) for at, kind in enumerate(first)}
    index.update({kind: at + 1 for at, kind in enumerate(last)})

    known: dict[tuple[str, str, str], tuple[int, bool, bytes, str]] = {}

    def of_kind(group: str, version: str, kind: str) -> tuple[int, bool, bytes, str]:
        gvk = f"{group or '~G'}_{version or '~V'}_{kind or '~K'}"
        # Two kinds called Namespace sort the other way round when one is of the core group: core first, its versions backwards.
        # That is an order only where the lists give them a place of their own; beside what is in no list see `_Unordered`.
        place = index.get(kind, 0)
        is_namespace = kind == "Namespace" and place != 0
        shown = gvk.encode() if group or not is_namespace else bytes(255 - octet for octet in gvk.encode())
        return place, is_namespace and bool(group), shown, gvk_text(group, version, kind)

    def key(resource: Resource) -> Any:
        group, version, kind, name, namespace, _ = resource.id
        found = known.get((group, version, kind))
        if found is None:
            found = known[group, version, kind] = of_kind(group, version, kind)
        place, is_other, gvk, shown = found
        return (place, is_other, gvk, f"{shown}|{namespace or '~X'}|{name or '~N'}".encode())

    return key
