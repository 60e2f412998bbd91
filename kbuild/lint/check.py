"""One lint run: every kustomization built while an observer looks on, and the findings of all rules together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kbuild.documents.positions import locate, locate_from
from kbuild.lint import file_rules, name_rules, target_rules
from kbuild.lint.field_rules import FieldRules
from kbuild.lint.findings import Finding
from kbuild.load.generate import NAMES
from kbuild.model.errors import KbuildError, MissingFileError
from kbuild.model.tree import BaseEntry
from kbuild.transformers.images import ImageTagTransformer
from kbuild.transformers.replacements import ReplacementTransformer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kbuild.load.filesystem import FileSystem
    from kbuild.model.resources import Resources
    from kbuild.model.tree import Node
    from kbuild.options import Options


def lint(paths: Sequence[str], *, fs: FileSystem, options: Options, rules: Iterable[str] = ()) -> list[Finding]:
    """The findings for some folders, each once, in the order of their places.

    A folder that is a kustomization is built; of any other one every kustomization below it is, components only as
    parts of others. `rules` names the rules to apply (all, when empty).
    Raises: MissingFileError, for a path that is no folder.
    """
    run = Run(fs, options)
    folders = [resolved(fs, path) for path in paths]
    for folder in folders:
        names = fs.names(folder)
        is_root = any(name in NAMES for name in names)
        for root in [folder] if is_root else file_rules.roots_below(fs, folder):
            run.build(root, is_named=is_root)
    run.look_for_unused(folders)
    wanted = frozenset(rules)
    return sorted({found for found in run.findings() if not wanted or found.rule in wanted})


def resolved(fs: FileSystem, path: str) -> str:
    """A folder's real path. Raises: MissingFileError."""
    try:
        real = fs.real(fs.absolute(path))
    except OSError:
        real = ""
    if not real or not fs.is_dir(real):
        raise MissingFileError(f"'{path}' is not a folder")
    return real


class Run:
    """What one lint run has seen.

    Shape: `texts` are the kustomization files by path; `read` every file that a build read; `failures` the error of each
    root that does not build; `built` the folders, clones left out, of the builds that succeeded, and `parts` those among them that
    were part of another folder's build; `names` (root, finding) for references that stayed behind.
    """

    def __init__(self, fs: FileSystem, options: Options) -> None:
        self.fs, self.options = fs, options
        self.texts: dict[str, str] = {}
        self.read: set[str] = set()
        self.failures: dict[str, Finding] = {}
        self.built: set[str] = set()
        self.hits = target_rules.Hits()
        self.parts: set[str] = set()
        self.names: list[tuple[str, Finding]] = []
        self.unused: list[Finding] = []

    def build(self, root: str, *, is_named: bool) -> None:
        """Build one folder. A component is left out, unless it was named: it is part of others."""
        from kbuild.build import build

        if not is_named and is_component(self.fs, root):
            return
        watcher = Watcher(self, root)
        try:
            build(root, fs=self.fs, options=self.options, observer=watcher)
            self.built |= watcher.visited
            self.parts |= watcher.visited - {root}
        except KbuildError as error:
            self.failures[root] = failure(error, root)
        self.read |= set(watcher.files_read)

    def look_for_unused(self, folders: Iterable[str]) -> None:
        """Look for files that no build read, in the given folders. What failed to build may have wanted more."""
        inside = [f for f in self.built if any(f == top or f.startswith(top.rstrip("/") + "/") for top in folders)]
        for path in file_rules.unused(self.fs, inside, self.read):
            name = path.rpartition("/")[2]
            self.unused.append(Finding(path, 1, 1, "unused-file", f"no kustomization uses {name}"))

    def findings(self) -> Iterator[Finding]:
        """All findings so far."""
        rules = FieldRules()
        for file, text in self.texts.items():
            yield from rules.check(file, text)
        # What is wrong on its own, and builds as a part of something else, is meant to be that part.
        yield from (found for root, found in self.names if root not in self.parts)
        yield from nearest(found for root, found in self.failures.items() if root not in self.parts)
        for (rule, (file, path)), message in self.hits.missed.items():
            yield Finding(file, *locate(self.texts[file], path), rule, message)
        for ((file, path), _), (message, kind) in self.hits.lists.items():
            hint = f"a schema of {kind} with merge keys (field openapi), or a JSON patch, keeps the other entries"
            yield Finding(file, *locate(self.texts[file], path), "list-replaced", message, hint)
        yield from self.unused


