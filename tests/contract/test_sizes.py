"""Sizes over the syntax tree: what does not fit one screen and one thought is found here."""

from __future__ import annotations

import ast
from pathlib import Path

from source_tree import functions, modules

PACKAGES = ("kbuild", "applier", "tools", "benchmarks")
FUNCTION, FILE, PARAMETERS, METHODS, NESTING = 100, 400, 6, 12, 4
# Tables, generated or copied from an interface; they may only shrink in number.
TABLES = ("kbuild/schema/builtin", "kbuild/schema/reference_specs.py")
BLOCKS = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.Match)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def body_lines(function: Function) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameters(function: Function) -> list[ast.arg]:
    found = [*function.args.posonlyargs, *function.args.args]
    return found[1:] if found and found[0].arg in ("self", "cls") else found


def depth(node: ast.AST, level: int = 0) -> int:
    """How deep blocks are nested; an `elif` is no deeper than its `if`."""
    deepest = level
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.Lambda):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        below = level if is_elif or not isinstance(child, BLOCKS) else level + 1
        deepest = max(deepest, depth(child, below))
    return deepest


def function_problems(path: Path, function: Function) -> list[str]:
    where = f"{path}:{function.lineno}: {function.name}"
    positional = parameters(function)
    count = len(positional) + len(function.args.kwonlyargs)
    problems = []
    if (lines := body_lines(function)) > FUNCTION:
        problems.append(f"{where}: {lines} lines")
    is_record = function.name in ("__init__", "__new__")  # takes its fields in order, many of them by name
    if (len(positional) if is_record else count) > PARAMETERS:
        problems.append(f"{where}: {count} parameters")
    if (level := depth(function)) > NESTING:
        problems.append(f"{where}: nested {level} deep")
    for argument in positional:
        if not is_record and isinstance(argument.annotation, ast.Name) and argument.annotation.id == "bool":
            problems.append(f"{where}: the boolean {argument.arg} is not keyword-only")
    return problems


def test_functions_are_small() -> None:
    wrong = [
        problem
        for path, tree in modules(*PACKAGES)
        for function in functions(tree)
        for problem in function_problems(path, function)
    ]
    assert not wrong, "\n".join(wrong)


def test_classes_are_small() -> None:
    wrong = []
    for path, tree in modules(*PACKAGES):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                methods = [item for item in node.body if isinstance(item, Function) and not item.name.startswith("__")]
                if len(methods) > METHODS:
                    wrong.append(f"{path}:{node.lineno}: {node.name}: {len(methods)} methods")
    assert not wrong, "\n".join(wrong)


def test_files_are_small() -> None:
    wrong = []
    for path, _ in modules(*PACKAGES):
        lines = len((Path(__file__).parents[2] / path).read_text().splitlines())
        if lines > FILE and not str(path).startswith(TABLES):
            wrong.append(f"{path}: {lines} lines")
    assert not wrong, "\n".join(wrong)


def test_functions_are_short_on_the_whole() -> None:
    lengths = sorted(body_lines(function) for _, tree in modules("kbuild") for function in functions(tree))
    assert lengths[len(lengths) // 2] <= 10
    assert lengths[len(lengths) * 9 // 10] <= 35
