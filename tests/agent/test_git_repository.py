"""GitRepository on a real control plane and a real Git server: artifacts, refs, credentials, ignore rules, storage."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import urllib.request

import pytest
from agent_bed import AgentBed, Object, until


def download(artifact: Object) -> bytes:
    with urllib.request.urlopen(artifact["url"], timeout=10) as answer:
        return answer.read()


def names(artifact: Object) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(download(artifact))) as archive:
        return archive.getnames()


def test_f01_a_branch_becomes_an_artifact(scene: AgentBed) -> None:
    repository = scene.repository()
    commit = repository.commit(
        {"app/a.yaml": "a: 1\n", "README.md": "x", "pic.png": "x", ".gitignore": "x"},
        "First commit of the shop with a rather long subject line",
    )
    scene.start()
    live = scene.settled(scene.source(repository))
    artifact = live["status"]["artifact"]
    assert artifact["revision"] == f"main@sha1:{commit}"
    assert artifact["path"] == f"gitrepository/{scene.namespace}/shop/{commit}.tar.gz"
    data = download(artifact)
    assert artifact["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert artifact["size"] == len(data)
    assert names(artifact) == [".", "README.md", "app", "app/a.yaml"]
    status = live["status"]
    assert status["observedGeneration"] == 1
    assert [c["type"] for c in status["conditions"]] == ["Ready", "ArtifactInStorage"]
    assert scene.condition(live)["message"] == f"stored artifact for revision 'main@sha1:{commit}'"
    event = until(lambda: scene.events("shop"))[0]
    assert event["reason"] == "NewArtifact"
    assert event["message"] == "stored artifact for commit 'First commit of the shop with a rather long subjec...'"
    assert event["metadata"]["annotations"]["source.toolkit.fluxcd.io/revision"] == f"main@sha1:{commit}"


def test_f02_f03_a_new_commit_is_fetched_on_request_and_nothing_is_written_without_one(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    scene.start()
    live = scene.settled(scene.source(repository))
    scene.git.requests.clear()
    again = scene.run_again(live)
    assert [path.rpartition("/")[2] for _, path, _ in scene.git.requests] == ["refs?service=git-upload-pack"]
    assert again["status"]["artifact"] == live["status"]["artifact"]
    commit = repository.commit({"a": "2"})
    moved = scene.run_again(live)
    assert moved["status"]["artifact"]["revision"] == f"main@sha1:{commit}"


@pytest.mark.parametrize(
    ("ref", "revision"),
    [
        ({"tag": "v1.0.0"}, "v1.0.0@sha1:{first}"),
        ({"semver": ">=1.0.0 <3.0.0"}, "v1.1.0@sha1:{second}"),
        ({"semver": ">=1.0.0-0"}, "v2.0.0-rc1@sha1:{third}"),
        ({"name": "refs/heads/feature/x"}, "refs/heads/feature/x@sha1:{third}"),
        ({"branch": "feature/x"}, "feature/x@sha1:{third}"),
        ({"commit": "{first}"}, "sha1:{first}"),
        ({"branch": "main", "commit": "{first}"}, "main@sha1:{first}"),
    ],
)
def test_f04_refs_of_every_form(scene: AgentBed, ref: Object, revision: str) -> None:
    repository = scene.repository()
    first = repository.commit({"a": "1"})
    repository.git("tag", "-a", "v1.0.0", "-m", "one")
    second = repository.commit({"a": "2"})
    repository.git("tag", "v1.1.0")
    third = repository.commit({"a": "3"}, branch="feature/x")
    repository.git("tag", "v2.0.0-rc1")
    repository.git("push", "--quiet", "--tags", "origin")
    known = {"first": first, "second": second, "third": third}
    scene.start()
    body = scene.source(repository, ref={name: value.format(**known) for name, value in ref.items()})
    assert scene.settled(body)["status"]["artifact"]["revision"] == revision.format(**known)


FAILURES = [
    ({"ref": {"branch": "no"}}, "unable to clone '{url}': couldn't find remote ref \"refs/heads/no\""),
    ({"ref": {"tag": "no"}}, "unable to clone '{url}': couldn't find remote ref \"refs/tags/no\""),
    ({"ref": {"name": "refs/heads/no"}}, "unable to resolve ref 'refs/heads/no' to a specific commit"),
    ({"ref": {"semver": ">9"}}, "no match found for semver: >9"),
    (
        {"ref": {"commit": "0" * 39 + "1"}},
        "unable to resolve commit object for '0000000000000000000000000000000000000001': object not found",
    ),
]


@pytest.mark.parametrize(("spec", "sentence"), FAILURES, ids=[str(spec["ref"]) for spec, _ in FAILURES])
def test_f17_what_is_not_there_is_told_in_the_known_words(scene: AgentBed, spec: Object, sentence: str) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    scene.start()
    live = scene.settled(scene.source(repository, **spec), "False", "GitOperationFailed")
    assert scene.condition(live)["message"] == "failed to checkout and determine revision: " + sentence.format(
        url=repository.url
    )
    assert scene.condition(live, "FetchFailed")["status"] == "True"
    assert scene.condition(live, "Reconciling")["reason"] == "ProgressingWithRetry"
    assert live["status"]["observedGeneration"] == -1


def test_f09_a_password_is_sent_at_once_and_a_wrong_one_keeps_the_artifact(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    scene.git.protect("s3cret")
    data = {"username": "git", "password": "s3cret"}
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}
    secret = scene.kube.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "shop-git", "namespace": scene.namespace},
            "data": encoded,
        }
    )
    scene.start()
    body = scene.settled(scene.source(repository, secretRef={"name": "shop-git"}))
    assert all(authorization for _, _, authorization in scene.git.requests)
    scene.kube.merge(secret, {"data": {"password": base64.b64encode(b"wrong").decode()}})
    live = scene.run_again(body, "False")
    assert scene.condition(live)["message"] == (
        f"failed to checkout and determine revision: unable to list remote for '{repository.url}': authentication required: nope"
    )
    assert live["status"]["artifact"] == body["status"]["artifact"]
    assert "s3cret" not in scene.log.read_text()


def test_f10_f11_secrets_that_say_too_little(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    scene.start()
    missing = scene.settled(scene.source(repository, "one", secretRef={"name": "x"}), "False", "AuthenticationFailed")
    assert scene.condition(missing)["message"] == (
        f"failed to get secret '{scene.namespace}/x': failed to get secret '{scene.namespace}/x': secrets \"x\" not found"
    )
    scene.kube.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "y", "namespace": scene.namespace},
            "data": {"password": "eA=="},
        }
    )
    half = scene.settled(scene.source(repository, "two", secretRef={"name": "y"}), "False", "AuthenticationFailed")
    assert scene.condition(half)["message"] == (
        "failed to configure authentication options: invalid 'http' auth option: 'password' requires 'username' to be set"
    )


def test_what_is_not_supported_is_refused_and_not_ignored(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    scene.start()
    for provider in ("azure", "aws"):
        body = scene.source(repository, provider, provider=provider)
        live = scene.settled(body, "False", "InvalidProviderConfiguration")
        assert scene.condition(live, "Stalled")["status"] == "True"
        assert "artifact" not in live["status"]


def test_f05_f07_ignore_rules_sourceignore_and_links(scene: AgentBed) -> None:
    repository = scene.repository()
    files = {
        "deploy/a.yaml": "a",
        "deploy/skip/b.yaml": "b",
        "docs/c.md": "c",
        "deploy/.sourceignore": "skip/*\n!skip/keep\n",
        "deploy/skip/keep": "k",
        "pic.png": "x",
    }
    (repository.tree / "link").symlink_to("/etc/passwd")
    repository.commit(files)
    (repository.tree / "deploy/a.yaml").chmod(0o755)
    repository.commit({})
    scene.start()
    live = scene.settled(scene.source(repository, ignore="/*\n!/deploy\n"))
    assert names(live["status"]["artifact"]) == [
        ".",
        "deploy",
        "deploy/.sourceignore",
        "deploy/a.yaml",
        "deploy/skip",
        "deploy/skip/keep",
    ]
    with tarfile.open(fileobj=io.BytesIO(download(live["status"]["artifact"]))) as archive:
        modes = {member.name: oct(member.mode) for member in archive}
    assert modes == {".": "0o750", "deploy": "0o750", "deploy/.sourceignore": "0o600", "deploy/a.yaml": "0o700", "deploy/skip": "0o750", "deploy/skip/keep": "0o600"}  # fmt: skip
    before = live["status"]["artifact"]["digest"]
    scene.kube.merge(live, {"spec": {"ignore": None}})
    changed = scene.settled(live)
    until(lambda: scene.get(live)["status"]["artifact"]["digest"] != before)
    assert "pic.png" in names(scene.get(changed)["status"]["artifact"])


def test_f12_a_damaged_or_lost_artifact_is_made_again(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    agent = scene.start()
    live = scene.settled(scene.source(repository))
    place = agent.options.storage / "artifacts" / live["status"]["artifact"]["path"]
    place.write_bytes(b"damaged")
    again = scene.run_again(live)
    assert download(again["status"]["artifact"])
    assert again["status"]["artifact"]["digest"] == live["status"]["artifact"]["digest"]
    assert any(event["reason"] == "ArtifactVerificationFailed" for event in scene.events("shop"))


def test_f18_a_suspended_source_answers_requests_without_a_run_and_a_deleted_one_leaves_nothing(
    scene: AgentBed,
) -> None:
    repository = scene.repository()
    repository.commit({"a": "1"})
    agent = scene.start()
    live = scene.settled(scene.source(repository))
    scene.kube.merge(live, {"spec": {"suspend": True}})
    repository.commit({"a": "2"})
    again = scene.handled(live)
    assert again["status"]["artifact"] == live["status"]["artifact"]
    folder = agent.options.storage / "artifacts" / "gitrepository" / scene.namespace / "shop"
    assert folder.exists()
    scene.kube.delete(live)
    until(lambda: scene.kube.live(live) is None)
    assert not folder.exists()


def test_f14_includes_and_sparse_checkouts(scene: AgentBed) -> None:
    base, shop = scene.repository("base"), scene.repository("shop")
    base.commit({"lib/x": "x", "other": "o"})
    shop.commit({"a/b": "b", "c/d": "d", "root": "r"})
    scene.start()
    scene.settled(scene.source(base, "base"))
    include = [{"repository": {"name": "base"}, "fromPath": "lib", "toPath": "vendor"}]
    live = scene.settled(scene.source(shop, "shop", include=include, sparseCheckout=["./a"]))
    assert names(live["status"]["artifact"]) == [".", "a", "a/b", "root", "vendor", "vendor/x"]
    assert live["status"]["includedArtifacts"][0]["revision"].startswith("main@sha1:")
    missing = scene.settled(scene.source(shop, "third", include=[{"repository": {"name": "no"}}]), "False", "NotFound")
    assert (
        scene.condition(missing)["message"]
        == "could not get resource for include 'no': GitRepository.source.toolkit.fluxcd.io \"no\" not found"
    )
    assert scene.condition(missing, "Reconciling")["message"] == "building artifact"
    assert until(lambda: scene.events("third"))[0]["type"] == "Normal"
    proxied = scene.settled(scene.source(shop, "fifth", proxySecretRef={"name": "no"}), "False", "AuthenticationFailed")
    wanted = f"failed to configure proxy options: secret '{scene.namespace}/no' not found"
    assert scene.condition(proxied)["message"] == wanted
    ranged = scene.settled(scene.source(shop, "sixth", ref={"semver": "no range"}), "False", "GitOperationFailed")
    assert scene.condition(ranged)["message"].endswith('improper constraint: "no range"')
    commit = scene.settled(scene.source(shop, "seventh", ref={"branch": "main", "commit": "0" * 40}), "False")
    assert scene.condition(commit, "ArtifactOutdated") == {}
    sparse = scene.settled(scene.source(shop, "fourth", sparseCheckout=["x"]), "False", "GitOperationFailed")
    assert "sparse checkout dir 'x' does not exist in repository" in scene.condition(sparse)["message"]


def test_an_artifact_is_served_at_the_address_of_the_next_process(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit(
        {"a.yaml": f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: {scene.namespace}}}}}\n"}
    )
    first = scene.start()
    source, live = scene.source(repository), scene.kustomization()
    scene.settled(source)
    scene.settled(live)
    before = scene.get(source)["status"]["artifact"]
    first.stop()
    scene.start()
    scene.run_again(live)  # which needs the artifact: a new process has none in memory
    after = scene.get(source)["status"]["artifact"]
    assert after["url"] != before["url"]
    assert {**after, "url": ""} == {**before, "url": ""}
