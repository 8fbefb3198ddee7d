from __future__ import annotations

import os
import tarfile

import pytest

from nextmv_autotrack import InvalidRunError
from nextmv_autotrack.platform.archive import pack_folder


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "folder"
    (folder / "b" / "empty").mkdir(parents=True)
    (folder / "b" / "two.txt").write_text("zwei")
    (folder / "b" / "one.txt").write_text("eins")
    (folder / "a.csv").write_text("a,b\n")
    return folder


def packed(folder, archive):
    pack_folder(folder, archive, field="input_dir")
    with tarfile.open(archive) as tar:
        return [(member.name, tar.extractfile(member).read()) for member in tar]


FILES = [("a.csv", b"a,b\n"), ("b/one.txt", b"eins"), ("b/two.txt", b"zwei")]


def test_it_holds_the_files_in_order_by_their_relative_names(folder, tmp_path):
    assert packed(folder, tmp_path / "archive") == FILES


def test_the_same_files_give_the_same_bytes(folder, tmp_path):
    packed(folder, tmp_path / "first")
    another = folder.rename(tmp_path / "elsewhere")
    os.utime(another / "a.csv", (1, 1))
    (another / "a.csv").chmod(0o600)
    packed(another, tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_nothing_tells_whose_files_they_are(folder, tmp_path):
    packed(folder, tmp_path / "archive")
    with tarfile.open(tmp_path / "archive") as tar:
        about = {(m.uid, m.gid, m.uname, m.gname, m.mtime, m.mode) for m in tar}
    assert about == {(0, 0, "", "", 0, 0o644)}


def test_links_are_not_followed_out_of_the_folder(folder, tmp_path, caplog):
    (tmp_path / "secret").write_text("hunter2")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("hunter2")
    (folder / "b" / "link").symlink_to(tmp_path / "secret")
    (folder / "links").symlink_to(tmp_path / "secrets")
    (folder / "c.csv").symlink_to(folder / "a.csv")
    (folder / "round").symlink_to(folder)
    (folder / "nowhere").symlink_to(folder / "gone")
    (folder / "itself").symlink_to(folder / "itself")
    assert packed(folder, tmp_path / "archive") == [*FILES, ("c.csv", b"a,b\n")]
    (record,) = caplog.records
    assert "5 files in" in record.getMessage()
    assert (
        "links that lead to a folder, out of this one or nowhere" in record.getMessage()
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files here")
def test_what_is_no_file_is_left_out_and_said(folder, tmp_path, caplog):
    os.mkfifo(folder / "pipe")
    assert packed(folder, tmp_path / "archive") == FILES
    (record,) = caplog.records
    assert f"1 files in {folder} are left out, {folder / 'pipe'}" in record.getMessage()


def test_a_folder_that_cannot_be_read_is_named_with_its_field(tmp_path):
    with pytest.raises(InvalidRunError, match=r"^input_dir cannot be packed: .*gone"):
        pack_folder(tmp_path / "gone", tmp_path / "archive", field="input_dir")
