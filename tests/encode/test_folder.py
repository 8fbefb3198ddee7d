"""Folders as archives: the same bytes for the same files, and nothing from elsewhere."""

from __future__ import annotations

import io
import os
import socket
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.encode import folder as folders
from nextmv_autotrack.encode import inside as insides
from nextmv_autotrack.encode import steady_file
from nextmv_autotrack.encode.folder import (
    FolderTooLargeError,
    FolderTooSlowError,
    pack,
)
from nextmv_autotrack.encode.formats import format_of
from nextmv_autotrack.encode.inside import Inside
from nextmv_autotrack.encode.unpacking import digests, listed, unpack

# Some systems take no more for a name, or no difference of case only.
NAMES = st.text(
    st.characters(
        codec="utf-8", exclude_characters='/\\<>:"|?*\0', categories=["L", "N"]
    ),
    min_size=1,
    max_size=12,
).map(str.casefold)
CONTENTS = st.binary(max_size=200)
TREES = st.recursive(
    CONTENTS, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
).filter(lambda tree: isinstance(tree, dict))


def write(tree, folder: Path) -> dict[str, bytes]:
    """Write a tree of files; return them by their names."""
    folder.mkdir(exist_ok=True)
    found = {}
    for name, inner in tree.items():
        path = folder / name
        if isinstance(inner, dict):
            inside = write(inner, path)
            found |= {f"{name}/{below}": content for below, content in inside.items()}
        else:
            path.write_bytes(inner)
            found[name] = inner
    return found


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def packed(folder: Path, **bounds: float) -> bytes:
    archive = io.BytesIO()
    pack(folder, archive, **bounds)
    return archive.getvalue()


def left_out(folder: Path) -> dict[str, str]:
    found = pack(folder, io.BytesIO()).left_out
    return {one.path.relative_to(folder).as_posix(): one.why for one in found}


@given(TREES)
def test_what_is_unpacked_is_what_was_packed_and_packing_gives_the_same_bytes(tree):
    with tempfile.TemporaryDirectory() as home:
        here, there = Path(home, "here"), Path(home, "there")
        files = write(tree, here)
        archive = packed(here)
        unpack(io.BytesIO(archive), there)
        # Folders without files are not in an archive.
        assert files_in(there) == files == files_in(here)
        assert packed(there) == archive == packed(here)
        assert [one.name for one in listed(io.BytesIO(archive))] == sorted(files)
        assert {one.name: one.size for one in listed(io.BytesIO(archive))} == {
            name: len(content) for name, content in files.items()
        }
        assert len(set(digests(io.BytesIO(archive)).values())) == len(
            set(files.values())
        )


def test_an_archive_says_of_itself_that_it_is_one(tmp_path):
    assert format_of(packed(tmp_path)) == "multi-file"


def test_an_archive_over_the_bound_is_given_up_while_it_is_written(tmp_path):
    (tmp_path / "noise").write_bytes(os.urandom(50_000))
    with pytest.raises(FolderTooLargeError):
        packed(tmp_path, max_bytes=40_000)
    assert len(packed(tmp_path, max_bytes=60_000)) > 50_000


def test_a_huge_hole_is_not_read(tmp_path):
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(FolderTooLargeError):
        packed(tmp_path, max_bytes=100_000_000)


