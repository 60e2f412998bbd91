"""The walk that copies comments from a function's input to its output: comments never show, but other shapes are refused.

Source: kyaml v0.21.1 `comments.CopyComments`, `walk.Walker`.
"""

from __future__ import annotations

from kbuild.merge.strategic import wrong_kind
from kbuild.model.scalars import is_null, key_text, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.model.scalars import Body, Json
    from kbuild.schema.schema import Node

_NAMES: dict[type, str] = {dict: "MappingNode", list: "SequenceNode"}


def check_shapes(before: Body, after: Body, schema: Callable[[], Any]) -> None:
    """Raise PatchError for the first field, in the order of names, that was a map, list or scalar and no longer is."""
    node = None
    api_version, kind = text_of(before.get("apiVersion")), text_of(before.get("kind"))
    if api_version and kind and _may_differ(before, after):
        node = schema().root(api_version, kind)
    _check(before, after, node)


def _may_differ(before: Json, after: Json) -> bool:
    """Whether a walk could find anything: a cheap test that knows no lists' keys."""
    if type(before) is dict and type(after) is dict:
        return any(_may_differ(before[key], after[key]) for key in before.keys() & after.keys())
    if type(before) is list and type(after) is list:
        same = len(before) == len(after)
        return not same or any(_may_differ(old, new) for old, new in zip(before, after, strict=True))
    return _shape(before) != _shape(after)


def _shape(value: Json) -> str:
    return _NAMES.get(type(value), "ScalarNode")


def _check(before: Json, after: Json, node: Node | None) -> None:
    if is_null(before) or is_null(after):
        return
    wanted = _shape(before)
    if wanted != _shape(after):
        raise wrong_kind(wanted, after)
    if type(before) is dict:
        old, new = ({key_text(key): item for key, item in value.items()} for value in (before, after))
        for key in sorted(old.keys() & new.keys()):
            _check(old[key], new[key], node.field(key) if node is not None else None)
    elif type(before) is list:
        if node is not None and node.keys is not None:
            for old_item, new_item in _matched(before, after, node):
                _check(old_item, new_item, node.elements())
            return
        for old_item, new_item in zip(before, after, strict=False):
            if text_of(old_item) == text_of(new_item):
                _check(old_item, new_item, None)


def _matched(before: list[Json], after: list[Json], node: Node) -> list[tuple[Json, Json]]:
    """The elements of a merged list that have the same keys."""
    keys = node.merge_keys()

    def values(item: Json) -> tuple[str, ...] | None:
        if type(item) is not dict or not keys:
            return None
        return tuple(text_of(item.get(key, "")) for key in keys)

    index = {values(item): item for item in reversed(after)}
    return [(item, index[values(item)]) for item in before if values(item) is not None and values(item) in index]
