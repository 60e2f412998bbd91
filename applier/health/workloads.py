"""Deployments, stateful sets, daemon sets and replica sets. Source: cli-utils `kstatus/status/core.go`, with the additions named."""

from __future__ import annotations

from applier.health.conditions import Facts, condition, current, failed, in_progress, spec_of, status_of
from applier.model.health import Health
from applier.model.ids import Body
from applier.model.values import at, number, text

_NO_DEADLINE = 2**31 - 1


def _not_observed(body: Body) -> Health | None:
    """These controllers always report what they have seen: until then an old status says nothing (not in kstatus)."""
    if "observedGeneration" in status_of(body):
        return None
    return in_progress("LatestGenerationNotObserved", "the controller has not seen the object yet")


def deployment(body: Body, _facts: Facts) -> Health:
    """A Deployment."""
    spec, status = spec_of(body), status_of(body)
    if waiting := _not_observed(body):
        return waiting
    progressing = condition(body, "Progressing")
    if progressing.reason == "ProgressDeadlineExceeded":
        return failed("ProgressDeadlineExceeded", progressing.message or "it made no progress in time")
    if spec.get("paused") is True:
        return current("paused")
    wanted = number(spec.get("replicas"), 1)
    counts = {
        name: number(status.get(name)) for name in ("replicas", "updatedReplicas", "availableReplicas", "readyReplicas")
    }
    total, updated, available, ready = counts.values()
    if total < wanted:
        return in_progress("LessReplicas", f"replicas: {total}/{wanted}")
    if updated < wanted:
        return in_progress("LessUpdated", f"updated: {updated}/{wanted}")
    if total > wanted:
        return in_progress("ExtraPods", f"pending termination: {total - wanted}")
    if available < updated:
        return in_progress("LessAvailable", f"available: {available}/{updated}")
    if ready < wanted:
        return in_progress("LessReady", f"ready: {ready}/{wanted}")
    deadline = number(spec.get("progressDeadlineSeconds"), _NO_DEADLINE)
    if deadline != _NO_DEADLINE and (progressing.status != "True" or progressing.reason != "NewReplicaSetAvailable"):
        return in_progress("ReplicaSetNotAvailable", "the new replica set is not available")
    if condition(body, "Available").status != "True":
        return in_progress("DeploymentNotAvailable", "it is not available")
    return current("scaled to zero" if wanted == 0 else "", f"available: {available}/{wanted}")


def stateful_set(body: Body, _facts: Facts) -> Health:
    """A StatefulSet. It has no conditions, so it never fails by itself."""
    spec, status = spec_of(body), status_of(body)
    if at(spec, "updateStrategy", "type") == "OnDelete":
        return current("updated on delete")
    if waiting := _not_observed(body):
        return waiting
    wanted = number(spec.get("replicas"), 1)
    total, ready, updated, held = (
        number(status.get(name)) for name in ("replicas", "readyReplicas", "updatedReplicas", "currentReplicas")
    )
    if total < wanted:
        return in_progress("LessReplicas", f"replicas: {total}/{wanted}")
    if ready < wanted:
        return in_progress("LessReady", f"ready: {ready}/{wanted}")
    if total > wanted:
        return in_progress("ExtraPods", f"pending termination: {total - wanted}")
    partition = at(spec, "updateStrategy", "rollingUpdate", "partition")
    if isinstance(partition, int) and partition > 0:
        if updated < wanted - partition:
            return in_progress("PartitionRollout", f"updated: {updated}/{wanted - partition}")
        return current(f"partition {partition}", f"updated: {updated}")
    if held < wanted:
        return in_progress("LessCurrent", f"current: {held}/{wanted}")
    if text(status.get("currentRevision")) != text(status.get("updateRevision")):
        return in_progress("RevisionMismatch", "the update revision is not rolled out yet")
    return current("scaled to zero" if wanted == 0 else "", f"ready: {ready}/{wanted}")


def daemon_set(body: Body, _facts: Facts) -> Health:
    """A DaemonSet; with `OnDelete` old pods may stay."""
    status = status_of(body)
    if at(body, "metadata", "generation") is None:
        return in_progress("NoGeneration", "the object has no generation yet")
    if "observedGeneration" not in status:
        return in_progress("NoObservedGeneration", "the controller has not seen the object yet")
    if "desiredNumberScheduled" not in status:
        return in_progress("NoDesiredNumber", "the number of pods is not known yet")
    wanted = number(status.get("desiredNumberScheduled"))
    on_delete = at(body, "spec", "updateStrategy", "type") == "OnDelete"
    steps = [
        ("LessCurrent", "currentNumberScheduled", "current"),
        ("LessUpdated", "updatedNumberScheduled", "updated"),
        ("LessAvailable", "numberAvailable", "available"),
        ("LessReady", "numberReady", "ready"),
    ]
    for reason, name, word in steps:
        if on_delete and reason == "LessUpdated":
            continue
        if (found := number(status.get(name))) < wanted:
            return in_progress(reason, f"{word}: {found}/{wanted}")
    return current(message=f"ready: {wanted}/{wanted}")


def replica_set(body: Body, _facts: Facts) -> Health:
    """A ReplicaSet."""
    status, wanted = status_of(body), number(spec_of(body).get("replicas"), 1)
    if waiting := _not_observed(body):
        return waiting
    failure = condition(body, "ReplicaFailure")
    if failure.status == "True":
        return in_progress("ReplicaFailure", failure.message or failure.reason or "pods cannot be created")
    total, labelled, available, ready = (
        number(status.get(name)) for name in ("replicas", "fullyLabeledReplicas", "availableReplicas", "readyReplicas")
    )
    for reason, found, word in (
        ("LessLabelled", labelled, "labelled"),
        ("LessAvailable", available, "available"),
        ("LessReady", ready, "ready"),
    ):
        if found < wanted:
            return in_progress(reason, f"{word}: {found}/{wanted}")
    if total > wanted:
        return in_progress("ExtraPods", f"pending termination: {total - wanted}")
    return current("scaled to zero" if wanted == 0 else "", f"available: {available}/{wanted}")