def test_more_files_than_anybody_means_are_not_packed(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MAX_FILES", 10)
    for number in range(6):
        (tmp_path / f"{number}").touch()
    (tmp_path / "below").mkdir()
    for number in range(5):
        (tmp_path / "below" / f"{number}").touch()
    with pytest.raises(FolderTooLargeError):
        packed(tmp_path)
    (tmp_path / "0").unlink()
    assert len(listed(io.BytesIO(packed(tmp_path)))) == 10


@pytest.mark.parametrize("kind", ["gone", "a file", "\0"])
def test_what_is_no_folder_is_an_error_of_the_system(tmp_path, kind):
    (tmp_path / "a file").touch()
    with pytest.raises((OSError, ValueError)):
        packed(tmp_path / kind)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files there")
def test_nothing_that_may_wait_for_somebody_is_opened(tmp_path):
    (tmp_path / "a.csv").write_text("a")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        before = Path.cwd()
        os.chdir(tmp_path)  # the name of a socket must be short
        try:
            listener.bind("socket")
        finally:
            os.chdir(before)
        (tmp_path / "zero").symlink_to("/dev/zero")
        assert left_out(tmp_path) == {
            "pipe": folders.IS_NO_FILE,
            "socket": folders.IS_NO_FILE,
            "zero": folders.IS_LINK,
        }
        assert list(digests(io.BytesIO(packed(tmp_path)))) == ["a.csv"]


def test_links_lead_nowhere_but_to_files_of_the_folder(tmp_path):
    here = tmp_path / "here"
    (here / "deep").mkdir(parents=True)
    (here / "a.csv").write_text("a")
    (tmp_path / "secret").write_text("hunter2")
    (here / "deep" / "same").symlink_to("../a.csv")
    (here / "deep" / "up").symlink_to("../../secret")
    (here / "all").symlink_to("/")
    (here / "self").symlink_to("self")
    assert set(left_out(here)) == {"deep/up", "all", "self"}
    assert list(digests(io.BytesIO(packed(here)))) == ["a.csv", "deep/same"]


@pytest.fixture(params=[True, False], ids=["as it is", "where no folder is opened"])
def inside_of_any_system(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(insides, "_HAS_FOLDERS_OPEN", False)


@pytest.mark.usefixtures("inside_of_any_system")
@pytest.mark.parametrize("when", ["entries", "file"])
def test_a_folder_that_becomes_a_link_while_it_is_packed_leads_nowhere(
    tmp_path, monkeypatch, when
):
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "deep").mkdir(parents=True)
    there.mkdir()
    (here / "a").write_text("a")
    (here / "deep" / "secret").write_text("mine")
    (there / "secret").write_text("hunter2")
    usual = getattr(Inside, when)

    def meddled(self, parts):
        if parts[:1] == ("deep",) and not (here / "deep").is_symlink():
            (here / "deep").rename(tmp_path / "gone")
            (here / "deep").symlink_to(there)
        return usual(self, parts)

    monkeypatch.setattr(Inside, when, meddled)
    archive = io.BytesIO()
    found = pack(here, archive)
    assert [one.path.relative_to(here).as_posix() for one in found.left_out] == [
        "deep" if when == "entries" else "deep/secret"
    ]
    archive.seek(0)
    assert list(digests(archive)) == ["a"]


@pytest.mark.usefixtures("inside_of_any_system")
def test_a_file_that_becomes_a_link_while_it_is_packed_is_left_out(
    tmp_path, monkeypatch
):
    here = tmp_path / "here"
    here.mkdir()
    (here / "a").write_text("a")
    (tmp_path / "secret").write_text("hunter2")
    usual = Inside.file

    def meddled(self, parts):
        (here / "a").unlink()
        (here / "a").symlink_to(tmp_path / "secret")
        return usual(self, parts)

    monkeypatch.setattr(Inside, "file", meddled)
    found = pack(here, io.BytesIO())
    assert (found.files, len(found.left_out)) == (0, 1)


@pytest.mark.usefixtures("inside_of_any_system")
def test_folders_in_folders_are_packed_on_any_system(tmp_path):
    files = write({"a": b"1", "b": {"c": b"2", "d": {"e": b"3"}}}, tmp_path / "here")
    (tmp_path / "here" / "b" / "f").symlink_to("d/e")
    (tmp_path / "link").symlink_to("here")
    for folder in (tmp_path / "here", tmp_path / "link"):
        archive = packed(folder)
        assert list(digests(io.BytesIO(archive))) == sorted([*files, "b/f"])


def test_no_file_stays_open(tmp_path):
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("open files are not counted there")
    write({"a": b"1", "b": {"c": b"2", "d": {"e": b"3"}}}, tmp_path / "here")
    (tmp_path / "here" / "out").symlink_to("/etc")
    before = len(list(Path("/proc/self/fd").iterdir()))
    packed(tmp_path / "here")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_names_that_are_not_utf_8_are_left_out_and_the_others_are_there(tmp_path):
    (tmp_path / "größe").write_text("1")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")).write_text("2")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/d\xe9")).mkdir()
    assert set(left_out(tmp_path).values()) == {folders.IS_NO_UTF_8}
    assert len(left_out(tmp_path)) == 2
    assert list(digests(io.BytesIO(packed(tmp_path)))) == ["größe"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)
def test_what_may_not_be_read_is_left_out_and_the_others_are_there(tmp_path):
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    (tmp_path / "b").chmod(0)
    assert left_out(tmp_path) == {"b": "Permission denied"}


