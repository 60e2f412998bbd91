"""Input that few people write: flags in odd forms, texts outside of kustomizations, places behind aliases, broken octets."""

from __future__ import annotations

import socket
from http.client import BadStatusLine, RemoteDisconnected
from pathlib import Path

import pytest
from against import write_tree
from in_process import run

import kbuild
from kbuild.documents.positions import locate, locate_from
from kbuild.load.go_url import HttpUrl, parse
from kbuild.load.http_file import transport_reason

POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: 'nginx:1'}, 5, {image: 7}]}\n"
)
TREE = {
    "kustomization.yaml": "resources: [p.yaml]\n",
    "p.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p}\n",
}

FLAGS = {
    ("--", "."): "",
    ("--=x", "."): "bad flag syntax: --=x",
    ("---x", "."): "bad flag syntax: ---x",
    ("-zx", "."): "unknown shorthand flag: 'z' in -zx",
    (".", "-o"): "flag needs an argument: 'o' in -o",
    (".", "--output"): "flag needs an argument: --output",
    ("--enable-helm=maybe", "."): 'invalid argument "maybe" for "--enable-helm" flag: strconv.ParseBool',
    ("--enable-hlm", "."): "unknown flag: --enable-hlm",
    ("-o=out.yaml", "."): "",
    ("-oout.yaml", "."): "",
    ("-e", "A=b", "-e=C=d", "."): "",
    ("--network=false", "."): "",
    (".", "other"): "specify one path to kustomization.yaml",
}


@pytest.mark.parametrize("arguments", FLAGS, ids=" ".join)
def test_flags_are_taken_in_every_form_of_the_reference(arguments: tuple[str, ...], tmp_path: Path) -> None:
    write_tree(tmp_path, TREE)
    done = run(["render", *arguments], tmp_path)
    wanted = FLAGS[arguments]
    assert (done.status == 0) is (not wanted), done.stderr
    assert wanted in done.stderr


@pytest.mark.parametrize("word", ["rendr", "qwertz"])
def test_an_unknown_command_names_one_that_there_is(word: str, tmp_path: Path) -> None:
    done = run([word], tmp_path)
    assert done.status == 1
    assert "hint: " in done.stderr


def test_a_folder_as_command_is_told_to_be_rendered(tmp_path: Path) -> None:
    write_tree(tmp_path, {"app/kustomization.yaml": "resources: []\n"})
    assert "did you mean `kbuild render app`?" in run(["app"], tmp_path).stderr


def test_the_version_is_told_as_text_and_as_json_only(tmp_path: Path) -> None:
    assert run(["version"], tmp_path).stdout.startswith(b"kbuild ")
    assert run(["version", "--output", "json"], tmp_path).stdout.startswith(b'{"kbuild": ')
    assert "--output must be 'text' or 'json', not 'xml'" in run(["version", "-o", "xml"], tmp_path).stderr


def test_a_render_says_how_much_it_did_and_labels_when_asked(tmp_path: Path) -> None:
    write_tree(tmp_path, TREE)
    done = run(["render", ".", "-v", "--enable-managedby-label"], tmp_path)
    assert b"app.kubernetes.io/managed-by: kustomize-v5.8.1" in done.stdout
    assert "1 resources from 2 files; " in done.stderr
    done = run(["render", ".", "-v", "--generate", "--ignore", "p.yaml"], tmp_path)
    assert done.status == 1


def test_texts_are_read_without_a_kustomization() -> None:
    assert [found.kind for found in kbuild.read_manifests(POD, "p.yaml").ids()] == ["Pod"]
    assert kbuild.read_manifests(POD).images() == ["nginx:1"]
    assert repr(kbuild.read_manifests(POD)) == "Result(1 resources)"
    assert kbuild.read_documents("a: 1\n---\n- b\n") == [{"a": 1}, ["b"]]
    assert [place.line for _, place in kbuild.read_positioned("a: 1\n---\n- b\n", "x")] == [1, 3]
    assert kbuild.read_configuration("a: yes\nb: 010") == {"a": True, "b": 8}
    assert kbuild.to_yaml([{"metadata": {"name": "x"}, "a": [2]}]) == "a:\n- 2\nmetadata:\n  name: x\n"
    assert "render" in dir(kbuild)
    with pytest.raises(AttributeError, match="has no attribute 'nope'"):
        _ = kbuild.nope


