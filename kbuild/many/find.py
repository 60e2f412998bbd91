"""Finding what can be rendered: every folder with a kustomization file that is no component."""

from __future__ import annotations

import os

from kbuild.documents.reader import Memo
from kbuild.load.kustomization_file import COMPONENT, decode, fix
from kbuild.load.tree import NAMES
from kbuild.model.errors import KbuildError, MissingFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def find_roots(folder: str, *, without: str = "") -> Iterator[str]:
    """The folders to render in and below a folder, sorted, each as `folder` and the way down from it.

    Hidden folders, links to folders and the folder `without` are not entered. A kustomization file that cannot be read
    counts: rendering it will say what is wrong.
    Raises: MissingFileError, where there is no such folder.
    """
    if not os.path.isdir(folder):
        raise MissingFileError(f"'{folder}' is no folder")
    memo = Memo()
    avoided = os.path.realpath(without) if without else ""
    stack = [folder]
    while stack:
        place = stack.pop()
        names, below = contents(place)
        found = [name for name in NAMES if name in names]
        if found and not (len(found) == 1 and is_component(os.path.join(place, found[0]), memo)):
            yield place
        for name in sorted(below, reverse=True):
            inner = name if place == "." else os.path.join(place, name)
            if not avoided or os.path.realpath(inner) != avoided:
                stack.append(inner)


def contents(folder: str) -> tuple[set[str], list[str]]:
    """(the names of files, the names of folders to enter) in a folder; none where it cannot be read."""
    names: set[str] = set()
    below: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.name)
                elif not entry.is_dir():
                    names.add(entry.name)
    except OSError:
        return set(), []
    return names, [name for name in below if name[0] != "."]


def is_component(path: str, memo: Memo) -> bool:
    """Whether a kustomization file says that it is a component: one cannot be rendered on its own."""
    try:
        with open(path, "rb") as file:
            data = file.read()
        if COMPONENT.encode() not in data:
            return False
        fields, _ = decode(data, memo)
        fix(fields)
    except (OSError, KbuildError):
        return False
    return fields.get("kind") == COMPONENT
