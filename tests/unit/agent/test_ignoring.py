"""`spec.ignore`: which fields of which objects are left to others."""

from __future__ import annotations

from typing import Any

import pytest

from applier.agent.kustomization.ignoring import IgnoreError, Rules, settled
from applier.model.live import ABSENT, Present

WANTED: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "n", "labels": {"app": "d"}, "annotations": {"a/b": "x", "c": "y"}},
    "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "c", "image": "one"}]}}},
}


def live(manager: str, operation: str = "Update", subresource: str = "", **fields: Any) -> Present:
    entry = {"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsV1": fields}
    managed = [{**entry, **({"subresource": subresource} if subresource else {})}]
    spec = {"replicas": 5, "template": {"spec": {"containers": [{"name": "c", "image": "two"}]}}}
    return Present(body={**WANTED, "metadata": {**WANTED["metadata"], "managedFields": managed}, "spec": spec})


REPLICAS = {"f:spec": {"f:replicas": {}}}


def test_a_field_of_somebody_else_is_left_out() -> None:
    for found in (
        live("hpa", **REPLICAS),
        live("kubectl", subresource="scale", **REPLICAS),
        live("x", "Apply", **REPLICAS),
    ):
        assert "replicas" not in settled(WANTED, found, [["spec", "replicas"]], "own", "kubectl")["spec"]


def test_a_field_of_ours_or_of_one_whose_fields_become_ours_is_sent_as_it_is() -> None:
    for found in (live("own", "Apply", **REPLICAS), live("kubectl-edit", **REPLICAS), live("other")):
        assert settled(WANTED, found, [["spec", "replicas"]], "own", "kubectl")["spec"]["replicas"] == 5
    image = ["spec", "template", "spec", "containers", "0", "image"]
    assert (
        settled(WANTED, live("hpa"), [image], "own", "")["spec"]["template"]["spec"]["containers"][0]["image"] == "two"
    )


def test_what_is_not_there_stays_as_it_is() -> None:
    assert settled(WANTED, ABSENT, [["spec", "replicas"]], "own", "") is WANTED
    assert settled(WANTED, live("hpa"), [["spec", "paused"], ["spec", "replicas", "x"]], "own", "") == WANTED
    found = settled(WANTED, live("hpa"), [["metadata", "annotations", "c"]], "own", "")
    assert found["metadata"]["annotations"]["c"] == "y"


@pytest.mark.parametrize(
    ("target", "count"),
    [
        ({}, 1), ({"kind": "Deploy.*"}, 1), ({"kind": "Deploy"}, 0), ({"name": "d|e", "namespace": "n"}, 1),
        ({"group": "apps", "version": "v1"}, 1), ({"group": "batch"}, 0), ({"labelSelector": "app=d"}, 1),
        ({"labelSelector": "app!=d"}, 0), ({"annotationSelector": "c=y"}, 1), ({"annotationSelector": "c in (z)"}, 0),
    ],
)  # fmt: skip
def test_targets_choose_as_those_of_patches_do(target: dict[str, str], count: int) -> None:
    assert len(Rules([{"paths": ["/spec/replicas"], "target": target}]).paths(WANTED)) == count


def test_pointers_are_unescaped_and_wrong_rules_are_told() -> None:
    assert Rules([{"paths": ["/metadata/annotations/a~1b~0"]}]).paths(WANTED) == [["metadata", "annotations", "a/b~"]]
    for rule in ({"paths": ["spec"]}, {"paths": ["/a"], "target": {"name": "(("}}):
        with pytest.raises(IgnoreError, match=r"spec\.ignore: "):
            Rules([rule])
    with pytest.raises(IgnoreError, match=r"spec\.ignore: "):
        Rules([{"paths": ["/a"], "target": {"labelSelector": "=="}}]).paths(WANTED)
