"""Merged lists: elements matched by keys, put together in the reference's order, with its oddities.

Regular lists (every element a map with all keys, no key twice) take a short way; anything else takes `_by_the_letter`,
which repeats the reference's passes, because what it does to missing and repeated keys follows from them alone.
Source: kyaml v0.21.1 `walk.walkAssociativeSequence`, `yaml.ElementSetter`, `yaml.ElementMatcher`, with lists prepended.
"""

from __future__ import annotations

from kbuild.documents.resolve import untagged
from kbuild.merge.strategic import ABSENT, DELETE, DIRECTIVE, MERGE, REPLACE, unknown_strategy, wrong_kind
from kbuild.model.scalars import Quoted, copy_body, is_null, is_quoted, known_text, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.merge.strategic import Merger
    from kbuild.model.scalars import Body, Json
    from kbuild.schema.schema import Node

    Values = tuple[str, ...]
    Index = dict[str | Values, Body]

_PRIMITIVE = ("",)


def merge_lists(base: list[Json], patch: list[Json], node: Node, merger: Merger) -> Json:
    """Merge two lists. Mutates: `base` and its elements. Raises: PatchError."""
    strategy, patch = _directive(patch)
    if strategy == DELETE:
        return ABSENT
    if strategy == REPLACE:
        patch = copy_body(patch)
        return _merge(patch, patch, node, merger)
    return _merge(base, patch, node, merger)


def settle_list(base: list[Json], node: Node, merger: Merger) -> Json:
    """Normalise a list that only the base has. Mutates: `base` and its elements. Raises: PatchError."""
    if not base or not node.keys or _index(base, _used_keys(node.keys, base, base)) is None:
        return _merge(base, [], node, merger)
    for element in base:
        merger.settle(element, node.items)
    return base


def settle_patch_list(patch: list[Json], node: Node, merger: Merger, *, is_added: bool) -> Json:
    """Normalise a list of an adopted patch: merged with itself. Mutates: `patch`. Raises: PatchError."""
    if not is_added:
        strategy, patch = _directive(patch)
        if strategy == DELETE:
            return ABSENT
    return _merge(patch, patch, node, merger)


def _directive(patch: list[Json]) -> tuple[str, list[Json]]:
    """The strategy that a list of a patch asks for, and the list without the elements that say so."""
    for element in patch:
        if type(element) is not dict or DIRECTIVE not in element:
            continue
        if len(element) > 1:
            break
        strategy = text_of(element[DIRECTIVE])
        if strategy not in (DELETE, REPLACE, MERGE):
            raise unknown_strategy(strategy)
        rest = list(patch)
        _set_element(rest, (DIRECTIVE,), (strategy,))
        return strategy, rest
    return MERGE, patch


def _merge(base: list[Json], patch: list[Json], node: Node, merger: Merger) -> list[Json]:
    """Merge a list into another one, which may be the same (a patch on its own)."""
    keys = node.keys
    if keys:
        keys = _used_keys(keys, base, patch)
        base_index, patch_index = _index(base, keys), _index(patch, keys)
        if base_index is not None and patch_index is not None:
            return _regular(base_index, patch_index, node.items, merger, is_base_last=len(keys) > 1)
    return _by_the_letter(base, patch, node.keys or _PRIMITIVE, node.items, merger)


def _used_keys(keys: Values, base: list[Json], patch: list[Json]) -> Values:
    """Of several keys those that any element has, all if none has any."""
    if len(keys) == 1:
        return keys
    used = []
    for key in keys:
        for element in base:
            if _key_text(element, key):
                used.append(key)
                break
        else:
            if patch is not base and any(_key_text(element, key) for element in patch):
                used.append(key)
    return tuple(used) or keys


def _index(elements: list[Json], keys: Values) -> Index | None:
    """The elements by the texts of their keys, or None where an element is no map, lacks a key or repeats another."""
    found: Index = {}
    if len(keys) == 1:
        key = keys[0]
        for element in elements:
            if type(element) is not dict:
                return None
            value = element.get(key)
            text = value if isinstance(value, str) else known_text(value)
            if not text or text in found:
                return None
            found[text] = element
        return found
    for element in elements:
        texts = tuple([_key_text(element, key) for key in keys])
        if "" in texts or texts in found:
            return None
        found[texts] = element
    return found


def _regular(base: Index, patch: Index, items: Node | None, merger: Merger, *, is_base_last: bool) -> list[Json]:
    """Merge two regular lists.

    With one key, elements of both stay where the patch has them; with more, all of the base follow the patch's own.
    """
    result: list[Json] = []
    for text, element in patch.items():
        own = base.get(text)
        if own is None:
            value = merger.adopt_known(element, items)
            if not _is_void(value):
                result.append(value)
        elif _is_void(merger.merge(own, element, items)):
            del base[text]
        elif not is_base_last:
            result.append(own)
    for text, own in base.items():
        if text not in patch:
            merger.settle(own, items)
            result.append(own)
        elif is_base_last:
            result.append(own)
    return result


def _by_the_letter(base: list[Json], patch: list[Json], keys: Values, items: Node | None, merger: Merger) -> list[Json]:
    """Merge two lists pass by pass, as the reference does. Mutates: `base`. Raises: PatchError."""
    wanted = _all_values(patch, base, keys)
    _unify(wanted)
    valid = [at for at in range(len(keys)) if any(values[at] for values in wanted)] or list(range(len(keys)))
    valid_keys = tuple([keys[at] for at in valid])
    if patch is not base:
        patch = list(patch)
    added: list[Json] = []
    for full in wanted:
        values = tuple([full[at] for at in valid])
        value = _walk_element(base, patch, list(zip(valid_keys, values, strict=True)), items, merger)
        if _is_void(value):
            _set_element(base, valid_keys, values)
            continue
        for key, text in zip(valid_keys, values, strict=True):
            if key and text and type(value) is dict and key not in value:
                value[key] = untagged(text)
        _set_element(added, valid_keys, values, value)
    return _lay_over(added, base, valid_keys)


