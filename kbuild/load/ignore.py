"""Gitignore patterns, with a library's matcher. Decision: docs/adr/0009-ignore-rules.md."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Ignore:
    """Which paths below a folder its patterns hide; a path below a hidden folder is hidden too, as in git.

    Shape: `patterns` are lines as in `.gitignore`; blank lines and `#` comments count for nothing.
    Raises: UsageError, where the library for patterns is not installed.
    """

    __slots__ = ("_known", "_root", "_rules")

    def __init__(self, root: str, patterns: Iterable[str]) -> None:
        try:
            from pathspec.gitignore import GitIgnoreSpec
        except ImportError:
            from kbuild.model.errors import UsageError

            raise UsageError("ignore patterns need the package 'pathspec'").advise("pip install pathspec") from None
        self._root = root.rstrip("/") + "/"
        # `a/**/` is every folder in `a`; the library takes it for `a` itself.
        lines = [
            f"{pattern}*/" if pattern.endswith("/**/") else pattern
            for line in patterns
            for pattern in pattern_lines(line)
        ]
        spec = GitIgnoreSpec.from_lines(lines).patterns
        # The last match wins, so the rules are tried from behind.
        self._rules = [
            (rule(p.regex.pattern), bool(p.include))
            for p in reversed(list(spec))
            if p.include is not None and p.regex is not None
        ]
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
            hits = (hides for matches, hides in self._rules if matches(relative))
            found = self._known[relative] = bool(relative) and next(hits, False)
        return found


def rule(source: str) -> Callable[[str], object]:
    """A test whether a pattern, as the library's regular expression, names one path (folders with `/` behind).

    The library's expressions take what is below a match as well; git asks for each folder on the way by itself, which
    makes a difference when a later pattern brings the upper folder back.
    """
    import re

    if _BELOW not in source:
        # `a/**` is all that is in `a`, but not `a` itself.
        return re.compile(f"{source}." if source.endswith("/") else source).search
    if source.startswith("^"):
        return re.compile(source).fullmatch
    return re.compile("/$").search


_BELOW = "(?P<ps_d>"


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
