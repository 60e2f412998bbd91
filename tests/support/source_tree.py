"""The project's source files as syntax trees, for the contract tests."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
# Modules that reach outside of the process, and what of them does not.
IO_MODULES = frozenset(
    [
        "asyncio",
        "fileinput",
        "ftplib",
        "glob",
        "http",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
    ]
)
PURE_PARTS = ("os.path", "os.fspath", "os.strerror", "os.path.join", "urllib.parse")


@cache
def modules(*packages: str) -> tuple[tuple[Path, ast.Module], ...]:
    """(path relative to the checkout, tree) of every module of some top-level folders."""
    paths = (path for package in packages for path in sorted((CHECKOUT / package).rglob("*.py")))
    return tuple((path.relative_to(CHECKOUT), ast.parse(path.read_text(), str(path))) for path in paths)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything imported, anywhere in the module; relative names begin with a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{name.name}") for name in node.names)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """(path, text) of every text file that belongs to the project: tracked, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=False)
    if done.returncode == 0:
        names = [name for name in done.stdout.decode().split("\0") if name]
    else:  # an unpacked source archive
        files = (path.relative_to(CHECKOUT) for path in CHECKOUT.rglob("*") if path.is_file())
        names = [str(path) for path in files if not path.parts[0].startswith(".")]
    found = []
    for name in names:
        path = CHECKOUT / name
        if path.is_file() and not path.is_symlink():
            found.append((name, path.read_bytes().decode(errors="replace")))
    return tuple(found)


def io_imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import that reaches outside of the process."""
    for line, name in imported(tree):
        if name.split(".")[0] in IO_MODULES and not name.startswith(PURE_PARTS):
            yield line, name
