"""A damaged journal: what is not damaged comes back, and nothing else does."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nextmv_autotrack.errors import JournalError
from nextmv_autotrack.journal import Home, Kind, frames, read_frames
from nextmv_autotrack.journal.frames import FORMAT_VERSION, HEADER_SIZE, MAGIC, seal
from nextmv_autotrack.status import Status
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store.sweep import Sweep
from tests.store.journals import Journal, run_id

Written = tuple[Kind, bytes, bytes]

# Each kind, no meta, no payload, neither; and bodies that begin like a frame.
SMALL: list[Written] = [
    (Kind.BEGIN, b'{"id":1}', b"[1]"),
    (Kind.LOG, b"", b"line\n"),
    (Kind.PART, b"{}", b""),
    (Kind.SEEN, b"", b""),
    (Kind.LOG, MAGIC, MAGIC[:3]),
    (Kind.END, b'{"id":1}', b'{"x":2}'),
]

# Half of them are what journals hold, the others anything at all.
bodies = st.one_of(st.text(max_size=300).map(str.encode), st.binary(max_size=300))
journals = st.lists(
    st.tuples(st.sampled_from(list(Kind)), bodies, bodies), min_size=1, max_size=30
)


def bytes_of(frame: Written) -> bytes:
    kind, meta, payload = frame
    return seal(kind, meta, payload) + meta + payload


def ends_of(written: list[Written]) -> list[int]:
    """Where each frame ends in the file."""
    return list(itertools.accumulate(len(bytes_of(frame)) for frame in written))


def read(path: Path, position: int = 0) -> list[Written]:
    return [frame[:3] for frame in read_frames(path, position)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for one journal after the other."""
    return tmp_path_factory.mktemp("damage") / "1-a.0.journal"


def spoiled(whole: bytes, at: int, by: int) -> bytes:
    return whole[:at] + bytes([whole[at] ^ by]) + whole[at + 1 :]


def without_the_one_at(written: list[Written], at: int) -> list[Written]:
    hit = sum(end <= at for end in ends_of(written))
    return written[:hit] + written[hit + 1 :]


# --- Every prefix, and every byte.


def test_every_prefix_of_a_small_journal_gives_back_the_whole_frames(path):
    whole, ends = b"".join(map(bytes_of, SMALL)), ends_of(SMALL)
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        assert read(path) == SMALL[: sum(end <= size for end in ends)], size


def test_what_is_cut_off_is_read_once_it_is_there(path):
    whole, ends = b"".join(map(bytes_of, SMALL)), ends_of(SMALL)
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        found = list(read_frames(path))
        position = found[-1].end if found else 0
        assert position == max((end for end in ends if end <= size), default=0)
        path.write_bytes(whole)
        assert [frame[:3] for frame in found] + read(path, position) == SMALL


def test_any_spoiled_byte_of_a_small_journal_costs_its_own_frame_only(path):
    whole = b"".join(map(bytes_of, SMALL))
    bits = [1 << bit for bit in range(8)]
    for at, by in itertools.product(range(len(whole)), [*bits, 0xFF]):
        path.write_bytes(spoiled(whole, at, by))
        kept = without_the_one_at(SMALL, at)
        # The two bytes of padding mean nothing.
        assert read(path) in (kept, SMALL), (at, by)


def test_a_frame_that_lost_its_end_costs_no_frame_behind_it(path):
    texts = [frame for frame in SMALL if MAGIC not in frame]
    for torn, frame in enumerate(texts):
        before, behind = texts[:torn], texts[torn + 1 :]
        for size in range(1, len(bytes_of(frame))):
            cut = bytes_of(frame)[:size]
            parts = [*map(bytes_of, before), cut, *map(bytes_of, behind)]
            path.write_bytes(b"".join(parts))
            assert read(path) == before + behind, (torn, size)


def test_a_large_frame_that_lost_its_end_costs_no_frame_behind_it(path):
    large = (Kind.END, b"{}", b'"%s"' % (b"x" * 1_000_000))
    for size in (HEADER_SIZE, HEADER_SIZE + 2, 300_000, 999_999):
        cut = bytes_of(large)[:size]
        path.write_bytes(cut + b"".join(map(bytes_of, SMALL)))
        assert read(path) == SMALL


@settings(deadline=None)
@given(journals, st.data())
def test_any_prefix_gives_back_the_whole_frames(path, written, data):
    whole = b"".join(map(bytes_of, written))
    size = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:size])
    assert read(path) == written[: sum(end <= size for end in ends_of(written))]


