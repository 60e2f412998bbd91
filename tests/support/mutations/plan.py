"""A plan of changes of one input: each change has a seed of its own, so that one can be left out and the others stay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from trees.choice import Choice
from trees.compare import Answer, Difference, both, compare, shape, shrink
from trees.tree import Tree

from mutations import content, fields, misuse, paths, slips, style
from mutations.seeds import Place, load
from mutations.work import Pool, Work

GROUPS = (content.CHANGES, fields.CHANGES, style.CHANGES, slips.CHANGES, misuse.CHANGES, paths.CHANGES)
SHARES = (0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5)  # which group a change is of, with its share


@dataclass(frozen=True, slots=True)
class Plan:
    """An input and what is changed in it. Shape: `steps` are (group, number of the change in it, seed)."""

    start: Tree
    steps: tuple[tuple[int, int, int], ...]

    def tree(self, pool: Pool) -> Tree:
        """The changed tree."""
        tree = self.start.copy()
        for group, number, seed in self.steps:
            if tree.files:  # all may have become links
                GROUPS[group][number](Work(tree, Choice(Random(seed)), pool))
        return tree

    def names(self) -> list[str]:
        """The names of the changes."""
        return [
            f"{GROUPS[group][number].__module__.rpartition('.')[2]}.{GROUPS[group][number].__name__}"
            for group, number, _ in self.steps
        ]


def make_plan(choice: Choice, start: Tree) -> Plan:
    """One to five changes."""
    steps = []
    for _ in range(choice.one((1, 1, 1, 1, 2, 2, 2, 3, 4, 5))):
        group = choice.one(SHARES)
        steps.append((group, choice.number(0, len(GROUPS[group]) - 1), choice.number(0, 1 << 62)))
    return Plan(start, tuple(steps))


class Inputs:
    """Places by source, and the fields of their kustomizations; what was loaded is kept."""

    def __init__(self, sources: list[tuple[str, list[Place]]]) -> None:
        self.sources = [(name, places) for name, places in sources if places]
        self.loaded: dict[Place, Tree | None] = {}
        self.pool = fields.pool_of([tree for tree in map(self.load, self.some()) if tree])

    def some(self) -> Iterator[Place]:
        """Places whose fields are taken: all of a small source, every few of a large one."""
        for _, places in self.sources:
            yield from places[:: max(1, len(places) // 600)]

    def load(self, place: Place) -> Tree | None:
        """The tree of a place, read once."""
        if place not in self.loaded:
            self.loaded[place] = load(place)
        return self.loaded[place]

    def plan(self, random: Random) -> Plan:
        """A plan for one of the inputs."""
        choice = Choice(random)
        while True:
            _, places = choice.one(self.sources)
            place = choice.one(places)
            tree = self.load(place) if not place.fails or choice.chance(0.15) else None
            if tree is not None:
                return make_plan(choice, tree)


@dataclass(frozen=True, slots=True)
class Lab:
    """Where plans are tried: the reference, a folder for its builds, and the fields that plans take."""

    binary: Path
    folder: Path
    pool: Pool

    def compare(self, plan: Plan) -> tuple[Answer, Difference | None]:
        """The reference's answer for a plan, and the difference."""
        return compare(self.binary, plan.tree(self.pool), self.folder)

    def both(self, plan: Plan) -> tuple[Answer, Answer, Difference | None]:
        """The reference's answer for a plan, kbuild's, and the difference."""
        return both(self.binary, plan.tree(self.pool), self.folder)


def shrink_plan(lab: Lab, plan: Plan, found: Difference, seconds: float) -> tuple[Tree, Difference, Plan]:
    """The smallest tree found in some time that differs in the same way: with fewer changes, then with less in it."""
    wanted, end, number = shape(found), time.monotonic() + seconds, 0
    while number < len(plan.steps) and time.monotonic() < end:
        fewer = Plan(plan.start, plan.steps[:number] + plan.steps[number + 1 :])
        _, difference = lab.compare(fewer)
        if difference is not None and shape(difference) == wanted:
            plan, found = fewer, difference
        else:
            number += 1
    tree, found = shrink(lab.binary, plan.tree(lab.pool), found, lab.folder, max(1.0, end - time.monotonic()))
    return tree, found, plan
