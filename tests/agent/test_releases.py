"""HelmRelease on a real control plane with the real helm: installed, upgraded, remedied, watched over, uninstalled."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_bed import HELM, SOURCE, AgentBed, Object, until
from chart_repository import ChartRepository
from install_helm import helm_path, is_there

from applier.agent.helm import release_options, values

pytestmark = pytest.mark.skipif(not is_there(), reason="helm is not installed (make oracle)")
# The server refuses it: an upgrade to this fails and leaves a failed revision.
BROKEN = {
    "templates/bad.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 0}]}\n"
}  # fmt: skip


@pytest.fixture
def charts(scene: AgentBed) -> Iterator[ChartRepository]:
    made = ChartRepository()
    made.publish("app", "1.0.0")
    scene.create(SOURCE, "HelmRepository", "shop", {"interval": "1h", "url": made.url})
    yield made
    made.close()


def start(scene: AgentBed, **options: Any) -> None:
    scene.start(controllers=("source", "helm"), helm=str(helm_path()), **options)


def release(scene: AgentBed, name: str = "web", **spec: Any) -> Object:
    chart = {"spec": {"chart": "app", "version": "*", "sourceRef": {"kind": "HelmRepository", "name": "shop"}}}
    return scene.create(HELM, "HelmRelease", name, {"interval": "1h", "timeout": "1m", "chart": chart, **spec})


def config(scene: AgentBed, name: str = "web-config") -> Object | None:
    return scene.kube.get("v1", "ConfigMap", scene.namespace, name)


def data(scene: AgentBed, name: str = "web-config") -> Any:
    return (config(scene, name) or {}).get("data")


def helm(scene: AgentBed, *command: str) -> Any:
    """What helm itself says of the test's namespace."""
    full = [helm_path(), *command, "-n", scene.namespace, "--kubeconfig", str(scene.bed.kubeconfig), "-o", "json"]
    return json.loads(subprocess.run(full, capture_output=True, text=True, check=True).stdout)


def refresh(scene: AgentBed) -> None:
    """Have the repository's index fetched."""
    scene.run_again(
        {"apiVersion": SOURCE, "kind": "HelmRepository", "metadata": {"name": "shop", "namespace": scene.namespace}}
    )


def kept_charts() -> set[Path]:
    """Charts that are in private folders now."""
    return set(Path(tempfile.gettempdir()).glob("kbuild-keys-*/chart.tgz"))


def test_f80_f84_a_release_is_installed_seen_by_helm_and_uninstalled_with_its_object(
    scene: AgentBed, charts: ChartRepository
) -> None:
    kept_before = kept_charts()
    start(scene)
    body = release(scene, values={"colour": "green"})
    live = scene.settled(body, within_s=90)
    assert data(scene) == {"colour": "green", "size": "1"}
    place = f"{scene.namespace}/web.v1 with chart app@1.0.0"
    assert scene.condition(live)["message"] == f"Helm install succeeded for release {place}"
    assert scene.condition(live, "Released")["reason"] == scene.condition(live)["reason"] == "InstallSucceeded"
    assert [(one["name"], one["status"], one["chart"]) for one in helm(scene, "list")] == [
        ("web", "deployed", "app-1.0.0")
    ]
    status = live["status"]
    assert (status["helmChart"], status["storageNamespace"]) == (
        f"{scene.namespace}/{scene.namespace}-web", scene.namespace,
    )  # fmt: skip
    assert [(one["version"], one["status"], one["chartVersion"]) for one in status["history"]] == [
        (1, "deployed", "1.0.0")
    ]
    assert status["lastAttemptedRevision"] == "1.0.0"
    assert status["inventory"]["entries"] == [{"id": f"{scene.namespace}_web-config__ConfigMap", "v": "v1"}]
    labels = (config(scene) or {})["metadata"]["labels"]
    assert labels["helm.toolkit.fluxcd.io/name"] == "web"
    assert labels["helm.toolkit.fluxcd.io/namespace"] == scene.namespace
    again = scene.run_again(live)  # nothing to do: no new revision
    assert again["status"]["history"] == status["history"]
    scene.kube.delete(body)
    until(lambda: scene.kube.live(body) is None, scene.told, 60)
    assert config(scene) is None
    assert helm(scene, "list", "--all") == []
    until(lambda: scene.kube.get(SOURCE, "HelmChart", scene.namespace, f"{scene.namespace}-web") is None)
    until(lambda: not kept_charts() - kept_before, scene.told)