@settings(deadline=None)
@given(journals, st.data())
def test_any_spoiled_byte_costs_its_own_frame_only(path, written, data):
    whole = b"".join(map(bytes_of, written))
    at = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(spoiled(whole, at, data.draw(st.integers(1, 255))))
    assert read(path) in (without_the_one_at(written, at), written)


@settings(deadline=None)
@given(journals, st.data())
def test_noise_between_frames_costs_none_of_them(path, written, data):
    at = data.draw(st.integers(0, len(written)))
    noise = data.draw(st.binary(max_size=100))
    parts = [bytes_of(frame) for frame in written]
    path.write_bytes(b"".join([*parts[:at], noise, *parts[at:]]))
    assert read(path) == written


def test_zeros_in_any_stretch_of_a_small_journal_make_no_frame(path):
    whole = b"".join(map(bytes_of, SMALL[:2]))
    for start, end in itertools.combinations(range(len(whole) + 1), 2):
        path.write_bytes(whole[:start] + bytes(end - start) + whole[end:])
        assert all(frame in SMALL for frame in read(path)), (start, end)


@settings(deadline=None)
@given(journals, st.data())
def test_a_stretch_of_zeros_costs_the_frames_it_touches_only(path, written, data):
    # What a machine that went down leaves of pages that were not on its disk yet.
    written = [(k, b"%d %s" % (n, m), p) for n, (k, m, p) in enumerate(written)]
    whole, ends = b"".join(map(bytes_of, written)), ends_of(written)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    path.write_bytes(whole[:start] + bytes(end - start) + whole[end:])
    found = read(path)
    places = zip(written, [0, *ends], ends, strict=False)
    for frame, begins_at, ends_at in places:
        assert frame in found or (begins_at < end and start < ends_at)
    assert found == [frame for frame in written if frame in found]


# --- The same, seen from the store.


def runs_of(store: Store) -> dict[str, tuple[object, ...]]:
    def shown(run: StoredRun) -> tuple[object, ...]:
        bodies = [store.payload(d) for d in (run.input, run.output) if d is not None]
        return (run.name, run.status, run.error, *bodies, store.log_text(run.id))

    return {run.id: shown(run) for run in store.runs(limit=1000)}


class Recovery:
    """A journal of a dead process, and what becomes of it, damaged or not."""

    def __init__(self, folder: Path, runs: int, padding: int) -> None:
        self._home = folder / "home"
        self.ends: dict[str, int] = {}
        """Where in the journal each run ends."""
        with Journal(folder) as journal:
            for number in range(runs):
                journal.begin(number, b'"in %d%s"' % (number, b" " * padding))
                journal.log(number, b"line of %d\n" % number)
                journal.end(number, b'"out %d"' % number)
                self.ends[run_id(number)] = journal.segment.path.stat().st_size
            self._name = journal.segment.path.name
            self.journal = journal.segment.path.read_bytes()
        self.runs = self.recovered(self.journal)
        """As they are when nothing is damaged."""

    def recovered(self, journal: bytes) -> dict[str, tuple[object, ...]]:
        """Return the runs that a new store has got from such a journal."""
        folder = self._home / "journals"
        folder.mkdir(parents=True)
        (folder / self._name).write_bytes(journal)
        try:
            with Store.open(self._home) as store:
                Sweep(store, Home(self._home)).others()
                assert list(folder.iterdir()) == []
                return runs_of(store)
        finally:
            shutil.rmtree(self._home)


@pytest.fixture(scope="module", params=[0, 40_000], ids=["small", "large"])
def recovery(request, tmp_path_factory: pytest.TempPathFactory) -> Recovery:
    return Recovery(tmp_path_factory.mktemp("recovery"), 6, padding=request.param)


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_journal_with_a_spoiled_byte_keeps_every_other_run(recovery, data):
    at = data.draw(st.integers(0, len(recovery.journal) - 1))
    damaged = spoiled(recovery.journal, at, data.draw(st.integers(1, 255)))
    found, runs = recovery.recovered(damaged), dict(recovery.runs)
    hit = next(run for run, end in recovery.ends.items() if at < end)
    # Of that one, too, two of three frames are left.
    assert found.keys() == runs.keys()
    name, status, error, *_ = found.pop(hit)
    assert (name, status, error) in {
        ("solve", Status.SUCCEEDED, None),
        ("(unknown)", Status.SUCCEEDED, None),
        ("solve", Status.FAILED, "process ended before the run did"),
    }
    del runs[hit]
    assert found == runs


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_journal_that_ends_anywhere_keeps_every_run_before(recovery, data):
    size = data.draw(st.integers(0, len(recovery.journal)))
    found = recovery.recovered(recovery.journal[:size])
    whole = [run for run, end in recovery.ends.items() if end <= size]
    assert {run: found.pop(run) for run in whole} == {
        run: recovery.runs[run] for run in whole
    }
    begun = [(name, status) for name, status, *_ in found.values()]
    assert begun in ([], [("solve", Status.FAILED)])


