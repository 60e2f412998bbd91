"""F44: encrypted Secrets, generator files and patches are decrypted with the real sops, and no cipher text is applied."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from agent_bed import AgentBed, Object
from agent_sets import follow, manifest
from install_sops import is_there, path_of

from applier.agent.runtime.queue import Key

pytestmark = pytest.mark.skipif(not is_there(), reason="sops is not installed: make oracle installs it where Go is")
PLAIN = "apiVersion: v1\nkind: Secret\nmetadata: {{name: {0}, namespace: {1}}}\n{2}: {{password: {3}}}\n"


class Sops:
    """An age key, and encryption with it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        made = subprocess.run([path_of("age-keygen")], capture_output=True, text=True, check=True)
        self.identity = made.stdout
        self.recipient = made.stdout.partition("public key: ")[2].split()[0]

    def encrypt(self, name: str, text: str, *flags: str) -> str:
        path = self.folder / name
        path.write_text(text)
        command = [str(path_of("sops")), "--encrypt", "--age", self.recipient, *flags, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def sops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sops:
    monkeypatch.setenv("PATH", f"{path_of('sops').parent}:{os.environ['PATH']}")
    return Sops(tmp_path / "sops")


def keys(scene: AgentBed, name: str, text: str) -> None:
    data = {"id.agekey": base64.b64encode(text.encode()).decode()}
    metadata = {"name": name, "namespace": scene.namespace}
    scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})


def value(scene: AgentBed, name: str, key: str = "password") -> str:
    body = scene.kube.get("v1", "Secret", scene.namespace, name)
    assert body is not None
    return base64.b64decode(body["data"][key]).decode()


def started(scene: AgentBed, files: dict[str, str | None], **spec: Any) -> Object:
    scene.repository().commit(files)
    scene.start()
    metadata = {"interval": "1h", "url": scene.git.url("shop"), "ref": {"branch": "main"}}
    scene.create("source.toolkit.fluxcd.io/v1", "GitRepository", "shop", metadata)
    return scene.kustomization(**spec)


REGEX = ("--encrypted-regex", "^(data|stringData)$")
WITH_KEYS = {"decryption": {"provider": "sops", "secretRef": {"name": "keys"}}}


def test_f44_everything_encrypted_is_plain_in_the_cluster(scene: AgentBed, sops: Sops) -> None:
    def secret(name: str, field: str, text: str) -> str:
        return PLAIN.format(name, scene.namespace, field, text)

    whole = sops.encrypt("in.json", '{"inner": "nested"}')
    inside = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "five", "namespace": scene.namespace}}
    files: dict[str, str | None] = {
        "kustomization.yaml": (
            "resources: [one.yaml, two.yaml, many.yaml, five.yaml, map.yaml]\n"
            "generatorOptions: {disableNameSuffixHash: true}\n"
            f"secretGenerator:\n- {{name: gen, namespace: {scene.namespace}, files: [file.txt], envs: [gen.env]}}\n"
            "patches: [{path: patch.yaml}]\n"
        ),
        "one.yaml": sops.encrypt("one.yaml", secret("one", "stringData", "s1"), *REGEX),
        "two.yaml": sops.encrypt("two.yaml", secret("two", "data", base64.b64encode(b"s2").decode()), *REGEX),
        "many.yaml": sops.encrypt("three.yaml", secret("three", "stringData", "s3"), *REGEX)
        + "---\n"
        + manifest(scene, "beside")
        + "\n---\n"
        + sops.encrypt("four.yaml", secret("four", "stringData", "s4"), *REGEX),
        "five.yaml": json.dumps({**inside, "data": {"in.json": base64.b64encode(whole.encode()).decode()}}),
        "map.yaml": manifest(scene, "map"),
        "file.txt": sops.encrypt("file.txt", "a file\n"),
        "gen.env": sops.encrypt("gen.env", "USER=ann\n"),
        "patch.yaml": sops.encrypt("patch.yaml", PLAIN.format("one", scene.namespace, "stringData", "patched"), *REGEX),
    }
    keys(scene, "keys", sops.identity)
    live = scene.settled(started(scene, files, **WITH_KEYS), within_s=60)
    assert [value(scene, name) for name in ("one", "two", "three", "four")] == ["patched", "s2", "s3", "s4"]
    assert json.loads(value(scene, "five", "in.json")) == {"inner": "nested"}
    assert (value(scene, "gen", "file.txt"), value(scene, "gen", "USER")) == ("a file\n", "ann")
    assert "s2" not in scene.log.read_text()
    assert live


