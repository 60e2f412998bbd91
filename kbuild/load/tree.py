"""Path to tree: every kustomization loaded in the order in which the fold will visit it, failures held in their places.

Loading of a list of entries stops at its first failure: nothing behind it can be reached.
Source: kustomize v5.8.1 `KustTarget.Load`, `accumulateResources`, `accumulateComponents`.
"""

from __future__ import annotations

from kbuild.load import kustomization_file, resource_file
from kbuild.load.root import Access, CloneTimeoutError, HttpStatusError, Root, is_remote_file, open_root
from kbuild.model.errors import (
    KbuildError,
    KustomizationError,
    MissingFileError,
    Position,
    RestrictedPathError,
    YamlError,
)
from kbuild.model.quote import go_quote
from kbuild.model.resources import duplicate_id
from kbuild.model.tree import BaseEntry, FileEntry, LoadFailure, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.documents.reader import Memo
    from kbuild.load.filesystem import FileSystem
    from kbuild.model.resource import Resource
    from kbuild.model.shared import Shared
    from kbuild.options import Options

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
FORCED_GIT = "git::"
FORCED_GIT_WARNING = (
    "Warning: Forcing the git protocol using the 'git::' URL prefix is not supported. Kustomize currently strips this "
    "invalid prefix, but will stop doing so in a future release. Please remove the 'git::' prefix from your configuration."
)


class Loader:
    """What one load shares: access to files, memo tables.

    Shape: `generated` is the (folder, text) of a kustomization that no file holds; `parsed` has what was parsed ahead of its entry, by file; `stopped` is set at the first failure:
    nothing behind it can be reached; `shared` is what earlier renders did, and `shares_bases` whether that includes bases;
    `is_latest` accepts what later versions accept.
    """

    __slots__ = (
        "access", "counters", "generated", "is_latest", "memo", "parsed", "scopes", "shared", "shares_bases", "stopped",
    )  # fmt: skip

    def __init__(self, access: Access, scopes: frozenset[tuple[str, str]], memo: Memo, counters: Counters) -> None:
        self.access, self.scopes, self.memo, self.counters = access, scopes, memo, counters
        self.generated: tuple[str, str] | None = None
        self.parsed: dict[str, list[Resource]] = {}
        self.stopped = False
        self.shared: Shared | None = None
        self.shares_bases = self.is_latest = False

    def parse(self, text: str | bytes, name: str) -> list[Resource]:
        """The resources of a text, unique by id. Raises: KbuildError."""
        found = self.parsed.pop(name, None) if self.parsed else None
        if found is None:
            found = self._parse(text, name)
        if len(found) > 1:
            check_unique(found)
        return found

    def _parse(self, text: str | bytes, name: str) -> list[Resource]:
        shared = self.shared if name else None
        found = shared.find_parsed(name, text, self.counters) if shared is not None else None
        if found is None:
            found = resource_file.parse(text, name, self.scopes, self.memo, self.counters)
            if shared is not None:
                shared.keep_parsed(name, text, found, self.counters)
        return found

    def parse_ahead(self, text: bytes, name: str) -> list[Resource]:
        """The same, without the check, and kept for the entry that names the file. Raises: KbuildError."""
        found = self.parsed[name] = resource_file.parse(text, name, self.scopes, self.memo, self.counters)
        return found

    def fail(self, error: KbuildError, node: Node, field: str, index: int) -> LoadFailure:
        """Hold the failure of one entry, and stop."""
        self.stopped = True
        if not error.file:
            error.at(node.file, *entry_position(node, field, index))
        return LoadFailure(error)


def entry_position(node: Node, field: str, index: int) -> tuple[int, int]:
    """Line and column of an entry of a list in the kustomization file."""
    from kbuild.documents.positions import locate

    own = node.own_resources
    if field == "resources" and index >= own:
        return locate(node.text, ("bases", index - own))
    return locate(node.text, (field, index))


