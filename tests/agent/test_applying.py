"""What happens between a build and the cluster: refusals, recreation, failures half-way, faults of the server; by number."""

from __future__ import annotations

import base64
import json
import time

import pytest
from agent_bed import AgentBed, Object, until
from agent_sets import begin, config_map, deployment, follow, manifest
from faults import Answer

SOURCE_RETRY = {"retryInterval": "1s"}


def denied(name: str) -> Answer:
    return Answer(403, "Forbidden", f'admission webhook "policy.example.test" denied the request: not {name}')


def crd(group: str, versions: tuple[str, ...] = ("v1",)) -> Object:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    served = [
        {"name": version, "served": True, "storage": at == 0, "schema": schema, "subresources": {"status": {}}}
        for at, version in enumerate(versions)
    ]
    names = {"kind": "Widget", "plural": "widgets"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": served}
    metadata = {"name": f"widgets.{group}"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def widget(scene: AgentBed, group: str, version: str = "v1") -> Object:
    return {
        "apiVersion": f"{group}/{version}",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": scene.namespace},
    }


def job(scene: AgentBed, image: str = "busybox", **annotations: str) -> str:
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}
    spec = {"backoffLimit": 0, "template": {"metadata": {"annotations": annotations}, "spec": pod}}
    metadata = {"name": "j", "namespace": scene.namespace}
    return json.dumps({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})


def test_f30_a_namespace_and_what_is_in_it_in_one_run(scene: AgentBed) -> None:
    name = f"{scene.namespace}-inner"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    inside = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": name}}
    scene.bed.to_delete.append(namespace)
    _, live = begin(scene, {"a.yaml": json.dumps(inside), "z.yaml": json.dumps(namespace)})
    assert scene.kube.live(inside)
    ids = [entry["id"] for entry in live["status"]["inventory"]["entries"]]
    assert ids == [f"_{name}__Namespace", f"{name}_a__ConfigMap"]


def test_f32_what_cannot_be_changed_is_recreated_only_when_that_is_asked_for(scene: AgentBed) -> None:
    repository, live = begin(scene, {"j.yaml": job(scene)})
    before = scene.kube.get("batch/v1", "Job", scene.namespace, "j")
    failed = follow(scene, repository, {"j.yaml": job(scene, "nginx")}, live, "False")
    assert scene.condition(failed)["reason"] == "ReconciliationFailed"
    assert "immutable" in scene.condition(failed)["message"]
    assert scene.kube.get("batch/v1", "Job", scene.namespace, "j")["metadata"]["uid"] == before["metadata"]["uid"]
    forced = json.loads(job(scene, "nginx"))
    forced["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/force": "enabled"}
    follow(scene, repository, {"j.yaml": json.dumps(forced)}, live)
    after = scene.kube.get("batch/v1", "Job", scene.namespace, "j")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx"


def test_f32_an_ordinary_mistake_deletes_nothing_although_force_is_on(scene: AgentBed) -> None:
    repository, live = begin(scene, {"d.yaml": deployment(scene, "d", 1)}, force=True)
    before = scene.kube.get("apps/v1", "Deployment", scene.namespace, "d")["metadata"]["uid"]
    wrong = json.loads(deployment(scene, "d", 1))
    wrong["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 70_000}]
    failed = follow(scene, repository, {"d.yaml": json.dumps(wrong)}, live, "False")
    assert "dry-run failed (Invalid)" in scene.condition(failed)["message"]
    assert scene.kube.get("apps/v1", "Deployment", scene.namespace, "d")["metadata"]["uid"] == before


def test_f35_wrong_yaml_keeps_what_is_there(scene: AgentBed) -> None:
    repository, live = begin(
        scene, {"k/kustomization.yaml": "resources: [a.yaml]", "k/a.yaml": manifest(scene, "a")}, path="k"
    )
    failed = follow(scene, repository, {"k/a.yaml": "a: [\n"}, live, "False")
    assert scene.condition(failed)["reason"] == "BuildFailed"
    assert scene.condition(failed)["message"].startswith("kustomize build failed: ")
    assert failed["status"]["inventory"] == live["status"]["inventory"]
    assert failed["status"]["lastAppliedRevision"] == live["status"]["lastAppliedRevision"]
    assert config_map(scene, "a")


def test_f40_a_failed_job_ends_the_wait_early(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"j.yaml": job(scene, **{"testbed.invalid/fate": "fail"})})
    scene.start()
    scene.source(repository)
    began = time.monotonic()
    live = scene.settled(scene.kustomization(wait=True, timeout="5m"), "False", "HealthCheckFailed", within_s=60)
    assert time.monotonic() - began < 60
    expected = f"failed early due to stalled resources: [Job/{scene.namespace}/j status: 'Failed']"
    assert expected in scene.condition(live)["message"]
    assert scene.condition(live, "Healthy")["message"] == expected


def test_f41_expressions_say_when_a_custom_resource_is_well(scene: AgentBed) -> None:
    group = f"{scene.namespace}.example.test"
    expressions = {
        "apiVersion": f"{group}/v1", "kind": "Widget",
        "inProgress": "has(status.phase) && status.phase == 'Starting'", "failed": "has(status.phase) && status.phase == 'Broken'",
        "current": "has(status.phase) && status.phase == 'Up'",
    }  # fmt: skip
    repository = scene.repository()
    repository.commit({"crd.yaml": json.dumps(crd(group)), "w.yaml": json.dumps(widget(scene, group))})
    scene.start()
    scene.source(repository)
    live = scene.kustomization(wait=True, timeout="1m", healthCheckExprs=[expressions])
    until(lambda: scene.condition(live, "Reconciling").get("message", "").startswith("Running health checks"))
    body = until(lambda: scene.kube.live(widget(scene, group)))
    for phase in ("Starting", "Up"):
        assert scene.condition(live)["status"] == "Unknown"
        scene.kube.merge(body, {"status": {"phase": phase}}, sub="status")
        time.sleep(0.5)
    scene.settled(live)
    assert scene.condition(live, "Healthy")["status"] == "True"
    scene.kube.merge(body, {"status": {"phase": "Broken"}}, sub="status")
    failed = scene.run_again(live, "False")
    assert "failed early" in scene.condition(failed)["message"]
    scene.kube.delete(live)
    until(lambda: scene.kube.live(live) is None)


def test_f41_an_expression_that_cannot_be_read_stalls(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a.yaml": manifest(scene, "a")})
    scene.start()
    scene.source(repository)
    rules = [{"apiVersion": "v1", "kind": "ConfigMap", "current": "status =="}]
    live = scene.settled(scene.kustomization(wait=True, healthCheckExprs=rules), "False", "InvalidCELExpression")
    assert scene.condition(live, "Stalled")["reason"] == "InvalidCELExpression"
    expected = (
        "Reconciliation failed terminally due to configuration error: failed to create custom status evaluator for"
        " healthchecks[0]: failed to parse the expression Current: failed to parse the CEL expression 'status ==': "
    )
    assert scene.condition(live)["message"].startswith(expected)
    twice = [{"apiVersion": "v1", "kind": "ConfigMap", "current": "true"}] * 2
    scene.kube.merge(live, {"spec": {"healthCheckExprs": twice}})
    until(lambda: "healthchecks[1]: duplicate" in scene.condition(live)["message"])
    assert config_map(scene, "a") is None


def test_f50_without_the_artifact_host_nothing_is_pruned(scene: AgentBed) -> None:
    repository, live = begin(
        scene, {"a.yaml": manifest(scene, "a"), "b.yaml": manifest(scene, "b")}, retryInterval="1s"
    )
    source = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "shop", "namespace": scene.namespace}}  # fmt: skip
    agent = scene.agents[0]
    server = agent.servers["artifacts"]
    good, server.routes = server.routes, []
    repository.commit({"b.yaml": None})
    scene.request(source)
    until(lambda: scene.condition(live)["message"] == "Source is not ready, artifact not found, retrying in 30s")
    assert scene.condition(live)["reason"] == "ArtifactFailed"
    assert config_map(scene, "b")
    server.routes = good
    scene.run_again(live)
    until(lambda: config_map(scene, "b") is None)