def _walk_element(
    base: list[Json], patch: list[Json], wanted: list[tuple[str, str]], items: Node | None, merger: Merger
) -> Json:
    """The merged value of the first elements that have these key texts. Mutates: `base`, and `patch` as a list."""
    known = [(key, text) for key, text in wanted if text] or wanted
    at = _find(base, known)
    other = _find(patch, known)
    if wanted[0][0] == "":
        return _walk_primitive(base, at, ABSENT if other < 0 or patch is base else patch[other])
    if other < 0:
        return ABSENT if at < 0 else merger.settle(base[at], items)
    asked = patch[other]
    if patch is not base and type(asked) is dict and text_of(asked.get(DIRECTIVE, "")) in (DELETE, REPLACE, MERGE):
        # The reference takes a directive out of the patch when it follows it: the same values do not find it again.
        patch[other] = {key: value for key, value in asked.items() if key != DIRECTIVE}
    return merger.adopt(asked, items) if at < 0 else merger.merge(base[at], asked, items)


def _walk_primitive(base: list[Json], at: int, patch: Json) -> Json:
    """The merged value of a primitive: the patch's, else the base's; what only one of them has is typed anew by its text."""
    if at < 0:
        return _retyped(patch)
    if patch is ABSENT:
        base[at] = patch = _retyped(base[at])
    return patch


def _retyped(value: Json) -> Json:
    """A scalar by its text; maps and lists stay for the error that they end with."""
    text = text_of(value)
    if not text or is_null(value):
        return value
    return Quoted(text) if is_quoted(value) else untagged(text)


def _all_values(patch: list[Json], base: list[Json], keys: Values) -> list[Values]:
    """The distinct key values of the patch's elements, then of the base's."""
    found: dict[Values, None] = {}
    for element in (*patch, *base):
        if keys == _PRIMITIVE:
            found[(text_of(element),)] = None
        else:
            found[tuple([_key_text(element, key) for key in keys])] = None
    return list(found)


def _unify(wanted: list[Values]) -> None:
    """Fill gaps in key values from others that agree in one place and contradict in none. Mutates: `wanted`."""
    for at in range(len(wanted)):
        one = wanted[at]
        for beside in range(len(wanted)):
            united = _united(one, wanted[beside])
            if united is not None:
                wanted[at] = wanted[beside] = united


def _united(one: Values, other: Values) -> Values | None:
    agrees = False
    for left, right in zip(one, other, strict=True):
        if left == right:
            agrees = True
        elif left and right:
            return None
    return tuple([left or right for left, right in zip(one, other, strict=True)]) if agrees else None


def _find(elements: list[Json], known: list[tuple[str, str]]) -> int:
    """The position of the first element that has these key texts, -1 for none."""
    for at, element in enumerate(elements):
        if known[0][0] == "":
            if text_of(element) == known[0][1]:
                return at
        elif type(element) is dict:
            for key, text in known:
                if key not in element or text_of(element[key]) != text:
                    break
            else:
                return at
    return -1


def _lay_over(result: list[Json], base: list[Json], keys: Values) -> list[Json]:
    """Put the base's elements over the merged ones. Mutates: `result`. Raises: PatchError."""
    for element in base:
        if keys == _PRIMITIVE:
            _set_element(result, keys, (text_of(element),), element)
            continue
        texts: list[str] = []
        for key in keys:
            if not is_null(element) and type(element) is not dict:
                raise wrong_kind("MappingNode", element)
            if is_null(element) or key not in element:
                result.append(element)
            else:
                texts.append(text_of(element[key]))
        if len(keys) > 1:
            _set_element(result, keys, tuple(texts))
        _set_element(result, keys, tuple(texts), element)
    return result


def _set_element(elements: list[Json], keys: Values, values: Values, new: Json = ABSENT) -> None:
    """Replace every matching element, or append; without `new` remove them. Nulls and empty maps go away.

    A value of "" matches any element that has the key; without values nothing matches and nothing is kept.
    Mutates: `elements`. Raises: PatchError.
    """
    wants_maps = bool(keys[0] and values and values[0])
    kept: list[Json] = []
    is_found = False
    for element in elements:
        if is_null(element) or element == {}:
            continue
        if wants_maps and type(element) is not dict:
            kept.append(element)
        elif not _matches(element, keys, values):
            if values:
                kept.append(element)
        else:
            is_found = True
            if new is not ABSENT:
                kept.append(new)
    elements[:] = kept
    if new is not ABSENT and not is_found and not is_null(new):
        elements.append(new)


def _matches(element: Json, keys: Values, values: Values) -> bool:
    """Whether an element has the values; keys beyond the last value count as matched. Raises: PatchError."""
    if not values:
        return False
    for key, text in zip(keys, values, strict=False):
        if key == "":
            if type(element) is dict or type(element) is list:
                raise wrong_kind("ScalarNode", element)
            if text_of(element) != text:
                return False
            continue
        if type(element) is not dict:
            raise wrong_kind("MappingNode", element)
        if key not in element or (text and text_of(element[key]) != text):
            return False
    return True


def _is_void(value: Json) -> bool:
    """Whether an element goes away: removed, null or an empty map."""
    return value is ABSENT or value == {} or is_null(value)


def _key_text(element: Json, key: str) -> str:
    return known_text(element.get(key)) if type(element) is dict else ""
