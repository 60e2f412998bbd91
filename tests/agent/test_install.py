"""Installing, checking and uninstalling on a real control plane, whose nodes play the controllers' pods."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest
from agent_bed import AgentBed, Object, install_kinds, until
from bed import KBUILD, Bed, Plane

from applier.agent.assembly import CONTROLLERS
from applier.agent.install import manifests
from applier.agent.install.components import EVERY, Installation
from applier.agent.install.rbac import roles
from applier.cluster.kubeconfig import Choice

SYSTEM = "flux-system"
DEPLOYMENTS = [found.name for found in EVERY if found.controller in CONTROLLERS and found.controller != "helm"]


def run(bed: Bed, *arguments: str, stdin: str | None = None) -> tuple[int, str, str]:
    done = subprocess.run(
        [str(KBUILD), *arguments], env=bed.environment(), capture_output=True, text=True, timeout=240, check=False,
        input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def clean(bed: Bed, own_plane: Plane) -> Iterator[Bed]:
    """A control plane without any installation, before and, but for the kinds, after."""
    run(bed, "uninstall", "-s")
    until(lambda: bed.kube.get("v1", "Namespace", "", SYSTEM) is None, "the namespace is gone", 60)
    yield bed
    run(bed, "uninstall", "-s")
    install_kinds(bed)


def test_f70_a_cluster_without_installation_fails_the_check_and_is_fit_for_one(clean: Bed) -> None:
    code, out, err = run(clean, "check", "--pre")
    assert (code, out) == (0, "")
    lines = err.splitlines()
    assert lines[0] == "► checking prerequisites"
    assert lines[1].startswith("✔ Kubernetes 1.")
    assert lines[1].endswith(" >=1.33.0-0")
    assert lines[2] == "✔ prerequisites checks passed"
    code, out, err = run(clean, "check")
    assert (code, out) == (1, "")
    assert err.splitlines()[2:] == [
        "► checking version in cluster",
        "✔ bootstrapped: false",
        "► checking controllers",
        "✗ no controllers found in the 'flux-system' namespace with the label selector 'app.kubernetes.io/part-of=flux'",
        "► checking crds",
        "✗ no crds found with the label selector 'app.kubernetes.io/part-of=flux'",
        "✗ check failed",
    ]


def test_check_names_rights_that_an_installation_would_lack(bed: Bed, own_plane: Plane) -> None:
    done = subprocess.run(
        [str(KBUILD), "check", "--pre", "--kubeconfig", str(bed.config_for("alice"))],
        env=bed.environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "✗ rights are missing: create namespaces, " in done.stderr
    assert done.stderr.splitlines()[-1] == "✗ check failed"


def test_what_is_installed_runs_is_written_once_and_passes_the_check(clean: Bed) -> None:
    code, out, err = run(clean, "install")
    assert (code, out) == (0, ""), err
    lines = err.splitlines()
    assert lines[:3] == [
        "✚ generating manifests", "✔ manifests build completed", "► installing components in flux-system namespace",
    ]  # fmt: skip
    applied = lines[3 : lines.index("◎ verifying installation")]
    assert applied[0].startswith("CustomResourceDefinition/")
    assert "Namespace/flux-system created" in applied
    assert "Deployment/flux-system/source-controller created" in applied
    assert applied[-1] == "NetworkPolicy/flux-system/allow-webhooks created"
    assert lines[-len(DEPLOYMENTS) - 1 :] == [
        *(f"✔ {name}: deployment ready" for name in DEPLOYMENTS), "✔ install finished",
    ]  # fmt: skip

    before = versions(clean)
    code, _, err = run(clean, "install")
    assert code == 0
    assert {line.rpartition(" ")[2] for line in err.splitlines() if "/" in line.partition(" ")[0]} == {"unchanged"}
    assert versions(clean) == before

    code, _, err = run(clean, "check")
    assert code == 0
    lines = err.splitlines()
    assert lines[3].startswith("✔ distribution: flux-v")
    assert lines[4] == "✔ bootstrapped: false"
    at = lines.index("✔ source-controller: deployment ready")
    assert lines[at + 1].startswith("► kbuild:v")
    assert "✔ kustomizations.kustomize.toolkit.fluxcd.io/v1" in lines
    assert lines[-1] == "✔ all checks passed"

    pods = clean.kube.list("v1", "Pod", SYSTEM)
    assert {pod["metadata"]["labels"]["app"] for pod in pods} == {*DEPLOYMENTS}


def test_f78_uninstall_takes_the_controllers_and_leaves_what_they_applied(scene: AgentBed, clean: Bed) -> None:
    assert run(clean, "install")[0] == 0
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept", "namespace": scene.namespace}}
    repository = scene.repository()
    repository.commit({"a.yaml": json.dumps(manifest)})
    scene.start()  # outside of the cluster: it goes on while its kinds are taken away
    scene.source(repository)
    body = scene.settled(scene.kustomization())
    assert body["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]

    assert run(clean, "uninstall")[::2] == (1, "✗ aborting\n")
    code, _, err = run(clean, "uninstall", "--dry-run")
    assert code == 0
    assert "✔ Deployment/flux-system/source-controller deleted (dry run)" in err.splitlines()
    assert scene.settled(body)

    code, out, err = run(clean, "uninstall", "--silent")
    assert (code, out) == (0, "")
    lines = err.splitlines()
    assert lines[0] == "► deleting components in flux-system namespace"
    assert "✔ Deployment/flux-system/kustomize-controller deleted " in lines
    assert "► deleting toolkit.fluxcd.io finalizers in all namespaces" in lines
    assert f"✔ Kustomization/{scene.namespace}/web finalizers deleted " in lines
    assert "✔ CustomResourceDefinition/kustomizations.kustomize.toolkit.fluxcd.io deleted " in lines
    assert lines[-2:] == ["✔ Namespace/flux-system deleted ", "✔ uninstall finished"]
    gone = {"gitrepositories.source.toolkit.fluxcd.io", "kustomizations.kustomize.toolkit.fluxcd.io"}
    assert not gone & kinds_of_flux(clean)
    until(lambda: clean.kube.get("v1", "Namespace", "", SYSTEM) is None, "the namespace is gone", 60)
    assert clean.kube.live(manifest) is not None
    assert not clean.kube.list("rbac.authorization.k8s.io/v1", "ClusterRole", "", "app.kubernetes.io/part-of=flux")


def versions(bed: Bed) -> set[tuple[str, int]]:
    """What is installed, with the generation of each object's spec."""
    found = []
    for version, kind in (("apps/v1", "Deployment"), ("networking.k8s.io/v1", "NetworkPolicy")):
        found += bed.kube.list(version, kind, SYSTEM)
    found += bed.kube.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    return {(one["metadata"]["name"], one["metadata"]["generation"]) for one in found}


