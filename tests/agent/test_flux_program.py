"""Flux's own command line against the agent, and each command beside ours: status, standard output and standard error.

Both are asked the same; times and the program's name are the only differences. Where ours differs on purpose the test says how.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from agent_bed import NOTIFICATION, AgentBed, until
from bed import KBUILD
from install_flux import flux_path, is_there

pytestmark = pytest.mark.skipif(not is_there(), reason="flux is not installed (make test-flux)")

_TIMES = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"), "TIME"),
    (re.compile(r"\b(\d+h)?(\d+m)?\d+(\.\d+)?(s|ms|µs)\b( +)"), r"AGE "),
)
READING = """\
get all
get sources all
get sources git
get sources git shop
get sources git nope
get sources git -n none
get sources helm
get sources external
get images all
get image repository
get artifacts generators
get kustomizations
get ks web --show-source
get ks --status-selector ready=false
get ks --status-selector ready!=false --no-header
get ks --status-selector ready
get ks -l kustomize.toolkit.fluxcd.io/name=nested
get ks -l a==
get ks -l !!
get ks -n BAD_NS
get ks --timeout x
get ks --no-such-flag
get helmreleases
get alerts
get alert-providers
get receivers
get receivers nope
export source git shop
export source git nope
export source git
export source git --all
export source git --all -n none
export source oci --all
export ks web
export kustomization --all
export alert all
export alert-provider chat
export receiver hook
export image policy --all
tree ks nested
tree ks nested --compact
tree ks nested -o json
tree ks nested -o yaml
tree ks nope
tree ks
trace cm/a
trace configmap a
trace a --kind ConfigMap --api-version v1
trace
trace pod
trace nonsense
stats
stats -n none
debug ks web --show-vars
debug ks web --show-status
debug ks web --show-history
debug ks web
debug ks
debug hr nope --show-values
events -n none
events --for Kustomization/nope
events --for web
build ks web --path ./work-shop/good
build ks web --path ./nope
build ks web
build ks
build ks web --path ./work-shop/good --dry-run
diff ks web --path ./work-shop/good
diff ks web --path ./changed
diff ks web --path ./nope
diff ks nope --path ./work-shop/good
create source git made --url http://git.example.test/a.git --branch main --export
create ks made --source GitRepository/shop --path ./good --prune --export
create secret git made --url http://git.example.test/a.git -u me -p word --export
create secret helm made -u me --export
create secret tls made --export
create source helm made --url https://charts.example.test --export
create hr made --chart a --source HelmRepository/made --export
create tenant made --with-namespace made --export
create receiver made --type github --event push --secret-ref token --resource GitRepository/shop --export
create ks
reconcile source git nope
reconcile source git
reconcile ks nope
reconcile receiver nope
suspend ks
suspend ks nope
suspend ks --all -n none
resume ks nope
resume ks --all -n none
delete ks nope -s
delete ks
trigger receiver hook
trigger receiver hook --url http://127.0.0.1:1
migrate -f nope
"""
# A state, and the command that is run in it by each of the two.
WRITING = """\
suspend ks web
resume ks web
suspend ks web nested
resume ks web nested --wait
reconcile source git shop
reconcile ks web
reconcile ks web --with-source
reconcile receiver hook
suspend alert all
resume alert all
suspend alert-provider chat
resume alert-provider chat
suspend receiver hook
resume receiver hook
suspend source git shop
reconcile source git shop
reconcile ks web --with-source
resume source git shop
"""


class Both:
    """Runs the two programs with the same words."""

    def __init__(self, scene: AgentBed) -> None:
        self.scene = scene

    def run(self, program: Path, line: str) -> tuple[int, str, str]:
        words = line.split()
        place = [] if "-n" in words else ["-n", self.scene.namespace]
        done = subprocess.run(
            [str(program), *words, *place], env=self.scene.bed.environment(), cwd=self.scene.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, _plain(done.stdout), _plain(done.stderr)

    def flux(self, line: str) -> tuple[int, str, str]:
        """What Flux's program says."""
        return self.run(flux_path(), line)

    def ours(self, line: str) -> tuple[int, str, str]:
        """What ours says."""
        return self.run(KBUILD, line)


def _plain(text: str) -> str:
    for pattern, word in _TIMES:
        text = pattern.sub(word, text)
    return text


