from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.payloads import INLINE_BYTES
from tests.store.journals import Journal, run_id

LARGE = b'"' + b"x" * INLINE_BYTES + b'"'


def _input(store: Store, number: int = 1) -> str:
    digest = store.run(run_id(number)).input
    assert digest is not None
    return digest


@pytest.mark.parametrize("size", [1, INLINE_BYTES, INLINE_BYTES + 1, 3 * 2**20])
def test_a_payload_of_any_size_is_read_back(tmp_path: Path, size: int):
    body = os.urandom(size)
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, body)
        journal.move(store)
        digest = _input(store)
        assert digest == sha256(body).hexdigest()
        assert store.payload(digest) == body
        assert store.open_payload(digest).size == size


def test_a_small_payload_lies_in_the_database(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, b"1")
        journal.move(store)
        assert store.open_payload(_input(store)) == (1, None, b"1")
        assert not (tmp_path / "payloads").exists()


def test_a_large_payload_lies_in_a_file_of_its_own(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, LARGE)
        journal.move(store)
        digest = _input(store)
        found = store.open_payload(digest)
        assert found.path == tmp_path / "payloads" / digest[:2] / f"{digest}.json"
        assert found.path.read_bytes() == LARGE
        assert found.content is None


@pytest.mark.parametrize("size", [10, INLINE_BYTES + 1], ids=["inline", "in a file"])
@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (b'{"a":', "json"),
        (b"[", "json"),
        (b"1", "json"),
        (b"null", "json"),
        (b'"text', "text"),
        (b"\x1f\x8b\x08", "multi-file"),
        (b"\x1f", "json"),
    ],
)
def test_a_payload_says_itself_what_it_is(
    tmp_path: Path, size: int, head: bytes, wanted: str
):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, head.ljust(size))
        journal.move(store)
        found = store.open_payload(_input(store))
        assert found.format == wanted
        with found.opened() as file:
            assert file.read() == head.ljust(size)


def test_a_payload_whose_file_has_gone_is_an_error_of_the_store(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, LARGE)
        journal.move(store)
        found = store.open_payload(_input(store))
        assert found.path is not None
        found.path.unlink()
        with pytest.raises(StoreError, match="cannot be read"):
            _ = found.format


def test_equal_payloads_are_kept_once(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        for number in range(5):
            journal.begin(number, LARGE)
            journal.end(number, b"1")
            journal.move(store)
        files = [path for path in (tmp_path / "payloads").rglob("*") if path.is_file()]
        assert len(files) == 1
        rows = store._connection.execute("SELECT count(*) FROM payloads").fetchone()
        assert rows == (2,)


def test_a_file_that_was_cut_short_is_written_anew(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, LARGE)
        journal.move(store)
        path = store.open_payload(_input(store)).path
        assert path is not None
        path.write_bytes(b"cut")
        with pytest.raises(StoreError, match="missing or damaged"):
            store.payload(_input(store))
        journal.begin(2, LARGE)
        journal.move(store)
        assert store.payload(_input(store)) == LARGE


def test_a_file_that_is_gone_is_named(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, LARGE)
        journal.move(store)
        path = store.open_payload(_input(store)).path
        assert path is not None
        path.unlink()
        with pytest.raises(StoreError, match=path.name):
            store.payload(_input(store))


def test_a_digest_never_leads_out_of_the_folder(tmp_path: Path):
    (tmp_path / "secret.json").write_bytes(b"1234")
    with Store.open(tmp_path) as store:
        for digest in ("../secret", "a/../../../secret", "A" * 64, "/" * 64, ""):
            store._connection.execute(
                "INSERT INTO payloads VALUES (?, 4, NULL)", (digest,)
            )
            with pytest.raises(StoreError, match="not the digest"):
                store.payload(digest)


@pytest.mark.skipif(os.name != "posix", reason="modes mean little there")
def test_files_and_folders_are_private_whatever_the_umask(tmp_path: Path):
    before = os.umask(0)
    try:
        home = tmp_path / "deep" / "er"
        with Store.open(home) as store, Journal(home) as journal:
            journal.begin(1, LARGE)
            journal.move(store)
            modes = {
                path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode)
                for path in tmp_path.rglob("*")
                if "journals" not in path.parts
            }
            folders = {name for name in modes if (tmp_path / name).is_dir()}
    finally:
        os.umask(before)
    assert len(folders) == 5
    assert {modes[name] for name in folders} == {0o700}
    files = modes.keys() - folders
    assert {Path(name).suffix for name in files} == {
        ".sqlite3",
        ".sqlite3-wal",
        ".sqlite3-shm",
        ".json",
        "",
    }
    assert {modes[name] for name in files} == {0o600}


def test_nothing_unfinished_is_left_behind(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, LARGE)
        digest = sha256(LARGE).hexdigest()
        blocked = tmp_path / "payloads" / digest[:2] / f"{digest}.json"
        blocked.mkdir(parents=True)
        with pytest.raises(StoreError, match="cannot be used"):
            journal.move(store)
        assert list((tmp_path / "payloads" / "unfinished").iterdir()) == []
        blocked.rmdir()
        assert journal.move(store) == 1
