"""What became of one of many renders, also as plain values that pass between processes."""

from __future__ import annotations

from kbuild.model import errors
from kbuild.model.errors import KbuildError, Position

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Values: TypeAlias = tuple[Any, ...]


class Outcome:
    """The outcome of one render of many.

    Shape: `path` is the folder as it was given; `error` is None, or what went wrong; the rest is as in a `Result`, `counters`
    being the work by name. Where it failed only `warnings` are filled: those that came before.
    """

    __slots__ = ("counters", "error", "files_read", "left_out", "path", "text", "warnings")

    def __init__(self, path: str, error: KbuildError | None = None) -> None:
        self.path, self.error, self.text = path, error, ""
        self.warnings: tuple[str, ...] = ()
        self.files_read: tuple[str, ...] = ()
        self.left_out: tuple[tuple[str, str], ...] = ()
        self.counters: dict[str, int] = {}

    def to_yaml(self) -> str:
        """The bytes of `kustomize build`, as text. Raises: KbuildError, the one of the render."""
        if self.error is not None:
            raise self.error
        return self.text

    def as_values(self) -> Values:
        """Everything in tuples, dicts, texts and numbers."""
        error = None if self.error is None else error_values(self.error)
        return (self.path, error, self.text, self.warnings, self.files_read, self.left_out, self.counters)

    @classmethod
    def of_values(cls, values: Values) -> Outcome:
        """The outcome that `as_values` took apart."""
        path, error, text, warnings, files_read, left_out, counters = values
        made = cls(path, None if error is None else error_of_values(error))
        made.text, made.warnings, made.counters = text, warnings, counters
        made.files_read, made.left_out = files_read, left_out
        return made

    def __repr__(self) -> str:
        return f"Outcome({self.path!r}, {'failed' if self.error is not None else f'{len(self.text)} characters'})"


def error_values(error: KbuildError) -> Values:
    """An error as plain values; its class by the nearest public name."""
    name = next(kind.__name__ for kind in type(error).__mro__ if getattr(errors, kind.__name__, None) is kind)
    place = error.position
    related = tuple((what, (other.file, other.line, other.column)) for what, other in error.related)
    return (name, error.reason, (place.file, place.line, place.column), error.hint, error.walk, related)


def error_of_values(values: Values) -> KbuildError:
    """The error that `error_values` took apart."""
    name, reason, place, hint, walk, related = values
    error: KbuildError = getattr(errors, name)(reason, Position(*place), hint)
    error.walk = walk
    error.related = tuple((what, Position(*other)) for what, other in related)
    return error
