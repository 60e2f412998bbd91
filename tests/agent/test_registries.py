"""OCIRepositories and charts of registries, against a registry on the loopback that asks for passwords and tokens."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Iterator

import pytest
from agent_bed import HELM, SOURCE, AgentBed, Object, until
from agent_sets import manifest
from chart_repository import packed as packed_chart
from install_helm import helm_path, is_there
from registry_server import BASIC, BEARER, CONTENT, RegistryServer, packed

CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
CONFIG = ("application/vnd.cncf.helm.config.v1+json", b"{}")


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    made = RegistryServer()
    yield made
    made.close()


def source(scene: AgentBed, registry: RegistryServer, name: str = "shop", **spec: object) -> Object:
    full = {"interval": "1h", "url": registry.url("acme/shop"), "insecure": True, **spec}
    return scene.create(SOURCE, "OCIRepository", name, full)


def secret(scene: AgentBed, name: str, **data: str) -> None:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    kind = "kubernetes.io/dockerconfigjson" if ".dockerconfigjson" in data else "Opaque"
    metadata = {"name": name, "namespace": scene.namespace}
    scene.kube.create({"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata, "data": encoded})


def revision(scene: AgentBed, body: Object) -> str:
    return str(scene.settled(body)["status"]["artifact"]["revision"])


def test_a_kustomization_follows_the_artifact_of_a_tag(scene: AgentBed, registry: RegistryServer) -> None:
    files = {"a.yaml": manifest(scene, "a", "one"), "pic.png": "x", "more/b.yaml": manifest(scene, "b")}
    first = registry.push(
        "acme/shop", "latest", (CONTENT, packed(files)), revision="main@sha1:abc", source="https://git.example.test"
    )
    scene.start()
    body = source(scene, registry)
    live = scene.settled(body)
    artifact = live["status"]["artifact"]
    assert artifact["revision"] == f"latest@{first}"
    assert artifact["metadata"]["org.opencontainers.image.revision"] == "main@sha1:abc"
    assert scene.condition(live)["message"] == f"stored artifact for digest 'latest@{first}'"
    own = {"sourceRef": {"kind": "OCIRepository", "name": "shop"}}
    applied = scene.settled(scene.kustomization(**own))
    assert applied["status"]["lastAppliedRevision"] == f"latest@{first}"
    assert applied["status"]["lastAppliedOriginRevision"] == "main@sha1:abc"
    assert len(applied["status"]["inventory"]["entries"]) == 2

    asked = len(registry.requests)
    scene.run_again(body)
    assert [path for path, _ in registry.requests[asked:]] == ["/v2/acme/shop/manifests/latest"], (
        "one request where nothing is new"
    )
    second = registry.push("acme/shop", "latest", (CONTENT, packed({"a.yaml": manifest(scene, "a", "two")})))
    scene.run_again(body)
    until(lambda: scene.get(applied)["status"].get("lastAppliedRevision") == f"latest@{second}", scene.told)
    gone = scene.get(applied)
    assert "lastAppliedOriginRevision" not in gone["status"]
    assert len(gone["status"]["inventory"]["entries"]) == 1


def test_what_a_reference_means(scene: AgentBed, registry: RegistryServer) -> None:
    digests = {
        tag: registry.push("acme/shop", tag, (CONTENT, packed({"a.yaml": manifest(scene, tag)})))
        for tag in ("1.0.0", "v1.2.0", "1.3.0-rc.1", "2.0.0", "1.9.0-debug", "other")
    }
    scene.start()
    for name, ref, expected in (
        ("semver", {"semver": ">=1.0.0 <2.0.0"}, "v1.2.0@{v1.2.0}"),
        ("filter", {"semver": ">=1.0.0-0 <2.0.0-0", "semverFilter": "-rc"}, "1.3.0-rc.1@{1.3.0-rc.1}"),
        ("digest", {"digest": digests["2.0.0"], "tag": "other"}, "{2.0.0}"),
        ("tag", {"tag": "other"}, "other@{other}"),
    ):
        for tag, digest in digests.items():
            expected = expected.replace("{" + tag + "}", digest)
        assert revision(scene, source(scene, registry, name, ref=ref)) == expected
    for name, spec, reason, words in (
        ("nothing", {"ref": {"semver": ">9"}}, "OCIArtifactPullFailed", "no match found for semver: >9"),
        (
            "missing",
            {"ref": {"tag": "no"}},
            "OCIArtifactPullFailed",
            "failed to determine artifact digest: GET http://localhost",
        ),
        (
            "layer",
            {"ref": {"tag": "other"}, "layerSelector": {"mediaType": "a/b"}},
            "OCIArtifactLayerOperationFailed",
            "'a/b'",
        ),
        ("signed", {"verify": {"provider": "cosign"}}, "VerificationError", "not supported"),
        ("cloud", {"provider": "aws"}, "InvalidProviderConfiguration", "'aws' is not supported"),
        ("domain", {"url": "oci://nothing"}, "URLInvalid", "oci://<domain>/<org>/<repo>"),
    ):
        found = scene.settled(source(scene, registry, name, **spec), "False", reason)
        assert words in scene.condition(found)["message"]


def test_layers_are_chosen_and_what_is_ignored_is_left_out(scene: AgentBed, registry: RegistryServer) -> None:
    data = packed({"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
    registry.push("acme/shop", "latest", CONFIG, (CONTENT, data))
    scene.start()
    copied = source(scene, registry, "copied", layerSelector={"mediaType": CONTENT, "operation": "copy"})
    url = scene.settled(copied)["status"]["artifact"]["url"]
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == data
    body = source(scene, registry, "some", layerSelector={"mediaType": CONTENT}, ignore="b.yaml")
    first = scene.settled(body)["status"]
    assert first["observedIgnore"] == "b.yaml"
    scene.kube.merge(body, {"spec": {"ignore": "a.yaml"}})
    second = scene.settled(body)["status"]
    assert first["artifact"]["revision"] == second["artifact"]["revision"]
    assert first["artifact"]["digest"] != second["artifact"]["digest"]
    # What is no archive cannot be unpacked.
    found = scene.settled(
        source(scene, registry, "bad", layerSelector={"mediaType": CONFIG[0]}),
        "False",
        "OCIArtifactLayerOperationFailed",
    )
    assert "failed to extract layer contents" in scene.condition(found)["message"]


@pytest.mark.parametrize("mode", [BASIC, BEARER])
def test_credentials_go_to_the_registry_only(scene: AgentBed, registry: RegistryServer, mode: str) -> None:
    registry.mode = mode
    registry.push("acme/shop", "latest", (CONTENT, packed({"a.yaml": manifest(scene, "a")})))
    secret(scene, "docker", **{".dockerconfigjson": registry.docker_config()})
    secret(scene, "bad", username="me")
    account = {"name": "puller", "namespace": scene.namespace}
    scene.kube.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account, "imagePullSecrets": [{"name": "docker"}]}
    )
    scene.start()
    for name, spec in (("secret", {"secretRef": {"name": "docker"}}), ("account", {"serviceAccountName": "puller"})):
        scene.settled(source(scene, registry, name, **spec))
    blobs = [told for path, told in registry.requests if path.startswith("/blobs/")]
    assert blobs == ["", ""], "where blobs are kept is another host"
    for name, spec in (
        ("anonymous", {}), ("broken", {"secretRef": {"name": "bad"}}), ("nosecret", {"secretRef": {"name": "no"}}),
        ("noaccount", {"serviceAccountName": "no"}),
    ):  # fmt: skip
        scene.settled(source(scene, registry, name, **spec), "False", "AuthenticationFailed")
    assert "s3cret-word" not in scene.log.read_text() + json.dumps(scene.events("secret"))


def test_charts_of_a_registry(scene: AgentBed, registry: RegistryServer) -> None:
    registry.mode = BEARER
    for version in ("1.0.0", "1.2.0+build.7", "2.0.0"):
        data = packed_chart("app", version)
        registry.push("charts/app", version.replace("+", "_"), CONFIG, (CHART, data))
    secret(scene, "login", username="me", password="s3cret-word")
    scene.start()
    address = {"type": "oci", "url": registry.url("charts"), "insecure": True, "secretRef": {"name": "login"}}
    scene.create(SOURCE, "HelmRepository", "charts", address)

    def chart(name: str, version: str, **spec: object) -> Object:
        reference = {"kind": "HelmRepository", "name": "charts"}
        full = {"chart": "app", "version": version, "interval": "1h", "sourceRef": reference, **spec}
        return scene.create(SOURCE, "HelmChart", name, full)

    body = chart("app", "1.x")
    live = scene.settled(body)
    assert live["status"]["artifact"]["revision"] == "1.2.0+build.7"
    assert scene.condition(live)["message"] == "pulled 'app' chart with version '1.2.0+build.7'"
    registry.push("charts/app", "1.4.0", CONFIG, (CHART, packed_chart("app", "1.4.0")))
    assert scene.run_again(body)["status"]["artifact"]["revision"] == "1.4.0"
    found = scene.settled(chart("none", "9.x"), "False", "InvalidChartReference")
    assert "could not locate a version matching provided version string 9.x" in scene.condition(found)["message"]
    scene.settled(chart("nowhere", "1.x", chart="no"), "False", "InvalidChartReference")


@pytest.mark.skipif(not is_there(), reason="helm is not installed (make oracle)")
def test_a_release_of_a_chart_in_a_registry(scene: AgentBed, registry: RegistryServer) -> None:
    digest = registry.push("charts/app", "1.0.0", CONFIG, (CHART, packed_chart("app", "1.0.0")))
    scene.start(controllers=("source", "helm"), helm=str(helm_path()))
    layer = {"mediaType": CHART, "operation": "copy"}
    chart = source(scene, registry, "app", url=registry.url("charts/app"), ref={"semver": "1.x"}, layerSelector=layer)
    spec = {"interval": "1h", "timeout": "1m", "chartRef": {"kind": "OCIRepository", "name": "app"}}
    body = scene.create(HELM, "HelmRelease", "web", spec)
    live = scene.settled(body, within_s=90)
    assert live["status"]["lastAttemptedRevision"] == f"1.0.0+{digest[7:19]}"
    assert live["status"]["history"][0]["chartVersion"] == f"1.0.0+{digest[7:19]}"
    assert "helmChart" not in live["status"]
    newer = registry.push("charts/app", "1.1.0", CONFIG, (CHART, packed_chart("app", "1.1.0")))
    scene.run_again(chart)
    until(lambda: scene.get(body)["status"]["history"][0]["chartVersion"] == f"1.1.0+{newer[7:19]}", scene.told, 90)
    scene.settled(body, within_s=90)
    # A tag that names another version than the chart's own is none of it.
    registry.push("charts/app", "1.2.0", CONFIG, (CHART, packed_chart("app", "1.1.0")))
    scene.run_again(chart)
    found = scene.settled(body, "False", "ArtifactFailed", within_s=90)
    assert "artifact revision 1.2.0 does not match chart version 1.1.0" in scene.condition(found)["message"]
    missing = {**spec, "chartRef": {"kind": "OCIRepository", "name": "none"}}
    found = scene.settled(scene.create(HELM, "HelmRelease", "none", missing), "False", "SourceNotReady")
    assert scene.condition(found)["message"].endswith(
        'is not ready: ocirepositories.source.toolkit.fluxcd.io "none" not found'
    )
