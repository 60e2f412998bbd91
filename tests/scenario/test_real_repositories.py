"""Real repositories, as far as they need no operator: applied, healthy, applied again without a write, pruned, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bed import Bed, Plane
from killing import SOAK
from kube import eventually
from objects import namespace

import kbuild

PARTS = (
    "podinfo/deploy/overlays/dev",
    "podinfo/deploy/overlays/production",
    "online-boutique/kustomize",
    "online-boutique/kustomize/tests/memorystore-with-all-components",
    "kubeflow-manifests/applications/jupyter/notebook-controller/upstream/overlays/standalone",
    "kubeflow-manifests/applications/jupyter/jupyter-web-app/upstream/base",
    "kubeflow-manifests/applications/katib/upstream/installs/katib-standalone",
    "kubeflow-manifests/applications/model-registry/upstream/overlays/db",
    "kubeflow-manifests/applications/pipeline/upstream/base/metadata/overlays/db",
    "kubeflow-manifests/applications/pipeline/upstream/third-party/metacontroller/base",
    "kubeflow-manifests/applications/spark/spark-operator/overlays/standalone",
    "kubeflow-manifests/applications/tensorboard/tensorboard-controller/upstream/overlays/standalone",
    "kubeflow-manifests/applications/training-operator/upstream/overlays/standalone",
    "kubeflow-manifests/common/cert-manager/base",
    "kubeflow-manifests/common/dex/base",
    "kubeflow-manifests/common/knative/knative-eventing/base",
    "kubeflow-manifests/common/kubeflow-namespace/base",
    "kubeflow-manifests/experimental/ray/kuberay-operator/overlays/standalone",
)
REMOVABLE = ("Deployment", "Service", "ConfigMap", "RoleBinding", "ClusterRoleBinding", "NetworkPolicy", "ClusterRole")
# Every run takes some; a soak takes all.
TAKEN = PARTS if SOAK else PARTS[:3] + PARTS[4:7] + PARTS[-3:]
BARE: Any = {"metadata": {}}


def missing_namespaces(bed: Bed, bodies: list[Any]) -> None:
    """Create the namespaces that a part expects to be there."""
    own = {body["metadata"]["name"] for body in bodies if body["kind"] == "Namespace"}
    used = {body["metadata"].get("namespace") for body in bodies} - {None}
    subjects = {subject.get("namespace") for body in bodies for subject in body.get("subjects") or []} - {None}
    for name in sorted((used | subjects) - own):
        assert eventually(
            lambda name=name: "deletionTimestamp" not in (bed.live(namespace(name)) or BARE)["metadata"], 60
        )
        if bed.live(namespace(name)) is None:
            bed.kube.create(bed.cleaned(namespace(name)))


def left_over(bed: Bed, bodies: list[Any]) -> list[str]:
    """Which of the objects still exist."""
    found = []
    for body in bodies:
        if body["apiVersion"] in served(bed) and bed.live(body) is not None:
            found.append(f"{body['kind']}/{body['metadata']['name']}")
    return found


def served(bed: Bed) -> set[str]:
    """The groups and versions that the server serves now."""
    groups = bed.kube.request("GET", "/apis")["groups"]
    return {"v1", *(version["groupVersion"] for group in groups for version in group["versions"])}


@pytest.mark.parametrize("part", TAKEN)
def test_a_real_application_comes_changes_and_goes(part: str, bed: Bed, own_plane: Plane, corpora: Path) -> None:
    folder = corpora / part
    result = kbuild.render(str(folder))
    bodies = result.to_dicts()
    missing_namespaces(bed, bodies)
    done = bed.run("apply", str(folder), "-o", "json").expect(0)
    assert len(done.outcomes()) == len(
        {(b["kind"], b["metadata"].get("namespace"), b["metadata"]["name"]) for b in bodies}
    )
    bed.run("status", "-o", "json").expect(0)

    bed.proxy.clear()
    bed.run("apply", str(folder), "-o", "json").expect(0)
    # Fingerprints that the second run could not know are stored by it; the third writes nothing.
    assert [str(one) for one in bed.applies()] == []
    bed.proxy.clear()
    bed.run("apply", str(folder), "-o", "json").expect(0)
    assert [str(one) for one in bed.proxy.writes] == []

    removed = next(body for body in reversed(bodies) if body["kind"] in REMOVABLE)
    rest = [body for body in bodies if body is not removed]
    done = bed.apply(*rest).expect(0)
    assert [name for name, outcome in done.outcomes().items() if outcome == "pruned"] == [
        f"{removed['kind']}/{removed['metadata']['name']}"
    ]
    assert left_over(bed, [removed]) == []

    # A namespace ends late where definitions went before: its controller waits longer each time it finds them served.
    bed.ended(bed.start("delete", "--yes", "-o", "json"), within_s=600).expect(0)
    kept = [
        body for body in bodies if (body["metadata"].get("annotations") or {}).get("helm.sh/resource-policy") == "keep"
    ]
    going = [body for body in bodies if body not in kept]
    assert eventually(lambda: left_over(bed, going) == [], 5), left_over(bed, going)
    assert all(bed.live(bed.cleaned(body)) is not None for body in kept)
    assert bed.inventory() is None
