"""Changes code in small ways, one at a time, and counts which changes the cases notice.

    mutants.py [--every N] [--survivors] [MODULE...]     (default: the modules below, every mutant)

A mutant is noticed ("killed") when a case whose expectation the reference wrote comes out differently: golden cases,
recorded builds, and the scalars and documents of `testdata/yaml`. For each mutant only the cases that run its line are
built, in a process of its own. With `--survivors` the mutants that nothing noticed are listed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from oracle_builds import Build, builds, passes

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
PATIENCE_S = 30
TARGET = 0.85
COUNTERS = ("visits", "merges", "matches", "copies")
# A line outside of functions is run once, by no case in particular: so many cases of every other line are tried.
SAMPLE = 40


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. Shape: the n-th node that `sites` yields, changed in the k-th way."""

    number: int
    way: int
    line: int
    text: str


SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt,), ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.And: (ast.Or,), ast.Or: (ast.And,), ast.Add: (ast.Sub,), ast.Sub: (ast.Add,),
}  # fmt: skip


def ways(node: ast.AST) -> list[Callable[[ast.AST], ast.AST]]:
    """The changes that a node can have; each takes the node (of a copy of the tree) and returns what replaces it."""
    if isinstance(node, ast.Compare):
        return [swap_compare(at, other) for at, op in enumerate(node.ops) for other in SWAPS.get(type(op), ())]
    if isinstance(node, ast.BoolOp):
        return [swap_operator(other) for other in SWAPS[type(node.op)]]
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
        return [swap_operator(other) for other in SWAPS[type(node.op)]]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return [lambda found: found.operand]  # type: ignore[attr-defined]
    if isinstance(node, ast.Constant) and type(node.value) in (bool, int):
        return [change_constant]
    if isinstance(node, ast.If | ast.IfExp):
        return [force_test(value=True), force_test(value=False)]
    if isinstance(node, ast.Continue):
        return [lambda found: ast.copy_location(ast.Break(), found)]
    if isinstance(node, ast.Return) and node.value is not None and not is_nothing(node.value):
        return [lambda found: ast.copy_location(ast.Return(ast.Constant(None)), found)]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return [lambda found: ast.copy_location(ast.Pass(), found)]
    return []


def is_nothing(node: ast.expr) -> bool:
    """Whether an expression is `None`, or `False`, which no caller tells from it."""
    return isinstance(node, ast.Constant) and (node.value is None or node.value is False)


def swap_compare(at: int, other: type[ast.AST]) -> Callable[[ast.AST], ast.AST]:
    """Another operator in a comparison."""

    def change(found: Any) -> ast.AST:
        found.ops[at] = other()
        return found

    return change


def swap_operator(other: type[ast.AST]) -> Callable[[ast.AST], ast.AST]:
    """Another operator."""

    def change(found: Any) -> ast.AST:
        found.op = other()
        return found

    return change


def change_constant(found: Any) -> ast.AST:
    """Another boolean or the next number."""
    found.value = not found.value if type(found.value) is bool else found.value + 1
    return found


def force_test(*, value: bool) -> Callable[[ast.AST], ast.AST]:
    """A condition that always, or never, holds."""

    def change(found: Any) -> ast.AST:
        found.test = ast.copy_location(ast.Constant(value), found.test)
        return found

    return change


def sites(tree: ast.Module) -> Iterator[tuple[ast.AST, str, int]]:
    """(parent, field, index or -1) of every node that can change, outside of annotations and type checking."""
    for parent in ast.walk(tree):
        if is_for_types(parent):
            parent.body = [ast.Pass()]  # type: ignore[attr-defined]
            continue
        for field, value in ast.iter_fields(parent):
            if field in ("annotation", "returns"):
                continue
            if is_uninteresting(parent):
                continue
            items = enumerate(value) if isinstance(value, list) else [(-1, value)]
            for index, item in items:
                if isinstance(item, ast.AST) and ways(item) and not is_for_types(item):
                    yield parent, field, index


def is_for_types(node: ast.AST) -> bool:
    """Whether a node is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def is_uninteresting(node: ast.AST) -> bool:
    """Whether a part only counts work, says what a type checker sees, or that two lists are of one length."""
    if isinstance(node, ast.keyword):
        return node.arg == "strict"
    if isinstance(node, ast.AugAssign):
        return isinstance(node.target, ast.Attribute) and node.target.attr in COUNTERS
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Name) and node.targets[0].id == "TYPE_CHECKING"
    return False


def node_at(parent: ast.AST, field: str, index: int) -> ast.AST:
    """The node of a site."""
    value = getattr(parent, field)
    return value[index] if index >= 0 else value  # type: ignore[no-any-return]


def mutants(tree: ast.Module) -> list[Mutant]:
    """All changes of a module."""
    found = []
    for number, site in enumerate(sites(tree)):
        node = node_at(*site)
        for way in range(len(ways(node))):
            line = getattr(node, "lineno", 0)
            found.append(Mutant(number, way, line, ast.unparse(node).partition("\n")[0]))
    return found


def changed(tree: ast.Module, mutant: Mutant) -> ast.Module:
    """The module with one change."""
    twin = copy.deepcopy(tree)
    for number, (parent, field, index) in enumerate(sites(twin)):
        if number == mutant.number:
            node = node_at(parent, field, index)
            other = ways(node)[mutant.way](node)
            if index >= 0:
                getattr(parent, field)[index] = other
            else:
                setattr(parent, field, other)
            break
    return ast.fix_missing_locations(twin)


class Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed tree."""

    def __init__(self, name: str, tree: ast.Module, file: str) -> None:
        self.name, self.code = name, compile(tree, file, "exec")

    def find_spec(self, name: str, _path: object, _target: object = None) -> importlib.machinery.ModuleSpec | None:
        """The spec of the one module."""
        return importlib.machinery.ModuleSpec(name, self) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed code."""
        exec(self.code, module.__dict__)  # noqa: S102 - the module itself, changed


def in_child(work: Callable[[], int], patience_s: int = PATIENCE_S) -> int:
    """Run in a forked process; returns its status, 1 after a time-out or a crash."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(patience_s)
        status = 1
        try:
            sys.stderr = open(os.devnull, "w")  # noqa: SIM115
            status = work()
        finally:
            os._exit(status)
    _, result = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(result) if os.WIFEXITED(result) else 1


