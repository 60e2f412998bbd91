"""The operator's commands against a running agent on a real control plane (F71 to F73, F75 to F77)."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from agent_bed import KUSTOMIZE, AgentBed, Repository, until
from bed import KBUILD, Plane
from kubelet import Kubelet

Object = dict[str, Any]
MAP = {"apiVersion": "v1", "kind": "ConfigMap"}


def command(scene: AgentBed, *arguments: str) -> list[str]:
    return [str(KBUILD), *arguments, "-n", scene.namespace]


def run(scene: AgentBed, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        command(scene, *arguments), env=scene.bed.environment(), capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@contextmanager
def watching(scene: AgentBed, *arguments: str) -> Iterator[IO[str]]:
    """The output of a command that goes on; it speaks with the server itself, as the proxy keeps logs back until they end."""
    environment = scene.bed.environment(KUBECONFIG=str(scene.bed.plane.kubeconfig))
    process = subprocess.Popen(command(scene, *arguments), env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.terminate()
        process.stdout.close()
        process.wait()


def config_map(scene: AgentBed, name: str = "a", **data: str) -> Object:
    return {**MAP, "metadata": {"name": name, "namespace": scene.namespace}, "data": data}


def files(*bodies: Object, folder: str = ".") -> dict[str, str | None]:
    return {f"{folder}/{body['kind'].lower()}-{body['metadata']['name']}.yaml": json.dumps(body) for body in bodies}


def set_up(scene: AgentBed, content: dict[str, str | None], **spec: Any) -> tuple[Repository, Object]:
    """A repository, an agent, and a Kustomization that is ready."""
    repository = scene.repository()
    repository.commit(content)
    scene.start()
    scene.settled(scene.source(repository))
    live = scene.kustomization(**spec)
    scene.settled(live)
    return repository, live


def test_get_reconcile_suspend_and_resume(scene: AgentBed) -> None:
    repository, _ = set_up(scene, files(config_map(scene)))
    first = repository.git("rev-parse", "HEAD")
    short = f"main@sha1:{first[:8]}"
    code, out, err = run(scene, "get", "sources", "git")
    assert (code, err) == (0, "")
    assert out.splitlines()[1] == f"shop\t{short}\tFalse    \tTrue \tstored artifact for revision '{short}'\t"
    code, out, _ = run(scene, "get", "ks", "web", "--show-source")
    assert f"web \tGitRepository/{scene.namespace}/shop\t{short}\tFalse    \tTrue \tApplied revision: {short}" in out
    assert run(scene, "get", "all")[1].count("NAME") == 2
    code, out, err = run(scene, "get", "ks", "nope")
    assert (code, out, err) == (1, "", f"✗ Kustomization object 'nope' not found in \"{scene.namespace}\" namespace\n")

    second = repository.commit(files(config_map(scene, k="v")))
    code, out, err = run(scene, "reconcile", "ks", "web", "--with-source")
    assert (code, out) == (0, "")
    assert err.splitlines() == [
        f"► annotating GitRepository shop in {scene.namespace} namespace",
        "✔ GitRepository annotated",
        "◎ waiting for GitRepository reconciliation",
        f"✔ fetched revision main@sha1:{second}",
        f"► annotating Kustomization web in {scene.namespace} namespace",
        "✔ Kustomization annotated",
        "◎ waiting for Kustomization reconciliation",
        f"✔ applied revision main@sha1:{second}",
    ]

    words = {
        "_KBUILD_COMPLETE": "bash_complete",
        "COMP_WORDS": f"kbuild suspend -n {scene.namespace} ks ",
        "COMP_CWORD": "5",
    }
    done = subprocess.run(
        [str(KBUILD)], env=scene.bed.environment(**words), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "plain,web\n"
    held = (0, "", f"► suspending kustomization web in {scene.namespace} namespace\n✔ kustomization suspended\n")
    assert run(scene, "suspend", "ks", "web") == held
    assert run(scene, "suspend", "ks", "web") == held  # once more is no error
    assert run(scene, "reconcile", "ks", "web") == (1, "", "✗ resource is suspended\n")
    code, _, err = run(scene, "resume", "kustomization", "web")
    assert code == 0
    assert err.splitlines()[1:] == [
        "✔ kustomization resumed", "◎ waiting for Kustomization reconciliation", "✔ Kustomization web reconciliation completed",
        f"✔ applied revision main@sha1:{second}",
    ]  # fmt: skip
    missing = (0, "", f"✗ Kustomization zz not found in {scene.namespace} namespace\n")
    assert run(scene, "suspend", "ks", "zz") == missing


def test_f71_what_fails_is_picked_out_with_short_hashes(scene: AgentBed) -> None:
    bad = files(config_map(scene, "BAD"), folder="bad")
    repository, _ = set_up(scene, {**files(config_map(scene), folder="good"), **bad}, path="./good")
    broken = scene.kustomization("broken", path="./bad")
    scene.settled(broken, "False")
    short = f"main@sha1:{repository.git('rev-parse', 'HEAD')[:8]}"
    code, out, err = run(scene, "get", "ks", "-A", "--status-selector", "ready=false")
    titles, *rows = [line.split("\t") for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [title.strip() for title in titles] == ["NAMESPACE", "NAME", "REVISION", "SUSPENDED", "READY", "MESSAGE"]
    mine = [[cell.strip() for cell in row] for row in rows if row[0].strip() == scene.namespace]
    assert mine[0][1:5] == ["broken", "", "False", "False"]
    assert mine[0][5].startswith(f"ConfigMap/{scene.namespace}/BAD dry-run failed (Invalid)")
    assert {row[1] for row in mine} == {"broken"}
    code, out, _ = run(scene, "get", "ks", "--status-selector", "ready!=false", "--no-header")
    assert out == f"web\t{short}\tFalse\tTrue\tApplied revision: {short}\t\n"
    assert "broken" in run(scene, "get", "ks", "--status-selector", "ready!=true")[1]
    assert run(scene, "get", "ks", "--status-selector", "ready")[::2] == (
        1, "✗ expected status selector in type=status or type!=status format, but found: ready\n",
    )  # fmt: skip
    items = json.loads(run(scene, "get", "ks", "web", "broken", "-o", "json")[1])["items"]
    assert [item["metadata"]["name"] for item in items] == ["web", "broken"]
    assert run(scene, "get", "all", "-o", "name")[1] == "gitrepository/shop\nkustomization/broken\nkustomization/web\n"
    assert run(scene, "get", "alerts") == (1, "", f'✗ no Alert objects found in "{scene.namespace}" namespace\n')
    code, out, err = run(scene, "get", "sources", "bucket")
    version = "source.toolkit.fluxcd.io/v1"
    assert (code, out, err) == (1, "", f'✗ no matches for kind "Bucket" in version "{version}"\n')
    code, out, err = run(scene, "get", "image", "policy")
    version = "image.toolkit.fluxcd.io/v1"
    wanted = f"✗ unable to retrieve the complete list of server APIs: {version}: no matches for {version}, Resource=\n"
    assert (code, out, err) == (1, "", wanted)
    counts = {row[0]: row[1:] for row in (line.split() for line in run(scene, "stats")[1].splitlines())}
    assert counts["Kustomization"] == ["2", "1", "0", "-"]
    assert counts["GitRepository"][:3] == ["1", "0", "0"]
    assert counts["GitRepository"][3:] != ["-"]


def test_changes_are_shown_as_they_happen(scene: AgentBed) -> None:
    set_up(scene, files(config_map(scene)))
    with watching(scene, "get", "ks", "-w") as shown:
        assert shown.readline().startswith("NAME\tREVISION")
        assert shown.readline().split("\t")[2].strip() == "False"
        run(scene, "suspend", "ks", "web", "--reason", "a look", "--until", "2h")
        line = shown.readline()
        assert line.split("\t")[2].strip() == "True"
        assert "(suspended by" in line
        assert line.rstrip().endswith(": a look)")


def test_f72_a_failing_run_ends_the_command_at_once(scene: AgentBed) -> None:
    repository, _ = set_up(scene, files(config_map(scene)))
    repository.commit({"b.yaml": "a: 1\n"})
    started = time.monotonic()
    code, out, err = run(scene, "reconcile", "ks", "web", "--with-source", "--timeout", "60s")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == "✗ failed to decode Kubernetes YAML from b.yaml: missing Resource metadata"
    assert time.monotonic() - started < 30
    run(scene, "suspend", "ks", "web")
    code, _, err = run(scene, "resume", "ks", "web", "--timeout", "60s")
    sentence = "failed to decode Kubernetes YAML from b.yaml: missing Resource metadata"
    assert (code, err.splitlines()[-2:]) == (
        1, [f"✗ Kustomization web reconciliation failed: {sentence}", "✗ reconciliation failed for 1 Kustomization(s)"],
    )  # fmt: skip
    scene.kube.merge(scene.get({**MAP, "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
                                "metadata": {"name": "shop", "namespace": scene.namespace}}), {"spec": {"ref": {"branch": "nope"}}})  # fmt: skip
    code, _, err = run(scene, "reconcile", "source", "git", "shop", "--timeout", "60s")
    assert code == 1
    assert err.splitlines()[-1].endswith('couldn\'t find remote ref "refs/heads/nope"')
    assert run(scene, "reconcile", "ks", "zz") == (
        1, "", '✗ kustomizations.kustomize.toolkit.fluxcd.io "zz" not found\n',
    )  # fmt: skip


def test_f73_what_is_suspended_says_by_whom_why_and_until_when(scene: AgentBed) -> None:
    _, live = set_up(scene, files(config_map(scene)))
    scene.kustomization("other")
    code, out, err = run(
        scene, "suspend", "ks", "--all", "--reason", "moving the disk", "--until", "2030-01-31T18:00:00Z"
    )
    assert (code, out) == (0, "")
    assert err.count("✔ kustomization suspended") == 2
    annotations = scene.get(live)["metadata"]["annotations"]
    assert annotations["kbuild.dev/suspended-reason"] == "moving the disk"
    assert annotations["kbuild.dev/suspended-until"] == "2030-01-31T18:00:00Z"
    assert annotations["kbuild.dev/suspended-by"]
    row = run(scene, "get", "ks", "web", "--no-header")[1]
    assert f"(suspended by {annotations['kbuild.dev/suspended-by']} until 2030-01-31T18:00:00Z: moving the disk)" in row
    assert run(scene, "reconcile", "ks", "web") == (1, "", "✗ resource is suspended\n")
    code, _, err = run(scene, "resume", "ks", "--all", "--wait")
    assert code == 0
    assert err.count("reconciliation completed") == 2
    assert not any(name.startswith("kbuild.dev/") for name in scene.get(live)["metadata"].get("annotations", {}))
    assert run(scene, "suspend", "ks") == (1, "", "✗ kustomization name is required\n")
    assert run(scene, "suspend", "ks", "web", "--until", "soon")[0] == 1


def test_events_with_those_of_the_source(scene: AgentBed) -> None:
    repository, _ = set_up(scene, files(config_map(scene)))
    until(lambda: any(e["reason"] == "ReconciliationSucceeded" for e in scene.events("web")), "events")
    code, out, err = run(scene, "events", "--for", "Kustomization/web")
    assert (code, err) == (0, "")
    titles, *rows = [[cell.strip() for cell in line.split("\t")] for line in out.splitlines()]
    assert titles == ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    found = {(row[2], row[3]) for row in rows}
    assert {("NewArtifact", "GitRepository/shop"), ("Progressing", "Kustomization/web")} <= found
    assert ["stored artifact for commit 'change'"] in [row[4:5] for row in rows]
    assert run(scene, "events", "--types", "Warning") == (0, "", f"✗ No events found in {scene.namespace} namespace.\n")
    assert {row.split("\t")[3].strip() for row in run(scene, "events", "--for", "gitrepository", "--no-header")[1].splitlines()} == {
        "GitRepository/shop"
    }  # fmt: skip
    assert run(scene, "events", "--for", "Pod/x") == (1, "", "✗ 'Pod' is not a recognized Flux kind\n")
    assert run(scene, "events", "--types", "Odd")[0] == 1
    assert scene.namespace in run(scene, "events", "-A")[1]
    repository.commit(files(config_map(scene, k="v")), "another")
    with watching(scene, "events", "-w", "--for", "GitRepository/shop") as shown:
        shown.readline()
        run(scene, "reconcile", "source", "git", "shop")
        while "stored artifact for commit 'another'" not in shown.readline():
            pass


@pytest.fixture
def local(scene: AgentBed) -> Path:
    """The working copy of the scene's repository."""
    return scene.folder / "work-shop"


