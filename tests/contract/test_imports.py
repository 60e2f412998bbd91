"""Who may import whom: ranks point down, only two packages do I/O, and nothing is called by an empty name."""

from __future__ import annotations

import sys

from source_tree import imported, io_imports, modules

RANK = {
    "counters": 0, "version": 0, "model": 1,
    "documents": 2, "options": 2, "schema": 3,  # a schema may come as a document
    "fields": 4, "merge": 4,
    "generators": 5, "transformers": 5, "finish": 5, "functions": 5,
    "load": 6, "accumulate": 6, "emit": 6,
    "result": 7, "again": 7,
    "build": 8,
    "lint": 9,
    "many": 9,
    "cli": 10, "__init__": 10,
    "__main__": 11,
}  # fmt: skip
NO_SIBLINGS = ("generators", "transformers", "finish")
# Pairs inside those packages that are one thing in two files: the second is the shared part.
SIBLINGS = frozenset(
    {
        ("generators/absorb.py", "generators.config_maps"),
        ("generators/secrets.py", "generators.config_maps"),
        ("generators/config_maps.py", "generators.data_sources"),
        ("generators/secrets.py", "generators.data_sources"),
        ("transformers/patches_strategic_merge.py", "transformers.patches"),
        ("transformers/patches_json6902.py", "transformers.patches"),
    }
)
# The reference's log lines carry the local time; this list may only shrink.
KNOWN_IO = frozenset({("kbuild/model/log_line.py", "time.strftime")})
BANNED_NAMES = frozenset(
    ["utils", "util", "helpers", "helper", "common", "manager", "misc", "base", "krusty", "konfig"]
)
# Each library has one door; a second one where two parts have nothing else in common.
THIRD_PARTIES = {
    "click": ("kbuild/cli/help.py",),
    "jsonschema": ("kbuild/lint/field_rules.py",),
    "pathspec": ("kbuild/load/ignore.py",),
    "urllib3": ("applier/cluster/proxied.py", "applier/agent/runtime/fetching.py"),
    "kubernetes": ("applier/cluster/official.py",),
}


def rank_problem(own: str, other: str) -> bool:
    return other != own and RANK.get(other, 99) >= RANK[own]


def test_imports_point_down() -> None:
    wrong = []
    for path, tree in modules("kbuild"):
        own = path.parts[1].removesuffix(".py")
        for line, name in imported(tree):
            top, other = [*name.split("."), ""][:2]
            if top == "applier" or (top == "kbuild" and rank_problem(own, other)):
                wrong.append(f"{path}:{line}: {own} may not import {name}")
    assert not wrong, "\n".join(wrong)


def test_there_are_no_relative_imports() -> None:
    wrong = [
        f"{path}:{line}: {name}"
        for path, tree in modules("kbuild", "applier", "tools", "benchmarks")
        for line, name in imported(tree)
        if name.startswith(".")
    ]
    assert not wrong, "\n".join(wrong)


def test_steps_do_not_import_their_siblings() -> None:
    wrong = []
    for path, tree in modules("kbuild"):
        if path.parts[1] not in NO_SIBLINGS:
            continue
        for line, name in imported(tree):
            parts = name.split(".")
            sibling = ".".join(parts[1:3])
            if parts[:2] == ["kbuild", path.parts[1]] and ("/".join(path.parts[1:]), sibling) not in SIBLINGS:
                wrong.append(f"{path}:{line}: imports its sibling {name}")
    assert not wrong, "\n".join(wrong)


def test_load_and_accumulate_do_not_know_each_other() -> None:
    wrong = []
    for path, tree in modules("kbuild"):
        other = {"load": "accumulate", "accumulate": "load"}.get(path.parts[1])
        wrong += [f"{path}:{line}: {name}" for line, name in imported(tree) if name.startswith(f"kbuild.{other}")]
    assert not wrong, "\n".join(wrong)


def test_only_load_the_command_and_the_workers_do_io() -> None:
    wrong = []
    for path, tree in modules("kbuild"):
        if path.parts[1] in ("load", "cli", "many"):
            continue
        wrong += [f"{path}:{line}: {name}" for line, name in io_imports(tree) if (str(path), name) not in KNOWN_IO]
    assert not wrong, "\n".join(wrong)


def test_third_parties_have_one_door_each() -> None:
    known = {*sys.stdlib_module_names, "_sha2", "_sha256", "kbuild", "applier"}  # the two replaced each other in 3.12
    wrong = []
    for path, tree in modules("kbuild", "applier"):
        for line, name in imported(tree):
            top = name.split(".")[0]
            if top not in known and str(path) not in THIRD_PARTIES.get(top, ()):
                wrong.append(f"{path}:{line}: {name}")
    assert not wrong, "\n".join(wrong)


def test_the_applier_knows_public_names_only() -> None:
    wrong = [
        f"{path}:{line}: {name}"
        for path, tree in modules("applier")
        for line, name in imported(tree)
        if name.startswith("kbuild.")
        and (name.count(".") > 1 or (name.split(".")[1].startswith("_") and name != "kbuild.__version__"))
        # One command line: the applier's commands have their flags, help pages and error lines from it.
        and not (path.parts[1] == "cli" and name.startswith("kbuild.cli."))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_has_an_empty_name() -> None:
    wrong = [str(path) for path, _ in modules("kbuild", "applier") if BANNED_NAMES & {*path.parts, path.stem}]
    assert not wrong, "\n".join(wrong)