def nearest(failures: Iterable[Finding]) -> Iterator[Finding]:
    """One finding for each place: the one of the kustomization that is nearest to it has the shortest sentence."""
    found: dict[tuple[str, int, int], Finding] = {}
    for failed in failures:
        place = (failed.file, failed.line, failed.column)
        if place not in found or len(failed.message) < len(found[place].message):
            found[place] = failed
    yield from found.values()


def is_component(fs: FileSystem, folder: str) -> bool:
    """Whether the kustomization of a folder says that it is a component."""
    from kbuild.documents.config import read_config

    for name in NAMES:
        try:
            value = read_config(fs.read(f"{folder.rstrip('/')}/{name}"))
        except (OSError, KbuildError):
            continue
        return isinstance(value, dict) and value.get("kind") == "Component"
    return False


def failure(error: KbuildError, root: str) -> Finding:
    """A failed build as a finding, at its place or at the root's."""
    if error.file:
        return Finding(error.file, error.line or 1, error.column or 1, "build-fails", error.reason, error.hint)
    return Finding(root, 1, 1, "build-fails", error.reason, error.hint)


class Watcher:
    """Looks on while one folder is built. Shape: `visited` are the folders of its kustomizations."""

    def __init__(self, run: Run, root: str) -> None:
        self.run, self.root = run, root
        self.visited: set[str] = set()
        self.files_read: Any = ()
        self._places: dict[int, target_rules.Place] = {}
        self._written: dict[int, list[Any]] = {}

    def loaded(self, node: Node) -> None:
        """Take note of all kustomizations of the tree."""
        self.files_read = node.access.files_read
        queue = [(node, False)]
        for found, is_remote in queue:
            remote = is_remote or bool(found.remote)
            if not remote:
                self.visited.add(found.root)
                if found.file:
                    self.run.texts[found.file] = found.text
            entries = [*found.resources, *found.components, *(e for all_of in found.plugins.values() for e in all_of)]
            queue += [(entry.node, remote) for entry in entries if type(entry) is BaseEntry]

    def configured(self, node: Node, transformers: list[Any]) -> None:
        """Remember where each transformer is written."""
        if node.file not in self.run.texts:
            return
        self._places.update(target_rules.places(node, transformers))
        written = node.fields.get("replacements") or []
        self._written.update({id(found): written for found in transformers if type(found) is ReplacementTransformer})

    def before(self, transformers: list[Any], resources: Resources, schema: Callable[[], Any]) -> None:
        """See what the transformers are about to hit."""
        hits = self.run.hits
        images = [found for found in transformers if type(found) is ImageTagTransformer]
        placed = [(found, self._places[id(found)]) for found in images if id(found) in self._places]
        if placed:
            target_rules.look_at_images(placed, resources, hits)
        for found in transformers:
            place = self._places.get(id(found))
            if place is not None and type(found) is not ImageTagTransformer:
                written = self._written.get(id(found), [])
                target_rules.look(found, place, written, target_rules.Surroundings(resources, schema, hits))

    def referenced(self, resources: Resources, references: Any) -> None:
        """Look for references that stayed behind."""
        for referrer, path, name, target in name_rules.left_behind(resources, references):
            field = ".".join(str(part) for part in path if isinstance(part, str))
            message = (
                f'{field} of {referrer.id.kind} {referrer.id.name} is still "{name}",'
                f" but that {target.id.kind} is now {target.id.name}"
            )
            file, line, column = self._place(referrer, path)
            hint = namespaces(referrer, target)
            self.run.names.append((self.root, Finding(file, line, column, "unresolved-name", message, hint)))

    def _place(self, referrer: Any, path: tuple[str | int, ...]) -> tuple[str, int, int]:
        """Where a field of a resource is written, as far as its file tells."""
        from kbuild.documents.config import lenient_text

        place = referrer.position
        if not place.file:
            return "", 1, 1
        try:
            text = lenient_text(self.run.fs.read(place.file))
        except OSError:
            return place.file, place.line or 1, 1
        line, column = locate_from(text, path, place.line)
        return place.file, line or place.line or 1, column or 1


def namespaces(referrer: Any, target: Any) -> str:
    """A hint, where the two are in different namespaces."""
    left, right = referrer.id.effective_namespace, target.id.effective_namespace
    return f"they are in different namespaces: {left} and {right}" if left != right else ""
