from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.nextmv_api import Blob


@given(st.lists(st.binary(max_size=40)), st.integers(1, 64))
def test_the_chunks_are_the_parts_one_after_another_and_none_is_too_long(parts, size):
    blob = Blob.of(*parts)
    chunks = list(blob.chunks(size))
    assert b"".join(chunks) == b"".join(parts)
    assert all(0 < len(chunk) <= size for chunk in chunks)
    assert blob.size == len(b"".join(parts))


@given(st.lists(st.binary(max_size=5)))
def test_first_and_rest_are_the_whole(parts):
    blob, whole = Blob.of(*parts), b"".join(parts)
    assert blob.first() == whole[:1]
    assert b"".join(blob.rest().chunks()) == whole[1:]
    assert b"".join(blob.but_last().chunks()) == whole[:-1]


def test_files_and_bytes_can_be_mixed_and_nested(tmp_path):
    path = tmp_path / "part.json"
    path.write_bytes(b"[1,2,3]")
    inner = Blob.of(b'"a":', path)
    blob = Blob.of(b"{", inner, b"}")
    assert blob.size == 13
    assert b"".join(blob.chunks(4)) == b'{"a":[1,2,3]}'
    assert b"".join(inner.rest().chunks()) == b'a":[1,2,3]'
    assert b"".join(Blob.of(path).rest().rest().chunks()) == b",2,3]"
    assert b"".join(Blob.of(path).but_last().rest().chunks()) == b"1,2,3"


def test_small_parts_travel_together():
    blob = Blob.of(*[b"x"] * 100)
    assert len(list(blob.chunks())) == 1


def test_a_blob_can_be_sent_again():
    blob = Blob.of(b"abc")
    assert list(blob.chunks()) == list(blob.chunks())


def test_a_large_file_is_never_in_memory(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(30_000_000))
    tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        total = sum(len(chunk) for chunk in Blob.of(b"<", path, b">").chunks())
        grown = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert total == 30_000_002
    assert grown < 2_000_000


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(StoreError, match="gone"):
        Blob.of(tmp_path / "gone")


def test_a_file_that_goes_before_it_is_sent_is_named(tmp_path):
    path = tmp_path / "payload"
    path.write_bytes(b"{}")
    blob = Blob.of(path)
    path.unlink()
    with pytest.raises(StoreError, match="payload"):
        list(blob.chunks())


def test_a_file_that_became_shorter_is_damaged(tmp_path):
    path = tmp_path / "payload"
    path.write_bytes(b"{}")
    blob = Blob.of(path)
    path.write_bytes(b"{")
    with pytest.raises(StoreError, match="damaged"):
        list(blob.chunks())


def test_a_file_that_became_longer_is_sent_as_it_was(tmp_path):
    path = tmp_path / "payload"
    path.write_bytes(b"{}")
    blob = Blob.of(path)
    path.write_bytes(b"{}{}")
    assert b"".join(blob.chunks()) == b"{}"


def test_its_repr_does_not_show_the_bytes():
    assert repr(Blob.of(b"secret")) == "<Blob of 6 bytes>"
