from __future__ import annotations

import itertools
import signal
from pathlib import Path

import pytest

from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.store import Store
from tests.store.journals import ENDPOINT, Journal, run_id, start


def _body(number: int) -> bytes:
    """Return a payload; every tenth goes into a file of its own."""
    return b'"%d %s"' % (number, b"x" * (50_000 if number % 10 == 0 else 20))


def _fill(journal: Journal, numbers: range) -> None:
    for number in numbers:
        journal.begin(number, _body(number), delivery="waiting")
        journal.log(number, b"line of %d\n" % number)
        journal.part(number, "assets", b"[%d]" % number)
        journal.end(number, _body(-number))


def _assert_whole(store: Store, count: int) -> None:
    runs = store.runs(limit=count + 1)
    assert [run.id for run in runs] == [run_id(n) for n in reversed(range(count))]
    for number, run in enumerate(reversed(runs)):
        assert run.status is Status.SUCCEEDED
        assert store.payload(run.input or "") == _body(number)
        assert store.payload(run.output or "") == _body(-number)
        assert store.payload(run.assets or "") == b"[%d]" % number
        assert store.log_text(run.id) == f"line of {number}\n"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
@pytest.mark.parametrize("moves", [1, 10, 40])
def test_a_process_killed_while_it_moves_loses_nothing_and_doubles_nothing(
    tmp_path: Path, moves: int
):
    with Journal(tmp_path, segment_bytes=2**20) as journal:
        _fill(journal, range(1500))
        with start("process_that_moves", tmp_path, 10_000) as mover:
            assert mover.stdout is not None
            for _ in range(moves):
                mover.stdout.readline()
            mover.kill()
        assert mover.returncode == -signal.SIGKILL
        with Store.open(tmp_path) as store:
            assert journal.move(store) > 0
            _assert_whole(store, 1500)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_a_process_may_be_killed_at_any_step_of_a_move(tmp_path: Path):
    with Store.open(tmp_path), Journal(tmp_path) as journal:
        _fill(journal, range(25))
    killed = 0
    for last_step in itertools.count(1):
        with start("process_that_dies", tmp_path, last_step) as mover:
            pass
        if mover.returncode == 0:
            break
        assert mover.returncode == -signal.SIGKILL
        killed += 1
    assert killed > 10
    with Store.open(tmp_path) as store:
        _assert_whole(store, 25)


def test_processes_that_move_and_claim_at_once_take_each_run_once(tmp_path: Path):
    count = 300
    with (
        Journal(tmp_path, "1-a", segment_bytes=50_000) as first,
        Journal(tmp_path, "1-b", segment_bytes=50_000) as second,
    ):
        _fill(first, range(count // 2))
        _fill(second, range(count // 2, count))
        # None of them has a store yet: they create it at once, too.
        movers = [
            start("process_that_delivers", tmp_path, f"{n}-mover") for n in range(4)
        ]
        for mover in movers:
            assert mover.stdout is not None
            assert mover.stdout.readline() == "ready\n"
        for mover in movers:
            assert mover.stdin is not None
            mover.stdin.write("go\n")
            mover.stdin.flush()
        outputs = [mover.communicate()[0] for mover in movers]
        assert [mover.returncode for mover in movers] == [0, 0, 0, 0]
        taken = sorted(itertools.chain.from_iterable(map(str.split, outputs)))
        assert taken == [run_id(number) for number in range(count)]
        with Store.open(tmp_path) as store:
            _assert_whole(store, count)
            delivered = {run.delivery for run in store.runs(limit=count)}
            assert delivered == {Delivery.DELIVERED}


def test_what_a_process_has_claimed_is_free_once_it_is_dead(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.ended(1, delivery="waiting")
        journal.move(store)
        with start("process_that_claims", tmp_path) as claimant:
            assert claimant.stdout is not None
            assert claimant.stdout.readline() == "1\n"
            assert store.claim("1-a", endpoint=ENDPOINT, now=0, limit=9) == []
            claimant.kill()
        (run,) = store.claim("1-a", endpoint=ENDPOINT, now=0, limit=9)
        assert run.id == run_id(1)
