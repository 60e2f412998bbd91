"""Pods, and what the pods of a workload say about why it does not get ready.

Source: cli-utils `kstatus/status/core.go`; a Pod that failed is Failed here (there: Current).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from applier.health.conditions import Facts, condition, current, failed, in_progress, spec_of, status_of
from applier.model.health import Health
from applier.model.ids import Body
from applier.model.values import at, mappings, text

PATIENCE_S = 15.0
_HOPELESS = frozenset(["ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError"])
_CRASH_LOOP = "CrashLoopBackOff"
# Containers wait for these in the normal course of things.
_HARMLESS = frozenset(["ContainerCreating", "PodInitializing", ""])


def pod(body: Body, facts: Facts) -> Health:
    """A Pod."""
    phase = text(status_of(body).get("phase"))
    if phase == "Succeeded":
        return current("completed")
    if phase == "Failed":
        status = status_of(body)
        return failed(text(status.get("reason")) or "PodFailed", text(status.get("message")) or "the pod failed")
    if phase == "Running":
        return _running(body, facts)
    if phase == "Pending":
        return _pending(body, facts)
    return in_progress(
        "PodNotObserved" if not phase else "PodPhaseUnknown",
        "the pod has no phase yet" if not phase else f"phase {phase}",
    )


def _pending(body: Body, facts: Facts) -> Health:
    scheduled = condition(body, "PodScheduled")
    if scheduled.status == "False" and scheduled.reason == "Unschedulable":
        if _is_older(scheduled.changed, PATIENCE_S, facts.now_s):
            return failed("PodUnschedulable", scheduled.message or "no node takes the pod")
        return in_progress("PodNotScheduled", scheduled.message or "the pod is not scheduled yet")
    return _hopeless(body, facts) or in_progress("PodPending", "the pod is pending")


def _running(body: Body, facts: Facts) -> Health:
    ready = condition(body, "Ready")
    if ready.status == "True":
        return current()
    for name, reason, message in waiting_containers(body):
        if reason == _CRASH_LOOP:
            return failed("ContainerCrashLooping", f"container {name}: {message or reason}", needs_repeat=True)
    return _hopeless(body, facts) or in_progress("PodRunningNotReady", ready.message or "the pod is not ready")


def _hopeless(body: Body, facts: Facts) -> Health | None:
    started = text(status_of(body).get("startTime"))
    for name, reason, message in waiting_containers(body):
        if reason in _HOPELESS and _is_older(started, PATIENCE_S, facts.now_s):
            return failed(reason, f"container {name}: {message or reason}", needs_repeat=True)
    return None


def waiting_containers(body: Body) -> Iterator[tuple[str, str, str]]:
    """(container, reason, message) of every container of a pod that waits for something unusual."""
    for part in ("initContainerStatuses", "containerStatuses"):
        for one in mappings(status_of(body).get(part)):
            reason = text(at(one, "state", "waiting", "reason"))
            if reason not in _HARMLESS:
                yield text(one.get("name")), reason, text(at(one, "state", "waiting", "message"))


def pods_verdict(workload: Health, pods: Iterable[Body], *, fail_fast: bool, now_s: float | None) -> Health:
    """A workload's verdict, with the first thing that is wrong with its pods; only `fail_fast` changes the verdict.

    Shape: `pods` are those that the workload's selector finds. The result needs a second reading where pods may flap.
    """
    facts = Facts(now_s=now_s)
    for body in pods:
        found = pod(body, facts)
        name = text(at(body, "metadata", "name"))
        if fail_fast and found.reason in ("PodUnschedulable", "ContainerCrashLooping"):
            return failed(found.reason, f"pod {name}: {found.message}", needs_repeat=True)
        words = next(
            (f"{reason}: {message}" if message else reason for _, reason, message in waiting_containers(body)), ""
        )
        if not words and found.reason in ("PodUnschedulable", "PodNotScheduled"):
            words = f"Unschedulable: {found.message}"
        if words:
            message = f"{workload.message} (pod {name}: {words})" if workload.message else f"pod {name}: {words}"
            return Health(status=workload.status, reason=workload.reason, message=message, note=workload.note)
    return workload


def selector_of(body: Body) -> Mapping[str, Any]:
    """The labels that select the pods of a workload; empty where expressions are needed, which are not asked for."""
    selector = at(spec_of(body), "selector")
    if not isinstance(selector, Mapping) or selector.get("matchExpressions"):
        return {}
    found = selector.get("matchLabels", {} if "matchExpressions" in selector else selector)
    return found if isinstance(found, Mapping) and all(isinstance(value, str) for value in found.values()) else {}


def _is_older(timestamp: str, seconds: float, now_s: float | None) -> bool:
    """Whether an RFC 3339 time is longer ago; never where time does not count or cannot be read."""
    if now_s is None or not timestamp:
        return False
    from datetime import datetime

    try:
        return now_s - datetime.fromisoformat(timestamp).timestamp() >= seconds
    except ValueError:
        return False
