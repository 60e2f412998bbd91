"""Kustomization on a real control plane: applied, pruned, waited for, depended on, deleted; by the scenarios' numbers."""

from __future__ import annotations

import base64
import json
import time

import pytest
from agent_bed import AgentBed, until
from agent_sets import NAME, NAMESPACE, begin, config_map, deployment, follow, manifest


def test_f20_objects_carry_both_labels_and_the_status_lists_them(scene: AgentBed) -> None:
    repository, live = begin(
        scene, {"k/kustomization.yaml": "resources: [a.yaml]\n", "k/a.yaml": manifest(scene, "a")}, path="./k"
    )
    found = config_map(scene, "a")
    assert found is not None
    assert found["metadata"]["labels"] == {NAME: "web", NAMESPACE: scene.namespace}
    assert found["metadata"]["managedFields"][0]["manager"] == "kustomize-controller"
    status = live["status"]
    assert status["inventory"]["entries"] == [{"id": f"{scene.namespace}_a__ConfigMap", "v": "v1"}]
    head = repository.git("rev-parse", "HEAD")
    assert scene.condition(live)["message"] == f"Applied revision: main@sha1:{head}"
    assert status["lastAppliedRevision"] == status["lastAttemptedRevision"] == f"main@sha1:{head}"
    assert status["observedGeneration"] == 1
    assert [one["lastReconciledStatus"] for one in status["history"]] == ["ReconciliationSucceeded"]
    messages = until(lambda: [e["message"] for e in scene.events("web") if e["reason"] == "Progressing"])
    assert messages == [f"ConfigMap/{scene.namespace}/a created"]


def test_f21_f22_a_path_without_a_file_is_generated_and_must_hold_manifests(scene: AgentBed) -> None:
    files = {
        "k/a.yml": manifest(scene, "a"),
        "k/sub/kustomization.yaml": "resources: [b.yaml]\nnamePrefix: x-",
        "k/sub/b.yaml": manifest(scene, "b"),
        "k/n.txt": "x",
    }
    repository, live = begin(scene, files, path="k")
    assert config_map(scene, "a")
    assert config_map(scene, "x-b")
    failed = follow(scene, repository, {"k/values.yaml": "a: 1\n"}, live, "False")
    assert scene.condition(failed)["reason"] == "BuildFailed"
    assert (
        scene.condition(failed)["message"]
        == "failed to decode Kubernetes YAML from k/values.yaml: missing Resource metadata"
    )
    assert len(failed["status"]["inventory"]["entries"]) == 2


@pytest.mark.parametrize("prune", [True, False])
def test_f23_f24_what_left_git_is_pruned_where_that_is_asked_for(scene: AgentBed, prune: bool) -> None:
    repository, live = begin(scene, {"a.yaml": manifest(scene, "a"), "b.yaml": manifest(scene, "b")}, prune=prune)
    after = follow(scene, repository, {"b.yaml": None}, live)
    assert (config_map(scene, "b") is None) == prune
    if prune:
        assert [e["id"] for e in after["status"]["inventory"]["entries"]] == [f"{scene.namespace}_a__ConfigMap"]
        until(lambda: any(e["message"] == f"ConfigMap/{scene.namespace}/b deleted" for e in scene.events("web")))


def test_f25_objects_that_opt_out_or_were_taken_survive_pruning(scene: AgentBed) -> None:
    keep = manifest(scene, "keep", **{"kustomize.toolkit.fluxcd.io/prune": "disabled"})
    repository, live = begin(
        scene, {"a.yaml": manifest(scene, "a"), "keep.yaml": keep, "taken.yaml": manifest(scene, "taken")}
    )
    taken = config_map(scene, "taken")
    scene.kube.merge(taken, {"metadata": {"labels": {NAME: "other"}}})
    after = follow(scene, repository, {"keep.yaml": None, "taken.yaml": None}, live)
    assert config_map(scene, "keep")
    assert config_map(scene, "taken")
    assert len(after["status"]["inventory"]["entries"]) == 1


