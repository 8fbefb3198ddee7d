"""Frames whose payload comes in a file: whole or not at all, like all others."""

from __future__ import annotations

import gc
import io
import os
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any, cast

import pytest

from nextmv_autotrack.journal import BEGIN, END, PART, Enclosure, Home, Kind, Writer
from nextmv_autotrack.journal import writer as writing
from nextmv_autotrack.journal.enclosure import LEAST_BYTES
from nextmv_autotrack.journal.reader import read_frames

CONTENT = os.urandom(1000) * 5000


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def writer(home: Home):
    writer = Writer(home, "7-abc")
    yield writer
    writer.close()


def enclosed(path: Path, content: bytes = CONTENT) -> Enclosure:
    path.write_bytes(content)
    return Enclosure(cast("Any", path.open("rb")), len(content))


def frames_of(home: Home) -> list[tuple[Kind, bytes, bytes]]:
    return [
        frame[:3] for segment in home.segments() for frame in read_frames(segment.path)
    ]


def test_it_comes_back_like_any_other(home, writer, tmp_path):
    writer.append(BEGIN, b"one", b"small")
    writer.append(PART, b"two", enclosed(tmp_path / "large"))
    writer.append(END, b"three")
    assert frames_of(home) == [
        (Kind.BEGIN, b"one", b"small"),
        (Kind.PART, b"two", CONTENT),
        (Kind.END, b"three", b""),
    ]


def test_the_least_there_is_comes_back_too(home, writer, tmp_path):
    content = CONTENT[: LEAST_BYTES + 1]
    writer.append(PART, b"", enclosed(tmp_path / "large", content))
    assert frames_of(home) == [(Kind.PART, b"", content)]


def test_it_is_never_in_memory_as_a_whole(home, writer, tmp_path):
    large = enclosed(tmp_path / "large", bytes(50_000_000))
    tracemalloc.start()
    writer.append(PART, b"", large)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_it_closes_its_file(tmp_path):
    file = io.BytesIO(b"a")
    large = Enclosure(file, 1)
    assert large.read() == b"a"
    del large
    gc.collect()
    assert file.closed


@pytest.mark.parametrize("problem", [OSError(28, "full"), KeyboardInterrupt()])
def test_what_is_interrupted_in_the_middle_leaves_nothing(
    home, writer, tmp_path, monkeypatch, problem
):
    writer.append(BEGIN, b"one")
    large = enclosed(tmp_path / "large")
    taken = []

    def write(fd: int, piece: bytes) -> int:
        taken.append(piece)
        if len(taken) == 3:
            raise problem
        return os.write(fd, piece)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "write", write)
        with pytest.raises(type(problem)):
            writer.append(PART, b"two", large)
    (segment,) = home.segments()
    size = segment.path.stat().st_size
    writer.append(END, b"three")
    assert frames_of(home) == [(Kind.BEGIN, b"one", b""), (Kind.END, b"three", b"")]
    assert size < 100


def test_a_disk_that_takes_a_part_of_it_only_is_full(
    home, writer, tmp_path, monkeypatch
):
    large = enclosed(tmp_path / "large")

    def write(fd: int, piece: bytes) -> int:
        return os.write(fd, piece[: len(piece) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(writing, "write", write)
        with pytest.raises(OSError, match="full"):
            writer.append(PART, b"two", large)
    writer.append(END, b"three")
    assert frames_of(home) == [(Kind.END, b"three", b"")]


def test_without_room_its_place_is_taken_by_a_note(home, writer, tmp_path):
    writer.has_room = False
    writer.append(PART, b"two", enclosed(tmp_path / "large"))
    assert frames_of(home) == [(Kind.PART, b"two", writing.LEFT_OUT)]


DIES_IN_THE_MIDDLE = """
import os, signal, sys
from pathlib import Path
from nextmv_autotrack.journal import BEGIN, PART, Enclosure, Home, Writer, writer

class Deadly:
    def __init__(self):
        self.pieces = 0
    def seek(self, _):
        self.reads, self.pieces = self.pieces, 0
    def read(self, size):
        self.pieces += 1
        if getattr(self, "reads", 0) and self.pieces == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return bytes(size)
    def close(self):
        pass

journal = Writer(Home(Path(sys.argv[1])), "9-dies")
journal.append(BEGIN, b"one")
journal.append(PART, b"two", Enclosure(Deadly(), 3_000_000))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal there")
def test_what_a_dead_process_has_half_written_costs_nothing_else(home, tmp_path):
    command = [sys.executable, "-c", DIES_IN_THE_MIDDLE, str(tmp_path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    (segment,) = home.segments()
    assert segment.path.stat().st_size > 1_000_000
    assert frames_of(home) == [(Kind.BEGIN, b"one", b"")]
