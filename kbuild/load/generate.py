"""A folder without a kustomization file, as Flux renders it: a kustomization of every manifest below it.

Source: fluxcd/pkg `kustomize.Generator` and `sourceignore`, as run by kustomize-controller v1.
"""

from __future__ import annotations

from kbuild.load.ignore import Ignore, pattern_lines, scoped
from kbuild.load.source_ignore import SOURCE_IGNORE, with_defaults
from kbuild.model.errors import KbuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kbuild.load.filesystem import FileSystem
    from kbuild.load.root import Root
    from kbuild.model.resource import Resource

    LeftOut = tuple[tuple[str, str], ...]

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
HEADER = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def generate_as_fetched(root: Root, parse: Callable[[bytes, str], list[Resource]]) -> tuple[FileSystem, str, LeftOut]:
    """What Flux fetches of the file system, and of that the same as `generate`.

    Flux fetches the repository that the folder is in: ignore rules of the folders above it hold as well, and hidden files
    are not there for kustomizations below it either. Raises: KbuildError.
    """
    from kbuild.load.overlay_fs import IgnoringFileSystem

    fs = root.access.fs
    repository = repository_of(fs, root.path)
    patterns = source_patterns(fs, repository, root.path)
    text, left_out = generate(root, parse, ignore=Ignore(repository, patterns))
    return IgnoringFileSystem(fs, repository, patterns), text, left_out


def generate(root: Root, parse: Callable[[bytes, str], list[Resource]], *, ignore: Ignore) -> tuple[str, LeftOut]:
    """The text of the kustomization, and (path from the root, reason) of everything it leaves out by the given rules.

    Raises: KbuildError, for a manifest that does not decode or an unreadable folder.
    """
    walk = Walk(root, parse, ignore)
    walk.folder("")
    if not walk.entries:
        # So that nothing is rendered, rather than an error for an empty kustomization.
        return f"{HEADER}namespace: _placeholder\n", tuple(walk.left_out)
    from kbuild.documents.gojson import dumps

    lines = [f"- {dumps('./' + entry)}\n" for entry in walk.entries]
    return f"{HEADER}resources:\n{''.join(lines)}", tuple(walk.left_out)


class Walk:
    """One walk, depth first, names in order. Shape: `entries` and `left_out` hold paths from the root."""

    __slots__ = ("entries", "fs", "ignore", "left_out", "parse", "root")

    def __init__(self, root: Root, parse: Callable[[bytes, str], list[Resource]], ignore: Ignore) -> None:
        self.root, self.fs, self.parse, self.ignore = root, root.access.fs, parse, ignore
        self.entries: list[str] = []
        self.left_out: list[tuple[str, str]] = []

    def folder(self, inner: str) -> None:
        """Visit a folder. Raises: KbuildError."""
        for name in names_in(self.fs, self.root.joined(inner)):
            path = f"{inner}/{name}" if inner else name
            full = self.root.joined(path)
            is_folder = is_own_folder(self.fs, full)
            if self.ignore.matches(full, is_dir=is_folder):
                self.left_out.append((path, "hidden by ignore rules"))
            elif not is_folder and not is_own_file(self.fs, full):
                self.left_out.append((path, "a link, which Flux does not fetch"))
            elif not is_folder:
                self.file(path, full)
            elif any(is_own_file(self.fs, f"{full}/{known}") for known in NAMES):
                self.entries.append(path)
            else:
                self.folder(path)

    def file(self, path: str, full: str) -> None:
        """Take a file that holds manifests. Raises: KbuildError, when it does not."""
        if not path.endswith((".yaml", ".yml")):
            self.left_out.append((path, "neither .yaml nor .yml"))
            return
        try:
            self.parse(self.root.read(path), full)
        except KbuildError as error:
            raise error.at(full).within(f"failed to decode Kubernetes YAML from {full}") from None
        self.entries.append(path)


def repository_of(fs: FileSystem, folder: str) -> str:
    """The nearest folder, this one or above it, that holds `.git`; the folder itself where there is none."""
    at = folder
    while True:
        try:
            if ".git" in fs.names(at):
                return at
        except OSError:
            return folder
        if at == "/":
            return folder
        at = at.rpartition("/")[0] or "/"


def source_patterns(fs: FileSystem, repository: str, root: str) -> list[str]:
    """The ignore rules for `root`: the fixed ones, then the `.sourceignore` files above, in and below it, outer ones first."""
    inner = root[len(repository.rstrip("/")) + 1 :]
    found: list[str] = []
    for at in range(len(inner)):
        if at == 0 or inner[at] == "/":
            found += own_patterns(fs, repository, inner[:at])
    queue = [inner]
    for path in queue:
        found += own_patterns(fs, repository, path)
        for name in names_in(fs, joined(repository, path)):
            below = f"{path}/{name}" if path else name
            if name != ".git" and is_own_folder(fs, joined(repository, below)):
                queue.append(below)
    return with_defaults(found)


def own_patterns(fs: FileSystem, repository: str, inner: str) -> list[str]:
    """The patterns of one folder's `.sourceignore`, as patterns for the repository. Raises: OSError."""
    full = joined(repository, f"{inner}/{SOURCE_IGNORE}" if inner else SOURCE_IGNORE)
    if not is_own_file(fs, full):
        return []
    return [scoped(pattern, inner) for pattern in pattern_lines(fs.read(full).decode("utf-8", "replace"))]


def joined(folder: str, inner: str) -> str:
    """A path below an absolute folder."""
    return f"{folder.rstrip('/')}/{inner}" if inner else folder


def names_in(fs: FileSystem, folder: str) -> list[str]:
    """The names in a folder, sorted. Raises: MissingFileError."""
    try:
        return fs.names(folder)
    except OSError as error:
        from kbuild.load.root import os_sentence
        from kbuild.model.errors import MissingFileError

        raise MissingFileError(os_sentence("open", error, folder)) from None


def is_own_folder(fs: FileSystem, path: str) -> bool:
    """Whether a path is a folder and no link: links are not followed."""
    try:
        return fs.is_dir(path) and fs.real(path) == path
    except OSError:
        return False


def is_own_file(fs: FileSystem, path: str) -> bool:
    """Whether a path is a file and no link."""
    try:
        return not fs.is_dir(path) and fs.real(path) == path
    except OSError:
        return False


def generated_kustomization(path: str, fs: FileSystem) -> str:
    """The text of a kustomization of every manifest below a folder, whose ignore rules were applied before.

    Raises: KbuildError, for a manifest that does not decode or an unreadable folder.
    """
    from kbuild.counters import Counters
    from kbuild.documents.reader import Memo
    from kbuild.load import resource_file
    from kbuild.load.root import Access, open_root
    from kbuild.model.ids import CLUSTER_SCOPED

    counters, memo = Counters(), Memo()

    def parse(text: bytes, name: str) -> list[Resource]:
        return resource_file.parse(text, name, CLUSTER_SCOPED, memo, counters)

    root = open_root(Access(fs, counters), path)
    return generate(root, parse, ignore=Ignore(root.path, ()))[0]
