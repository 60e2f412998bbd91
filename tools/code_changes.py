"""The small changes that code can have, over its syntax tree: which there are, and a tree with one of them made."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

COUNTERS = ("visits", "merges", "matches", "copies")


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


def functions(tree: ast.Module) -> Iterator[tuple[list[str], ast.FunctionDef]]:
    """(path of names, node) of the functions of a module and the methods of its classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield [node.name], node
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    yield [node.name, method.name], method


def lines_of(function: ast.FunctionDef) -> range:
    """The lines of a function's body; its defaults belong to the module."""
    return range(function.body[0].lineno, (function.end_lineno or 0) + 1)
