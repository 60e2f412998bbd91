"""S55 to S62: fields that others own, and objects that other tools applied."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from bed import Bed
from install_cluster import cluster_bin
from kube import JSON_PATCH, eventually
from objects import config_map, custom, deployment, named, resource_definition, secret

NO_WAIT = "--no-wait"


def managers(live: Any) -> set[str]:
    """The field managers of an object, subresources aside."""
    return {entry["manager"] for entry in live["metadata"]["managedFields"] if "subresource" not in entry}


def kubectl(bed: Bed, *arguments: str, file: Any = None) -> str:
    """Run kubectl against the server itself."""
    command = [
        str(cluster_bin() / "kubectl"),
        "--kubeconfig",
        str(bed.plane.kubeconfig),
        "-n",
        bed.namespace,
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=bed.environment())
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_s55_a_conflict_names_path_and_manager(bed: Bed) -> None:
    bed.set_up(deployment("web", replicas=1), flags=[NO_WAIT])
    partial = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 5}}
    bed.kube.apply(bed.owned(partial), "other")
    done = bed.apply(deployment("web", replicas=3), flags=[NO_WAIT]).expect(3)
    assert ".spec.replicas" in done.text
    assert "other" in done.text
    assert (bed.live(deployment("web")) or {})["spec"]["replicas"] == 5
    done = bed.apply(deployment("web", replicas=3), flags=[NO_WAIT, "--force-conflicts"]).expect(0)
    assert (bed.live(deployment("web")) or {})["spec"]["replicas"] == 3
    assert "other" in done.text


def test_s56_edits_by_hand_are_undone(bed: Bed) -> None:
    body = config_map("a", labels={"team": "blue"})
    bed.set_up(body)
    bed.kube.merge(bed.owned(body), {"metadata": {"labels": {"team": "red"}}}, manager="kubectl-edit")
    done = bed.apply(body).expect(0)
    assert done.outcomes() == {"ConfigMap/a": "configured"}
    assert "drift" in done.text
    assert (bed.live(body) or {})["metadata"]["labels"]["team"] == "blue"


def test_s57_an_autoscaler_owns_the_replicas(bed: Bed) -> None:
    bed.set_up(deployment("web", replicas=1), flags=[NO_WAIT])
    scale = bed.kube.path_of(bed.owned(deployment("web")), "scale") + "?fieldManager=autoscaler"
    bed.kube.request("PATCH", scale, {"spec": {"replicas": 4}}, "application/merge-patch+json")
    done = bed.apply(deployment("web", replicas=1), flags=[NO_WAIT]).expect(3)
    assert "spec.replicas" in done.text
    assert "remove" in done.text
    without = deployment("web")
    del without["spec"]["replicas"]
    bed.apply(without, flags=[NO_WAIT]).expect(0)
    bed.proxy.clear()
    done = bed.apply(without, flags=[NO_WAIT]).expect(0)
    assert done.outcomes() == {"Deployment/web": "unchanged"}
    assert bed.proxy.writes == []
    assert (bed.live(without) or {})["spec"]["replicas"] == 4


def test_s58_what_kubectl_applied_is_taken_over(bed: Bed) -> None:
    first = config_map("m", {"a": "1", "b": "2"})
    kubectl(bed, "apply", "-f", str(bed.write(first)))
    live = bed.live(first)
    assert live is not None
    assert "kubectl-client-side-apply" in managers(live)
    bed.apply(config_map("m", {"a": "1"})).expect(0)
    live = bed.live(first)
    assert live is not None
    assert live["data"] == {"a": "1"}
    assert managers(live) == {"kbuild"}
    assert "kubectl.kubernetes.io/last-applied-configuration" not in live["metadata"].get("annotations", {})
    bed.proxy.clear()
    bed.apply(config_map("m", {"a": "1"})).expect(0)
    assert bed.proxy.writes == []


def test_s59_an_object_whose_managers_were_cleared(bed: Bed) -> None:
    first = config_map("m", {"a": "1", "b": "2"})
    bed.set_up(first)
    patch = [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]
    bed.kube.request("PATCH", bed.kube.path_of(bed.owned(first)), patch, JSON_PATCH)
    bed.apply(config_map("m", {"a": "1"})).expect(0)
    live = bed.live(first)
    assert live is not None
    assert live["data"] == {"a": "1"}
    assert "before-first-apply" not in managers(live)


def test_s60_a_key_of_a_secret_can_be_removed(bed: Bed) -> None:
    bed.set_up(secret("s", {"a": "1", "b": "2"}))
    bed.apply(secret("s", {"a": "1"})).expect(0)
    assert list((bed.live(secret("s")) or {})["data"]) == ["a"]


def test_s61_a_definition_gets_another_version(bed: Bed) -> None:
    group = f"{bed.namespace}.example.com"
    definition = bed.cleaned(resource_definition("Widget", group))
    [served] = definition["spec"]["versions"]
    old = {**served, "name": "v1beta1"}
    before = {**definition, "spec": {**definition["spec"], "versions": [old]}}
    beta = {**custom("Widget", group, "w", {"size": 1, "extra": 2}), "apiVersion": f"{group}/v1beta1"}
    bed.set_up(before, beta)
    after = {**definition, "spec": {**definition["spec"], "versions": [served, {**old, "storage": False}]}}
    instance = custom("Widget", group, "w", {"size": 2})
    bed.apply(after, instance).expect(0)
    live = bed.live(instance)
    assert live is not None
    assert live["spec"] == {"size": 2}
    ours = [entry for entry in live["metadata"]["managedFields"] if entry["manager"] == "kbuild"]
    assert [entry["apiVersion"] for entry in ours] == [f"{group}/v1"]
    bed.proxy.clear()
    bed.apply(after, instance).expect(0)
    assert bed.proxy.writes == []


def test_s62_what_the_server_would_not_keep_is_not_sent(bed: Bed) -> None:
    body = named("v1", "ConfigMap", "m", data={"a": "1", "gone": None})
    body["metadata"] |= {"creationTimestamp": None, "labels": {"x": "y", "none": None}, "annotations": {}}
    workload = deployment("web")
    workload["status"] = {"replicas": 7}
    workload["metadata"]["creationTimestamp"] = None
    done = bed.apply(body, workload, flags=[NO_WAIT]).expect(0)
    assert "null" in done.text
    assert (bed.live(body) or {})["data"] == {"a": "1"}
    bed.proxy.clear()
    bed.apply(body, workload, flags=[NO_WAIT]).expect(0)
    assert bed.proxy.writes == []


@pytest.mark.parametrize("manager", ["kustomize-controller", "argocd-controller"])
def test_fields_of_a_former_applier_are_folded_into_ours(manager: str, bed: Bed) -> None:
    first = config_map("m", {"a": "1", "b": "2"})
    bed.kube.apply(bed.owned(first), manager)
    bed.apply(config_map("m", {"a": "1"}), flags=["--adopt=all"]).expect(0)
    live = bed.live(first)
    assert live is not None
    assert live["data"] == {"a": "1"}
    assert eventually(lambda: managers(live) == {"kbuild"}, 1)