def test_a_file_that_has_gone_meanwhile_is_left_out(tmp_path, monkeypatch):
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    usual = Inside.file

    def file(self, parts):
        (tmp_path / "b").unlink(missing_ok=True)
        return usual(self, parts)

    monkeypatch.setattr(Inside, "file", file)
    archive = io.BytesIO()
    found = pack(tmp_path, archive)
    assert (found.files, [one.path.name for one in found.left_out]) == (2, ["b"])
    archive.seek(0)
    assert list(digests(archive)) == ["a", "c"]


class Meddled(io.BufferedReader):
    """A file that something is done to when it is read for the second time."""

    meddle = staticmethod(lambda: None)
    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        if self.reads == 2:
            self.meddle()
        return super().read(size)


def meddled_with(folder: Path, monkeypatch, name, meddle, **bounds) -> tuple:
    """Pack it and do something while one file is read; return what became of it."""
    usual = Inside.file

    def file(self, parts):
        found = usual(self, parts)
        if parts[-1] == name:
            found = Meddled(found.detach())
            found.meddle = meddle
        return found

    monkeypatch.setattr(Inside, "file", file)
    archive = io.BytesIO()
    _, left_out, changed = pack(folder, archive, **bounds)
    archive.seek(0)
    unpack(archive, folder.parent / "unpacked")
    return (
        files_in(folder.parent / "unpacked"),
        left_out,
        [(one.path.relative_to(folder).as_posix(), one.why) for one in changed],
    )


@pytest.fixture
def large(tmp_path) -> Path:
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "a").write_text("before")
    (folder / "b").write_bytes(os.urandom(2_000_000))
    (folder / "c").write_text("behind")
    return folder


def test_a_file_that_gets_shorter_while_it_is_read_ends_in_zeros(large, monkeypatch):
    content = (large / "b").read_bytes()

    def meddle():
        os.truncate(large / "b", 1_000_000)

    files, left_out, changed = meddled_with(large, monkeypatch, "b", meddle)
    assert (files["a"], files["c"], left_out) == (b"before", b"behind", [])
    assert files["b"] == content[:1_000_000] + bytes(1_000_000)
    assert changed == [("b", steady_file.SHORTER)]


def test_a_file_that_cannot_be_read_to_its_end_ends_in_zeros(large, monkeypatch):
    content = (large / "b").read_bytes()

    def meddle():
        raise OSError(5, "Input/output error")

    files, _, [(name, why)] = meddled_with(large, monkeypatch, "b", meddle)
    assert (files["a"], files["c"], name) == (b"before", b"behind", "b")
    assert len(files["b"]) == len(content)
    assert files["b"].rstrip(b"\0") == content[:16_384].rstrip(b"\0")
    assert "Input/output error" in why


def test_a_file_that_is_written_to_while_it_is_read_is_said_to_be(large, monkeypatch):
    content = (large / "b").read_bytes()

    def meddle():
        with (large / "b").open("ab") as file:
            file.write(b"more")

    files, _, changed = meddled_with(large, monkeypatch, "b", meddle)
    assert files["b"] == content
    assert changed == [("b", steady_file.CHANGED)]


def test_packing_ends_when_the_time_is_up(large, monkeypatch):
    now = [0]

    def meddle():
        now[0] += 11 * 10**9

    with pytest.raises(FolderTooSlowError, match="takes more than 10 seconds"):
        meddled_with(large, monkeypatch, "b", meddle, max_s=10, now_ns=lambda: now[0])
    monkeypatch.undo()
    now[0] = 0
    _, _, changed = meddled_with(
        large, monkeypatch, "b", meddle, max_s=12, now_ns=lambda: now[0]
    )
    assert changed == []


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "a/./out"])
def test_an_archive_of_somebody_elses_writes_nothing_beside_the_folder(tmp_path, name):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name))
    archive.seek(0)
    with pytest.raises(ValueError, match="none of ours"):
        unpack(archive, tmp_path / "in")
    assert not (tmp_path / "out").exists()


def test_links_of_an_archive_are_not_made(tmp_path):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        link = tarfile.TarInfo("a")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    archive.seek(0)
    with pytest.raises(ValueError, match="none of ours"):
        unpack(archive, tmp_path)


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"\x1f\x8b\x08" + bytes(50)])
def test_a_damaged_archive_is_a_value_error(damage):
    with pytest.raises(ValueError, match="damaged"):
        listed(io.BytesIO(damage))


def test_an_archive_that_was_cut_is_a_value_error(tmp_path):
    (tmp_path / "noise").write_bytes(os.urandom(50_000))
    with pytest.raises(ValueError, match="damaged"):
        listed(io.BytesIO(packed(tmp_path)[:20_000]))
