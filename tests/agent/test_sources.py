"""GitRepository over time: intervals, failures and recoveries, replicas, large and empty repositories, retention; by number."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from agent_bed import AgentBed, GitServer, Object, until
from agent_sets import config_map, manifest
from bed import KBUILD
from test_git_repository import download, names

SOAK = bool(os.environ.get("KBUILD_SOAK"))


def paths(scene: AgentBed) -> list[str]:
    """What was asked of the Git server."""
    return [path.partition(".git/")[2] for _, path, _ in scene.git.requests]


def reasons(scene: AgentBed, name: str = "shop") -> list[str]:
    return [event["reason"] for event in scene.events(name)]


def test_f02_a_request_is_answered_with_its_token_and_an_event_with_the_commits_first_line(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    scene.start()
    live = scene.settled(scene.source(repository))
    commit = repository.commit({"a": "2"}, "Second commit\n\nwith more words")
    token = scene.request(live)
    until(lambda: scene.get(live)["status"].get("lastHandledReconcileAt") == token)
    assert scene.get(live)["status"]["artifact"]["revision"] == f"main@sha1:{commit}"
    messages = until(lambda: [e["message"] for e in scene.events("shop") if "Second" in e["message"]])
    assert messages == ["stored artifact for commit 'Second commit'"]


def test_f03_an_interval_without_a_commit_lists_refs_and_writes_and_tells_nothing(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    scene.start()
    live = scene.settled(scene.source(repository, interval="1s"))
    version, told = scene.get(live)["metadata"]["resourceVersion"], len(until(lambda: scene.events("shop")))
    scene.git.requests.clear()
    time.sleep(3.5)
    assert 2 <= len(paths(scene)) <= 5
    assert set(paths(scene)) == {"info/refs?service=git-upload-pack"}
    assert scene.get(live)["metadata"]["resourceVersion"] == version
    assert len(scene.events("shop")) == told


def test_f04_of_several_references_the_first_in_the_known_order_counts(scene: AgentBed) -> None:
    repository = scene.repository()
    first = repository.commit({"a": "1"})
    repository.git("tag", "v1.0.0")
    second = repository.commit({"a": "2"})
    repository.git("tag", "v1.5.0")
    third = repository.commit({"a": "3"})
    repository.git("push", "--quiet", "--tags", "origin")
    scene.start()
    everything = {"branch": "main", "semver": ">=1.0.0", "tag": "v1.0.0", "name": "refs/heads/main", "commit": second}
    expected = [("commit", f"main@sha1:{second}"), ("name", f"refs/heads/main@sha1:{third}"), ("tag", f"v1.0.0@sha1:{first}"), ("semver", f"v1.5.0@sha1:{second}"), ("branch", f"main@sha1:{third}")]  # fmt: skip
    for name, revision in expected:
        live = scene.settled(scene.source(repository, name, ref=everything))
        assert live["status"]["artifact"]["revision"] == revision
        del everything[name]
    assert "AmbiguousReference" in reasons(scene, "tag")
    assert "AmbiguousReference" not in reasons(scene, "semver")


def test_f06_two_replicas_make_the_same_bytes(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({f"d{n}/f{m}.yaml": f"{n * m}\n" * 50 for n in range(5) for m in range(20)})
    first = scene.start(storage=scene.folder / "one")
    body = scene.source(repository)
    one = scene.settled(body)["status"]["artifact"]
    first.stop()
    data = (scene.folder / "one" / "artifacts" / one["path"]).read_bytes()
    scene.start(storage=scene.folder / "two")
    until((scene.folder / "two" / "artifacts" / one["path"]).exists)
    two = scene.settled(body)["status"]["artifact"]
    assert (two["digest"], two["size"]) == (one["digest"], one["size"])
    assert (scene.folder / "two" / "artifacts" / two["path"]).read_bytes() == data


def test_after_a_restart_the_artifact_has_the_new_address(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a.yaml": manifest(scene, "a")})
    first = scene.start()
    body = scene.settled(scene.source(repository))
    live = scene.settled(scene.kustomization())
    first.stop()
    scene.start()
    until(lambda: scene.get(body)["status"]["artifact"]["url"] != body["status"]["artifact"]["url"])
    assert scene.get(body)["status"]["artifact"]["digest"] == body["status"]["artifact"]["digest"]
    began = time.monotonic()
    scene.run_again(live)
    assert time.monotonic() - began < 10
    assert reasons(scene).count("NewArtifact") == 1


def test_f08_a_server_that_is_down_is_tried_again_more_and_more_seldom(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    scene.start()
    live = scene.settled(scene.source(repository))
    port, root = scene.git.http.server_port, scene.git.root
    scene.git.close()
    failed = scene.run_again(live, "False")
    message = scene.condition(failed)["message"]
    assert message == (
        f"failed to checkout and determine revision: unable to list remote for '{repository.url}': Get \"{repository.url}"
        f'/info/refs?service=git-upload-pack": dial tcp 127.0.0.1:{port}: connect: connection refused'
    )
    assert scene.condition(failed, "FetchFailed")["reason"] == "GitOperationFailed"
    assert download(failed["status"]["artifact"])
    time.sleep(4)
    failures = scene.log.read_text().count("reconciliation failed")
    assert 2 <= failures <= 5, "0.75 s, 1.5 s, 3 s, ..."
    scene.git = GitServer(root, port)
    scene.settled(live, within_s=30)
    assert until(lambda: reasons(scene).count("Succeeded")) == 1


def test_f09_a_mended_secret_is_enough(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    scene.git.protect("right")

    def encoded(password: str) -> dict[str, str]:
        return {k: base64.b64encode(v.encode()).decode() for k, v in {"username": "git", "password": password}.items()}

    secret = scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": scene.namespace}, "data": encoded("wr0ng")})  # fmt: skip
    scene.start()
    live = scene.settled(scene.source(repository, secretRef={"name": "s"}), "False", "GitOperationFailed")
    assert "wr0ng" not in scene.condition(live)["message"] + scene.log.read_text()
    scene.kube.merge(secret, {"data": encoded("right")})
    scene.settled(live, within_s=30)


def test_f12_a_reader_refuses_what_the_digest_does_not_fit(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a.yaml": manifest(scene, "a")})
    agent = scene.start()
    source = scene.settled(scene.source(repository))
    artifact = source["status"]["artifact"]
    place = agent.options.storage / "artifacts" / artifact["path"]
    good = place.read_bytes()
    place.write_bytes(good[: len(good) // 2])
    live = scene.settled(scene.kustomization(retryInterval="1s"), "False", "ArtifactFailed")
    assert "digest" in scene.condition(live)["message"]
    assert config_map(scene, "a") is None
    again = scene.run_again(source)
    assert hashlib.sha256(place.read_bytes()).hexdigest() == again["status"]["artifact"]["digest"].partition(":")[2]
    assert "ArtifactVerificationFailed" in reasons(scene)
    scene.run_again(live)
    assert config_map(scene, "a")


def test_f13_a_suspension_lets_the_fetch_end_and_nothing_follow(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    scene.start()
    live = scene.settled(scene.source(repository, interval="1s"))
    scene.git.slow(1.5)
    scene.git.requests.clear()
    second = repository.commit({"a": "2"})
    until(lambda: "git-upload-pack" in paths(scene)[-1:])
    scene.kube.merge(live, {"spec": {"suspend": True}})
    until(lambda: scene.get(live)["status"]["artifact"]["revision"] == f"main@sha1:{second}", scene.told)
    scene.git.slow(0)
    third = repository.commit({"a": "3"})
    time.sleep(2.5)
    artifact = scene.get(live)["status"]["artifact"]
    assert artifact["revision"] == f"main@sha1:{second}"
    assert download(artifact)
    scene.kube.merge(live, {"spec": {"suspend": False}})
    until(lambda: scene.get(live)["status"]["artifact"]["revision"] == f"main@sha1:{third}", within_s=5)


def test_f14_what_is_included_comes_in_as_soon_as_it_is_there(scene: AgentBed) -> None:
    base, shop = scene.repository("base"), scene.repository("shop")
    base.commit({"lib/x": "x"})
    shop.commit({"a": "1"})
    scene.start()
    include = [{"repository": {"name": "base"}, "fromPath": "lib", "toPath": "vendor"}]
    live = scene.settled(scene.source(shop, include=include), "False", "NotFound")
    assert scene.condition(live, "IncludeUnavailable")["status"] == "True"
    other = scene.settled(scene.source(base, "base"))
    done = scene.settled(live, within_s=10)
    assert "vendor/x" in names(done["status"]["artifact"])
    base.commit({"lib/y": "y"})
    scene.run_again(other)
    until(lambda: "vendor/y" in names(scene.get(live)["status"]["artifact"]), within_s=10)


@pytest.mark.parametrize(("files", "size"), [(20_000, 25_000)] if SOAK else [(3_000, 20_000)])
def test_f16_a_large_repository_is_packed_in_little_memory(scene: AgentBed, files: int, size: int) -> None:
    repository = scene.repository()
    for n in range(files):
        place = repository.tree / f"d{n % 100}" / f"f{n}.bin"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(os.urandom(size))
    repository.commit({})
    log = (scene.folder / "one.log").open("w")
    command = [
        str(KBUILD),
        "agent",
        "-n",
        scene.namespace,
        "--controllers",
        "source",
        "--storage-path",
        str(scene.folder / "one"),
    ]
    process = subprocess.Popen(command, env=scene.bed.environment(), stderr=log)
    try:
        live = scene.settled(scene.source(repository, timeout="10m"), within_s=600)
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
        assert live["status"]["artifact"]["size"] > files * size * 0.9
        assert peak < (512 if SOAK else 100), f"{peak} MiB"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        log.close()


def test_f17_an_empty_repository_says_so(scene: AgentBed) -> None:
    repository = scene.repository()
    scene.start()
    live = scene.settled(scene.source(repository), "False", "EmptyGitRepository")
    assert scene.condition(live)["message"] == "git repository is empty"
    repository.commit({"a": "1"})
    scene.settled(live)


def test_f19_few_files_stay_and_the_advertised_one_always_does(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a": "0"})
    agent = scene.start()
    live = scene.settled(scene.source(repository))
    folder = agent.options.storage / "artifacts" / "gitrepository" / scene.namespace / "shop"
    for n in range(1, 6):
        commit = repository.commit({"a": str(n)})
        artifact = scene.run_again(live)["status"]["artifact"]
        assert commit in artifact["path"]
        assert (agent.options.storage / "artifacts" / artifact["path"]).exists()
    scene.run_again(live)
    kept = sorted(folder.glob("*.tar.gz"))
    assert len(kept) <= 2
    assert folder / f"{commit}.tar.gz" in kept


class Signer:
    """Keys of both kinds, and repositories that sign with them."""

    def __init__(self, folder: Path) -> None:
        # gpg's sockets need a short path.
        self.folder = folder
        folder.mkdir(mode=0o700)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "id")], check=True)
        self.ssh = (folder / "id.pub").read_text()

    def gpg(self, home: Path) -> str:
        spec = "Key-Type: eddsa\nKey-Curve: ed25519\nName-Real: test\nName-Email: t@example.test\n%no-protection\n%commit\n"
        environment = {**os.environ, "GNUPGHOME": str(home)}
        subprocess.run(["gpg", "--batch", "--quiet", "--gen-key"], input=spec, text=True, env=environment, check=True, capture_output=True)  # fmt: skip
        return subprocess.run(["gpg", "--armor", "--export"], env=environment, capture_output=True, text=True, check=True).stdout  # fmt: skip


def keys(scene: AgentBed, name: str, **data: str) -> Object:
    encoded = {key.replace("_", "."): base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": scene.namespace}, "data": encoded})  # fmt: skip


def ssh_commit(repository: Any, signer: Signer, *, tag: str = "", signed: bool = True) -> str:
    for name, value in {"gpg.format": "ssh", "user.signingkey": str(signer.folder / "id.pub")}.items():
        repository.git("config", name, value)
    repository.git("commit", "--allow-empty", *(["-S"] if signed else []), "-m", "one")
    if tag:
        repository.git("tag", "-s" if signed else "-a", tag, "-m", tag)
    repository.git("push", "--quiet", "--tags", "origin", "HEAD:main")
    return str(repository.git("rev-parse", "HEAD"))


def test_f15_only_what_the_right_key_signed_is_published(scene: AgentBed, tmp_path: Path) -> None:
    mine, other = Signer(tmp_path / "mine"), Signer(tmp_path / "other")
    repository = scene.repository()
    first = ssh_commit(repository, mine)
    scene.start()
    verify = {"mode": "HEAD", "secretRef": {"name": "keys"}}
    live = scene.settled(scene.source(repository, verify=verify), "False", "VerificationError")
    assert scene.condition(live)["message"] == 'public keys secret error: secrets "keys" not found'
    assert scene.condition(live, "SourceVerified")["status"] == "False"
    keys(scene, "keys", id_sshpub=mine.ssh)
    live = scene.settled(live, within_s=20)
    message = scene.condition(live, "SourceVerified")["message"]
    assert message.startswith(f"verified signature of\n\t- commit '{first}' with key 'SHA256:")
    assert live["status"]["sourceVerificationMode"] == "HEAD"
    for signer, signed in ((other, True), (mine, False)):
        commit = ssh_commit(repository, signer, signed=signed)
        failed = scene.run_again(live, "False")
        assert scene.condition(failed)["reason"] == "InvalidCommitSignature"
        assert scene.condition(failed)["message"].startswith(f"signature verification of commit '{commit}' failed: ")
        assert scene.condition(failed, "SourceVerified")["status"] == "False"
        assert failed["status"]["artifact"]["revision"] == f"main@sha1:{first}"
        assert download(failed["status"]["artifact"])
    last = ssh_commit(repository, mine)
    until(lambda: scene.run_again(live)["status"]["artifact"]["revision"] == f"main@sha1:{last}")


def test_f15_other_keys_at_the_same_revision_are_a_new_verification(scene: AgentBed, tmp_path: Path) -> None:
    mine, other = Signer(tmp_path / "mine"), Signer(tmp_path / "other")
    repository = scene.repository()
    ssh_commit(repository, mine)
    secret = keys(scene, "keys", id_sshpub=mine.ssh)
    scene.start()
    live = scene.settled(scene.source(repository, verify={"secretRef": {"name": "keys"}}))
    scene.kube.delete(secret)
    keys(scene, "keys", id_sshpub=other.ssh)
    failed = scene.run_again(live, "False")
    assert scene.condition(failed)["reason"] == "InvalidCommitSignature"


def test_f15_tags_are_verified_by_openpgp(scene: AgentBed, tmp_path: Path) -> None:
    home = Path(f"/tmp/kbuild-test-{os.getpid()}")
    home.mkdir(mode=0o700)
    try:
        public = Signer(tmp_path / "keys").gpg(home)
        repository = scene.repository()
        repository.commit({"a": "1"})
        wrapper = tmp_path / "gpg"
        wrapper.write_text(f'#!/bin/sh\nGNUPGHOME={home} exec gpg "$@"\n')
        wrapper.chmod(0o755)
        repository.git("config", "gpg.program", str(wrapper))
        repository.git("config", "user.email", "t@example.test")
        repository.git("tag", "-s", "-u", "t@example.test", "v1.0.0", "-m", "one")
        repository.git("tag", "light")
        repository.git("push", "--quiet", "--tags", "origin")
        keys(scene, "keys", key_asc=public)
        scene.start()
        verify = {"mode": "Tag", "secretRef": {"name": "keys"}}
        good = scene.settled(scene.source(repository, "good", ref={"tag": "v1.0.0"}, verify=verify))
        assert scene.condition(good, "SourceVerified")["message"].startswith(
            "verified signature of\n\t- tag 'v1.0.0@sha1:"
        )
        both = {**verify, "mode": "TagAndHEAD"}
        half = scene.settled(scene.source(repository, "half", ref={"tag": "v1.0.0"}, verify=both), "False")
        assert scene.condition(half)["reason"] == "InvalidCommitSignature"
        for name, ref, reason in (("light", {"tag": "light"}, "InvalidGitObject"), ("branch", {"branch": "main"}, "InvalidVerificationMode")):  # fmt: skip
            live = scene.settled(scene.source(repository, name, ref=ref, verify=verify), "False", reason)
            assert scene.condition(live, "Stalled")["status"] == "True"
            assert "artifact" not in live["status"]
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", str(home)], check=False)
