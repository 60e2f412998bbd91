"""Several Kustomizations of one source: objects that move and objects that two want, deletions in order, builds that are
spared; by the scenarios' numbers."""

from __future__ import annotations

import json
import time

import pytest
from agent_bed import AgentBed, Object, until
from agent_sets import NAME, begin, config_map, manifest
from faults import Delay

SOURCE = "source.toolkit.fluxcd.io/v1"


def fetch(scene: AgentBed) -> None:
    metadata = {"name": "shop", "namespace": scene.namespace}
    scene.request({"apiVersion": SOURCE, "kind": "GitRepository", "metadata": metadata})


def applied(scene: AgentBed, body: Object, commit: str) -> Object:
    until(lambda: scene.get(body)["status"].get("lastAppliedRevision") == f"main@sha1:{commit}", lambda: json.dumps(scene.get(body)["status"]))  # fmt: skip
    return scene.get(body)


@pytest.mark.parametrize("first", ["one", "two"])
def test_f53_an_object_moves_and_is_never_deleted_whoever_comes_first(scene: AgentBed, first: str) -> None:
    files = {"one/a.yaml": manifest(scene, "a"), "one/x.yaml": manifest(scene, "x"), "two/b.yaml": manifest(scene, "b")}
    repository, one = begin(scene, files, path="one")
    two = scene.settled(scene.kustomization("two", path="two"))
    last = two if first == "one" else one
    uid = config_map(scene, "a")["metadata"]["uid"]
    # Whoever shall come last waits for a dependency that is not there yet.
    scene.kube.merge(last, {"spec": {"dependsOn": [{"name": "gate"}]}})
    scene.settled(last, "False", "DependencyNotReady")
    commit = repository.commit({"one/a.yaml": None, "two/a.yaml": manifest(scene, "a")})
    fetch(scene)
    applied(scene, one if first == "one" else two, commit)
    scene.kube.merge(last, {"spec": {"dependsOn": None}})
    for body in (one, two):
        applied(scene, body, commit)
    found = until(lambda: (live := config_map(scene, "a")) and live["metadata"]["labels"][NAME] == "two" and live)
    assert found["metadata"]["uid"] == uid
    assert [entry["id"] for entry in scene.get(one)["status"]["inventory"]["entries"]] == [
        f"{scene.namespace}_x__ConfigMap"
    ]
    assert len(scene.get(two)["status"]["inventory"]["entries"]) == 2
    assert "Kustomization" not in scene.condition(one)["message"] + scene.condition(two)["message"]


def test_f88_two_that_want_one_object_are_told_and_do_not_write_in_turns(scene: AgentBed) -> None:
    files = {
        "one/a.yaml": manifest(scene, "a", "one"),
        "two/a.yaml": manifest(scene, "a", "two"),
        "two/b.yaml": manifest(scene, "b"),
    }
    repository, one = begin(scene, files, path="one")
    two = scene.settled(scene.kustomization("two", path="two"))
    name = f"ConfigMap/{scene.namespace}/a"
    assert scene.condition(two)["message"].endswith(
        f"; left to Kustomization {scene.namespace}/web, which has them: {name}"
    )
    wanted = f"; wanted by Kustomization {scene.namespace}/two as well: {name}"
    until(lambda: scene.condition(one)["message"].endswith(wanted))
    assert any(event["reason"] == "OwnershipConflict" for event in until(lambda: scene.events("two")))
    version = config_map(scene, "a")["metadata"]["resourceVersion"]
    for body in (one, two, one, two):
        scene.run_again(body)
    live = config_map(scene, "a")
    assert (live["metadata"]["resourceVersion"], live["data"]["k"]) == (version, "one")
    assert config_map(scene, "b")
    uid = live["metadata"]["uid"]
    commit = repository.commit({"one/a.yaml": None, "one/c.yaml": manifest(scene, "c")})
    fetch(scene)
    applied(scene, one, commit)
    until(lambda: config_map(scene, "a")["metadata"]["labels"][NAME] == "two")
    assert config_map(scene, "a")["metadata"]["uid"] == uid
    until(lambda: config_map(scene, "a")["data"]["k"] == "two")
    until(lambda: "Kustomization" not in scene.condition(one)["message"] + scene.condition(two)["message"])


def test_f86_an_operator_goes_after_what_it_looks_after(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"op/operator.yaml": manifest(scene, "operator"), "app/cr.yaml": manifest(scene, "cr")})
    scene.start()
    scene.source(repository)
    operator = scene.settled(scene.kustomization("operator", path="op"))
    app = scene.settled(scene.kustomization("app", path="app", dependsOn=[{"name": "operator"}]))
    held = config_map(scene, "cr")
    scene.kube.merge(held, {"metadata": {"finalizers": ["example.test/operator"]}})
    scene.kube.delete(operator)
    scene.kube.delete(app)
    until(lambda: config_map(scene, "cr")["metadata"].get("deletionTimestamp"))
    until(lambda: scene.condition(operator).get("reason") == "DeletionBlocked")
    assert f"{scene.namespace}/app" in scene.condition(operator)["message"]
    time.sleep(7)  # longer than what a deletion without anybody waiting for it takes
    assert config_map(scene, "operator"), "the operator is still needed"
    scene.kube.merge(held, {"metadata": {"finalizers": None}})
    until(lambda: scene.kube.live(app) is None)
    until(lambda: scene.kube.live(operator) is None)
    assert config_map(scene, "operator") is None


