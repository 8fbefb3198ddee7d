from __future__ import annotations

from pathlib import Path

from nextmv_autotrack.status import Status
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.sweep import Sweep
from tests.store.journals import Journal, run_id


def test_a_complete_segment_goes_once_it_is_moved_and_the_current_one_stays(
    tmp_path: Path,
):
    with Store.open(tmp_path) as store, Journal(tmp_path, segment_bytes=1) as journal:
        journal.begin(1)
        journal.end(1)
        Sweep(store, journal.home).own(journal.writer)
        assert journal.segments == [journal.writer.current]
        assert store.run(run_id(1)).status is Status.SUCCEEDED


def test_a_segment_that_is_completed_while_it_is_moved_loses_no_frame(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path, segment_bytes=800) as journal:
        sweep = Sweep(store, journal.home)
        journal.begin(1)

        def go_on(statement: str) -> None:
            if statement == "COMMIT":
                store._connection.set_trace_callback(None)
                for number in range(2, 10):
                    journal.begin(number)

        store._connection.set_trace_callback(go_on)
        sweep.own(journal.writer)
        sweep.own(journal.writer)
        assert len(store.runs(limit=100)) == 9


def test_a_program_that_writes_faster_than_it_is_moved_goes_on_without_payloads(
    tmp_path: Path,
):
    with Store.open(tmp_path) as store, Journal(tmp_path, segment_bytes=1) as journal:
        for number in range(10):
            journal.begin(number, b'"%1000d"' % number)
        had_room: list[bool] = []
        store._connection.set_trace_callback(
            lambda statement: (
                had_room.append(journal.writer.has_room)
                if statement == "COMMIT"
                else None
            )
        )
        Sweep(store, journal.home).own(journal.writer, most_bytes=5_000)
        assert had_room[0]
        assert had_room.count(False) > 5
        assert had_room[-1]
        assert journal.writer.has_room
        assert all(
            len(store.payload(run.input)) > 1_000 for run in store.runs(limit=99)
        )


def test_a_dead_owner_leaves_failed_runs_and_no_files(tmp_path: Path):
    with Store.open(tmp_path) as store:
        with Journal(tmp_path, "1-dead", segment_bytes=1) as journal:
            journal.begin(1)
            journal.ended(2)
            Sweep(store, journal.home).others("2-me")
            assert store.run(run_id(1)).status is Status.RUNNING
        Sweep(store, journal.home).others("2-me")
        run = store.run(run_id(1))
        assert (run.status, run.error) == (
            Status.FAILED,
            "process ended before the run did",
        )
        assert store.run(run_id(2)).status is Status.SUCCEEDED
        assert list((tmp_path / "journals").iterdir()) == []
        positions = store._connection.execute("SELECT * FROM journals").fetchall()
        assert positions == []


def test_a_process_that_leaves_with_a_run_in_progress_still_counts_as_alive(
    tmp_path: Path,
):
    with Store.open(tmp_path) as store:
        journal = Journal(tmp_path)
        sweep = Sweep(store, journal.home)
        journal.begin(1)
        sweep.own(journal.writer)
        sweep.leave(journal.writer)
        assert journal.home.is_alive(journal.owner)
        journal.end(1)
        sweep.own(journal.writer)
        sweep.leave(journal.writer)
        assert journal.home.owners() == []
        assert store.run(run_id(1)).status is Status.SUCCEEDED
