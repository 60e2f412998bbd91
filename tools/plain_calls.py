"""The calls of plain functions that cases make, and which of them a change of the function shows in.

A function whose arguments are texts, numbers and scalars of bodies alone depends on nothing else (no module has state that
changes), so that a change of it can only show in cases that make a call with another result.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from types import CodeType, FrameType
from typing import Any

_PLAIN = frozenset(("str", "int", "bool", "NoneType", "float", "bytes", "Quoted", "Scalar"))
_GENERATOR = 0x20
_MARKS = ("is_single", "is_folded", "is_tagged", "tag")


class _OddError(Exception):
    """A value is more than texts, numbers and scalars."""


class Calls:
    """What a traced run called, of the functions of one module. Shape: name -> arguments' key -> (arguments, keywords, cases)."""

    def __init__(self) -> None:
        self._found: dict[str, dict[Hashable, tuple[list[Any], dict[str, Any], list[int]]]] = {}
        self._odd: set[str] = set()

    def note(self, frame: FrameType, case: int) -> None:
        """A function was entered in a case."""
        code = frame.f_code
        name = code.co_name
        if name in self._odd or not is_outermost(code):
            return
        count = code.co_argcount
        names = code.co_varnames[: count + code.co_kwonlyargcount]
        values = [frame.f_locals[name] for name in names]
        try:
            known = tuple(map(key, values))
        except _OddError:
            self._odd.add(name)
            return
        calls = self._found.setdefault(name, {})
        if known not in calls:
            calls[known] = (values[:count], dict(zip(names[count:], values[count:], strict=True)), [])
        cases = calls[known][2]
        if cases[-1:] != [case]:
            cases.append(case)

    def knows(self, path: list[str]) -> bool:
        """Whether all calls of a function are plain."""
        return len(path) == 1 and path[0] in self._found and path[0] not in self._odd

    def results(self, name: str, function: Callable[..., Any]) -> list[Hashable]:
        """What a function gives for every call, in one order."""
        return [outcome(function, arguments, keywords) for arguments, keywords, _ in self._found[name].values()]

    def cases_between(self, name: str, before: list[Hashable], after: list[Hashable]) -> set[int]:
        """The cases with calls whose results differ."""
        found = set()
        for (_, _, cases), old, new in zip(self._found[name].values(), before, after, strict=True):
            if old != new:
                found.update(cases)
        return found


def is_outermost(code: CodeType) -> bool:
    """Whether code is that of a function of a module, no generator."""
    return code.co_qualname == code.co_name and code.co_name[0] != "<" and not code.co_flags & _GENERATOR


def key(value: Any) -> Hashable:
    """What tells a plain value from others; an empty null also by identity. Raises: _OddError."""
    kind = type(value).__name__
    if kind == "tuple":
        return tuple(map(key, value))
    if kind not in _PLAIN:
        raise _OddError
    is_empty = kind == "Scalar" and not value.text
    return kind, repr(value), id(value) if is_empty else 0, *(getattr(value, mark, None) for mark in _MARKS)


def outcome(function: Callable[..., Any], arguments: list[Any], keywords: dict[str, Any]) -> Hashable:
    """The key of what a call gives or raises; what is no plain value equals nothing."""
    try:
        return key(function(*arguments, **keywords))
    except _OddError:
        return object()
    except Exception as error:  # noqa: BLE001 - a mutant may break anything
        return type(error).__name__
