"""When runs come: configurations that are watched, shards, jitter and pauses."""

from __future__ import annotations

import base64
import json
import time

import pytest
from agent_bed import AgentBed, Object, until
from agent_sets import config_map, manifest

from applier.agent.runtime.unit import Rhythm
from applier.cli.agent import options_of
from kbuild import UsageError

WATCH = {"reconcile.fluxcd.io/watch": "Enabled"}
SHARD = "sharding.fluxcd.io/key"


def variables(scene: AgentBed, kind: str, name: str, value: str, **labels: str) -> Object:
    shown = base64.b64encode(value.encode()).decode() if kind == "Secret" else value
    metadata = {"name": name, "namespace": scene.namespace, "labels": labels}
    return scene.kube.create({"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": {"v": shown}})


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_a_watched_configuration_is_taken_over_at_once(scene: AgentBed, kind: str) -> None:
    watched = variables(scene, kind, "watched", "one", **WATCH)
    plain = variables(scene, kind, "plain", "one")
    repository = scene.repository()
    repository.commit({"a/a.yaml": manifest(scene, "a", "${v}"), "b/b.yaml": manifest(scene, "b", "${v}")})
    scene.start()
    scene.source(repository)

    def post(name: str) -> Object:
        return {"substituteFrom": [{"kind": kind, "name": name}]}

    for name, source in (("a", "watched"), ("b", "plain")):
        scene.settled(scene.kustomization(name, path=name, postBuild=post(source)))
    value = base64.b64encode(b"two").decode() if kind == "Secret" else "two"
    for body in (watched, plain):
        scene.kube.merge(body, {"data": {"v": value}})
    began = time.monotonic()
    until(lambda: config_map(scene, "a")["data"]["k"] == "two", within_s=5)
    assert time.monotonic() - began < 3
    assert config_map(scene, "b")["data"]["k"] == "one"


def test_a_shard_sees_its_own_and_knows_of_others(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit(
        {"a/a.yaml": manifest(scene, "a"), "b/b.yaml": manifest(scene, "b"), "c/c.yaml": manifest(scene, "c")}
    )
    scene.start(selector=f"{SHARD}=one", storage=scene.folder / "one")
    scene.create("source.toolkit.fluxcd.io/v1", "GitRepository", "shop", {"interval": "1h", "url": repository.url, "ref": {"branch": "main"}}, labels={SHARD: "one"})  # fmt: skip
    spec = {"interval": "1h", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "shop"}}

    def made(name: str, shard: str, **more: object) -> Object:
        return scene.create("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name, {**spec, "path": name, **more}, labels={SHARD: shard})  # fmt: skip

    scene.settled(made("a", "one"))
    other = made("b", "two")
    time.sleep(1)
    assert "status" not in scene.get(other) or not scene.condition(other)
    scene.start(selector=f"{SHARD}=two", storage=scene.folder / "two")
    scene.settled(other)
    scene.settled(made("c", "two", dependsOn=[{"name": "a"}]))
    assert config_map(scene, "c")


def test_a_dependency_is_looked_at_as_often_as_the_flag_says(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a.yaml": manifest(scene, "a")})
    scene.start(dependency_retry_s=1.0)
    scene.source(repository)
    live = scene.settled(scene.kustomization(dependsOn=[{"name": "no"}]), "False", "DependencyNotReady")
    told = until(lambda: scene.events("web"))[0]
    assert told["message"] == "Dependencies do not meet ready condition, retrying in 1s"
    time.sleep(3)
    assert scene.events("web")[0]["count"] >= 3
    assert json.dumps(live)


def test_flags_set_the_rhythm() -> None:
    assert options_of({}, {"HOME": "/"}).rhythm == Rhythm(0.05, 0.75, 900.0)
    given = {
        "interval_jitter_percentage": "0",
        "min_retry_delay": "100ms",
        "max_retry_delay": "1m",
        "requeue_dependency": "5s",
    }
    options = options_of(given, {"HOME": "/"})
    assert options.rhythm == Rhythm(0.0, 0.1, 60.0)
    assert options.dependency_retry_s == 5.0
    for wrong in (
        {"interval_jitter_percentage": "100"},
        {"interval_jitter_percentage": "-1"},
        {"min_retry_delay": "soon"},
    ):
        with pytest.raises(UsageError):
            options_of(wrong, {"HOME": "/"})
