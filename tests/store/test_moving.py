from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from nextmv_autotrack.journal import Kind
from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.store import Store, StoredRun
from tests.store.journals import ENDPOINT, Journal, run_id


def test_a_run_that_began_is_running(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(
            1, b'{"n":1}', description="nightly", parent_id=run_id(7), app_id="routing"
        )
        journal.move(store)
        (run,) = store.runs(limit=10)
        assert run == StoredRun(
            id=run_id(1),
            name="solve",
            description="nightly",
            parent_id=run_id(7),
            status=Status.RUNNING,
            started_at=1_790_000_000.25,
            duration=None,
            error=None,
            host="here",
            owner="1-a",
            app_id="routing",
            instance_id=None,
            endpoint=ENDPOINT,
            delivery=Delivery.LOCAL,
            platform_run_id=None,
            attempts=0,
            problem=None,
            metrics={},
            options={},
            input=run.input,
            output=None,
            assets=None,
            output_is_document=False,
            create_begun_at=None,
            is_trimmed=False,
            exported_at=None,
            delivered_at=None,
        )
        assert store.payload(run.input or "") == b'{"n":1}'


@pytest.mark.parametrize("limit_bytes", [1, 2**18], ids=["frame by frame", "at once"])
def test_a_run_that_ended_has_all_its_parts(tmp_path: Path, limit_bytes: int):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, b'"as called"', delivery="waiting")
        journal.log(1, b"one\n")
        journal.part(1, "input", b'"as set later"')
        journal.log(1, "zwei\näöü\n".encode())
        journal.part(1, "assets", b"[1]")
        journal.end(
            1,
            b'{"x":2}',
            status="failed",
            error="ValueError: no",
            metrics={"value": 1.5, "deep": {"er": [1]}},
            options={"solver": "highs"},
            is_document=True,
        )
        assert journal.move(store, limit_bytes=limit_bytes) == 6
        run = store.run(run_id(1))
        assert run.status is Status.FAILED
        assert run.delivery is Delivery.WAITING
        assert (run.duration, run.error) == (1.5, "ValueError: no")
        assert run.metrics == {"value": 1.5, "deep": {"er": [1]}}
        assert run.options == {"solver": "highs"}
        assert run.output_is_document
        assert store.payload(run.input or "") == b'"as set later"'
        assert store.payload(run.output or "") == b'{"x":2}'
        assert store.payload(run.assets or "") == b"[1]"
        assert store.log_text(run.id) == "one\nzwei\näöü\n"


def test_what_was_measured_becomes_metrics_unless_the_user_has_his_own(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1)
        journal.end(1, cpu_ns=1_500_000_000, peak_kib=2560, metrics={"value": 1})
        journal.begin(2)
        journal.end(2, cpu_ns=-3, peak_kib=2560, metrics={"peak_memory_mib": "mine"})
        journal.move(store)
        measured = {"cpu_s": 1.5, "peak_memory_mib": 2.5, "value": 1}
        assert store.run(run_id(1)).metrics == measured
        assert store.run(run_id(2)).metrics == {"cpu_s": 0.0, "peak_memory_mib": "mine"}


def test_moving_again_changes_nothing(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1)
        journal.log(1, b"line\n")
        assert journal.move(store) == 2
        assert journal.move(store) == 0
        assert store.log_text(run_id(1)) == "line\n"


def test_a_move_says_where_it_stopped_and_whether_more_is_left(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1)
        journal.end(1)
        first = store.move(journal.segment, limit_bytes=1)
        assert (first.frames, first.finished) == (1, False)
        second = store.move(journal.segment, limit_bytes=2**18)
        assert (second.frames, second.finished) == (1, True)
        assert second.position == journal.segment.path.stat().st_size


def test_a_run_that_is_told_twice_stays_as_it_was_told_first(tmp_path: Path):
    with Store.open(tmp_path) as store:
        with Journal(tmp_path) as journal:
            journal.begin(1, b'"first"')
            journal.end(1, b'"first"')
            journal.move(store)
            before = store.run(run_id(1))
        with Journal(tmp_path, "2-b") as journal:
            journal.begin(1, b'"second"', name="other", delivery="waiting")
            journal.end(1, b'"second"', status="failed", error="other")
            journal.move(store)
        assert store.run(run_id(1)) == before