def lines_by_build(name: str, cases: Sequence[Build]) -> dict[int, list[int]]:
    """Line of a module -> the cases that run it, fast ones first. Cases that fail unchanged are left out."""
    reader, writer = os.pipe()

    def work() -> int:
        os.close(reader)
        file = str(CHECKOUT / name)
        found: dict[int, list[tuple[float, int]]] = {}
        for number, case in enumerate(cases):
            seen: set[int] = set()
            start = time.perf_counter()
            sys.settrace(tracer(file, seen))
            good = passes(case)
            sys.settrace(None)
            if good:
                for line in seen:
                    found.setdefault(line, []).append((time.perf_counter() - start, number))
        with os.fdopen(writer, "w") as pipe:
            json.dump({line: [number for _, number in sorted(hits)] for line, hits in found.items()}, pipe)
        return 0

    child = os.fork()
    if child == 0:
        os._exit(work())
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return {int(line): numbers for line, numbers in json.loads(text).items()}


def tracer(file: str, seen: set[int]) -> Callable[[FrameType, str, Any], Any]:
    """A trace function that notes the lines of one file."""

    def inside(frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            seen.add(frame.f_lineno)
        return inside

    def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
        return inside if frame.f_code.co_filename == file else None

    return enter


def survives(name: str, tree: ast.Module, mutant: Mutant, chosen: Sequence[Build]) -> bool:
    """Whether no case notices a change."""

    def work() -> int:
        module = name.removesuffix(".py").replace("/", ".")
        sys.meta_path.insert(0, Loader(module, changed(tree, mutant), str(CHECKOUT / name)))
        return 0 if all(passes(case) for case in chosen) else 1

    return in_child(work) == 0


def run(name: str, cases: Sequence[Build], every: int) -> tuple[int, list[Mutant]]:
    """(number of mutants tried, those that survived) of a module."""
    tree = ast.parse((CHECKOUT / name).read_text(), name)
    if not name.startswith("kbuild/documents/"):
        cases = [case for case in cases if not case.name.startswith(SCALARS_ONLY)]
    by_line = lines_by_build(name, cases)
    chosen = mutants(tree)[::every]
    of_functions = {line for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for line in lines_of(node)}
    sample = sorted({number for numbers in by_line.values() for number in sampled(numbers)})
    survivors = []
    for mutant in chosen:
        numbers = by_line.get(mutant.line, []) if mutant.line in of_functions else sample
        if survives(name, tree, mutant, [cases[number] for number in numbers]):
            survivors.append(mutant)
    return len(chosen), survivors


def lines_of(function: ast.FunctionDef) -> range:
    """The lines of a function's body; its defaults belong to the module."""
    return range(function.body[0].lineno, (function.end_lineno or 0) + 1)


def sampled(numbers: Sequence[int]) -> Sequence[int]:
    """Evenly chosen ones of many."""
    return numbers[:: max(1, len(numbers) // SAMPLE)]


def main() -> int:
    """Try all mutants and print a table; returns 1 when fewer are killed than the target."""
    parser = argparse.ArgumentParser(description="Count which small changes of the code the cases notice.")
    parser.add_argument("modules", nargs="*", default=MODULES, metavar="MODULE")
    parser.add_argument("--every", type=int, default=1, help="try only every n-th mutant")
    parser.add_argument("--survivors", action="store_true", help="list the mutants that nothing noticed")
    options = parser.parse_args()
    os.chdir(CHECKOUT)
    sys.path.insert(0, str(CHECKOUT))
    sys.dont_write_bytecode = True
    cases = builds()
    print(f"{len(cases)} cases", flush=True)
    total = killed = 0
    for name in options.modules:
        count, survivors = run(name, cases, options.every)
        total, killed = total + count, killed + count - len(survivors)
        print(f"{name:44} {count:5} mutants {100 * (count - len(survivors)) / max(count, 1):5.1f} % killed", flush=True)
        if options.survivors:
            for mutant in survivors:
                print(f"  {name}:{mutant.line}: {mutant.text}  (way {mutant.way})", flush=True)
    print(f"{'all':44} {total:5} mutants {100 * killed / max(total, 1):5.1f} % killed")
    return 0 if killed >= TARGET * total else 1


if __name__ == "__main__":
    sys.exit(main())
