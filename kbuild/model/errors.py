"""Every error of kbuild: the reference's sentence, and beside it where it happened and what may help.

One class per decision that a caller takes, not per message. `str(error)` is the reference's wording; the position
(file, 1-based line, 1-based column in characters) and the hint are printed apart, before it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self


class Position:
    """A place in a file. `line` and `column` are 1-based; 0 means unknown and is never printed."""

    __slots__ = ("column", "file", "line")

    def __init__(self, file: str = "", line: int = 0, column: int = 0) -> None:
        self.file, self.line, self.column = file, line, column

    def __bool__(self) -> bool:
        return bool(self.file)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Position) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        text = self.file
        if self.line:
            text += f":{self.line}"
            if self.column:
                text += f":{self.column}"
        return text

    def __repr__(self) -> str:
        return f"Position({str(self)!r})"


UNKNOWN = Position()


class KbuildError(Exception):
    """A build that cannot go on.

    Shape: `reason` is the reference's wording without `Error: `; `position` may be unknown (false); `hint` may be
    empty; `walk` lists the kustomization folders from the root to where it happened; `path` leads from the entry that
    asked for a step to what is wrong in it; `related` are other places that matter, each with what it is; `shown` is the
    value that the reason ends with, if it is one of a file, and `holder` the resource, or `whole` the document, that has it; `doubled` is
    a body with equal keys whose lines the reason names.
    """

    def __init__(self, reason: str, position: Position = UNKNOWN, hint: str = "") -> None:
        super().__init__(reason, position, hint)
        self.reason, self.position, self.hint = reason, position, hint
        self.walk: tuple[str, ...] = ()
        self.path: tuple[str | int, ...] = ()
        self.related: tuple[tuple[str, Position], ...] = ()
        self.shown: object = None
        self.holder: Any = None
        self.whole: dict[Any, Any] | None = None
        self.doubled: dict[Any, Any] | None = None

    def within(self, frame: str) -> Self:
        """Put an outer context before the reason (`frame: reason`); returns self, to be raised again."""
        self.reason = f"{frame}: {self.reason}"
        return self

    def at(self, file: str, line: int = 0, column: int = 0) -> Self:
        """Say where it happened, unless an inner pass already did; returns self."""
        if not self.position:
            self.position = Position(file, line, column)
        return self

    def at_place(self, place: Position) -> Self:
        """The same with a position; returns self."""
        if not self.position:
            self.position = place
        return self

    def see(self, what: str, place: Position) -> Self:
        """Add another place that matters, where it is known; returns self."""
        if place and place != self.position:
            self.related += ((what, place),)
        return self

    def below(self, *path: str | int) -> Self:
        """Say where in the configuration of its step it is; returns self."""
        self.path = (*path, *self.path)
        return self

    def advise(self, hint: str) -> Self:
        """Add a hint, unless there is one; returns self."""
        self.hint = self.hint or hint
        return self

    @property
    def file(self) -> str:
        """The file it happened in, or `""`."""
        return self.position.file

    @property
    def line(self) -> int:
        """1-based line, 0 when unknown."""
        return self.position.line

    @property
    def column(self) -> int:
        """1-based column in characters, 0 when unknown."""
        return self.position.column

    def __str__(self) -> str:
        return self.reason


class CrashError(KbuildError):
    """What the reference ends with by crashing: its sentence gets no frames."""

    def within(self, frame: str) -> Self:  # noqa: ARG002
        """No context is added; returns self."""
        return self


class UsageError(KbuildError):
    """Wrong flags or arguments."""


class MissingFileError(KbuildError):
    """A file or directory that does not exist or cannot be read."""


class RestrictedPathError(KbuildError):
    """A path that the load restrictions refuse."""


class RemoteError(KbuildError):
    """A remote source (git, http) that cannot be had."""


class YamlError(KbuildError):
    """Text that is not well-formed YAML. Its reason starts with `yaml: ` (the reference's MalformedYAMLError)."""


class ResourceError(KbuildError):
    """A document that is no valid resource (no kind, no name …)."""


class KustomizationError(KbuildError):
    """An unknown or ill-typed field, or a wrong kind or version, in a kustomization file."""


class ConfigurationError(KbuildError):
    """A generator, transformer or validator whose configuration is refused."""


class FieldError(KbuildError):
    """A field of a resource that cannot be walked or written."""


class PatchError(KbuildError):
    """A patch that cannot be read or applied."""


class NoTargetError(KbuildError):
    """An entry that names a resource which is not there."""


class AmbiguousTargetError(KbuildError):
    """An entry that matches more resources than it may."""


class DuplicateIdError(KbuildError):
    """Two resources with one id."""


class ReplacementError(KbuildError):
    """A replacement that cannot be made."""


class OutputError(KbuildError):
    """A resource that cannot be printed (duplicate keys, infinity, non-string keys …)."""


class PluginError(KbuildError):
    """A function, plugin or helm run that is refused or failed."""