def nearby(root: Root, path: str) -> str:
    """A hint for a path that leads nowhere."""
    from kbuild.load import hints

    return hints.nearby(root, path)


def place_in(node: Node, path: tuple[str | int, ...]) -> tuple[int, int]:
    """Line and column of a place in the kustomization file."""
    from kbuild.documents.positions import locate

    return locate(node.text, path)


def check_unique(resources: list[Resource]) -> None:
    """Raise DuplicateIdError for the first resource whose id an earlier one has."""
    seen: dict[object, Resource] = {}
    for resource in resources:
        key = resource.id.key()
        if key in seen:
            raise duplicate_id(resource.id).at_place(resource.position).see("first at", seen[key].position)
        seen[key] = resource


def load(
    path: str,
    access: Access,
    options: Options,
    scopes: frozenset[tuple[str, str]],
    memo: Memo,
    shared: Shared | None = None,
) -> Node:
    """The tree below a folder. The caller closes `access` when the tree is folded.

    Raises: KbuildError only for the path itself; whatever is wrong further down is held in the tree.
    """
    access.restricted = options.load_restrictor == "LoadRestrictionsRootOnly"
    access.clone_cache, access.is_latest = options.remote_cache, options.is_latest
    shares_bases = False
    if shared is not None:
        from kbuild.load import sharing

        shares_bases = sharing.prepare(access, shared, options)
    if options.ignore or options.ignore_files:
        access.fs = ignoring(access, path, options)
    root = open_root(access, path)
    loader = Loader(access, scopes, memo, access.counters)
    loader.shared, loader.shares_bases, loader.is_latest = shared, shares_bases, options.is_latest
    left_out: tuple[tuple[str, str], ...] = ()
    if options.generate and all(root.find(name) is None for name in NAMES):
        from kbuild.load.generate import generate_as_fetched

        access.fs, text, left_out = generate_as_fetched(root, loader.parse_ahead)
        loader.generated = (root.path, text)
    node = load_root(root, loader)
    node.access = access
    node.left_out = (*left_out, *((found, "hidden by ignore rules") for found in getattr(access.fs, "hidden", ())))
    return node


def load_root(root: Root, loader: Loader) -> Node:
    """The node that a render starts at."""
    if loader.shared is not None and loader.shares_bases and root.clone is None and loader.generated is None:
        from kbuild.load.sharing import built_base

        known = built_base(root, loader.shared)
        if known is not None and not known.fields.get("buildMetadata"):
            return known
    return load_node(root, loader)


def ignoring(access: Access, path: str, options: Options) -> FileSystem:
    """The file system without what the options hide. Raises: MissingFileError."""
    from kbuild.load.overlay_fs import IgnoringFileSystem

    patterns: list[str] = []
    for name in options.ignore_files:
        try:
            patterns += access.fs.read(access.fs.absolute(name)).decode("utf-8", "replace").splitlines()
        except OSError as error:
            raise MissingFileError(f"open {name}: {(error.strerror or str(error)).lower()}") from None
    return IgnoringFileSystem(access.fs, open_root(access, path).path, [*patterns, *options.ignore])


def load_node(root: Root, loader: Loader, wanted: str = "") -> Node:
    """One kustomization with everything below it; its own failure is in `failure`.

    `wanted` is `base` or `component` where only such a one can be used: of others only the file is read.
    """
    node = Node(root.path)
    start = 0 if loader.access.log is None else len(loader.access.log)
    node.read_more = root.read
    node.as_base = lambda path: load_base_late(path, root, loader)
    try:
        read_kustomization(node, root, loader)
    except KbuildError as error:
        if not error.file:
            line, column = (error.line, error.column) if error.line else place_in(node, error.path)
            error.position = Position(node.file or root.path, line, column)
        node.failure = LoadFailure(error)
        loader.stopped = True
        return node
    if wanted and (wanted == "component") != (node.fields["kind"] == kustomization_file.COMPONENT):
        loader.stopped = True
        return node
    if root.clone is not None:
        node.remote = root.clone.spec.raw
    if "openapi" in node.fields or (root.referrer is None and node.fields.get("buildMetadata")):
        # From here on the fold goes another way: a schema of its own, origins of everything.
        loader.shares_bases = False
    prefetch(node, root)
    load_entries(node, "resources", node.resources, root, loader)
    load_plugins(node, "generators", root, loader)
    load_components(node, root, loader)
    load_plugins(node, "transformers", root, loader)
    load_plugins(node, "validators", root, loader)
    if loader.access.log is not None:
        from kbuild.load.sharing import is_shareable

        node.reads = tuple(loader.access.log[start:])
        node.is_shareable = loader.shares_bases and not loader.stopped and is_shareable(node)
    return node


