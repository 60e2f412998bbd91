"""Repositories that mean harm, and submodules: nothing is run, nothing leads out, no credentials go elsewhere."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

import pytest
from agent_bed import AgentBed, GitServer, until
from test_git_repository import download, names


def forged_tree(repository: Any, entries: list[tuple[str, str, str]]) -> str:
    """Commit a tree whose entries (mode, name, content) git itself would never write; returns the commit."""

    def run(*command: str, data: bytes = b"") -> str:
        done = subprocess.run(["git", *command], cwd=repository.tree, input=data, capture_output=True, check=True)
        return done.stdout.decode().strip()

    raw = b""
    for mode, name, content in entries:
        blob = run("hash-object", "-w", "--stdin", data=content.encode())
        raw += f"{mode} {name}\0".encode() + bytes.fromhex(blob)
    tree = run("hash-object", "-w", "-t", "tree", "--literally", "--stdin", data=raw)
    commit = repository.git("commit-tree", tree, "-m", "forged")
    repository.git("push", "--quiet", "--force", "origin", f"{commit}:refs/heads/main")
    return str(commit)


@pytest.mark.parametrize("name", ["..", "../../outside", "/etc/x", ".", "a\\b"])
def test_names_that_lead_out_are_refused(scene: AgentBed, name: str) -> None:
    repository = scene.repository()
    forged_tree(repository, [("100644", name, "x")])
    scene.start()
    live = scene.settled(scene.source(repository), "False")
    assert scene.condition(live)["reason"] in ("GitOperationFailed", "ArchiveOperationFailed")
    assert "artifact" not in live["status"]


def test_links_hooks_filters_and_configuration_do_nothing(scene: AgentBed, tmp_path: Path) -> None:
    repository = scene.repository()
    mark = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {mark}\n"
    (repository.tree / "link").symlink_to("/etc/passwd")
    (repository.tree / "folder").symlink_to("/")
    repository.commit(
        {
            "hooks/post-checkout": script, ".githooks/post-merge": script, ".gitattributes": "* filter=run diff=run\n",
            "config": f'[filter "run"]\n\tsmudge = touch {mark}\n', "a": "1", ".lfsconfig": "[lfs]\n\turl = http://127.0.0.1:1/\n",
        }
    )  # fmt: skip
    scene.start()
    live = scene.settled(scene.source(repository))
    assert names(live["status"]["artifact"]) == [".", ".githooks", ".githooks/post-merge", ".lfsconfig", "a", "config", "hooks", "hooks/post-checkout"]  # fmt: skip
    assert not mark.exists()
    assert b"root:" not in download(live["status"]["artifact"])


def with_submodule(repository: Any, url: str, commit: str, path: str = "sub") -> None:
    (repository.tree / ".gitmodules").write_text(f'[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n')
    repository.git("add", ".gitmodules")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    repository.git("commit", "--quiet", "-m", "submodule")
    repository.git("push", "--quiet", "origin", "HEAD:main")


def test_submodules_of_submodules_come_in_by_relative_urls(scene: AgentBed) -> None:
    inner, middle, outer = scene.repository("inner"), scene.repository("middle"), scene.repository("shop")
    deep = inner.commit({"deep": "1"})
    with_submodule(middle, "../inner.git", deep, "in")
    outer.commit({"a": "1"})
    with_submodule(outer, "../middle.git", middle.git("rev-parse", "HEAD"), "lib/middle")
    scene.start()
    live = scene.settled(scene.source(outer, recurseSubmodules=True))
    assert names(live["status"]["artifact"]) == [".", "a", "lib", "lib/middle", "lib/middle/in", "lib/middle/in/deep"]
    plain = scene.settled(scene.source(outer, "plain"))
    assert names(plain["status"]["artifact"]) == [".", "a", "lib", "lib/middle"]


def test_credentials_are_for_the_sources_own_host(scene: AgentBed, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    elsewhere = GitServer(tmp_path / "elsewhere")
    try:
        other = type(scene.repository("x"))(elsewhere, tmp_path, "theirs")
        commit = other.commit({"b": "1"})
        repository = scene.repository()
        repository.commit({"a": "1"})
        with_submodule(repository, other.url, commit)
        scene.git.protect("s3cret")
        data = {k: base64.b64encode(v.encode()).decode() for k, v in {"username": "git", "password": "s3cret"}.items()}
        scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": scene.namespace}, "data": data})  # fmt: skip
        scene.start()
        live = scene.settled(scene.source(repository, recurseSubmodules=True, secretRef={"name": "s"}))
        assert "sub/b" in names(live["status"]["artifact"])
        assert elsewhere.requests
        assert not any(authorization for _, _, authorization in elsewhere.requests)
    finally:
        elsewhere.close()


@pytest.mark.parametrize(
    "url", ["ext::sh -c 'touch {mark}'", "file://{folder}", "-u./payload", "/etc", "http://127.0.0.1:1/no.git"]
)
def test_submodules_of_other_kinds_are_refused(scene: AgentBed, tmp_path: Path, url: str) -> None:
    mark = tmp_path / "ran"
    repository = scene.repository()
    commit = repository.commit({"a": "1"})
    with_submodule(repository, url.format(mark=mark, folder=repository.server.root / "shop.git"), commit)
    scene.start()
    live = scene.settled(scene.source(repository, recurseSubmodules=True), "False", "GitOperationFailed")
    assert not mark.exists()
    assert "artifact" not in live["status"]


def test_a_submodule_that_holds_itself_ends(scene: AgentBed) -> None:
    repository = scene.repository()
    commit = repository.commit({"a": "1"})
    for _ in range(10):
        with_submodule(repository, "../shop.git", commit)
        commit = repository.git("rev-parse", "HEAD")
    scene.start()
    live = scene.settled(scene.source(repository, recurseSubmodules=True), "False", "GitOperationFailed", within_s=60)
    assert "submodules are nested too deep" in scene.condition(live)["message"]


def test_a_proxy_is_used_with_its_own_credentials(scene: AgentBed) -> None:
    data = {"address": "http://127.0.0.1:1", "username": "u", "password": "pr0xy-s3cret"}
    encoded = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}
    repository = scene.repository()
    repository.commit({"a": "1"})
    scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "p", "namespace": scene.namespace}, "data": encoded})  # fmt: skip
    scene.start()
    live = scene.settled(scene.source(repository, proxySecretRef={"name": "p"}), "False", "GitOperationFailed")
    assert "connection refused" in scene.condition(live)["message"]
    assert "pr0xy-s3cret" not in scene.condition(live)["message"] + scene.log.read_text()
    assert not scene.git.requests
    scene.kube.merge(live, {"spec": {"proxySecretRef": None}})
    until(lambda: scene.condition(live)["status"] == "True")