def test_f51_a_server_that_fails_for_a_while_costs_nothing(scene: AgentBed) -> None:
    repository, live = begin(
        scene, {"a.yaml": manifest(scene, "a"), "b.yaml": manifest(scene, "b")}, retryInterval="1s", timeout="2s"
    )
    rules = [
        scene.bed.proxy.add(Answer(429, "TooManyRequests", "wait", retry_after_s=1), path="/configmaps", every=2),
        scene.bed.proxy.add(Answer(500, "InternalError", "etcdserver: leader changed"), path="/configmaps"),
    ]
    repository.commit({"b.yaml": None, "c.yaml": manifest(scene, "c")})
    scene.request({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "shop", "namespace": scene.namespace}})  # fmt: skip
    until(lambda: scene.condition(live)["status"] == "False", within_s=60)
    assert scene.condition(live)["reason"] == "ReconciliationFailed"
    assert config_map(scene, "b"), "what cannot be read is not pruned"
    assert all(rule.happened for rule in rules)
    scene.bed.proxy.clear()
    until(lambda: scene.condition(live)["status"] == "True", lambda: json.dumps(scene.get(live)["status"]), within_s=60)
    assert config_map(scene, "b") is None
    assert config_map(scene, "c")


def test_f52_an_object_whose_deletion_is_refused_stays_listed_until_it_goes(scene: AgentBed) -> None:
    files: dict[str, str | None] = {f"{name}.yaml": manifest(scene, name) for name in ("a", "b", "c")}
    repository, live = begin(scene, files, retryInterval="1s")
    scene.bed.proxy.add(denied("b"), "DELETE", "/configmaps/b")
    failed = follow(scene, repository, {"b.yaml": None, "c.yaml": None}, live, "False")
    ready = scene.condition(failed)
    assert ready["reason"] == "PruneFailed"
    assert ready["message"].startswith(f"delete failed, errors: ConfigMap/{scene.namespace}/b delete failed: ")
    ids = [entry["id"] for entry in failed["status"]["inventory"]["entries"]]
    assert f"{scene.namespace}_b__ConfigMap" in ids
    assert f"{scene.namespace}_c__ConfigMap" not in ids
    assert failed["status"]["lastAppliedRevision"] == live["status"]["lastAppliedRevision"]
    scene.bed.proxy.clear()
    until(lambda: scene.condition(live)["status"] == "True")
    assert config_map(scene, "b") is None


