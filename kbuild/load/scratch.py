"""Temporary folders that only we can enter, removed when they are done with, at the latest when the process ends."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref


class Scratch:
    """One temporary folder; `path` is real. It is named as the reference names its own: `PREFIX` and a number."""

    __slots__ = ("__weakref__", "_remove", "path")

    def __init__(self, prefix: str, parent: str = "") -> None:
        self.path = os.path.realpath(_new_folder(parent or tempfile.gettempdir(), prefix))
        # Without errors: what a program left behind may not be ours to remove.
        self._remove = weakref.finalize(self, shutil.rmtree, self.path, True)

    def remove(self) -> None:
        """Remove the folder now."""
        self._remove()

    def keep(self) -> None:
        """Leave the folder where it is: somebody else has taken it over."""
        self._remove.detach()


def _new_folder(parent: str, prefix: str) -> str:
    while True:
        folder = os.path.join(parent, f"{prefix}{int.from_bytes(os.urandom(4), 'big')}")
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            continue
        return folder