def test_f26_drift_is_reverted_and_foreign_fields_survive(scene: AgentBed) -> None:
    _, live = begin(
        scene,
        {
            "d.yaml": deployment(scene, "d", 2),
            "m.yaml": manifest(scene, "m", **{"kustomize.toolkit.fluxcd.io/ssa": "Merge"}),
        },
    )
    body = scene.kube.get("apps/v1", "Deployment", scene.namespace, "d")
    scene.kube.merge(
        body, {"spec": {"replicas": 5}, "metadata": {"annotations": {"edited": "yes"}}}, manager="kubectl-edit"
    )
    scene.kube.merge(body, {"metadata": {"annotations": {"foreign": "yes"}}}, manager="other")
    scene.kube.merge(config_map(scene, "m"), {"data": {"more": "x"}}, manager="kubectl-edit")
    scene.run_again(live)
    again = scene.kube.get("apps/v1", "Deployment", scene.namespace, "d")
    assert again["spec"]["replicas"] == 2
    assert again["metadata"]["annotations"].get("foreign") == "yes"
    assert "edited" not in again["metadata"]["annotations"]
    assert config_map(scene, "m")["data"] == {"k": "v", "more": "x"}


def test_f27_f28_objects_that_are_created_once_or_never_touched(scene: AgentBed) -> None:
    once = manifest(scene, "once", **{"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"})
    never = manifest(scene, "never", **{"kustomize.toolkit.fluxcd.io/ssa": "Ignore"})
    repository, live = begin(scene, {"once.yaml": once, "never.yaml": never, "a.yaml": manifest(scene, "a")})
    scene.kube.merge(config_map(scene, "once"), {"data": {"k": "changed"}})
    scene.run_again(live)
    assert config_map(scene, "once")["data"] == {"k": "changed"}
    assert config_map(scene, "never") is None
    follow(scene, repository, {"once.yaml": None}, live)
    assert config_map(scene, "once") is None


def test_f29_a_definition_and_its_resource_in_one_run(scene: AgentBed) -> None:
    group = f"{scene.namespace}.example.test"
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}],
        },
    }  # fmt: skip
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": scene.namespace}}
    _, live = begin(scene, {"crd.yaml": json.dumps(crd), "w.yaml": json.dumps(widget)})
    assert len(live["status"]["inventory"]["entries"]) == 2
    assert scene.kube.live(widget)
    scene.kube.delete(live)
    until(lambda: scene.kube.live(live) is None)


def test_f31_one_refused_object_keeps_all_from_being_written(scene: AgentBed) -> None:
    bad = manifest(scene, "bad").replace('{"k": "v"}', '{"k": {"x": 1}}')
    repository = scene.repository()
    repository.commit({"a.yaml": manifest(scene, "a"), "bad.yaml": bad, "worse.yaml": bad.replace('"bad"', '"worse"')})
    scene.start()
    scene.source(repository)
    live = scene.settled(scene.kustomization(), "False", "ReconciliationFailed")
    message = scene.condition(live)["message"]
    assert f"ConfigMap/{scene.namespace}/bad dry-run failed" in message
    assert f"ConfigMap/{scene.namespace}/worse dry-run failed" in message
    assert config_map(scene, "a") is None
    assert scene.condition(live, "Reconciling")["reason"] == "ProgressingWithRetry"
    follow(scene, repository, {"bad.yaml": manifest(scene, "bad"), "worse.yaml": None}, live)
    assert config_map(scene, "a")


def test_fields_that_the_server_does_not_know_are_left_out_and_told(scene: AgentBed) -> None:
    """As Flux does it, which reads built-in kinds into their types; there nobody is told."""
    labels, container = {"app": "a"}, {"name": "app", "image": "x.test/a", "imagez": "b"}
    body = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": scene.namespace},
        "spec": {
            "replicas": 0, "replicaz": 1, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }  # fmt: skip
    repository = scene.repository()
    revision = repository.commit({"a.yaml": json.dumps(body), "kustomization.yaml": "resources: [a.yaml]\nfoo: bar\n"})
    scene.start()
    scene.settled(scene.source(repository))
    live = scene.settled(scene.kustomization())
    message = next(c["message"] for c in live["status"]["conditions"] if c["type"] == "Ready")
    head, _, told = message.partition("; left out, as the server does not know it: ")
    subject = f"Deployment/{scene.namespace}/a"
    assert head == f"Applied revision: main@sha1:{revision}"
    assert set(told.split(", ")) == {
        f"{subject} .spec.replicaz", f'{subject} .spec.template.spec.containers[name="app"].imagez',
    }  # fmt: skip
    assert scene.get(body)["spec"]["template"]["spec"]["containers"][0]["image"] == "x.test/a"


