"""The health of an object, in the order in which its signs count: a user's rule, deletion, generation, conditions, kind.

Pure: one body in, one verdict out. Waiting, watching and clocks are elsewhere.
Source: cli-utils `kstatus`, whose words are used; differences are named at the rules and in docs/applier.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from applier.health import other_kinds, pods, workloads
from applier.health.conditions import Facts, condition, current, failed, from_condition, in_progress, status_of
from applier.health.rules import Rule
from applier.model import kinds
from applier.model.health import Health, Status
from applier.model.ids import Body, GroupKind, split_api_version
from applier.model.live import Absent, Live, Unknown
from applier.model.values import at, text

__all__ = ["Facts", "evaluate", "evaluate_live", "reports_generation"]

_GATEWAY = "gateway.networking.k8s.io"
_RULES: Mapping[GroupKind, Callable[[Body, Facts], Health]] = {
    GroupKind("apps", "Deployment"): workloads.deployment,
    GroupKind("apps", "StatefulSet"): workloads.stateful_set,
    GroupKind("apps", "DaemonSet"): workloads.daemon_set,
    GroupKind("apps", "ReplicaSet"): workloads.replica_set,
    GroupKind("", "Pod"): pods.pod,
    GroupKind("batch", "Job"): other_kinds.job,
    GroupKind("policy", "PodDisruptionBudget"): other_kinds.disruption_budget,
    GroupKind("autoscaling", "HorizontalPodAutoscaler"): other_kinds.autoscaler,
    GroupKind(_GATEWAY, "Gateway"): other_kinds.gateway,
    kinds.CLAIM: other_kinds.claim,
    kinds.SERVICE: other_kinds.service,
    kinds.DEFINITION: other_kinds.definition,
    kinds.NAMESPACE: other_kinds.namespace,
    kinds.API_SERVICE: other_kinds.api_service,
}


def evaluate(body: Body, facts: Facts, rules: Sequence[Rule] = ()) -> Health:
    """The verdict on a live object. `rules` are the user's, for this object or its kind; the first one decides."""
    if rules:
        return rules[0].evaluate(body)
    kind = GroupKind(split_api_version(text(body.get("apiVersion")))[0], text(body.get("kind")))
    if at(body, "metadata", "deletionTimestamp") is not None and kind != kinds.NAMESPACE:
        return Health(status=Status.TERMINATING, reason="Terminating", message="the object is being deleted")
    if waiting := _generation(body, facts) or (_by_conditions(body) if body.get("status") else None):
        return waiting
    rule = _RULES.get(kind)
    if rule is None and kind.group == _GATEWAY and kind.kind.endswith("Route"):
        rule = other_kinds.route
    if rule is not None:
        return rule(body, facts)
    if not body.get("status"):
        return current()
    ready = condition(body, "Ready")
    return current() if ready.status in ("", "True") else from_condition(ready, "Ready")


def _by_conditions(body: Body) -> Health | None:
    """What the conditions of kstatus say of every kind."""
    if (reconciling := condition(body, "Reconciling")).status == "True":
        return from_condition(reconciling, "Reconciling")
    if (stalled := condition(body, "Stalled")).status == "True":
        return failed(stalled.reason or "Stalled", stalled.message)
    return None


def _generation(body: Body, facts: Facts) -> Health | None:
    """An old status says nothing about a new spec."""
    generation, observed = at(body, "metadata", "generation"), status_of(body).get("observedGeneration")
    if isinstance(observed, int) and isinstance(generation, int):
        if observed != generation:
            return in_progress("LatestGenerationNotObserved", f"generation {generation}, observed {observed}")
    elif facts.written and facts.observed_before:
        return in_progress("LatestGenerationNotObserved", "the controller has not seen the object yet")
    return None


def evaluate_live(live: Live, facts: Facts, rules: Sequence[Rule] = ()) -> Health:
    """The verdict on what is known about an object."""
    if isinstance(live, Absent):
        return Health(status=Status.NOT_FOUND, reason="NotFound", message="the object does not exist")
    if isinstance(live, Unknown):
        return Health(status=Status.UNKNOWN, reason="Unknown", message=live.why)
    return evaluate(live.body, facts, rules)


def reports_generation(body: Body) -> bool:
    """Whether the controller of an object has reported what it observed."""
    return isinstance(status_of(body).get("observedGeneration"), int)
