"""`-o DIR` and `-o FILE`: the same files with the same bytes as the reference writes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from against import difference, without_places, write_tree
from in_process import run

pytestmark = pytest.mark.differential

Oracle = Callable[..., "subprocess.CompletedProcess[str]"]


def document(api_version: str, kind: str, name: str, namespace: str = "") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return f"---\napiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: {name}{where}}}\n"


SETS = {
    "one namespace": [("v1", "ConfigMap", "A.b", "q"), ("apps/v1", "Deployment", "d", "q")],
    "one namespace and none": [("v1", "ConfigMap", "a", "q"), ("v1", "Namespace", "q"), ("x/v1", "Foo", "f", "q")],
    "default and written default": [("v1", "ConfigMap", "a"), ("v1", "Secret", "a", "default")],
    "two namespaces": [("v1", "ConfigMap", "a", "Q"), ("v1", "ConfigMap", "a"), ("v1", "Namespace", "q")],
    "cluster-scoped only": [("v1", "Namespace", "q"), ("rbac.authorization.k8s.io/v1", "ClusterRole", "r")],
    "nothing": [],
}
UNPRINTABLE = {
    "what cannot be printed before what has no namespace": [
        ("v1", "Namespace", "q"), ("x/v1", "Foo\nspec: {a: 1, a: 2}", "f", "q"), ("v1", "ConfigMap", "a", "q"),
    ],
    "what cannot be printed without a namespace": [("v1", "Namespace\nspec: {a: 1, a: 2}", "q"), ("v1", "ConfigMap", "a", "q")],
}  # fmt: skip


@pytest.mark.parametrize("extra", ["", "sortOptions: {order: fifo}\n", "buildMetadata: [originAnnotations]\n"])
@pytest.mark.parametrize("name", SETS)
def test_one_file_for_each_resource(oracle: Oracle, tmp_path: Path, name: str, extra: str) -> None:
    check_files(oracle, tmp_path, SETS[name], extra)


@pytest.mark.parametrize("name", UNPRINTABLE)
def test_files_that_are_there_when_one_cannot_be_printed(oracle: Oracle, tmp_path: Path, name: str) -> None:
    check_files(oracle, tmp_path, UNPRINTABLE[name], "")


def check_files(oracle: Oracle, tmp_path: Path, entries: list[tuple[str, ...]], extra: str) -> None:
    """Compare what both say and the files that they leave."""
    text = "".join(document(*entry) for entry in entries)
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": f"resources: [r.yaml]\n{extra}", "r.yaml": text})
    found = []
    for build in ("theirs", "ours"):
        out = tmp_path / build
        out.mkdir()
        if build == "theirs":
            done = oracle(str(folder), "-o", str(out))
            told = (done.returncode, done.stdout, without_places(done.stderr))
        else:
            ran = run(["render", str(folder), "-o", str(out)], folder)
            told = (ran.status, ran.stdout.decode(), without_places(ran.stderr))
        found.append((*told, {path.name: path.read_text() for path in sorted(out.iterdir())}))
    assert not difference(*found), difference(*found)


@pytest.mark.parametrize(
    "line", ["a: 1\n  a: 2", "a: !!int abc", "a: .inf", "a: {1: x}", 'a: "b\\x7F"', "a: 1\n  null: x"]
)
def test_what_cannot_be_printed_is_told_in_other_words(oracle: Oracle, tmp_path: Path, line: str) -> None:
    text = f"kind: A\nmetadata:\n  name: x\n  annotations: {{z: 1}}\nspec:\n  {line}\n"
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": text})
    out = tmp_path / "out"
    out.mkdir()
    theirs = oracle(str(folder), "-o", str(out))
    done = run(["render", str(folder), "-o", str(out)], folder)
    expected, found = (theirs.returncode, theirs.stderr), (done.status, without_places(done.stderr))
    assert expected[0] == 1
    assert not difference(expected, found), difference(expected, found)


@pytest.mark.parametrize("place", ["f.yaml", "nowhere/f.yaml"])
def test_one_file_for_everything(oracle: Oracle, tmp_path: Path, place: str) -> None:
    text = "".join(document(*entry) for entry in SETS["two namespaces"])
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": text})
    path = tmp_path / place
    theirs = oracle(str(folder), "-o", str(path))
    expected = theirs.returncode, without_places(theirs.stderr), path.read_text() if path.exists() else None
    path.unlink(missing_ok=True)
    done = run(["render", str(folder), "-o", str(path)], folder)
    assert (done.status, without_places(done.stderr), path.read_text() if path.exists() else None) == expected
