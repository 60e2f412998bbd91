"""What differs between two states of an object, field by field, in the form of Flux's `diff`.

Source: flux2 v2.9 `diff`, whose reports are those of dyff: items of lists are named by a field that names them, entries that
came or went are shown whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.report import plain_yaml
from applier.report.line_diff import unified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Pair = tuple[str, Any, Any]

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TYPES = (
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
    (str, "string"),
    (dict, "map"),
    (list, "list"),
    (type(None), "<nil>"),
)
_NAMES = ("name", "key", "id")
_CONTEXT_LINES = 3


def lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a report, without line ends: an empty one, and for every field its path and what became of it."""
    found = list(_fields(before, after))
    if found:
        yield ""
    for rows in found:
        yield from rows
        yield ""


def _fields(before: Any, after: Any) -> Iterator[list[str]]:
    """Every difference as lines. A stack and no recursion, so that what nests deeply is shown as well."""
    waiting: list[Pair] = [("", before, after)]
    while waiting:
        path, one, other = waiting.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            inner = [(_joined(path, key), one[key], other[key]) for key in sorted(one) if key in other]
            gone = {key: value for key, value in one.items() if key not in other}
            new = {key: value for key, value in other.items() if key not in one}
            rows = [*_entries("-", "map", gone, "removed"), *_entries("+", "map", new, "added")]
        elif isinstance(one, list) and isinstance(other, list):
            inner, rows = _items(path, one, other)
        else:
            inner, rows = [], _value(one, other)
        if rows:
            yield [path, *rows]
        waiting += reversed(inner)


def _joined(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _items(path: str, one: list[Any], other: list[Any]) -> tuple[list[Pair], list[str]]:
    """(pairs to be compared, lines about items that came or went)."""
    if one == other:
        return [], []
    name = _naming(one, other)
    if name:
        first, second = ({str(item[name]): item for item in items} for items in (one, other))
        inner = [(_joined(path, key), first[key], second[key]) for key in first if key in second]
        gone, new = (
            [first[key] for key in first if key not in second],
            [second[key] for key in second if key not in first],
        )
        rows = [*_entries("-", "list", gone, "removed"), *_entries("+", "list", new, "added")]
        if not rows and list(first) != list(second):
            rows = ["⇆ order changed", f"- {', '.join(first)}", f"+ {', '.join(second)}"]
        return inner, rows
    if len(one) == len(other) == 1:
        return [(_joined(path, 0), one[0], other[0])], []
    gone, new = _without(one, other), _without(other, one)
    if not gone and not new:
        return [], ["⇆ order changed", *_shown("-", one), *_shown("+", other)]
    return [], [*_entries("-", "list", gone, "removed"), *_entries("+", "list", new, "added")]


def _naming(one: list[Any], other: list[Any]) -> str:
    """The field that tells every item from the others on both sides; empty where there is none."""
    for name in _NAMES:
        values = [[item.get(name) if isinstance(item, dict) else None for item in items] for items in (one, other)]
        if all(isinstance(value, str) for side in values for value in side) and all(
            len(set(side)) == len(side) for side in values
        ):
            return name if one and other else ""
    return ""


def _without(items: list[Any], others: list[Any]) -> list[Any]:
    """The items that are not among the others, each counted."""
    known = [repr(one) for one in others]
    counts = {text: known.count(text) for text in set(known)} if len(known) < 100 else _counted(known)
    found = []
    for item in items:
        text = repr(item)
        if counts.get(text, 0):
            counts[text] -= 1
        else:
            found.append(item)
    return found


def _counted(texts: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    return counts


def _entries(sign: str, kind: str, found: dict[str, Any] | list[Any], word: str) -> list[str]:
    """`+ one map entry added:` and the entries below it; nothing for none."""
    if not found:
        return []
    count = _WORDS[len(found)] if len(found) < len(_WORDS) else str(len(found))
    noun = "entry" if len(found) == 1 else "entries"
    return [f"{sign} {count} {kind} {noun} {word}:", *(f"  {row}" for row in _yaml(found))]


def _value(one: Any, other: Any) -> list[str]:
    """A value that changed; nothing for equal ones."""
    if type(one) is type(other) and one == other:
        return []
    first, second = _type(one), _type(other)
    if first != second:
        return [f"± type change from {first} to {second}", *_shown("-", one), *_shown("+", other)]
    if isinstance(one, str) and isinstance(other, str) and ("\n" in one or "\n" in other):
        rows = [
            row for row in unified(one.splitlines(), other.splitlines(), _CONTEXT_LINES) if not row.startswith("@@")
        ]
        added, removed = (sum(row[:1] == sign for row in rows) for sign in "+-")
        head = f"± value change in multiline text ({_many(added, 'insert')}, {_many(removed, 'deletion')})"
        return [head, *(f"{row[:1] or ' '} {row[1:]}" for row in rows)]
    return ["± value change", *_shown("-", one), *_shown("+", other)]


def _many(count: int, noun: str) -> str:
    word = _WORDS[count] if count < len(_WORDS) else str(count)
    return f"{word} {noun}{'' if count == 1 else 's'}"


def _type(value: Any) -> str:
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "value")


def _shown(sign: str, value: Any) -> list[str]:
    """A value behind a sign, further lines below it."""
    first, *rest = _yaml(value) or [""]
    return [f"{sign} {first}", *(f"  {row}" for row in rest)]


def _yaml(value: Any) -> list[str]:
    """A value as lines of YAML, texts and numbers as they are."""
    if isinstance(value, dict | list) and value:
        return plain_yaml.lines(value)
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if value is None:
        return ["<nil>"]
    return str(value).splitlines() or [""]