def read_kustomization(node: Node, root: Root, loader: Loader) -> None:
    """Find and decode the kustomization file. Mutates: `node`. Raises: KbuildError."""
    found: list[tuple[str, bytes]] = []
    if loader.generated is not None and loader.generated[0] == root.path:
        found.append((NAMES[0], loader.generated[1].encode()))
    else:
        for name in NAMES:
            content = root.find(name)
            if content is not None:
                found.append((name, content))
    if not found:
        raise MissingFileError(
            f"unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{root.path}'"
        )
    if len(found) > 1:
        raise KustomizationError(f"Found multiple kustomization files under: {root.path}\n")
    name, data = found[0]
    node.file = root.joined(name)
    node.text = kustomization_file.text_of(data)
    loader.counters.parses += 1
    node.fields, node.warnings = kustomization_file.decode(data, loader.memo, is_latest=loader.is_latest)
    node.own_resources = len(node.fields.get("resources", ()))
    kustomization_file.fix(node.fields)
    kustomization_file.check(node.fields, root.path)
    for name in ("resources", "components"):
        if any(path[:5].lower() == FORCED_GIT for path in node.fields.get(name, ())):
            node.warnings += (FORCED_GIT_WARNING,)


def prefetch(node: Node, root: Root) -> None:
    """Read every file that the kustomization names, or hold why not. Mutates: `node.files`."""
    for path in named_files(node.fields):
        # A URL is fetched when the fold asks for it: it may never get there.
        if path and path not in node.files and not is_remote_file(path):
            try:
                node.files[path] = root.read(path)
            except MissingFileError as error:
                node.files[path] = LoadFailure(error.advise(nearby(root, path)))
            except KbuildError as error:
                node.files[path] = LoadFailure(error)


def named_files(fields: dict[str, Any]) -> Iterator[str]:
    """The files that the fields of a kustomization name, apart from resources and plugin configurations."""
    openapi = fields.get("openapi")
    if openapi and "path" in openapi:
        yield openapi["path"]
    yield from fields.get("configurations", ())
    yield from fields.get("crds", ())
    for name in ("configMapGenerator", "secretGenerator"):
        for entry in fields.get(name, ()):
            yield from entry.get("envs", ())
            for source in entry.get("files", ()):
                if source.count("=") < 2:
                    yield source.partition("=")[2] or source if "=" in source else source
    yield from (entry for entry in fields.get("patchesStrategicMerge", ()) if "\n" not in entry)
    for name in ("patches", "patchesJson6902", "replacements"):
        yield from (entry["path"] for entry in fields.get(name, ()) if entry.get("path"))


def load_entries(node: Node, field: str, into: list[Any], root: Root, loader: Loader) -> None:
    """The entries of a `resources` list. Mutates: `into`."""
    for index, path in enumerate(node.fields.get(field, ())):
        if loader.stopped:
            return
        into.append(load_entry(path, (node, field, index), root, loader))