def kinds_of_flux(bed: Bed) -> set[str]:
    found = bed.kube.list("apiextensions.k8s.io/v1", "CustomResourceDefinition", "")
    return {one["metadata"]["name"] for one in found}


def test_a_namespace_and_an_image_of_choice_and_what_does_not_come_up(clean: Bed, own_plane: Plane) -> None:
    arguments = (
        "install",
        "-n",
        clean.namespace,
        "--registry",
        "registry.example.test",
        "--components",
        "source-controller",
    )
    own_plane.tell("freeze kwok")  # no pod starts
    try:
        code, _, err = run(clean, *arguments, "--timeout", "2s")
    finally:
        own_plane.tell("thaw kwok")
    assert code == 1
    assert err.splitlines()[-2:] == ["✗ source-controller: deployment not ready", "✗ install failed"]
    code, _, err = run(clean, *arguments)
    assert code == 0
    live = clean.kube.get("apps/v1", "Deployment", clean.namespace, "source-controller")
    assert live is not None
    assert live["spec"]["template"]["spec"]["containers"][0]["image"].startswith("registry.example.test/kbuild:v")
    code, _, err = run(clean, "uninstall", "-s", "-n", clean.namespace, "--keep-namespace")
    assert code == 0
    assert clean.kube.get("v1", "Namespace", "", clean.namespace) is not None
    assert clean.kube.get("apps/v1", "Deployment", clean.namespace, "source-controller") is None


