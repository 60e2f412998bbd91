"""Jobs, claims, services, definitions, namespaces and the rest of the built-in kinds that have a rule.

Source: cli-utils `kstatus/status/core.go`; where a rule differs, its docstring says so.
"""

from __future__ import annotations

from applier.health.conditions import Facts, condition, current, failed, from_condition, in_progress, spec_of, status_of
from applier.model.health import Health
from applier.model.ids import Body
from applier.model.values import at, mappings, sequence, text


def job(body: Body, _facts: Facts) -> Health:
    """A Job is awaited until it completes (kstatus: current as soon as it started)."""
    broken = condition(body, "Failed")
    if broken.status == "True":
        return failed(broken.reason or "JobFailed", broken.message or "the job failed")
    if condition(body, "Complete").status == "True":
        return current("completed")
    if condition(body, "Suspended").status == "True" or spec_of(body).get("suspend") is True:
        return current("suspended")
    if "startTime" not in status_of(body):
        return in_progress("JobNotStarted", "the job has not started")
    status = status_of(body)
    counts = ", ".join(f"{word}: {status[word]}" for word in ("active", "succeeded", "failed") if status.get(word))
    return in_progress("JobInProgress", counts or "the job is running")


def claim(body: Body, facts: Facts) -> Health:
    """A PersistentVolumeClaim; one that is bound only when a pod uses it is current (kstatus: waits for ever)."""
    phase = text(status_of(body).get("phase"))
    if phase == "Bound":
        return current()
    if phase == "Lost":
        return failed("ClaimLost", "the volume of the claim is gone")
    name = spec_of(body).get("storageClassName")
    if facts.storage_classes.get(name if isinstance(name, str) else "") == "WaitForFirstConsumer":
        return current("bound when a pod uses it")
    return in_progress("NotBound", f"the claim is {phase or 'not seen yet'}")


def service(body: Body, facts: Facts) -> Health:
    """A Service; a load balancer's address is awaited only where that is asked for."""
    spec = spec_of(body)
    if spec.get("type") != "LoadBalancer":
        return current()
    if not spec.get("clusterIP"):
        return in_progress("NoIPAssigned", "the service has no cluster IP yet")
    if facts.wait_load_balancers and not sequence(at(body, "status", "loadBalancer", "ingress")):
        return in_progress("NoLoadBalancer", "the load balancer has no address yet")
    return current()


def definition(body: Body, _facts: Facts) -> Health:
    """A CustomResourceDefinition: its names accepted and its kind established."""
    accepted, established = condition(body, "NamesAccepted"), condition(body, "Established")
    if accepted.status == "False":
        return failed(accepted.reason or "NamesNotAccepted", accepted.message)
    if established.status == "True" and accepted.status == "True":
        structural = condition(body, "NonStructuralSchema")
        return current("non-structural schema" if structural.status == "True" else "")
    if established.status == "False" and established.reason != "Installing":
        return failed(established.reason or "NotEstablished", established.message)
    return in_progress("Installing", "the kind is being installed")


def namespace(body: Body, _facts: Facts) -> Health:
    """A Namespace: nothing can be created in one that terminates."""
    if status_of(body).get("phase") == "Terminating":
        return in_progress("NamespaceTerminating", "the namespace is being deleted")
    return current()


def disruption_budget(body: Body, _facts: Facts) -> Health:
    """A PodDisruptionBudget fails where its pods cannot be found out (kstatus: never)."""
    allowed = condition(body, "DisruptionAllowed")
    if allowed.status == "False" and allowed.reason == "SyncFailed":
        return failed("SyncFailed", allowed.message)
    return current()


def autoscaler(body: Body, _facts: Facts) -> Health:
    """A HorizontalPodAutoscaler is current at once: metrics come when they come."""
    active = condition(body, "ScalingActive")
    return current(f"not scaling: {active.reason}" if active.status == "False" else "")


def api_service(body: Body, _facts: Facts) -> Health:
    """An APIService whose server answers (not in kstatus)."""
    available = condition(body, "Available")
    return current() if available.status == "True" else from_condition(available, "Available")


def gateway(body: Body, _facts: Facts) -> Health:
    """A Gateway that is programmed in this generation."""
    accepted = condition(body, "Accepted")
    if accepted.status == "False" and accepted.reason != "Pending":
        return failed(accepted.reason, accepted.message)
    return _of_generation(body, "Programmed")


def route(body: Body, _facts: Facts) -> Health:
    """A route that every parent has accepted in this generation; one without parents is current."""
    generation = at(body, "metadata", "generation")
    for parent in mappings(status_of(body).get("parents")):
        found = condition({"status": parent}, "Accepted")
        if found.generation is not None and found.generation != generation:
            return in_progress("LatestGenerationNotObserved", "a parent has not seen the latest generation")
        if found.status == "False" and found.reason != "Pending":
            return failed(found.reason, found.message)
        if found.status != "True":
            return from_condition(found, "Accepted")
    if sequence(spec_of(body).get("parentRefs")) and not sequence(status_of(body).get("parents")):
        return in_progress("NotAccepted", "no parent has seen the route yet")
    return current()


def _of_generation(body: Body, kind: str) -> Health:
    found = condition(body, kind)
    if found.generation is not None and found.generation != at(body, "metadata", "generation"):
        return in_progress("LatestGenerationNotObserved", f"{kind} is about an older generation")
    return current() if found.status == "True" else from_condition(found, kind)