def test_f84_a_suspended_release_is_kept_when_its_object_goes(scene: AgentBed, charts: ChartRepository) -> None:
    start(scene)
    body = release(scene)
    scene.settled(body, within_s=90)
    scene.kube.merge(body, {"spec": {"suspend": True}})
    scene.kube.delete(body)
    until(lambda: scene.kube.live(body) is None, scene.told, 60)
    assert data(scene) is not None
    assert [one["name"] for one in helm(scene, "list")] == ["web"]


def test_f81_changed_values_upgrade_and_a_failed_upgrade_is_rolled_back_and_given_up(
    scene: AgentBed, charts: ChartRepository
) -> None:
    start(scene)
    body = release(scene, upgrade={"remediation": {"retries": 1}})
    scene.settled(body, within_s=90)
    scene.kube.merge(body, {"spec": {"values": {"size": 7}}})
    live = scene.settled(body, within_s=90)
    assert data(scene)["size"] == "7"
    assert scene.condition(live)["message"].startswith(f"Helm upgrade succeeded for release {scene.namespace}/web.v2 ")
    charts.publish("app", "2.0.0", BROKEN)
    refresh(scene)

    def stalled() -> bool:
        return bool(scene.condition(body, "Stalled"))

    until(stalled, lambda: json.dumps(scene.get(body)["status"], indent=1) + scene.told(), 120)
    assert scene.condition(body, "Stalled")["reason"] == "RetriesExceeded"
    assert scene.condition(body, "Stalled")["message"] == "Failed to upgrade after 2 attempt(s)"
    failed = f"Helm upgrade failed for release {scene.namespace}/web with chart app@2.0.0: "
    assert scene.condition(body, "Released")["message"].startswith(failed)
    ready = scene.condition(body)
    assert (ready["status"], ready["reason"]) == ("False", "RollbackSucceeded")
    rolled_back = f"Helm rollback to previous release {scene.namespace}/web.v"
    assert ready["message"].startswith(rolled_back)
    assert data(scene)["size"] == "7"
    assert scene.get(body)["status"]["upgradeFailures"] == 2
    revisions = len(helm(scene, "history", "web"))
    scene.run_again(body, "False")  # a mere request changes nothing
    assert len(helm(scene, "history", "web")) == revisions
    charts.files["/charts/app-2.0.0.tgz"] = charts.files["/charts/app-1.0.0.tgz"]  # what was wrong is mended
    chart = {"spec": {"version": "1.x"}}
    scene.kube.merge(body, {"spec": {"chart": chart}})
    live = scene.settled(body, within_s=90)
    assert live["status"]["upgradeFailures"] == 0
    assert not scene.condition(body, "Stalled")
    assert not scene.condition(body, "Remediated")


@pytest.mark.parametrize("mark", ["resetAt", "forceAt"])
def test_f81_a_failed_installation_is_given_up_until_a_request_resets_it(
    scene: AgentBed, charts: ChartRepository, mark: str
) -> None:
    metadata = {"name": "web-config", "namespace": scene.namespace}
    fixed = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"colour": "x"}, "immutable": True}
    scene.kube.create(fixed)
    start(scene)
    body = release(scene)
    until(lambda: scene.condition(body, "Stalled"), scene.told, 90)
    live = scene.get(body)
    assert scene.condition(live, "Stalled")["message"] == "Failed to install after 1 attempt(s)"
    assert scene.condition(live)["reason"] == scene.condition(live, "Released")["reason"] == "InstallFailed"
    assert "immutable" in scene.condition(live)["message"]
    assert live["status"]["installFailures"] == live["status"]["failures"] == 1
    scene.kube.delete(fixed)
    scene.run_again(body, "False")  # what was wrong is mended, and nobody said so
    assert config(scene) is None
    token = "now"
    marks = {"reconcile.fluxcd.io/requestedAt": token, f"reconcile.fluxcd.io/{mark}": token}
    scene.kube.merge(body, {"metadata": {"annotations": marks}})
    live = scene.settled(body, within_s=90)
    assert data(scene) == {"colour": "red", "size": "1"}
    assert not scene.condition(live, "Stalled")
    assert live["status"][f"lastHandled{mark[0].upper()}{mark[1:]}"] == token
    assert live["status"]["installFailures"] == 0


