"""Bootstrapping from a Git server and from a stand-in of GitHub, on a real control plane with a running agent."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_bed import AgentBed, GitServer, Object, Repository, install_kinds, until
from bed import KBUILD, Bed, Plane
from github_server import TOKEN, github_server, gitlab_server

import kbuild
from applier.cli.operate.words import StoppedError
from applier.cli.setup.forges import GITEA, Forge
from applier.cli.setup.gitlab import GitLab

SYSTEM = "flux-system"
FOLDER = "clusters/dev/flux-system"
KUSTOMIZE, SOURCE = "kustomize.toolkit.fluxcd.io/v1", "source.toolkit.fluxcd.io/v1"


@pytest.fixture
def clean(bed: Bed, own_plane: Plane) -> Iterator[Bed]:
    """A control plane without any installation, before and, but for the kinds, after."""
    run(bed, "uninstall", "-s")
    until(lambda: bed.kube.get("v1", "Namespace", "", SYSTEM) is None, "the namespace is gone", 60)
    install_kinds(bed)
    yield bed
    run(bed, "uninstall", "-s")
    install_kinds(bed)


def run(bed: Bed, *arguments: str, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [str(KBUILD), *arguments], env=bed.environment(**environment), capture_output=True, text=True, timeout=240, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def watched_git(folder: Path) -> Path:
    """A folder with a `git` that writes down its arguments before it is the real one."""
    place = folder / "programs"
    place.mkdir()
    program = place / "git"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"open({str(folder / 'arguments')!r}, 'a').write(' '.join(sys.argv) + '\\n')\n"
        f"os.environ['PATH'] = os.environ['PATH'].partition(':')[2]\nos.execvp('git', sys.argv)\n"
    )
    program.chmod(0o755)
    return place


def committed(repository: Repository, path: str) -> str:
    repository.git("fetch", "--quiet", "origin", "main")
    return repository.git("show", f"FETCH_HEAD:{path}")


def subjects(repository: Repository) -> list[str]:
    repository.git("fetch", "--quiet", "origin", "main")
    return repository.git("log", "--format=%s", "FETCH_HEAD").splitlines()


def body(version: str, kind: str) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": SYSTEM, "namespace": SYSTEM}}


def test_f79_a_bootstrap_from_git_makes_two_commits_the_next_one_none(scene: AgentBed, clean: Bed) -> None:
    repository = scene.repository("fleet")
    repository.commit({"README.md": "fleet\n"}, "first")
    scene.git.protect(TOKEN)
    scene.start(namespace=SYSTEM)
    programs = watched_git(scene.folder)
    environment = {"GIT_PASSWORD": TOKEN, "PATH": f"{programs}:{clean.environment()['PATH']}"}
    arguments = ("bootstrap", "git", "--url", repository.url, "--path", "./clusters/dev", "--token-auth")
    code, out, err = run(clean, *arguments, **environment)
    assert (code, out) == (0, ""), err
    assert expected_lines(err, repository.url, repository) == err.splitlines()
    assert subjects(repository) == [
        "Add Flux sync manifests",
        f"Add Flux {version(clean)} component manifests",
        "first",
    ]
    repository.git("fetch", "--quiet", "origin", "main")
    assert repository.git("ls-tree", "-r", "--name-only", "FETCH_HEAD").splitlines() == [
        "README.md", f"{FOLDER}/gotk-components.yaml", f"{FOLDER}/gotk-sync.yaml", f"{FOLDER}/kustomization.yaml",
    ]  # fmt: skip
    assert kbuild.read_documents(committed(repository, f"{FOLDER}/gotk-sync.yaml")) == [
        {**body(SOURCE, "GitRepository"), "spec": {
            "interval": "1m0s", "ref": {"branch": "main"}, "secretRef": {"name": SYSTEM}, "url": repository.url,
        }},
        {**body(KUSTOMIZE, "Kustomization"), "spec": {
            "interval": "10m0s", "path": "./clusters/dev", "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": SYSTEM},
        }},
    ]  # fmt: skip
    secret = clean.kube.get("v1", "Secret", SYSTEM, SYSTEM)
    assert secret is not None
    assert {key: base64.b64decode(text).decode() for key, text in secret["data"].items()} == {
        "username": "git", "password": TOKEN,
    }  # fmt: skip
    told = (scene.folder / "arguments").read_text()
    assert "push" in told
    assert TOKEN not in told
    assert base64.b64encode(f"git:{TOKEN}".encode()).decode() not in told

    head = repository.git("rev-parse", "FETCH_HEAD")
    code, _, err = run(clean, *arguments, **environment)
    assert code == 0
    lines = err.splitlines()
    assert "✔ component manifests are up to date" in lines
    assert "✔ sync manifests are up to date" in lines
    repository.git("fetch", "--quiet", "origin", "main")
    assert repository.git("rev-parse", "FETCH_HEAD") == head
    survives_a_restart(scene, clean, repository)


def expected_lines(err: str, url: str, repository: Repository) -> list[str]:
    """The whole output, with the commits that were made."""
    repository.git("fetch", "--quiet", "origin", "main")
    sync, components = repository.git("log", "--format=%H", "-2", "FETCH_HEAD").splitlines()
    ready = [line for line in err.splitlines() if line.endswith(": deployment ready")]
    assert len(ready) >= 3
    return [
        f'► cloning branch "main" from Git repository "{url}"',
        "✔ cloned repository",
        "► generating component manifests",
        "✔ generated component manifests",
        f'✔ committed component manifests to "main" ("{components}")',
        f'► pushing component manifests to "{url}"',
        '► installing components in "flux-system" namespace',
        "✔ installed components",
        "✔ reconciled components",
        '► determining if source secret "flux-system/flux-system" exists',
        "► generating source secret",
        '► applying source secret "flux-system/flux-system"',
        "✔ reconciled source secret",
        "► generating sync manifests",
        "✔ generated sync manifests",
        f'✔ committed sync manifests to "main" ("{sync}")',
        f'► pushing sync manifests to "{url}"',
        "► applying sync manifests",
        "✔ reconciled sync configuration",
        '◎ waiting for GitRepository "flux-system/flux-system" to be reconciled',
        "✔ GitRepository reconciled successfully",
        '◎ waiting for Kustomization "flux-system/flux-system" to be reconciled',
        "✔ Kustomization reconciled successfully",
        "► confirming components are healthy",
        *ready,
        "✔ all components are healthy",
    ]


def version(bed: Bed) -> str:
    found = bed.kube.get("v1", "Namespace", "", SYSTEM)
    assert found is not None
    return str(found["metadata"]["labels"]["app.kubernetes.io/version"])


def survives_a_restart(scene: AgentBed, clean: Bed, repository: Repository) -> None:
    """Another agent goes on from what is in the cluster, and what is committed next arrives."""
    scene.agents.pop().stop()
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "next", "namespace": scene.namespace}}
    repository.git("reset", "--quiet", "--hard", "FETCH_HEAD")
    repository.commit({"clusters/dev/next.yaml": json.dumps(manifest)})
    scene.start(namespace=SYSTEM)
    scene.request(body(SOURCE, "GitRepository"))
    until(lambda: clean.kube.live(manifest) is not None, scene.told)
    live = clean.kube.get("apps/v1", "Deployment", SYSTEM, "source-controller")
    assert live is not None
    assert live["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] == SYSTEM
    code, _, err = run(clean, "install")
    assert code == 1
    assert err.startswith("✗ this cluster has already been bootstrapped with Flux")


def test_a_kustomization_file_that_is_there_is_kept_and_its_patches_count(scene: AgentBed, clean: Bed) -> None:
    patch = [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--concurrent=20"}]
    own = {
        "resources": ["gotk-components.yaml", "gotk-sync.yaml"],
        "patches": [{"patch": json.dumps(patch), "target": {"kind": "Deployment", "name": "kustomize-controller"}}],
    }
    text = json.dumps(own, indent=1)
    repository = scene.repository("fleet")
    repository.commit({f"{FOLDER}/kustomization.yaml": text, f"{FOLDER}/gotk-sync.yaml": "", "clusters/dev/x.txt": ""})
    scene.start(namespace=SYSTEM)
    arguments = (
        "bootstrap",
        "git",
        "--url",
        repository.url,
        "--path",
        "clusters/dev",
        "--commit-message-appendix",
        "[ci skip]",
    )
    code, _, err = run(
        clean, *arguments, "--author-name", "Robot", "--author-email", "r@example.test", GIT_PASSWORD="x"
    )
    assert code == 0, err
    assert committed(repository, f"{FOLDER}/kustomization.yaml") == text
    assert repository.git("log", "-1", "--format=%an <%ae>%n%b", "FETCH_HEAD").splitlines() == [
        "Robot <r@example.test>", "[ci skip]",
    ]  # fmt: skip
    live = clean.kube.get("apps/v1", "Deployment", SYSTEM, "kustomize-controller")
    assert live is not None
    assert live["spec"]["template"]["spec"]["containers"][0]["args"][-1] == "--concurrent=20"


def test_a_bootstrap_that_was_cut_short_goes_on_and_another_push_in_between_is_no_hindrance(
    scene: AgentBed, clean: Bed
) -> None:
    repository = scene.repository("fleet")
    repository.commit({"README.md": "fleet\n"}, "first")
    arguments = ("bootstrap", "git", "--url", repository.url, "--path", "clusters/dev", "--timeout", "60s")
    hook = scene.git.root / "fleet.git" / "hooks" / "update"
    # Somebody else's commit arrives while ours is on its way, once.
    hook.write_text(
        f"#!/bin/sh\n[ -e {scene.folder}/pushed ] || (touch {scene.folder}/pushed; unset GIT_QUARANTINE_PATH; "
        'git update-ref refs/heads/main $(git -c user.name=o -c user.email=o@o commit-tree -p $2 -m other "$2^{tree}"))\n'
    )
    hook.chmod(0o755)
    code, _, err = run(clean, *arguments, GIT_PASSWORD="x", KUBECONFIG=str(scene.folder / "none"))
    assert code == 1
    assert err.splitlines()[-1].startswith("✗ no kubeconfig was found")
    assert (scene.folder / "pushed").exists()
    assert err.count("✔ committed component manifests") == 2
    assert [line.partition(" v")[0] for line in subjects(repository)] == ["Add Flux", "other", "first"]

    scene.start(namespace=SYSTEM)
    code, _, err = run(clean, *arguments, GIT_PASSWORD="x")
    assert code == 0, err
    assert "✔ component manifests are up to date" in err.splitlines()
    assert err.splitlines()[-1] == "✔ all components are healthy"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitServer]:
    server = github_server(tmp_path / "github", "shop")
    yield server
    server.close()


@pytest.mark.parametrize(("forge", "variable"), [("github", "GITHUB_TOKEN"), ("gitea", "GITEA_TOKEN")])
def test_a_bootstrap_from_a_forge_makes_the_repository_first(
    scene: AgentBed, clean: Bed, github: GitServer, forge: str, variable: str
) -> None:
    scene.start(namespace=SYSTEM)
    web = github.url("").removesuffix("/.git")
    arguments = (
        "bootstrap", forge, "--hostname", web, "--owner=shop", "--repository=fleet", "--branch=main", "--path=k8s",
        "--personal", "--token-auth",
    )  # fmt: skip
    code, out, err = run(clean, *arguments, **{variable: TOKEN})
    assert (code, out) == (0, ""), err
    lines = err.splitlines()
    assert lines[:3] == [
        f"► connecting to {web.removeprefix('http://')}", f'✔ repository "{web}/shop/fleet" created',
        f'► cloning branch "main" from Git repository "{web}/shop/fleet.git"',
    ]  # fmt: skip
    assert lines[-1] == "✔ all components are healthy"
    asked = github.http.asked  # type: ignore[attr-defined]
    assert asked == [
        ("GET", "/repos/shop/fleet", {}),
        ("POST", "/user/repos", {"name": "fleet", "private": True, "auto_init": True}),
    ]
    code, _, err = run(clean, *arguments, **{variable: TOKEN})
    assert code == 0
    assert "✔ sync manifests are up to date" in err.splitlines()
    assert len(asked) == 3


def test_a_bootstrap_from_gitlab_makes_the_project_in_its_group(scene: AgentBed, clean: Bed, tmp_path: Path) -> None:
    server = gitlab_server(tmp_path / "gitlab")
    scene.start(namespace=SYSTEM)
    web = server.url("").removesuffix("/.git")
    arguments = (
        "bootstrap", "gitlab", "--hostname", web, "--owner=shop/infra", "--repository=fleet", "--path=k8s", "--token-auth",
        "--team=ops", "--team=dev:developer",
    )  # fmt: skip
    try:
        code, out, err = run(clean, *arguments, GITLAB_TOKEN=TOKEN)
        assert (code, out) == (0, ""), err
        assert err.splitlines()[1] == f'✔ repository "{web}/shop/infra/fleet" created'
        assert err.splitlines()[-1] == "✔ all components are healthy"
        asked = server.http.asked  # type: ignore[attr-defined]
        assert [document for how, path, document in asked if how == "POST"] == [
            {"name": "fleet", "path": "fleet", "visibility": "private", "initialize_with_readme": True, "namespace_id": 7},
            {"group_id": 7, "group_access": 40}, {"group_id": 7, "group_access": 30},
        ]  # fmt: skip
        assert asked[0][:2] == ("GET", "/projects/shop%2Finfra%2Ffleet")
    finally:
        server.close()


def test_keys_of_a_project_are_registered_once(tmp_path: Path) -> None:
    server = gitlab_server(tmp_path / "gitlab")
    forge = GitLab(server.url("").removesuffix("/.git"), TOKEN)
    try:
        assert forge.repository("shop", "fleet") is None
        forge.create("shop", "fleet", is_personal=True, is_private=False)
        assert (forge.repository("shop", "fleet") or {})["private"] is False
        forge.set_private("shop", "fleet", is_private=True)
        assert (forge.repository("shop", "fleet") or {})["private"] is True
        for key, is_writing, is_new in (
            ("ssh-ed25519 A x", False, True),
            ("ssh-ed25519 A y", False, False),
            ("ssh-ed25519 A", True, True),
            ("ssh-ed25519 B", True, True),
        ):
            assert forge.put_key("shop", "fleet", "t", key, is_writing=is_writing) is is_new
        assert len(server.http.keys) == 1  # type: ignore[attr-defined]
        with pytest.raises(StoppedError, match="permission 'king' is none of"):
            forge.give_team("shop", "fleet", "ops", "king")
        with pytest.raises(StoppedError, match="401"):
            GitLab(forge.web, "wrong").repository("shop", "fleet")
        assert TOKEN not in repr(forge)
    finally:
        server.close()


def test_what_stands_in_the_way_of_a_bootstrap_is_told_before_anything_is_written(bed: Bed, github: GitServer) -> None:
    web = github.url("").removesuffix("/.git")
    hub = ("bootstrap", "github", "--hostname", web, "--owner", "shop", "--repository", "fleet")
    assert run(bed, *hub)[2] == (
        "✗ no GitHub personal access token (PAT): set GITHUB_TOKEN, or give it on standard input\n"
    )
    assert run(bed, *hub, GITHUB_TOKEN="wrong")[2].splitlines()[-1] == (
        f"✗ GET {web}/api/v3/repos/shop/fleet: 401 Bad credentials"
    )
    assert run(bed, *hub[:-2], GITHUB_TOKEN=TOKEN)[2] == "✗ --repository is required\n"
    git = ("bootstrap", "git", "--branch", "main", "--url")
    assert run(bed, *git, "http://git.example.test/fleet", GIT_PASSWORD="x")[2] == (
        "✗ scheme http is insecure, pass --allow-insecure-http=true to allow it\n"
    )
    assert run(bed, *git, f"{web}/shop/none.git", "--path", "../x", GIT_PASSWORD=TOKEN)[2] == (
        "✗ path '../x' leads out of the repository\n"
    )
    assert (
        run(bed, *git, f"{web}/shop/none.git", GIT_PASSWORD="wrong")[2]
        .splitlines()[-1]
        .startswith("✗ authentication required")
    )
    assert run(bed, "bootstrap", "svn")[2] == "✗ say where the repository is: git, github, gitlab, gitea\n"
    assert not list(github.root.iterdir())


def test_teams_and_visibility_are_seen_to(github: GitServer) -> None:
    server = Forge(github.url("").removesuffix("/.git"), TOKEN)
    assert server.repository("shop", "fleet") is None
    server.create("shop", "fleet", is_personal=False, is_private=False)
    assert server.repository("shop", "fleet") == {"name": "fleet", "private": True}
    server.give_team("shop", "fleet", "ops", "maintain")
    asked = github.http.asked  # type: ignore[attr-defined]
    assert asked[-1] == ("PUT", "/orgs/shop/teams/ops/repos/shop/fleet", {"permission": "maintain"})
    assert TOKEN not in repr(server)
    assert Forge("https://github.com", TOKEN).api == "https://api.github.com"
    assert Forge("https://git.example.test", TOKEN, kind=GITEA).api == "https://git.example.test/api/v1"