def deployment(scene: AgentBed, replicas: int) -> Object:
    pod = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": scene.namespace},
        "spec": spec,
    }


def secret(scene: AgentBed, **data: str) -> Object:
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "sec", "namespace": scene.namespace},
        "data": encoded,
    }


def test_f75_local_files_are_compared_with_the_cluster(scene: AgentBed, local: Path) -> None:
    space = scene.namespace
    set_up(
        scene, files(config_map(scene), config_map(scene, "gone"), deployment(scene, 0), secret(scene, password="one"))
    )
    path = ["--path", str(local)]
    assert run(scene, "diff", "kustomization", "web", *path, "--progress-bar=false") == (0, "", "")
    before = sorted(os.listdir(local))
    (local / "configmap-gone.yaml").unlink()
    (local / "deployment-web.yaml").write_text(json.dumps(deployment(scene, 1)))
    (local / "secret-sec.yaml").write_text(json.dumps(secret(scene, password="two")))
    (local / "new.yaml").write_text(json.dumps(config_map(scene, "new")))
    code, out, err = run(scene, "diff", "ks", "web", *path)
    assert code == 1
    assert err == "⚠️ identified at least one change, exiting with non-zero exit code\n"
    assert out == (
        f"► Deployment/{space}/web drifted\n\nmetadata.generation\n± value change\n- 1\n+ 2\n\n"
        "spec.replicas\n± value change\n- 0\n+ 1\n\n"
        f"► ConfigMap/{space}/new created\n"
        f"► Secret/{space}/sec drifted\n\ndata.password\n± value change\n- *** (before)\n+ *** (after)\n\n"
        f"► ConfigMap/{space}/gone deleted\n"
    )
    assert (
        sorted({*os.listdir(local), "configmap-gone.yaml"} - {"new.yaml"}) == before
    )  # nothing was written beside them
    assert scene.kube.get("v1", "ConfigMap", space, "new") is None
    assert run(scene, "diff", "ks", "web", "--path", "nope") == (2, "", '✗ invalid resource path "nope"\n')
    (local / "new.yaml").write_text(json.dumps(config_map(scene, "NEW")))
    code, _, err = run(scene, "diff", "ks", "web", *path)
    assert code == 2
    assert err.startswith(f"✗ ConfigMap/{space}/NEW dry-run failed (Invalid)")
    missing = 'failed to get kustomization object: kustomizations.kustomize.toolkit.fluxcd.io "zz" not found'
    assert run(scene, "diff", "ks", "zz", *path) == (2, "", f"✗ {missing}\n")


