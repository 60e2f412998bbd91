"""The applier's layers: planning is pure, reading and writing have their places, and only the executor can write."""

from __future__ import annotations

from pathlib import Path

from source_tree import imported, io_imports, modules, texts

from applier.keys import PREFIX

RANK = {
    "keys": 0, "clock": 0, "records": 0, "failures": 1,
    "errors": 2, "model": 2,
    "inventory": 3, "order": 3, "health": 3, "fields": 3,
    "normalize": 4,
    "planning": 5, "report": 5, "cluster": 5,  # none of the three knows another
    "executor": 6,
    "flow": 7,
    "__init__": 8, "agent": 8,
    "cli": 9,
}  # fmt: skip
# Everything that decides or prints. No file, no socket, no clock, no thread: the same values in, the same values out.
PURE = frozenset(
    [
        "keys",
        "records",
        "failures",
        "errors",
        "model",
        "inventory",
        "order",
        "health",
        "fields",
        "normalize",
        "planning",
        "report",
    ]
)
DOES_IO = frozenset(["clock", "cluster", "executor", "cli", "agent"])
# What names a run is random; nothing else outside of the I/O packages touches the system.
KNOWN_IO = frozenset([("applier/flow.py", "os"), ("applier/__init__.py", "os")])
# The half of the client that changes a cluster, and who may import it. `flow` only makes it and hands it over.
WRITING = "applier.cluster.writer"
WRITERS = ("applier/executor/", "applier/flow.py")


def part(path: Path | str) -> str:
    return str(path).split("/")[1].removesuffix(".py")


def test_layers_of_the_applier_import_downwards() -> None:
    wrong = []
    for path, tree in modules("applier"):
        own = part(path)
        for line, name in imported(tree):
            top, other = [*name.split("."), ""][:2]
            if top == "applier" and other and other != own and RANK.get(other, 99) >= RANK[own]:
                wrong.append(f"{path}:{line}: {own} may not import {name}")
    assert not wrong, "\n".join(wrong)


def test_every_part_of_the_applier_has_its_place() -> None:
    parts = {part(path) for path, _ in modules("applier")}
    assert parts <= RANK.keys()
    assert parts <= PURE | DOES_IO | {"flow", "__init__"}


def test_what_decides_does_no_io() -> None:
    wrong = []
    for path, tree in modules("applier"):
        if part(path) in DOES_IO:
            continue
        wrong += [f"{path}:{line}: {name}" for line, name in io_imports(tree) if (str(path), name) not in KNOWN_IO]
    assert not wrong, "\n".join(wrong)


def test_only_the_executor_can_write() -> None:
    wrong = [
        f"{path}:{line}: {name}"
        for path, tree in modules("applier")
        for line, name in imported(tree)
        if name.startswith(WRITING) and not str(path).startswith(WRITERS)
    ]
    assert not wrong, "\n".join(wrong)


def test_one_module_knows_the_prefix() -> None:
    wrong = [
        f"{name}:{number}"
        for name, text in texts()
        if name.startswith("applier/") and name.endswith(".py") and name != "applier/keys.py"
        for number, row in enumerate(text.splitlines(), 1)
        if f"{PREFIX}/" in row
    ]
    assert not wrong, "\n".join(wrong)