def test_what_cannot_be_reached_or_is_not_served_is_told_in_fluxs_words(scene: AgentBed) -> None:
    repository = scene.repository()
    foo = {"apiVersion": "example.test/v1", "kind": "Foo", "metadata": {"name": "a", "namespace": scene.namespace}}
    repository.commit({"foo/a.yaml": json.dumps(foo), "none/README.md": "nothing"})
    scene.start()
    scene.settled(scene.source(repository))
    far = scene.kustomization("far", path="./foo", kubeConfig={"secretRef": {"name": "nope"}})
    foreign, empty = scene.kustomization("foreign", path="./foo"), scene.kustomization("empty", path="./none")
    check = {"apiVersion": "example.test/v1", "kind": "Foo", "name": "b", "namespace": scene.namespace}
    unknown = scene.kustomization("unknown", path="./none", healthChecks=[check], timeout="2s")
    status = scene.settled(far, "False")["status"]
    sentence = f"unable to read KubeConfig secret '{scene.namespace}/nope' error: secrets \"nope\" not found"
    assert (scene.condition(far)["message"], "history" in status) == (sentence, False)
    assert until(lambda: scene.events("far"))[0]["message"] == f"failed to build kube client: {sentence}"
    scene.settled(foreign, "False")
    sentence = 'no matches for kind "Foo" in version "example.test/v1"'
    assert scene.condition(foreign)["message"].startswith(f"Foo/{scene.namespace}/a dry-run failed: {sentence}")
    assert scene.settled(empty)["status"]["inventory"] == {"entries": []}
    scene.settled(unknown, "False")
    sentence = 'status: \'Unknown\': no matches for kind "Foo" in group "example.test"]'
    assert scene.condition(unknown)["message"].endswith(sentence)


def test_f33_f34_a_path_that_is_not_there_touches_nothing(scene: AgentBed) -> None:
    _, live = begin(scene, {"k/a.yaml": manifest(scene, "a")}, path="k")
    for path in ("nope", "../../etc"):
        scene.kube.merge(live, {"spec": {"path": path}})
        failed = scene.settled(live, "False", "ArtifactFailed")
        assert scene.condition(failed)["message"].startswith("kustomization path not found: stat ")
        until(lambda: scene.get(live)["metadata"]["generation"] == scene.condition(live)["observedGeneration"])
    assert config_map(scene, "a")


def test_f36_a_dependent_starts_as_soon_as_its_dependency_is_ready(scene: AgentBed) -> None:
    repository = scene.repository()
    late = deployment(scene, "infra", **{"testbed.invalid/ready-after": "2s"})
    repository.commit({"infra/d.yaml": late, "app/a.yaml": manifest(scene, "app")})
    scene.start()
    scene.source(repository)
    app = scene.kustomization("app", path="app", dependsOn=[{"name": "infra"}])
    missing = scene.settled(app, "False", "DependencyNotReady")
    assert scene.condition(missing)["message"] == (
        f"dependency '{scene.namespace}/infra' not found: kustomizations.kustomize.toolkit.fluxcd.io \"infra\" not found"
    )
    infra = scene.kustomization("infra", path="infra", wait=True)
    until(lambda: "is not ready" in scene.condition(app).get("message", "") or scene.condition(app)["status"] == "True")
    scene.settled(infra)
    ready_at = time.monotonic()
    scene.settled(app)
    assert time.monotonic() - ready_at < 2
    assert config_map(scene, "app")


def test_f37_a_cycle_is_named_and_others_go_on(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"x.yaml": manifest(scene, "x")})
    scene.start()
    scene.source(repository)
    one = scene.kustomization("one", dependsOn=[{"name": "two"}])
    two = scene.kustomization("two", dependsOn=[{"name": "one"}])
    free = scene.settled(scene.kustomization("free"))
    for body in (one, two):
        until(lambda body=body: scene.condition(body).get("message", "").startswith("circular dependency detected: "))
    follow(scene, repository, {"y.yaml": manifest(scene, "y")}, free)
    assert config_map(scene, "y")


def test_f38_ready_expressions(scene: AgentBed) -> None:
    repository, dep = begin(scene, {"dep/a.yaml": manifest(scene, "a"), "app/b.yaml": manifest(scene, "b")}, path="dep")
    assert repository
    yes = scene.kustomization("yes", path="app", dependsOn=[{"name": "web", "readyExpr": "dep.metadata.name == 'web'"}])
    no = scene.kustomization(
        "no", path="app", dependsOn=[{"name": "web", "readyExpr": "dep.metadata.name == self.metadata.name"}]
    )
    bad = scene.kustomization("bad", path="app", dependsOn=[{"name": "web", "readyExpr": "dep.metadata.name =="}])
    scene.settled(yes)
    refused = scene.settled(no, "False", "DependencyNotReady")
    assert (
        scene.condition(refused)["message"]
        == f"dependency '{scene.namespace}/web' is not ready according to readyExpr eval"
    )
    stalled = scene.settled(bad, "False", "InvalidCELExpression")
    assert scene.condition(stalled, "Stalled")["status"] == "True"
    assert stalled["status"]["observedGeneration"] == 1
    assert dep


