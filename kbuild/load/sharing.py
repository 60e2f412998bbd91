"""Which parts of a tree renders may share, and how a base that was folded before takes its place in a tree.

Decision: docs/adr/0020-share-bases-between-renders.md.
"""

from __future__ import annotations

from kbuild.load.root import has_prefix
from kbuild.model.tree import BaseEntry, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.load.filesystem import FileSystem
    from kbuild.load.root import Access, Root
    from kbuild.model.shared import Built, Shared
    from kbuild.options import Options

# What makes the fold of a base depend on its surroundings, or be more than a function of files.
_OWN_WAYS = ("openapi", "helmCharts", "vars", "generators", "transformers", "validators")


class SharedFileSystem:
    """The files below, each read once; `shared` keeps what renders from here have in common."""

    __slots__ = ("fs", "shared")

    def __init__(self, fs: FileSystem, shared: Shared) -> None:
        self.fs, self.shared = fs, shared

    def absolute(self, path: str) -> str:
        """The path made absolute."""
        return self.fs.absolute(path)

    def real(self, path: str) -> str:
        """The path with all links resolved. Raises: OSError."""
        return self.fs.real(path)

    def is_dir(self, path: str) -> bool:
        """Whether the path is a folder."""
        return self.fs.is_dir(path)

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted. Raises: OSError."""
        return self.fs.names(path)

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises: OSError."""
        found: bytes | None = self.shared.find("followed", path)
        if found is None:
            found = self.fs.read(path)
            self.shared.keep("followed", path, found, len(found))
        return found

    def read_unlinked(self, path: str) -> bytes | None:
        """The bytes of a file, or None when it is a link. Raises: OSError."""
        found: bytes | None = self.shared.find("read", path)
        if found is None:
            found = self.fs.read_unlinked(path)
            if found is not None:
                self.shared.keep("read", path, found, len(found))
        return found


def prepare(access: Access, shared: Shared, options: Options) -> bool:
    """Let a render use what is shared; returns whether it may share bases. Mutates: `access`."""
    if options.ignore or options.ignore_files:
        # Which files exist depends on the folder that is rendered.
        return False
    access.real_folders = shared.real_folders
    access.log = []
    return True


def is_shareable(node: Node) -> bool:
    """Whether the fold of a loaded node is the same wherever it is used."""
    if node.remote or any(name in node.fields for name in _OWN_WAYS):
        return False
    entries = [*node.resources, *node.components]
    return all(entry.node.is_shareable for entry in entries if type(entry) is BaseEntry)


def built_base(root: Root, shared: Shared) -> Node | None:
    """A base that an earlier render folded, as a node; None where there is none or it would lead back here."""
    built: Built | None = shared.find("built", root.path)
    if built is None:
        return None
    way = [visited.path for visited in root.way()]
    if any(has_prefix(folder, inner) for inner in built.folders for folder in way):
        return None
    return as_node(built, root.access)


def as_node(built: Built, access: Access) -> Node:
    """The node of a base that was folded before; its files count as read."""
    node = Node(built.root, built.file, built.text)
    node.fields, node.own_resources, node.reads = built.fields, built.own_resources, built.reads
    node.built, node.is_shareable = built, True
    if access.log is not None:
        access.log += node.reads
    for path, _ in node.reads:
        access.files_read[path] = None
    return node
