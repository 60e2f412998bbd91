"""Files that lie beside a kustomization and that no build reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kbuild.load.generate import NAMES, is_own_file, is_own_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kbuild.load.filesystem import FileSystem

_SUFFIXES = (".yaml", ".yml", ".json")
_CHART = "Chart.yaml"


def unused(fs: FileSystem, folders: Iterable[str], read: set[str]) -> Iterator[str]:
    """The manifests in these folders of kustomizations, and in subfolders without one, that are not in `read`.

    Hidden folders and helm charts are left alone. Paths are absolute with links resolved.
    """
    for folder in sorted(set(folders)):
        yield from _below(fs, folder, read)


def _below(fs: FileSystem, folder: str, read: set[str]) -> Iterator[str]:
    names = fs.names(folder)
    if _CHART in names:
        return
    for name in names:
        path = f"{folder.rstrip('/')}/{name}"
        if name.startswith("."):
            continue
        if is_own_folder(fs, path):
            if not any(known in NAMES for known in fs.names(path)):
                yield from _below(fs, path, read)
        elif name.endswith(_SUFFIXES) and path not in read and is_own_file(fs, path):
            yield path


def roots_below(fs: FileSystem, folder: str) -> Iterator[str]:
    """Every folder from here down that holds a kustomization file, in order; hidden folders are left out."""
    names = fs.names(folder)
    if any(name in NAMES for name in names):
        yield folder
    for name in names:
        path = f"{folder.rstrip('/')}/{name}"
        if not name.startswith(".") and is_own_folder(fs, path):
            yield from roots_below(fs, path)
