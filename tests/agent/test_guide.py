"""The GitOps guide from end to end, with `kbuild` in the place of `flux`: install, source, verify, workloads, notification, deploying,
scaling and removing by commit, drift, suspending, troubleshooting.

Its manifests are those of testdata/guide; addresses and credentials are the test's. The controllers' pods are played by
kwok, which runs no images: beside each of the three works the same program with the same part, and what it logs is the
pod's log.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from agent_bed import KUSTOMIZE, SOURCE, GitServer, Repository, install_kinds, until
from bed import KBUILD, Bed, Plane
from github_server import TOKEN as GITHUB_TOKEN
from github_server import github_server
from install_cluster import cluster_bin
from kubelet import Kubelet
from sink import Sink

CHECKOUT = Path(__file__).resolve().parents[2]
GUIDE = CHECKOUT / "testdata" / "guide"
TOKEN = "token-of-the-guide"
SYSTEM, APPS = "flux-system", "lab-apps"
CONTROLLERS = ("source", "kustomize", "notification")
MY_APP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: my-app, namespace: lab-apps}
spec:
  replicas: 1
  selector: {matchLabels: {app: my-app}}
  template:
    metadata: {labels: {app: my-app}}
    spec: {containers: [{name: app, image: "registry.example.test/my-app:1.0"}]}
"""


