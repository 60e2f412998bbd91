"""Creating, exporting and deleting Flux's objects against a running agent on a real control plane."""

from __future__ import annotations

import json
import subprocess

from agent_bed import AgentBed, Object, until
from bed import KBUILD

import kbuild


def run(scene: AgentBed, *arguments: str) -> tuple[int, str, str]:
    command = [str(KBUILD), *arguments, "-n", scene.namespace]
    done = subprocess.run(
        command, env=scene.bed.environment(), capture_output=True, text=True, timeout=120, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def config_map(scene: AgentBed) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": scene.namespace}}


def test_f74_a_source_and_a_kustomization_from_flags_are_applied_and_waited_for(scene: AgentBed) -> None:
    repository = scene.repository()
    head = repository.commit({"deploy/a.yaml": json.dumps(config_map(scene))})
    scene.git.protect("s3cret")
    scene.start()
    source = ("create", "source", "git", "shop", "--url", repository.url, "--branch", "main")
    code, out, err = run(scene, *source, "-u", "git", "-p", "s3cret")
    assert (code, out) == (0, "")
    assert err.splitlines() == [
        "✚ generating GitRepository source",
        "⚠️ insecure configuration: credentials configured for an HTTP URL",
        "► applying secret with repository credentials",
        "✔ authentication configured",
        "► applying GitRepository source",
        "✔ GitRepository source created",
        "◎ waiting for GitRepository source reconciliation",
        "✔ GitRepository source reconciliation completed",
        f"✔ fetched revision: main@sha1:{head}",
    ]
    code, _, err = run(scene, *source, "--secret-ref", "shop", "--interval", "2m")
    assert code == 0
    assert "✔ GitRepository source updated" in err.splitlines()
    assert "s3cret" not in err

    arguments = ("create", "kustomization", "web", "--source", "GitRepository/shop", "--path", "deploy", "--prune")
    code, out, err = run(scene, *arguments)
    assert (code, out) == (0, "")
    assert err.splitlines() == [
        "✚ generating Kustomization",
        "► applying Kustomization",
        "✔ Kustomization created",
        "◎ waiting for Kustomization reconciliation",
        "✔ Kustomization web is ready",
        f"✔ applied revision main@sha1:{head}",
    ]
    code, out, _ = run(scene, *arguments, "--export")
    exported = run(scene, "export", "ks", "web")
    assert exported == (0, out, "")
    assert run(scene, "export", "ks", "--all")[1] == out

    code, out, _ = run(scene, "export", "source", "git", "shop", "--with-credentials")
    documents = kbuild.read_documents(out)
    assert [one["kind"] for one in documents] == ["GitRepository", "Secret"]
    assert documents[0]["spec"]["interval"] == "2m0s"
    assert "status" not in documents[0]

    code, _, err = run(scene, *arguments[:3], "--source", "shop", "--path", "nope", "--timeout", "20s")
    assert code == 1
    assert err.splitlines()[-1].startswith("✗ kustomization path not found")


def test_deleting_asks_and_takes_what_was_applied_with_it(scene: AgentBed) -> None:
    repository = scene.repository()
    repository.commit({"a.yaml": json.dumps(config_map(scene))})
    scene.start()
    source = scene.source(repository)
    live = scene.settled(scene.kustomization())
    assert run(scene, "delete", "ks", "web") == (1, "", "✗ aborting\n")
    assert run(scene, "delete", "ks", "web", "-s") == (
        0,
        "",
        f"► deleting kustomization web in {scene.namespace} namespace\n✔ kustomization deleted\n",
    )
    until(lambda: scene.kube.live(live) is None)
    until(lambda: scene.kube.live(config_map(scene)) is None)
    gone = '✗ kustomizations.kustomize.toolkit.fluxcd.io "web" not found\n'
    assert run(scene, "delete", "kustomization", "web", "--silent") == (1, "", gone)
    assert run(scene, "export", "ks", "web") == (1, "", gone)
    assert run(scene, "delete", "source", "git", "shop", "-s") == (
        0,
        "",
        f"► deleting source git shop in {scene.namespace} namespace\n✔ source git deleted\n",
    )
    until(lambda: scene.kube.live(source) is None)


def test_notification_objects_are_applied_as_they_are_printed(scene: AgentBed) -> None:
    provider = ("create", "alert-provider", "chat", "--type", "generic", "--address", "https://hooks.example.test/x")
    code, _, err = run(scene, *provider)
    assert code == 0
    assert err.splitlines()[-1] == "✔ Provider chat is ready"
    alert = (
        "create",
        "alert",
        "all",
        "--provider-ref",
        "chat",
        "--event-source",
        "Kustomization/*",
        "--label",
        "team=a",
    )
    assert run(scene, *alert)[0] == 0
    assert run(scene, "export", "alert", "all")[1] == run(scene, *alert, "--export")[1]
    assert run(scene, "delete", "alert", "all", "-s")[0] == 0
