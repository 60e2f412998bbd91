"""Golden inputs with random changes: kbuild and the reference give the same bytes, status, error and warnings.

`tools/mutate_inputs.py` makes long runs of such changes over more inputs, and `make fuzz-real` starts it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from random import Random

import pytest
from mutations.nodes import read, write
from mutations.plan import GROUPS, Inputs, Lab, Plan, make_plan, shrink_plan
from mutations.seeds import Place, golden
from mutations.work import Work
from trees.choice import Choice
from trees.compare import lay_out, ours
from trees.tree import Tree

# Of so many cases one is changed; which ones does not depend on the others, so that a new case moves none.
SHARE = 9


def chosen() -> list[Place]:
    """The cases that are changed: by their names."""
    names = {place: hashlib.sha256(str(place.folder.parent.name).encode()).digest() for place in golden()}
    return [place for place, digest in names.items() if not place.fails and digest[0] % SHARE == 0]


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    """The chosen cases as a source of inputs."""
    return Inputs([("golden", chosen())])


def plan_of(inputs: Inputs, place: Place) -> Plan:
    """The changes of one case; its name is the seed."""
    tree = inputs.load(place)
    assert tree is not None
    return make_plan(Choice(Random(f"short/{place.folder.parent.name}")), tree)


def shown(tree: Tree) -> str:
    """The files of a tree, one after the other."""
    parts = [f"--- {name}\n{content.decode(errors='replace')}" for name, content in sorted(tree.files.items())]
    return "\n".join([*parts, f"--- build {' '.join([*tree.arguments, tree.target])}"])


@pytest.mark.differential
def test_changed_cases_build_as_the_reference_builds_them(oracle_binary: Path, tmp_path: Path, inputs: Inputs) -> None:
    lab = Lab(oracle_binary, tmp_path / "case", inputs.pool)
    for place in chosen():
        plan = plan_of(inputs, place)
        _, found = lab.compare(plan)
        if found is not None:
            tree, found, plan = shrink_plan(lab, plan, found, 20)
            pytest.fail(
                f"{place.folder}: {found.kind}: {plan.names()}\n{shown(tree)}\n\n{found.reference}\n\n{found.ours}"
            )


def test_changes_of_a_seed_are_the_same_again(inputs: Inputs) -> None:
    again = Inputs([("golden", chosen())])
    for place in chosen():
        assert plan_of(inputs, place).tree(inputs.pool) == plan_of(again, place).tree(again.pool)


def test_a_change_may_be_left_out(inputs: Inputs) -> None:
    plans = [plan for plan in (plan_of(inputs, place) for place in chosen()) if len(plan.steps) > 1]
    assert all(Plan(plan.start, ()).tree(inputs.pool) == plan.start for plan in plans)
    fewer = [Plan(plan.start, plan.steps[:-1]).tree(inputs.pool) for plan in plans]
    assert sum(tree != plan.tree(inputs.pool) for plan, tree in zip(plans, fewer, strict=True)) > len(plans) / 2


def test_every_change_changes_something(inputs: Inputs) -> None:
    trees = [tree for tree in map(inputs.load, chosen()) if tree is not None]
    others = (tree for tree in map(inputs.load, golden()) if tree is not None)
    trees += [tree for tree in others if any(name.endswith((".json", ".env", ".txt")) for name in tree.files)][:20]
    for change in {change for group in GROUPS for change in group}:
        assert any(changes(change, tree, inputs, number) for number in range(6) for tree in trees), change.__name__


def changes(change: object, tree: Tree, inputs: Inputs, number: int) -> bool:
    """Whether a change leads to another tree."""
    assert callable(change)
    changed = tree.copy()
    change(Work(changed, Choice(Random(number)), inputs.pool))
    return changed != tree


def test_enough_of_what_is_compared_is_no_mistake(tmp_path: Path, inputs: Inputs) -> None:
    statuses = []
    for place in chosen():
        tree = plan_of(inputs, place).tree(inputs.pool)
        lay_out(tree, tmp_path / "case")
        statuses.append(ours(tree, tmp_path / "case").status)
    assert statuses.count(0) >= len(statuses) * 0.3
    assert statuses.count(1) >= len(statuses) * 0.2


def test_documents_survive_reading_and_writing() -> None:
    text = b"a: &x [1, 'b', \"c\"]\nb: *x\nc: |\n  d\n---\n<<: {e: yes}\n"
    once = write(read(text) or [])
    assert write(read(once) or []) == once
    assert b"*" in once
    assert b"'b'" in once
    assert read(b"a: [\n") is None