def test_helm_gets_no_secret_in_its_arguments_and_its_files_are_private(
    scene: AgentBed, charts: ChartRepository, tmp_path: Path
) -> None:
    log, program = tmp_path / "calls.txt", tmp_path / "helm"
    rows = [
        "#!/bin/sh",
        f'{{ echo "$@"; env; stat -c "%a %n" "$HOME" "$HOME"/*; }} >> {log}',
        f'exec {helm_path()} "$@"',
    ]
    program.write_text("\n".join(rows) + "\n")
    program.chmod(0o700)
    metadata = {"name": "two", "namespace": scene.namespace}
    scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"c": "s3cret-blue"}})
    scene.start(controllers=("source", "helm"), helm=str(program))
    source = {"kind": "Secret", "name": "two", "valuesKey": "c", "targetPath": "colour"}
    scene.settled(release(scene, valuesFrom=[source]), within_s=90)
    calls = log.read_text()
    assert "upgrade web" in calls
    assert "s3cret-blue" not in calls
    token = scene.agents[0].connection.authorization.rpartition(" ")[2]
    assert not token or token not in calls
    modes = [row.split() for row in calls.splitlines() if "kbuild-keys-" in row and row[:3] in ("600", "700")]
    assert {mode for mode, path in modes if path.endswith(("kubeconfig", "values.yaml", "chart.tgz"))} == {"600"}
    assert {mode for mode, path in modes if path.rpartition("/")[2].startswith("kbuild-keys-")} == {"700"}
    assert not [path for _, path in modes if Path(path).exists()]


def test_a_program_that_is_not_there_is_named_and_nothing_counts_as_success(
    scene: AgentBed, charts: ChartRepository
) -> None:
    scene.start(controllers=("source", "helm"), helm="/nonexistent/helm")
    live = scene.settled(release(scene), "False", "HelmError", within_s=60)
    sentence = "the program '/nonexistent/helm' cannot be run: No such file or directory"
    assert scene.condition(live)["message"] == sentence
    assert not live["status"].get("history")


def test_f83_values_come_from_config_maps_and_secrets_in_order(scene: AgentBed, charts: ChartRepository) -> None:
    start(scene)
    sources = [
        {"kind": "ConfigMap", "name": "one"},
        {"kind": "Secret", "name": "two", "valuesKey": "c", "targetPath": "colour"},
        {"kind": "ConfigMap", "name": "none", "optional": True},
    ]
    body = release(scene, valuesFrom=sources, values={"size": 5})
    live = scene.settled(body, "False", "ValuesError")
    place = f"'{scene.namespace}/one' with key 'values.yaml'"
    sentence = f'could not resolve ConfigMap chart values reference {place}: configmaps "one" not found'
    assert scene.condition(live)["message"] == sentence
    metadata = {"namespace": scene.namespace, "labels": {"reconcile.fluxcd.io/watch": "Enabled"}}
    one = {"values.yaml": "colour: grey\nsize: 3\n"}
    scene.kube.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {**metadata, "name": "two"},
            "stringData": {"c": "s3cret-blue"},
        }
    )
    scene.kube.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, "name": "one"}, "data": one})
    live = scene.settled(body, within_s=90)
    assert data(scene) == {"colour": "s3cret-blue", "size": "5"}
    assert "s3cret-blue" not in json.dumps(live) + scene.told()


def definition(group: str, shown: str) -> str:
    schema = f"{{type: object, description: {shown}}}"
    version = f"{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {schema}}}}}"
    return f"""\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: toys.{group}}}
spec:
  group: {group}
  scope: Namespaced
  names: {{plural: toys, kind: Toy}}
  versions: [{version}]
"""


