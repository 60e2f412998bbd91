"""Random kustomization trees: kbuild and the reference give the same bytes, status, error and warnings.

The trees come from `trees`; hypothesis draws what they are made of, so that one that differs shrinks. `tools/fuzz.py` makes
long runs of the same trees, and `make fuzz` starts it.
"""

from __future__ import annotations

import collections
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from trees.compare import compare, lay_out, ours, parted, shrink, unlike
from trees.coverage import all_fields, fields_of
from trees.real import inputs, make_mutated
from trees.tree import FIELDS, Tree, make_field, make_tree

# Trees of the short run, by seed; and every how many of them also run as a process of their own.
BUILDS, EVERY = 80, 16
# Trees that are made of each field, not built, to see what they use.
MADE = 80


def shown(tree: Tree) -> str:
    """The files of a tree, one after the other."""
    parts = [f"--- {name}\n{content.decode(errors='replace')}" for name, content in sorted(tree.files.items())]
    return "\n".join([*parts, f"--- build {' '.join([*tree.arguments, tree.target])}"])


def must_agree(binary: Path, tree: Tree, folder: Path) -> None:
    _, found = compare(binary, tree, folder)
    if found is not None:
        tree, found = shrink(binary, tree, found, folder, seconds=20)
        pytest.fail(f"{found.kind} differs:\n{shown(tree)}\n\n{found.reference}\n\n{found.ours}")


@pytest.mark.differential
@pytest.mark.parametrize("shard", range(2))
def test_trees_build_as_the_reference_builds_them(shard: int, oracle_binary: Path, tmp_path: Path) -> None:
    for number in range(shard, BUILDS, 2):
        must_agree(oracle_binary, make_tree(Random(f"short/{number}")), tmp_path / "case")


@pytest.mark.differential
def test_changed_inputs_build_as_the_reference_builds_them(oracle_binary: Path, tmp_path: Path) -> None:
    real = inputs()
    for number in range(BUILDS // 4):
        must_agree(oracle_binary, make_mutated(Random(f"changed/{number}"), real), tmp_path / "case")


@pytest.mark.differential
def test_drawn_fields_build_as_the_reference_builds_them(oracle_binary: Path, tmp_path: Path) -> None:
    for name, maker in FIELDS:
        for number in range(2):
            must_agree(oracle_binary, make_field(Random(f"drawn/{name}/{number}"), maker), tmp_path / "case")


def test_the_command_gives_what_the_call_gives(tmp_path: Path) -> None:
    for number in range(0, BUILDS, EVERY):
        tree = make_tree(Random(f"short/{number}"))
        lay_out(tree, tmp_path / "case")
        command = [sys.executable, "-m", "kbuild", "render", *tree.arguments, tree.target]
        done = subprocess.run(command, cwd=tmp_path / "case", capture_output=True, timeout=60, check=False)
        there = parted(done.returncode, done.stdout, done.stderr.decode())
        assert there == ours(tree, tmp_path / "case")


def test_one_seed_gives_one_tree() -> None:
    assert make_tree(Random("a")) == make_tree(Random("a"))
    assert make_tree(Random("a")) != make_tree(Random("b"))


def test_trees_use_every_field_of_a_kustomization() -> None:
    used: set[str] = set()
    for _, maker in FIELDS:
        for number in range(MADE):
            used |= fields_of(make_field(Random(f"fields/{number}"), maker))
    # What a layer has beside the fields of the makers.
    for number in range(MADE):
        used |= fields_of(make_tree(Random(f"fields/{number}")))
    assert [name for name in all_fields() if name not in used] == []


def test_most_of_what_is_compared_is_no_mistake(tmp_path: Path) -> None:
    statuses = collections.Counter()
    for number in range(BUILDS):
        tree = make_tree(Random(f"short/{number}"))
        lay_out(tree, tmp_path / "case")
        statuses[ours(tree, tmp_path / "case").status] += 1
    assert statuses[0] >= BUILDS * 0.4
    assert statuses[1] >= BUILDS * 0.2


def test_a_difference_shrinks_to_what_causes_it(oracle_binary: Path, tmp_path: Path) -> None:
    """A stand-in for the reference that answers wrongly where a name is `odd`."""
    wrapper = tmp_path / "wrong"
    wrapper.write_text(f'#!/bin/sh\n"{oracle_binary}" "$@" | sed "s/name: odd/name: even/"\n')
    wrapper.chmod(0o755)
    tree = make_tree(Random("short/0"))
    names = [name for name in tree.files if name.startswith("root/")]
    text = b"resources: [odd.yaml, more.yaml]\nnamePrefix: ''\n"
    tree = Tree(
        {"root/kustomization.yaml": text, **{name: tree.files[name] for name in names if "kustom" not in name.lower()}}
    )
    for name in ("odd", "more"):
        tree.files[f"root/{name}.yaml"] = (
            f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: b\n".encode()
        )
    _, found = compare(wrapper, tree, tmp_path / "case")
    assert found is not None
    small, again = shrink(wrapper, tree, found, tmp_path / "case", seconds=20)
    assert again.kind == found.kind == "output"
    assert sum(map(len, small.files.values())) < sum(map(len, tree.files.values())) / 2
    assert unlike(again.reference, again.ours) == "output"
