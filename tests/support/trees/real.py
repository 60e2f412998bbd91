"""Trees made of real ones: changed files, and overlays on top."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import kbuild
from trees.choice import Choice
from trees.layer import Layer
from trees.mistakes import change_text
from trees.objects import Made
from trees.tree import KUSTOMIZATION, Tree, arguments, fill
from trees.yaml_text import document

CHECKOUT = Path(__file__).resolve().parents[3]
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
LARGEST = 200_000  # bytes of an input: larger ones would take all the time
OVERLAY = "zz-overlay"


def inputs() -> list[Path]:
    """Folders of kustomizations: the demo, the golden cases, and the shared ones where they are."""
    roots = [CHECKOUT / "testdata"]
    for variable, name in (("KBUILD_CONFORMANCE", "conformance"), ("KBUILD_CORPORA", "corpora")):
        roots.append(Path(os.environ.get(variable) or CHECKOUT.parent / "shared" / name))
    found = {path.parent for root in roots if root.is_dir() for name in NAMES for path in root.rglob(name)}
    return sorted(found)


def whole(folder: Path) -> tuple[Path, str] | None:
    """(the folder to copy, the part to build): everything up to the input of a case, or three folders up."""
    for above in (folder, *folder.parents):
        if above.name == "input":
            return above, str(folder.relative_to(above))
    top = folder
    for _ in range(2):
        if any((top.parent / name).exists() for name in (".git", "LICENSE", "README.md")):
            break
        top = top.parent
    return (top, str(folder.relative_to(top))) if top != folder else (folder, ".")


def read(top: Path) -> dict[str, bytes] | None:
    """The files below a folder, or nothing where that is too much."""
    files: dict[str, bytes] = {}
    size = 0
    for path in sorted(top.rglob("*")):
        if path.is_file() and not path.is_symlink():
            size += path.stat().st_size
            if size > LARGEST:
                return None
            files[f"root/{path.relative_to(top)}"] = path.read_bytes()
    return files


def objects(folder: Path) -> list[Made]:
    """What a folder renders to."""
    try:
        return [Made(body) for body in kbuild.render(folder).to_dicts()]
    except (kbuild.KbuildError, OSError):
        return []


def make_mutated(random: Random, real: list[Path]) -> Tree:
    """A real input with changes, mostly below an overlay."""
    choice = Choice(random)
    files, folder, part = None, Path(), "."
    while files is None:
        folder = choice.one(real)
        top, part = whole(folder) or (folder, ".")
        files = read(top)
    target = os.path.normpath(f"root/{part}")
    if choice.chance(0.75):
        target = overlay(choice, files, target, objects(folder))
    for _ in range(choice.one((0, 0, 1, 1, 2, 3))):
        texts = [
            name for name in files if name.endswith((".yaml", ".yml", ".json", "Kustomization", ".env", ".properties"))
        ]
        name = choice.one(texts or list(files))
        files[name] = change_text(files[name], choice)
    return Tree(files, target, arguments(choice))


def overlay(choice: Choice, files: dict[str, bytes], target: str, seen: list[Made]) -> str:
    """Put a layer of random fields on top; gives its folder."""
    layer = Layer(OVERLAY, files, choice, seen)
    layer.fields["resources"] = [f"../{target}"]
    fill(layer)
    files[f"{OVERLAY}/kustomization.yaml"] = document({**KUSTOMIZATION, **layer.fields}, choice).encode()
    return OVERLAY
