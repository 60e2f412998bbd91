r"""kbuild: renders kustomizations as `kustomize build` v5.8.1 does, in pure Python.

A render takes a folder, from disk or from any other file system, and gives a result:

>>> import kbuild
>>> fs = kbuild.MemoryFileSystem({
...     "/app/kustomization.yaml": "namePrefix: demo-\nresources: [web.yaml]\nimages: [{name: nginx, newTag: '1.29'}]",
...     "/app/web.yaml": "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{image: nginx}]}}",
... })
>>> result = kbuild.render("/app", fs=fs)
>>> print(result.to_yaml(), end="")
apiVersion: v1
kind: Pod
metadata:
  name: demo-web
spec:
  containers:
  - image: nginx:1.29
>>> result.images(), result.files_read
(['nginx:1.29'], ('/app/kustomization.yaml', '/app/web.yaml'))
>>> result.to_dicts()[0]["metadata"]
{'name': 'demo-web'}

An overlay shows what a change would do, before it is made:

>>> changed = kbuild.OverlayFileSystem(fs, {"/app/kustomization.yaml": "resources: [web.yaml]"})
>>> kbuild.render("/app", fs=changed).images()
['nginx']

Many folders share what they have in common, and each has its own outcome:

>>> [outcome.error or len(outcome.text) for outcome in kbuild.render_many(["/app", "/app"], fs=fs)]
[94, 94]

What goes wrong is a `KbuildError` of some kind, which says where:

>>> wrong = kbuild.OverlayFileSystem(fs, {"/app/kustomization.yaml": "resources: [web.yaml]\nnamePrefx: demo-"})
>>> try:
...     kbuild.render("/app", fs=wrong)
... except kbuild.KustomizationError as error:
...     print(error)
...     print(error.file, error.line, error.column)
invalid Kustomization: json: unknown field "namePrefx"
/app/kustomization.yaml 2 1

Public names are resolved on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from kbuild.counters import Counters as Counters
    from kbuild.fields.regexp import Regexp as Regexp
    from kbuild.fields.selector import Selector as Selector
    from kbuild.load.filesystem import DiskFileSystem as DiskFileSystem
    from kbuild.load.filesystem import FileSystem as FileSystem
    from kbuild.load.generate import generated_kustomization as generated_kustomization
    from kbuild.load.ignore import Ignore as Ignore
    from kbuild.load.overlay_fs import IgnoringFileSystem as IgnoringFileSystem
    from kbuild.load.overlay_fs import JailedFileSystem as JailedFileSystem
    from kbuild.load.overlay_fs import MemoryFileSystem as MemoryFileSystem
    from kbuild.load.overlay_fs import OverlayFileSystem as OverlayFileSystem
    from kbuild.load.source_ignore import source_ignore as source_ignore
    from kbuild.many.outcome import Outcome as Outcome
    from kbuild.model.errors import KbuildError as KbuildError
    from kbuild.model.errors import Position as Position
    from kbuild.model.ids import ObjectId as ObjectId
    from kbuild.model.resource import Resource as Resource
    from kbuild.options import Options as Options
    from kbuild.result import Result as Result

_HOMES = {
    "Counters": "counters",
    "DiskFileSystem": "load.filesystem",
    "FileSystem": "load.filesystem",
    "MemoryFileSystem": "load.overlay_fs",
    "OverlayFileSystem": "load.overlay_fs",
    "JailedFileSystem": "load.overlay_fs",
    "Ignore": "load.ignore",
    "IgnoringFileSystem": "load.overlay_fs",
    "ObjectId": "model.ids",
    "Options": "options",
    "Outcome": "many.outcome",
    "Position": "model.errors",
    "Regexp": "fields.regexp",
    "Resource": "model.resource",
    "Result": "result",
    "Selector": "fields.selector",
    "generated_kustomization": "load.generate",
    "source_ignore": "load.source_ignore",
}
_ERRORS = (
    "AmbiguousTargetError", "ConfigurationError", "DuplicateIdError", "FieldError", "KbuildError", "KustomizationError",
    "MissingFileError", "NoTargetError", "OutputError", "PatchError", "PluginError", "RemoteError",
    "ReplacementError", "ResourceError", "RestrictedPathError", "UsageError", "YamlError",
)  # fmt: skip

__all__ = [  # noqa: PLE0604
    "read_configuration", "read_documents", "read_manifests", "read_positioned", "render", "render_many", "to_yaml", *_HOMES,
    *_ERRORS,
]  # fmt: skip


def render(
    path: Any = ".", *, fs: FileSystem | None = None, options: Options | None = None, **overrides: Any
) -> Result:
    """Render the kustomization in the folder `path`, as `kustomize build path` does.

    `fs` is where files are read from (default: the disk); `options` an `Options`, and any of its fields can be
    given by keyword as well, e.g. `kbuild.render("overlays/prod", load_restrictor="LoadRestrictionsNone")`.
    Renders share nothing: any number may run in any number of threads.
    Raises: KbuildError (see its subclasses), with `reason`, `position`, `file`, `line`, `column`, `hint` and `walk`.
    """
    from os import fspath

    from kbuild.build import build
    from kbuild.options import Options

    if fs is None:
        from kbuild.load.filesystem import DiskFileSystem

        fs = DiskFileSystem()
    chosen = Options() if options is None else options
    return build(fspath(path), fs=fs, options=chosen.replaced(**overrides) if overrides else chosen)


def render_many(
    paths: Iterable[Any],
    *,
    fs: FileSystem | None = None,
    options: Options | None = None,
    workers: int | None = None,
    **overrides: Any,
) -> Iterator[Outcome]:
    """Render many folders; gives an `Outcome` for each, in order, with the text or the error.

    Files, documents and bases that several of them use are read, parsed and folded once. From the disk, `workers` fresh
    processes do the work (default: one per processor); with 1, and with a file system of your own, it is done here,
    a folder each time the next outcome is asked for. `options` and keywords are those of `render`.
    """
    from os import fspath

    from kbuild.many.render import render_many as outcomes
    from kbuild.options import Options

    chosen = Options() if options is None else options
    return outcomes([fspath(path) for path in paths], fs, chosen.replaced(**overrides), workers)


def read_manifests(text: str | bytes, name: str = "") -> Result:
    """The resources of manifests that are not built: a file's or a pipe's text, lists expanded.

    `name` is the file that positions name.
    Raises: YamlError, ResourceError, OutputError.
    """
    from kbuild.counters import Counters
    from kbuild.load.texts import manifests
    from kbuild.result import Result

    counters = Counters()
    return Result(tuple(manifests(text, name, counters)), (), counters)


def read_documents(text: str | bytes, name: str = "") -> list[Any]:
    """Every document of any YAML or JSON text as plain JSON-like values. Raises: YamlError, OutputError."""
    from kbuild.load.texts import documents

    return documents(text, name)


def read_positioned(text: str | bytes, name: str = "") -> list[tuple[Any, Position]]:
    """Like `read_documents`, each with the position where it starts in the file `name`. Raises: YamlError, OutputError."""
    from kbuild.load.texts import positioned

    return positioned(text, name)


def read_configuration(text: str | bytes) -> Any:
    """The first document of a configuration text, typed as kustomize types its own files. Raises: YamlError."""
    from kbuild.documents.config import read_config

    return read_config(text)


def to_yaml(values: Iterable[dict[str, Any]]) -> str:
    """Plain maps as YAML documents, in the form of a render: keys sorted, `---` between them. Raises: OutputError."""
    from kbuild.documents.writer import write

    return write(values)


def __getattr__(name: str) -> Any:
    home = "model.errors" if name in _ERRORS else _HOMES.get(name)
    if home is None:
        if name == "__version__":
            from kbuild.version import VERSION

            return VERSION
        raise AttributeError(f"module 'kbuild' has no attribute '{name}'")
    value = getattr(__import__(f"kbuild.{home}", fromlist=[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