def test_a_kustomization_is_built_from_local_files(scene: AgentBed, local: Path, tmp_path: Path) -> None:
    variables = {**config_map(scene, "vars", region="eu-2")}
    scene.kube.create(variables)
    post = {"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]}}
    set_up(scene, files(config_map(scene, region="${region}")), targetNamespace=scene.namespace, **post)
    labels = f"  labels:\n    kustomize.toolkit.fluxcd.io/name: web\n    kustomize.toolkit.fluxcd.io/namespace: {scene.namespace}\n"
    wanted = f"apiVersion: v1\ndata:\n  region: eu-2\nkind: ConfigMap\nmetadata:\n{labels}  name: a\n  namespace: {scene.namespace}\n---\n"
    assert run(scene, "build", "kustomization", "web", "--path", str(local)) == (0, wanted, "")
    assert not (local / "kustomization.yaml").exists()
    assert run(scene, "debug", "ks", "web", "--show-vars") == (0, "region=eu-2\n", "")
    shown = run(scene, "debug", "ks", "web", "--show-status")[1]
    assert shown.startswith("# Status documentation: https://")
    assert "\n  type: Ready\n" in shown
    assert run(scene, "debug", "ks", "web")[::2] == (
        1,
        "✗ exactly one of --show-status, --show-vars, or --show-history must be set\n",
    )
    file = tmp_path / "web.yaml"
    spec = {"prune": True, "interval": "1h", "sourceRef": {"kind": "GitRepository", "name": "shop"}, **post}
    own = {"apiVersion": KUSTOMIZE, "kind": "Kustomization", "metadata": {"name": "web", "namespace": scene.namespace}}
    file.write_text(json.dumps({**own, "spec": spec}))
    offline = ["--kustomization-file", str(file), "--dry-run"]
    code, out, err = run(scene, "build", "ks", "web", "--path", str(local), *offline)
    assert (code, out, err) == (0, wanted.replace("eu-2", "${region}"), "")
    assert run(scene, "build", "ks", "web", "--path", str(local), "--dry-run") == (
        1, "", "✗ dry-run mode requires a kustomization file\n",
    )  # fmt: skip
    code, _, err = run(scene, "build", "ks", "other", "--path", str(local), *offline)
    assert err == f"✗ failed find kustomization with name 'other' and namespace '{scene.namespace}' in file '{file}'\n"
    inner = {
        **own,
        "metadata": {**own["metadata"], "name": "inner"},
        "spec": {**spec, "path": "./inner", "postBuild": None},
    }
    (local / "inner").mkdir()
    (local / "inner" / "b.yaml").write_text(json.dumps(config_map(scene, "b")))
    (local / "top").mkdir()
    (local / "top" / "inner.yaml").write_text(json.dumps(inner))
    sources = f"GitRepository/{scene.namespace}/shop={local}"
    code, out, err = run(
        scene, "build", "ks", "web", "--path", str(local / "top"), *offline, "-r", "--local-sources", sources
    )
    assert (code, err) == (0, "")
    assert out.count("kind: Kustomization") == 1
    assert "  name: b\n" in out
    assert "kustomize.toolkit.fluxcd.io/name: inner" in out


def test_f76_what_a_kustomization_holds_and_where_an_object_came_from(scene: AgentBed) -> None:
    space = scene.namespace
    inner = {
        "apiVersion": KUSTOMIZE, "kind": "Kustomization", "metadata": {"name": "inner", "namespace": space},
        "spec": {"interval": "1h", "prune": True, "path": "./inner", "sourceRef": {"kind": "GitRepository", "name": "shop"}},
    }  # fmt: skip
    content = {**files(config_map(scene, "a"), inner, folder="top"), **files(config_map(scene, "b"), folder="inner")}
    repository, _ = set_up(scene, content, path="./top")
    scene.settled(inner)
    code, out, err = run(scene, "tree", "kustomization", "web")
    assert (code, err) == (0, "")
    assert out == (
        f"Kustomization/{space}/web\n├── ConfigMap/{space}/a\n└── Kustomization/{space}/inner\n"
        f"    └── ConfigMap/{space}/b\n\n"
    )
    assert (
        run(scene, "tree", "ks", "web", "--compact")[1]
        == f"Kustomization/{space}/web\n└── Kustomization/{space}/inner\n\n"
    )
    drawn = json.loads(run(scene, "tree", "ks", "web", "-o", "json")[1])
    assert drawn["resource"]["GroupKind"] == {"Group": "kustomize.toolkit.fluxcd.io", "Kind": "Kustomization"}
    assert drawn["resources"][1]["resources"][0]["resource"]["Name"] == "b"
    assert "GroupKind:" in run(scene, "tree", "ks", "web", "-o", "yaml")[1]

    revision = f"main@sha1:{repository.git('rev-parse', 'HEAD')}"
    for line in (
        ("trace", "b", "--kind", "ConfigMap", "--api-version", "v1"),
        ("trace", "configmap", "b"),
        ("trace", "cm/b"),
    ):
        code, out, err = run(scene, *line)
        assert (code, err) == (0, "")
        rows = dict(row.split(":", 1) for row in out.split("---\n")[1].splitlines())
        assert {name: value.strip() for name, value in rows.items() if name in ("Kustomization", "Path", "Revision")} == {
            "Kustomization": "inner", "Path": "./inner", "Revision": revision,
        }  # fmt: skip
        assert f"URL:             {repository.url}\nBranch:          main\nRevision:        {revision}\n" in out
        assert out.startswith(
            f"\nObject:          ConfigMap/b\nNamespace:       {space}\nStatus:          Managed by Flux\n---\n"
        )
    held = scene.get(config_map(scene, "b"))
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "b", "uid": held["metadata"]["uid"]}
    child = config_map(scene, "child")
    child["metadata"]["ownerReferences"] = [owner]
    scene.kube.create(child)
    assert "Kustomization:   inner\n" in run(scene, "trace", "cm/child")[1]
    scene.kube.create(config_map(scene, "free"))
    code, out, err = run(scene, "trace", "cm/free")
    assert (code, out) == (0, "")
    assert err == f"failed to trace ConfigMap/free in namespace {space}: object not managed by Flux\n"
    assert run(scene, "trace", "cm/none") == (1, "", '✗ failed to find object: configmaps "none" not found\n')


