from __future__ import annotations

import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.store import Store
from tests.store.journals import Journal, run_id

_BODIES = st.one_of(
    st.just(b""),
    st.integers(0, 3).map(lambda n: b"%d" % n),
    st.sampled_from([b"large 1", b"large 2"]),
)
_NUMBERS = st.integers(0, 3)
_FRAMES = st.one_of(
    st.tuples(st.just("begin"), _NUMBERS, _BODIES, st.sampled_from("abc")),
    st.tuples(st.just("log"), _NUMBERS, st.binary(max_size=5), st.none()),
    st.tuples(st.just("part"), _NUMBERS, _BODIES, st.sampled_from(["input", "assets"])),
    st.tuples(
        st.just("end"), _NUMBERS, _BODIES, st.sampled_from(["succeeded", "failed"])
    ),
)
# How much to move, and after how many instructions of the database to break off.
_MOVES = st.lists(
    st.tuples(st.sampled_from([1, 400, 2**18]), st.none() | st.integers(1, 400)),
    max_size=12,
)


def _body(short: bytes) -> bytes:
    """Return what is written: what is called large goes into a file of its own."""
    return short * 6000 if short.startswith(b"large") else short


def _written(journal: Journal, frames: list[tuple[str, int, bytes, Any]]) -> None:
    for kind, number, short, told in frames:
        body = _body(short)
        if kind == "begin":
            journal.begin(number, body, name=told)
        elif kind == "log":
            journal.log(number, body)
        elif kind == "part":
            journal.part(number, told, body)
        else:
            journal.end(number, body, status=told, metrics={"bytes": len(body)})


def _expected(frames: list[tuple[str, int, bytes, Any]]) -> dict[str, Any]:
    """Return what a reader should see, by the simplest means."""
    runs: dict[int, dict[str, Any]] = {}
    for kind, number, short, told in frames:
        body = _body(short)
        run = runs.setdefault(number, {"logs": b""})
        if kind == "log":
            run["logs"] += body
        elif kind == "part" and body:
            run[told] = body
        elif kind == "begin" and "name" not in run:
            run.update(name=told, begun_with=body)
        elif kind == "end" and "status" not in run:
            run.update(status=told, output=body, metrics={"bytes": len(body)})
    return {
        run_id(number): (
            run.get("name", "(unknown)"),
            run.get("status", "running"),
            run.get("metrics", {}),
            run.get("input") or run.get("begun_with") or None,
            run.get("output") or None,
            run.get("assets"),
            run["logs"].decode(errors="replace"),
        )
        for number, run in runs.items()
        if "name" in run or "status" in run
    }


def _seen(store: Store) -> dict[str, Any]:
    def body(digest: str | None) -> bytes | None:
        return None if digest is None else store.payload(digest)

    return {
        run.id: (
            run.name,
            run.status.value,
            run.metrics,
            body(run.input),
            body(run.output),
            body(run.assets),
            store.log_text(run.id),
        )
        for run in store.runs(limit=100)
    }


def _move_some(store: Store, journal: Journal, limit_bytes: int) -> None:
    for segment in journal.segments:
        if not store.move(segment, limit_bytes=limit_bytes).finished:
            return


@given(st.lists(_FRAMES, max_size=25), _MOVES)
def test_however_it_is_moved_and_broken_off_the_store_says_what_the_journal_says(
    frames: list[tuple[str, int, bytes, Any]], moves: list[tuple[int, int | None]]
):
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with (
            Store.open(directory) as store,
            Journal(directory, segment_bytes=1500) as journal,
        ):
            _written(journal, frames)
            for limit_bytes, broken_off_after in moves:
                if broken_off_after is not None:
                    store._connection.set_progress_handler(lambda: 1, broken_off_after)
                with contextlib.suppress(StoreError):
                    _move_some(store, journal, limit_bytes)
                store._connection.set_progress_handler(None, 0)
            journal.move(store)
            assert _seen(store) == _expected(frames)


def test_the_model_of_these_tests_knows_what_a_frame_is(tmp_path: Path):
    frames = [("begin", 1, b"1", "a"), ("log", 1, b"x\n", None)]
    with Store.open(tmp_path) as store, Journal(tmp_path) as journal:
        _written(journal, frames)
        journal.move(store)
        assert json.dumps(list(_seen(store))) == json.dumps(list(_expected(frames)))
