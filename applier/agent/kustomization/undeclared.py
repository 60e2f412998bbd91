"""Fields that the server does not know, left out of built-in kinds as Flux leaves them out.

Flux reads built-in kinds into their types before it applies them, which drops what a type lacks: a misspelled field does no
harm there. The server refuses it and names it; here it is taken out, and told.
Source: fluxcd/pkg `ssa/normalize`; structured-merge-diff, how it writes paths.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from applier.agent.kustomization.sentences import subject
from applier.model.ids import id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from applier.failures import Failure
    from applier.model.ids import Body, ObjectId

MOST = 50  # fields of one run
_FIELD = re.compile(r"(\.\S+?): field not declared in schema")
_STEP = re.compile(r'\.([^.\[\]]+)|\[(\d+)\]|\[((?:[^"\]]|"(?:[^"\\]|\\.)*")*)\]')
_PAIR = re.compile(r'([^=,\[\]]*)=("(?:[^"\\]|\\.)*"|[^,\]]+)')
_GROUPS = frozenset(
    [
        "", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "scheduling.k8s.io",
        "storage.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "admissionregistration.k8s.io", "node.k8s.io",
        "events.k8s.io", "certificates.k8s.io", "flowcontrol.apiserver.k8s.io", "authentication.k8s.io", "authorization.k8s.io",
    ]
)  # fmt: skip
_AS_THEY_ARE = frozenset([("rbac.authorization.k8s.io", "Role"), ("rbac.authorization.k8s.io", "ClusterRole")])


def without(bodies: Sequence[Body], refused: Mapping[ObjectId, Failure]) -> tuple[list[Body], tuple[str, ...]] | None:
    """(the objects without the fields that refusals name, a line for each field); None where that mends nothing."""
    named = {one: paths for one, failure in refused.items() if (paths := _paths(one, failure.message))}
    if not named:
        return None
    # What names no namespace yet gets one in the plan.
    by_id = {**{one._replace(namespace=""): one for one in named}, **{one: one for one in named}}
    found: list[Body] = []
    told = []
    for body in bodies:
        whole = by_id.get(id_of(body))
        if whole is None:
            found.append(body)
            continue
        mended: dict[str, Any] = json.loads(json.dumps(body))
        told += [f"{subject(whole)} {path}" for path in named[whole] if _remove(mended, list(_steps(path)))]
        found.append(mended)
    return (found, tuple(told)) if told else None


def sentence(lines: Iterable[str]) -> str:
    """What is said behind a success; empty where nothing was left out."""
    shown = ", ".join(lines)
    return f"; left out, as the server does not know it: {shown}" if shown else ""


def _paths(object_id: ObjectId, message: str) -> list[str]:
    """The undeclared fields that a refusal names; none for kinds that Flux applies as they are."""
    if object_id.group not in _GROUPS or (object_id.group, object_id.kind) in _AS_THEY_ARE:
        return []
    return list(dict.fromkeys(_FIELD.findall(message)))


def _steps(path: str) -> Iterable[str | int | dict[str, Any]]:
    """The steps of a path: a field, a place in a list, or the keys of an item."""
    for field, number, keys in _STEP.findall(path):
        if field:
            yield field
        elif number:
            yield int(number)
        else:
            yield {name: json.loads(value) for name, value in _PAIR.findall(keys)}


def _remove(value: Any, steps: list[Any]) -> bool:
    """Take out the field that steps lead to. Returns whether it was there. Mutates: `value`."""
    for step in steps[:-1]:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        elif not isinstance(value, list):
            return False
        elif isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            value = next((one for one in value if isinstance(one, dict) and _has(one, step)), None)
    if not steps or not isinstance(steps[-1], str) or not isinstance(value, dict) or steps[-1] not in value:
        return False
    del value[steps[-1]]
    return True


def _has(item: Mapping[str, Any], keys: Mapping[str, Any]) -> bool:
    """Whether an item of a list has these keys; one that the server has a default for may be missing."""
    return all(item.get(name, value) == value for name, value in keys.items())
