"""Verdicts on objects by kind, in the order in which signs count, and the user's own rules.

The cases of kstatus are its published behaviour, written down here as facts; where a verdict is another one on purpose, the
name of the case says so.
"""

from __future__ import annotations

from typing import Any

import pytest
from cluster_values import body, oid

from applier.health import Facts, evaluate, evaluate_live, reports_generation
from applier.health.cel import CelError, is_true
from applier.health.cel import evaluate as value_of
from applier.health.cel_parser import CelSyntaxError, parse
from applier.health.pods import pods_verdict, selector_of
from applier.health.rules import read_rules
from applier.model.errors import InputError
from applier.model.health import Health, HealthRule, Status
from applier.model.ids import GroupKind
from applier.model.live import ABSENT, Present, Unknown

NOW = 1_000_000.0
LONG_AGO, JUST_NOW = "1970-01-12T13:46:00Z", "1970-01-12T13:46:35Z"  # 40 s and 5 s before NOW
CRD = "apiextensions.k8s.io/v1/CustomResourceDefinition"
GATEWAY = "gateway.networking.k8s.io/v1"


def cond(kind: str, status: str, reason: str = "", message: str = "", **rest: Any) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message, **rest}


AVAILABLE = cond("Available", "True", "MinimumReplicasAvailable")
PROGRESSED = cond("Progressing", "True", "NewReplicaSetAvailable")


def obj(
    kind: str, spec: dict[str, Any] | None = None, *conditions: dict[str, Any], generation: int = 1, **status: Any
) -> dict[str, Any]:
    full = {**status, **({"conditions": list(conditions)} if conditions else {})}
    return body(kind, "t/x", generation=generation, spec=spec or {}, status=full)


def deployment(spec: dict[str, Any] | None = None, *conditions: dict[str, Any], **status: Any) -> dict[str, Any]:
    counts = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2, "observedGeneration": 1}
    conditions = conditions or (AVAILABLE, PROGRESSED)
    return obj(
        "apps/v1/Deployment",
        {"replicas": 2, "progressDeadlineSeconds": 600} | (spec or {}),
        *conditions,
        **(counts | status),
    )


