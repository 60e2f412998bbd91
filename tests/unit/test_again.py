"""A failed build runs once more to show a value: only where it may, and only what it has to read."""

from __future__ import annotations

from pathlib import Path

import pytest

import kbuild
from kbuild.documents.trace import Trace

REPLACEMENT = """\
replacements:
- sourceValue: x
  targets:
  - select: {kind: Widget, name: w-7}
    fieldPaths: [spec.list.a]
"""


def failing(folder: Path, count: int) -> str:
    """Lay out resources of which one cannot take a replacement; the error."""
    names = [f"w-{number}" for number in range(count)]
    for name in names:
        text = (
            f"apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: {name}\nspec:\n  list: ['{name}', b] # why\n"
        )
        (folder / f"{name}.yaml").write_text(text)
    listed = "".join(f"- {name}.yaml\n" for name in names)
    (folder / "kustomization.yaml").write_text(f"resources:\n{listed}{REPLACEMENT}")
    with pytest.raises(kbuild.KbuildError) as caught:
        kbuild.render(folder)
    return caught.value.reason


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents that are traced."""
    found: list[str] = []
    read = Trace.read

    def noted(self: Trace, chunk: str, *, is_patch: bool) -> object:
        found.append(chunk)
        return read(self, chunk, is_patch=is_patch)

    monkeypatch.setattr(Trace, "read", noted)
    return found


@pytest.mark.parametrize(("count", "traced"), [(9, 9), (250, 1)])
def test_of_many_files_only_the_one_in_question_is_traced(
    tmp_path: Path, reads: list[str], count: int, traced: int
) -> None:
    assert failing(tmp_path, count).endswith("node contents:\n['w-7', b] # why\n")
    assert len(reads) == traced


def test_a_build_that_succeeds_is_not_traced(tmp_path: Path, reads: list[str]) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [r.yaml]\n")
    (tmp_path / "r.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    kbuild.render(tmp_path).to_yaml()
    assert not reads