def test_definitions_of_a_chart_follow_the_policy_of_the_action(scene: AgentBed, charts: ChartRepository) -> None:
    group = f"{scene.namespace}.example.test"

    def shown() -> Any:
        live = scene.kube.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", f"toys.{group}")
        return live and live["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"]

    charts.publish("app", "1.1.0", {"crds/toys.yaml": definition(group, "first")})
    start(scene)
    body = release(scene, install={"crds": "Skip"})
    scene.settled(body, within_s=90)
    assert shown() is None
    try:
        for policy, expected in (("Create", "first"), ("Create", "first"), ("CreateReplace", "second")):
            version = f"1.{2 if shown() is None else 3 if policy == 'Create' else 4}.0"
            text = definition(group, "first" if version == "1.2.0" else "second")
            charts.publish("app", version, {"crds/toys.yaml": text})
            scene.kube.merge(body, {"spec": {"upgrade": {"crds": policy}, "chart": {"spec": {"version": version}}}})
            refresh(scene)
            scene.settled(body, within_s=90)
            until(lambda v=version: scene.get(body)["status"]["history"][0]["chartVersion"] == v, scene.told, 60)
            assert shown() == expected
    finally:
        name = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"toys.{group}"},
        }
        if shown():
            scene.kube.delete(name)


@pytest.mark.parametrize("mode", ["warn", "enabled"])
def test_f82_drift_is_told_and_put_right_where_that_is_asked_for(
    scene: AgentBed, charts: ChartRepository, mode: str
) -> None:
    start(scene)
    body = release(scene, driftDetection={"mode": mode})
    scene.settled(body, within_s=90)
    live = scene.run_again(body)
    assert not scene.condition(live, "Drifted")
    found = config(scene)
    assert found is not None
    scene.kube.merge({**found, "apiVersion": "v1", "kind": "ConfigMap"}, {"data": {"colour": "black"}})
    live = scene.run_again(body)
    told = "\n".join(one["message"] for one in until(lambda: scene.events("web")))
    sentence = f"Cluster state of release {scene.namespace}/web.v1 has drifted from the desired state:\nConfigMap/{scene.namespace}/web-config changed"
    until(lambda: sentence in "\n".join(one["message"] for one in scene.events("web")), told)
    assert data(scene)["colour"] == ("red" if mode == "enabled" else "black")
    assert scene.condition(live, "Drifted")["status"] == ("False" if mode == "enabled" else "True")
    assert scene.condition(live)["status"] == "True"
    scene.kube.delete({**found, "apiVersion": "v1", "kind": "ConfigMap"})
    scene.run_again(body)
    assert (config(scene) is not None) == (mode == "enabled")


def test_a_release_waits_for_what_it_depends_on_and_its_objects_are_rendered_after_helm(
    scene: AgentBed, charts: ChartRepository
) -> None:
    start(scene)
    patch = "- {op: replace, path: /data/colour, value: patched}\n"
    renderers = [{"kustomize": {"patches": [{"target": {"kind": "ConfigMap"}, "patch": patch}]}}]
    body = release(
        scene, "late", dependsOn=[{"name": "web"}], postRenderers=renderers, commonMetadata={"annotations": {"a": "b"}}
    )
    live = scene.settled(body, "False", "DependencyNotReady")
    assert not scene.condition(live, "Reconciling")
    release(scene)
    scene.settled(body, within_s=90)
    assert data(scene, "late-config")["colour"] == "patched"
    assert (config(scene, "late-config") or {})["metadata"]["annotations"]["a"] == "b"


def test_a_pending_release_of_a_killed_program_is_unlocked(scene: AgentBed, charts: ChartRepository) -> None:
    start(scene)
    body = release(scene)
    scene.settled(body, within_s=90)
    name = "sh.helm.release.v1.web.v1"
    secret = scene.kube.get("v1", "Secret", scene.namespace, name)
    assert secret is not None
    import base64
    import gzip

    record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    record["info"]["status"] = "pending-upgrade"
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()
    change = {"metadata": {"labels": {"status": "pending-upgrade"}}, "data": {"release": packed}}
    scene.kube.merge({**secret, "apiVersion": "v1", "kind": "Secret"}, change)
    scene.run_again(body)
    assert [(one["revision"], one["status"]) for one in helm(scene, "history", "web")] == [
        (1, "superseded"), (2, "deployed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"storageNamespace": "elsewhere"}, "storageNamespace"),
        ({"chart": None, "chartRef": {"kind": "ExternalArtifact", "name": "x"}}, "kind ExternalArtifact"),
    ],
)
def test_what_is_not_supported_is_said_and_nothing_is_installed(
    scene: AgentBed, charts: ChartRepository, spec: Object, word: str
) -> None:
    start(scene)
    chart = {"spec": {"chart": "app", "sourceRef": {"kind": "HelmRepository", "name": "shop"}}}
    whole = {name: value for name, value in {"interval": "1h", "chart": chart, **spec}.items() if value is not None}
    body = scene.create(HELM, "HelmRelease", "web", whole)
    live = scene.settled(body, "False", "UnsupportedFeature")
    assert word in scene.condition(live)["message"]
    assert scene.condition(live, "Stalled")["reason"] == "UnsupportedFeature"
    assert helm(scene, "list", "--all") == []