@pytest.mark.parametrize("text", ["a: [", "a: 1\n---\nb: ]\n"])
def test_a_broken_text_is_told_with_its_file(text: str) -> None:
    with pytest.raises(kbuild.YamlError) as caught:
        kbuild.read_documents(text, "x.yaml")
    assert caught.value.file == "x.yaml"


PLACES = {
    ("a: {b: 1}\n", ("a", "b")): (1, 5),
    ("a: &x {b: 1}\nc: *x\n", ("c", "b")): (1, 8),
    ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", ("c", "b")): (1, 8),
    ("x: &x {b: 1}\ny: &y {e: 1}\nc:\n  <<: [*x, *y]\n", ("c", "e")): (2, 8),
    ("c:\n  <<: {b: 1}\n", ("c", "b")): (2, 8),
    ("l: [a, b]\n", ("l", 1)): (1, 8),
    ("l: [a, b]\n", ("l", 9)): (1, 1),
    ("l: a\n", ("l", 0)): (1, 1),
    ("a: 1\n", ("z",)): (1, 1),
    ("a: [\n", ("a",)): (1, 1),
    ("", ("a",)): (0, 0),
    ("# nothing\n", ("a",)): (0, 0),
    ("---\na: 1\n", ("a",)): (2, 1),
    ("a: &x [*x]\n", ("a", 0)): (1, 8),
}


@pytest.mark.parametrize(("text", "path"), PLACES, ids=str)
def test_a_place_is_found_behind_aliases_and_merge_keys(text: str, path: tuple[str | int, ...]) -> None:
    assert locate(text, path) == PLACES[text, path]


def test_a_place_is_found_in_a_later_document() -> None:
    text = "a: 1\n---\n# nothing\n---\nb: {c: 2}\n--- # last\nd: 3\n"
    assert locate(text, ("b", "c"), 1) == (5, 5)
    assert locate(text, ("d",), 2) == (7, 1)
    assert locate(text, ("d",), 3) == (0, 0)
    assert locate_from(text, ("b", "c"), 5) == (5, 5)
    assert locate_from(text, ("b",), 2) == (0, 0)


def url_of(text: str) -> HttpUrl:
    found = parse(text)
    assert found is not None
    return found


# What a transport raises -> what Go says, where neither the resolver nor the network decide.
REASONS: dict[str, tuple[object, str]] = {
    "silence": (RemoteDisconnected(), "EOF"),
    "no status": (BadStatusLine("hello"), 'malformed HTTP response "hello"'),
    "no code": (BadStatusLine("HTTP/1.1 x"), 'malformed HTTP status code "x"'),
    "no version": (BadStatusLine("HTTX/1.1 200 OK"), 'malformed HTTP version "HTTX/1.1"'),
    "a time-out": (TimeoutError(), "dial tcp example.invalid:443: i/o timeout"),
    "a refusal": (ConnectionRefusedError(111, "Connection refused"), "connect: connection refused"),
    "no such host": (socket.gaierror(socket.EAI_NONAME, "x"), ": no such host"),
    "a sick resolver": (socket.gaierror(socket.EAI_AGAIN, "x"), ": server misbehaving"),
    "another end": (ValueError("as it is"), "as it is"),
}


@pytest.mark.parametrize("name", REASONS)
def test_a_failed_transport_is_told_in_the_words_of_go(name: str) -> None:
    reason, wanted = REASONS[name]
    assert transport_reason(url_of("https://example.invalid/x"), reason).endswith(wanted)


def test_a_port_beyond_the_last_is_refused() -> None:
    url = url_of("http://example.invalid:99999/x")
    assert transport_reason(url, OSError()) == "dial tcp: address 99999: invalid port"
