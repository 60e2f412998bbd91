"""The one module that reads refusals: every row of the table of classes, with the server's own words."""

from __future__ import annotations

from typing import Any

import pytest

from applier.errors import Answer, classify, is_expired, of_transport
from applier.failures import MEANING, ErrorClass, Failure, TransportError, worst


def status(message: str = "", reason: str = "", causes: list[dict[str, str]] | None = None, **details: str) -> Any:
    found: dict[str, Any] = {"kind": "Status", "message": message, "reason": reason}
    if causes is not None or details:
        found["details"] = {**details, **({"causes": causes} if causes is not None else {})}
    return found


def cause(field: str, message: str, reason: str = "FieldValueInvalid") -> dict[str, str]:
    return {"field": field, "message": message, "reason": reason}


CONFLICT = cause(".spec.replicas", 'conflict with "kubectl" using apps/v1', "FieldManagerConflict")
SCALED = cause(".spec.replicas", 'conflict with "hpa" with subresource "scale" using apps/v1', "FieldManagerConflict")
TABLE = [
    ("conflict", 409, status("Apply failed", "Conflict", [CONFLICT]), "", "conflict"),
    ("wrong uid of an apply", 409, status("uid mismatch: no existing object was found"), "", "replaced"),
    ("wrong uid of a deletion", 409, status("the UID in the precondition (a) does not match"), "", "replaced"),
    ("exists", 409, status('configmaps "a" already exists', "AlreadyExists"), "", "race"),
    ("modified", 409, status("the object has been modified; please apply your changes"), "", "race"),
    ("uid is immutable", 422, status("", "Invalid", [cause("metadata.uid", "field is immutable")]), "", "replaced"),
    ("selector", 422, status("", "Invalid", [cause("spec.selector", "field is immutable")]), "Deployment", "immutable"),
    ("one of two causes", 422, status("", "Invalid", [
        cause("spec.selector", "field is immutable"), cause("spec.replicas", "must be >= 0")]), "Deployment", "invalid"),
    ("replicas", 422, status("", "Invalid", [cause("spec.replicas", "must be >= 0")]), "Deployment", "invalid"),
    ("set", 422, status("", "Invalid", [cause(
        "spec", "Forbidden: updates to statefulset spec for fields other than 'replicas'")]), "StatefulSet", "immutable"),
    ("claim", 422, status("", "Invalid", [cause("spec", "spec is immutable after creation except resources")]),
     "PersistentVolumeClaim", "immutable"),
    ("shrinking", 422, status("", "Invalid", [cause(
        "spec.resources.requests.storage", "field can not be less than status.capacity")]), "PersistentVolumeClaim",
     "invalid"),
    ("role", 422, status("", "Invalid", [cause("roleRef", "cannot change roleRef")]), "RoleBinding", "immutable"),
    ("rule of a custom kind", 422, status("", "Invalid", [cause("spec.a", "Value is immutable")]), "Foo", "immutable"),
    ("no causes", 422, status("", "Invalid"), "Foo", "invalid"),
    ("wrong type", 500, status("failed to create typed patch object (a/b; v1): .spec: expected map"), "", "bad-input"),
    ("webhook down", 500, status('Internal error: failed calling webhook "a": no endpoints'), "", "webhook-unavailable"),
    ("conversion", 500, status("conversion webhook for e.com/v1 failed: connection refused"), "", "webhook-unavailable"),
    ("leader", 500, status("etcdserver: leader changed"), "", "transient"),
    ("too large", 500, status("etcdserver: request is too large"), "", "too-large"),
    ("limit", 413, status("Request entity too large: limit is 3145728"), "", "too-large"),
    ("strict", 400, status('strict decoding error: unknown field "a"'), "", "bad-input"),
    ("credentials", 401, status("Unauthorized"), "", "auth"),
    ("terminating", 403, status("", "Forbidden", [cause("", "being terminated", "NamespaceTerminating")]), "",
     "namespace-terminating"),
    ("quota", 403, status('pods "a" is forbidden: exceeded quota: q'), "", "quota"),
    ("denied", 403, status('admission webhook "a" denied the request: no'), "", "denied"),
    ("policy", 422, status("ValidatingAdmissionPolicy 'a' denied request: no", "Invalid", []), "", "denied"),
    ("rights", 403, status('configmaps is forbidden: User "a" cannot list'), "", "forbidden"),
    ("absent", 404, status('configmaps "a" not found', "NotFound", name="a", kind="configmaps"), "", "not-found"),
    ("namespace", 404, status("", "NotFound", name="n", kind="namespaces"), "", "namespace-missing"),
    ("expired", 410, status("the provided continue parameter is too old", "Expired"), "", "expired"),
    ("many", 429, status("too many requests"), "", "transient"),
    ("gateway", 502, None, "", "transient"),
    ("unavailable", 503, status("not now"), "", "transient"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "body", "kind", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_an_answer_has_the_class_of_the_table(code: int, body: Any, kind: str, expected: str) -> None:
    assert classify(Answer(code=code, status=body, kind=kind)).error_class == expected


def test_a_missing_kind_answers_in_plain_text() -> None:
    assert classify(Answer(code=404, status=None, text="404 page not found\n")).error_class is ErrorClass.KIND_MISSING


def test_a_group_without_backend_is_unknown() -> None:
    found = classify(Answer(code=503, status=None, text="service unavailable\n"))
    assert found.error_class is ErrorClass.KIND_UNKNOWN


def test_a_failed_test_of_our_patch_is_a_race() -> None:
    answer = Answer(code=422, status=status("the server rejected our request", "Invalid"), is_json_patch=True)
    assert classify(answer).error_class is ErrorClass.RACE


def test_conflicts_name_path_and_manager() -> None:
    found = classify(Answer(code=409, status=status("", "Conflict", [CONFLICT, SCALED])))
    assert [(one.path, one.manager, one.subresource) for one in found.conflicts] == [
        (".spec.replicas", "kubectl", ""),
        (".spec.replicas", "hpa", "scale"),
    ]
    assert "remove spec.replicas" in found.advice


def test_values_of_secrets_are_never_quoted() -> None:
    body = status('Secret "a" is invalid: data[x]: "canary"', "Invalid", [cause("data[x]", 'Invalid value: "canary"')])
    assert "canary" not in classify(Answer(code=422, status=body, kind="Secret", sensitive=True)).message
    body = status("failed to create typed patch object: canary")
    found = classify(Answer(code=500, status=body, kind="Secret", sensitive=True))
    assert "canary" not in found.message
    assert found.error_class is ErrorClass.BAD_INPUT


def test_only_429_slows_down() -> None:
    assert classify(Answer(code=429, status=None)).slow_down
    assert not classify(Answer(code=503, status=None)).slow_down


def test_a_lost_answer_and_a_refused_connection_are_told_apart() -> None:
    assert of_transport(TransportError("reset", lost=True)).lost
    assert of_transport(TransportError("refused", lost=False, refused=True)).error_class is ErrorClass.CONNECTION


def test_every_class_has_a_meaning_and_a_condition() -> None:
    assert set(MEANING) == set(ErrorClass)
    for error_class in ErrorClass:
        condition = Failure(error_class=error_class, message="m").condition
        assert (condition.type, condition.status) in (("Stalled", "True"), ("Ready", "False"))
        assert condition.reason.isalpha()


@pytest.mark.parametrize(
    ("codes", "expected"), [([], 0), ([3], 3), ([3, 4], 4), ([3, 2], 2), ([3, 1], 1), ([130, 3], 130)]
)
def test_the_worst_exit_status_wins(codes: list[int], expected: int) -> None:
    assert worst(codes) == expected


def test_expired_watches_are_recognised() -> None:
    assert is_expired({"code": 410, "reason": "Expired"})
    assert not is_expired({"code": 500})