# --- Journals of a newer version.


def newer(meta: bytes, payload: bytes, kind: int = 4, version: int = 2) -> bytes:
    """Return a frame as a newer version writes it: the head is as it always was."""
    checksum = crc32(meta + payload)
    parity = kind ^ len(meta) ^ len(payload) ^ checksum ^ version ^ 1
    head = (MAGIC, version, kind, len(meta), len(payload), checksum, parity)
    return frames._HEAD.pack(*head) + meta + payload


NEWER = [newer(b"{}", b"2"), newer(b"", b""), newer(b"{}", b"1", kind=99, version=1)]


@pytest.mark.parametrize("frame", NEWER, ids=["version", "no body", "kind"])
def test_reading_stops_before_a_frame_that_only_a_newer_version_knows(path, frame):
    path.write_bytes(bytes_of(SMALL[0]) + frame + bytes_of(SMALL[1]))
    reading = read_frames(path)
    assert next(reading)[:3] == SMALL[0]
    with pytest.raises(JournalError, match="newer version"):
        next(reading)
    # Nobody passes it by: a position behind it would lose it.
    with pytest.raises(JournalError, match="newer version"):
        read(path, ends_of(SMALL)[0])


@pytest.mark.parametrize("frame", NEWER, ids=["version", "no body", "kind"])
def test_a_newer_frame_that_is_damaged_or_half_there_stops_nobody(path, frame):
    assert FORMAT_VERSION == 1
    for at, bit in itertools.product(range(len(frame)), range(8)):
        path.write_bytes(spoiled(frame, at, 1 << bit) + bytes_of(SMALL[0]))
        if at not in {6, 7}:  # the padding
            assert read(path) == [SMALL[0]], (at, bit)
    for size in range(len(frame)):
        path.write_bytes(frame[:size])
        assert read(path) == []


def test_a_dead_process_of_a_newer_version_is_left_to_who_knows_its_frames(
    tmp_path, monkeypatch
):
    with Store.open(tmp_path) as store:
        with Journal(tmp_path, "1-newer") as journal:
            journal.ended(1)
            journal.begin(2)
            meta = f'{{"id":"{run_id(2)}","status":"succeeded","duration_ns":1}}'
            with journal.segment.path.open("ab") as file:
                file.write(newer(meta.encode(), b"2"))
            journal.ended(3)
        with Journal(tmp_path, "2-ours") as journal:
            journal.ended(4)
        sweep = Sweep(store, journal.home)
        for _ in range(2):
            (problem,) = sweep.others()
            assert "1-newer.0.journal was written by a newer version" in str(problem)
        assert journal.home.owners() == ["1-newer"]
        assert store.run(run_id(4)).status is Status.SUCCEEDED
        assert store.run(run_id(1)).status is Status.SUCCEEDED
        # How that one has ended is said by the frame that was not read.
        assert store.run(run_id(2)).status is Status.RUNNING

        monkeypatch.setattr(frames, "FORMAT_VERSION", 2)
        assert sweep.others() == []
        assert journal.home.owners() == []
        found = {run.id: run.status for run in store.runs(limit=10)}
    assert found == dict.fromkeys(map(run_id, range(1, 5)), Status.SUCCEEDED)


def test_a_journal_that_cannot_be_read_keeps_nobody_elses_waiting(tmp_path):
    journals = tmp_path / "journals"
    (journals / "1-a.0.journal").mkdir(parents=True)
    (journals / "1-b.lock").mkdir()
    with Store.open(tmp_path) as store, Journal(tmp_path, "1-c") as journal:
        journal.ended(1)
        for _ in range(2):
            (problem,) = Sweep(store, journal.home).others()
            assert "1-a.0.journal cannot be read" in str(problem)
        assert store.run(run_id(1)).status is Status.SUCCEEDED
        # Of whom nobody can tell whether he lives, nothing is touched.
        assert journal.home.owners() == ["1-a", "1-b", "1-c"]
