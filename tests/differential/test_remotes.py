"""Git repositories from servers on the loopback: the same output, the same sentences, nothing left behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from against import ours, reference, write_tree
from servers import Server, commit, git_daemon, http_server, make_repository

pytestmark = pytest.mark.differential

Oracle = Callable[..., "subprocess.CompletedProcess[str]"]

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{at: {at}}}\n"


def tree_of(at: str) -> dict[str, str]:
    """The files of the main repository as they are at one ref."""
    return {
        "kustomization.yaml": "resources: [map.yaml]\n",
        "map.yaml": MAP.format(name="app", at=at),
        "base/kustomization.yaml": "resources: [map.yaml]\n",
        "base/map.yaml": MAP.format(name="base", at=at),
        "overlay/kustomization.yaml": "namePrefix: o-\nresources: [../base]\n",
        "overlay/deep/er/kustomization.yaml": "namePrefix: d-\nresources: [../..]\n",
        "component/kustomization.yaml": "kind: Component\nnamePrefix: c-\n",
        "with blank/kustomization.yaml": "resources: [map.yaml]\n",
        "with blank/map.yaml": MAP.format(name="blank", at=at),
        "outside/kustomization.yaml": "resources: [../map.yaml]\n",
        "outside-base/kustomization.yaml": "resources: [../../../../etc]\n",
        "cycle/kustomization.yaml": "resources: [..]\n",
        "through-link/kustomization.yaml": "resources: [../link-file]\n",
        "link-below/kustomization.yaml": "resources: [link.yaml]\n",
        "nothing/readme.txt": "nothing\n",
        "broken/kustomization.yaml": "resources: [\n",
        "empty/kustomization.yaml": "",
        "configured/kustomization.yaml": "configMapGenerator: [{name: made, files: [kustomization.yaml]}]\n",
    }


LINKS = {"link-out": "/etc", "link-in": "base", "link-file": "/etc/passwd", "link-below/link.yaml": "/etc/hostname"}


@dataclass(frozen=True)
class Forge:
    """Repositories and what serves them. `first` is the id of the first commit."""

    folder: Path
    http: Server
    daemon: str
    first: str
    tip: str

    def text(self, template: str) -> str:
        """A kustomization with the addresses filled in."""
        words = {
            "HTTP": f"{self.http.url}/git",
            "FOLDER": str(self.folder),
            "FIRST": self.first,
            "TIP": self.tip,
            "SERVER": self.http.url,
        }
        for word, value in words.items():
            template = template.replace(word, value)
        return template + "\n"


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    folder = tmp_path_factory.mktemp("forge")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")):
            patch.setenv(name, value)
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        with http_server({}, folder) as http, git_daemon(folder) as daemon:
            library = make_repository(folder / "team" / "library", {"lib.yaml": MAP.format(name="lib", at="library")})
            library.close()
            app = make_repository(folder / "team" / "app", tree_of("first"), links=LINKS)
            first = app.head.commit.hexsha
            app.create_tag("v1")
            app.create_tag("v2", message="an annotated tag")
            app.create_head("old")
            url = f"{http.url}/git/team/app"
            remote = {
                "again/kustomization.yaml": f"resources: ['{url}//again']\n",
                "there/kustomization.yaml": f"resources: ['{url}//back']\n",
                "back/kustomization.yaml": f"resources: ['{url}//there']\n",
                "other-ref/kustomization.yaml": f"nameSuffix: -x\nresources: ['{url}//base?ref=v1']\n",
                "shorter/kustomization.yaml": f"resources: ['{url}']\n",
                "via/kustomization.yaml": f"namePrefix: via-\nresources: ['{url}//a/b']\n",
                "a/b/kustomization.yaml": "resources: [../../base]\n",
                "a/kustomization.yaml": f"resources: ['{url}//c']\n",
                "c/kustomization.yaml": "resources: [../base, ../component-user]\n",
                "component-user/kustomization.yaml": "components: [../component]\nresources: [../base]\nnameSuffix: -u\n",
            }
            tip = commit(app, {**tree_of("tip"), **remote}, "second")
            app.create_head("feature/x")
            app.close()
            nested = make_repository(
                folder / "team" / "nested.git", {"kustomization.yaml": "resources: [lib/lib.yaml]\n"}
            )
            nested.git(c="protocol.file.allow=always").submodule("add", str(folder / "team" / "library"), "lib")
            # As authors write it who have both in one place: relative to the address of this one.
            modules = Path(nested.working_dir) / ".gitmodules"
            modules.write_text(modules.read_text().replace(str(folder / "team" / "library"), "../library"))
            commit(nested, {}, "a submodule")
            nested.close()
            azure = make_repository(folder / "org" / "_git" / "repo", tree_of("azure"))
            azure.close()
            yield Forge(folder, http, daemon, first, tip)


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary folders: what either program leaves there is seen."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    quick = tmp_path / "gitconfig"
    quick.write_text("[gc]\nauto = 0\n[maintenance]\nauto = false\n[core]\nfsync = none\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(quick))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_TEMPLATE_DIR", "")
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    yield folder
    monkeypatch.setattr("tempfile.tempdir", None)


def compare(oracle: Oracle, folder: Path, scratch: Path, *arguments: str, target: str = "") -> tuple[bool, str, str]:
    """Build with both and see that they agree and that kbuild leaves nothing; returns what they said."""
    expected = reference(oracle, target or str(folder), *arguments)
    before = set(scratch.iterdir())
    assert ours(target or str(folder), *arguments, cwd=folder) == expected
    assert set(scratch.iterdir()) == before
    return expected


BUILDS = {
    "a repository": "resources: ['HTTP/team/app']",
    "a folder": "resources: ['HTTP/team/app/base']",
    "a folder behind two slashes": "resources: ['HTTP/team/app//base']",
    "a folder behind three slashes": "resources: ['HTTP/team/app///base']",
    "a folder with a slash at its end": "resources: ['HTTP/team/app//base/']",
    "a folder with dots": "resources: ['HTTP/team/app//base/../overlay/.']",
    "a folder that leads out": "resources: ['HTTP/team/app//../x']",
    "a folder that leads out later": "resources: ['HTTP/team/app//base/../../x']",
    "a folder with a blank": "resources: ['HTTP/team/app//with blank']",
    "a folder with a relative base": "resources: ['HTTP/team/app//overlay']",
    "a folder above which all is": "resources: ['HTTP/team/app//overlay/deep/er']",
    "the name of git": "resources: ['HTTP/team/nested.git']",
    "a folder behind the name of git": "resources: ['HTTP/team/nested.git/lib']",
    "Azure": "resources: ['HTTP/org/_git/repo/base']",
    "Azure with a version": "resources: ['HTTP/org/_git/repo?version=main']",
    "a forced protocol": "resources: ['git::HTTP/team/app//base']",
    "a branch": "resources: ['HTTP/team/app?ref=old']",
    "a branch with a slash": "resources: ['HTTP/team/app?ref=feature/x']",
    "a whole ref": "resources: ['HTTP/team/app?ref=refs/heads/old']",
    "a tag": "resources: ['HTTP/team/app?ref=v1']",
    "an annotated tag": "resources: ['HTTP/team/app?ref=v2']",
    "a commit": "resources: ['HTTP/team/app?ref=FIRST']",
    "the last commit": "resources: ['HTTP/team/app?ref=TIP']",
    "a version": "resources: ['HTTP/team/app?version=v1']",
    "a ref and a version": "resources: ['HTTP/team/app?version=old&ref=v1']",
    "an empty ref": "resources: ['HTTP/team/app?ref=']",
    "an escaped ref": "resources: ['HTTP/team/app?ref=feature%2Fx']",
    "a query that cannot be read": "resources: ['HTTP/team/app?ref=%zz']",
    "a short commit": "resources: ['HTTP/team/app?ref=abcdef1']",
    "a ref that is not there": "resources: ['HTTP/team/app?ref=nope']",
    "a commit that is not there": "resources: ['HTTP/team/app?ref=0123456789012345678901234567890123456789']",
    "a repository that is not there": "resources: ['HTTP/team/nope']",
    "a folder that is not there": "resources: ['HTTP/team/app//nope']",
    "a folder that is a file": "resources: ['HTTP/team/app//map.yaml']",
    "a folder that is a link inside": "resources: ['HTTP/team/app//link-in']",
    "a folder that is a link outside": "resources: ['HTTP/team/app//link-out']",
    "a folder that is a link to a file": "resources: ['HTTP/team/app//link-file']",
    "a folder without a kustomization": "resources: ['HTTP/team/app//nothing']",
    "a broken kustomization": "resources: ['HTTP/team/app//broken']",
    "an empty kustomization": "resources: ['HTTP/team/app//empty']",
    "a file above": "resources: ['HTTP/team/app//outside']",
    "a base outside": "resources: ['HTTP/team/app//outside-base']",
    "a base above": "resources: ['HTTP/team/app//cycle']",
    "a link to a file outside": "resources: ['HTTP/team/app//through-link']",
    "a link to a file outside, below": "resources: ['HTTP/team/app//link-below']",
    "a generator": "resources: ['HTTP/team/app//configured']",
    "submodules": "resources: ['HTTP/team/nested.git']",
    "submodules, by name": "resources: ['HTTP/team/nested.git?submodules=true']",
    "no submodules": "resources: ['HTTP/team/nested.git?submodules=false']",
    "no submodules, in short": "resources: ['HTTP/team/nested.git?submodules=0']",
    "submodules that may not be had": "resources: ['file://FOLDER/team/nested.git']",
    "itself": "resources: ['HTTP/team/app//again']",
    "there and back": "resources: ['HTTP/team/app//there']",
    "another ref of the same": "resources: ['HTTP/team/app//other-ref']",
    "the same repository, shorter": "resources: ['HTTP/team/app//shorter']",
    "a remote base with relative bases": "resources: ['HTTP/team/app//via', 'HTTP/team/app//a']",
    "a folder of the way, in another clone": "resources: ['HTTP/team/app//c?ref=TIP', 'HTTP/team/app//a']",
    "twice": "resources: ['HTTP/team/app//base', 'HTTP/team/app//base']",
    "twice with prefixes": "resources: [one, two]",
    "two refs": "resources: ['HTTP/team/app//base?ref=v1', 'HTTP/team/app//overlay']",
    "a file": "resources: ['file://FOLDER/team/app//base']",
    "a file without a folder": "resources: ['file://FOLDER/team/app']",
    "a file with a ref": "resources: ['file://FOLDER/team/app//base?ref=v1']",
    "a file with a relative path": "resources: ['file://team/app']",
    "a file that is not there": "resources: ['file:///no/such/repository']",
    "a file in capitals": "resources: ['FILE://FOLDER/team/app//base']",
    "a component": "resources: ['HTTP/team/app']\ncomponents: ['HTTP/team/app//component']",
    "a component that is none": "components: ['HTTP/team/app//base']",
    "a component that is not there": "components: ['HTTP/team/app//nope']",
    "a component of another ref": "components: ['HTTP/team/app//component?ref=nope']",
    "a component for a base": "resources: ['HTTP/team/app//component']",
    "an old base": "bases: ['HTTP/team/app//base']",
    "generators": "generators: ['HTTP/team/app//base']",
    "origins": "buildMetadata: [originAnnotations, transformerAnnotations]\nresources: ['HTTP/team/app//overlay?ref=v1', 'HTTP/team/app']",
    "origins of remotes of remotes": "buildMetadata: [originAnnotations, transformerAnnotations]\nresources: ['HTTP/team/app//other-ref', 'HTTP/team/app//via']",
    "origins of generators": "buildMetadata: [originAnnotations]\nresources: ['HTTP/team/app//configured']",
    "no time": "resources: ['HTTP/team/app?timeout=1ns']",
    "no time for something that is a page": "resources: ['SERVER/status/200/x?timeout=1ns']",
    "much time": "resources: ['HTTP/team/app?timeout=90']",
    "a negative time": "resources: ['HTTP/team/app?timeout=-1']",
    "a time with a unit": "resources: ['HTTP/team/app?timeout=1m30s']",
    "nobody there": "resources: ['http://127.0.0.1:1/team/app']",
    "nobody there for ssh": "resources: ['ssh://git@127.0.0.1:1/team/app']",
    "git's own scheme": "resources: ['git://127.0.0.1:1/team/app']",
    "another transport": "resources: ['ext::sh -c true/x/y']",
}  # fmt: skip


@pytest.mark.parametrize("text", BUILDS.values(), ids=BUILDS)
def test_a_repository_is_built_as_the_reference_builds_it(
    oracle: Oracle, forge: Forge, scratch: Path, tmp_path: Path, text: str
) -> None:
    files = {
        "kustomization.yaml": forge.text(text),
        "one/kustomization.yaml": forge.text("namePrefix: one-\nresources: ['HTTP/team/app//overlay']"),
        "two/kustomization.yaml": forge.text("namePrefix: two-\nresources: ['HTTP/team/app//overlay']"),
    }
    compare(oracle, write_tree(tmp_path / "k", files), scratch)


TARGETS = {
    "a repository": "HTTP/team/app",
    "a folder": "HTTP/team/app//overlay?ref=v1",
    "a folder of a file": "file://FOLDER/team/app//overlay",
    "a folder that is not there": "HTTP/team/app//nope",
    "a repository that is not there": "HTTP/team/nope",
    "a file above": "HTTP/team/app//outside",
    "a forced protocol": "git::HTTP/team/app",
    "itself": "HTTP/team/app//again",
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_build_can_start_at_a_url(oracle: Oracle, forge: Forge, scratch: Path, tmp_path: Path, target: str) -> None:
    folder = write_tree(tmp_path / "k", {"x": ""})
    compare(oracle, folder, scratch, "--load-restrictor=LoadRestrictionsNone", target=forge.text(target).strip())


def test_git_s_own_server_and_its_settings_are_used(
    oracle: Oracle, forge: Forge, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("GIT_CONFIG_COUNT", "2"),
        ("GIT_CONFIG_KEY_0", f"url.{forge.daemon}/.insteadOf"),
        ("GIT_CONFIG_VALUE_0", "ssh://git@forge.example/"),
        ("GIT_CONFIG_KEY_1", f"url.{forge.daemon}/team/.insteadOf"),
        ("GIT_CONFIG_VALUE_1", "git@forge.example:"),
    ):
        monkeypatch.setenv(name, value)
    text = (
        "resources: ['ssh://git@forge.example/team/app//base?ref=v1', 'git@forge.example:app//overlay',"
        " 'git@forge.example:nested.git']\n"
    )
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": text})
    assert compare(oracle, folder, scratch)[0]


def test_a_server_that_says_nothing_is_given_up(
    oracle: Oracle, forge: Forge, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{forge.http.url}/hang/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "ssh://git@forge.example/")
    text = "resources: ['ssh://git@forge.example/team/app?timeout=700ms']\n"
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": text})
    assert "hit 700ms timeout running" in compare(oracle, folder, scratch)[2]
    programs = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    own = [line for line in programs.splitlines() if "remote-http" in line and str(forge.http.server_port) in line]
    # The reference leaves its git running; kbuild does not.
    assert len(own) <= 1


def test_git_is_needed(
    oracle: Oracle, forge: Forge, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": forge.text("resources: ['file://FOLDER/team/app']")})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no 'git' program on path" in compare(oracle, folder, scratch)[2]


def test_a_repository_around_does_not_matter(
    oracle: Oracle, forge: Forge, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    around = make_repository(
        tmp_path / "around", {"kustomization.yaml": forge.text("resources: ['HTTP/team/app//base']")}
    )
    before = (
        around.head.commit.hexsha,
        [remote.name for remote in around.remotes],
        around.is_dirty(untracked_files=True),
    )
    # A hook of git runs with these.
    monkeypatch.setenv("GIT_DIR", around.git_dir)
    monkeypatch.setenv("GIT_WORK_TREE", str(around.working_dir))
    monkeypatch.setenv("GIT_INDEX_FILE", str(Path(around.git_dir) / "index"))
    done = ours(str(around.working_dir), cwd=Path(str(around.working_dir)))
    assert done[0], done
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_WORK_TREE")
    monkeypatch.delenv("GIT_INDEX_FILE")
    assert (
        around.head.commit.hexsha,
        [remote.name for remote in around.remotes],
        around.is_dirty(untracked_files=True),
    ) == before
    around.close()


@pytest.mark.parametrize("query", ["ref=--upload-pack=touch%20{0}", "ref=-h", "version=--exec=touch%20{0}"])
def test_a_ref_is_no_option_of_git(forge: Forge, tmp_path: Path, query: str) -> None:
    proof = tmp_path / "proof"
    text = forge.text(f"resources: ['file://FOLDER/team/app?{query.format(proof)}']")
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": text})
    done = ours(str(folder), cwd=folder)
    assert not done[0]
    assert "looks like an option of git" in done[2]
    assert not proof.exists()


def test_clones_are_shared_in_a_render(
    forge: Forge, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "record"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    program.write_text(f'#!/bin/sh\necho "$1" >> {record}\nexec {real} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    urls = ("file://FOLDER/team/app//base?submodules=false", "file://FOLDER/team/app//overlay?submodules=false")
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": forge.text(f"resources: {list(urls)}")})
    assert ours(str(folder), cwd=folder)[0]
    assert record.read_text().split() == ["init", "remote", "fetch", "checkout"]


@pytest.mark.parametrize(
    "ref", ["", "?ref=old", "?ref=v1", "?ref=v2", "?ref=FIRST", "?ref=refs/heads/old", "?ref=feature/x"]
)
def test_clones_can_be_kept(
    oracle: Oracle, forge: Forge, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ref: str
) -> None:
    kept = tmp_path / "kept" / "here"
    text = forge.text(f"resources: ['file://FOLDER/team/app//overlay{ref}']")
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": text})
    expected = reference(oracle, str(folder))
    assert expected[0]
    flags = ("--remote-cache", str(kept))
    assert ours(str(folder), *flags, cwd=folder) == expected
    assert len(list(kept.iterdir())) == 1
    (clone,) = kept.iterdir()
    stamp = clone.stat().st_mtime_ns
    assert ours(str(folder), *flags, cwd=folder) == expected
    assert [(found, found.stat().st_mtime_ns) for found in kept.iterdir()] == [(clone, stamp)]
    assert not list(scratch.iterdir())
    if "FIRST" in ref:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert ours(str(folder), *flags, cwd=folder) == expected


def test_a_kept_branch_moves_on(scratch: Path, tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "repository", tree_of("one"))
    text = f"resources: ['file://{tmp_path}/repository//base']\n"
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": text})
    flags = ("--remote-cache", str(tmp_path / "kept"))
    assert "at: one" in ours(str(folder), *flags, cwd=folder)[1]
    commit(repository, tree_of("two"), "second")
    repository.close()
    assert "at: two" in ours(str(folder), *flags, cwd=folder)[1]
    assert len(list((tmp_path / "kept").iterdir())) == 2


@pytest.mark.parametrize(
    "url", ["HTTP/team/nope", "HTTP/team/app?ref=nope", "HTTP/team/app//nope", "HTTP/team/app?timeout=1ns"]
)
def test_what_cannot_be_kept_fails_in_the_usual_words(
    oracle: Oracle, forge: Forge, scratch: Path, tmp_path: Path, url: str
) -> None:
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": forge.text(f"components: ['{url}']")})
    expected = reference(oracle, str(folder))
    kept = tmp_path / "kept"
    found = ours(str(folder), "--remote-cache", str(kept), cwd=folder)
    if "evalsymlink" not in expected[2]:  # where the kept clone is named
        assert found == expected
    assert not found[0]
    assert not [path for path in kept.iterdir() if path.name.startswith("kustomize-")]
