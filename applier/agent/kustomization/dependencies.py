"""What a Kustomization waits for before it is built: other Kustomizations, ready at the same revision; cycles are named.

Source: kustomize-controller v1, `dependsOn`; the test of Ready as Flux makes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.runtime.conditions import READY, TRUE, find
from applier.agent.runtime.queue import Key
from applier.agent.runtime.reconciling import generation, observed
from applier.health import cel, cel_parser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.model.ids import Body

    Get = Callable[[Key], Body | None]


class NotReadyError(Exception):
    """A dependency that is not ready: the sentence."""


class ExpressionError(Exception):
    """A `readyExpr` that cannot be evaluated: the sentence."""


def keys_of(body: Mapping[str, Any]) -> list[Key]:
    """What a Kustomization depends on."""
    namespace = str(body["metadata"]["namespace"])
    return [
        Key(str(one.get("namespace") or namespace), str(one["name"]))
        for one in (body.get("spec") or {}).get("dependsOn") or ()
    ]


def check(body: Body, get: Get, revision: str) -> None:
    """Refuse to go on before every dependency is ready. Raises: NotReadyError, ExpressionError."""
    cycle = cycle_through(Key(str(body["metadata"]["namespace"]), str(body["metadata"]["name"])), get)
    if cycle:
        raise NotReadyError(f"circular dependency detected: {' -> '.join(map(str, cycle))}")
    for entry, key in zip((body.get("spec") or {}).get("dependsOn") or (), keys_of(body), strict=True):
        dependency = get(key)
        if dependency is None:
            raise NotReadyError(
                f"dependency '{key}' not found: kustomizations.kustomize.toolkit.fluxcd.io \"{key.name}\" not found"
            )
        expression = entry.get("readyExpr")
        if expression:
            if not holds(str(expression), body, dependency, key.name):
                raise NotReadyError(f"dependency '{key}' is not ready according to readyExpr eval")
        else:
            _check_ready(body, dependency, key, revision)


def _check_ready(body: Body, dependency: Body, key: Key, revision: str) -> None:
    ready = find(dependency, READY)
    is_ready = ready is not None and ready.get("status") == TRUE and observed(dependency) == generation(dependency)
    if not is_ready:
        raise NotReadyError(f"dependency '{key}' is not ready")
    applied = (dependency.get("status") or {}).get("lastAppliedRevision")
    if source_of(body) == source_of(dependency) and applied != revision:
        raise NotReadyError(f"dependency '{key}' revision is not up to date")


def source_of(body: Mapping[str, Any]) -> tuple[str, str, str]:
    """(kind, namespace, name) of a Kustomization's source."""
    reference = (body.get("spec") or {}).get("sourceRef") or {}
    namespace = reference.get("namespace") or body["metadata"]["namespace"]
    return str(reference.get("kind") or ""), str(namespace), str(reference.get("name") or "")


def holds(expression: str, body: Body, dependency: Body, name: str) -> bool:
    """Whether a `readyExpr` is true. Raises: ExpressionError, NotReadyError."""
    try:
        return cel.is_true(cel_parser.parse(expression), {"self": body, "dep": dependency})
    except cel_parser.CelSyntaxError as problem:
        sentence = f"failed to evaluate dependency {name}: failed to parse the CEL expression '{expression}': {problem}"
        raise ExpressionError(sentence) from None
    except cel.CelError as problem:
        raise NotReadyError(f"failed to evaluate dependency {name}: {problem}") from None


def cycle_through(start: Key, get: Get) -> list[Key]:
    """The shortest way from a Kustomization through its dependencies back to itself, empty for none."""
    came_from: dict[Key, Key] = {}
    queue = [start]
    for key in queue:
        body = get(key)
        for target in keys_of(body) if body is not None else ():
            if target == start:
                way = [start]
                while key != start:
                    way.append(key)
                    key = came_from[key]
                return [start, *reversed(way)]
            if target not in came_from:
                came_from[target] = key
                queue.append(target)
    return []
