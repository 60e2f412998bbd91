"""No module remembers anything: tables at module level are never changed, and nothing caches per process."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from source_tree import modules

MUTABLE_DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
MUTABLE_CALLS = frozenset({"dict", "list", "set", "bytearray", "defaultdict", "deque", "Counter", "OrderedDict"})
MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "popitem",
        "clear",
        "update",
        "setdefault",
        "add",
        "discard",
        "sort",
        "reverse",
        "appendleft",
    ]
)
CACHES = frozenset({"cache", "lru_cache", "cached_property"})
# A package resolves its public names on first use (PEP 562) and keeps them where Python looks first.
LAZY_NAMES = ("kbuild/__init__.py", "applier/__init__.py")


def is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id in MUTABLE_CALLS
    return isinstance(value, MUTABLE_DISPLAYS)


def tables(tree: ast.Module) -> Iterator[str]:
    """Names of module-level containers that could be changed."""
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if targets and is_mutable(node.value):  # type: ignore[attr-defined]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def changed(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, name) of containers changed inside functions; by name only, so a name is one thing per project."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
                yield node.lineno, last_name(node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
                yield node.lineno, last_name(node.func.value)


def test_tables_at_module_level_are_never_changed() -> None:
    known = {name for _, tree in modules("kbuild", "applier") for name in tables(tree) if name.upper() == name}
    wrong = [
        f"{path}:{line}: changes {name}"
        for path, tree in modules("kbuild", "applier")
        for line, name in changed(tree)
        if name in known
    ]
    assert not wrong, "\n".join(wrong)


def test_containers_at_module_level_are_named_as_constants() -> None:
    wrong = [
        f"{path}: {name}"
        for path, tree in modules("kbuild", "applier")
        for name in tables(tree)
        if name.upper() != name and not name.startswith("__")
    ]
    assert not wrong, "\n".join(wrong)


def test_no_function_writes_globals() -> None:
    wrong = [
        f"{path}:{node.lineno}: global {', '.join(node.names)}"
        for path, tree in modules("kbuild", "applier")
        for node in ast.walk(tree)
        if isinstance(node, ast.Global) and str(path) not in LAZY_NAMES
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_cached_per_process() -> None:
    wrong = [
        f"{path}:{node.lineno}: {name}"
        for path, tree in modules("kbuild", "applier")
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and (name := last_name(node)) in CACHES
    ]
    assert not wrong, "\n".join(wrong)


def test_bodies_are_copied_in_one_way() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in modules("kbuild", "applier")
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and last_name(node) == "deepcopy"
    ]
    assert not wrong, "\n".join(wrong)
