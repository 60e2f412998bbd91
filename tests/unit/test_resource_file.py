"""Resource files: what counts as a resource, how lists expand, what internal annotations become."""

from __future__ import annotations

import pytest

from kbuild.counters import Counters
from kbuild.documents.reader import Memo
from kbuild.load import resource_file
from kbuild.model.errors import KbuildError
from kbuild.model.ids import CLUSTER_SCOPED
from kbuild.model.resource import MERGE, Resource
from kbuild.model.scalars import Quoted

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
ITEMS = """\
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: i1}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: i2}
"""


def parse(text: str) -> list[Resource]:
    return resource_file.parse(text, "/app/r.yaml", CLUSTER_SCOPED, Memo(), Counters())


# claim -> (text, names in order); run with kustomize v5.8.1 and sortOptions fifo
NAMES = {
    "documents in order": (CM + "---\n" + CM.replace("name: a", "name: b"), ["a", "b"]),
    "empty documents do not count": ("---\n# x\n---\n{}\n---\n[]\n---\nnull\n---\n" + CM, ["a"]),
    "an empty file": ("", []),
    "a single List is unwrapped": ("apiVersion: v1\nkind: List\nitems:\n" + ITEMS, ["i1", "i2"]),
    "a ResourceList too": ("kind: ResourceList\nitems:\n" + ITEMS, ["i1", "i2"]),
    "quotes around the kind do not matter": ('kind: "List"\nitems:\n' + ITEMS, ["i1", "i2"]),
    "items of a kind of list": ("kind: ConfigMapList\nitems:\n" + ITEMS, ["i1", "i2"]),
    "items come after all documents": ("kind: List\nitems:\n" + ITEMS + "---\n" + CM, ["a", "i1", "i2"]),
    "a list kind without items is a resource": ("kind: FooList\nmetadata: {name: x}\n", ["x"]),
    "null items": ("kind: FooList\nitems: null\n---\n" + CM, ["a"]),
    "null items of a List": ("kind: List\nitems: null\n", []),
    "a number as items of a single List": ("kind: List\nitems: 3\n", []),
    "null and empty items do not count": ("kind: FooList\nitems:\n- null\n- {}\n" + ITEMS, ["i1", "i2"]),
    "lists in lists": ("kind: FooList\nitems:\n- kind: List\n  items:\n  - {kind: A, metadata: {name: x}}\n- {kind: A, metadata: {name: y}}\n", ["x", "y"]),
    "a function configuration hides items that are not there": ("kind: List\nfunctionConfig: {a: b}\n", []),
}  # fmt: skip

# claim -> (text, sentence of kustomize v5.8.1, line)
REFUSED = {
    "no kind": (CM + "---\napiVersion: v1\nmetadata: {name: a}\n", "missing kind in object {{v1 } {{a } map[] map[]}}", 5),
    "no name": ("apiVersion: v1\nkind: A\n", "missing metadata.name in object {{v1 A} {{ } map[] map[]}}", 1),
    "a sequence": ("- a\n", "missing Resource metadata", 1),
    "a number as items": ("kind: FooList\nitems: 3\n", "expected array in FooList/items, but found int", 1),
    "a text as items": ("kind: FooList\nitems: abc\n", "expected array in FooList/items, but found string", 1),
    "a map as items": ("kind: FooList\nitems: {a: b}\n", "expected array in FooList/items, but found map[string]interface {}", 1),
    "a float as items": ("kind: FooList\nitems: 1.5\n", "expected array in FooList/items, but found float64", 1),
    "a date as items": ("kind: FooList\nitems: 2020-01-01\n", "expected array in FooList/items, but found time.Time", 1),
    "a huge number as items": ("kind: FooList\nitems: 12345678901234567890\n", "expected array in FooList/items, but found uint64", 1),
    "a map as items of a List": ("kind: List\nitems: {a: b}\n", "missing Resource metadata", 1),
    "a text in items": ("kind: FooList\nitems:\n- abc\n", "missing Resource metadata", 1),
    "an item without kind": (
        "kind: FooList\nitems:\n- {metadata: {name: a}}\n", "missing kind in object {{ } {{a } map[] map[]}}", 1,
    ),
    "a number as key in items": (
        "kind: FooList\nitems:\n- {kind: A, metadata: {name: a}, data: {1: b}}\n",
        "json: unsupported type: map[interface {}]interface {}", 1,
    ),
    "infinity in items": (
        "kind: FooList\nitems:\n- {kind: A, metadata: {name: a}, x: .inf}\n", "json: unsupported value: +Inf", 1,
    ),
    "text behind a separator": (CM + "--- foo\n" + CM, "invalid document separator: --- foo", 4),
    "malformed text": (CM + "---\na: b: c\n", "yaml: mapping values are not allowed in this context", 5),
}  # fmt: skip


