"""What the runs of random builds check of the places that errors name."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_process import run
from trees.places import precision, unfounded

TEXT = b"kind: A\nmetadata:\n  name: a\n"


@pytest.mark.parametrize(
    ("notes", "wrong"),
    [
        ("  at r.yaml:3:7\n", ""),
        ("  at r.yaml:3:10\n", ""),
        ("  first at r.yaml:1:1\n  hint: a word\n", ""),
        ("  at sub\n", ""),
        ("  at nope.yaml:1:1\n", "no such file"),
        ("  asked for at r.yaml:5:1\n", "only 4 lines"),
        ("  onto r.yaml:3:11\n", "only 9 columns"),
        ("  from sub:1:1\n", "a line of a folder"),
        ("  hint: \n", "an empty hint"),
    ],
)
def test_a_place_has_to_be_there(tmp_path: Path, notes: str, wrong: str) -> None:
    (tmp_path / "r.yaml").write_bytes(TEXT)
    (tmp_path / "sub").mkdir()
    found = unfounded(1, b"", notes, tmp_path)
    assert found.startswith(wrong)
    assert bool(found) == bool(wrong)


def test_nothing_is_printed_beside_an_error(tmp_path: Path) -> None:
    assert unfounded(1, b"kind: A\n", "", tmp_path) == "output beside an error"
    assert unfounded(0, b"kind: A\n", "", tmp_path) == ""


def test_places_are_as_exact_as_they_can_be() -> None:
    assert precision(1, "  at r.yaml:3:7\n") == "column"
    assert precision(1, "  at r.yaml:3\n") == "line"
    assert precision(1, "  at r.yaml\n") == "file"
    assert precision(1, "  first at r.yaml:3:7\n") == "nowhere"
    assert precision(0, "") == ""


# The reference counts one line more behind a last line without a break; a place of ours is still in the file.
@pytest.mark.parametrize(
    "text", ["kind: A\nfoo: [", "kind: A\n=======", "kind: A\nfoo: 'x", "kind: A\nfoo: {a: b", "a:\n- b\n c"]
)
@pytest.mark.parametrize("name", ["r.yaml", "kustomization.yaml"])
def test_an_error_at_an_open_end_is_in_the_file(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [r.yaml]\n")
    (tmp_path / name).write_text(text)
    done = run(["render", "."], tmp_path)
    notes = done.stderr.partition("Error: ")[0]
    assert done.status == 1
    assert precision(1, notes) == "column"
    assert unfounded(1, done.stdout, notes, tmp_path) == ""


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be"])
def test_places_in_utf_16_are_those_of_its_characters(tmp_path: Path, code: str) -> None:
    text = "\ufeffresources: []\n# é\nnamePrefixx: a\n"
    (tmp_path / "kustomization.yaml").write_bytes(text.encode(code))
    done = run(["render", "."], tmp_path)
    assert done.stderr.startswith("  at kustomization.yaml:3:1\n")


# What a kustomization names is told with the place of its entry, or of the plugin's own document.
@pytest.mark.parametrize(
    ("text", "files", "place"),
    [
        ("configurations:\n- a.yaml\n- elsewhere.yaml\n", {"a.yaml": "{}"}, "  at kustomization.yaml:3:3\n"),
        ("configurations: [a.yaml]\n", {"a.yaml": "b: c\nd: e: f\n"}, "  at a.yaml:2:5\n  asked for at kustomization.yaml:1:18\n"),
        ("configurations: [a.yaml]\n", {"a.yaml": "odd: 1\n"}, "  at kustomization.yaml:1:18\n"),
        ("crds:\n- a.json\n- elsewhere.json\n", {"a.json": "{}"}, "  at kustomization.yaml:3:3\n"),
        ("crds: [a.json]\n", {"a.json": "{"}, "  at kustomization.yaml:1:8\n"),
        ("openapi: {path: nope.json}\n", {}, "  at kustomization.yaml:1:1\n"),
        (
            "resources: [r.yaml]\ntransformers: [a.yaml]\n",
            {"a.yaml": "---\napiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\n"},
            "  at a.yaml:1:1\n",
        ),
    ],
)  # fmt: skip
def test_entries_that_fail_have_a_place(tmp_path: Path, text: str, files: dict[str, str], place: str) -> None:
    (tmp_path / "r.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    (tmp_path / "kustomization.yaml").write_text(text)
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    done = run(["render", "."], tmp_path)
    assert done.status == 1
    assert done.stderr.startswith(place)
