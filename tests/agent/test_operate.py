"""The operator's commands against a running agent on a real control plane."""

from __future__ import annotations

import json
import subprocess

from agent_bed import AgentBed
from bed import KBUILD


def run(scene: AgentBed, *arguments: str) -> tuple[int, str, str]:
    command = [str(KBUILD), *arguments, "-n", scene.namespace]
    done = subprocess.run(
        command, env=scene.bed.environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_get_reconcile_suspend_and_resume(scene: AgentBed) -> None:
    repository = scene.repository()
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": scene.namespace}}
    first = repository.commit({"a.yaml": json.dumps(manifest)})
    scene.start()
    source, live = scene.source(repository), scene.kustomization()
    scene.settled(source)
    scene.settled(live)
    short = f"main@sha1:{first[:8]}"
    code, out, err = run(scene, "get", "sources", "git")
    assert (code, err) == (0, "")
    assert out.splitlines()[1] == f"shop\t{short}\tFalse    \tTrue \tstored artifact for revision '{short}'\t"
    code, out, _ = run(scene, "get", "ks", "web", "--show-source")
    assert f"web \tGitRepository/{scene.namespace}/shop\t{short}\tFalse    \tTrue \tApplied revision: {short}" in out
    assert run(scene, "get", "all")[1].count("NAME") == 2
    code, out, err = run(scene, "get", "ks", "nope")
    assert (code, out, err) == (1, "", f"✗ Kustomization object 'nope' not found in \"{scene.namespace}\" namespace\n")

    second = repository.commit({"a.yaml": json.dumps({**manifest, "data": {"k": "v"}})})
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

    assert run(scene, "suspend", "ks", "web") == (
        0,
        "",
        f"► suspending kustomization web in {scene.namespace} namespace\n✔ kustomization suspended\n",
    )
    assert run(scene, "reconcile", "ks", "web") == (1, "", "✗ resource is suspended\n")
    code, _, err = run(scene, "resume", "kustomization", "web")
    assert code == 0
    assert err.splitlines()[1:] == [
        "✔ kustomization resumed", "◎ waiting for Kustomization reconciliation", "✔ Kustomization web reconciliation completed",
        f"✔ applied revision main@sha1:{second}",
    ]  # fmt: skip
    assert run(scene, "suspend", "ks", "zz") == (
        0,
        "",
        f"✗ Kustomization zz not found in {scene.namespace} namespace\n",
    )

    repository.commit({"b.yaml": "a: 1\n"})
    run(scene, "reconcile", "source", "git", "shop")
    code, _, err = run(scene, "reconcile", "ks", "web")
    assert code == 1
    assert err.splitlines()[-1] == "✗ failed to decode Kubernetes YAML from b.yaml: missing Resource metadata"
    assert "False" in run(scene, "get", "ks", "--status-selector", "ready=false")[1]
