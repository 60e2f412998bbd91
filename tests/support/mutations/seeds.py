"""Real inputs: which folders can be built, and what belongs to one of them."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trees.tree import Tree

CHECKOUT = Path(__file__).resolve().parents[3]
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
LARGEST = 120_000  # bytes of an input: larger ones would take all the time
REMOTE = re.compile(rb"://|github\.com/|git@|\?ref=")
# Flags of a recorded build that are kept; what starts programs is not.
FLAGS = ("--load-restrictor", "--reorder", "--enable-managedby-label", "-e")
WORD = re.compile(r"[^\s'\"\[\]{},]+")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to build: below `top` when all of that is to be copied, else with what it refers to; whether it is known to fail."""

    folder: Path
    top: Path | None = None
    arguments: tuple[str, ...] = ()
    fails: bool = False


def golden() -> list[Place]:
    """The golden cases."""
    return list(recorded_lines(CHECKOUT / "testdata" / "golden"))


def recorded_lines(root: Path) -> Iterator[Place]:
    """Cases whose arguments are one line beside their input."""
    for path in sorted(root.glob("*/ORACLE")):
        _, _, _, *arguments = shlex.split(path.read_text())
        folders = [word for word in arguments if word.startswith("input")]
        if folders:
            fails = (path.parent / "expected-error.txt").exists()
            yield Place(path.parent / folders[0], path.parent / "input", kept(arguments), fails)


def conformance(root: Path) -> Iterator[Place]:
    """The shared cases."""
    for path in sorted(root.rglob("case.json")):
        case = json.loads(path.read_text())
        yield Place(path.parent / "input" / case["path"], path.parent / "input", kept(case["args"]), case["exit"] != 0)


def kept(arguments: list[str]) -> tuple[str, ...]:
    """The flags among recorded arguments that are kept, each with its value."""
    found: list[str] = []
    for number, word in enumerate(arguments):
        if word.startswith(FLAGS):
            found.append(word)
            if "=" not in word and word in ("--load-restrictor", "--reorder", "-e"):
                found += arguments[number + 1 : number + 2]
    return tuple(found)


def folders(root: Path) -> Iterator[Place]:
    """Every kustomization below a folder that is no case."""
    seen = {path.parent for name in NAMES for path in root.rglob(name)}
    yield from (Place(folder) for folder in sorted(seen))


def shared() -> list[tuple[str, list[Place]]]:
    """(name, places) of what is beside the checkout."""
    found = []
    for variable, name, of in (
        ("KBUILD_CONFORMANCE", "conformance", conformance),
        ("KBUILD_CORPORA", "corpora", folders),
    ):
        root = Path(os.environ.get(variable) or CHECKOUT.parent / "shared" / name)
        if root.is_dir():
            found.append((name, list(of(root))))
    return found


def load(place: Place) -> Tree | None:
    """A tree of what belongs to a place; nothing where that is too much, or reaches for other machines."""
    files = whole(place.top) if place.top else closure(place.folder)
    if not files:
        return None
    top = place.top or Path(os.path.commonpath([*files, place.folder / "x"]))
    inside: dict[str, bytes] = {}
    size = 0
    for path in files:
        size += path.stat().st_size
        if size > LARGEST:
            return None
        content = path.read_bytes()
        if path.name in NAMES and REMOTE.search(content):
            return None
        inside[f"root/{path.relative_to(top)}"] = content
    target = os.path.normpath(f"root/{place.folder.relative_to(top)}")
    return Tree(inside, target, list(place.arguments))


def whole(top: Path) -> list[Path]:
    """All files below a folder."""
    return [path for path in sorted(top.rglob("*")) if path.is_file() and not path.is_symlink()]


def closure(folder: Path) -> list[Path]:
    """The files that a kustomization's words name, and those of the folders that they name; at most a few hundred."""
    found: dict[Path, None] = {}
    waiting = [folder.resolve()]
    while waiting and len(found) < 300:
        path = waiting.pop()
        if path in found:
            continue
        if path.is_dir():
            waiting += [path / name for name in NAMES if (path / name).is_file()]
            continue
        found[path] = None
        if path.suffix in ("", ".yaml", ".yml") and path.stat().st_size < LARGEST:
            waiting += named(path)
    return sorted(found)


def named(path: Path) -> Iterator[Path]:
    """Files and folders of kustomizations that the words of a file name."""
    text = path.read_bytes().decode(errors="replace")
    for word in dict.fromkeys(WORD.findall(text)):
        name = word.rpartition("=")[2]
        if len(name) > 200 or name.startswith("/") or not ("." in name or path.name in NAMES):
            continue
        other = Path(os.path.normpath(path.parent / name))
        if (other.is_file() and other != path) or (other.is_dir() and any((other / kind).is_file() for kind in NAMES)):
            yield other
