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


def generate(
    root: Root, parse: Callable[[bytes, str], list[Resource]], *, ignore: Ignore | None = None
) -> tuple[str, LeftOut]:
    """The text of the kustomization, and (path from the root, reason) of everything it leaves out.

    `ignore` are the rules to go by; those of a source at the root, when None.

    Raises: KbuildError, for a manifest that does not decode or an unreadable folder.
    """
    walk = Walk(root, parse, ignore or Ignore(root.path, source_patterns(root.access.fs, root.path)))
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


def source_patterns(fs: FileSystem, root: str) -> list[str]:
    """The ignore rules of a folder: the fixed ones, then every `.sourceignore` below it, outer ones first."""
    found: list[str] = []
    queue = [""]
    for inner in queue:
        folder = f"{root}/{inner}" if inner else root
        for name in names_in(fs, folder):
            path = f"{inner}/{name}" if inner else name
            full = f"{root}/{path}"
            if name == SOURCE_IGNORE and is_own_file(fs, full):
                text = fs.read(full).decode("utf-8", "replace")
                found += [scoped(pattern, inner) for pattern in pattern_lines(text)]
            elif name != ".git" and is_own_folder(fs, full):
                queue.append(path)
    return with_defaults(found)


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