@pytest.mark.parametrize("claim", NAMES)
def test_names_in_order(claim: str) -> None:
    text, names = NAMES[claim]
    assert [resource.id.name for resource in parse(text)] == names


@pytest.mark.parametrize("claim", REFUSED)
def test_refused_in_the_words_of_the_reference(claim: str) -> None:
    text, sentence, line = REFUSED[claim]
    with pytest.raises(KbuildError) as caught:
        parse(text)
    assert (caught.value.reason, caught.value.file, caught.value.line) == (sentence, "/app/r.yaml", line)


def test_every_resource_knows_its_place() -> None:
    text = CM + "---\n# comment\n" + CM.replace("name: a", "name: b")
    assert [str(resource.position) for resource in parse(text)] == ["/app/r.yaml:1:1", "/app/r.yaml:5:1"]


def test_items_of_a_list_kind_went_through_json() -> None:
    item = "- {kind: A, metadata: {name: a}, i: 12345678901234567890, f: 1.0, e: 1e3, d: 2020-01-01, s: x, n: ~}\n"
    body = parse("kind: FooList\nitems:\n" + item)[0].body
    assert {key: body[key] for key in "ifedsn"} == {
        "i": 12345678901234567890, "f": 1, "e": 1000, "d": "2020-01-01T00:00:00Z", "s": "x", "n": None,
    }  # fmt: skip
    assert type(body["d"]) is type(body["s"]) is Quoted


def test_internal_annotations_become_attributes() -> None:
    lines = {
        "needsHashSuffix": "enabled", "generatorBehavior": "merge", "previousNames": "x,y", "previousKinds": "A,B",
        "previousNamespaces": "default,n", "prefixes": "p,q", "suffixes": "s", "helm-generated": "'true'", "id": "1",
    }  # fmt: skip
    text = CM.replace("{name: a}", "\n  name: a\n  annotations:\n    keep: x\n") + "".join(
        f"    internal.config.kubernetes.io/{name}: {value}\n" for name, value in lines.items()
    )
    resource = parse(text.replace("metadata: \n", "metadata:\n").replace("\n\n", "\n"))[0]
    assert resource.body["metadata"]["annotations"] == {"keep": "x"}
    assert (resource.needs_hash, resource.behavior, resource.helm_generated) == (True, MERGE, True)
    assert resource.history == [("x", "default", "A"), ("y", "n", "B")]
    assert (resource.prefixes, resource.suffixes) == (["p", "q"], ["s"])


def test_legacy_internal_annotations_vanish_and_foreign_ones_stay() -> None:
    text = (
        "apiVersion: v1\nkind: A\nmetadata:\n  name: a\n  annotations:\n    config.kubernetes.io/path: x\n"
        "    config.kubernetes.io/index: '1'\n    config.k8s.io/id: '2'\n    config.kubernetes.io/origin: kept\n"
        "    internal.config.kubernetes.io/foo: kept\n    internal.config.kubernetes.io/needsHashSuffix: 'no'\n"
    )
    resource = parse(text)[0]
    assert list(resource.body["metadata"]["annotations"].values()) == ["kept", "kept"]
    assert (resource.needs_hash, resource.behavior, resource.history) == (False, "", [])
