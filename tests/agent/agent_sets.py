"""Manifests for tests of Kustomizations, and the two steps that most of them take: begin, and follow a commit."""

from __future__ import annotations

import json

from agent_bed import AgentBed, Object, Repository, until

NAME, NAMESPACE = "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"


def config_map(scene: AgentBed, name: str) -> Object | None:
    return scene.kube.get("v1", "ConfigMap", scene.namespace, name)


def manifest(scene: AgentBed, name: str, value: str = "v", **annotations: str) -> str:
    body = {
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"k": value},
        "metadata": {"name": name, "namespace": scene.namespace, **({"annotations": annotations} if annotations else {})},
    }  # fmt: skip
    return json.dumps(body)


def deployment(scene: AgentBed, name: str, replicas: int = 1, **annotations: str) -> str:
    template = {
        "metadata": {"labels": {"app": name}, "annotations": annotations},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": scene.namespace},
            "spec": spec,
        }
    )


def begin(scene: AgentBed, files: dict[str, str | None], **spec: object) -> tuple[Repository, Object]:
    """A source with these files and a Kustomization of it, ready."""
    repository = scene.repository()
    repository.commit(files)
    scene.start()
    scene.source(repository)
    return repository, scene.settled(scene.kustomization(**spec))


def follow(
    scene: AgentBed, repository: Repository, files: dict[str, str | None], body: Object, status: str = "True"
) -> Object:
    """Commit, have the source fetched, and wait until the Kustomization has tried the new revision."""
    commit = repository.commit(files)
    scene.request(
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": "shop", "namespace": scene.namespace},
        }
    )
    until(
        lambda: commit in json.dumps(scene.get(body)["status"].get("lastAttemptedRevision", "")),
        lambda: json.dumps(scene.get(body)["status"], indent=1),
    )
    until(lambda: scene.condition(body)["status"] == status, lambda: json.dumps(scene.get(body)["status"], indent=1))
    return scene.get(body)
