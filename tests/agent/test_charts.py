"""HelmRepository and HelmChart on a real control plane and a chart repository on the loopback."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_bed import SOURCE, AgentBed, Object, until
from chart_repository import ChartRepository
from install_helm import helm_path, is_there


@pytest.fixture
def charts() -> Iterator[ChartRepository]:
    made = ChartRepository()
    yield made
    made.close()


def repository(scene: AgentBed, charts: ChartRepository, **spec: Any) -> Object:
    return scene.create(SOURCE, "HelmRepository", "shop", {"interval": "1h", "url": charts.url, **spec})


def chart(scene: AgentBed, name: str = "web", kind: str = "HelmRepository", **spec: Any) -> Object:
    reference = {"kind": kind, "name": "shop"}
    return scene.create(SOURCE, "HelmChart", name, {"interval": "1h", "chart": "app", "sourceRef": reference, **spec})


def download(live: Object) -> bytes:
    with urllib.request.urlopen(live["status"]["artifact"]["url"], timeout=10) as answer:
        data: bytes = answer.read()
    assert live["status"]["artifact"]["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    return data


def contents(data: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {one.name: archive.extractfile(one).read().decode(errors="replace") for one in archive if one.isfile()}  # type: ignore[union-attr]


def test_an_index_is_stored_in_one_form_under_the_hash_of_what_was_fetched(
    scene: AgentBed, charts: ChartRepository
) -> None:
    for version in ("1.0.0", "1.10.0", "1.9.0"):
        charts.publish("app", version)
    scene.start()
    live = scene.settled(repository(scene, charts))
    fetched = charts.files["/charts/index.yaml"]
    name = hashlib.sha256(fetched).hexdigest()
    artifact = live["status"]["artifact"]
    assert artifact["revision"] == f"sha256:{name}"
    assert artifact["path"] == f"helmrepository/{scene.namespace}/shop/index-{name}.yaml"
    assert [one["version"] for one in json.loads(download(live))["entries"]["app"]] == ["1.10.0", "1.9.0", "1.0.0"]
    assert scene.condition(live)["message"] == f"stored artifact: revision 'sha256:{name}'"
    assert [c["type"] for c in live["status"]["conditions"]] == ["Ready", "ArtifactInStorage"]
    event = until(lambda: scene.events("shop"))[0]
    assert event["reason"] == "NewArtifact"
    assert event["message"] == f"stored fetched index of size {len(fetched)}B from '{charts.url}'"
    again = scene.run_again(live)
    assert again["status"]["artifact"] == artifact


def test_failures_of_a_repository_are_told_in_the_known_words(scene: AgentBed, charts: ChartRepository) -> None:
    scene.start()
    body = repository(scene, charts)
    live = scene.settled(body, "False", "Failed")
    front = "failed to fetch Helm repository index: failed to cache index to temporary file: failed to fetch"
    assert scene.condition(live)["message"] == f"{front} {charts.url}/index.yaml : 404 Not Found"
    assert scene.condition(live, "FetchFailed")["status"] == "True"
    charts.files["/charts/index.yaml"] = b"entries: {}\n"
    live = scene.run_again(body, "False")
    assert scene.condition(live)["reason"] == "IndexationFailed"
    assert scene.condition(live)["message"].endswith("no API version specified")
    charts.publish("app", "1.0.0")
    scene.run_again(body)


def test_credentials_come_from_a_secret_and_never_show(scene: AgentBed, charts: ChartRepository) -> None:
    charts.publish("app", "1.0.0")
    charts.protect()
    scene.start()
    body = repository(scene, charts, secretRef={"name": "key"})
    live = scene.settled(body, "False", "AuthenticationFailed")
    assert 'secrets "key" not found' in scene.condition(live)["message"]
    metadata = {"name": "key", "namespace": scene.namespace}
    data = {"username": "me", "password": "s3cret-word"}
    scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
    scene.run_again(body)
    scene.settled(chart(scene))
    assert "s3cret-word" not in scene.told() + json.dumps(scene.get(body)) + json.dumps(scene.events("shop"))


def test_a_repository_of_a_registry_is_an_address_and_nothing_more(scene: AgentBed, charts: ChartRepository) -> None:
    scene.start()
    spec = {"type": "oci", "url": "oci://registry.example.test/charts"}
    body = scene.create(SOURCE, "HelmRepository", "shop", spec)
    live = scene.settled(chart(scene), "False", "ChartPullError")
    assert "registry.example.test/v2/charts/app/tags/list" in scene.condition(live)["message"]
    assert "conditions" not in scene.get(body).get("status", {})


@pytest.mark.parametrize(
    ("wanted", "version"), [("*", "2.1.0"), ("1.x", "1.4.0"), ("1.0.0", "1.0.0"), (">=2.0.0-0", "3.0.0-rc.1")]
)
def test_a_range_of_versions_means_the_highest_in_it(
    scene: AgentBed, charts: ChartRepository, wanted: str, version: str
) -> None:
    known = {one: charts.publish("app", one) for one in ("1.4.0", "3.0.0-rc.1", "1.0.0", "2.1.0")}
    scene.start()
    repository(scene, charts)
    live = scene.settled(chart(scene, version=wanted))
    artifact = live["status"]["artifact"]
    assert artifact["revision"] == version
    assert artifact["path"] == f"helmchart/{scene.namespace}/web/app-{version}.tgz"
    assert download(live) == known[version]
    ready = scene.condition(live)
    assert (ready["reason"], ready["message"]) == (
        "ChartPullSucceeded", f"pulled 'app' chart with version '{version}'",
    )  # fmt: skip
    assert scene.condition(live, "ArtifactInStorage")["reason"] == "ChartPullSucceeded"
    assert live["status"]["observedChartName"] == "app"


def test_a_new_version_in_the_repository_reaches_the_chart_at_once(scene: AgentBed, charts: ChartRepository) -> None:
    charts.publish("app", "1.0.0")
    scene.start()
    source = repository(scene, charts)
    body = chart(scene, version="9.x")
    live = scene.settled(body, "False", "InvalidChartReference")
    sentence = "failed to get chart version for remote reference: no 'app' chart with version matching '9.x' found"
    assert scene.condition(live)["message"] == f"invalid chart reference: {sentence}"
    assert scene.condition(live, "Stalled")["reason"] == "InvalidChartReference"
    charts.publish("app", "9.1.0")
    scene.run_again(source)
    assert scene.settled(body)["status"]["artifact"]["revision"] == "9.1.0"


def test_what_a_chart_cannot_be_had_from_is_told(scene: AgentBed, charts: ChartRepository) -> None:
    scene.start()
    body = chart(scene)
    live = scene.settled(body, "False", "SourceUnavailable")
    missing = 'failed to get source: HelmRepository.source.toolkit.fluxcd.io "shop" not found'
    assert scene.condition(live)["message"] == missing
    source = repository(scene, charts)
    scene.settled(source, "False")
    live = scene.run_again(body, "False")
    assert scene.condition(live)["reason"] == "NoSourceArtifact"
    charts.publish("other", "1.0.0")
    scene.run_again(source)
    live = scene.settled(body, "False", "InvalidChartReference")
    assert scene.condition(live)["message"].endswith("no chart name found")
    charts.publish("app", "1.0.0", digest="0" * 64)
    scene.run_again(source)
    live = scene.settled(body, "False", "ChartPullError")
    assert "is not that of the index" in scene.condition(live)["message"]


def test_values_files_are_merged_into_the_chart(scene: AgentBed, charts: ChartRepository) -> None:
    charts.publish("app", "1.0.0", {"big.yaml": "size: 9\nextra: {a: 1}\n"})
    scene.start()
    repository(scene, charts)
    body = chart(scene, valuesFiles=["values.yaml", "big.yaml", "none.yaml"])
    live = scene.settled(body, "False", "ValuesFilesError")
    sentence = "failed to merge chart values: no values file found at path 'none.yaml'"
    assert scene.condition(live)["message"] == f"values files merge error: {sentence}"
    assert scene.condition(live, "BuildFailed")["status"] == "True"
    scene.kube.merge(body, {"spec": {"ignoreMissingValuesFiles": True}})
    live = scene.settled(body)
    assert live["status"]["artifact"]["revision"] == "1.0.0+2"
    files = contents(download(live))
    assert files["app/values.yaml"] == "colour: red\nextra:\n  a: 1\nsize: 9\n"
    assert "version: 1.0.0+2" in files["app/Chart.yaml"]
    assert live["status"]["observedValuesFiles"] == ["values.yaml", "big.yaml"]


CHART: dict[str, str | None] = {
    "charts/app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n", "charts/app/values.yaml": "colour: blue\n",
    "charts/app/templates/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {v: '{{ .Values.colour }}'}\n",
    "charts/app/.helmignore": "*.md\nnotes/\n", "charts/app/notes/a.txt": "x", "charts/app/A.md": "x",
}  # fmt: skip


def test_a_chart_of_a_git_source_is_packed_as_helm_reads_it(scene: AgentBed, tmp_path: Path) -> None:
    git = scene.repository()
    git.commit(CHART)
    scene.start()
    source = scene.source(git)
    body = chart(scene, kind="GitRepository", chart="./charts/app")
    live = scene.settled(body)
    assert scene.condition(live)["message"] == "packaged 'app' chart with version '0.1.0'"
    assert scene.condition(live)["reason"] == "ChartPackageSucceeded"
    data = download(live)
    assert sorted(contents(data)) == ["app/Chart.yaml", "app/templates/c.yaml", "app/values.yaml"]
    if is_there():
        (tmp_path / "app.tgz").write_bytes(data)
        command = [helm_path(), "template", "x", tmp_path / "app.tgz"]
        assert "v: 'blue'" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # Another commit without another version is no other chart, unless the strategy says so.
    commit = git.commit({"charts/app/values.yaml": "colour: green\n"})
    scene.run_again(source)
    until(lambda: commit in scene.get(body)["status"]["observedSourceArtifactRevision"])
    assert scene.get(body)["status"]["artifact"] == live["status"]["artifact"]
    scene.kube.merge(body, {"spec": {"reconcileStrategy": "Revision"}})
    assert scene.settled(body)["status"]["artifact"]["revision"] == f"0.1.0+{commit[:12]}"
    scene.kube.merge(body, {"spec": {"chart": "charts/none"}})
    live = scene.settled(body, "False", "InvalidChartReference")
    assert scene.condition(live)["message"].startswith("invalid chart reference: stat ")
    scene.kube.delete(body)
    until(lambda: scene.kube.live(body) is None)
    assert not list((scene.folder / "storage" / "artifacts" / "helmchart").glob("*/*/*"))


def test_dependencies_come_from_folders_and_repositories(scene: AgentBed, charts: ChartRepository) -> None:
    charts.publish("base", "1.2.0")
    rows = f"""\
dependencies:
- {{name: near, version: 0.1.0, repository: "file://../near"}}
- {{name: base, version: ^1.0.0, repository: "{charts.url}"}}
"""
    git = scene.repository()
    near = "apiVersion: v2\nname: near\nversion: 0.1.0\n"
    git.commit(
        {**CHART, "charts/app/Chart.yaml": CHART["charts/app/Chart.yaml"] + rows, "charts/near/Chart.yaml": near}
    )
    scene.start()
    scene.source(git)
    body = chart(scene, kind="GitRepository", chart="charts/app")
    assert {"app/charts/near-0.1.0.tgz", "app/charts/base-1.2.0.tgz"} <= set(contents(download(scene.settled(body))))
    git.commit(
        {
            "charts/near/Chart.yaml": near.replace("near", "far")
            + "dependencies: [{name: x, version: '1', repository: '@y'}]\n"
        }
    )
    scene.kube.merge(body, {"spec": {"reconcileStrategy": "Revision"}})
    scene.run_again(scene.source(git, name="again"))
    scene.kube.merge(body, {"spec": {"sourceRef": {"name": "again"}}})
    live = scene.settled(body, "False", "DependencyBuildError")
    assert "repository '@y' is not supported" in scene.condition(live)["message"]
