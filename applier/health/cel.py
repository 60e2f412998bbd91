"""Expressions of the supported part of CEL, evaluated over one object.

As in CEL, a missing field is an error, and `false && error` is false, `true || error` is true, whichever side is which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from applier.health.cel_parser import Node

Names = Mapping[str, Any]


class CelError(ValueError):
    """An expression that has no value for this object: a missing field, or an operation between wrong types."""


def evaluate(node: Node, names: Names) -> Any:
    """The value of a tree. Raises: CelError."""
    return _EVALUATORS[node[0]](node, names)


def is_true(node: Node, names: Names) -> bool:
    """Whether a tree is true. Raises: CelError, also for a value that is no boolean."""
    found = evaluate(node, names)
    if not isinstance(found, bool):
        raise CelError(f"the expression is no boolean but {type(found).__name__}")
    return found


def _name(node: Node, names: Names) -> Any:
    if node[1] not in names:
        raise CelError(f"no such field: {node[1]}")
    return names[node[1]]


def _field(node: Node, names: Names) -> Any:
    holder = evaluate(node[1], names)
    if not isinstance(holder, Mapping) or node[2] not in holder:
        raise CelError(f"no such field: {node[2]}")
    return holder[node[2]]


def _has(node: Node, names: Names) -> bool:
    holder = evaluate(node[1], names)
    return isinstance(holder, Mapping) and node[2] in holder


def _index(node: Node, names: Names) -> Any:
    holder, key = evaluate(node[1], names), evaluate(node[2], names)
    if isinstance(holder, Mapping) and isinstance(key, str) and key in holder:
        return holder[key]
    if isinstance(holder, list) and type(key) is int and 0 <= key < len(holder):
        return holder[key]
    raise CelError(f"no such index: {key!r}")


def _either(node: Node, names: Names, *, decisive: bool) -> bool:
    """`||` (decided by true) and `&&` (decided by false): an error matters only where the other side does not decide."""
    problem = None
    for side in node[1:]:
        try:
            if is_true(side, names) is decisive:
                return decisive
        except CelError as error:
            problem = problem or error
    if problem is not None:
        raise problem
    return not decisive


def _if(node: Node, names: Names) -> Any:
    return evaluate(node[2] if is_true(node[1], names) else node[3], names)


def _negative(node: Node, names: Names) -> Any:
    found = evaluate(node[1], names)
    if not _is_number(found):
        raise CelError("- needs a number")
    return -found


def _operation(node: Node, names: Names) -> Any:
    _, sign, first, second = node
    one, other = evaluate(first, names), evaluate(second, names)
    if sign in ("==", "!="):
        return equal(one, other) is (sign == "==")
    if sign == "in":
        return _contains(other, one)
    if _is_number(one) and _is_number(other):
        return _ARITHMETIC[sign](one, other)
    same_kind = (isinstance(one, str) and isinstance(other, str)) or (isinstance(one, list) and isinstance(other, list))
    if same_kind and (sign == "+" or (sign != "-" and isinstance(one, str))):
        return _ARITHMETIC[sign](one, other)
    raise CelError(f"{sign} cannot take {type(one).__name__} and {type(other).__name__}")


_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def equal(one: Any, other: Any) -> bool:
    """CEL equality: numbers by value, everything else only within one type."""
    if _is_number(one) and _is_number(other):
        return bool(one == other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    return type(one) is type(other) and bool(one == other)


def _contains(holder: Any, item: Any) -> bool:
    if isinstance(holder, list):
        return any(equal(one, item) for one in holder)
    if isinstance(holder, Mapping):
        return isinstance(item, str) and item in holder
    raise CelError("in needs a list or a map")


def _method(node: Node, names: Names) -> Any:
    _, name, target, arguments = node
    held = evaluate(target, names)
    if name == "size":
        if isinstance(held, (str, list, Mapping)):
            return len(held)
    elif isinstance(held, str) and isinstance(text := evaluate(arguments[0], names), str):
        return {"startsWith": held.startswith, "endsWith": held.endswith, "contains": held.__contains__}[name](text)
    raise CelError(f"{name} cannot take {type(held).__name__}")


def _macro(node: Node, names: Names) -> Any:
    _, name, target, variable, body = node
    held = evaluate(target, names)
    if not isinstance(held, (list, Mapping)):
        raise CelError(f"{name} needs a list")
    items = list(held)
    if name == "map":
        return [evaluate(body, {**names, variable: item}) for item in items]
    if name == "filter":
        return [item for item in items if is_true(body, {**names, variable: item})]
    if name == "exists_one":
        return sum(is_true(body, {**names, variable: item}) for item in items) == 1
    return _quantified(items, body, names, variable, decisive=name == "exists")


def _quantified(items: list[Any], body: Node, names: Names, variable: str, *, decisive: bool) -> bool:
    """`exists` (decided by true) and `all` (decided by false)."""
    problem = None
    for item in items:
        try:
            if is_true(body, {**names, variable: item}) is decisive:
                return decisive
        except CelError as error:
            problem = problem or error
    if problem is not None:
        raise problem
    return not decisive


_EVALUATORS: Mapping[str, Callable[[Node, Names], Any]] = {
    "value": lambda node, _names: node[1],
    "list": lambda node, names: [evaluate(item, names) for item in node[1]],
    "not": lambda node, names: not is_true(node[1], names),
    "or": lambda node, names: _either(node, names, decisive=True),
    "and": lambda node, names: _either(node, names, decisive=False),
    "name": _name,
    "field": _field,
    "has": _has,
    "index": _index,
    "if": _if,
    "negative": _negative,
    "op": _operation,
    "method": _method,
    "macro": _macro,
}
