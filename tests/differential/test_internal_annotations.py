"""Annotations of the build that a user writes: in resources, patches and generator options, under several steps."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from against import difference, without_places, write_tree
from in_process import run

pytestmark = pytest.mark.differential

Oracle = Callable[..., "subprocess.CompletedProcess[str]"]
DOMAIN = "internal.config.kubernetes.io/"
HISTORY = f"{DOMAIN}previousNames: old\n{DOMAIN}previousNamespaces: default\n{DOMAIN}previousKinds: ConfigMap\n"
ANNOTATIONS = {
    "a history": HISTORY,
    "a torn history": f"{DOMAIN}previousNames: old\n",
    "two names": HISTORY.replace("old", "a,b").replace("default", "x,y").replace("ConfigMap", "ConfigMap,ConfigMap"),
    "a prefix": f"{DOMAIN}prefixes: p-\n",
    "a suffix": f"{DOMAIN}suffixes: -s\n",
    "a hash": f"{DOMAIN}needsHashSuffix: enabled\n",
    "no hash": f"{DOMAIN}needsHashSuffix: 'yes'\n",
    "a behavior": f"{DOMAIN}generatorBehavior: merge\n",
    "an odd behavior": f"{DOMAIN}generatorBehavior: odd\n",
    "a permission": f"{DOMAIN}allowNameChange: enabled\n",
    "a referrer": f"{DOMAIN}refBy: x\n",
    "another of the domain": f"{DOMAIN}foo: x\n",
    "from helm": f"{DOMAIN}helm-generated: 'true'\n",
    "an origin": "config.kubernetes.io/origin: 'path: x'\n",
    "a transformation": "alpha.config.kubernetes.io/transformations: |\n  - configuredIn: x\n",
    "old ones": "config.kubernetes.io/path: a\nconfig.kubernetes.io/index: '1'\nconfig.k8s.io/id: '2'\n",
    "a path beside others": f"{DOMAIN}path: a\nkeep: b\n",
    "local, but not": "config.kubernetes.io/local-config: 'false'\n",
    "local without a value": "config.kubernetes.io/local-config: ''\n",
    "a wish of a plugin": "kustomize.config.k8s.io/needs-hash: 'true'\n",
}
STEPS = {
    "nothing": "",
    "prefix": "namePrefix: x-\n",
    "namespace": "namespace: n\n",
    "metadata": "buildMetadata: [originAnnotations, transformerAnnotations]\nnamePrefix: x-\n",
    "merge": "configMapGenerator: [{name: c, behavior: merge, literals: [q=r]}]\n",
    "patch": 'patches: [{patch: "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, annotations: {z: z}}}"}]\n',
    "json patch": "patches: [{target: {kind: ConfigMap}, patch: '[{op: add, path: /data/x, value: z}]'}]\nnamePrefix: x-\n",
}
POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
    "  volumes: [{name: v, configMap: {name: old}}, {name: w, configMap: {name: c}}]\n"
)


def config_map(annotations: str) -> str:
    lines = "".join(f"    {line}\n" for line in annotations.splitlines())
    shown = f"  annotations:\n{lines}" if lines else ""
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n{shown}data: {{a: b}}\n"


def compare(oracle: Oracle, folder: Path) -> None:
    theirs = oracle(str(folder))
    done = run(["render", str(folder)], folder)
    expected = theirs.returncode, theirs.stdout, without_places(theirs.stderr)
    if theirs.returncode == 2:  # a crash has a stack trace and no sentence
        assert done.status == 1
        return
    found = done.status, done.stdout.decode(), without_places(done.stderr)
    assert not difference(expected, found), difference(expected, found)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", ANNOTATIONS)
def test_in_a_resource(oracle: Oracle, tmp_path: Path, name: str, step: str) -> None:
    files = {
        "kustomization.yaml": f"resources: [r.yaml, pod.yaml]\n{STEPS[step]}",
        "r.yaml": config_map(ANNOTATIONS[name]),
        "pod.yaml": POD,
    }
    compare(oracle, write_tree(tmp_path, files))


@pytest.mark.parametrize("name", ANNOTATIONS)
def test_in_a_patch(oracle: Oracle, tmp_path: Path, name: str) -> None:
    files = {
        "kustomization.yaml": "resources: [r.yaml, pod.yaml]\npatches: [{path: p.yaml}]\nnamePrefix: x-\n",
        "r.yaml": config_map("q: r\n"),
        "p.yaml": config_map(ANNOTATIONS[name]).replace("a: b", "z: z"),
        "pod.yaml": POD,
    }
    compare(oracle, write_tree(tmp_path, files))


@pytest.mark.parametrize("name", ANNOTATIONS)
def test_in_generator_options(oracle: Oracle, tmp_path: Path, name: str) -> None:
    lines = "".join(f"    {line}\n" for line in ANNOTATIONS[name].splitlines())
    files = {
        "kustomization.yaml": f"generatorOptions:\n  annotations:\n{lines}configMapGenerator: [{{name: c, literals: [a=b]}}]\n"
        "resources: [pod.yaml]\n",
        "pod.yaml": POD,
    }
    compare(oracle, write_tree(tmp_path, files))
