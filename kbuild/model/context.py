"""What a generator or transformer is handed besides its own configuration."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any, Protocol

    from kbuild.counters import Counters
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Body
    from kbuild.model.tree import Node

    class Read(Protocol):
        """Bytes of a file named by the configuration. Raises: MissingFileError, RestrictedPathError."""

        def __call__(self, path: str) -> bytes: ...

    class Transformer(Protocol):
        """A configured transformer. Mutates: the bodies and histories in `resources`."""

        def transform(self, resources: Resources) -> None: ...

    class Generator(Protocol):
        """A configured generator."""

        def generate(self) -> list[Resource]: ...

    class Observer(Protocol):
        """Looks on while a render runs, for `kbuild lint`; changes nothing."""

        def loaded(self, node: Node) -> None:
            """The whole tree was read; nothing of it has been folded."""

        def configured(self, node: Node, transformers: list[Any]) -> None:
            """All transformers of one kustomization are ready, those of its own fields first and in their order."""

        def before(self, transformers: list[Any], resources: Resources, schema: Callable[[], Any]) -> None:
            """These transformers are about to run, one after the other."""

        def referenced(self, resources: Resources, references: Any) -> None:
            """Name references were rewritten. Shape: `references` is the table of `NameBackReference` used."""

    class Programs(Protocol):
        """Running functions and plugins for one kustomization. `options` are those of the render, `root` is its folder."""

        options: Any
        root: str

        def run(self, command: Command) -> tuple[str, bytes, bytes]:
            """(why it failed or `""`, standard output, standard error unless that is shown)."""

        def user(self) -> str:
            """`uid:gid` of the caller."""

        def container_program(self) -> str:
            """The program that runs containers."""

        def plugin_home(self) -> str:
            """The folder of executable plugins. Raises: PluginError, where there is none."""

        def executable_problem(self, path: str) -> str | None:
            """Why a file cannot be run, `""` where it can, None where it does not exist."""

        def refuse_library(self, path: str, warn: Callable[[str], None]) -> None:
            """Answer a Go plugin. Raises: PluginError, always."""

        def config_file(self, data: bytes) -> AbstractContextManager[str]:
            """A temporary file with this content: its path. Raises: PluginError."""

    class Helm(Protocol):
        """Running helm for one chart. `options` are those of the render, `root` is the kustomization's folder."""

        options: Any
        root: str

        def folder(self) -> str:
            """A temporary folder, there until `close`."""

        def exists(self, path: str) -> bool:
            """Whether there is anything at an absolute path."""

        def is_folder(self, path: str) -> bool:
            """Whether an absolute path is a folder."""

        def write(self, name: str, data: bytes) -> str:
            """Write a file into the temporary folder; returns its path. Raises: PluginError."""

        def run(self, arguments: list[str], config_home: str) -> bytes:
            """The standard output of helm. Raises: PluginError."""

        def parse(self, output: bytes) -> list[Resource]:
            """The resources in what helm rendered. Raises: KbuildError."""

        def close(self) -> None:
            """Remove the temporary folder."""


class Command:
    """A program to run: argument list, environment on top of the caller's, standard input, working folder.

    `shows_errors` lets what it writes on standard error through at once.
    """

    __slots__ = ("environment", "folder", "shows_errors", "stdin", "words")

    def __init__(
        self,
        words: list[str],
        environment: dict[str, str] | None = None,
        stdin: bytes = b"",
        *,
        folder: str,
        shows_errors: bool = False,
    ) -> None:
        self.words, self.environment, self.stdin = words, environment or {}, stdin
        self.folder, self.shows_errors = folder, shows_errors


class Context:
    """The surroundings of one kustomization's generators and transformers.

    Shape: `read(path)` gives a file of the kustomization (prefetched by load; the only way to a file here).
    `parse(text, name)` turns YAML text into resources as the reference's resource factory does (`name` is for positions).
    `schema()` gives the merge schema, loaded on first call. `scopes` are the certainly cluster-scoped
    `(apiVersion, kind)` pairs. `warn(line)` adds a line to standard error. `memo` is the render's table for the reader.
    `file` and `text` are the kustomization file (for positions). `helm()` gives one chart its way to helm, `programs()`
    a function or plugin its way to a program. `shown(resource)` is its body as the reference holds it during a build, with
    all annotations; `restore(resource)` takes them out of a body that came back. `ask(resource)` raises a CrashError where
    the scope of the resource's kind is only known to a schema that cannot be read. `is_latest` says that later versions of
    the reference are followed where they changed the output.
    """

    __slots__ = (
        "ask", "counters", "file", "helm", "is_latest", "memo", "parse", "programs", "read", "restore", "schema", "scopes", "shown", "text",
        "warn",
    )  # fmt: skip

    def __init__(
        self,
        *,
        read: Read,
        parse: Callable[[str | bytes, str], list[Resource]],
        schema: Callable[[], object],
        scopes: frozenset[tuple[str, str]],
        warn: Callable[[str], None],
        counters: Counters,
        memo: Any,
        helm: Callable[[], Helm],
        programs: Callable[[], Programs],
        shown: Callable[[Resource], Body],
        restore: Callable[[Resource], None],
        ask: Callable[[Resource], None],
        is_latest: bool = False,
        file: str = "",
        text: str = "",
    ) -> None:
        self.read, self.parse, self.schema, self.scopes = read, parse, schema, scopes
        self.warn, self.counters, self.memo, self.file, self.text = warn, counters, memo, file, text
        self.is_latest, self.ask = is_latest, ask
        self.helm, self.programs, self.shown, self.restore = helm, programs, shown, restore

    def beside(self, path: str) -> str:
        """Where a file is that the kustomization names (for positions)."""
        return path if path.startswith("/") else f"{self.file.rpartition('/')[0]}/{path}"
