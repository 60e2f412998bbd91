"""S17 to S25: what is deleted, what is kept, and when nothing is deleted at all."""

from __future__ import annotations

from typing import Any

import pytest
from bed import Bed, Plane
from kube import eventually
from objects import config_map, deployment, namespace


def test_s17_what_somebody_created_again_is_not_deleted(bed: Bed) -> None:
    bed.set_up(config_map("a"), config_map("b"))
    bed.kube.delete(bed.owned(config_map("b")))
    made = bed.kube.create(bed.owned(config_map("b", {"key": "by hand"})))
    done = bed.apply(config_map("a")).expect(0)
    assert "created again" in done.text
    assert bed.deletes() == []
    assert (bed.live(config_map("b")) or {})["metadata"]["uid"] == made["metadata"]["uid"]
    assert set(bed.entries()) == {"ConfigMap/a"}


def test_s18_a_finalizer_holds_an_object_and_its_id(bed: Bed) -> None:
    held = config_map("held", finalizers=["example.com/hold"])
    bed.set_up(config_map("a"), held)
    done = bed.apply(config_map("a"), flags=["--timeout=2s"]).expect(3)
    assert done.outcomes()["ConfigMap/held"] == "timeout"
    assert "d" in bed.entries()["ConfigMap/held"][2]
    bed.kube.merge(bed.owned(held), {"metadata": {"finalizers": None}})
    assert eventually(lambda: bed.live(held) is None)
    bed.apply(config_map("a")).expect(0)
    assert set(bed.entries()) == {"ConfigMap/a"}


def denying_policy(bed: Bed) -> list[Any]:
    """A policy that denies deletions of ConfigMaps labelled `keep` in the test's namespace."""
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": bed.namespace},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["DELETE"], "resources": ["configmaps"]}
                ]
            },
            "validations": [{"expression": "oldObject.metadata.name != 'b'", "message": "b is not deleted"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": bed.namespace},
        "spec": {
            "policyName": bed.namespace,
            "validationActions": ["Deny"],
            "matchResources": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": bed.namespace}},
            },
        },
    }
    return [bed.cleaned(policy), bed.cleaned(binding)]


def test_s19_a_denied_deletion_stays_in_the_inventory(bed: Bed) -> None:
    bed.set_up(config_map("a"), config_map("b"))
    for body in denying_policy(bed):
        bed.kube.create(body)
    victim = bed.owned(config_map("b"))

    def denied() -> bool:
        status, _ = bed.kube.raw("DELETE", bed.kube.path_of(victim) + "?dryRun=All")
        return status in (403, 422)

    assert eventually(denied, 20)
    for _ in range(2):
        done = bed.apply(config_map("a")).expect(3)
        assert "b is not deleted" in done.text
        assert "ConfigMap/b" in bed.entries()


def test_s20_nothing_is_deleted_after_a_failure(bed: Bed) -> None:
    bed.set_up(config_map("a"), config_map("b"))
    done = bed.apply(config_map("a", {"not a key!": "x"})).expect(3)
    assert bed.deletes() == []
    assert done.change("ConfigMap", "b")["outcome"] == "skipped"
    assert "earlier-failure" in done.text
    assert set(bed.entries()) == {"ConfigMap/a", "ConfigMap/b"}


def test_s21_nothing_is_deleted_after_a_wait_that_failed(bed: Bed, own_plane: Plane) -> None:
    bed.set_up(deployment("web"), config_map("b"))
    never = deployment("web", annotations={"testbed.invalid/fate": "never"})
    done = bed.apply(never, flags=["--timeout=2s"]).expect(3)
    assert done.outcomes() == {"Deployment/web": "timeout", "ConfigMap/b": "skipped"}
    assert bed.deletes() == []


def test_s22_an_empty_set_needs_to_be_meant(bed: Bed) -> None:
    bed.set_up(config_map("a"), config_map("b"))
    empty = bed.folder / "empty.yaml"
    empty.write_text("")
    bed.run("apply", str(empty), "-o", "json").expect(6)
    assert bed.proxy.writes == []
    bed.run("apply", str(empty), "-o", "json", "--allow-empty", "--allow-prune=all").expect(0)
    assert bed.live(config_map("a")) is None
    assert bed.live(config_map("b")) is None


def test_s23_many_deletions_need_to_be_meant(bed: Bed) -> None:
    bodies = [config_map(f"c-{number}") for number in range(60)]
    bed.set_up(*bodies)
    bed.apply(*bodies[:20]).expect(6)
    assert bed.proxy.writes == []
    bed.apply(*bodies[:20], flags=["--allow-prune=40"]).expect(0)
    assert len(bed.entries()) == 20
    assert len(bed.deletes()) == 40


def test_s24_a_namespace_is_deleted_only_when_named(bed: Bed) -> None:
    inner = bed.cleaned(namespace(f"{bed.namespace}-in"))
    bed.set_up(inner, config_map("a"))
    bed.apply(config_map("a")).expect(6)
    assert bed.proxy.writes == []
    bed.apply(config_map("a"), flags=["--allow-prune=Namespace"]).expect(0)
    assert bed.live(inner) is None


@pytest.mark.parametrize("name", ["default", "kube-public"])
def test_s24_some_namespaces_are_never_deleted(name: str, bed: Bed) -> None:
    bed.set_up(namespace(name), config_map("a"), flags=["--adopt=all"])
    done = bed.apply(config_map("a"), flags=["--allow-prune=all"])
    assert done.code == 0, done.text
    assert bed.deletes() == []
    live = bed.live(namespace(name))
    assert live is not None
    assert "deletionTimestamp" not in live["metadata"]


KEEP = {
    "ours": {"kbuild.dev/prune": "disabled"},
    "flux": {"kustomize.toolkit.fluxcd.io/prune": "disabled"},
    "cli-utils": {"client.lifecycle.config.k8s.io/deletion": "detach"},
    "helm": {"helm.sh/resource-policy": "keep"},
    "argo": {"argocd.argoproj.io/sync-options": "Prune=false"},
}


@pytest.mark.parametrize("tool", KEEP)
def test_s25_an_annotation_keeps_an_object(tool: str, bed: Bed) -> None:
    kept = config_map("kept", annotations=KEEP[tool])
    bed.set_up(config_map("a"), kept)
    done = bed.apply(config_map("a")).expect(0)
    assert done.outcomes()["ConfigMap/kept"] == "kept"
    live = bed.live(kept)
    assert live is not None
    assert "applyset.kubernetes.io/part-of" not in live["metadata"].get("labels", {})
    assert set(bed.entries()) == {"ConfigMap/a"}
