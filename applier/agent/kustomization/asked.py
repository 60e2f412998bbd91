"""What a build asked of its file system, and whether another one answers the same.

The files that were read are not enough: a build also depends on what a folder lists and on what is missing, as a
`kustomization.yaml` that comes up later, or a new file in a folder whose list is generated.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kbuild import FileSystem

    Question = tuple[str, str]
    Answer = Any

_DIGEST_BYTES = 16


class AskedFileSystem:
    """Another file system whose answers are kept. Shape: `answers` maps (method, path) to what `answer` gives."""

    def __init__(self, inner: FileSystem) -> None:
        self._inner = inner
        self.answers: dict[Question, Answer] = {}

    def absolute(self, path: str) -> str:
        """As the inner file system makes it: no question, as it depends on no file."""
        return self._inner.absolute(path)

    def real(self, path: str) -> str:
        """The path with links resolved. Raises: OSError."""
        return str(self._ask("real", path))

    def is_dir(self, path: str) -> bool:
        """Whether the path is a folder."""
        return bool(self._ask("is_dir", path))

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises: OSError."""
        return self._ask("read", path)  # type: ignore[no-any-return]

    def read_unlinked(self, path: str) -> bytes | None:
        """The bytes of a file, or None for a link. Raises: OSError."""
        return self._ask("read_unlinked", path)  # type: ignore[no-any-return]

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted. Raises: OSError."""
        return list(self._ask("names", path))

    def _ask(self, method: str, path: str) -> Any:
        try:
            found = getattr(self._inner, method)(path)
        except OSError as problem:
            self.answers[method, path] = type(problem).__name__
            raise
        self.answers[method, path] = _kept(found)
        return found


def answers_same(fs: FileSystem, answers: Mapping[Question, Answer]) -> bool:
    """Whether a file system answers all these questions as they were answered before."""
    return all(answer(fs, method, path) == known for (method, path), known in answers.items())


def answer(fs: FileSystem, method: str, path: str) -> Answer:
    """The answer to one question, short enough to be kept."""
    try:
        return _kept(getattr(fs, method)(path))
    except OSError as problem:
        return type(problem).__name__


def _kept(found: Any) -> Answer:
    if isinstance(found, bytes):
        return blake2b(found, digest_size=_DIGEST_BYTES).digest()
    return tuple(found) if isinstance(found, list) else found