def test_lines_that_come_after_the_end_are_kept(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.log(1, b"before\n")
        journal.ended(1)
        journal.move(store)
        journal.log(1, b"after\n")
        journal.move(store)
        assert store.log_text(run_id(1)) == "before\nafter\n"


@pytest.mark.parametrize("limit_bytes", [1, 2**18], ids=["frame by frame", "at once"])
def test_a_part_that_is_empty_takes_nothing_away(tmp_path: Path, limit_bytes: int):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1, b"1")
        journal.part(1, "assets", b"[2]")
        journal.part(1, "assets", b"")
        journal.part(1, "input", b"")
        journal.move(store, limit_bytes=limit_bytes)
        run = store.run(run_id(1))
        assert store.payload(run.input or "") == b"1"
        assert store.payload(run.assets or "") == b"[2]"


def test_lines_of_one_run_take_one_row_a_move(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        for _ in range(100):
            journal.log(1, b"line\n")
        journal.move(store)
        rows = store._connection.execute("SELECT count(*) FROM logs").fetchone()
        assert rows == (1,)


def test_a_run_whose_beginning_was_lost_is_kept_by_its_end(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.part(1, "assets", b"[]")
        journal.end(1, b"2", error="no", status="failed")
        journal.move(store)
        run = store.run(run_id(1))
        assert (run.name, run.status, run.error) == ("(unknown)", Status.FAILED, "no")
        assert run.started_at == 0x019900000000 / 1000
        assert run.delivery is Delivery.LOCAL
        assert run.assets is not None


def test_a_beginning_that_comes_late_is_taken_in(tmp_path: Path):
    with (
        Store.open(tmp_path) as store,
        Journal(tmp_path, "1-parent") as parent,
        Journal(tmp_path, "2-fork") as fork,
    ):
        fork.part(1, "assets", b"[]")
        fork.log(1, b"from the fork\n")
        fork.move(store)
        assert store.runs(limit=10) == []
        assert store.fail_unfinished("2-fork") == 0
        assert store.running("2-fork") == 0
        parent.begin(1, delivery="waiting")
        parent.end(1)
        parent.move(store)
        run = store.run(run_id(1))
        assert (run.name, run.owner) == ("solve", "1-parent")
        assert run.status is Status.SUCCEEDED
        assert run.assets is not None
        assert store.log_text(run.id) == "from the fork\n"
        assert store.waiting() == 1


_END = b'{"id":"x","status":"succeeded","duration_ns":1'


@pytest.mark.parametrize(
    ("kind", "meta"),
    [
        (Kind.BEGIN, b""),
        (Kind.BEGIN, b"{"),
        (Kind.BEGIN, b"\xff"),
        (Kind.BEGIN, b"[]"),
        (Kind.BEGIN, b"null"),
        (Kind.BEGIN, b'{"id":"x"}'),
        (Kind.BEGIN, b'{"id":1,"name":"n","started_ns":1,"delivery":"local"}'),
        (Kind.BEGIN, b'{"id":"x","name":[],"started_ns":1,"delivery":"local"}'),
        (Kind.BEGIN, b'{"id":"x","name":"n","started_ns":"1","delivery":"local"}'),
        (Kind.BEGIN, b'{"id":"x","name":"n","started_ns":1.5,"delivery":"local"}'),
        (Kind.BEGIN, b'{"id":"x","name":"n","started_ns":1,"delivery":"by mail"}'),
        (Kind.LOG, b"{}"),
        (Kind.PART, b'{"id":"x","part":"status"}'),
        (Kind.PART, b'{"id":"x","part":[]}'),
        (Kind.END, b'{"id":"x","status":"running","duration_ns":1}'),
        (Kind.END, b'{"id":"x","status":"failed"}'),
        (Kind.END, _END + b',"metrics":[1]}'),
        (Kind.END, _END + b',"cpu_ns":1.5,"peak_kib":1}'),
        (Kind.END, _END + b',"cpu_ns":1,"threads":1.5}'),
        (Kind.END, _END + b',"cpu_ns":1,"cpu_limit":"2"}'),
        (Kind.PROCESS, b'{"at_ns":"1","shared":"full"}'),
        (Kind.PROCESS, b'{"at_ns":1}'),
        (Kind.PROCESS, b'{"at_ns":1,"shared":"full"}'),
        (Kind.END, _END + b',"metrics":' + b'{"a":' * 500 + b"1" + b"}" * 501),
        (Kind.END, b"[" * 100_000),
    ],
    ids=str,
)
def test_a_frame_that_makes_no_sense_is_counted_and_stops_nothing(
    tmp_path: Path, kind: Kind, meta: bytes
):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.begin(1)
        journal.raw(kind, meta, b"1")
        journal.end(1)
        moved = store.move(journal.segment, limit_bytes=2**20)
        assert (moved.frames, moved.skipped, moved.finished) == (3, 1, True)
        (run,) = store.runs(limit=10)
        assert run.status is Status.SUCCEEDED


def test_runs_a_dead_owner_left_running_are_failed(tmp_path: Path):
    with (
        Store.open(tmp_path) as store,
        Journal(tmp_path, "1-dead") as dead,
        Journal(tmp_path, "2-alive") as alive,
    ):
        dead.begin(1, delivery="waiting")
        dead.ended(2)
        alive.begin(3)
        dead.move(store)
        alive.move(store)
        assert store.fail_unfinished("1-dead") == 1
        assert store.fail_unfinished("1-dead") == 0
        left = store.run(run_id(1))
        assert (left.status, left.error) == (
            Status.FAILED,
            "process ended before the run did",
        )
        assert left.duration is None
        assert store.run(run_id(2)).status is Status.SUCCEEDED
        assert store.run(run_id(3)).status is Status.RUNNING
        assert (store.running("1-dead"), store.running("2-alive")) == (0, 1)
        assert store.waiting("1-dead") == 1


def test_a_segment_that_is_gone_has_been_moved(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        journal.ended(1)
        journal.move(store)
        segment = journal.segment
        segment.path.unlink()
        assert store.move(segment, limit_bytes=2**18).finished
        store.forget(segment)
        assert store.move(segment, limit_bytes=2**18).finished
        positions = store._connection.execute("SELECT * FROM journals").fetchall()
        assert positions == []
        assert len(store.runs(limit=10)) == 1


def test_what_was_removed_while_it_was_read_is_not_taken_in_twice(tmp_path: Path):
    with (
        Store.open(tmp_path) as store,
        Store.open(tmp_path) as other,
        Journal(tmp_path) as journal,
    ):
        journal.log(1, b"line\n")
        segment = journal.segment

        def be_slower(statement: str) -> None:
            if statement.startswith("BEGIN"):
                store._connection.set_trace_callback(None)
                journal.move(other)
                segment.path.unlink()
                other.forget(segment)

        store._connection.set_trace_callback(be_slower)
        moved = store.move(segment, limit_bytes=2**18)
        assert (moved.frames, moved.finished) == (0, False)
        assert store.move(segment, limit_bytes=2**18).finished
        assert store.log_text(run_id(1)) == "line\n"


def test_of_two_that_move_the_same_stretch_the_slower_one_takes_in_nothing(
    tmp_path: Path,
):
    with (
        Store.open(tmp_path) as store,
        Store.open(tmp_path) as other,
        Journal(tmp_path) as journal,
    ):
        journal.log(1, b"line\n")

        def be_slower(statement: str) -> None:
            if statement.startswith("BEGIN"):
                store._connection.set_trace_callback(None)
                journal.move(other)

        store._connection.set_trace_callback(be_slower)
        assert store.move(journal.segment, limit_bytes=2**18).frames == 0
        assert store.log_text(run_id(1)) == "line\n"


def test_memory_holds_one_payload_at_a_time(tmp_path: Path):
    megabyte = 2**20
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        for number in range(24):
            journal.begin(number, b"%08d" % number * (megabyte // 8))
            journal.end(number)
        tracemalloc.start()
        try:
            journal.move(store)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 4 * megabyte
        assert len({run.input for run in store.runs(limit=100)}) == 24


def test_many_runs_take_few_statements(tmp_path: Path):
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        for number in range(500):
            journal.begin(number, b"%d" % number)
            journal.end(number, b"-%d" % number)
        statements: list[str] = []
        store._connection.set_trace_callback(statements.append)
        assert journal.move(store, limit_bytes=2**20) == 1000
        assert len(statements) < 50
        assert len(store.runs(limit=1000)) == 500