def load_entry(path: str, place: tuple[Node, str, int], root: Root, loader: Loader) -> Any:
    """An entry as a file, else as a folder, else the failure of both."""
    try:
        full = root.joined(path)
        known = loader.parsed.get(full) if loader.parsed else None
        return FileEntry(path, loader.parse(root.read(path) if known is None else b"", full))
    except KbuildError as error:
        # Without its traceback: that would hold this frame, and with it the whole tree, until a collector comes.
        file_error = as_file_error(error.with_traceback(None), path)
    if isinstance(file_error, HttpStatusError):
        return loader.fail(file_error, *place)
    try:
        found = load_base(path, root, loader, file_error.reason)
        if found.node.failure is not None:
            node, field, index = place
            found.node.failure.error.see("asked for at", Position(node.file, *entry_position(node, field, index)))
        return found
    except KbuildError as error:
        if isinstance(file_error, YamlError) and not isinstance(error, CloneTimeoutError):
            return loader.fail(file_error, *place)
        if file_error.file:
            # The text of a file is wrong: that it is no folder either says nothing.
            error.position, error.shown = file_error.position, file_error.shown
            error.advise(file_error.hint)
        if isinstance(file_error, MissingFileError):
            error.advise(nearby(root, path))
        if isinstance(file_error, RestrictedPathError):
            error.advise(file_error.hint)
            # Who catches errors by kind wants to know about a path that leads out.
            error = RestrictedPathError(error.reason, error.position, error.hint)
        return loader.fail(error.within(f"accumulation err='{file_error.reason}'"), *place)


def as_file_error(error: KbuildError, path: str) -> KbuildError:
    """The reference's sentence for a file that could not be read or parsed. Mutates: `error`."""
    if isinstance(error, YamlError) and not error.reason.startswith("MalformedYAMLError"):
        error.reason = f"MalformedYAMLError: {error.reason} in File: {path}"
    return error.within(f"accumulating resources from '{path}'")


def load_base(path: str, root: Root, loader: Loader, file_error: str, wanted: str = "base") -> BaseEntry:
    """An entry as a folder. Raises: KbuildError."""
    child = root.child(path)
    known = loader.access.bases.get(child.path)
    if known is not None:
        from kbuild.load.reuse import copy_node, would_cycle

        if not would_cycle(known, child):
            if loader.access.log is not None:
                loader.access.log += known.reads
            return BaseEntry(path, copy_node(known, loader.counters), file_error)
    if loader.shared is not None and loader.shares_bases and wanted == "base":
        from kbuild.load.sharing import built_base

        built = built_base(child, loader.shared)
        if built is not None:
            return BaseEntry(path, built, file_error)
    node = load_node(child, loader, wanted)
    if not loader.stopped:
        loader.access.bases[child.path] = node
    return BaseEntry(path, node, file_error)


def load_base_late(path: str, root: Root, loader: Loader) -> BaseEntry:
    """An entry as a folder, wanted while the tree is folded. Raises: KbuildError."""
    loader.stopped = False
    return load_base(path, root, loader, "")


def load_plugins(node: Node, field: str, root: Root, loader: Loader) -> None:
    """The configurations of generators, transformers or validators: inline, file or folder. Mutates: `node.plugins`."""
    for index, entry in enumerate(node.fields.get(field, ())):
        if loader.stopped:
            return
        into = node.plugins.setdefault(field, [])
        inline = parse_inline(entry, (node, field, index), loader)
        into.append(load_entry(entry, (node, field, index), root, loader) if inline is None else FileEntry("", inline))


def parse_inline(text: str, place: tuple[Node, str, int], loader: Loader) -> list[Resource] | None:
    """An inline configuration, None when the text is none."""
    try:
        found = loader.parse(text, "")
    except KbuildError:
        return None
    if found:
        position = Position(place[0].file, *entry_position(*place))
        for resource in found:
            resource.position = position
    return found


def load_components(node: Node, root: Root, loader: Loader) -> None:
    """The entries of a `components` list: folders only. Mutates: `node.components`."""
    for index, path in enumerate(node.fields.get("components", ())):
        if loader.stopped:
            return
        try:
            node.components.append(load_base(path, root, loader, "", "component"))
        except KbuildError as error:
            error.reason = f"loader.New {go_quote(error.reason)}"
            node.components.append(loader.fail(error, node, "components", index))
