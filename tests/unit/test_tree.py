"""Whole trees: which failure is reported, in which words, and what loading leaves undone behind it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kbuild.build import build
from kbuild.counters import Counters
from kbuild.documents.reader import Memo
from kbuild.load import tree
from kbuild.load.filesystem import DiskFileSystem
from kbuild.load.overlay_fs import MemoryFileSystem
from kbuild.load.root import Access
from kbuild.model.errors import KbuildError
from kbuild.model.ids import CLUSTER_SCOPED
from kbuild.model.tree import BaseEntry, FileEntry, LoadFailure, Node
from kbuild.options import Options

if TYPE_CHECKING:
    from pathlib import Path

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

# claim -> (files, folder to build, sentence); the sentences are those of kustomize v5.8.1 with the files in /app.
# Claims that end in "without restrictions" were run with --load-restrictor LoadRestrictionsNone.
FAILURES: dict[str, tuple[dict[str, str], str, str]] = {
    "no kustomization file": (
        {"x.yaml": CM},
        ".",
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '/app'",
    ),
    "no such root": (
        {"x.yaml": CM},
        "nope",
        "must build at directory: not a valid directory: evalsymlink failure on 'nope' : lstat /app/nope: no such file or directory",
    ),
    "a file as root": ({"x.yaml": CM}, "x.yaml", "must build at directory: 'x.yaml': file is not directory"),
    "a path through a file as root": (
        {"x.yaml": CM},
        "x.yaml/y",
        "must build at directory: not a valid directory: evalsymlink failure on 'x.yaml/y' : not a directory",
    ),
    "two kustomization files": (
        {"kustomization.yaml": "resources: []\n", "kustomization.yml": "resources: []\n"},
        ".",
        "Found multiple kustomization files under: /app\n",
    ),
    "missing entry": (
        {"kustomization.yaml": "resources: [nope.yaml]\n"},
        ".",
        "accumulating resources: accumulation err='accumulating resources from 'nope.yaml': evalsymlink failure on '/app/nope.yaml' : lstat /app/nope.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/nope.yaml' : lstat /app/nope.yaml: no such file or directory",
    ),
    "entry through a file": (
        {"kustomization.yaml": "resources: [r.yaml/x]\n", "r.yaml": CM},
        ".",
        "accumulating resources: accumulation err='accumulating resources from 'r.yaml/x': evalsymlink failure on '/app/r.yaml/x' : not a directory': must build at directory: not a valid directory: evalsymlink failure on '/app/r.yaml/x' : not a directory",
    ),
    "empty entry": (
        {"kustomization.yaml": "resources: ['']\n"},
        ".",
        "accumulating resources: accumulation err='accumulating resources from '': '/app' must resolve to a file': new root cannot be empty",
    ),
    "null entry": (
        {"kustomization.yaml": "resources: [null]\n"},
        ".",
        "accumulating resources: accumulation err='accumulating resources from '': '/app' must resolve to a file': new root cannot be empty",
    ),
    "absolute folder": (
        {"kustomization.yaml": "resources: [/etc]\n"},
        ".",
        "accumulating resources: accumulation err='accumulating resources from '/etc': '/etc' must resolve to a file': new root '/etc' cannot be absolute",
    ),
    "absolute file": (
        {"kustomization.yaml": "resources: [/etc/hostname]\n"},
        ".",
        "accumulating resources: accumulation err='accumulating resources from '/etc/hostname': security; file '/etc/hostname' is not in or below '/app'': new root '/etc/hostname' cannot be absolute",
    ),
    "absolute missing file": (
        {"kustomization.yaml": "resources: [/nonexist/x]\n"},
        ".",
        "accumulating resources: accumulation err='accumulating resources from '/nonexist/x': evalsymlink failure on '/nonexist/x' : lstat /nonexist: no such file or directory': new root '/nonexist/x' cannot be absolute",
    ),
    "the folder itself": (
        {"kustomization.yaml": "resources: [.]\n"},
        ".",
        "accumulating resources: accumulation err='accumulating resources from '.': '/app' must resolve to a file': cycle detected: candidate root '/app' contains visited root '/app'",
    ),
    "a folder above": (
        {"a/kustomization.yaml": "resources: [../]\n", "kustomization.yaml": "resources: [a]\n"},
        ".",
        "accumulating resources: accumulation err='accumulating resources from 'a': '/app/a' must resolve to a file': recursed accumulation of path '/app/a': accumulating resources: accumulation err='accumulating resources from '../': '/app' must resolve to a file': cycle detected: candidate root '/app' contains visited root '/app/a'",
    ),
    "a cycle": (
        {"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [../a]\n"},
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../b': '/app/b' must resolve to a file': recursed accumulation of path '/app/b': accumulating resources: accumulation err='accumulating resources from '../a': '/app/a' must resolve to a file': cycle detected: candidate root '/app/a' contains visited root '/app/a'",
    ),
    "a file outside": (
        {"a/kustomization.yaml": "resources: [../r.yaml]\n", "r.yaml": CM},
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../r.yaml': security; file '/app/r.yaml' is not in or below '/app/a'': must build at directory: '/app/r.yaml': file is not directory",
    ),
    "missing file without restrictions": (
        {"a/kustomization.yaml": "resources: [../q.yaml]\n"},
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../q.yaml': open /app/q.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/q.yaml' : lstat /app/q.yaml: no such file or directory",
    ),
    "missing entry below without restrictions": (
        {"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [nope]\n"},
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../b': read /app/b: is a directory': recursed accumulation of path '/app/b': accumulating resources: accumulation err='accumulating resources from 'nope': open /app/b/nope: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/b/nope' : lstat /app/b/nope: no such file or directory",
    ),
    "base without kustomization file": (
        {"a/kustomization.yaml": "resources: [../b]\n", "b/r.yaml": CM},
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../b': '/app/b' must resolve to a file': couldn't make target for path '/app/b': unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '/app/b'",
    ),
    "missing entry in a base": (
        {"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "resources: [r.yaml]\n"},
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../b': '/app/b' must resolve to a file': recursed accumulation of path '/app/b': accumulating resources: accumulation err='accumulating resources from 'r.yaml': evalsymlink failure on '/app/b/r.yaml' : lstat /app/b/r.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/b/r.yaml' : lstat /app/b/r.yaml: no such file or directory",
    ),
    "unknown field in a base": (
        {"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "foo: 1\n"},
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../b': '/app/b' must resolve to a file': couldn't make target for path '/app/b': invalid Kustomization: json: unknown field \"foo\"",
    ),
    "empty component as base": (
        {"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "kind: Component\n"},
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../b': '/app/b' must resolve to a file': couldn't make target for path '/app/b': kustomization.yaml is empty",
    ),
    "component as base": (
        {"a/kustomization.yaml": "resources: [../b]\n", "b/kustomization.yaml": "kind: Component\nresources: [nope]\n"},
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../b': '/app/b' must resolve to a file': expected kind != 'Component' for path '/app/b'",
    ),
    "kustomization as component": (
        {"a/kustomization.yaml": "components: [../b]\n", "b/kustomization.yaml": "resources: [nope]\n"},
        "a",
        "accumulating components: accumulateDirectory: \"expected kind 'Component' for path '/app/b' but got 'Kustomization'\"",
    ),
    "file as component": (
        {"kustomization.yaml": "components: [r.yaml]\n", "r.yaml": CM},
        ".",
        "accumulating components: loader.New \"must build at directory: '/app/r.yaml': file is not directory\"",
    ),
    "missing component": (
        {"kustomization.yaml": "components: [nope]\n"},
        ".",
        "accumulating components: loader.New \"must build at directory: not a valid directory: evalsymlink failure on '/app/nope' : lstat /app/nope: no such file or directory\"",
    ),
    "missing entry in a component": (
        {
            "a/kustomization.yaml": "components: [../b]\n",
            "b/kustomization.yaml": "kind: Component\nresources: [nope.yaml]\n",
        },
        "a",
        "accumulating components: accumulateDirectory: \"recursed accumulation of path '/app/b': accumulating resources: accumulation err='accumulating resources from 'nope.yaml': evalsymlink failure on '/app/b/nope.yaml' : lstat /app/b/nope.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/b/nope.yaml' : lstat /app/b/nope.yaml: no such file or directory\"",
    ),
    "empty component entry": (
        {"kustomization.yaml": "components: ['']\n"},
        ".",
        'accumulating components: loader.New "new root cannot be empty"',
    ),
    "one id in two bases": (
        {
            "a/kustomization.yaml": "resources: [../b, ../c]\n",
            "b/kustomization.yaml": "resources: [r.yaml]\n",
            "b/r.yaml": CM,
            "c/kustomization.yaml": "resources: [r.yaml]\n",
            "c/r.yaml": CM,
        },
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../c': '/app/c' must resolve to a file': recursed merging from path '/app/c': may not add resource with an already registered id: ConfigMap.v1.[noGrp]/a.[noNs]",
    ),
    "one id twice in a file": (
        {"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": CM + "---\n" + CM, "r.y": ""},
        ".",
        "accumulating resources: accumulation err='accumulating resources from 'r.yaml': may not add resource with an already registered id: ConfigMap.v1.[noGrp]/a.[noNs]': must build at directory: '/app/r.yaml': file is not directory",
    ),
    "one id in two files": (
        {"kustomization.yaml": "resources: [r.yaml, s.yaml]\n", "r.yaml": CM, "s.yaml": CM},
        ".",
        "accumulating resources: accumulation err='merging resources from 's.yaml': may not add resource with an already registered id: ConfigMap.v1.[noGrp]/a.[noNs]': must build at directory: '/app/s.yaml': file is not directory",
    ),
    "one file twice": (
        {"kustomization.yaml": "resources: [r.yaml, r.yaml]\n", "r.yaml": CM},
        ".",
        "accumulating resources: accumulation err='merging resources from 'r.yaml': may not add resource with an already registered id: ConfigMap.v1.[noGrp]/a.[noNs]': must build at directory: '/app/r.yaml': file is not directory",
    ),
    "malformed file": (
        {"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": "a: b: c\n"},
        ".",
        "accumulating resources: accumulating resources from 'r.yaml': MalformedYAMLError: yaml: mapping values are not allowed in this context in File: r.yaml",
    ),
    "text after a separator": (
        {
            "kustomization.yaml": "resources: [r.yaml]\n",
            "r.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n--- foo\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        },
        ".",
        "accumulating resources: accumulation err='accumulating resources from 'r.yaml': invalid document separator: --- foo': must build at directory: '/app/r.yaml': file is not directory",
    ),
    "the base fails first": (
        {"a/kustomization.yaml": "resources: [../b, nope.yaml]\n", "b/kustomization.yaml": "resources: [zz.yaml]\n"},
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../b': '/app/b' must resolve to a file': recursed accumulation of path '/app/b': accumulating resources: accumulation err='accumulating resources from 'zz.yaml': evalsymlink failure on '/app/b/zz.yaml' : lstat /app/b/zz.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/b/zz.yaml' : lstat /app/b/zz.yaml: no such file or directory",
    ),
    "missing old base": (
        {"a/kustomization.yaml": "resources: [r.yaml]\nbases:\n- ../c\n", "a/r.yaml": CM},
        "a",
        "accumulating resources: accumulation err='accumulating resources from '../c': evalsymlink failure on '/app/c' : lstat /app/c: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/c' : lstat /app/c: no such file or directory",
    ),
    "missing generator file": (
        {"kustomization.yaml": "generators: [g.yaml]\n"},
        ".",
        "loading generator plugins: accumulation err='accumulating resources from 'g.yaml': evalsymlink failure on '/app/g.yaml' : lstat /app/g.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/g.yaml' : lstat /app/g.yaml: no such file or directory",
    ),
    "missing transformer file": (
        {"kustomization.yaml": "transformers: [g.yaml]\n"},
        ".",
        "accumulation err='accumulating resources from 'g.yaml': evalsymlink failure on '/app/g.yaml' : lstat /app/g.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/g.yaml' : lstat /app/g.yaml: no such file or directory",
    ),
    "missing validator file": (
        {"kustomization.yaml": "validators: [g.yaml]\n"},
        ".",
        "accumulation err='accumulating resources from 'g.yaml': evalsymlink failure on '/app/g.yaml' : lstat /app/g.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/g.yaml' : lstat /app/g.yaml: no such file or directory",
    ),
    "missing file in a folder of generators": (
        {"a/kustomization.yaml": "generators: [../b]\n", "b/kustomization.yaml": "resources: [g.yaml]\n"},
        "a",
        "loading generator plugins: accumulation err='accumulating resources from '../b': '/app/b' must resolve to a file': recursed accumulation of path '/app/b': accumulating resources: accumulation err='accumulating resources from 'g.yaml': evalsymlink failure on '/app/b/g.yaml' : lstat /app/b/g.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/b/g.yaml' : lstat /app/b/g.yaml: no such file or directory",
    ),
    "a name with an at sign": (
        {"kustomization.yaml": "resources: ['foo@bar']\n"},
        ".",
        "accumulating resources: accumulation err='accumulating resources from 'foo@bar': evalsymlink failure on '/app/foo@bar' : lstat /app/foo@bar: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/app/foo@bar' : lstat /app/foo@bar: no such file or directory",
    ),
}


def options_of(claim: str) -> Options:
    none = claim.endswith("without restrictions")
    return Options(load_restrictor="LoadRestrictionsNone" if none else "LoadRestrictionsRootOnly")


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


@pytest.mark.parametrize("claim", FAILURES)
def test_failure_on_disk(claim: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, target, sentence = FAILURES[claim]
    write(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KbuildError) as caught:
        build(target, fs=DiskFileSystem(), options=options_of(claim))
    assert caught.value.reason.replace(os.path.realpath(tmp_path), "/app") == sentence


@pytest.mark.parametrize("claim", [claim for claim, case in FAILURES.items() if case[1] in (".", "a")])
def test_failure_in_memory(claim: str) -> None:
    files, target, sentence = FAILURES[claim]
    if "/etc" in sentence:
        pytest.skip("the file is not in memory")
    fs = MemoryFileSystem({f"/app/{path}": text for path, text in files.items()})
    with pytest.raises(KbuildError) as caught:
        build(f"/app/{target}", fs=fs, options=options_of(claim))
    assert caught.value.reason == sentence


def load(files: dict[str, str], target: str = "/app", **options: object) -> tuple[Node, Counters]:
    counters = Counters()
    fs = MemoryFileSystem({f"/app/{path}": text for path, text in files.items()})
    return tree.load(target, Access(fs, counters), Options(**options), CLUSTER_SCOPED, Memo()), counters


def test_entries_keep_their_order_and_kind() -> None:
    node, _ = load({
        "kustomization.yaml": "resources: [r.yaml, b]\n", "r.yaml": CM, "b/kustomization.yaml": "resources: []\n",
    })  # fmt: skip
    first, second = node.resources
    assert type(first) is FileEntry
    assert first.path == "r.yaml"
    assert [str(r.id) for r in first.resources] == ["ConfigMap.v1.[noGrp]/a.[noNs]"]
    assert type(second) is BaseEntry
    assert second.node.root == "/app/b"


def test_loading_stops_at_the_first_failure() -> None:
    node, counters = load({
        "kustomization.yaml": "resources: [b, c]\ncomponents: [d]\n", "b/kustomization.yaml": "resources: [nope.yaml, r.yaml]\n",
        "b/r.yaml": CM, "c/kustomization.yaml": "resources: []\n", "d/kustomization.yaml": "kind: Component\nresources: []\n",
    })  # fmt: skip
    assert len(node.resources) == 1
    assert not node.components
    base = node.resources[0]
    assert type(base) is BaseEntry
    assert [type(entry) for entry in base.node.resources] == [LoadFailure]
    assert list(node.access.files_read) == ["/app/kustomization.yaml", "/app/b/kustomization.yaml"]
    assert counters.reads == 2


def test_a_base_reached_twice_is_read_once_and_copied() -> None:
    node, counters = load({
        "kustomization.yaml": "resources: [b, c]\n", "b/kustomization.yaml": "resources: [../d]\n",
        "c/kustomization.yaml": "resources: [../d]\n", "d/kustomization.yaml": "resources: [r.yaml]\n", "d/r.yaml": CM,
    })  # fmt: skip
    bodies = []
    for entry in node.resources:
        assert type(entry) is BaseEntry
        inner = entry.node.resources[0]
        assert type(inner) is BaseEntry
        file = inner.node.resources[0]
        assert type(file) is FileEntry
        bodies.append(file.resources[0].body)
    assert bodies[0] == bodies[1]
    assert bodies[0]["metadata"] is not bodies[1]["metadata"]
    assert (counters.copies, counters.reads) == (1, 5)


def test_a_shared_base_still_notices_a_cycle_on_the_second_way() -> None:
    files = {
        "kustomization.yaml": "resources: [a, b]\n", "a/kustomization.yaml": "resources: [../b]\n",
        "b/kustomization.yaml": "resources: [../c]\n", "c/kustomization.yaml": "resources: []\n",
    }  # fmt: skip
    assert (
        build("/app", fs=MemoryFileSystem({f"/app/{k}": v for k, v in files.items()}), options=Options()).resources
        == ()
    )


def test_named_files_are_fetched_and_failures_held() -> None:
    node, _ = load({
        "kustomization.yaml": (
            "configMapGenerator: [{name: a, files: [x, k=y, a=b=c], envs: [e]}]\npatches: [{path: p.yaml}]\n"
            'patchesStrategicMerge: [s.yaml, "a: b\\nc: d\\n"]\nconfigurations: [nope.yaml]\n'
        ),
        "x": "1", "y": "2", "e": "3", "p.yaml": "4", "s.yaml": "5",
    })  # fmt: skip
    held = node.files.pop("nope.yaml")
    assert type(held) is LoadFailure
    assert (
        held.error.reason == "evalsymlink failure on '/app/nope.yaml' : lstat /app/nope.yaml: no such file or directory"
    )
    assert node.files == {"x": b"1", "y": b"2", "e": b"3", "p.yaml": b"4", "s.yaml": b"5"}


def test_reads_grow_with_the_files_alone() -> None:
    def reads(count: int) -> int:
        names = [f"r{number}.yaml" for number in range(count)]
        files = {name: CM.replace("name: a", f"name: {name[:-5]}") for name in names}
        return load({"kustomization.yaml": f"resources: [{', '.join(names)}]\n", **files})[1].reads

    assert (reads(10), reads(20)) == (11, 21)


def test_ignored_files_do_not_exist() -> None:
    node, _ = load(
        {"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": CM}, ignore=("*.yaml", "!kustomization.yaml")
    )
    assert type(node.resources[0]) is LoadFailure
    assert node.left_out == (("/app/r.yaml", "hidden by ignore rules"),)


def test_inline_plugins_are_parsed_and_paths_loaded() -> None:
    node, _ = load({
        "kustomization.yaml": "transformers:\n- |\n  apiVersion: v1\n  kind: A\n  metadata: {name: i}\n- t.yaml\n- '# nothing'\n",
        "t.yaml": CM,
    })  # fmt: skip
    found = [
        (entry.path, [r.id.name for r in entry.resources])
        for entry in node.plugins["transformers"]
        if type(entry) is FileEntry
    ]
    assert found == [("", ["i"]), ("t.yaml", ["a"]), ("", [])]
