"""File systems: what they have in common, and what overlays, jails and ignore rules change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kbuild.load.filesystem import DiskFileSystem
from kbuild.load.overlay_fs import IgnoringFileSystem, JailedFileSystem, MemoryFileSystem, OverlayFileSystem

if TYPE_CHECKING:
    from pathlib import Path

    from kbuild.load.filesystem import FileSystem

FILES = {"a/x.txt": "x", "a/b/y.txt": "y", "z.bin": b"\x00\xff"}
KINDS = ("disk", "memory", "overlay", "jailed", "ignoring")


@pytest.fixture(params=KINDS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[FileSystem, str]:
    """A file system that holds FILES, and the folder they are in."""
    root = os.path.realpath(tmp_path)
    disk = DiskFileSystem()
    inside = {f"{root}/{path}": content for path, content in FILES.items()}
    if request.param == "memory":
        return MemoryFileSystem(inside), root
    if request.param == "overlay":
        return OverlayFileSystem(disk, inside), root
    for path, content in inside.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
    if request.param == "jailed":
        return JailedFileSystem(disk, root), root
    if request.param == "ignoring":
        return IgnoringFileSystem(disk, root, ["*.nothing"]), root
    return disk, root


def test_reads_bytes(made: tuple[FileSystem, str]) -> None:
    fs, root = made
    assert fs.read(f"{root}/z.bin") == b"\x00\xff"
    assert fs.read_unlinked(f"{root}/a/b/y.txt") == b"y"


def test_lists_names_in_order(made: tuple[FileSystem, str]) -> None:
    fs, root = made
    assert fs.names(root) == ["a", "z.bin"]
    assert fs.names(f"{root}/a") == ["b", "x.txt"]


def test_knows_folders(made: tuple[FileSystem, str]) -> None:
    fs, root = made
    assert [fs.is_dir(f"{root}/{path}") for path in ("a", "a/b", "a/x.txt", "no")] == [True, True, False, False]


def test_real_path_names_the_first_missing_part(made: tuple[FileSystem, str]) -> None:
    fs, root = made
    assert fs.real(f"{root}/a/./b/../x.txt") == f"{root}/a/x.txt"
    with pytest.raises(FileNotFoundError) as caught:
        fs.real(f"{root}/a/no/more")
    assert caught.value.filename == f"{root}/a/no"


def test_a_folder_is_no_file(made: tuple[FileSystem, str]) -> None:
    fs, root = made
    with pytest.raises(IsADirectoryError):
        fs.read(f"{root}/a")
    with pytest.raises(IsADirectoryError):
        fs.read_unlinked(f"{root}/a")


def test_a_file_is_no_folder(made: tuple[FileSystem, str]) -> None:
    fs, root = made
    with pytest.raises(NotADirectoryError):
        fs.real(f"{root}/z.bin/x")


def test_missing_files(made: tuple[FileSystem, str]) -> None:
    fs, root = made
    for read in (fs.read, fs.read_unlinked):
        with pytest.raises(FileNotFoundError):
            read(f"{root}/no")


def test_disk_gives_no_bytes_for_a_link(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    (tmp_path / "l").symlink_to("x")
    fs = DiskFileSystem()
    assert fs.read_unlinked(str(tmp_path / "l")) is None
    assert fs.read(str(tmp_path / "l")) == b"x"
    assert fs.real(str(tmp_path / "l")) == os.path.realpath(tmp_path / "x")


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 200000])
def test_disk_reads_files_of_any_size(size: int, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abcdefg" * (size // 7) + b"z" * (size % 7))
    assert DiskFileSystem().read(str(path)) == DiskFileSystem().read_unlinked(str(path)) == path.read_bytes()


def test_memory_takes_relative_paths() -> None:
    fs = MemoryFileSystem({"app/x": "1", "./y": "2"})
    assert fs.read("/app/x") == fs.read("app/../app/x") == b"1"
    assert fs.read("/y") == b"2"
    assert fs.names("/") == ["app", "y"]


def test_overlay_changes_what_is_below() -> None:
    lower = MemoryFileSystem({"/a/x": "old", "/a/y": "kept"})
    fs = OverlayFileSystem(lower, {"/a/x": "new", "/b/z": "added"})
    assert [fs.read(path) for path in ("/a/x", "/a/y", "/b/z")] == [b"new", b"kept", b"added"]
    assert fs.names("/a") == ["x", "y"]
    assert fs.names("/") == ["a", "b"]
    assert lower.read("/a/x") == b"old"


def test_overlay_changes_what_links_point_to(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x").write_text("old")
    (tmp_path / "l").symlink_to("d")
    fs = OverlayFileSystem(DiskFileSystem(), {str(tmp_path / "l" / "x"): "new", str(tmp_path / "l" / "n" / "y"): "y"})
    assert fs.read(str(tmp_path / "d" / "x")) == fs.read_unlinked(str(tmp_path / "l" / "x")) == b"new"
    assert fs.names(str(tmp_path / "l")) == ["n", "x"]
    assert fs.read(str(tmp_path / "d" / "n" / "y")) == b"y"


def test_jail_refuses_what_is_outside(tmp_path: Path) -> None:
    jail = tmp_path / "jail"
    jail.mkdir()
    (tmp_path / "secret").write_text("s")
    (jail / "out").symlink_to("../secret")
    (jail / "in").write_text("i")
    fs = JailedFileSystem(DiskFileSystem(), str(jail))
    assert fs.read(str(jail / "in")) == b"i"
    for path in (tmp_path / "secret", jail / "out", jail / ".." / "secret", jail / "in" / ".." / ".." / "secret"):
        with pytest.raises(OSError):  # noqa: PT011, missing and refused are both fine
            fs.read(str(path))
    assert fs.names(str(jail)) == ["in"]
    assert not fs.is_dir("/usr")


def test_jail_is_not_a_prefix_of_a_name(tmp_path: Path) -> None:
    for name in ("jail", "jailbreak"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
    fs = JailedFileSystem(DiskFileSystem(), str(tmp_path / "jail"))
    with pytest.raises(PermissionError):
        fs.read(str(tmp_path / "jailbreak" / "x"))


def test_ignored_files_are_not_there() -> None:
    inner = MemoryFileSystem({"/r/a.txt": "a", "/r/b.yaml": "b", "/r/d/c.txt": "c", "/o/a.txt": "o"})
    fs = IgnoringFileSystem(inner, "/r", ["*.txt", "!/d/c.txt"])
    assert fs.names("/r") == ["b.yaml", "d"]
    assert fs.read("/r/d/c.txt") == b"c"
    assert fs.read("/o/a.txt") == b"o"
    with pytest.raises(FileNotFoundError):
        fs.read_unlinked("/r/a.txt")
    assert list(fs.hidden) == ["/r/a.txt"]
