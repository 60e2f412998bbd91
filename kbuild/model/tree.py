"""What load hands to accumulate: every kustomization with its documents, or the failure held in their place.

Load does all reading and raises nothing for content: where something could not be had, a `LoadFailure` stands, and the fold
raises it when it gets there, so that the first reported error is the reference's. A tree is consumed by one
fold: the fold takes over the bodies (a base that is reached twice has its own copy of them).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.errors import KbuildError
    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Json
    from kbuild.model.shared import Built


class LoadFailure:
    """An error that waits for the fold to arrive. The error carries its whole reason, as the fold must report it."""

    __slots__ = ("error",)

    def __init__(self, error: KbuildError) -> None:
        self.error = error


class FileEntry:
    """An entry that was read as a file of resources. `path` is the entry as written."""

    __slots__ = ("path", "resources")

    def __init__(self, path: str, resources: list[Resource]) -> None:
        self.path, self.resources = path, resources


class BaseEntry:
    """An entry that is a directory (or clone). `file_error` is why it was no file (first half of a joined error)."""

    __slots__ = ("file_error", "node", "path")

    def __init__(self, path: str, node: Node, file_error: str = "") -> None:
        self.path, self.node, self.file_error = path, node, file_error


class Node:
    """One loaded kustomization.

    Shape: `root` is its folder, absolute and with links resolved; `file` the path of its kustomization file; `text`
    that file's text. `fields` are the decoded fields under their Go JSON names after the reference's fix-ups, only those
    that were set; null counts as unset. `warnings` are its deprecation lines in order. `resources`,
    `components` hold one entry each in file order, ending at the first failure. `plugins` has, for `generators`,
    `transformers` and `validators`, the entries in order (inline configurations are `FileEntry` with path `""`). `files` maps each
    path named by the file (as written) to its bytes or the failure. `failure` is set when the kustomization file itself is bad.
    `read_more(path)` reads a file that only the fold could name (a built generator configuration).
    `as_base(path)` loads an entry that was a file as a folder or repository.
    `remote` is the URL that it was cloned from, where one named it. On the root node, `access.files_read` lists the files
    read and `left_out` what a generated kustomization left out, with the reason. `own_resources` counts the entries of
    `resources` that were not written under `bases`. Where renders share what they did: `reads` are the (path, size) of the
    files read for it and below it, `is_shareable` is whether its fold depends on nothing outside of it, and `built` is
    the fold itself, when an earlier render made it.
    """

    __slots__ = (
        "access", "as_base", "built", "components", "failure", "fields", "file", "files", "is_shareable", "left_out",
        "own_resources", "plugins", "read_more", "reads", "remote", "resources", "root", "text", "warnings",
    )  # fmt: skip

    def __init__(self, root: str, file: str = "", text: str = "") -> None:
        self.root, self.file, self.text = root, file, text
        self.fields: dict[str, Json] = {}
        self.warnings: tuple[str, ...] = ()
        self.resources: list[FileEntry | BaseEntry | LoadFailure] = []
        self.components: list[BaseEntry | LoadFailure] = []
        self.plugins: dict[str, list[FileEntry | BaseEntry | LoadFailure]] = {}
        self.files: dict[str, bytes | LoadFailure] = {}
        self.failure: LoadFailure | None = None
        self.read_more: Json = None
        self.as_base: Json = None
        self.remote = ""
        self.own_resources = 0
        self.access: Json = None
        self.left_out: tuple[tuple[str, str], ...] = ()
        self.reads: tuple[tuple[str, int], ...] = ()
        self.is_shareable = False
        self.built: Built | None = None

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders of all kustomizations below this one, each as often as it is reached."""
        if self.built is not None:
            return self.built.folders
        found: list[str] = []
        lists: list[list[Any]] = [self.resources, self.components, *self.plugins.values()]
        for entry in [entry for entries in lists for entry in entries]:
            if type(entry) is BaseEntry:
                found += (entry.node.root, *entry.node.folders)
        return tuple(found)