def stateful(spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    counts = {
        "replicas": 2,
        "readyReplicas": 2,
        "updatedReplicas": 2,
        "currentReplicas": 2,
        "observedGeneration": 1,
        "currentRevision": "a",
        "updateRevision": "a",
    }
    return obj("apps/v1/StatefulSet", {"replicas": 2} | (spec or {}), **(counts | status))


def daemon(spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    counts = {
        "desiredNumberScheduled": 2,
        "currentNumberScheduled": 2,
        "updatedNumberScheduled": 2,
        "numberAvailable": 2,
        "numberReady": 2,
        "observedGeneration": 1,
    }
    return obj("apps/v1/DaemonSet", spec, **(counts | status))


def replicas(**status: Any) -> dict[str, Any]:
    counts = {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "availableReplicas": 2,
        "readyReplicas": 2,
        "observedGeneration": 1,
    }
    return obj("apps/v1/ReplicaSet", {"replicas": 2}, **(counts | status))


def waiting(reason: str) -> dict[str, Any]:
    return {"name": "c", "state": {"waiting": {"reason": reason, "message": "m"}}}


def pod(phase: str, *conditions: dict[str, Any], **status: Any) -> dict[str, Any]:
    return obj("Pod", {}, *conditions, phase=phase, startTime=LONG_AGO, **status)


CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("deployment: all there", deployment(), "Current", ""),
    ("deployment: never observed", obj("apps/v1/Deployment", {"replicas": 1}), "InProgress", "LatestGenerationNotObserved"),
    ("deployment: older generation observed", deployment() | {"metadata": {"name": "x", "namespace": "t", "generation": 2}}, "InProgress", "LatestGenerationNotObserved"),
    ("deployment: too few replicas", deployment(replicas=1), "InProgress", "LessReplicas"),
    ("deployment: too few updated", deployment(updatedReplicas=1), "InProgress", "LessUpdated"),
    ("deployment: old pods still there", deployment(replicas=3), "InProgress", "ExtraPods"),
    ("deployment: too few available", deployment(availableReplicas=1), "InProgress", "LessAvailable"),
    ("deployment: too few ready", deployment(readyReplicas=1), "InProgress", "LessReady"),
    ("deployment: still progressing", deployment(None, AVAILABLE, cond("Progressing", "True", "ReplicaSetUpdated")), "InProgress", "ReplicaSetNotAvailable"),
    ("deployment: without a deadline progress does not count", deployment({"progressDeadlineSeconds": 2147483647}, AVAILABLE), "Current", ""),
    ("deployment: not available", deployment(None, PROGRESSED, cond("Available", "False")), "InProgress", "DeploymentNotAvailable"),
    ("deployment: deadline exceeded", deployment(None, cond("Progressing", "False", "ProgressDeadlineExceeded"), updatedReplicas=1), "Failed", "ProgressDeadlineExceeded"),
    ("deployment: paused is current here", deployment({"paused": True}, updatedReplicas=0), "Current", ""),
    ("deployment: scaled to zero", deployment({"replicas": 0}, replicas=0, updatedReplicas=0, availableReplicas=0, readyReplicas=0), "Current", ""),
    ("stateful set: all there", stateful(), "Current", ""),
    ("stateful set: too few", stateful(replicas=1), "InProgress", "LessReplicas"),
    ("stateful set: not ready", stateful(readyReplicas=1), "InProgress", "LessReady"),
    ("stateful set: too many", stateful(replicas=3), "InProgress", "ExtraPods"),
    ("stateful set: partition not rolled out", stateful({"updateStrategy": {"rollingUpdate": {"partition": 1}}}, updatedReplicas=0), "InProgress", "PartitionRollout"),
    ("stateful set: partition rolled out", stateful({"updateStrategy": {"rollingUpdate": {"partition": 1}}}, updatedReplicas=1, updateRevision="b"), "Current", ""),
    ("stateful set: not current", stateful(currentReplicas=1), "InProgress", "LessCurrent"),
    ("stateful set: revisions differ", stateful(updateRevision="b"), "InProgress", "RevisionMismatch"),
    ("stateful set: updated on delete", stateful({"updateStrategy": {"type": "OnDelete"}}, readyReplicas=0), "Current", ""),
    ("stateful set: never observed", obj("apps/v1/StatefulSet", {"replicas": 1}), "InProgress", "LatestGenerationNotObserved"),
    ("daemon set: all there", daemon(), "Current", ""),
    ("daemon set: no nodes", daemon(desiredNumberScheduled=0, numberReady=0), "Current", ""),
    ("daemon set: no generation", daemon() | {"metadata": {"name": "x"}}, "InProgress", "NoGeneration"),
    ("daemon set: never observed", obj("apps/v1/DaemonSet"), "InProgress", "NoObservedGeneration"),
    ("daemon set: number unknown", obj("apps/v1/DaemonSet", observedGeneration=1), "InProgress", "NoDesiredNumber"),
    ("daemon set: too few", daemon(currentNumberScheduled=1), "InProgress", "LessCurrent"),
    ("daemon set: not updated", daemon(updatedNumberScheduled=1), "InProgress", "LessUpdated"),
    ("daemon set: not updated, on delete", daemon({"updateStrategy": {"type": "OnDelete"}}, updatedNumberScheduled=1), "Current", ""),
    ("daemon set: not available", daemon(numberAvailable=1), "InProgress", "LessAvailable"),
    ("daemon set: not ready", daemon(numberReady=1), "InProgress", "LessReady"),
    ("replica set: all there", replicas(), "Current", ""),
    ("replica set: not labelled", replicas(fullyLabeledReplicas=1), "InProgress", "LessLabelled"),
    ("replica set: not available", replicas(availableReplicas=1), "InProgress", "LessAvailable"),
    ("replica set: not ready", replicas(readyReplicas=1), "InProgress", "LessReady"),
    ("replica set: too many", replicas(replicas=3), "InProgress", "ExtraPods"),
    ("replica set: cannot create pods", obj("apps/v1/ReplicaSet", {"replicas": 1}, cond("ReplicaFailure", "True", "FailedCreate"), observedGeneration=1), "InProgress", "ReplicaFailure"),
    ("pod: nobody saw it", obj("Pod"), "InProgress", "PodNotObserved"),
    ("pod: running and ready", pod("Running", cond("Ready", "True")), "Current", ""),
    ("pod: running, not ready", pod("Running", cond("Ready", "False")), "InProgress", "PodRunningNotReady"),
    ("pod: crash looping", pod("Running", cond("Ready", "False"), containerStatuses=[waiting("CrashLoopBackOff")]), "Failed", "ContainerCrashLooping"),
    ("pod: pulling an image again and again", pod("Pending", containerStatuses=[waiting("ImagePullBackOff")]), "InProgress", "PodPending"),
    ("pod: an image that cannot be", pod("Pending", containerStatuses=[waiting("InvalidImageName")]), "Failed", "InvalidImageName"),
    ("pod: unschedulable just now", pod("Pending", cond("PodScheduled", "False", "Unschedulable", lastTransitionTime=JUST_NOW)), "InProgress", "PodNotScheduled"),
    ("pod: unschedulable for long", pod("Pending", cond("PodScheduled", "False", "Unschedulable", lastTransitionTime=LONG_AGO)), "Failed", "PodUnschedulable"),
    ("pod: succeeded", pod("Succeeded"), "Current", ""),
    ("pod: failed is failed here", pod("Failed", reason="Evicted"), "Failed", "Evicted"),
    ("claim: bound", obj("PersistentVolumeClaim", phase="Bound"), "Current", ""),
    ("claim: pending", obj("PersistentVolumeClaim", {"storageClassName": "now"}, phase="Pending"), "InProgress", "NotBound"),
    ("claim: pending until it is used is current here", obj("PersistentVolumeClaim", {"storageClassName": "late"}, phase="Pending"), "Current", ""),
    ("claim: of the default class", obj("PersistentVolumeClaim", phase="Pending"), "Current", ""),
    ("claim: lost", obj("PersistentVolumeClaim", phase="Lost"), "Failed", "ClaimLost"),
    ("service: plain", obj("Service"), "Current", ""),
    ("service: load balancer without an IP", obj("Service", {"type": "LoadBalancer"}), "InProgress", "NoIPAssigned"),
    ("service: load balancer", obj("Service", {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}), "Current", ""),
    ("job: not started", obj("batch/v1/Job"), "InProgress", "JobNotStarted"),
    ("job: running is in progress here", obj("batch/v1/Job", startTime="x", active=1), "InProgress", "JobInProgress"),
    ("job: criteria met, not complete", obj("batch/v1/Job", {}, cond("SuccessCriteriaMet", "True"), startTime="x"), "InProgress", "JobInProgress"),
    ("job: complete", obj("batch/v1/Job", {}, cond("Complete", "True"), startTime="x"), "Current", ""),
    ("job: failed", obj("batch/v1/Job", {}, cond("Failed", "True", "BackoffLimitExceeded"), startTime="x"), "Failed", "BackoffLimitExceeded"),
    ("job: suspended", obj("batch/v1/Job", {"suspend": True}), "Current", ""),
    ("cron job", obj("batch/v1/CronJob"), "Current", ""),
    ("budget", obj("policy/v1/PodDisruptionBudget", observedGeneration=1), "Current", ""),
    ("budget: pods cannot be found", obj("policy/v1/PodDisruptionBudget", {}, cond("DisruptionAllowed", "False", "SyncFailed"), observedGeneration=1), "Failed", "SyncFailed"),
    ("definition: installing", obj(CRD, {}, cond("Established", "False", "Installing"), cond("NamesAccepted", "True")), "InProgress", "Installing"),
    ("definition: no conditions", obj(CRD), "InProgress", "Installing"),
    ("definition: names taken", obj(CRD, {}, cond("NamesAccepted", "False", "MultipleNamesNotAllowed")), "Failed", "MultipleNamesNotAllowed"),
    ("definition: not established", obj(CRD, {}, cond("NamesAccepted", "True"), cond("Established", "False", "Other")), "Failed", "Other"),
    ("definition: established", obj(CRD, {}, cond("NamesAccepted", "True"), cond("Established", "True")), "Current", ""),
    ("namespace", obj("Namespace", phase="Active"), "Current", ""),
    ("namespace: terminating", body("Namespace", "x", deletionTimestamp="now", status={"phase": "Terminating"}), "InProgress", "NamespaceTerminating"),
    ("autoscaler", obj("autoscaling/v2/HorizontalPodAutoscaler", {}, cond("ScalingActive", "False", "FailedGetScale")), "Current", ""),
    ("API service: no answer yet", obj("apiregistration.k8s.io/v1/APIService"), "InProgress", "AvailableMissing"),
    ("API service: not available", obj("apiregistration.k8s.io/v1/APIService", {}, cond("Available", "False", "MissingEndpoints")), "InProgress", "MissingEndpoints"),
    ("API service: available", obj("apiregistration.k8s.io/v1/APIService", {}, cond("Available", "True")), "Current", ""),
    ("ingress", obj("networking.k8s.io/v1/Ingress"), "Current", ""),
    ("gateway: not programmed", obj(f"{GATEWAY}/Gateway", {}, cond("Accepted", "True")), "InProgress", "ProgrammedMissing"),
    ("gateway: refused", obj(f"{GATEWAY}/Gateway", {}, cond("Accepted", "False", "Invalid")), "Failed", "Invalid"),
    ("gateway: programmed", obj(f"{GATEWAY}/Gateway", {}, cond("Programmed", "True", observedGeneration=1)), "Current", ""),
    ("gateway: programmed earlier", obj(f"{GATEWAY}/Gateway", {}, cond("Programmed", "True", observedGeneration=0)), "InProgress", "LatestGenerationNotObserved"),
    ("route: no parent saw it", obj(f"{GATEWAY}/HTTPRoute", {"parentRefs": [{"name": "g"}]}), "InProgress", "NotAccepted"),
    ("route: accepted", obj(f"{GATEWAY}/HTTPRoute", {"parentRefs": [{}]}, parents=[{"conditions": [cond("Accepted", "True")]}]), "Current", ""),
    ("route: refused", obj(f"{GATEWAY}/HTTPRoute", {"parentRefs": [{}]}, parents=[{"conditions": [cond("Accepted", "False", "NoMatchingParent")]}]), "Failed", "NoMatchingParent"),
    ("custom: nothing said", obj("x.org/v1/X"), "Current", ""),
    ("custom: ready", obj("x.org/v1/X", {}, cond("Ready", "True")), "Current", ""),
    ("custom: not ready", obj("x.org/v1/X", {}, cond("Ready", "False", "Waiting")), "InProgress", "Waiting"),
    ("custom: ready unknown", obj("x.org/v1/X", {}, cond("Ready", "Unknown")), "InProgress", "ReadyUnknown"),
    ("custom: reconciling", obj("x.org/v1/X", {}, cond("Reconciling", "True", "Busy"), cond("Ready", "True")), "InProgress", "Busy"),
    ("custom: stalled", obj("x.org/v1/X", {}, cond("Stalled", "True", "Broken"), cond("Ready", "False")), "Failed", "Broken"),
    ("custom: ready about an older generation", obj("x.org/v1/X", {}, cond("Ready", "True"), generation=2, observedGeneration=1), "InProgress", "LatestGenerationNotObserved"),
    ("anything: being deleted", body("ConfigMap", "t/c", deletionTimestamp="now"), "Terminating", "Terminating"),
]  # fmt: skip
FACTS = Facts(
    storage_classes={"late": "WaitForFirstConsumer", "now": "Immediate", "": "WaitForFirstConsumer"}, now_s=NOW
)


@pytest.mark.parametrize(("given", "status", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_every_kind_has_its_verdict(given: dict[str, Any], status: str, reason: str) -> None:
    found = evaluate(given, FACTS)
    assert (found.status.value, found.reason) == (status, reason)


def test_what_was_written_just_now_must_be_seen_first() -> None:
    given = obj("x.org/v1/X")
    assert evaluate(given, Facts(written=True, observed_before=True)).reason == "LatestGenerationNotObserved"
    assert evaluate(given, Facts(written=True)).status is Status.CURRENT
    assert reports_generation(deployment())
    assert not reports_generation(given)


def test_load_balancers_are_awaited_on_demand() -> None:
    given = obj("Service", {"type": "LoadBalancer", "clusterIP": "10.0.0.1"})
    assert evaluate(given, Facts(wait_load_balancers=True)).reason == "NoLoadBalancer"
    given["status"] = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}
    assert evaluate(given, Facts(wait_load_balancers=True)).status is Status.CURRENT


def test_absent_and_unknown_are_verdicts_too() -> None:
    assert evaluate_live(ABSENT, Facts()).status is Status.NOT_FOUND
    assert evaluate_live(Unknown(why="forbidden"), Facts()).message == "forbidden"
    assert evaluate_live(Present(body=obj("Service")), Facts()).is_final


WORKLOAD = Health(status=Status.IN_PROGRESS, reason="LessReady", message="ready: 0/1")


def test_pods_say_why_a_workload_is_not_ready() -> None:
    broken = pod("Pending", containerStatuses=[waiting("ImagePullBackOff")])
    found = pods_verdict(WORKLOAD, [pod("Running", cond("Ready", "True")), broken], fail_fast=False, now_s=NOW)
    assert found.message == "ready: 0/1 (pod x: ImagePullBackOff: m)"
    assert (found.status, found.reason) == (Status.IN_PROGRESS, "LessReady")
    crashing = pod("Running", containerStatuses=[waiting("CrashLoopBackOff")])
    assert pods_verdict(WORKLOAD, [crashing], fail_fast=False, now_s=NOW).status is Status.IN_PROGRESS
    failed = pods_verdict(WORKLOAD, [crashing], fail_fast=True, now_s=NOW)
    assert (failed.status, failed.reason, failed.needs_repeat, failed.is_final) == (
        Status.FAILED,
        "ContainerCrashLooping",
        True,
        False,
    )
    homeless = pod("Pending", cond("PodScheduled", "False", "Unschedulable", "0/3 nodes", lastTransitionTime=LONG_AGO))
    assert "Unschedulable: 0/3 nodes" in pods_verdict(WORKLOAD, [homeless], fail_fast=False, now_s=NOW).message
    assert pods_verdict(WORKLOAD, [], fail_fast=True, now_s=NOW) == WORKLOAD
    assert selector_of({"spec": {"selector": {"matchLabels": {"a": "b"}}}}) == {"a": "b"}
    assert selector_of({"spec": {"selector": {"matchExpressions": [{}]}}}) == {}
    assert selector_of({"spec": {"selector": {"a": "b"}}}) == {"a": "b"}


OBJECT = {
    "spec": {"replicas": 3, "name": "web", "on": True},
    "status": {
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}],
        "ready": 3,
        "ratio": 0.5,
    },
}
EXPRESSIONS: list[tuple[str, Any]] = [
    ("status.conditions.filter(e, e.type == 'Ready').all(e, e.status == 'True')", True),
    ("status.conditions.exists(e, e.type == \"Ready\" && e.status == 'True')", True),
    ("status.conditions.exists_one(e, e.status == 'False')", True),
    ("status.conditions.map(e, e.type)[1] + '!'", "Other!"),
    ("status.ready == spec.replicas && spec.on", True),
    ("status.ready >= 3 && status.ratio < 1 && -status.ready < 0", True),
    ("has(status.missing) || has(status.ready)", True),
    ("has(status.missing) ? status.missing : 'none'", "none"),
    ("size(status.conditions) == 2 && status.conditions.size() == 2 && size('abc') == 3", True),
    ("spec.name in ['web', 'api'] && !('x' in spec)", True),
    ("spec.name.startsWith('w') && spec.name.endsWith('b') && spec.name.contains('e')", True),
    ("status.missing == 1 || true", True),
    ("true || status.missing == 1", True),
    ("false && status.missing == 1", False),
    ("status.conditions.exists(e, e.missing == 1 || e.type == 'Other')", True),
    ("1 == 1.0 && 1 != true && 'a' != null && [1] == [1.0]", True),
    ("spec['name'] == 'web' && status.conditions[0].type != 'x'", True),
    ("(1 + 2) - 1 == 2 && 1 + 2 - 1 == 2 && 'a' + 'b' == 'ab' && [1] + [2] == [1, 2]", True),
    ("'it\\'s' == \"it's\" && 'a' < 'b'", True),
    ("null == null", True),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), EXPRESSIONS)
