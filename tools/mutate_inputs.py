"""Real inputs with random changes, built by the reference and by kbuild: a long run with seeds.

    mutate_inputs.py [-n BUILDS] [--seed SEED] [--first NUMBER] [-j WORKERS] [--out FOLDER] [--seconds S] [--only TEXT] [DIR …]

The inputs are the golden cases, the shared cases and repositories where they are beside the checkout (KBUILD_CONFORMANCE
and KBUILD_CORPORA name them), and every kustomization below the given folders. Each build copies one input and makes one
to five changes in its files: of keys, values, shapes and objects; of the fields of its kustomizations, which come from
other inputs or are made for its objects; of how the YAML is written; of lines; of flags; and the mistakes that people make
(tests/support/mutations). Besides what the reference says, every place that kbuild names in an error has to be there.

Build number i of a run has the seed `SEED/i`, so that a run of one build repeats one of many, as long as the inputs are
the same: `-n 1 --seed 7 --first 1234`. Differences are written below the folder, shrunk, with both answers. A worker that
dies or hangs is a difference, too: it is started again behind the build that it was at. The run ends with counts by kind;
the exit status is 1 when anything differs.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import multiprocessing.connection
import os
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from fuzz import run_parser, write_difference
from install_oracle import REFERENCE, oracle_path, oracle_version
from mutations.plan import Inputs, Lab, Plan, shrink_plan
from mutations.seeds import folders, golden, shared
from trees.compare import Difference
from trees.places import precision
from trees.tree import Tree

Counts = collections.Counter[str]
SILENCE = 240  # seconds in which a worker finishes a build, with what is shrunk


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = run_parser("Changed real inputs against the reference.", "kbuild-mutated")
    parser.add_argument("folders", nargs="*", type=Path, help="folders with further kustomizations")
    parser.add_argument("--only", default="", help="sources of inputs whose name holds this")
    return parser.parse_args()


def inputs(options: argparse.Namespace) -> Inputs:
    """All inputs by source."""
    sources = [("golden", golden()), *shared(), *((str(folder), list(folders(folder))) for folder in options.folders)]
    return Inputs([source for source in sources if options.only in source[0]])


def report(number: int, tree: Tree, found: Difference, plan: Plan, options: argparse.Namespace) -> None:
    """Write one difference and say so."""
    folder = write_difference(number, tree, found, options, {"changes": plan.names()})
    print(f"{found.kind}: {folder} {' '.join(plan.names())}", flush=True)


def work(numbers: range, options: argparse.Namespace, say: multiprocessing.connection.Connection) -> None:
    """Some builds, in a process of its own; says each as (number, outcome, kind of difference, precision of its place)."""
    real = inputs(options)
    with tempfile.TemporaryDirectory(prefix="kbuild-mutated-") as scratch:
        lab = Lab(oracle_path(), Path(scratch).resolve() / "case", real.pool)
        for number in numbers:
            plan = real.plan(Random(f"{options.seed}/{number}"))  # noqa: S311 - a seed gives the same builds again
            reference, answer, found = lab.both(plan)
            kind = found.kind if found is not None else ""
            place = precision(answer.status, answer.notes)
            if found is not None:
                tree, found, plan = shrink_plan(lab, plan, found, options.seconds)
                report(number, tree, found, plan, options)
            say.send((number, "succeeded" if reference.status == 0 else "failed", kind, place))
    say.send(None)


class Worker:
    """A process at every j-th build, started again behind a build at which it died or hung."""

    def __init__(self, start: int, options: argparse.Namespace) -> None:
        self.options = options
        self.next = options.first + start
        self.counts = Counts()
        self.done = False
        self.start()

    def start(self) -> None:
        """Start a process at the next build."""
        numbers = range(self.next, self.options.first + self.options.n, self.options.j)
        context: Any = multiprocessing.get_context("spawn")
        self.ear, say = context.Pipe(duplex=False)
        self.process = context.Process(target=work, args=(numbers, self.options, say), daemon=True)
        self.process.start()
        say.close()
        self.heard = time.monotonic()

    def listen(self) -> None:
        """Take what the process says; start another one where it died."""
        try:
            said = self.ear.recv()
        except EOFError:
            self.lost("died")
            return
        self.heard = time.monotonic()
        if said is None:
            self.done = True
            return
        number, outcome, kind, place = said
        self.next = number + self.options.j
        self.counts[outcome] += 1
        self.counts[f"place: {place}"] += bool(place)
        if kind:
            self.counts[f"differs in {kind}"] += 1

    def lost(self, how: str) -> None:
        """A process that died or hangs at the next build."""
        print(f"a worker {how} at build {self.next} of seed {self.options.seed}", flush=True)
        self.process.kill()
        self.process.join()
        self.counts[f"differs in that it {how}"] += 1
        self.next += self.options.j
        self.start()


def run(options: argparse.Namespace) -> Counts:
    """All builds; gives how they came out."""
    workers = [Worker(start, options) for start in range(options.j)]
    while waiting := [worker for worker in workers if not worker.done]:
        ready = multiprocessing.connection.wait([worker.ear for worker in waiting], timeout=5)
        for worker in waiting:
            if worker.ear in ready:
                worker.listen()
            elif time.monotonic() - worker.heard > SILENCE + options.seconds:
                worker.lost("hung")
    return sum((worker.counts for worker in workers), Counts())


def main() -> int:
    """Run; returns the exit status."""
    options = arguments()
    if oracle_version(oracle_path()) != REFERENCE:
        print(f"needs kustomize {REFERENCE} at {oracle_path()}", file=sys.stderr)
        return 2
    began = time.monotonic()
    os.environ["PYTHONHASHSEED"] = "0"
    counts = run(options)
    unlike = {kind: count for kind, count in sorted(counts.items()) if kind.startswith("differs")}
    print(
        f"seed {options.seed}: {options.n} builds from {options.first} in {time.monotonic() - began:.0f} s, "
        f"{counts['succeeded']} succeeded, {counts['failed']} failed as the reference did; {sum(unlike.values())} differ {unlike or ''}"
    )
    places = {place: counts[f"place: {place}"] for place in ("column", "line", "file", "nowhere")}
    print(f"places of errors: {', '.join(f'{count} {place}' for place, count in places.items())}")
    return 1 if unlike else 0


if __name__ == "__main__":
    sys.exit(main())