def test_f39_a_health_wait_times_out_and_a_new_commit_ends_it_at_once(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"d.yaml": deployment(scene, "d", **{"testbed.invalid/fate": "never"})})
    scene.start()
    scene.source(repository)
    live = scene.kustomization(wait=True, timeout="3s")
    failed = scene.settled(live, "False", "HealthCheckFailed")
    assert (
        f"timeout waiting for: [Deployment/{scene.namespace}/d status: 'InProgress']"
        in scene.condition(failed)["message"]
    )
    assert scene.condition(failed, "Healthy")["status"] == "False"
    scene.kube.merge(live, {"spec": {"timeout": "5m"}})
    until(lambda: scene.condition(live, "Reconciling").get("message", "").startswith("Running health checks"))
    began = time.monotonic()
    fixed = follow(scene, repository, {"d.yaml": None, "a.yaml": manifest(scene, "a")}, live)
    assert time.monotonic() - began < 10
    assert fixed["status"]["inventory"]["entries"] == [{"id": f"{scene.namespace}_a__ConfigMap", "v": "v1"}]


def test_f42_variables_from_maps_secrets_and_the_spec(scene: AgentBed) -> None:
    def make(kind: str, name: str, **data: str) -> None:
        values = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()} if kind == "Secret" else data
        scene.kube.create(
            {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": scene.namespace}, "data": values}
        )

    make("ConfigMap", "vars", a="map", b="map", c="map")
    make("Secret", "more", b="secret", c="secret")
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: out}\ndata: {v: '${a}-${b}-${c}-${d:-d}-$${e}'}\n"
    post = {
        "substitute": {"c": "spec"},
        "substituteFrom": [{"kind": "ConfigMap", "name": "vars"}, {"kind": "Secret", "name": "more"}, {"kind": "Secret", "name": "no", "optional": True}],
    }  # fmt: skip
    repository, live = begin(scene, {"a.yaml": text}, targetNamespace=scene.namespace, postBuild=post)
    assert config_map(scene, "out")["data"] == {"v": "map-secret-spec-d-${e}"}
    failed = follow(scene, repository, {"a.yaml": text.replace("$${e}", "${e}")}, live, "False")
    assert scene.condition(failed)["message"] == (
        "post build failed for 'ConfigMap.v1.[noGrp]/out': envsubst error: variable substitution failed: variable not set"
        ' (strict mode): "e"'
    )
    scene.kube.merge(live, {"spec": {"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "no"}]}}})
    missing = scene.settled(live, "False", "BuildFailed")
    until(
        lambda: "substitute from 'ConfigMap/no' error: configmaps \"no\" not found" in scene.condition(live)["message"]
    )
    assert missing


def test_f43_overrides_reach_the_live_objects(scene: AgentBed) -> None:
    files = {
        "k/d.yaml": deployment(scene, "d"),
        "c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {comp: 'yes'}\n",
    }
    _, live = begin(
        scene, files, path="k", namePrefix="p-", commonMetadata={"labels": {"team": "t"}, "annotations": {"note": "n"}},
        images=[{"name": "nginx", "newTag": "1.29"}], patches=[{"patch": "- {op: add, path: /spec/paused, value: true}", "target": {"kind": "Deployment"}}],
        components=["../c", "../gone"], ignoreMissingComponents=True,
    )  # fmt: skip
    found = scene.kube.get("apps/v1", "Deployment", scene.namespace, "p-d")
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1.29"
    assert found["spec"]["paused"] is True
    assert found["metadata"]["labels"]["team"] == "t"
    assert found["metadata"]["annotations"]["comp"] == "yes"
    scene.kube.merge(live, {"spec": {"ignoreMissingComponents": False}})
    failed = scene.settled(live, "False", "BuildFailed")
    assert "gone" in scene.condition(failed)["message"]


def test_f45_an_account_without_rights_is_refused_in_its_name(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a.yaml": manifest(scene, "a")})
    scene.start()
    scene.source(repository)
    live = scene.settled(scene.kustomization(serviceAccountName="robot"), "False", "ReconciliationFailed")
    account = f"system:serviceaccount:{scene.namespace}:robot"
    assert account in scene.condition(live)["message"]
    about = [one for one in scene.bed.proxy.log if "/configmaps" in one.path and "labelSelector" not in one.query]
    assert about
    assert all(one.headers.get("impersonate-user") == account for one in about)
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}
    scene.kube.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "r", "namespace": scene.namespace},
            "rules": [rule],
        }
    )
    scene.kube.create({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "r", "namespace": scene.namespace},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": scene.namespace}],
    })  # fmt: skip
    scene.run_again(live)
    assert config_map(scene, "a")


