"""What a process has printed and not written down, once it is dead."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from nextmv_autotrack.capture.streams.relay_files import Files
from nextmv_autotrack.journal import LOG, Home, read_frames
from nextmv_autotrack.journal.frames import sealed
from nextmv_autotrack.journal.printed_files import first_line


def files(folder: Path, runs: dict[str, int], *, relay: str = "r", most: int = 1000):
    """Return files of the owner `o`, as a relay writes them."""
    folder.mkdir(exist_ok=True)
    found = Files()
    found.base = os.fsencode(folder / f"o.{relay}")
    found.begin, found.most_bytes = first_line(runs), most
    return found


def logs(home: Path) -> dict[str, bytes]:
    """Return what becomes of it, by run."""
    Home(home).take_up_printed("o")
    found: dict[str, bytes] = {}
    for segment in Home(home).segments():
        for frame in read_frames(segment.path):
            run_id = frame.meta.decode().split('"')[3]
            found[run_id] = found.get(run_id, b"") + frame.payload
    assert not [*home.rglob("*.printed")]
    return found


def test_a_line_that_begins_in_one_file_and_ends_in_the_next_is_one(tmp_path):
    written = files(tmp_path / "journals", {"a": 5000}, most=10)
    for piece in (b"one\ntwo and ", b"more of two\nthree, ", b"cut"):
        written.keep(b"1", piece)
    assert logs(tmp_path) == {"a": b"one\ntwo and more of two\nthree, cut\n"}


def test_each_run_gets_what_was_printed_while_it_was_there(tmp_path):
    written = files(tmp_path / "journals", {"a": 5000})
    written.keep(b"1", b"a alone\n")
    written.complete()
    written.begin = first_line({"a": 5000, "b": 5000})
    written.keep(b"1", b"both\n")
    assert logs(tmp_path) == {"a": b"a alone\nboth\n", "b": b"both\n"}


def test_what_two_relays_have_left_is_in_the_order_of_printing(tmp_path):
    for relay, text in (("z", b"first\n"), ("a", b"second\n")):
        written = files(tmp_path / "journals", {"a": 5000}, relay=relay)
        written.keep(b"1", text)
        written.complete()
    (tmp_path / "journals" / "o.z.0.printed").touch()
    os.utime(tmp_path / "journals" / "o.z.0.printed", (1, 1))
    assert logs(tmp_path) == {"a": b"first\nsecond\n"}


@pytest.mark.parametrize("before", [0, 300, 600])
def test_a_long_log_has_head_and_tail_and_says_how_many_lines_are_missing(
    tmp_path, before
):
    written = files(tmp_path / "journals", {"a": 1000})
    if before:
        frame = sealed(LOG, b'{"id":"a"}', b"123456789\n" * (before // 10))
        (tmp_path / "journals" / "o.1.journal").write_bytes(frame)
    for i in range(1000):
        written.keep(b"1", b"line %04d\n" % i)
    lines = logs(tmp_path)["a"].decode().splitlines()
    (gap,) = [line for line in lines if "left out" in line]
    kept = [line for line in lines if line.startswith("line")]
    assert int(gap.split()[1]) == 1000 - len(kept)
    assert lines[-1] == "line 0999"
    assert lines[before // 10] == ("line 0000" if before < 500 else gap)
    assert 880 <= sum(len(line) + 1 for line in lines if line is not gap) <= 1000


def test_a_last_line_that_is_longer_than_there_is_room_for_is_cut(tmp_path):
    written = files(tmp_path / "journals", {"a": 100})
    written.keep(b"1", b"head\n" + b"x" * 500 + b"end\n")
    log = logs(tmp_path)["a"]
    assert log.startswith(b"head\n")
    assert log.endswith(b"xxend\n")
    assert log.count(b"x") < 60


def test_what_belongs_to_no_owner_is_removed_once_it_is_old(tmp_path):
    folder = tmp_path / "journals"
    written = files(folder, {"a": 100})
    written.keep(b"1", b"late\n")
    home = Home(tmp_path)
    home.remove_unfinished(written_before=time.time() - 3600)
    assert [*folder.glob("*.printed")]
    lock = home.enter("o")
    home.remove_unfinished(written_before=time.time() + 3600)
    assert [*folder.glob("*.printed")]
    os.close(lock)
    home.leave("o")
    home.remove_unfinished(written_before=time.time() + 3600)
    assert not [*folder.glob("*.printed")]


def test_of_a_line_that_is_cut_by_what_is_missing_nothing_is_counted_twice(tmp_path):
    written = files(tmp_path / "journals", {"a": 600}, most=1000)
    for i in range(3000):
        written.keep(b"1", b"line %04d\nand " % i)
    lines = logs(tmp_path)["a"].decode().splitlines()
    (gap,) = [line for line in lines if "left out" in line]
    kept = [line for line in lines if "line" in line and line is not gap]
    assert int(gap.split()[1]) == 3000 - len(kept)
    assert lines[-2:] == ["and line 2999", "and "]
