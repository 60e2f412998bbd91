"""Ignore rules agree with `git check-ignore` on random patterns and paths."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbuild.load.ignore import Ignore, scoped

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.sampled_from(["a", "b", "ab", "a.txt", "b.yaml", "a b", "a!", "#c", "a-b"])
PARTS = st.one_of(
    NAMES, st.sampled_from(["*", "?", "**", "*.txt", "a*", "[ab]", "[!a]", "[a-b]*", "\\*", "*.*", "a\\ b", "\\#c"])
)
PATTERN = st.builds(
    lambda mark, start, parts, end: mark + start + "/".join(parts) + end,
    st.sampled_from(["", "", "", "!"]),
    st.sampled_from(["", "", "/", "**/"]),
    st.lists(PARTS, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "/**", " "]),
)
PATHS = st.lists(st.lists(NAMES, min_size=2, max_size=3).map("/".join), min_size=1, max_size=12, unique=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def hidden_by_git(folder: Path, paths: list[str]) -> set[str]:
    done = subprocess.run(
        ["git", "-c", "core.excludesFile=", "check-ignore", "-z", "--no-index", "--stdin"],
        cwd=folder, input="\0".join(paths), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return {path for path in done.stdout.split("\0") if path}


def hidden_by_us(patterns: list[str], paths: list[str]) -> set[str]:
    ignore = Ignore("/r", patterns)
    return {path for path in paths if ignore.matches(f"/r/{path}", is_dir=False)}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patterns=st.lists(PATTERN, min_size=1, max_size=5), paths=PATHS)
def test_agrees_with_git(repository: Path, patterns: list[str], paths: list[str]) -> None:
    (repository / ".gitignore").write_text("\n".join(patterns) + "\n")
    assert hidden_by_us(patterns, paths) == hidden_by_git(repository, paths)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outer=st.lists(PATTERN, max_size=2), inner=st.lists(PATTERN, min_size=1, max_size=3), paths=PATHS)
def test_scoped_patterns_agree_with_a_nested_file(
    repository: Path, outer: list[str], inner: list[str], paths: list[str]
) -> None:
    (repository / ".gitignore").write_text("\n".join(outer) + "\n")
    (repository / "a").mkdir(exist_ok=True)
    (repository / "a" / ".gitignore").write_text("\n".join(inner) + "\n")
    try:
        assert hidden_by_us([*outer, *(scoped(pattern, "a") for pattern in inner)], paths) == hidden_by_git(
            repository, paths
        )
    finally:
        (repository / "a" / ".gitignore").unlink()
        (repository / "a").rmdir()
