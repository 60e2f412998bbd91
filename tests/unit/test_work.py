"""The work of a render, counted: exact numbers at two sizes, and executed lines that grow as the input does.

The inputs are those of the benchmarks, so that whatever becomes quadratic there is seen here, without a clock.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import kbuild

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import inputs

sys.path.pop(0)

Maker = Callable[[int], inputs.Maker]


def one_base(count: int) -> inputs.Maker:
    """A root with so many overlays of one base."""

    def make(folder: Path) -> Path:
        files = {f"base/{name}": text for name, text in inputs.apps(6).items()}
        files["base/kustomization.yaml"] = f"resources:\n{inputs.listed(list(inputs.apps(6)))}"
        names = [f"overlay-{index}" for index in range(count)]
        for name in names:
            files[f"{name}/kustomization.yaml"] = f"namePrefix: {name}-\nresources: [../base]\n"
        files["kustomization.yaml"] = f"resources:\n{inputs.listed(names)}"
        return inputs.write(folder, files)

    return make


def generators(count: int) -> inputs.Maker:
    """So many generated maps, each merged into once, and a reference to each."""

    def make(folder: Path) -> Path:
        entries = "".join(f"  - {{name: m{index}, literals: [a={index}]}}\n" for index in range(count))
        merged = "".join(f"  - {{name: m{index}, behavior: merge, literals: [b=2]}}\n" for index in range(count))
        refs = "".join(f"        - configMapRef: {{name: m{index}}}\n" for index in range(count))
        pod = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n    - name: c\n      envFrom:\n{refs}"
        files = {
            "base/kustomization.yaml": f"resources: [pod.yaml]\nconfigMapGenerator:\n{entries}",
            "base/pod.yaml": pod,
            "kustomization.yaml": f"resources: [base]\nconfigMapGenerator:\n{merged}",
        }
        return inputs.write(folder, files)

    return make


# Makers by size; the middle number of a tree is its number of folders of three leaves.
ROWS: dict[str, tuple[Maker, int]] = {
    "scale": (inputs.scale, 99),
    "tree": (lambda size: inputs.tree(2, size, 3), 2),
    "references": (inputs.references, 50),
    "replacements": (lambda size: inputs.replacements(size, 6 * size), 20),
    "one base": (one_base, 20),
    "generators": (generators, 40),
    "big documents": (inputs.custom_resource_definitions, 1),
}
# (reads, parses, copies, visits, merges, matches) at the size above and at twice that; no document needs the full parser.
PINNED: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "scale": ((36, 36, 0, 1289, 33, 198), (69, 69, 0, 2576, 66, 396)),
    "tree": ((151, 271, 0, 4152, 120, 0), (299, 539, 0, 8304, 240, 0)),
    "references": ((2, 2, 0, 250, 0, 200), (2, 2, 0, 500, 0, 400)),
    "replacements": ((41, 41, 0, 0, 0, 60), (81, 81, 0, 0, 0, 120)),
    "one base": ((24, 24, 114, 120, 0, 0), (44, 44, 234, 240, 0, 0)),
    "generators": ((3, 3, 0, 0, 0, 40), (3, 3, 0, 0, 0, 80)),
    "big documents": ((2, 2, 0, 1, 0, 0), (2, 2, 0, 2, 0, 0)),
}


def counted(folder: Path) -> tuple[int, ...]:
    counters = kbuild.render(folder).counters
    assert counters.fallbacks == 0
    return (counters.reads, counters.parses, counters.copies, counters.visits, counters.merges, counters.matches)


def lines_executed(folder: Path) -> int:
    """How many lines of Python a render and its text execute."""
    count = 0

    def line(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        kbuild.render(folder).to_yaml()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("row", ROWS)
def test_the_work_is_what_it_was(row: str, tmp_path: Path) -> None:
    make, size = ROWS[row]
    found = counted(make(size)(tmp_path / "once")), counted(make(2 * size)(tmp_path / "twice"))
    assert found == PINNED[row]


@pytest.mark.parametrize("row", ROWS)
def test_lines_executed_grow_as_the_input_does(row: str, tmp_path: Path) -> None:
    make, size = ROWS[row]
    one, two, four = (lines_executed(make(size * factor)(tmp_path / str(factor))) for factor in (1, 2, 4))
    # Start-up and tables cancel out: what the second step adds is twice what the first one does.
    assert (four - two) / (two - one) < 2.02


def test_a_render_for_every_overlay_of_a_thousand_folds_the_base_once(tmp_path: Path) -> None:
    folder = one_base(30)(tmp_path)
    outcomes = list(kbuild.render_many([folder / f"overlay-{index}" for index in range(30)], workers=1))
    parses = [outcome.counters["parses"] for outcome in outcomes]
    assert parses == [4, *[1] * 29]
