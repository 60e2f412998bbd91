"""Lists merged by key: which elements meet, and in which order the result stands.

A patch's elements come first. The common case (every element a map with one unique key) is a dictionary join; everything else
follows the reference step by step, odd results included.
Source: kyaml v0.21.1 `walk/associative_sequence.go`, `ElementSetter`, `ElementMatcher`.
"""

from __future__ import annotations

from kbuild.documents.resolve import plain
from kbuild.fields.walk import wrong_kind
from kbuild.model.scalars import is_null, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from kbuild.model.scalars import Json

    Walk = Callable[[Json, Json], Json]


class _Absent:
    """Nothing at all: neither a value nor a null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


def merge_values(base: list[Any], patch: Any) -> list[Any]:
    """A list of plain values: the patch's first, then the base's that are not there yet, each once."""
    own = {text_of(item): item for item in reversed(base)}
    result = {}
    for item in [*(patch if patch is not ABSENT else ()), *base]:
        text = text_of(item)
        result.setdefault(text, own.get(text, item))
    return list(result.values())


def merge_elements(base: list[Any], patch: Any, keys: tuple[str, ...], walk: Walk) -> Any:
    """A list of maps that merge by keys; `walk` merges two elements.

    Mutates: the base. Raises: what `walk` raises.
    """
    source = patch if patch is not ABSENT else []
    if len(keys) == 1 and base is not patch:
        mine, theirs = _by_key(base, keys[0]), _by_key(source, keys[0])
        if mine is not None and theirs is not None:
            return _join(mine, theirs, keys[0], walk)
    return _merge_slowly(base, patch, keys, walk)


def _by_key(elements: list[Any], key: str) -> dict[str, Any] | None:
    """The elements by the text of their key, None unless every one is a map with a key of its own."""
    result: dict[str, Any] = {}
    for element in elements:
        if type(element) is not dict:
            return None
        value = element.get(key)
        if value is None or type(value) is dict or type(value) is list:
            return None
        text = value if type(value) is str else text_of(value)
        if not text or text in result or is_null(value):
            return None
        result[text] = element
    return result


def _join(base: dict[str, Any], patch: dict[str, Any], key: str, walk: Walk) -> list[Any]:
    order = [*patch, *(text for text in base if text not in patch)]
    result = []
    for text in order:
        old = base.get(text, ABSENT)
        merged = walk(old, patch.get(text, ABSENT))
        if merged is ABSENT or is_null(merged) or merged == {}:
            continue
        if key not in merged:
            merged[key] = plain(text)
        # The base's own element is laid over the result, even where the patch wanted to replace it.
        result.append(merged if old is ABSENT else old)
    return result


def _merge_slowly(base: list[Any], patch: Any, keys: tuple[str, ...], walk: Walk) -> Any:
    """The reference's steps for compound keys, missing keys, repeated keys and odd elements."""
    sources = [base] if patch is ABSENT else [base, patch]
    tuples = _key_tuples([*sources[1:], base], keys)
    if len(keys) > 1:
        _unify(tuples)
    result: list[Any] = []
    valid: tuple[str, ...] = keys
    for values in tuples:
        valid, texts = _valid(tuples, values, keys)
        found = [_find(source, *_valid([texts], texts, valid)) for source in sources]
        merged = walk(found[0], found[1] if len(found) > 1 else ABSENT)
        if merged is ABSENT or is_null(merged) or merged == {}:
            for _ in valid:
                set_element(base, None, valid, texts)
            continue
        for key, text in zip(valid, texts, strict=False):
            if key not in merged and text:
                merged[key] = plain(text)
        set_element(result, merged, valid, texts)
    if tuples:
        _lay_over(result, base, valid)
        return result
    return base


def _key_tuples(sources: Sequence[list[Any]], keys: tuple[str, ...]) -> list[list[str]]:
    """The key texts of all elements, each combination once; a missing or empty field counts as an empty text."""
    result: list[list[str]] = []
    seen = set()
    for source in sources:
        for element in source:
            texts = []
            for key in keys:
                value = element.get(key) if type(element) is dict else None
                texts.append("" if value is None or is_null(value) else text_of(value))
            if tuple(texts) not in seen:
                seen.add(tuple(texts))
                result.append(texts)
    return result


def _unify(tuples: list[list[str]]) -> None:
    """Combinations that agree in one position and contradict in none become the same. Mutates: `tuples`."""
    for at, first in enumerate(tuples):
        left = first
        for other, second in enumerate(tuples):
            joined = _joined(left, second)
            if joined is not None:
                tuples[at] = tuples[other] = joined


def _joined(left: list[str], right: list[str]) -> list[str] | None:
    common, result = False, []
    for a, b in zip(left, right, strict=True):
        if a == b:
            common = True
        elif a and b:
            return None
        result.append(a or b)
    return result if common else None


def _valid(tuples: Sequence[list[str]], values: list[str], keys: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """The keys that any combination has a text for, and this combination's texts; all keys when there is none."""
    used = {keys[at] for texts in tuples for at, text in enumerate(texts) if text}
    if not used:
        return keys, values
    valid = tuple(key for key in keys if key in used)
    return valid, [text for at, text in enumerate(values) if text or keys[at] in used]


def _find(source: list[Any], keys: tuple[str, ...], texts: list[str]) -> Any:
    """The first element whose keys have these texts."""
    for element in source:
        if type(element) is dict and len(keys) == len(texts):
            if all(key in element and text_of(element[key]) == text for key, text in zip(keys, texts, strict=True)):
                return element
    return ABSENT


def set_element(elements: list[Any], new: Any, keys: Sequence[str], texts: Sequence[str]) -> None:
    """Replace every element that matches by `new` (None removes it), append `new` where nothing matched.

    Mutates: `elements`, from which null and empty elements vanish. Raises: FieldError, for a list among maps.
    """
    kept: list[Any] = []
    found_any = False
    wants_map = bool(keys and keys[0] and texts and texts[0])
    for element in elements:
        if is_null(element) or element == {}:
            continue
        if type(element) is not dict:
            if wants_map:
                kept.append(element)
                continue
            raise wrong_kind("MappingNode", element)
        if not _matches(element, keys, texts):
            if texts:
                kept.append(element)
            continue
        found_any = True
        if new is not None:
            kept.append(new)
    elements[:] = kept
    if new is not None and not found_any:
        elements.append(new)


def _matches(element: dict[Any, Any], keys: Sequence[str], texts: Sequence[str]) -> bool:
    found = False
    for at, key in enumerate(keys):
        if at < len(texts):
            found = key in element and (not texts[at] or text_of(element[key]) == texts[at])
        if not found:
            return False
    return True


def _lay_over(result: list[Any], base: list[Any], keys: tuple[str, ...]) -> None:
    """Put the base's elements over the result: in place with one key, at the end with several. Mutates: `result`."""
    for element in base:
        texts = []
        for key in keys:
            if type(element) is not dict:
                raise wrong_kind("MappingNode", element)
            value = element.get(key)
            if value is None:
                result.append(element)
                continue
            texts.append(text_of(value))
        if len(keys) > 1:
            set_element(result, None, keys, texts)
        set_element(result, element, keys, texts)
