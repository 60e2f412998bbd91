"""Commits without a work tree, in a repository beside: what is in them, who made them, and that nothing is lost."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from applier.agent.source.credentials import Credentials
from applier.agent.source.git import Remote
from applier.agent.source.local_server import LocalRepository
from applier.agent.source.publishing import Author, Publisher


def git(folder: Path, *command: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    return subprocess.run(
        ["git", *who, *command], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    root = tmp_path / "origin"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / "a").mkdir()
    (root / "a" / "kept.yaml").write_text("kept: true\n")
    (root / "a" / "run.sh").write_text("#!/bin/sh\n")
    (root / "a" / "run.sh").chmod(0o755)
    (root / "a" / "link").symlink_to("/etc/passwd")
    (root / "other").write_text("other")
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "-m", "one")
    return root


def publisher(origin: Path, folder: Path) -> tuple[Publisher, LocalRepository]:
    served = LocalRepository(origin)
    served.start()
    made = Publisher(folder, Remote(served.url, Credentials()), "main")
    made.fetch_branch()
    return made, served


def test_files_are_added_and_everything_else_stays_as_it_is(origin: Path, tmp_path: Path) -> None:
    found, served = publisher(origin, tmp_path / "mirror")
    try:
        assert found.files("a") == {"a/kept.yaml": b"kept: true\n", "a/run.sh": b"#!/bin/sh\n"}
        before = found.head
        commit = found.commit({"a/b/new.yaml": b"new: true\n"}, "Add\n\nmore", Author("Robot", "r@example.test"))
        assert commit == found.head != before
        show = ["show", "-s", "--format=%an <%ae>%n%cn%n%s%n%b%n%P", commit]
        assert found._git(found.folder, show, None).decode().split("\n")[:6] == [
            "Robot <r@example.test>", "Robot", "Add", "more", "", before,
        ]  # fmt: skip
        modes = {one.path: one.mode for one in found.tree(found.folder, commit)}
        assert modes == {
            "a/b/new.yaml": "100644", "a/kept.yaml": "100644", "a/link": "120000", "a/run.sh": "100755", "other": "100644",
        }  # fmt: skip
        assert found.commit({"a/b/new.yaml": b"new: true\n"}, "again", Author("Robot")) == ""
        assert found.head == commit
    finally:
        served.stop()


def test_files_are_read_when_they_are_asked_for(origin: Path, tmp_path: Path) -> None:
    found, served = publisher(origin, tmp_path / "mirror")
    try:
        files = found.committed("/r")
        loaded: list[str] = []
        load = files._load
        files._load = lambda object_id: loaded.append(object_id) or load(object_id)  # type: ignore[func-returns-value]
        assert files.names("/r/a") == ["kept.yaml", "run.sh"]  # a link leads nowhere
        assert files.read("/r/a/kept.yaml") == b"kept: true\n"
        assert files.read("/r/a/kept.yaml") == b"kept: true\n"
        assert len(loaded) == 1
        files.put("/r/other", b"mine")
        assert files.read("/r/other") == b"mine"
        assert len(loaded) == 1
    finally:
        served.stop()


def test_a_branch_that_is_not_there_begins_empty(origin: Path, tmp_path: Path) -> None:
    served = LocalRepository(origin)
    served.start()
    try:
        found = Publisher(tmp_path / "mirror", Remote(served.url, Credentials()), "new")
        found.fetch_branch()
        assert (found.head, found.files("")) == ("", {})
        commit = found.commit({"x": b"1"}, "first", Author("Robot"))
        assert [one.path for one in found.tree(found.folder, commit)] == ["x"]
    finally:
        served.stop()
