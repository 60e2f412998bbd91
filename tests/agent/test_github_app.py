"""A GitHub App's key in the place of a token: for a GitRepository, and for statuses of commits."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_bed import NOTIFICATION, AgentBed, GitServer, Repository, until
from agent_sets import manifest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github_server import app_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    made = app_server(tmp_path / "github")
    yield made
    made.close()


def secret(scene: AgentBed, server: GitServer, name: str, **changed: str) -> None:
    made = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    data = {
        "githubAppID": "123", "githubAppInstallationID": "7", "githubAppPrivateKey": pem,
        "githubAppBaseURL": f"http://127.0.0.1:{server.http.server_port}/api/v3", **changed,
    }  # fmt: skip
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": name, "namespace": scene.namespace}
    scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded})


def asked(server: GitServer) -> list[Any]:
    return server.http.asked  # type: ignore[attr-defined, no-any-return]


def test_an_app_fetches_repositories_and_sets_statuses(scene: AgentBed, server: GitServer, tmp_path: Path) -> None:
    for folder in ("github/acme", "work-acme"):
        (tmp_path / folder).mkdir()
    repository = Repository(server, tmp_path, "acme/shop")
    commit = repository.commit({"a.yaml": manifest(scene, "a")})
    secret(scene, server, "app")
    scene.start(controllers=("source", "kustomize", "notification"))
    provider = {"type": "github", "address": repository.url, "secretRef": {"name": "app"}}
    scene.create(NOTIFICATION, "Provider", "github", provider)
    sources = [{"kind": "Kustomization", "name": "*"}]
    scene.create(NOTIFICATION, "Alert", "status", {"providerRef": {"name": "github"}, "eventSources": sources})
    body = scene.source(repository, provider="github", secretRef={"name": "app"})
    assert scene.settled(body)["status"]["artifact"]["revision"] == f"main@sha1:{commit}"
    scene.run_again(body)
    scene.settled(scene.kustomization())
    until(
        lambda: any(path.endswith(f"/statuses/{commit}") and how == "POST" for how, path, *_ in asked(server)),
        scene.told,
    )
    tokens = [path for _, path, *_ in asked(server) if path.endswith("/access_tokens")]
    assert len(tokens) == 2, "one for each controller, and no more"
    assert "ghs_t0k3n" not in scene.log.read_text()


def test_an_app_that_cannot_be_used_says_why(scene: AgentBed, server: GitServer) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    secret(scene, server, "app")
    secret(scene, server, "other", githubAppInstallationID="8")
    secret(scene, server, "keyless", githubAppPrivateKey="no key")
    scene.start()
    for name, spec, reason, sentence in (
        ("none", {"provider": "github"}, "InvalidProviderConfiguration",
         "secretRef with github app data must be specified when provider is set to github"),
        ("generic", {"secretRef": {"name": "app"}}, "InvalidProviderConfiguration",
         f"secretRef '{scene.namespace}/app' has github app data but provider is not set to github"),
        ("other", {"provider": "github", "secretRef": {"name": "other"}}, "AuthenticationFailed", "404 Not Found"),
        ("keyless", {"provider": "github", "secretRef": {"name": "keyless"}}, "AuthenticationFailed",
         "failed to configure authentication options: could not parse the private key"),
    ):  # fmt: skip
        found = scene.settled(scene.source(repository, name, **spec), "False", reason)
        assert sentence in scene.condition(found)["message"]
