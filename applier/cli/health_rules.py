"""Reads the file of `--health-rules`: a list in the form of Flux' healthCheckExprs, or an object with that field."""

from __future__ import annotations

from typing import Any

import kbuild
from applier.model.errors import InputError, Problem
from applier.model.health import HealthRule
from applier.model.ids import GroupKind, split_api_version

_FIELDS = {"apiVersion", "kind", "current", "inProgress", "failed"}


def read_health_rules(path: str) -> tuple[HealthRule, ...]:
    """The rules of a file; none for an empty path. Raises: KbuildError, InputError."""
    if not path:
        return ()
    try:
        with open(path, "rb") as file:
            documents = kbuild.read_documents(file.read(), path)
    except OSError as problem:
        raise kbuild.MissingFileError(f"open {path}: {(problem.strerror or str(problem)).lower()}") from None
    rules: list[HealthRule] = []
    problems: list[Problem] = []
    for number, entry in enumerate(entry for document in documents for entry in _entries(document)):
        wrong = _problem(entry)
        if wrong:
            problems.append(Problem(f"rule {number + 1}: {wrong}", position=path))
            continue
        group, _ = split_api_version(str(entry["apiVersion"]))
        rules.append(
            HealthRule(
                kind=GroupKind(group, str(entry["kind"])),
                current=str(entry["current"]),
                in_progress=str(entry.get("inProgress") or ""),
                failed=str(entry.get("failed") or ""),
            )
        )
    if problems:
        raise InputError("health rules cannot be read:", problems)
    return tuple(rules)


def _entries(document: Any) -> list[Any]:
    if isinstance(document, dict):
        found = document.get("healthCheckExprs", (document.get("spec") or {}).get("healthCheckExprs"))
        return found if isinstance(found, list) else [document]
    return document if isinstance(document, list) else [document]


def _problem(entry: Any) -> str:
    if not isinstance(entry, dict):
        return "not a mapping"
    missing = [name for name in ("apiVersion", "kind", "current") if not entry.get(name)]
    unknown = sorted(set(entry) - _FIELDS)
    if missing:
        return f"{', '.join(missing)} missing"
    return f"unknown field {', '.join(unknown)}" if unknown else ""