@pytest.fixture
def both(scene: AgentBed) -> Both:
    """A source, Kustomizations that are well and one that is not, and one of each kind that notifies."""

    def text(name: str, kind: str = "ConfigMap", **more: object) -> str:
        metadata = {"name": name, "namespace": scene.namespace}
        return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": {"k": "v"}, **more})

    source = {"kind": "GitRepository", "name": "shop"}
    inner = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "inner", "namespace": scene.namespace},
        "spec": {"interval": "1h", "path": "./inner", "prune": True, "sourceRef": source},
    }  # fmt: skip
    repository = scene.repository()
    repository.commit(
        {
            "good/a.yaml": text("a"),
            "inner/b.yaml": text("b"),
            "nested/k.yaml": json.dumps(inner),
            "bad/c.yaml": text("BAD"),
        }
    )
    changed = scene.folder / "changed"
    changed.mkdir()
    (changed / "a.yaml").write_text(text("a", data={"k": "w"}))
    (changed / "d.yaml").write_text(text("d"))
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "namespace": scene.namespace},
        "stringData": {"token": "t"},
    }
    scene.kube.create(secret)
    scene.create(
        "notification.toolkit.fluxcd.io/v1beta3",
        "Provider",
        "chat",
        {"type": "generic", "address": "http://127.0.0.1:1/"},
    )
    alert = {
        "providerRef": {"name": "chat"},
        "eventSeverity": "error",
        "eventSources": [{"kind": "Kustomization", "name": "absent"}],
    }
    scene.create("notification.toolkit.fluxcd.io/v1beta3", "Alert", "all", alert)
    scene.start(controllers=("source", "kustomize", "notification"))
    scene.settled(
        scene.create(
            NOTIFICATION, "Receiver", "hook", {"type": "generic", "secretRef": {"name": "token"}, "resources": [source]}
        )
    )
    scene.settled(scene.source(repository))
    web = scene.kustomization("web", path="./good", postBuild={"substitute": {"region": "eu"}})
    for live, status in (
        (web, "True"), (scene.kustomization("nested", path="./nested"), "True"), (scene.kustomization("bad", path="./bad"), "False"),
    ):  # fmt: skip
        scene.settled(live, status)
    until(lambda: scene.kube.get("v1", "ConfigMap", scene.namespace, "b"))
    return Both(scene)


def test_what_reads_and_what_is_refused_is_the_same_to_the_byte(both: Both) -> None:
    different = []
    for line in READING.splitlines():
        theirs, ours = both.flux(line), both.ours(line)
        if theirs != ours:
            different.append(f"{line}\n  flux   {theirs}\n  kbuild {ours}")
    assert not different, "\n".join(different)


def test_what_writes_works_with_either_and_says_the_same(both: Both) -> None:
    different = []
    for line in WRITING.splitlines():
        theirs, ours = both.flux(line), both.ours(line)
        if theirs != ours:
            different.append(f"{line}\n  flux   {theirs}\n  kbuild {ours}")
    assert not different, "\n".join(different)
    assert both.flux("reconcile ks web --timeout 20s")[0] == 0


def test_flux_creates_waits_follows_a_commit_and_deletes(both: Both) -> None:
    scene, url = both.scene, both.scene.repositories["shop"].url
    code, _, err = both.flux(f"create source git made --url {url} --branch main --interval 1h --timeout 60s")
    assert (code, err.splitlines()[-2]) == (0, "✔ GitRepository source reconciliation completed")
    code, _, err = both.flux("create ks made --source GitRepository/made --path ./inner --interval 1h --timeout 60s")
    assert (code, err.splitlines()[-2]) == (0, "✔ Kustomization made is ready")
    commit = scene.repositories["shop"].commit(
        {"good/a.yaml": None, "good/e.yaml": (scene.folder / "changed" / "d.yaml").read_text()}
    )
    code, _, err = both.flux("reconcile ks web --with-source --timeout 60s")
    assert (code, err.splitlines()[-1]) == (0, f"✔ applied revision main@sha1:{commit}")
    assert scene.kube.get("v1", "ConfigMap", scene.namespace, "a") is None
    lines = both.flux("events --for Kustomization/web")[1]
    assert "Normal\tProgressing" in lines
    assert f"ConfigMap/{scene.namespace}/a deleted" in lines
    assert both.flux("delete ks made -s")[2].splitlines()[-1] == "✔ kustomization deleted"
    until(lambda: both.flux("get ks made")[0] == 1)


def test_what_fails_is_told_at_once_where_flux_waits_for_its_time(both: Both) -> None:
    assert both.flux("reconcile ks bad --timeout 4s")[0] == 1
    code, _, err = both.ours("reconcile ks bad --timeout 60s")
    assert code == 1
    assert err.splitlines()[3].startswith(f"✗ ConfigMap/{both.scene.namespace}/BAD dry-run failed (Invalid)")
    # An unknown noun is an error, of which Flux prints its help.
    assert (both.flux("get foo")[0], both.ours("get foo")[0]) == (0, 1)
