"""Renders share nothing: many at once, with different schemas, give the bytes of one after the other."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

import kbuild

THREADS = 16

CUSTOM = """\
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec:
  parts:
  - {name: a, size: 1}
  - {name: b, size: 2}
  - {name: c, size: 3}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: app, image: nginx, env: [{name: A, value: a}]}
      volumes: [{name: settings, configMap: {name: settings}}]
"""


def schema(key: str | None) -> str:
    """An OpenAPI document in which the parts of a Widget are merged by a key, or not at all."""
    parts: dict[str, object] = {"type": "array", "items": {"type": "object"}}
    if key is not None:
        parts |= {"x-kubernetes-patch-merge-key": key, "x-kubernetes-patch-strategy": "merge"}
    definition = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"parts": parts}}},
        "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}],
    }
    return json.dumps({"definitions": {"com.example.v1.Widget": definition}})


def tree(number: int) -> dict[str, str]:
    """A kustomization whose schema, patch, prefix and generated names depend on a number."""
    key = ("name", "size", None)[number % 3]
    patch = CUSTOM.partition("  parts:")[0] + f"  parts:\n  - {{name: b, size: 3, added: {number}}}\n"
    kustomization = [
        f"namePrefix: p{number}-",
        "resources: [widget.yaml, base]",
        "patches: [{path: patch.yaml}, {path: web.yaml}]",
        f"configMapGenerator: [{{name: settings, literals: [number={number}]}}]",
    ]
    files = {
        "patch.yaml": patch,
        "web.yaml": DEPLOYMENT.replace("nginx", f"nginx:{number}").replace("name: A, value: a", f"name: B, value: '{number}'"),
        "widget.yaml": CUSTOM,
        "base/kustomization.yaml": f"resources: [web.yaml]\ncommonAnnotations: {{number: '{number}'}}\n",
        "base/web.yaml": DEPLOYMENT,
    }  # fmt: skip
    if number % 4:
        kustomization.append("openapi: {path: schema.json}")
        files["schema.json"] = schema(key)
    files["kustomization.yaml"] = "\n".join(kustomization) + "\n"
    return {f"/t{number}/{name}": text for name, text in files.items()}


TREES = [tree(number) for number in range(THREADS)]


def text_of(number: int) -> str:
    return kbuild.render(f"/t{number}", fs=kbuild.MemoryFileSystem(TREES[number])).to_yaml()


@pytest.fixture
def nervous_interpreter() -> Iterator[None]:
    """Threads change places a thousand times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("nervous_interpreter")
def test_many_renders_at_once_give_the_bytes_of_one_after_the_other() -> None:
    alone = [text_of(number) for number in range(THREADS)]
    assert len(set(alone)) == THREADS
    barrier = Barrier(THREADS)

    def work(number: int) -> list[str]:
        barrier.wait()
        return [text_of(number) for _ in range(5)]

    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(work, range(THREADS)))
    assert together == [[text] * 5 for text in alone]


def test_the_schemas_do_make_a_difference() -> None:
    """Else the test above would prove little: the same patch merges by name, by size, or replaces the list."""
    parts = [
        kbuild.render(f"/t{number}", fs=kbuild.MemoryFileSystem(TREES[number])).to_dicts()[-1]["spec"]["parts"]
        for number in (6, 1, 2)
    ]
    assert [len(found) for found in parts] == [3, 3, 1]
    assert parts[0][0] == {"name": "b", "size": 3, "added": 6}
    assert parts[1][0] == {"name": "b", "size": 3, "added": 1}


def test_one_file_system_can_serve_many_renders() -> None:
    files = {path: text for found in TREES for path, text in found.items()}
    fs = kbuild.MemoryFileSystem(files)
    paths = [f"/t{number}" for number in range(THREADS)] * 2
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda path: kbuild.render(path, fs=fs).to_yaml(), paths))
    assert together == [kbuild.render(path, fs=fs).to_yaml() for path in paths]


def test_a_failing_render_leaves_the_others_alone() -> None:
    def work(number: int) -> str:
        files = dict(TREES[number % THREADS])
        if number % 2:
            del files[f"/t{number % THREADS}/base/web.yaml"]
        try:
            return kbuild.render(f"/t{number % THREADS}", fs=kbuild.MemoryFileSystem(files)).to_yaml()
        except kbuild.MissingFileError:
            return "missing"

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(work, range(THREADS * 2)))
    assert found == ["missing" if number % 2 else text_of(number % THREADS) for number in range(THREADS * 2)]
