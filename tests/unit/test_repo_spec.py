"""Which paths are git URLs, and how they split."""

from __future__ import annotations

from posixpath import normpath

import pytest

from kbuild.model import repo_spec

# path -> (URL given to git, folder in the clone, ref, submodules) or None for no repository: what kustomize v5.8.1 called
# git with, recorded with a `git` that writes down its arguments.
SPECS: dict[str, tuple[str, str, str, bool] | None] = {
    "https://github.com/org/repo": ("https://github.com/org/repo", "", "HEAD", True),
    "https://github.com/org/repo/sub/dir": ("https://github.com/org/repo", "sub/dir", "HEAD", True),
    "https://github.com/org/repo.git/sub": ("https://github.com/org/repo.git", "sub", "HEAD", True),
    "https://github.com/org/repo//sub?ref=v1": ("https://github.com/org/repo", "sub", "v1", True),
    "https://github.com/org/repo?ref=v1&version=v2": ("https://github.com/org/repo", "", "v1", True),
    "https://github.com/org/repo?version=v2": ("https://github.com/org/repo", "", "v2", True),
    "HTTPS://GitHub.com/org/repo": ("https://github.com/org/repo", "", "HEAD", True),
    "http://github.com/org/repo": ("https://github.com/org/repo", "", "HEAD", True),
    "github.com/org/repo": ("https://github.com/org/repo", "", "HEAD", True),
    "github.com/org/repo/sub?ref=main": ("https://github.com/org/repo", "sub", "main", True),
    "github.com:org/repo": ("https://github.com/org/repo", "", "HEAD", True),
    "GITHUB.com:org/repo/a": ("https://github.com/org/repo", "a", "HEAD", True),
    "git@github.com:org/repo.git//sub": ("git@github.com:org/repo.git", "sub", "HEAD", True),
    "git@github.com/org/repo": ("git@github.com:org/repo", "", "HEAD", True),
    "ssh://git@github.com/org/repo.git": ("git@github.com:org/repo.git", "", "HEAD", True),
    "ssh://github.com/org/repo": ("github.com:org/repo", "", "HEAD", True),
    "https://user@github.com/org/repo": ("user@github.com:org/repo", "", "HEAD", True),
    "git::https://github.com/org/repo": ("https://github.com/org/repo", "", "HEAD", True),
    "GIT::github.com/org/repo": ("https://github.com/org/repo", "", "HEAD", True),
    "git@gitlab.com:org/sub/repo.git//path": ("git@gitlab.com:org/sub/repo.git", "path", "HEAD", True),
    "git@gitlab.com:org/repo/path": ("git@gitlab.com:org/repo", "path", "HEAD", True),
    "git@host:22/org/repo": ("git@host:22/org", "repo", "HEAD", True),
    "ssh://git@host:22/org/repo.git/x": ("ssh://git@host:22/org/repo.git", "x", "HEAD", True),
    "https://dev.azure.com/org/project/_git/repo/path/to": (
        "https://dev.azure.com/org/project/_git/repo",
        "path/to",
        "HEAD",
        True,
    ),
    "https://user@dev.azure.com/org/project/_git/repo": (
        "https://user@dev.azure.com/org/project/_git/repo",
        "",
        "HEAD",
        True,
    ),
    "https://gitlab.com/group/sub/repo.git//p": ("https://gitlab.com/group/sub/repo.git", "p", "HEAD", True),
    "https://gitlab.com/group/repo": ("https://gitlab.com/group/repo", "", "HEAD", True),
    "https://gitlab.com/group": None,
    "https://gitlab.com/": None,
    "https://": None,
    "file:///a/b/c": ("file:///a/b/c", "", "HEAD", True),
    "file:///a/b.git/sub": ("file:///a/b.git", "sub", "HEAD", True),
    "file:///a/b//sub": ("file:///a/b", "sub", "HEAD", True),
    "file://a@b/c": ("file://a@b/c", "", "HEAD", True),
    "https://host/org/repo//../x": None,
    "https://host/org/repo//a/../../x": None,
    "https://host/org/repo//a/../b": ("https://host/org/repo", "b", "HEAD", True),
    "https://host/org/repo?submodules=false": ("https://host/org/repo", "", "HEAD", False),
    "https://host/org/repo?submodules=0": ("https://host/org/repo", "", "HEAD", False),
    "https://host/org/repo?submodules=bogus": ("https://host/org/repo", "", "HEAD", True),
    "https://host/org/repo?ref=a%2Fb": ("https://host/org/repo", "", "a/b", True),
    "https://host/org/repo?ref=a+b": ("https://host/org/repo", "", "a b", True),
    "https://host/org/repo?ref=%zz&submodules=false": ("https://host/org/repo", "", "HEAD", True),
    "https://host/org/repo?ref=a;b": ("https://host/org/repo", "", "HEAD", True),
    "https://host/org/repo?ref=&ref=x": ("https://host/org/repo", "", "HEAD", True),
    "https://host/org/repo?ref=": ("https://host/org/repo", "", "HEAD", True),
    "https://host/org/repo??ref=x": ("https://host/org/repo", "", "HEAD", True),
    "https://host/org/repo/?ref=x": ("https://host/org/repo", "", "x", True),
    "org/repo": None,
    "./github.com/org/repo": None,
    "../x": None,
    "host.xz:org/repo": None,
    "user-1@host:org/repo": ("user-1@host:org/repo", "", "HEAD", True),
    "1user@host:org/repo": None,
    "us.er@host:org/repo": None,
    "@host:org/repo": None,
    "s3::https://x/y/z": None,
    "git@host": None,
    "git@host:": None,
    "git@host:a": None,
    "git@host:/a/b": ("git@host:/a", "b", "HEAD", True),
    "git@/a/b:c": ("git@/a/b:c", "", "HEAD", True),
    "ftp://host/a/b": None,
    "https:/host/a/b": None,
    "hg::host/a/b": None,
    "github.com": None,
    "github.com/": None,
    "github.com/org": None,
    "github.com//org/repo": ("https://github.com//org", "repo", "HEAD", True),
    "https://host//org/repo": ("https://host//org", "repo", "HEAD", True),
    "https://host.git/org/repo": ("https://host.git/org/repo", "", "HEAD", True),
    "https://host/a.git.b/c.git/d": ("https://host/a.git", ".b/c.git/d", "HEAD", True),
    "https://host/_git/x": ("https://host/_git/x", "", "HEAD", True),
    "https://host/x/_git/": ("https://host/x/_git/", "", "HEAD", True),
    "https://github.com/org/repo/": ("https://github.com/org/repo", "", "HEAD", True),
    "https://github.com/org/repo.git/": ("https://github.com/org/repo.git", "", "HEAD", True),
    "https://github.com/org/repo.gitx/y": ("https://github.com/org/repo.git", "x/y", "HEAD", True),
    "/a/b.git": None,
}


