"""Gitignore patterns: named cases; tests/property/test_ignore.py compares with git itself."""

from __future__ import annotations

import sys

import pytest

from kbuild.load.ignore import Ignore, pattern_lines, scoped
from kbuild.model.errors import UsageError

# claim -> (patterns, hidden, visible); a path with a slash at the end is a folder
CASES = {
    "a name hides at every depth": (["x"], ["x", "a/x", "x/", "x/y"], ["ax", "a/b"]),
    "a slash in front anchors": (["/x"], ["x", "x/y"], ["a/x"]),
    "a slash inside anchors": (["a/x"], ["a/x"], ["b/a/x"]),
    "a slash behind means folders": (["x/"], ["x/", "x/y", "a/x/"], ["x", "a/x"]),
    "the last match wins": (["*.txt", "!b.txt"], ["a.txt"], ["b.txt", "d/b.txt"]),
    "nothing comes back below a hidden folder": (["x/", "!x/y"], ["x/", "x/y"], []),
    "everything but one folder": (["/*", "!/deploy"], ["a", "b/", "b/deploy"], ["deploy/", "deploy/x", "deploy/a/b"]),
    "two stars": (["a/**/z"], ["a/z", "a/b/z", "a/b/c/z"], ["z", "b/a/z"]),
    "a question mark is one character": (["?.txt"], ["a.txt"], ["ab.txt"]),
    "a class": (["[ab].txt"], ["a.txt"], ["c.txt"]),
    "comments and blank lines": (["# x", "", "  "], [], ["# x", "x"]),
    "an escaped mark": (["\\!x", "\\#y"], ["!x", "#y"], ["x", "y"]),
}


@pytest.mark.parametrize("claim", CASES)
def test_hides(claim: str) -> None:
    patterns, hidden, visible = CASES[claim]
    ignore = Ignore("/r", patterns)

    def hides(path: str) -> bool:
        return ignore.matches(f"/r/{path.rstrip('/')}", is_dir=path.endswith("/"))

    assert [path for path in hidden if not hides(path)] == []
    assert [path for path in visible if hides(path)] == []


def test_says_nothing_about_other_folders() -> None:
    ignore = Ignore("/r", ["*"])
    assert not ignore.matches("/rx/a", is_dir=False)
    assert not ignore.matches("/r", is_dir=True)


@pytest.mark.parametrize(
    ("pattern", "folder", "expected"),
    [
        ("x", "a/b", "/a/b/**/x"), ("/x", "a", "/a/x"), ("c/x", "a", "/a/c/x"), ("!x", "a", "!/a/**/x"),
        ("x/", "a", "/a/**/x/"), ("x", "", "x"), ("x", "a*[b]", "/a\\*\\[b\\]/**/x"),
    ],
)  # fmt: skip
def test_scoped(pattern: str, folder: str, expected: str) -> None:
    assert scoped(pattern, folder) == expected


def test_pattern_lines() -> None:
    assert pattern_lines("# c\n\na\n  \n!b\n") == ["a", "!b"]


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pathspec.gitignore", None)
    with pytest.raises(UsageError) as caught:
        Ignore("/r", ["x"])
    assert caught.value.hint == "pip install pathspec"
