"""Changes code in small ways, one at a time, and counts which changes the cases notice.

    mutants.py [--every N] [--survivors] [--jobs N] [MODULE...]     (default: the modules below, every mutant)

A mutant is noticed ("killed") when a case whose expectation the reference wrote comes out differently: golden cases,
recorded builds, and the scalars and documents of `testdata/yaml`. For each mutant only the cases that run its line are
built, until one notices, in a fork of a process that has loaded and run everything; of functions of plain values only the
cases in which a call has another result (tools/plain_calls.py). With `--survivors` the mutants that nothing noticed are
listed.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import gc
import importlib
import importlib.abc
import importlib.machinery
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from code_changes import Mutant, changed, functions, lines_of, mutants
from oracle_builds import Build, builds, passes
from plain_calls import Calls

CHECKOUT = Path(__file__).resolve().parents[1]
MODULES = (
    "kbuild/merge/associative.py",
    "kbuild/merge/strategic.py",
    "kbuild/finish/name_references.py",
    "kbuild/transformers/replacements.py",
    "kbuild/documents/resolve.py",
    "kbuild/documents/scalar_style.py",
)
# Places of testdata/yaml that say nothing about merges, references and replacements.
SCALARS_ONLY = (
    "value-",
    "annotation-",
    "item-",
    "flow-",
    "key-",
    "label-",
    "configuration-",
    "resource-",
    "kustomization-",
)
# Processor time of one case; the slowest takes a tenth of a second.
PATIENCE_S = 3
MEMORY_BYTES = 4 << 30
TARGET = 0.85
# A line outside of functions is run once, by no case in particular: so many cases of every other line are tried.
SAMPLE = 40
# Neighbours among the cases of a line are alike: every so manieth of them is tried before the others.
STRIDE = 25


class Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from changed code."""

    def __init__(self, name: str, code: CodeType) -> None:
        self.name, self.code = name, code

    def find_spec(self, name: str, _path: object, _target: object = None) -> importlib.machinery.ModuleSpec | None:
        """The spec of the one module."""
        return importlib.machinery.ModuleSpec(name, self) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed code."""
        exec(self.code, module.__dict__)  # noqa: S102 - the module itself, changed


@dataclass(slots=True)
class Subject:
    """A module under change. Shape: `by_line` maps a line to the numbers of the cases that run it, fast ones first."""

    name: str
    tree: ast.Module
    cases: Sequence[Build]
    by_line: dict[int, list[int]]
    calls: Calls
    # Numbers of the cases that noticed a mutant, the latest last.
    noticed_by: list[int] = dataclasses.field(default_factory=list)

    @property
    def module(self) -> str:
        """The dotted name."""
        return self.name.removesuffix(".py").replace("/", ".")

    def function_at(self, line: int) -> list[str]:
        """The path of names of the outermost function whose body has a line; `[]` outside of functions."""
        for path, node in functions(self.tree):
            if line in lines_of(node):
                return path
        return []

    def numbers(self, mutant: Mutant) -> list[int]:
        """The cases to try, in order: what noticed others, some of all kinds, the rest."""
        if self.function_at(mutant.line):
            numbers = self.by_line.get(mutant.line, [])
        else:
            numbers = sorted({number for found in self.by_line.values() for number in sampled(found)})
        known = set(numbers)
        likely = [number for number in reversed(self.noticed_by) if number in known]
        return list(dict.fromkeys([*likely, *numbers[::STRIDE], *numbers]))


def put_in_place(subject: Subject, mutant: Mutant) -> None:
    """Change the loaded program: the code of the one function, or, outside of functions, the module anew.

    Mutates: this process, which has to be a fork.
    """
    whole = code = compile(changed(subject.tree, mutant), str(CHECKOUT / subject.name), "exec")
    path = subject.function_at(mutant.line)
    found: Any = sys.modules[subject.module]
    for name in path:
        found = vars(found)[name]
        code = next(part for part in code.co_consts if isinstance(part, CodeType) and part.co_name == name)
    if path and isinstance(found, FunctionType) and found.__code__.co_freevars == code.co_freevars:
        found.__code__ = code
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "kbuild"]:
        del sys.modules[name]
    sys.meta_path.insert(0, Loader(subject.module, whole))


def in_child(work: Callable[[], int | None], patience_s: int = PATIENCE_S) -> int | None:
    """Run in a forked process; returns what it does, a number, or -1 after a time-out or a crash."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            patience(patience_s)
            sys.stderr = open(os.devnull, "w")  # noqa: SIM115
            os.write(writer, str(work()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return None if text == "None" else int(text or -1)


def patience(seconds: float) -> None:
    """End this process after so much processor time from now."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)


def lines_by_build(names: Sequence[str], cases: Sequence[Build]) -> dict[str, tuple[dict[int, list[int]], Calls]]:
    """Module -> (line -> the cases that run it, fast ones first; calls). Cases that fail unchanged are left out."""
    hits: dict[str, dict[int, list[tuple[float, int]]]] = {str(CHECKOUT / name): {} for name in names}
    calls = {file: Calls() for file in hits}
    for number, case in enumerate(cases):
        seen: dict[str, set[int]] = {file: set() for file in hits}
        start = time.process_time()
        sys.settrace(tracer(seen, calls, number))
        good = passes(case)
        sys.settrace(None)
        if not good:
            print(f"left out, for it fails unchanged: {case.name}", flush=True)
            continue
        took = time.process_time() - start
        for file, lines in seen.items():
            for line in lines:
                hits[file].setdefault(line, []).append((took, number))
    return {
        name: ({line: [number for _, number in sorted(found)] for line, found in hits[file].items()}, calls[file])
        for name, file in zip(names, hits, strict=True)
    }


def tracer(seen: dict[str, set[int]], calls: dict[str, Calls], case: int) -> Callable[[FrameType, str, Any], Any]:
    """A trace function that notes the lines and calls of some files."""

    def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
        file = frame.f_code.co_filename
        lines = seen.get(file)
        if lines is None:
            return None
        calls[file].note(frame, case)

        def inside(frame: FrameType, event: str, _argument: Any) -> Any:
            if event == "line":
                lines.add(frame.f_lineno)
            return inside

        return inside

    return enter


def who_notices(subject: Subject, mutant: Mutant) -> int | None:
    """The number of the case that notices a change, -1 when the program does not run with it, None when none does."""
    path = subject.function_at(mutant.line)

    def results() -> list[Hashable]:
        found = vars(importlib.import_module(subject.module))[path[0]]
        return subject.calls.results(path[0], found)

    def work() -> int | None:
        numbers = subject.numbers(mutant)
        patience(STRIDE * PATIENCE_S)
        if subject.calls.knows(path):
            before = results()
            put_in_place(subject, mutant)
            # A loop without end ends here: all calls together take a second at most.
            patience(PATIENCE_S)
            likely = subject.calls.cases_between(path[0], before, results())
            numbers = [number for number in numbers if number in likely]
        else:
            put_in_place(subject, mutant)
        for number in numbers:
            patience(PATIENCE_S)
            if not passes(subject.cases[number]):
                return number
        return None

    return in_child(work)


def tried(subject: Subject, jobs: int, every: int) -> tuple[int, list[Mutant]]:
    """(number of mutants tried, those that survived) of a module."""
    chosen = mutants(subject.tree)[::every]
    survivors = []

    def part(at: int) -> list[int]:
        alive = []
        for number in range(at, len(chosen), jobs):
            noticed = who_notices(subject, chosen[number])
            if noticed is None:
                alive.append(number)
            elif noticed >= 0:
                subject.noticed_by = [other for other in subject.noticed_by if other != noticed] + [noticed]
        return alive

    for alive in in_forks(part, jobs):
        survivors += alive
    return len(chosen), [chosen[number] for number in sorted(survivors)]


def in_forks(work: Callable[[int], list[int]], jobs: int) -> list[list[int]]:
    """What a function returns for 0 to jobs - 1, each in a process forked from this one. Raises: RuntimeError, if one dies."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    processes = [context.Process(target=lambda at=at: queue.put(work(at))) for at in range(jobs)]
    for process in processes:
        process.start()
    answers = [queue.get() for _ in processes]
    for process in processes:
        process.join()
    return answers


def sampled(numbers: Sequence[int]) -> Sequence[int]:
    """Evenly chosen ones of many."""
    return numbers[:: max(1, len(numbers) // SAMPLE)]


def subjects(names: Sequence[str], cases: Sequence[Build]) -> Iterator[Subject]:
    """The modules, loaded, with the cases that run their lines."""
    by_line = lines_by_build(names, cases)
    irrelevant = {number for number, case in enumerate(cases) if case.name.startswith(SCALARS_ONLY)}
    for name in names:
        found, calls = by_line[name]
        if not name.startswith("kbuild/documents/"):
            found = {
                line: [number for number in numbers if number not in irrelevant] for line, numbers in found.items()
            }
        yield Subject(name, ast.parse((CHECKOUT / name).read_text(), name), cases, found, calls)


def main() -> int:
    """Try all mutants and print a table; returns 1 when fewer are killed than the target."""
    parser = argparse.ArgumentParser(description="Count which small changes of the code the cases notice.")
    parser.add_argument("modules", nargs="*", default=MODULES, metavar="MODULE")
    parser.add_argument("--every", type=int, default=1, help="try only every n-th mutant")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--survivors", action="store_true", help="list the mutants that nothing noticed")
    options = parser.parse_args()
    os.chdir(CHECKOUT)
    sys.path.insert(0, str(CHECKOUT))
    sys.dont_write_bytecode = True
    cases = builds()
    print(f"{len(cases)} cases", flush=True)
    total = killed = 0
    modules = list(subjects(options.modules, cases))
    gc.collect()
    gc.freeze()
    for subject in modules:
        start = time.monotonic()
        count, survivors = tried(subject, options.jobs, options.every)
        total, killed = total + count, killed + count - len(survivors)
        print(f"{row(subject.name, count, len(survivors))}  {time.monotonic() - start:5.0f} s", flush=True)
        if options.survivors:
            for mutant in survivors:
                print(f"  {subject.name}:{mutant.line}: {mutant.text}  (way {mutant.way})", flush=True)
    print(row("all", total, total - killed))
    return 0 if killed >= TARGET * total else 1


def row(name: str, count: int, alive: int) -> str:
    """A line of the table."""
    return f"{name:44} {count:5} mutants {count - alive:5} killed {100 * (count - alive) / max(count, 1):5.1f} %"


if __name__ == "__main__":
    sys.exit(main())
