"""Which fields of a kustomization a tree uses, from the reader's own table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kbuild.fields.kustomization_fields import STRUCTS
from kbuild.load.kustomization_file import decode
from kbuild.model.errors import KbuildError
from trees.tree import Tree

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def inner(kind: str | tuple[str]) -> str:
    """The type of a field, or of the entries of a list."""
    return kind if isinstance(kind, str) else kind[0]


def all_fields(struct: str = "Kustomization", above: str = "", holders: tuple[str, ...] = ()) -> Iterator[str]:
    """Every field as a dotted path from the top."""
    for name, (kind, _) in STRUCTS[struct].items():
        path = f"{above}.{name}" if above else name
        yield path
        if inner(kind) in STRUCTS and inner(kind) not in holders:
            yield from all_fields(inner(kind), path, (*holders, struct))


def used(fields: Mapping[str, object], struct: str = "Kustomization", above: str = "") -> Iterator[str]:
    """Every field that decoded fields set, as a dotted path."""
    for name, value in fields.items():
        path = f"{above}.{name}" if above else name
        yield path
        kind = inner(STRUCTS[struct][name][0])
        if kind in STRUCTS:
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    yield from used(item, kind, path)


def fields_of(tree: Tree) -> set[str]:
    """Every field that some kustomization of a tree uses."""
    found: set[str] = set()
    for name, content in tree.files.items():
        if name.rpartition("/")[2] in FILES:
            try:
                fields, _ = decode(content)
            except KbuildError:
                continue
            found.update(used(fields))
    return found


def table(uses: Mapping[str, int], successes: Mapping[str, int]) -> str:
    """A line for every field: how many builds used it, and how many of those succeeded."""
    lines = [f"{'field':60} {'builds':>7} {'succeeded':>10}"]
    for name in all_fields():
        lines.append(f"{name:60} {uses.get(name, 0):7} {successes.get(name, 0):10}")
    return "\n".join(lines)