class Reader:
    """What somebody reads and types who follows the guide."""

    def __init__(self, bed: Bed, repository: Repository, sink: Sink | None) -> None:
        self.bed, self.repository, self.sink, self.kube = bed, repository, sink, bed.kube
        self.environment = bed.environment(KUBECONFIG=str(bed.plane.kubeconfig))

    def clear(self) -> None:
        """Leave no installation behind, neither that of another test nor the own; the kinds stay."""
        self.type("kbuild", "uninstall", "--silent")
        self.kube.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": APPS}})
        until(
            lambda: not any(self.kube.get("v1", "Namespace", "", name) for name in (SYSTEM, APPS)),
            "namespaces are gone",
            90,
        )
        install_kinds(self.bed)

    def type(self, *words: str, code: int = 0) -> tuple[str, str]:
        """Run a command; returns standard output and standard error."""
        program = {"kbuild": str(KBUILD), "kubectl": str(cluster_bin() / "kubectl")}[words[0]]
        done = subprocess.run(
            [program, *words[1:]], env=self.environment, cwd=self.repository.tree, capture_output=True, text=True, timeout=360,
            check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        assert done.returncode == code, f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout, done.stderr

    @contextmanager
    def typing(self, *words: str) -> Iterator[IO[str]]:
        """Run a command that goes on; gives its output."""
        process = subprocess.Popen([str(KBUILD), *words[1:]], env=self.environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.terminate()
            process.stdout.close()
            process.wait()

    def row(self, *words: str) -> dict[str, str]:
        """The first row of a table, by title."""
        out, _ = self.type(*words)
        titles, row, *_ = ([cell.strip() for cell in line.split("\t")] for line in out.splitlines())
        return dict(zip(titles, row, strict=False))

    def short(self) -> str:
        """The revision of the last commit as tables show it."""
        return f"main@sha1:{self.repository.git('rev-parse', 'HEAD')[:8]}"

    def deployment(self, name: str) -> Any:
        """A Deployment of the lab, None where there is none."""
        return self.kube.get("apps/v1", "Deployment", APPS, name)


@contextmanager
def controllers(bed: Bed, folder: Path) -> Iterator[dict[str, Path]]:
    """The three controllers as processes; gives their logs by name."""
    logs = {name: folder / f"{name}.log" for name in CONTROLLERS}
    environment = bed.environment(KUBECONFIG=str(bed.plane.kubeconfig), RUNTIME_NAMESPACE=SYSTEM)
    started: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []

    def start(name: str, *flags: str) -> None:
        file = logs[name].open("wb")
        command = [str(KBUILD), "agent", "--controllers", name, "--storage-path", str(folder / name), *flags]
        started.append((subprocess.Popen(command, env=environment, stdout=file, stderr=file), file))

    try:
        start("notification", "--events-addr", "127.0.0.1:0", "--receiver-addr", "127.0.0.1:0")
        port = until(lambda: listening(logs["notification"], "events"), "the notification controller", 60)
        for name in CONTROLLERS[:2]:
            start(name, "--events-addr", f"http://127.0.0.1:{port}/")
        for name in CONTROLLERS:
            until(lambda log=logs[name]: '"msg": "started"' in log.read_text(), name, 60)
        yield logs
    finally:
        for process, file in started:
            process.terminate()
            process.wait(timeout=60)
            file.close()


def listening(log: Path, what: str) -> str:
    """The port that a controller says it listens at; empty before it does."""
    found = re.search(rf'"what": "{what}", "port": (\d+)', log.read_text())
    return found[1] if found else ""


@pytest.fixture
def reader(bed: Bed, own_plane: Plane, sink: Sink, tmp_path: Path) -> Iterator[Reader]:
    (tmp_path / "repositories").mkdir()
    git = GitServer(tmp_path / "repositories")
    repository = Repository(git, tmp_path, "AKS")
    shutil.copytree(GUIDE, repository.tree, dirs_exist_ok=True)
    for file, old, new in (
        ("flux-source", "https://git.example.test/AKS", repository.url),
        ("flux-notification", "https://hooks.example.test/flux", sink.url("/flux")),
    ):
        path = repository.tree / "k8s" / "gitops" / f"{file}.yaml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    repository.commit({}, "The repository of the lab")
    git.protect(TOKEN)
    made = Reader(bed, repository, sink)
    made.clear()
    yield made
    made.clear()
    git.close()


@pytest.fixture
def kubelet(own_plane: Plane) -> Iterator[Kubelet]:
    made = Kubelet(own_plane.proxy_certificate)
    yield made
    made.close()


def test_the_guide(reader: Reader, kubelet: Kubelet, tmp_path: Path) -> None:
    install(reader)
    with controllers(reader.bed, tmp_path) as logs:
        for node in reader.kube.list("v1", "Node"):
            kubelet.play(reader.kube, node["metadata"]["name"])
        kubelet.files.update({f"{name}-controller": log for name, log in logs.items()})
        apply_manifests(reader)
        verify(reader)
        the_source(reader)
        workloads(reader)
        monitor(reader)
        notifications(reader)
        deploy_by_commit(reader)
        scale_by_commit(reader)
        remove_by_commit(reader)
        drift(reader)
        suspend_and_resume(reader)
        troubleshoot(reader)


def test_the_guide_s_bootstrap_from_github(bed: Bed, own_plane: Plane, tmp_path: Path) -> None:
    """Option A of the setup: one command commits the installation to the repository, and keeps the cluster in sync with it."""
    github = github_server(tmp_path / "github", "your-org")
    repository = Repository(github, tmp_path, "your-org/AKS")
    shutil.copytree(GUIDE, repository.tree, dirs_exist_ok=True, ignore=shutil.ignore_patterns("gitops"))
    repository.commit({}, "The repository of the lab")
    reader = Reader(bed, repository, None)
    reader.clear()
    try:
        reader.environment["GITHUB_TOKEN"] = GITHUB_TOKEN
        with controllers(bed, tmp_path):
            _, err = reader.type(
                "kbuild", "bootstrap", "github", f"--hostname={github.url('').removesuffix('/.git')}", "--owner=your-org",
                "--repository=AKS", "--branch=main", "--path=k8s", "--personal", "--token-auth",
            )  # fmt: skip
            assert err.splitlines()[-1] == "✔ all components are healthy"
            repository.git("pull", "--quiet", "origin", "main")
            assert (repository.tree / "k8s/flux-system/gotk-sync.yaml").is_file()
            until(
                lambda: (reader.deployment("hello-web") or {}).get("status", {}).get("readyReplicas") == 2,
                "the workloads",
                120,
            )
            row = reader.row("kbuild", "get", "kustomizations")
            assert (row["NAME"], row["REVISION"], row["READY"]) == (SYSTEM, reader.short(), "True")
    finally:
        reader.clear()
        github.close()


def install(reader: Reader) -> None:
    """Setup: the version, the cluster's fitness, the controllers."""
    assert reader.type("kbuild", "--version")[0].startswith("kbuild ")
    _, err = reader.type("kbuild", "check", "--pre")
    assert err.splitlines()[0] == "► checking prerequisites"
    assert err.splitlines()[-1] == "✔ prerequisites checks passed"
    _, err = reader.type("kbuild", "install")
    assert err.splitlines()[0] == "✚ generating manifests"
    assert err.splitlines()[-1] == "✔ install finished"


def apply_manifests(reader: Reader) -> None:
    """Setup: credentials, source, Kustomization and provider by kubectl."""
    credentials = ["--from-literal=username=git", f"--from-literal=password={TOKEN}"]
    reader.type("kubectl", "create", "secret", "generic", "flux-git-credentials", "--namespace", SYSTEM, *credentials)
    for name in ("source", "kustomization", "notification"):
        reader.type("kubectl", "apply", "-f", f"k8s/gitops/flux-{name}.yaml")


def verify(reader: Reader) -> None:
    """Verify the installation."""
    _, err = reader.type("kbuild", "check")
    assert all(f"✔ {name}-controller: deployment ready" in err.splitlines() for name in CONTROLLERS)
    assert err.splitlines()[-1] == "✔ all checks passed"
    out, _ = reader.type("kubectl", "get", "all", "-n", SYSTEM)
    assert all(f"deployment.apps/{name}-controller" in out for name in CONTROLLERS)
    out, _ = reader.type("kubectl", "get", "pods", "-n", SYSTEM, "-l", "app=source-controller")
    assert "Running" in out


def the_source(reader: Reader) -> None:
    """Verifying the source."""
    body = {
        "apiVersion": SOURCE,
        "kind": "GitRepository",
        "metadata": {"name": "aks-landing-zone", "namespace": SYSTEM},
    }
    until(lambda: is_ready(reader, body), "the source", 60)
    assert reader.row("kbuild", "get", "sources", "git") == {
        "NAME": "aks-landing-zone", "REVISION": reader.short(), "SUSPENDED": "False", "READY": "True",
        "MESSAGE": f"stored artifact for revision '{reader.short()}'",
    }  # fmt: skip


def is_ready(reader: Reader, body: Any) -> bool:
    conditions = (reader.kube.live(body) or {}).get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def workloads(reader: Reader) -> None:
    """Workloads with their health check."""
    name = {"name": "aks-lab-workloads", "namespace": SYSTEM}
    until(
        lambda: is_ready(reader, {"apiVersion": KUSTOMIZE, "kind": "Kustomization", "metadata": name}),
        "the workloads",
        120,
    )
    assert reader.row("kbuild", "get", "kustomizations") == {
        "NAME": "aks-lab-workloads", "REVISION": reader.short(), "SUSPENDED": "False", "READY": "True",
        "MESSAGE": f"Applied revision: {reader.short()}",
    }  # fmt: skip
    live = reader.kube.get(KUSTOMIZE, "Kustomization", SYSTEM, "aks-lab-workloads")
    assert any(one["type"] == "Healthy" and one["status"] == "True" for one in live["status"]["conditions"])
    assert reader.deployment("hello-web")["status"]["readyReplicas"] == 2


def monitor(reader: Reader) -> None:
    """Monitoring reconciliation."""
    out, _ = reader.type("kbuild", "events")
    assert out.splitlines()[0].split("\t")[0].strip() == "LAST SEEN"
    assert f"{APPS}/hello-web created" in out
    assert "GitRepository/aks-landing-zone" in out
    with reader.typing("kbuild", "logs", "--follow", "--level=info") as shown:
        assert f"info Kustomization/aks-lab-workloads.{SYSTEM} - " in until_line(shown, "Kustomization/")
    out, _ = reader.type("kbuild", "get", "kustomizations", "--status-selector", "ready=false")
    assert out.count("\n") == 1  # titles alone
    assert out.split()[0] == "NAME"


def until_line(shown: IO[str], part: str) -> str:
    """The first line of an output that has a part."""
    for line in shown:
        if part in line:
            return line
    raise AssertionError(f"the output ended without {part}")


def told(reader: Reader, part: str) -> bool:
    """Whether the webhook was sent a message with a part."""
    return any(part in one.json["message"] for one in reader.sink.at("/flux"))


def notifications(reader: Reader) -> None:
    """A run's end reaches the webhook (what happened before there was an alert is not told)."""
    reader.type("kbuild", "reconcile", "kustomization", "aks-lab-workloads")
    until(lambda: told(reader, "Reconciliation finished in"), "notifications")
    found = reader.sink.at("/flux")[-1].json
    assert found["involvedObject"]["kind"] == "Kustomization"
    assert (found["severity"], found["reportingController"]) == ("info", "kustomize-controller")


def commit(reader: Reader, message: str, *, add: str = "", remove: str = "") -> None:
    """`git add` or `git rm`, `git commit`, `git push`, as the guide types them."""
    if add:
        reader.repository.git("add", add)
    if remove:
        reader.repository.git("rm", "--quiet", remove)
    reader.repository.git("commit", "--quiet", "-m", message)
    reader.repository.git("push", "--quiet", "origin", "main")


def deploy_by_commit(reader: Reader) -> None:
    """Deploying a new application: found by polling, within the minute of the interval."""
    (reader.repository.tree / "k8s/apps/my-app.yaml").write_text(MY_APP)
    commit(reader, "Deploy my-app", add="k8s/apps/my-app.yaml")
    pushed = time.monotonic()
    until(lambda: (reader.deployment("my-app") or {}).get("status", {}).get("readyReplicas") == 1, "my-app", 120)
    assert time.monotonic() - pushed < 100
    until(lambda: reader.row("kbuild", "get", "kustomizations")["REVISION"] == reader.short(), "the revision", 60)
    out, _ = reader.type("kubectl", "get", "pods", "-n", APPS, "-l", "app=my-app")
    assert out.count("Running") == 1
    until(lambda: told(reader, "stored artifact for commit 'Deploy my-app'"), "the commit's notification")
    assert {one.json["involvedObject"]["kind"] for one in reader.sink.at("/flux")} == {"GitRepository", "Kustomization"}


def scale_by_commit(reader: Reader) -> None:
    """Updating an existing application, with the logs beside it."""
    path = reader.repository.tree / "k8s/apps/hello-web.yaml"
    path.write_text(path.read_text().replace("replicas: 2", "replicas: 3"))
    with reader.typing("kbuild", "logs", "--follow", "--tail", "0") as shown:
        until_started = time.monotonic() + 2
        commit(reader, "Scale hello-web to 3 replicas", add="k8s/apps/hello-web.yaml")
        time.sleep(max(until_started - time.monotonic(), 0))
        reader.type("kbuild", "reconcile", "source", "git", "aks-landing-zone")
        assert "Scale hello-web to 3 replicas" in until_line(shown, "stored artifact")
        assert "aks-lab-workloads" in until_line(shown, f"Deployment/{APPS}/hello-web configured")
    until(lambda: reader.deployment("hello-web")["status"].get("readyReplicas") == 3, "three replicas", 60)


def remove_by_commit(reader: Reader) -> None:
    """Removing an application: it is pruned."""
    commit(reader, "Remove my-app", remove="k8s/apps/my-app.yaml")
    reader.type("kbuild", "reconcile", "kustomization", "aks-lab-workloads", "--with-source")
    until(lambda: reader.deployment("my-app") is None, "my-app is gone", 60)
    until(lambda: told(reader, f"Deployment/{APPS}/my-app deleted"), "the deletion's notification")
    assert reader.deployment("hello-web") is not None


def drift(reader: Reader) -> None:
    """A manual change is reverted."""
    reader.type("kubectl", "scale", "deployment", "hello-web", "-n", APPS, "--replicas=10")
    assert reader.deployment("hello-web")["spec"]["replicas"] == 10
    _, err = reader.type("kbuild", "reconcile", "kustomization", "aks-lab-workloads")
    assert err.splitlines()[-1].startswith("✔ applied revision main@sha1:")
    assert reader.row("kbuild", "get", "kustomizations")["READY"] == "True"
    out, _ = reader.type("kubectl", "get", "deployment", "hello-web", "-n", APPS)
    assert "3/3" in out or reader.deployment("hello-web")["spec"]["replicas"] == 3


def suspend_and_resume(reader: Reader) -> None:
    """Suspending reconciliation: what is changed by hand stays until it is resumed."""
    _, err = reader.type("kbuild", "suspend", "kustomization", "aks-lab-workloads")
    assert err == f"► suspending kustomization aks-lab-workloads in {SYSTEM} namespace\n✔ kustomization suspended\n"
    assert reader.row("kbuild", "get", "kustomizations")["SUSPENDED"] == "True"
    reader.type("kubectl", "scale", "deployment", "hello-web", "-n", APPS, "--replicas=1")
    _, err = reader.type("kbuild", "reconcile", "kustomization", "aks-lab-workloads", code=1)
    assert err == "✗ resource is suspended\n"
    assert reader.deployment("hello-web")["spec"]["replicas"] == 1
    _, err = reader.type("kbuild", "resume", "kustomization", "aks-lab-workloads")
    assert err.splitlines()[-1].startswith("✔ applied revision main@sha1:")
    assert reader.deployment("hello-web")["spec"]["replicas"] == 3


def troubleshoot(reader: Reader) -> None:
    """Every row of the table."""
    # Source not ready: the table says why; mended, it is ready again.
    reader.type("kubectl", "patch", "gitrepository", "aks-landing-zone", "-n", SYSTEM, "--type=merge", "-p", '{"spec": {"ref": {"branch": "nope"}}}')  # fmt: skip
    missing = 'couldn\'t find remote ref "refs/heads/nope"'
    until(lambda: missing in reader.row("kbuild", "get", "sources", "git")["MESSAGE"], "the source fails", 60)
    reader.type("kubectl", "apply", "-f", "k8s/gitops/flux-source.yaml")
    # Resources not syncing: reconcile the source.
    _, err = reader.type("kbuild", "reconcile", "source", "git", "aks-landing-zone")
    assert err.splitlines()[-1] == f"✔ fetched revision main@sha1:{reader.repository.git('rev-parse', 'HEAD')}"
    # Kustomization failed: the table and the logs say which manifest is wrong.
    (reader.repository.tree / "k8s/apps/broken.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Broken, namespace: lab-apps}\n")  # fmt: skip
    commit(reader, "Break it", add="k8s/apps/broken.yaml")
    _, err = reader.type("kbuild", "reconcile", "kustomization", "aks-lab-workloads", "--with-source", code=1)
    assert f"✗ ConfigMap/{APPS}/Broken dry-run failed (Invalid)" in err
    assert "Broken" in reader.row("kbuild", "get", "kustomizations", "--status-selector", "ready=false")["MESSAGE"]
    out, _ = reader.type("kbuild", "logs", "--level=error", "--kind=Kustomization", "--name=aks-lab-workloads")
    assert f"ConfigMap/{APPS}/Broken dry-run failed" in out
    until(lambda: told(reader, f"ConfigMap/{APPS}/Broken dry-run failed"), "the failure's notification")
    commit(reader, "Mend it", remove="k8s/apps/broken.yaml")
    # Drift not corrected: reconcile the Kustomization.
    reader.type("kbuild", "reconcile", "source", "git", "aks-landing-zone")
    _, err = reader.type("kbuild", "reconcile", "kustomization", "aks-lab-workloads")
    assert err.splitlines()[-1] == f"✔ applied revision main@sha1:{reader.repository.git('rev-parse', 'HEAD')}"
    # Notifications not sending: the controller's log says why.
    reader.sink.answer("/flux", 404)
    reader.type("kbuild", "reconcile", "kustomization", "aks-lab-workloads")
    (reader.repository.tree / "k8s/apps/more.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: lab-apps}\n")  # fmt: skip
    commit(reader, "Something to tell", add="k8s/apps/more.yaml")
    reader.type("kbuild", "reconcile", "kustomization", "aks-lab-workloads", "--with-source")
    until(
        lambda: "404" in reader.type("kubectl", "logs", "-n", SYSTEM, "deploy/notification-controller")[0],
        "the log of the notification controller", 30,
    )  # fmt: skip