@pytest.fixture
def kubelet(plane: Plane) -> Iterator[Kubelet]:
    made = Kubelet(plane.proxy_certificate)
    yield made
    made.close()


def logged(scene: AgentBed, level: str, kind: str, name: str, message: str, **more: str) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    own = {
        "level": level,
        "ts": moment,
        "msg": message,
        "controllerKind": kind,
        "name": name,
        "namespace": scene.namespace,
    }
    return json.dumps({**own, **more}) + "\n"


def test_f77_the_logs_of_the_controllers_pods_are_filtered(scene: AgentBed, kubelet: Kubelet, tmp_path: Path) -> None:
    node = f"{scene.namespace}-node"
    taints = [{"key": "testbed.invalid/logs", "value": scene.namespace, "effect": "NoSchedule"}]
    body = scene.bed.cleaned(
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}, "spec": {"taints": taints}}
    )
    scene.kube.create(body)
    until(lambda: scene.get(body).get("status", {}).get("conditions"), "the node")
    kubelet.play(scene.kube, node)
    for part in ("source", "kustomize"):
        labels = {"app": f"{part}-controller", "app.kubernetes.io/part-of": "flux"}
        pod = {
            "metadata": {"labels": labels},
            "spec": {"nodeName": node, "tolerations": [{"operator": "Exists"}], "containers": [{"name": "manager", "image": "example.test/a"}]},
        }  # fmt: skip
        spec = {"selector": {"matchLabels": labels}, "template": pod}
        meta = {"name": f"{part}-controller", "namespace": scene.namespace, "labels": labels}
        scene.kube.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
        kubelet.files[f"{part}-controller"] = tmp_path / f"{part}.log"
    until(
        lambda: (
            [p.get("status", {}).get("phase") for p in scene.kube.list("v1", "Pod", scene.namespace)] == ["Running"] * 2
        ),
        "pods",
    )
    (tmp_path / "source.log").write_text(
        logged(scene, "info", "GitRepository", "shop", "stored artifact") + "no entry\n"
    )
    (tmp_path / "kustomize.log").write_text(
        logged(scene, "error", "Kustomization", "x", "failed", error="no such file")
        + logged(scene, "error", "Kustomization", "y", "failed", error="no such file")
        + logged(scene, "info", "Kustomization", "x", "Reconciliation finished")
    )
    here = ["--flux-namespace", scene.namespace]
    code, out, err = run(scene, "logs", "--level", "error", "--kind", "Kustomization", "--name", "x", *here)
    assert (code, err) == (0, "")
    assert [line.partition(" ")[2] for line in out.splitlines()] == [
        f"error Kustomization/x.{scene.namespace} - failed no such file"
    ]  # fmt: skip
    code, out, _ = run(scene, "logs", *here)
    assert len(out.splitlines()) == 4
    assert f" info GitRepository/shop.{scene.namespace} - stored artifact \n" in out
    assert len(run(scene, "logs", "--tail", "1", *here)[1].splitlines()) == 1  # the other's last line is no entry
    assert len(run(scene, "logs", "--since", "5m", *here)[1].splitlines()) == 4

    with watching(scene, "logs", "-f", "--level=info", *here) as shown:
        assert {shown.readline().split()[2].partition(".")[0] for _ in range(2)} == {
            "GitRepository/shop",
            "Kustomization/x",
        }
        with (tmp_path / "source.log").open("a") as file:
            file.write(logged(scene, "info", "GitRepository", "shop", "something new"))
        assert shown.readline().rstrip().endswith("something new")


def test_an_agent_outside_of_the_cluster_has_its_log_in_a_file(scene: AgentBed) -> None:
    _, live = set_up(scene, files(config_map(scene)))
    code, out, err = run(scene, "logs", "--flux-namespace", scene.namespace)
    assert (code, out) == (1, "")
    assert err.startswith(
        f"✗ no controllers found in the '{scene.namespace}' namespace with the label selector 'app.kubernetes.io/part-of=flux'"
    )
    assert "--file" in err
    until(lambda: "ReconciliationSucceeded" in scene.log.read_text(), "the log")
    code, out, err = run(scene, "logs", "--file", str(scene.log), "--kind", "Kustomization", "--name", "web")
    assert (code, err) == (0, "")
    assert f"Kustomization/web.{scene.namespace} - " in out
    assert "GitRepository" not in out
    assert run(scene, "logs", "--file", str(scene.log), "--kind", "Bucket")[1] == ""
    code, _, err = run(scene, "logs", "--file", "nope")
    assert (code, err) == (1, "✗ nope cannot be read: No such file or directory\n")
    scene.run_again(live)