@pytest.mark.parametrize("path", SPECS)
def test_split_as_the_reference_splits(path: str) -> None:
    spec = repo_spec.parse(path)
    if spec is None:
        assert SPECS[path] is None
        return
    folder = normpath(spec.path or ".")
    assert (spec.clone_url, "" if folder == "." else folder, spec.ref or "HEAD", spec.submodules) == SPECS[path]


@pytest.mark.parametrize(
    ("query", "timeout_s"),
    [
        ("", 27.0), ("timeout=61", 61.0), ("timeout=61s", 61.0), ("timeout=1m30s", 90.0), ("timeout=1.5h", 5400.0),
        ("timeout=0", 27.0), ("timeout=-5", 27.0), ("timeout=x", 27.0), ("timeout=5x", 27.0), ("timeout=300ms", 0.3),
        ("timeout=", 27.0), ("timeout=1..5s", 27.0),
    ],
)  # fmt: skip
def test_time_limit(query: str, timeout_s: float) -> None:
    assert repo_spec.parse_query(query)[1] == pytest.approx(timeout_s)


def test_origin_names_the_folder_and_the_stand_in() -> None:
    with_folder, without = repo_spec.parse("https://host/org/repo//a/./b"), repo_spec.parse("https://host/org/repo")
    assert with_folder is not None
    assert without is not None
    assert (with_folder.origin_path, without.origin_path) == ("a/b", "notCloned")