def test_f55_a_kind_that_is_gone_does_not_hold_up_pruning(scene: AgentBed) -> None:
    group = f"{scene.namespace}.example.test"
    definition = crd(group)
    scene.kube.create(definition)
    until(lambda: scene.kube.raw("GET", f"/apis/{group}/v1/widgets")[0] == 200)
    repository, live = begin(
        scene, {"a.yaml": manifest(scene, "a"), "w.yaml": json.dumps(widget(scene, group))}, retryInterval="1s"
    )
    assert len(live["status"]["inventory"]["entries"]) == 2
    scene.kube.delete(definition)
    until(lambda: scene.kube.raw("GET", f"/apis/{group}/v1/widgets")[0] == 404)
    after = follow(scene, repository, {"w.yaml": None}, live)
    assert after["status"]["inventory"]["entries"] == [{"id": f"{scene.namespace}_a__ConfigMap", "v": "v1"}]


def test_f56_another_version_of_a_kept_object_is_no_deletion(scene: AgentBed) -> None:
    group = f"{scene.namespace}.example.test"
    definition = crd(group, ("v1", "v2"))
    scene.kube.create(definition)
    until(lambda: scene.kube.raw("GET", f"/apis/{group}/v2/widgets")[0] == 200)
    repository, live = begin(scene, {"w.yaml": json.dumps(widget(scene, group))})
    uid = scene.kube.live(widget(scene, group))["metadata"]["uid"]
    after = follow(scene, repository, {"w.yaml": json.dumps(widget(scene, group, "v2"))}, live)
    assert [entry["v"] for entry in after["status"]["inventory"]["entries"]] == ["v2"]
    assert scene.kube.live(widget(scene, group))["metadata"]["uid"] == uid
    assert not any("deleted" in event["message"] for event in scene.events("web"))
    scene.kube.delete(live)
    until(lambda: scene.kube.live(live) is None)
    scene.kube.delete(definition)


