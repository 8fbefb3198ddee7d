"""What is sent of a run that has lost something to the bounds of the disk."""

from __future__ import annotations

from pathlib import Path

from nextmv_autotrack.store import Store
from nextmv_autotrack.upload.packing import pack
from tests.store.journals import Journal, run_id


def packed_input(store: Store, number: int) -> bytes:
    return b"".join(pack(store, store.run(run_id(number))).input.chunks())


def test_a_run_that_has_lost_its_output_only_is_sent_with_its_input(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, b'"shared"', delivery="waiting")
        journal.end(1, b'"its own"')
        journal.begin(2, b'"its own, too"', delivery="waiting")
        journal.end(2)
        journal.begin(3, b'"shared"', delivery="waiting")  # and is in progress
        journal.move(store)
        assert store.upkeep.trim(max_bytes=0, before=0.0).waiting == 2
        assert store.run(run_id(1)).output is None
        assert packed_input(store, 1) == b"shared"
        assert packed_input(store, 2).startswith(b'{"truncated":true')
