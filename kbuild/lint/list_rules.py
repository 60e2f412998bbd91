"""Lists of custom resources under a strategic merge: no merge key is known, so a patch replaces them whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kbuild.model.resource import Resource


def replaced_lists(patch: Any, resource: Resource, schema: Any) -> Iterator[tuple[str, int, int]]:
    """(path, entries now, entries of the patch) of every list that the patch is about to replace.

    Only for kinds that the schema does not know, and only where the resource has entries that the patch does not
    repeat: replacing a list by more of the same loses nothing.
    """
    if schema.root(resource.id.api_version, resource.id.kind) is None:
        yield from _lists(resource.body, patch, "")


def _lists(base: Any, patch: Any, path: str) -> Iterator[tuple[str, int, int]]:
    if not isinstance(base, dict) or not isinstance(patch, dict) or "$patch" in patch:
        return
    for key, item in patch.items():
        old = base.get(key)
        inner = f"{path}.{key}" if path else str(key)
        if isinstance(item, dict):
            yield from _lists(old, item, inner)
        elif isinstance(item, list) and isinstance(old, list) and _loses(old, item):
            yield inner, len(old), len(item)


def _loses(old: list[Any], items: list[Any]) -> bool:
    """Whether a list of the patch lacks old entries, without saying itself that it replaces or removes."""
    says_so = any(isinstance(item, dict) and "$patch" in item for item in items)
    return not says_so and any(entry not in items for entry in old)
