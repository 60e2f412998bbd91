"""Strategic merge as the reference does it: maps field by field, lists by the schema's merge keys, `$patch` directives.

The whole base is walked even where the patch says nothing, because that has visible effects: empty-valued keys disappear and
every merged list is brought into the order of the merge.
Source: kyaml v0.21.1 `merge2`, `walk`.
"""

from __future__ import annotations

from kbuild.documents.resolve import ABSENT as NEW
from kbuild.documents.resolve import string_set, tagged
from kbuild.fields.walk import wrong_kind
from kbuild.merge import associative
from kbuild.model.errors import PatchError
from kbuild.model.scalars import NULL, OddKey, Quoted, Scalar, is_null, is_quoted, tag_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.model.scalars import Body, Json
    from kbuild.schema.schema import Schema

ABSENT = associative.ABSENT
DIRECTIVE = "$patch"


def merge(base: Body, patch: Body, schema: Schema, counters: Counters) -> Body | None:
    """The base with the patch merged in, None when the patch deletes it.

    Mutates: both (hand in a copy of a patch that is used again). Raises: PatchError, FieldError.
    """
    counters.merges += 1
    merged = Merge(schema, counters).walk(base, patch, -1)
    return None if merged is ABSENT else merged


class Merge:
    """One merge of a base and a patch."""

    __slots__ = ("counters", "schema")

    def __init__(self, schema: Schema, counters: Counters) -> None:
        self.schema, self.counters = schema, counters

    def walk(self, base: Json, patch: Json, node: int) -> Json:
        """The merge of two values under a schema node; ABSENT stands for nothing on either side and as the result.

        Raises: PatchError, FieldError for values of different shapes.
        """
        if patch is ABSENT and type(base) is not dict and type(base) is not list:
            return self.kept_scalar(base)
        if node < 0:
            node = self.embedded(base, patch)
        kind = _shape(base) or _shape(patch)
        if kind is dict or kind is None:
            _check(base, patch, dict, "MappingNode")
            return self.walk_map(base, patch, node)
        if kind is list:
            _check(base, patch, list, "SequenceNode")
            keys = self.schema.merge_keys(node)
            if keys is not None:
                return self.walk_list(base, patch, node, keys)
        else:
            _check(base, patch, str, "ScalarNode")
        return base if patch is ABSENT else ABSENT if is_null(patch) else patch

    def kept_scalar(self, base: Json) -> Json:
        """A base scalar that the patch does not name: an empty value disappears, `null` stays."""
        return ABSENT if type(base) is Scalar and base.tag == NULL and not base.text else base

    def embedded(self, base: Json, patch: Json) -> int:
        """The schema of an object that says its own kind."""
        for value in (base, patch):
            if type(value) is dict and "kind" in value and "apiVersion" in value:
                found = self.schema.root(text_of(value["apiVersion"]), text_of(value["kind"]))
                if found >= 0:
                    return found
        return -1

    def walk_map(self, base: Json, patch: Json, node: int) -> Json:
        """Two maps (or a map and nothing). Mutates: the map that is kept. Raises: PatchError, FieldError."""
        self.counters.visits += 1
        target = self.chosen_map(base, patch)
        if type(target) is not dict:
            return target
        source = patch if type(patch) is dict else {}
        names = [key for key in target if type(key) is not OddKey]
        names += [key for key in source if type(key) is not OddKey and key not in target]
        for name in sorted(names):
            old = target.get(name, ABSENT)
            new = source.get(name, ABSENT)
            if new is ABSENT and (type(old) is str or type(old) is Quoted or type(old) is int or type(old) is bool):
                continue
            value = self.walk(old, new, self.schema.field(node, name))
            if value is ABSENT:
                target.pop(name, None)
            elif value is not old:
                target[name] = _styled(old, value)
        return target

    def chosen_map(self, base: Json, patch: Json) -> Json:
        """The map that goes on: base or patch, by presence and directive. Mutates: drops the directive."""
        if base is ABSENT or is_null(base):
            if type(patch) is dict:
                return ABSENT if take_directive(patch, strict=False) == "delete" else patch
            return self.kept_scalar(base) if patch is ABSENT and base is not ABSENT else ABSENT
        if patch is ABSENT:
            return base
        if is_null(patch):
            return ABSENT
        directive = take_directive(patch)
        return ABSENT if directive == "delete" else patch if directive == "replace" else base

    def walk_list(self, base: Json, patch: Json, node: int, keys: tuple[str, ...]) -> Json:
        """Two lists that merge by key. Mutates: the base. Raises: PatchError, FieldError."""
        target = base
        if base is ABSENT or is_null(base):
            target = patch
        elif patch is not ABSENT and is_null(patch):
            return ABSENT
        elif patch is not ABSENT:
            directive = take_list_directive(patch)
            if directive == "delete":
                return ABSENT
            if directive == "replace":
                target = patch
        if target is ABSENT or is_null(target):
            return ABSENT
        source = patch if type(patch) is list else ABSENT
        element = self.schema.elements(node)
        if not keys:
            return associative.merge_values(target, source)
        return associative.merge_elements(target, source, keys, lambda old, new: self.walk(old, new, element))


def _shape(value: Json) -> Any:
    """dict, list, str for any scalar, None for nothing or null."""
    kind = type(value)
    if kind is dict or kind is list:
        return kind
    return None if value is ABSENT or is_null(value) else str


def _check(base: Json, patch: Json, shape: type, name: str) -> None:
    for value in (base, patch):
        found = _shape(value)
        if found is not None and found is not shape:
            raise wrong_kind(name, value)


def _styled(old: Json, new: Json) -> Json:
    """A scalar as it is written over another: the old quoting stays; a new string gets quotes where it needs them."""
    kind = type(new)
    if kind is dict or kind is list:
        return new
    if old is ABSENT:
        return string_set(NEW, new) if kind is str else new
    if type(old) is dict or type(old) is list:
        return str(new) if kind is Quoted else new
    if is_quoted(old):
        return Quoted(text_of(new)) if tag_of(new) == "!!str" else tagged(text_of(new), tag_of(new), quoted=True)
    return str(new) if kind is Quoted else new


def take_directive(patch: Body, *, strict: bool = True) -> str:
    """The `$patch` directive of a map, `merge` when it has none. Mutates: removes it.

    Raises: PatchError, for an unknown directive.
    """
    if DIRECTIVE not in patch:
        return "merge"
    directive = text_of(patch[DIRECTIVE])
    if directive not in ("delete", "replace", "merge"):
        if not strict:
            return "unknown"
        raise PatchError(f"unknown patch strategy '{directive}'")
    del patch[DIRECTIVE]
    return directive


def take_list_directive(patch: list[Any]) -> str:
    """The directive of a list: an element that is nothing but `$patch`. Mutates: removes such elements.

    Raises: PatchError, for an unknown directive.
    """
    for item in patch:
        if type(item) is dict and DIRECTIVE in item:
            if len(item) > 1:
                return "merge"
            directive = text_of(item[DIRECTIVE])
            if directive not in ("delete", "replace", "merge"):
                raise PatchError(f"unknown patch strategy '{directive}'")
            associative.set_element(patch, None, (DIRECTIVE,), [directive])
            return directive
    return "merge"
