"""Random kustomization trees, built by the reference and by kbuild: a long run with seeds.

    fuzz.py [-n BUILDS] [--seed SEED] [--first NUMBER] [-j WORKERS] [--out FOLDER] [--seconds S] [--mutate SHARE] [--table]

Build number i of a run has the seed `SEED/i`, so that a run of one build repeats one of many: `-n 1 --seed 7 --first 1234`.
Differences are written below the folder, shrunk, with both answers; the run ends with counts and the coverage by field.
The exit status is 1 when anything differs.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from install_oracle import REFERENCE, oracle_path, oracle_version
from trees.compare import Answer, Difference, compare, shrink
from trees.coverage import fields_of, table
from trees.real import inputs, make_mutated
from trees.tree import Tree, make_tree

Counts = collections.Counter[str]


def run_parser(description: str, folder: str) -> argparse.ArgumentParser:
    """What every run with seeds is told; `folder` is where it writes, below the temporary folder."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("-n", type=int, default=1000, help="how many builds")
    parser.add_argument("--seed", default="1", help="a word; the same word gives the same builds")
    parser.add_argument("--first", type=int, default=0, help="the number of the first build")
    parser.add_argument("-j", type=int, default=2, help="how many processes")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / folder)
    parser.add_argument("--seconds", type=float, default=40, help="how long one difference may be shrunk")
    return parser


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = run_parser("Random trees against the reference.", "kbuild-fuzz")
    parser.add_argument("--mutate", type=float, default=0.2, help="the share of builds that are changed real inputs")
    parser.add_argument("--table", action="store_true", help="print the coverage by field")
    return parser.parse_args()


def tree_of(number: int, options: argparse.Namespace, real: list[Path]) -> Tree:
    """The tree of one build."""
    random = Random(f"{options.seed}/{number}")  # noqa: S311 - a seed is to give the same trees again
    if real and random.random() < options.mutate:
        return make_mutated(random, real)
    return make_tree(random)


def write_difference(
    number: int, tree: Tree, found: Difference, options: argparse.Namespace, about: dict[str, Any] | None = None
) -> Path:
    """Write one difference with what else there is to say `about` it; returns the folder."""
    folder = options.out / f"{found.kind}-{options.seed}-{number}".replace("/", "_")
    for name, content in tree.files.items():
        path = folder / "input" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            path.write_bytes(content)
    for name, goal in tree.links.items():
        path = folder / "input" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() and not path.is_symlink():
            path.symlink_to(goal)
    for name, answer in (("reference", found.reference), ("ours", found.ours)):
        (folder / f"{name}.txt").write_bytes(said(answer))
    case = {"arguments": [*tree.arguments, tree.target], "kind": found.kind, **(about or {})}
    (folder / "case.json").write_text(json.dumps(case))
    return folder


def report(number: int, tree: Tree, found: Difference, options: argparse.Namespace) -> None:
    """Write one difference and say so."""
    print(f"\n{found.kind}: {write_difference(number, tree, found, options)}", flush=True)


def said(answer: Answer) -> bytes:
    """An answer as text."""
    return f"status {answer.status}\n{answer.notes}{answer.error}\n".encode() + answer.output


def work(start: int, options: argparse.Namespace) -> tuple[Counts, Counts, Counts]:
    """Every build of one process: (outcomes, uses by field, successes by field)."""
    binary = oracle_path()
    real = inputs()
    counts, used, succeeded = Counts(), Counts(), Counts()
    with tempfile.TemporaryDirectory(prefix="kbuild-fuzz-") as scratch:
        folder = Path(scratch).resolve() / "case"
        for number in range(options.first + start, options.first + options.n, options.j):
            tree = tree_of(number, options, real)
            reference, found = compare(binary, tree, folder)
            fields = fields_of(tree)
            used.update(fields)
            if reference.status == 0:
                succeeded.update(fields)
            counts["succeeded" if reference.status == 0 else "failed"] += 1
            if found is not None:
                counts["differences"] += 1
                report(number, *shrink(binary, tree, found, folder, options.seconds), options)
    return counts, used, succeeded


def entry(job: tuple[int, argparse.Namespace]) -> Any:
    """One process."""
    return work(*job)


def main() -> int:
    """Run; returns the exit status."""
    options = arguments()
    if oracle_version(oracle_path()) != REFERENCE:
        print(f"needs kustomize {REFERENCE} at {oracle_path()}", file=sys.stderr)
        return 2
    began = time.monotonic()
    os.environ["PYTHONHASHSEED"] = "0"
    with multiprocessing.get_context("spawn").Pool(options.j) as pool:
        results = pool.map(entry, [(start, options) for start in range(options.j)], 1)
    counts, used, succeeded = (sum((result[part] for result in results), Counts()) for part in range(3))
    if options.table:
        print(table(used, succeeded))
    print(
        f"seed {options.seed}: {options.n} builds from {options.first} in {time.monotonic() - began:.0f} s, "
        f"{counts['succeeded']} succeeded, {counts['failed']} failed as the reference did; {counts['differences']} differ"
    )
    return 1 if counts["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
