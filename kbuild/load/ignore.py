"""Gitignore patterns, with a library's matcher. Decision: docs/adr/0009-ignore-rules.md."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Ignore:
    """Which paths below a folder its patterns hide; a path below a hidden folder is hidden too, as in git.

    Shape: `patterns` are lines as in `.gitignore`; blank lines and `#` comments count for nothing.
    Raises: UsageError, where the library for patterns is not installed.
    """

    __slots__ = ("_known", "_root", "_spec")

    def __init__(self, root: str, patterns: Iterable[str]) -> None:
        try:
            from pathspec.gitignore import GitIgnoreSpec
        except ImportError:
            from kbuild.model.errors import UsageError

            raise UsageError("ignore patterns need the package 'pathspec'").advise("pip install pathspec") from None
        self._root = root.rstrip("/") + "/"
        self._spec = GitIgnoreSpec.from_lines(pattern for line in patterns for pattern in pattern_lines(line))
        self._known: dict[str, bool] = {}

    def matches(self, path: str, *, is_dir: bool) -> bool:
        """Whether an absolute path is hidden. The folder itself never is."""
        if not path.startswith(self._root):
            return False
        relative = path[len(self._root) :]
        at = relative.find("/")
        while at >= 0:
            if self._hides(relative[: at + 1]):
                return True
            at = relative.find("/", at + 1)
        return self._hides(relative + "/" if is_dir else relative)

    def _hides(self, relative: str) -> bool:
        found = self._known.get(relative)
        if found is None:
            found = self._known[relative] = bool(relative) and self._spec.match_file(relative)
        return found


def pattern_lines(text: str) -> list[str]:
    """The patterns of a text: without blank lines, comments and patterns that git cannot match."""
    return [line for line in text.split("\n") if is_pattern(line)]


def is_pattern(line: str) -> bool:
    """Whether a line of an ignore file can match anything."""
    line = line.rstrip("\r")
    if line.startswith("#") or not line.strip():
        return False
    # A backslash with nothing behind it escapes nothing: git takes the pattern and never matches it.
    body = line.rstrip(" ")
    backslashes = len(body) - len(body.rstrip("\\"))
    return not (backslashes % 2 and body == line) and body.strip("!/") != ""


def scoped(pattern: str, folder: str) -> str:
    """A pattern of an ignore file in `folder`, as one for the root above."""
    if not folder:
        return pattern
    mark, pattern = ("!", pattern[1:]) if pattern.startswith("!") else ("", pattern)
    escaped = "".join(f"\\{char}" if char in "\\*?[]!# " else char for char in folder)
    body = pattern.rstrip("/")
    anchored = "/" in body
    return f"{mark}/{escaped}/{body.lstrip('/') if anchored else '**/' + body}{pattern[len(body) :]}"
