"""The journal: what was written comes back, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.journal import BEGIN, END, LOG, Frame, Home, Kind, Writer
from nextmv_autotrack.journal.descriptors import LEAST_NUMBER
from nextmv_autotrack.journal.frames import HEADER_SIZE, MAGIC, seal
from nextmv_autotrack.journal.locks import is_held, try_lock
from nextmv_autotrack.journal.reader import read_frames

bodies = st.binary(max_size=200)
frames = st.lists(
    st.tuples(st.sampled_from(list(Kind)), bodies, bodies), min_size=1, max_size=6
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def writer(home: Home):
    writer = Writer(home, "7-abc")
    yield writer
    writer.close()


def _bytes_of(written) -> bytes:
    return b"".join(seal(k, m, p) + m + p for k, m, p in written)


def _read(path: Path, position: int = 0) -> list[tuple[Kind, bytes, bytes]]:
    return [frame[:3] for frame in read_frames(path, position)]


@given(frames)
def test_every_frame_comes_back_in_order(tmp_path_factory, written):
    path = tmp_path_factory.mktemp("j") / "x.journal"
    path.write_bytes(_bytes_of(written))
    assert _read(path) == written


@given(frames, st.data())
def test_every_prefix_gives_back_the_frames_that_are_whole(
    tmp_path_factory, written, data
):
    whole = _bytes_of(written)
    cut = data.draw(st.integers(0, len(whole)))
    path = tmp_path_factory.mktemp("j") / "x.journal"
    path.write_bytes(whole[:cut])
    ends = [len(_bytes_of(written[: n + 1])) for n in range(len(written))]
    assert _read(path) == written[: sum(end <= cut for end in ends)]


@given(frames, st.data())
def test_a_damaged_byte_costs_its_own_frame_only(tmp_path_factory, written, data):
    whole = bytearray(_bytes_of(written))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("j") / "x.journal"
    path.write_bytes(bytes(whole))
    ends = [len(_bytes_of(written[: n + 1])) for n in range(len(written))]
    damaged = sum(end <= at for end in ends)
    kept = written[:damaged] + written[damaged + 1 :]
    # The two bytes of padding mean nothing: damage there costs nothing.
    assert _read(path) in (kept, written)


@given(st.binary(max_size=400))
def test_a_file_of_noise_gives_no_frame_and_no_error(tmp_path_factory, noise):
    path = tmp_path_factory.mktemp("j") / "x.journal"
    path.write_bytes(noise)
    assert _read(path) == []


def test_reading_goes_on_where_it_ended(home, writer):
    writer.append(BEGIN, b"{}", b"1")
    segment = writer.current
    (first,) = read_frames(segment.path)
    writer.append(END, b"{}", b"2")
    assert _read(segment.path, first.end) == [(Kind.END, b"{}", b"2")]


def test_a_payload_that_looks_like_a_frame_is_a_payload(writer):
    inner = seal(BEGIN, b"{}", b"") + b"{}"
    writer.append(BEGIN, inner, MAGIC * 10)
    assert _read(writer.current.path) == [(Kind.BEGIN, inner, MAGIC * 10)]


def test_a_large_payload_is_written_in_one_frame(writer):
    payload = os.urandom(3_000_000)
    writer.append(BEGIN, b"{}", payload)
    (frame,) = read_frames(writer.current.path)
    assert frame == Frame(Kind.BEGIN, b"{}", payload, HEADER_SIZE + 2 + 3_000_000)


def test_a_full_segment_is_followed_by_another(home):
    writer = Writer(home, "7-abc", segment_bytes=100)
    for number in range(5):
        writer.append(LOG, b"{}", b"%d" % number * 60)
    found = home.segments()
    assert [segment.number for segment in found] == [0, 1, 2]
    assert [frame for segment in found for frame in _read(segment.path)] == [
        (Kind.LOG, b"{}", b"%d" % number * 60) for number in range(5)
    ]
    writer.close()


def test_frames_of_many_threads_are_never_mixed(home):
    writer = Writer(home, "7-abc", segment_bytes=5_000)
    start = threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        for _ in range(200):
            writer.append(LOG, b"%d" % number, b"%d" % number * 50)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    found = [frame for segment in home.segments() for frame in _read(segment.path)]
    assert sorted(found) == sorted(
        (Kind.LOG, b"%d" % n, b"%d" % n * 50) for n in range(8) for _ in range(200)
    )


def test_files_are_for_their_user_only(home, writer):
    writer.append(BEGIN, b"{}")
    folder = writer.current.path.parent
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_an_owner_is_alive_until_it_closes(home, writer):
    assert home.is_alive("7-abc")
    writer.append(BEGIN, b"{}")
    second = Writer(home, "8-def")
    second.close()
    assert not home.is_alive("8-def")
    assert home.owners() == ["7-abc", "8-def"]


def test_asking_after_an_owner_does_not_disturb_it(home, writer):
    assert all(home.is_alive("7-abc") for _ in range(3))


_HOLD = """
import sys
from pathlib import Path
from nextmv_autotrack.journal import BEGIN, Home, Writer
writer = Writer(Home(Path(sys.argv[1])), "9-held")
writer.append(BEGIN, b"{}", b"kept")
print("written", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == b"written\n"
        yield process
        process.kill()


def test_a_killed_process_is_dead_and_what_it_wrote_is_there(home, holder):
    assert home.is_alive("9-held")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert not home.is_alive("9-held")
    (segment,) = home.segments()
    assert _read(segment.path) == [(Kind.BEGIN, b"{}", b"kept")]


def test_a_stopped_process_is_alive(home, holder):
    holder.send_signal(signal.SIGSTOP)
    assert home.is_alive("9-held")
    holder.send_signal(signal.SIGCONT)


def test_a_forked_child_that_abandons_leaves_the_parent_its_lock(home, writer):
    writer.append(BEGIN, b"{}")
    pid = os.fork()
    if pid == 0:
        writer.abandon()
        os._exit(0)
    os.waitpid(pid, 0)
    assert home.is_alive("7-abc")
    writer.append(END, b"{}")
    assert len(_read(writer.current.path)) == 2


def test_a_child_that_was_forked_meanwhile_does_not_keep_a_lock_given_back(tmp_path):
    lock = tmp_path / "lock"
    reading, writing = os.pipe()
    with try_lock(lock) as is_ours:
        assert is_ours
        pid = os.fork()
        if pid == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
    with try_lock(lock) as is_ours:
        assert is_ours
    os.close(writing)
    os.close(reading)
    os.waitpid(pid, 0)


@pytest.mark.parametrize("size", [10, 100_000])
def test_frames_go_on_in_another_segment_when_the_descriptors_are_closed(
    home, writer, size
):
    writer.append(BEGIN, b"{}", b"before")
    for fd in (writer._fd, writer._lock_fd):
        assert fd >= LEAST_NUMBER
        os.close(fd)
    writer.append(LOG, b"{}", b"a" * size)
    writer.append(END, b"{}", b"after")
    found = [_read(segment.path) for segment in home.segments()]
    payloads = [[payload for _, _, payload in frames] for frames in found]
    assert payloads == [[b"before"], [b"a" * size, b"after"]]
    assert home.is_alive("7-abc")
    assert is_held(home._lock("7-abc"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")
def test_what_is_not_ours_in_the_folder_is_left_alone(home, writer, tmp_path):
    writer.append(BEGIN, b"{}")
    folder = tmp_path / "journals"
    os.mkfifo(folder / "8-pipe.0.journal")
    os.mkfifo(folder / "8-pipe.lock")
    (folder / ".journal").touch()
    with suppress(OSError):  # not every system takes such a name
        (folder / os.fsdecode(b"8-\xff.0.journal")).touch()
    assert home.owners() == ["7-abc"]
    assert [segment.owner for segment in home.segments()] == ["7-abc"]


def test_a_frame_the_disk_has_no_room_for_is_taken_back(tmp_path):
    program = """
import resource, sys
from pathlib import Path
from nextmv_autotrack.journal import BEGIN, END, Home, Writer
writer = Writer(Home(Path(sys.argv[1])), "9-full")
writer.append(BEGIN, b"{}", b"kept")
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    writer.append(BEGIN, b"{}", b"x" * 10000)
except OSError as error:
    print("refused:", error)
writer.append(END, b"{}", b"small")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("refused:")
    (segment,) = Home(tmp_path).segments()
    assert [payload for _, _, payload in _read(segment.path)] == [b"kept", b"small"]


def test_a_frame_that_is_being_written_is_not_taken_for_one_that_is_there(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs a pipe with a name")
    home = Home(tmp_path)
    writer = Writer(home, "1-me")
    writer.append(BEGIN, b"{}", b"")
    assert writer.all_written() == 1
    # In the place of the file, something that takes no more until somebody reads.
    os.mkfifo(tmp_path / "slow")
    read_fd = os.open(tmp_path / "slow", os.O_RDONLY | os.O_NONBLOCK)
    write_fd = os.open(tmp_path / "slow", os.O_WRONLY)
    file_fd = os.dup(writer._fd)
    os.dup2(write_fd, writer._fd)
    thread = threading.Thread(target=writer.append, args=(BEGIN, b"{}", b"x" * 10**6))
    thread.start()
    os.set_blocking(read_fd, True)
    left = len(os.read(read_fd, 1))
    assert writer.appended == 2
    assert writer.all_written() == -1
    while thread.is_alive() and left < 10**6:
        left += len(os.read(read_fd, 65536))
    thread.join()
    assert writer.all_written() == 2
    os.dup2(file_fd, writer._fd)
    for fd in (read_fd, write_fd, file_fd):
        os.close(fd)
    writer.close()
