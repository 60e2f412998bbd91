"""Artifacts packed and unpacked: equal bytes for equal content, and nothing of a hostile archive comes through."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest

from applier.agent.kustomization.archive_files import unpacked
from applier.agent.source import unpack
from applier.agent.source.archive import ArchiveError, Entry, write


def packed(*entries: Entry) -> bytes:
    out = io.BytesIO()
    write(entries, out)
    return out.getvalue()


def hostile(*members: tarfile.TarInfo, data: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for member in members:
            member.size = len(data) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, link
    return found


FILES = (Entry("a", b"1"), Entry("b"), Entry("b/c.yaml", b"2" * 1000, is_executable=True), Entry("b/e", b""))


def test_what_was_packed_comes_back() -> None:
    data = packed(*FILES)
    assert data == packed(*FILES)
    found = unpack.files(data)
    assert {path: (one.data, one.is_executable) for path, one in found.items()} == {
        "a": (b"1", False), "b/c.yaml": (b"2" * 1000, True), "b/e": (b"", False),
    }  # fmt: skip


def test_the_files_of_an_artifact_are_read_from_the_disk() -> None:
    fs, size = unpacked(packed(*FILES), "/source")
    assert size % 512 == 0
    assert (fs.read("/source/a"), fs.read("/source/b/../b/c.yaml"), fs.read_unlinked("/source/b/e")) == (
        b"1",
        b"2" * 1000,
        b"",
    )
    assert fs.names("/source/b") == ["c.yaml", "e"]
    assert (fs.is_dir("/source/b"), fs.is_dir("/source/a"), fs.real("/source/a")) == (True, False, "/source/a")
    for path, error in (
        ("/source/no", FileNotFoundError),
        ("/source/b", IsADirectoryError),
        ("/etc/passwd", FileNotFoundError),
    ):
        with pytest.raises(error):
            fs.read(path)


@pytest.mark.parametrize("name", ["../a", "/etc/a", "b/../../a", "a\\b", ".."])
def test_paths_that_lead_out_are_refused(name: str) -> None:
    for read in (unpack.files, lambda data: unpacked(data, "/source")):
        with pytest.raises(ArchiveError, match="leads out"):
            read(hostile(member(name)))


def test_links_and_devices_are_left_out() -> None:
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)
    members = [member(f"m{at}", kind, "/etc/passwd") for at, kind in enumerate(kinds)]
    assert list(unpack.files(hostile(*members, member("good")))) == ["good"]


def test_what_is_cut_or_is_no_archive_is_refused() -> None:
    data = packed(*FILES)
    for wrong in (data[: len(data) // 2], data[:-9], b"", b"no gzip", gzip.compress(b"no tar" * 200)):
        with pytest.raises(ArchiveError):
            unpack.files(wrong)


def test_what_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MAX_UNPACKED", 100_000)
    monkeypatch.setattr(unpack, "MAX_FILES", 3)
    with pytest.raises(ArchiveError, match="too much"):
        unpack.files(gzip.compress(bytes(10_000_000)))
    with pytest.raises(ArchiveError, match="too much"):
        unpack.files(packed(*(Entry(f"f{n}", b"") for n in range(4))))
    with pytest.raises(ArchiveError, match="too much"):
        unpack.files(hostile(member("a"), data=bytes(100_001)))
