"""`spec.ignore`: fields that others may set. They are no drift, and no write for another reason takes them back.

Where somebody else owns such a field, it is left out of what is sent; where it is ours alone, the live value is sent, since
a field that is left out then would be removed.
Source: kustomize-controller 1.10 `spec.ignore`, as recorded; RFC 6901.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from applier.fields.managed import managers
from applier.fields.migration import is_former
from applier.model.live import Present
from kbuild import KbuildError, Selector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from applier.model.ids import Body
    from applier.model.live import Live


class IgnoreError(Exception):
    """A rule that cannot be used: the sentence."""


class Rules:
    """The rules of a spec. Raises: IgnoreError."""

    def __init__(self, rules: Iterable[Mapping[str, Any]]) -> None:
        self._rules: list[tuple[Selector, list[list[str]]]] = []
        for rule in rules:
            try:
                selector = Selector(rule.get("target") or {})
            except KbuildError as problem:
                raise IgnoreError(f"spec.ignore: {problem}") from None
            self._rules.append((selector, [pointer(str(path)) for path in rule.get("paths") or ()]))

    def __bool__(self) -> bool:
        return bool(self._rules)

    def paths(self, body: Body) -> list[list[str]]:
        """The paths to ignore in an object. Raises: IgnoreError, for a label selector that cannot be read."""
        try:
            return [path for selector, paths in self._rules if selector.selects(body) for path in paths]
        except KbuildError as problem:
            raise IgnoreError(f"spec.ignore: {problem}") from None


def pointer(text: str) -> list[str]:
    """The steps of a JSON pointer. Raises: IgnoreError."""
    if not text.startswith("/"):
        raise IgnoreError(f"spec.ignore: '{text}' is no JSON pointer: it must begin with '/'")
    return [step.replace("~1", "/").replace("~0", "~") for step in text[1:].split("/")]


def settled(body: Body, live: Live | None, paths: Sequence[Sequence[str]], own: str, folds: str) -> Body:
    """An object in which the ignored fields are as they are in the cluster, or left to those who own them.

    `own` is our field manager; `folds` begins the names of those whose fields become ours.
    """
    if not paths or not isinstance(live, Present):
        return body
    found: Any = json.loads(json.dumps(body))
    for path in paths:
        has_wanted, _ = _at(found, path)
        if not has_wanted:
            continue
        has_live, value = _at(live.body, path)
        if not has_live or _is_others(live.body, path, own, folds):
            _remove(found, path)
        else:
            _replace(found, path, value)
    return found  # type: ignore[no-any-return]


def _is_others(live: Body, path: Sequence[str], own: str, folds: str) -> bool:
    """Whether somebody whose fields stay theirs owns a path. What is inside of lists is never said to be."""
    steps = [f"f:{step}" for step in path]
    for entry in managers(live):
        if (entry.name == own and entry.operation == "Apply") or is_former(entry, own, folds):
            continue
        fields: Any = entry.fields
        for step in steps:
            fields = fields.get(step) if isinstance(fields, dict) else None
        if fields is not None:
            return True
    return False


def _at(value: Any, path: Sequence[str]) -> tuple[bool, Any]:
    for step in path:
        found, value = _child(value, step)
        if not found:
            return False, None
    return True, value


def _child(value: Any, step: str) -> tuple[bool, Any]:
    if isinstance(value, dict):
        return step in value, value.get(step)
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return True, value[int(step)]
    return False, None


def _replace(body: Any, path: Sequence[str], value: Any) -> None:
    _, holder = _at(body, path[:-1])
    holder[int(path[-1]) if isinstance(holder, list) else path[-1]] = value


def _remove(body: Any, path: Sequence[str]) -> None:
    _, holder = _at(body, path[:-1])
    if isinstance(holder, dict):
        del holder[path[-1]]