@pytest.mark.parametrize(
    ("policy", "suspended", "stays"),
    [("MirrorPrune", False, False), ("Delete", False, False), ("Orphan", False, True), ("MirrorPrune", True, True)],
)
def test_f46_deletion_does_what_the_policy_says(scene: AgentBed, policy: str, suspended: bool, stays: bool) -> None:
    _, live = begin(scene, {"a.yaml": manifest(scene, "a")}, deletionPolicy=policy)
    if suspended:
        scene.kube.merge(live, {"spec": {"suspend": True}})
    scene.kube.delete(live)
    until(lambda: scene.kube.live(live) is None, within_s=20)
    assert (config_map(scene, "a") is not None) == stays


def test_f46_a_wait_for_termination_ends_with_an_error_that_names_who_stayed(scene: AgentBed) -> None:
    _, live = begin(scene, {"a.yaml": manifest(scene, "a")}, deletionPolicy="WaitForTermination", timeout="2s")
    held = config_map(scene, "a")
    scene.kube.merge(held, {"metadata": {"finalizers": ["test/hold"]}})
    scene.kube.delete(live)
    until(lambda: scene.kube.live(live) is None, within_s=30)
    until(
        lambda: any(
            f"failed to wait for resources termination: ConfigMap/{scene.namespace}/a" in e["message"]
            for e in scene.events("web")
        )
    )
    scene.kube.merge(held, {"metadata": {"finalizers": None}})


def test_f53_an_object_moves_from_one_to_the_other(scene: AgentBed) -> None:
    repository, one = begin(
        scene,
        {"one/a.yaml": manifest(scene, "a"), "one/x.yaml": manifest(scene, "x"), "two/b.yaml": manifest(scene, "b")},
        path="one",
    )
    two = scene.settled(scene.kustomization("two", path="two"))
    uid = config_map(scene, "a")["metadata"]["uid"]
    follow(scene, repository, {"one/a.yaml": None, "two/a.yaml": manifest(scene, "a")}, one)
    follow(scene, repository, {"note": "x"}, two)
    found = config_map(scene, "a")
    assert found is not None
    assert found["metadata"]["labels"][NAME] == "two"
    assert uid


def test_f54_an_unchanged_run_writes_nothing_but_its_history(scene: AgentBed) -> None:
    files: dict[str, str | None] = {
        f"s{part}.yaml": "\n---\n".join(manifest(scene, f"m{part}-{n}") for n in range(100)) for part in range(5)
    }
    repository = scene.repository()
    repository.commit(files)
    scene.start()
    scene.source(repository)
    live = scene.settled(scene.kustomization(), within_s=120)
    assert len(live["status"]["inventory"]["entries"]) == 500
    for number in range(2, 5):
        scene.bed.proxy.settle()
        scene.bed.proxy.clear()
        began = time.monotonic()
        again = scene.run_again(live)
        assert time.monotonic() - began < 10
        scene.bed.proxy.settle()
        writes = [one.path for one in scene.bed.proxy.writes if "/events" not in one.path and "/status" not in one.path]
        assert not [path for path in writes if "/kustomizations/" not in path]
        history = again["status"]["history"]
        assert (len(history), history[0]["totalReconciliations"]) == (1, number)
    for number in range(5):
        changed = "\n---\n".join(manifest(scene, f"m0-{n}", str(number)) for n in range(100))
        again = follow(scene, repository, {"s0.yaml": changed}, live)
    assert len(again["status"]["history"]) == 5


def test_f57_the_guard_stops_a_mass_prune(scene: AgentBed) -> None:
    files: dict[str, str | None] = {f"k/m{n}.yaml": manifest(scene, f"m{n}") for n in range(12)}
    repository, live = begin(scene, files, path="k")
    gone: dict[str, str | None] = dict.fromkeys(files)
    failed = follow(scene, repository, {**gone, "k/note.txt": "x"}, live, "False")
    assert scene.condition(failed)["reason"] == "ReconciliationFailed"
    assert "prune guard" in scene.condition(failed)["message"]
    assert config_map(scene, "m0")
    scene.kube.merge(live, {"metadata": {"annotations": {"kbuild.dev/allow-prune": "all"}}})
    scene.run_again(live)
    assert config_map(scene, "m0") is None
