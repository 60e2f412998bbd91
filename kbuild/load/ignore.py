"""Gitignore patterns, with a library's matcher. Decision: docs/adr/0009-ignore-rules.md."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Ignore:
    """Which paths below a folder its patterns hide; a path below a hidden folder is hidden too, as in git.

    Shape: `patterns` are lines as in `.gitignore`; blank lines and `#` comments count for nothing.
    """

    __slots__ = ("_known", "_root", "_spec")

    def __init__(self, root: str, patterns: Iterable[str]) -> None:
        from pathspec.gitignore import GitIgnoreSpec

        self._root = root.rstrip("/") + "/"
        self._spec = GitIgnoreSpec.from_lines(patterns)
        self._known: dict[str, bool] = {}

    def matches(self, path: str, *, is_dir: bool) -> bool:
        """Whether an absolute path is hidden."""
        if not path.startswith(self._root):
            return False
        relative = path[len(self._root) :]
        at = relative.find("/")
        while at >= 0:
            if self._hides(relative[:at] + "/"):
                return True
            at = relative.find("/", at + 1)
        return self._hides(relative + "/" if is_dir else relative)

    def _hides(self, relative: str) -> bool:
        found = self._known.get(relative)
        if found is None:
            found = self._known[relative] = bool(self._spec.match_file(relative))
        return found