def test_f58_ignored_fields_are_left_to_others(scene: AgentBed) -> None:
    rules = [{"paths": ["/spec/replicas"], "target": {"kind": "Deploy.*", "name": "d"}}]
    repository, live = begin(
        scene, {"d.yaml": deployment(scene, "d", 2), "e.yaml": deployment(scene, "e", 2)}, ignore=rules
    )

    def found(name: str) -> Object:
        body = scene.kube.get("apps/v1", "Deployment", scene.namespace, name)
        assert body is not None
        return body

    for name in ("d", "e"):
        scene.kube.merge(found(name), {"spec": {"replicas": 5}}, manager="kubectl", sub="scale")
    scene.bed.proxy.settle()
    scene.bed.proxy.clear()
    scene.run_again(live)
    assert (found("d")["spec"]["replicas"], found("e")["spec"]["replicas"]) == (5, 2)
    assert not [one for one in scene.bed.proxy.writes if one.path.endswith("/deployments/d")]
    image = deployment(scene, "d", 2).replace('"nginx"', '"nginx:2"')
    follow(scene, repository, {"d.yaml": image}, live)
    assert found("d")["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:2"
    assert found("d")["spec"]["replicas"] == 5
    scene.kube.merge(found("d"), {"spec": {"replicas": 7}}, manager="kubectl-edit")
    scene.run_again(live)
    assert found("d")["spec"]["replicas"] == 7


def test_f59_no_value_of_a_secret_is_told_anywhere(scene: AgentBed) -> None:
    secret = "hunter2-is-long"
    data = {"port": base64.b64encode(secret.encode()).decode()}
    scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": scene.namespace}, "data": data})  # fmt: skip
    body = json.loads(deployment(scene, "d"))
    body["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "${port}"
    repository = scene.repository()
    repository.commit({"d.yaml": json.dumps(body)})
    scene.start()
    scene.source(repository)
    post = {"substituteFrom": [{"kind": "Secret", "name": "s"}]}
    live = scene.settled(scene.kustomization(postBuild=post), "False", "ReconciliationFailed")
    assert "*****" in scene.condition(live)["message"]
    until(lambda: any("*****" in event["message"] for event in scene.events("web")))
    everything = json.dumps(live) + json.dumps(scene.events("web")) + scene.log.read_text()
    assert secret not in everything


@pytest.mark.parametrize("times", [1, 2])
def test_f87_what_a_run_wrote_before_it_failed_is_pruned_by_the_next_good_one(scene: AgentBed, times: int) -> None:
    names = [f"m{n}" for n in range(10)]
    repository = scene.repository()
    files: dict[str, str | None] = {f"{name}.yaml": manifest(scene, name) for name in names}
    repository.commit(files)
    scene.bed.proxy.add(denied("m6"), "PATCH", "/configmaps/m6", when=lambda exchange: exchange.is_write)
    scene.start()
    scene.source(repository)
    live = scene.settled(
        scene.kustomization(retryInterval="1s" if times > 1 else "1h"), "False", "ReconciliationFailed"
    )
    assert f"ConfigMap/{scene.namespace}/m6 apply failed: " in scene.condition(live)["message"]
    assert config_map(scene, "m1")
    listed = {entry["id"] for entry in live["status"]["inventory"]["entries"]}
    assert f"{scene.namespace}_m1__ConfigMap" in listed
    scene.bed.proxy.clear()
    follow(scene, repository, {**dict.fromkeys(f"m{n}.yaml" for n in range(1, 6))}, live)
    until(lambda: [name for name in names if config_map(scene, name)] == ["m0", "m6", "m7", "m8", "m9"])