def test_a_bootstrapped_cluster_is_left_to_git(clean: Bed) -> None:
    assert run(clean, "install", "--components", "source-controller")[0] == 0
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "gitrepositories.source.toolkit.fluxcd.io"},
    }  # fmt: skip
    clean.kube.merge(definition, {"metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "flux-system"}}})
    code, _, err = run(clean, "install")
    assert code == 1
    assert err.startswith("✗ this cluster has already been bootstrapped with Flux v")
    assert "✔ bootstrapped: true" in run(clean, "check")[2]
    labels = {"kustomize.toolkit.fluxcd.io/name": None, "app.kubernetes.io/managed-by": "Helm"}
    clean.kube.merge(definition, {"metadata": {"labels": labels}})
    code, _, err = run(clean, "install")
    assert (code, err) == (
        1,
        "✗ the installation is managed by Helm: upgrade it there, or take it over with --force\n",
    )


def flux_deployment(name: str, *arguments: str, **spec: object) -> Object:
    """A Deployment as Flux's own command writes it."""
    labels = {
        "app.kubernetes.io/part-of": "flux",
        "app.kubernetes.io/instance": SYSTEM,
        "app.kubernetes.io/version": "v2.9.4",
    }
    container = {
        "name": "manager", "image": f"ghcr.io/fluxcd/{name}:v1.9.1", "args": [*arguments],
        "env": [{"name": "GOMEMLIMIT", "value": "1Gi"}], "volumeMounts": [{"name": "temp", "mountPath": "/tmp"}],
    }  # fmt: skip
    pod = {"serviceAccountName": name, "containers": [container], "volumes": [{"name": "temp", "emptyDir": {}}]}
    template = {"metadata": {"labels": {"app": name, **labels}}, "spec": pod}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": SYSTEM, "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template, **spec},
    }  # fmt: skip


def test_an_installation_of_flux_is_taken_over_under_its_names(clean: Bed) -> None:
    clean.kube.ensure({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}})
    for name in DEPLOYMENTS:
        clean.kube.ensure(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": SYSTEM}}
        )
        strategy = {"strategy": {"type": "Recreate"}} if name == "source-controller" else {}
        clean.kube.apply(flux_deployment(name, "--log-level=info", "--storage-path=/data", **strategy), "flux")
    code, _, err = run(clean, "install")
    assert code == 0, err
    assert {f"Deployment/flux-system/{name} configured" for name in DEPLOYMENTS} <= {*err.splitlines()}
    for name in DEPLOYMENTS:
        live = clean.kube.get("apps/v1", "Deployment", SYSTEM, name)
        assert live is not None
        pod = live["spec"]["template"]["spec"]
        assert [one["name"] for one in pod["containers"]] == ["manager"]
        assert pod["containers"][0]["command"][:2] == ["kbuild", "agent"]
        assert "GOMEMLIMIT" not in [one["name"] for one in pod["containers"][0]["env"]]
        assert "temp" not in [one["name"] for one in pod["volumes"]]


def test_export_is_what_is_applied_and_needs_no_cluster(bed: Bed) -> None:
    done = subprocess.run(
        [str(KBUILD), "install", "--export"], env={**bed.environment(), "KUBECONFIG": str(bed.folder / "none")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("---\n# ")
    assert done.stdout.count("\nkind: Deployment\n") == len(DEPLOYMENTS)


def test_the_controllers_work_with_the_rights_that_are_installed_for_them(scene: AgentBed) -> None:
    plan = Installation(namespace=scene.namespace, version="v1", image="none")
    for body in roles(plan):
        scene.kube.create(scene.bed.cleaned(body))
    repository = scene.repository()
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": scene.namespace}}
    repository.commit({"a.yaml": json.dumps(manifest)})
    group = f"system:serviceaccounts:{scene.namespace}"
    for name in ("source", "kustomize"):
        account = f"system:serviceaccount:{scene.namespace}:{name}-controller"
        choice = Choice(
            kubeconfig=str(scene.bed.kubeconfig), impersonate=account,
            groups=("system:serviceaccounts", group, "system:authenticated"),
        )  # fmt: skip
        scene.start_as(choice, controllers=(name,))
    source = scene.source(repository)
    live = scene.settled(scene.kustomization())
    assert scene.kube.live(manifest) is not None
    assert until(lambda: scene.events("web"))
    scene.kube.delete(live)
    until(lambda: scene.kube.live(live) is None)
    until(lambda: scene.kube.live(manifest) is None)
    scene.kube.delete(source)
    until(lambda: scene.kube.live(source) is None)
    assert "forbidden" not in scene.told().lower()


def test_manifests_are_admitted_by_the_server_as_they_are(bed: Bed) -> None:
    """Every object but the definitions, by a dry run in the test's namespace."""
    plan = Installation(namespace=bed.namespace, version="v1", image="none", components=EVERY)
    for body in manifests.manifests(plan):
        if body["kind"] not in ("CustomResourceDefinition", "Namespace"):
            path = bed.kube.path(body["apiVersion"], body["kind"], body["metadata"].get("namespace", ""))
            status, answer = bed.kube.raw("POST", f"{path}?dryRun=All&fieldValidation=Strict", body)[:2]
            assert status == 201, answer
