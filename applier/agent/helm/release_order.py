"""The order of releases: what one waits for, and whom a change concerns.

Source: helm-controller v2 `dependsOn`, as recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.kustomization import dependencies
from applier.agent.kustomization.triggers import is_ready, revision_of
from applier.agent.runtime.conditions import FALSE, READY, find
from applier.agent.runtime.informer import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.helm.release_charts import ReleaseCharts
    from applier.agent.runtime.queue import Key
    from applier.agent.runtime.unit import Unit
    from applier.model.ids import Body

    Get = Callable[[Key], Body | None]


def problem_of(body: Body, get: Get) -> str:
    """Why a release has to wait, empty for not at all. Raises: ExpressionError, for a `readyExpr` that cannot be read."""
    cycle = dependencies.cycle_through(key_of(body), get)
    if cycle:
        return f"circular dependency detected: {' -> '.join(map(str, cycle))}"
    entries = (body.get("spec") or {}).get("dependsOn") or ()
    for entry, key in zip(entries, dependencies.keys_of(body), strict=True):
        other = get(key)
        if other is None:
            return f"unable to get '{key}' dependency: helmreleases.helm.toolkit.fluxcd.io \"{key.name}\" not found"
        problem = _problem(entry, body, other, key)
        if problem:
            return problem
    return ""


def _problem(entry: Mapping[str, Any], body: Body, other: Body, key: Key) -> str:
    """Raises: ExpressionError."""
    expression = entry.get("readyExpr")
    if not expression:
        return "" if is_ready(other) else f"dependency '{key}' is not ready"
    try:
        holds = dependencies.holds(str(expression), body, other, key.name)
    except dependencies.NotReadyError as problem:
        return str(problem)
    return "" if holds else f"dependency '{key}' is not ready according to readyExpr eval"


class ReleaseTriggers:
    """Queues the releases of one unit as other objects change."""

    def __init__(self, unit: Unit, charts: ReleaseCharts) -> None:
        self.unit, self.charts = unit, charts

    def chart_changed(self, old: Body | None, new: Body | None) -> None:
        """What holds a chart changed: its releases run when it has another artifact, or tells of another failure."""
        if new is None or (revision_of(old) == revision_of(new) and _failure(old) == _failure(new)):
            return
        for body in self.unit.around.informer.all():
            if (self.charts.kind_of(body), self.charts.key_of(body)) == (new["kind"], key_of(new)):
                self.unit.queue.add(key_of(body))

    def release_changed(self, old: Body | None, new: Body | None) -> None:
        """A release changed: what depends on it runs when it became ready."""
        if new is None or not is_ready(new) or (old is not None and is_ready(old)):
            return
        for body in self.unit.around.informer.all():
            if key_of(new) in dependencies.keys_of(body):
                self.unit.queue.add(key_of(body))


def _failure(chart: Body | None) -> Any:
    """What a HelmChart tells of a failure, None for none."""
    ready = find(chart, READY) if chart is not None else None
    return ready.get("message") if ready is not None and ready.get("status") == FALSE else None
