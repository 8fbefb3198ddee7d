"""The bounds of the store, and what goes when they are reached."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.journal import try_lock
from nextmv_autotrack.store import Store, disk
from nextmv_autotrack.store.changes import Delivered, Rejected
from nextmv_autotrack.store.payloads import INLINE_BYTES
from tests.store.journals import BEGIN, ENDPOINT, Journal, run_id, start

LONG_AGO = 0.0
AFTER_ALL = BEGIN["started_ns"] / 1e9 + 1
MIB = 2**20
NO_BOUND = 2**40


def body(number: int, size: int = MIB) -> bytes:
    return b'"%06d %s"' % (number, b"x" * (size - 9))


def fill(  # noqa: PLR0913 -- runs of each kind
    home: Path,
    store: Store,
    delivered: Iterable[int] = (),
    local: Iterable[int] = (),
    waiting: Iterable[int] = (),
    *,
    size: int = MIB,
) -> None:
    """Put runs into the store, and leave no journal."""
    delivered, local = [*delivered], {*local}
    with Journal(home, segment_bytes=MIB) as journal:
        for number in sorted({*delivered, *local, *waiting}):
            where = "local" if number in local else "waiting"
            journal.begin(number, body(number, size), delivery=where)
            journal.end(number)
        journal.move(store)
        for segment in journal.segments:
            segment.path.unlink()
            store.forget(segment)
    store.settle(ENDPOINT, [Delivered(run_id(n), f"latest-{n}") for n in delivered])


def bound(store: Store, payload_bytes: float) -> int:
    """Return the bound that leaves payloads in files so much."""
    held = disk.held(store._connection, store._path)
    return held.total - held.payloads + int(payload_bytes)


def without_input(store: Store) -> list[int]:
    """Return the numbers of the runs that have lost it; all others still have it."""
    lost = []
    for run in store.runs(limit=9999):
        if run.input is None:
            assert run.is_trimmed
            lost.append(int(run.id[-12:], 16))
        else:
            assert store.payload(run.input).startswith(b'"')
    return sorted(lost)


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path) as store:
        yield store


@pytest.fixture
def eight(tmp_path: Path, store: Store) -> Store:
    """Runs 1 to 8 of 1 MiB each: delivered, local, rejected and waiting, two of each."""
    fill(tmp_path, store, delivered=(1, 2), local=(3, 4), waiting=(5, 6, 7, 8))
    store.settle(ENDPOINT, [Rejected(run_id(5), "no"), Rejected(run_id(6), "no")])
    return store


def test_what_is_within_the_bound_stays(eight: Store):
    before = eight.upkeep.usage()
    assert before.payloads == 8 * MIB
    assert eight.upkeep.trim(max_bytes=before.total, before=LONG_AGO) == (0, 0)
    assert without_input(eight) == []


@pytest.mark.parametrize(
    ("kept_mib", "gone", "waiting"),
    [
        (7.9, [1], 0),
        (7, [1], 0),
        (6.5, [1, 2], 0),
        (5.5, [1, 2, 3], 0),
        (3.5, [1, 2, 3, 4, 5], 0),
        (2, [1, 2, 3, 4, 5, 6], 0),
        (1.5, [1, 2, 3, 4, 5, 6, 7], 1),
        (0, [1, 2, 3, 4, 5, 6, 7, 8], 2),
    ],
)
def test_as_many_payloads_go_as_it_takes_by_what_they_are_still_needed_for(
    eight: Store, kept_mib: float, gone: list[int], waiting: int
):
    max_bytes = bound(eight, kept_mib * MIB)
    result = eight.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO)
    assert without_input(eight) == gone
    assert result == (len(gone), waiting)
    assert eight.upkeep.usage().total <= max_bytes
    assert len(eight.runs(limit=99)) == 8
    assert eight.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO) == (0, 0)


def test_files_go_however_young_they_are(eight: Store, tmp_path: Path):
    eight.upkeep.trim(max_bytes=bound(eight, 5 * MIB), before=LONG_AGO)
    left = list((tmp_path / "payloads").rglob("*.json"))
    assert sum(file.stat().st_size for file in left) == 5 * MIB


def test_small_payloads_make_room_once_and_not_in_every_trim_again(
    store: Store, tmp_path: Path
):
    fill(tmp_path, store, local=range(600), size=10_000)
    store.upkeep.trim(max_bytes=store.upkeep.usage().total - 1, before=LONG_AGO)
    max_bytes = store.upkeep.usage().total - 1_000_000
    first = store.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO)
    assert 80 <= first.runs <= 120
    assert without_input(store) == [*range(first.runs)]
    assert store.upkeep.usage().total <= max_bytes
    for _ in range(3):
        assert store.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO) == (0, 0)


def test_what_has_become_free_in_the_database_is_room_for_the_next_runs(
    store: Store, tmp_path: Path
):
    fill(tmp_path, store, local=range(200), size=10_000)
    max_bytes = store.upkeep.usage().total
    store.upkeep.trim(max_bytes=max_bytes - MIB, before=LONG_AGO)
    fill(tmp_path, store, local=range(200, 280), size=10_000)
    assert store.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO) == (0, 0)


def test_little_too_much_costs_one_run_of_many(store: Store, tmp_path: Path):
    fill(tmp_path, store, local=range(1000), size=INLINE_BYTES // 4)
    held = disk.held(store._connection, store._path).total
    assert store.upkeep.trim(max_bytes=held - 100, before=LONG_AGO) == (1, 0)
    assert without_input(store) == [0]


@pytest.mark.parametrize("delivery", ["waiting", "local"])
def test_no_payload_goes_in_vain_when_logs_fill_the_store(
    store: Store, tmp_path: Path, delivery: str
):
    with Journal(tmp_path, segment_bytes=MIB) as journal:
        for number in range(60):
            journal.begin(number, body(number, 1000), delivery=delivery)
            journal.log(number, b"y" * 100_000)
            journal.end(number)
        journal.move(store)
    half = store.upkeep.usage().total // 2
    assert store.upkeep.trim(max_bytes=half, before=LONG_AGO) == (0, 0)
    assert without_input(store) == []


def test_no_payload_goes_in_vain_when_journals_or_damaged_stores_fill_the_folder(
    eight: Store, tmp_path: Path
):
    max_bytes = eight.upkeep.usage().total
    for name in ("journals/1-a.0.journal", "store.sqlite3.damaged-1"):
        (tmp_path / name).write_bytes(bytes(9 * MIB))
    assert eight.upkeep.usage().total >= max_bytes + 18 * MIB
    assert eight.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO) == (0, 0)


def test_what_the_platform_has_makes_room_for_journals_if_it_can(
    eight: Store, tmp_path: Path
):
    max_bytes = eight.upkeep.usage().total
    (tmp_path / "journals" / "1-a.0.journal").write_bytes(bytes(2 * MIB))
    assert eight.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO) == (2, 0)
    assert eight.upkeep.usage().total <= max_bytes


def test_runs_that_wait_lose_nothing_for_a_journal_that_will_go(
    eight: Store, tmp_path: Path
):
    max_bytes = bound(eight, 6.5 * MIB)
    (tmp_path / "journals" / "1-a.0.journal").write_bytes(bytes(16 * MIB))
    assert eight.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO) == (2, 0)
    assert without_input(eight) == [1, 2]
    assert eight.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO) == (0, 0)


def test_payloads_are_left_half_the_bound_when_logs_fill_the_rest(
    eight: Store, tmp_path: Path
):
    with Journal(tmp_path, "2-b") as journal:
        for _ in range(100):
            journal.log(1, b"y" * 100_000)
        journal.move(eight)
        journal.segment.path.unlink()
    assert eight.upkeep.trim(max_bytes=7 * MIB, before=LONG_AGO) == (5, 0)
    assert without_input(eight) == [1, 2, 3, 4, 5]
    assert eight.upkeep.trim(max_bytes=7 * MIB, before=LONG_AGO) == (0, 0)


def test_a_payload_goes_with_the_last_run_that_needs_it(store: Store, tmp_path: Path):
    with Journal(tmp_path, segment_bytes=MIB) as journal:
        for number, where in ((1, "local"), (2, "waiting"), (3, "local")):
            journal.begin(number, body(number % 2), delivery=where)
            journal.end(number, body(0))
        journal.move(store)
        for segment in journal.segments:
            segment.path.unlink()
    max_bytes = bound(store, 1.5 * MIB)
    assert store.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO) == (2, 0)
    assert without_input(store) == [1, 3]
    assert {run.output for run in store.runs(limit=9)} == {store.run(run_id(2)).input}


def test_an_input_that_was_replaced_does_not_come_back(store: Store, tmp_path: Path):
    with Journal(tmp_path, segment_bytes=MIB) as journal:
        for number, where in ((1, "local"), (2, "waiting")):
            journal.begin(number, b'"at first"', delivery=where)
            if where == "local":
                journal.part(number, "input", body(1))
            journal.end(number)
        journal.move(store)
    store.upkeep.trim(max_bytes=bound(store, 0), before=LONG_AGO)
    assert store.run(run_id(1)).input is None


def test_what_is_too_old_goes_but_not_what_waits_or_was_rejected(eight: Store):
    assert eight.upkeep.trim(max_bytes=NO_BOUND, before=AFTER_ALL) == (4, 0)
    assert without_input(eight) == [1, 2, 3, 4]
    assert eight.upkeep.usage().payloads == 4 * MIB


def test_what_is_too_old_stays_for_another_run_that_needs_it(
    store: Store, tmp_path: Path
):
    with Journal(tmp_path) as journal:
        for number, where in ((1, "local"), (2, "waiting")):
            journal.begin(number, body(0), delivery=where)
            journal.end(number)
        journal.move(store)
    assert store.upkeep.trim(max_bytes=NO_BOUND, before=AFTER_ALL) == (1, 0)
    assert store.payload(store.run(run_id(2)).input or "") == body(0)


def test_a_run_that_is_being_sent_keeps_its_payloads(eight: Store):
    (claimed,) = eight.claim("1-a", endpoint=ENDPOINT, now=0, limit=1)
    assert eight.upkeep.trim(max_bytes=0, before=LONG_AGO) == (7, 1)
    assert eight.payload(claimed.input or "") == body(7)


def test_a_run_that_is_in_progress_keeps_its_payloads(store: Store, tmp_path: Path):
    with Journal(tmp_path) as journal:
        journal.begin(1, body(1), delivery="waiting")
        journal.move(store)
        assert store.upkeep.trim(max_bytes=0, before=AFTER_ALL) == (0, 0)
    assert without_input(store) == []


def at_each_moment(
    home: Path, do: Callable[[Store], object], max_bytes: int = 0
) -> Iterable[Store]:
    """Trim stores while another connection does something, each at the next moment."""
    for moment in itertools.count():
        place = home / str(moment)
        left = itertools.count(-moment)
        with Store.open(place) as store, Store.open(place) as other:
            fill(place, store, delivered=(1,), waiting=(2,))
            connection = store._connection

            def look(_: str, connection=connection, left=left, other=other) -> None:
                # In between, nobody else could do anything.
                if not connection.in_transaction and next(left) == 0:
                    do(other)

            connection.set_trace_callback(look)
            store.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO)
            connection.set_trace_callback(None)
            if next(left) < 1:
                return
            yield store


@pytest.mark.parametrize("size", [MIB, 1000])
def test_a_run_that_comes_while_its_payload_is_removed_has_it(
    tmp_path: Path, size: int
):
    def move(other: Store) -> None:
        home = other._path.parent
        with Journal(home, "2-b") as journal:
            journal.begin(9, body(1), delivery="local")
            journal.end(9)
            journal.move(other)

    moments = 0
    for store in at_each_moment(tmp_path, move):
        late = store.run(run_id(9))
        assert late.is_trimmed or store.payload(late.input or "") == body(1)
        without_input(store)
        moments += 1
    assert moments > 10


def test_a_run_that_is_claimed_while_payloads_are_removed_has_them_or_knows(
    tmp_path: Path,
):
    claimed = []

    def claim(other: Store) -> None:
        claimed[:] = other.claim("2-b", endpoint=ENDPOINT, now=0, limit=1)

    moments = 0
    for store in at_each_moment(tmp_path, claim):
        (run,) = claimed
        assert run.is_trimmed == (run.input is None)
        assert run.is_trimmed or store.payload(run.input) == body(2)
        moments += 1
    assert moments > 10


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_a_process_may_be_killed_at_any_step_of_a_trim(tmp_path: Path):
    killed = 0
    for last_step in itertools.count(1):
        home = tmp_path / str(last_step)
        with Store.open(home) as store:
            fill(home, store, delivered=(1,), waiting=(2,))
            max_bytes = bound(store, 1.5 * MIB)
        with start("process_that_trims", home, max_bytes, last_step) as trimmer:
            trimmer.communicate("go\n")
        with Store.open(home) as store:
            without_input(store)
            store.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO)
            assert without_input(store) == [1]
            assert len([*(home / "payloads").rglob("*.json")]) == 1
            assert store.upkeep.usage().payloads == MIB
        if trimmer.returncode == 0:
            break
        assert trimmer.returncode == -signal.SIGKILL
        killed += 1
    assert killed >= 6


def test_processes_that_trim_at_once_drop_no_more_than_one_would(
    store: Store, tmp_path: Path
):
    fill(tmp_path, store, delivered=range(40), size=200_000)
    max_bytes = bound(store, 30 * 200_000)
    trimmers = [start("process_that_trims", tmp_path, max_bytes, 0) for _ in range(4)]
    for trimmer in trimmers:
        assert trimmer.stdout is not None
        assert trimmer.stdout.readline() == "ready\n"
    for trimmer in trimmers:
        assert trimmer.stdin is not None
        trimmer.stdin.write("go\n")
        trimmer.stdin.flush()
    told = [int(trimmer.communicate()[0]) for trimmer in trimmers]
    assert sum(told) == 10
    assert without_input(store) == [*range(10)]


def test_a_look_at_a_store_within_its_bounds_reads_neither_runs_nor_small_payloads(
    store: Store, tmp_path: Path
):
    fill(tmp_path, store, local=range(9), size=1000)
    said: list[str] = []
    store._connection.set_trace_callback(said.append)
    store.upkeep.trim(max_bytes=NO_BOUND, before=LONG_AGO)
    store._connection.set_trace_callback(None)
    plans = [
        row[3]
        for statement in said
        if statement.startswith("SELECT")
        for row in store._connection.execute(f"EXPLAIN QUERY PLAN {statement}")
    ]
    assert {plan.partition(" USING ")[2] for plan in plans} == {
        "INDEX sqlite_autoindex_runs_1 (id<?)",
        "COVERING INDEX payload_files",
    }


def test_while_another_process_removes_payloads_nobody_else_does(
    eight: Store, tmp_path: Path
):
    with try_lock(tmp_path / "removing.lock") as is_ours:
        assert is_ours
        assert eight.upkeep.trim(max_bytes=0, before=LONG_AGO) == (0, 0)
        with pytest.raises(StoreError, match="another process"):
            eight.upkeep.purge(before=AFTER_ALL, deliveries=["local"])
    assert len(eight.runs(limit=9)) == 8


def test_what_is_purged_makes_the_files_smaller(store: Store, tmp_path: Path):
    fill(tmp_path, store, local=range(300), size=10_000)
    fill(tmp_path, store, local=range(300, 303))
    fill(tmp_path, store, waiting=[303])
    before = store.upkeep.usage()
    purged = store.upkeep.purge(before=AFTER_ALL, deliveries=["local"])
    assert purged == (303, 300 * 10_000 + 3 * MIB)
    after = store.upkeep.usage()
    assert after.payloads == MIB
    assert after.database < before.database - 300 * 10_000
    assert without_input(store) == []


def test_a_file_that_cannot_be_removed_now_costs_no_other_run_its_payloads(
    eight: Store, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    max_bytes = bound(eight, 7.5 * MIB)
    with monkeypatch.context() as windows:
        windows.setattr(Path, "unlink", refuse)
        for _ in range(3):
            eight.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO)
    assert without_input(eight) == [1]
    assert eight.upkeep.usage().payloads == 8 * MIB
    eight.upkeep.trim(max_bytes=max_bytes, before=LONG_AGO)
    assert without_input(eight) == [1]
    assert eight.upkeep.usage().payloads == 7 * MIB


def test_a_payload_that_is_cleared_away_while_it_is_moved_is_written_again(
    tmp_path: Path,
):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, body(1))
        journal.end(1)

        def clear_away(statement: str) -> None:
            if statement == "BEGIN IMMEDIATE":
                store._connection.set_trace_callback(None)
                for file in (tmp_path / "payloads").rglob("*.json"):
                    file.unlink()

        store._connection.set_trace_callback(clear_away)
        journal.move(store)
        assert store.payload(store.run(run_id(1)).input or "") == body(1)


def test_a_sound_database_has_no_damage(store: Store):
    assert store.upkeep.damage() is None