def hook(name: str, data: str = "{}") -> str:
    """A test of a chart that passes as soon as it is created."""
    notes = '{"helm.sh/hook": test}'
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, annotations: {notes}}}\ndata: {data}\n"


# The server refuses it, so that the test fails.
FAILING = 'apiVersion: v1\nkind: Service\nmetadata: {name: bad, annotations: {"helm.sh/hook": test}}\nspec: {ports: [{port: 0}]}\n'


def test_tests_of_a_release_are_run_and_told(scene: AgentBed, charts: ChartRepository) -> None:
    charts.publish("app", "1.1.0", {"templates/one.yaml": hook("one"), "templates/two.yaml": hook("two")})
    start(scene)
    body = release(scene, test={"enable": True, "filters": [{"name": "two", "exclude": True}]})
    live = scene.settled(body, reason="TestSucceeded", within_s=90)
    message = f"Helm test succeeded for release {scene.namespace}/web.v1 with chart app@1.1.0: 2 test hooks completed successfully"
    assert scene.condition(live)["message"] == scene.condition(live, "TestSuccess")["message"] == message
    tests = live["status"]["history"][0]["testHooks"]
    assert tests["one"]["phase"] == "Succeeded"
    assert tests["one"]["lastStarted"] <= tests["one"]["lastCompleted"]
    assert tests["two"].get("phase", "Unknown") != "Succeeded", "it was left out"
    again = scene.run_again(live)
    assert scene.condition(again)["message"] == message
    assert again["status"]["history"] == live["status"]["history"]
    scene.kube.merge(body, {"spec": {"test": None}})
    live = scene.settled(body, reason="InstallSucceeded", within_s=60)
    assert scene.condition(live, "TestSuccess") == {}


def test_tests_that_fail_are_failures_of_the_upgrade_before_them(scene: AgentBed, charts: ChartRepository) -> None:
    start(scene)
    upgrade = {"remediation": {"retries": 1, "remediateLastFailure": True}}
    body = release(scene, test={"enable": True}, upgrade=upgrade)
    live = scene.settled(body, reason="TestSucceeded", within_s=90)
    assert scene.condition(live)["message"].endswith(": no test hooks")
    charts.publish("app", "1.1.0", {"templates/bad.yaml": FAILING})
    refresh(scene)
    live = scene.settled(body, "False", within_s=120)
    until(lambda: scene.condition(body, "Stalled").get("reason") == "RetriesExceeded", scene.told, 120)
    failed = scene.condition(body, "TestSuccess")
    assert failed["reason"] == "TestFailed"
    assert failed["message"].startswith(f"Helm test failed for release {scene.namespace}/web.v")
    assert scene.condition(body, "Remediated")["reason"] == "RollbackSucceeded"
    assert scene.get(body)["status"]["upgradeFailures"] == 2
    assert [one["chart"] for one in helm(scene, "list")] == ["app-1.0.0"]
    scene.kube.merge(body, {"spec": {"test": {"ignoreFailures": True}}})
    live = scene.settled(body, reason="UpgradeSucceeded", within_s=120)
    assert scene.condition(live, "TestSuccess")["reason"] == "TestFailed"
    assert [one["chart"] for one in helm(scene, "list")] == ["app-1.1.0"]