@pytest.mark.parametrize("form", ["data", "stringData", "generator"])
def test_f44_cipher_text_is_refused_where_no_decryption_is_configured(scene: AgentBed, sops: Sops, form: str) -> None:
    text = base64.b64encode(b"top").decode() if form == "data" else "top"
    files: dict[str, str | None] = {
        "s.yaml": sops.encrypt("s.yaml", PLAIN.format("s", scene.namespace, form, text), *REGEX)
    }
    if form == "generator":
        generator = f"secretGenerator:\n- {{name: s, namespace: {scene.namespace}, files: [file.txt]}}\ngeneratorOptions: {{disableNameSuffixHash: true}}\n"
        files = {"kustomization.yaml": generator, "file.txt": sops.encrypt("file.txt", "top")}
    live = scene.settled(started(scene, files), "False", "ReconciliationFailed")
    assert scene.condition(live)["message"].strip() == (
        f"Secret/{scene.namespace}/s is SOPS encrypted, configuring decryption is required for this secret to be reconciled"
    )
    assert scene.kube.get("v1", "Secret", scene.namespace, "s") is None


def test_f44_wrong_keys_and_changed_files_fail_the_build_and_show_nothing(
    scene: AgentBed, sops: Sops, tmp_path: Path
) -> None:
    files: dict[str, str | None] = {
        "s.yaml": sops.encrypt("s.yaml", PLAIN.format("s", scene.namespace, "stringData", "top"), *REGEX)
    }
    other = Sops(tmp_path / "other")
    live = scene.settled(started(scene, files, retryInterval="1s", **WITH_KEYS), "False", "BuildFailed")
    assert scene.condition(live)["message"].endswith('secrets "keys" not found')
    keys(scene, "keys", other.identity)
    live = scene.run_again(live, "False")
    message = scene.condition(live)["message"]
    assert message.startswith("decryption failed for 'Secret.v1.[noGrp]/s': ")
    assert "data key" in message
    keys(scene, "bad", "no key\n")
    scene.kube.merge(live, {"spec": {"decryption": {"secretRef": {"name": "bad"}}}})
    live = scene.settled(live, "False", "BuildFailed")
    expected = f"failed to import 'id.agekey' data from sops decryption Secret '{scene.namespace}/bad': failed to parse and add to age identities: unknown identity type"
    assert scene.condition(live)["message"] == expected
    keys(scene, "good", sops.identity)
    scene.kube.merge(live, {"spec": {"decryption": {"secretRef": {"name": "good"}}}})
    scene.settled(live)
    assert value(scene, "s") == "top"
    changed = (files["s.yaml"] or "").replace("name: s", "name: t")
    failed = follow(scene, scene.repositories["shop"], {"s.yaml": changed}, live, "False")
    assert "MAC mismatch" in scene.condition(failed)["message"]
    everything = scene.log.read_text() + json.dumps(scene.events("web"))
    assert other.identity.split()[-1] not in everything
    assert sops.identity.split()[-1] not in everything
    assert '"top"' not in everything


def test_f44_keys_for_everybody_are_used_where_none_are_named(scene: AgentBed, sops: Sops, tmp_path: Path) -> None:
    text = PLAIN.format("s", scene.namespace, "stringData", "top")
    scene.repository().commit({"s.yaml": sops.encrypt("s.yaml", text, *REGEX)})
    keys(scene, "everybody", sops.identity)
    keys(scene, "own", Sops(tmp_path / "other").identity)
    scene.start(age_secret=Key(scene.namespace, "everybody"))
    scene.source(scene.repositories["shop"])
    scene.settled(scene.kustomization(decryption={"provider": "sops"}))
    assert value(scene, "s") == "top"
    bad = scene.kustomization("own", decryption={"provider": "sops", "secretRef": {"name": "own"}})
    scene.settled(bad, "False", "BuildFailed")
