"""What a generator or transformer is handed besides its own configuration."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from kbuild.counters import Counters
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources

    class Read(Protocol):
        """Bytes of a file named by the configuration. Raises: MissingFileError, RestrictedPathError."""

        def __call__(self, path: str) -> bytes: ...

    class Transformer(Protocol):
        """A configured transformer. Mutates: the bodies and histories in `resources`."""

        def transform(self, resources: Resources) -> None: ...

    class Generator(Protocol):
        """A configured generator."""

        def generate(self) -> list[Resource]: ...


class Context:
    """The surroundings of one kustomization's generators and transformers.

    Shape: `read(path)` gives a file of the kustomization (prefetched by load; the only way to a file here).
    `parse(text, name)` turns YAML text into resources as the reference's resource factory does (`name` is for positions).
    `schema()` gives the merge schema, loaded on first call. `scopes` are the certainly cluster-scoped
    `(apiVersion, kind)` pairs. `warn(line)` adds a line to standard error. `memo` is the render's table for the reader.
    `file` and `text` are the kustomization file (for positions).
    """

    __slots__ = ("counters", "file", "memo", "parse", "read", "schema", "scopes", "text", "warn")

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
        file: str = "",
        text: str = "",
    ) -> None:
        self.read, self.parse, self.schema, self.scopes = read, parse, schema, scopes
        self.warn, self.counters, self.memo, self.file, self.text = warn, counters, memo, file, text