def test_expressions_tell_when_a_release_is_well(scene: AgentBed, charts: ChartRepository) -> None:
    start(scene)
    rule = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "current": "data.colour == 'green'",
        "failed": "data.colour == 'black'",
    }
    body = release(scene, values={"colour": "black"}, healthCheckExprs=[rule])
    live = scene.settled(body, "False", within_s=90)
    until(lambda: scene.condition(body, "Stalled").get("reason") == "RetriesExceeded", scene.told, 60)
    message = scene.condition(live, "Released")["message"]
    assert (
        f"failed early due to stalled resources: [ConfigMap/{scene.namespace}/web-config status: 'Failed']" in message
    )
    assert [(one["name"], one["status"]) for one in helm(scene, "list", "--all")] == [("web", "failed")]
    scene.kube.merge(body, {"spec": {"values": {"colour": "green"}}})
    scene.settled(body, reason="UpgradeSucceeded", within_s=90)
    assert [one["status"] for one in helm(scene, "list")] == ["deployed"]
    scene.kube.merge(body, {"spec": {"healthCheckExprs": [{**rule, "current": "data."}]}})
    live = scene.settled(body, "False", "InvalidCELExpression", within_s=60)
    assert scene.condition(live, "Stalled")["status"] == "True"


def test_names_of_releases_are_cut_as_flux_cuts_them() -> None:
    def name(**spec: Any) -> str:
        return release_options.release_name({"metadata": {"name": "web", "namespace": "n"}, "spec": spec})

    assert name() == "web"
    assert name(targetNamespace="prod") == "prod-web"
    assert name(releaseName="mine", targetNamespace="prod") == "mine"
    long = name(releaseName="a" * 60)
    assert (len(long), long[:41]) == (53, "a" * 40 + "-")


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.b", "1", {"a": {"b": 1}, "k": [0]}),
        ("k[1].x", "true", {"k": [0, {"x": True}]}),
        (r"a\.b", "'7'", {"a.b": "7", "k": [0]}),
        ("k", "01", {"k": "01"}),
        ("c", "a,b=c", {"c": "a,b=c", "k": [0]}),
    ],
)
def test_a_target_path_sets_one_scalar(path: str, text: str, expected: Object) -> None:
    assert values.placed({"k": [0]}, path, text) == expected


@pytest.mark.parametrize("path", ["", ".", "a..b", "[0]", "k[99999]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|fit"):
        values.placed({"k": [0]}, path, "1")


def test_a_failed_installation_is_removed_before_it_is_repeated_by_a_helm_controller_of_its_own(
    scene: AgentBed, charts: ChartRepository
) -> None:
    charts.publish("app", "2.0.0", BROKEN)
    scene.start(controllers=("source",))
    scene.start(controllers=("helm",), helm=str(helm_path()))
    remediation = {"retries": 1, "remediateLastFailure": True}
    body = release(scene, install={"remediation": remediation})
    until(lambda: scene.condition(body, "Stalled"), scene.told, 90)
    live = scene.get(body)
    assert scene.condition(live, "Stalled")["message"] == "Failed to install after 2 attempt(s)"
    assert scene.condition(live, "Remediated")["reason"] == "UninstallSucceeded"
    assert scene.condition(live)["reason"] == "UninstallSucceeded"
    assert live["status"]["installFailures"] == 2
    assert live["status"]["history"] == []
    assert helm(scene, "list", "--all") == []
    told = [one["reason"] for one in scene.events("web")]
    assert {"InstallFailed", "UninstallSucceeded", "RetriesExceeded"} <= set(told)


def test_a_new_spec_ends_an_action_that_waits_and_the_next_run_brings_it(
    scene: AgentBed, charts: ChartRepository
) -> None:
    # Nobody binds this claim: without an end Helm would wait for it for five minutes.
    claim = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: never}
spec: {storageClassName: none, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
    charts.publish("app", "2.0.0", {"templates/claim.yaml": claim})
    start(scene)
    body = release(scene, timeout="5m")
    until(lambda: config(scene), scene.told, 60)
    scene.kube.merge(body, {"spec": {"chart": {"spec": {"version": "1.x"}}}})
    live = scene.settled(body, within_s=90)
    assert live["status"]["history"][0]["chartVersion"] == "1.0.0"
    first, second = helm(scene, "history", "web")
    assert (first["chart"], second["chart"], second["status"]) == ("app-2.0.0", "app-1.0.0", "deployed")
    assert first["description"] != "Install complete"