def test_a_commit_builds_only_what_it_concerns(scene: AgentBed) -> None:
    repository = scene.repository()
    files = {f"app{n}/kustomization.yaml": f"resources: [a.yaml, ../base]\nnameSuffix: '-{n}'\n" for n in range(5)}
    files |= {f"app{n}/a.yaml": manifest(scene, "a") for n in range(5)}
    files |= {"base/kustomization.yaml": "resources: [b.yaml]\n", "base/b.yaml": manifest(scene, "b")}
    repository.commit({**files})
    agent = scene.start()
    scene.source(repository)
    bodies = [scene.kustomization(f"app{n}", path=f"app{n}") for n in range(5)]
    for body in bodies:
        scene.settled(body)
    builds = agent.builds
    assert builds.count == 5

    def commit(**changed: str) -> None:
        found = repository.commit({name.replace("_", "/"): text for name, text in changed.items()})
        fetch(scene)
        for body in bodies:
            applied(scene, body, found)

    scene.bed.proxy.settle()
    scene.bed.proxy.clear()
    commit(docs_readme="x")
    assert builds.count == 5
    scene.bed.proxy.settle()
    about = [one for one in scene.bed.proxy.log if "/kustomizations/" in one.path and one.is_write]
    assert len(about) == 5, "the new revision is recorded, in one write each"
    assert not [one for one in scene.bed.proxy.log if one.path.endswith("/configmaps")]
    commit(**{"app1_a.yaml": manifest(scene, "a", "changed")})
    assert builds.count == 6
    assert config_map(scene, "a-1")["data"]["k"] == "changed"
    commit(**{"base_b.yaml": manifest(scene, "b", "changed")})
    assert builds.count == 11
    commit(**{"app2_new.yaml": "x: 1\n"})
    assert builds.count == 11, "a file that the kustomization does not name"


def test_f47_a_run_ends_although_it_is_suspended_and_then_nothing_is_reverted(scene: AgentBed) -> None:
    repository, live = begin(scene, {"a.yaml": manifest(scene, "a")}, interval="2s")
    scene.bed.proxy.add(Delay(1.0), "PATCH", "/configmaps/b", times=2)
    repository.commit({"b.yaml": manifest(scene, "b")})
    fetch(scene)
    until(lambda: scene.condition(live, "Reconciling").get("message", "").startswith("Detecting drift"))
    scene.kube.merge(live, {"spec": {"suspend": True}})
    until(lambda: config_map(scene, "b"))
    until(lambda: not scene.condition(live, "Reconciling"))
    scene.kube.merge(config_map(scene, "a"), {"data": {"k": "edited"}}, manager="kubectl-edit")
    time.sleep(4)
    assert config_map(scene, "a")["data"]["k"] == "edited"
    scene.kube.merge(live, {"spec": {"suspend": False}})
    until(lambda: config_map(scene, "a")["data"]["k"] == "v", within_s=10)


def test_a_suspension_ends_at_its_time(scene: AgentBed) -> None:
    _, live = begin(scene, {"a.yaml": manifest(scene, "a")})
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    marks = {
        "kbuild.dev/suspended-until": end,
        "kbuild.dev/suspended-reason": "a release",
        "kbuild.dev/suspended-by": "ann",
    }
    scene.kube.merge(live, {"metadata": {"annotations": marks}, "spec": {"suspend": True}})
    scene.kube.merge(config_map(scene, "a"), {"data": {"k": "edited"}}, manager="kubectl-edit")
    time.sleep(1)
    assert scene.get(live)["spec"]["suspend"] is True
    until(lambda: config_map(scene, "a")["data"]["k"] == "v", within_s=10)
    after = scene.get(live)
    assert after["spec"]["suspend"] is False
    assert not [name for name in after["metadata"].get("annotations", {}) if name.startswith("kbuild.dev/suspended")]
    assert any(event["reason"] == "Resumed" for event in scene.events("web"))


def test_f89_a_clock_that_jumps_makes_nobody_hurry_or_sleep(scene: AgentBed) -> None:
    class Jumping:
        ahead = 0.0

        def monotonic(self) -> float:
            return time.monotonic()

        def sleep(self, seconds: float) -> None:
            time.sleep(seconds)

        def now(self) -> float:
            return time.time() + self.ahead

    clock = Jumping()
    repository = scene.repository()
    repository.commit({"a.yaml": manifest(scene, "a")})
    scene.start(clock=clock)
    scene.source(repository)
    live = scene.settled(scene.kustomization(interval="3s"))

    def runs() -> int:
        return int(scene.get(live)["status"]["history"][0]["totalReconciliations"])

    for jump in (3600.0, -3600.0):
        clock.ahead = jump
        before = runs()
        time.sleep(7)
        assert 1 <= runs() - before <= 4, "the interval is kept"