def test_expressions_have_the_values_of_cel(source: str, expected: Any) -> None:
    assert value_of(parse(source), OBJECT) == expected


@pytest.mark.parametrize(
    "source",
    ["", "a ==", "a b", "a.", "(a", "a ? b", "'open", "a.matches('x')", "has(a)", "duration('1s')", "a @ b", "[1, 2", "a.filter(e.x, true)", "(" * 200 + "a" + ")" * 200, "!" * 200 + "a"],
)  # fmt: skip
def test_what_is_not_supported_is_refused_when_it_is_read(source: str) -> None:
    with pytest.raises(CelSyntaxError, match="column"):
        parse(source)


@pytest.mark.parametrize("source", ["status.missing", "missing", "spec.name && true", "spec.name < 1", "spec.replicas.all(x, true)", "status.conditions[5]", "-spec.name", "1 in 2", "size(1) == 1", "spec.on - spec.on", "spec.replicas.contains('a')", "[1] < [2]"])  # fmt: skip
def test_what_has_no_value_is_an_error(source: str) -> None:
    with pytest.raises(CelError):
        is_true(parse(source), OBJECT)


def test_user_rules_come_first_and_forgive_missing_fields() -> None:
    kind = GroupKind("x.org", "X")
    rule = HealthRule(
        kind=kind,
        current="status.phase == 'Up'",
        in_progress="status.phase == 'Starting'",
        failed="status.phase == 'Down'",
    )
    rules = read_rules([rule]).of(oid("x.org/X t/x"))
    verdicts = {}
    for phase in ("Up", "Starting", "Down", "Odd"):
        verdicts[phase] = evaluate(obj("x.org/v1/X", {}, cond("Ready", "False"), phase=phase), Facts(), rules).reason
    assert verdicts == {"Up": "", "Starting": "RuleInProgress", "Down": "RuleFailed", "Odd": "RuleNotMet"}
    missing = evaluate(obj("x.org/v1/X"), Facts(), rules)
    assert (missing.status, missing.message) == (Status.IN_PROGRESS, "no such field: phase")
    assert (
        evaluate(obj("x.org/v1/X", generation=2, observedGeneration=1, phase="Up"), Facts(), rules).reason
        == "LatestGenerationNotObserved"
    )


def test_an_objects_own_rule_outweighs_that_of_its_kind_and_bad_rules_are_told() -> None:
    kind = GroupKind("x.org", "X")
    found = read_rules([HealthRule(kind=kind, current="true")], [(oid("x.org/X t/x"), "false")])
    assert evaluate(obj("x.org/v1/X"), Facts(), found.of(oid("x.org/X t/x"))).reason == "RuleNotMet"
    assert evaluate(obj("x.org/v1/X"), Facts(), found.of(oid("x.org/X t/y"))).status is Status.CURRENT
    assert read_rules([]).of(oid("x.org/X t/x")) == ()
    with pytest.raises(InputError) as caught:
        read_rules([HealthRule(kind=kind, current="a ==", failed="b c")], [(oid("x.org/X t/x"), "matches(")])
    assert [str(one) for one in caught.value.problems] == [
        "rule for X.x.org, current: column 5: expected a name and found 'the end'",
        "rule for X.x.org, failed: column 3: unexpected 'c'",
        "x.org/X t/x: wait-for: column 9: expected a name and found 'the end'",
    ]
