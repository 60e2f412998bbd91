"""Roots: what a kustomization may read, through which links, and how system errors read."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from kbuild.counters import Counters
from kbuild.load.filesystem import DiskFileSystem
from kbuild.load.overlay_fs import MemoryFileSystem
from kbuild.load.root import Access, Root, has_prefix, is_remote_file, open_root, os_sentence
from kbuild.model.errors import KbuildError, MissingFileError, RestrictedPathError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder `app` with plain files and links of all sorts."""
    app = tmp_path / "app"
    (app / "sub").mkdir(parents=True)
    (app / "plain").write_text("plain")
    (app / "sub" / "inner").write_text("inner")
    (tmp_path / "outside").write_text("outside")
    for name, target in {
        "link": "plain", "linked_folder": "sub", "out": "../outside", "loop": "loop", "dangling": "nothing", "up": "..",
    }.items():  # fmt: skip
        (app / name).symlink_to(target)
    return app


def root_at(folder: Path, *, restricted: bool = True) -> Root:
    return open_root(Access(DiskFileSystem(), Counters(), restricted=restricted), str(folder))


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("plain", b"plain"), ("./sub/../plain", b"plain"), ("plain/", b"plain"), ("sub/inner", b"inner"),
        ("link", b"plain"), ("linked_folder/inner", b"inner"),
    ],
)  # fmt: skip
def test_reads_what_is_in_or_below(path: str, content: bytes, folder: Path) -> None:
    assert root_at(folder).read(path) == content


# path -> sentence of kustomize v5.8.1, {app} for the folder and {up} for the one above
REFUSED = {
    "../outside": "security; file '{up}/outside' is not in or below '{app}'",
    "out": "security; file '{app}/out' is not in or below '{app}'",
    "up/outside": "security; file '{app}/up/outside' is not in or below '{app}'",
    "sub": "'{app}/sub' must resolve to a file",
    "linked_folder": "'{app}/linked_folder' must resolve to a file",
    "": "'{app}' must resolve to a file",
    "nothing": "evalsymlink failure on '{app}/nothing' : lstat {app}/nothing: no such file or directory",
    "no/such": "evalsymlink failure on '{app}/no/such' : lstat {app}/no: no such file or directory",
    "dangling": "evalsymlink failure on '{app}/dangling' : lstat {app}/nothing: no such file or directory",
    "plain/x": "evalsymlink failure on '{app}/plain/x' : not a directory",
    "loop": "evalsymlink failure on '{app}/loop' : EvalSymlinks: too many links",
    "a\0b": "evalsymlink failure on '{app}/a\0b' : lstat {app}/a\0b: invalid argument",
}


@pytest.mark.parametrize("path", REFUSED)
def test_refuses_in_the_words_of_the_reference(path: str, folder: Path) -> None:
    with pytest.raises(KbuildError) as caught:
        root_at(folder).read(path)
    real = os.path.realpath(folder)
    assert caught.value.reason == REFUSED[path].format(app=real, up=os.path.dirname(real))


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("nothing", "open {app}/nothing: no such file or directory"),
        ("sub", "read {app}/sub: is a directory"),
        ("plain/x", "open {app}/plain/x: not a directory"),
        ("loop", "open {app}/loop: too many levels of symbolic links"),
    ],
)
def test_unrestricted_errors_are_those_of_opening(path: str, sentence: str, folder: Path) -> None:
    with pytest.raises(MissingFileError) as caught:
        root_at(folder, restricted=False).read(path)
    assert caught.value.reason == sentence.format(app=os.path.realpath(folder))


def test_unrestricted_reads_anywhere(folder: Path) -> None:
    root = root_at(folder, restricted=False)
    assert (root.read("../outside"), root.read("out"), root.read(str(folder / "plain"))) == (
        b"outside",
        b"outside",
        b"plain",
    )


def test_absolute_files_inside_are_allowed(folder: Path) -> None:
    assert root_at(folder).read(os.path.join(os.path.realpath(folder), "plain")) == b"plain"


def test_a_linked_root_is_shown_resolved(folder: Path) -> None:
    (folder.parent / "alias").symlink_to("app")
    assert root_at(folder.parent / "alias").path == os.path.realpath(folder)


def test_find_sees_files_and_links_inside_only(folder: Path) -> None:
    root = root_at(folder)
    found = {name: root.find(name) for name in ("plain", "link", "out", "sub", "nothing", "dangling")}
    assert found == {"plain": b"plain", "link": b"plain", "out": None, "sub": None, "nothing": None, "dangling": None}


def test_every_read_is_counted_and_noted(folder: Path) -> None:
    root = root_at(folder)
    root.read("plain")
    root.read("sub/inner")
    root.read("plain")
    real = os.path.realpath(folder)
    assert list(root.access.files_read) == [f"{real}/plain", f"{real}/sub/inner"]
    assert root.access.counters.reads == 3


def test_plain_files_cost_one_open_and_no_stat(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    root = root_at(folder)
    calls: list[str] = []
    for name in ("stat", "lstat", "readlink"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, _real=real, _name=name, **k: (calls.append(_name), _real(*a, **k))[1])
    root.read("plain")
    assert calls == []


def test_root_of_the_file_system() -> None:
    root = open_root(Access(MemoryFileSystem({"/x": "1", "/a/y": "2"}), Counters(), restricted=True), "/")
    assert (root.read("x"), root.read("a/y"), root.read("/x")) == (b"1", b"1"[:0] + b"2", b"1")


def test_children_know_their_way(folder: Path) -> None:
    child = root_at(folder).child("sub")
    assert [root.path for root in child.way()] == [os.path.realpath(folder / "sub"), os.path.realpath(folder)]
    with pytest.raises(RestrictedPathError, match="cycle detected"):
        child.child("../../app")


@pytest.mark.parametrize(
    ("path", "folder", "expected"),
    [("/a/b", "/a", True), ("/a", "/a", True), ("/ab", "/a", False), ("/a", "/", True), ("/a", "/a/b", False)],
)
def test_has_prefix(path: str, folder: str, expected: bool) -> None:
    assert has_prefix(path, folder) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("http://x", True), ("HTTPS://x", True), ("httpx", False), ("http.yaml", False), ("file://x", False)],
)
def test_is_remote_file(path: str, expected: bool) -> None:
    assert is_remote_file(path) is expected


def test_system_errors_read_as_in_go() -> None:
    denied = OSError(errno.EACCES, "Permission denied", "/x")
    assert os_sentence("lstat", denied, "/y") == "lstat /x: permission denied"
