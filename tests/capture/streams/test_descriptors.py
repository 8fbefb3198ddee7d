"""`streams="fd"`: what C code and children print is in the log, and where it was."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nextmv_autotrack.capture.streams import relay, same_file
from tests.capture.streams.programs import (
    PATIENCE_S,
    logs_in,
    run,
    surroundings,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")

BEGIN = """
import ctypes, logging, os, subprocess, sys, threading
from nextmv_autotrack import track_run, tracked
mode = sys.argv[1] if len(sys.argv) > 1 else "fd"
c = ctypes.CDLL(None)
"""

EVERYTHING = (
    BEGIN
    + r"""
print("before")
with track_run(streams=mode):
    print("grüße")
    c.printf(b"from C %d\n", ctypes.c_int(1))
    c.fflush(None)
    subprocess.run(["echo", "from a child"])
    os.write(2, b"to stderr\n")
    os.write(1, b"\xff no text\n")
    sys.stdout.buffer.write(b"bytes\n")
    sys.stdout.flush()
    c.printf(b"an end in C's memory")
    {flush}
print()
print("after")
"""
)


def test_the_log_has_what_python_c_code_and_children_print(tmp_path):
    done = run(EVERYTHING.format(flush=""), tmp_path, PYTHONUNBUFFERED="1")
    (lines,) = done.logs
    # It goes by another pipe, and may be overtaken.
    lines.remove("to stderr")
    assert lines == [
        "grüße",
        "from C 1",
        "from a child",
        "\\xff no text",
        "bytes",
        "an end in C's memory",
    ]
    assert done.err == b"to stderr\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_pipe_gets_the_same_bytes_with_and_without(tmp_path, unbuffered):
    program = EVERYTHING.format(flush="c.fflush(None)")
    off, on = (
        run(program, tmp_path / mode, mode, PYTHONUNBUFFERED=unbuffered)
        for mode in ("off", "fd")
    )
    assert (on.out, on.err, on.code) == (off.out, off.err, 0)
    assert off.logs == [[]]


def on_a_terminal(program: str, home: Path, *words: str) -> bytes:
    """Run a program on a terminal, and return what that shows."""
    home.mkdir(exist_ok=True)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=surroundings(home),
    ):
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], PATIENCE_S)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break  # the last one has left
            if not piece:
                break
            shown += piece
    os.close(ours)
    return shown


TERMINAL = (
    BEGIN
    + r"""
print("before", sys.stdout.isatty(), sys.stderr.isatty())
with track_run(streams=mode):
    print("python", sys.stdout.isatty(), sys.stderr.isatty())
    for i in range(200):
        c.printf(b"from C %d\n", ctypes.c_int(i))
        print("python", i)
        os.write(2, b"to stderr\n")
        print("python's stderr", file=sys.stderr)
    print("end ", end="")
print("after", sys.stdout.isatty())
"""
)


def test_a_terminal_shows_the_same_bytes_in_the_same_order(tmp_path):
    off, on = (on_a_terminal(TERMINAL, tmp_path / m, m) for m in ("off", "fd"))
    assert on == off
    (lines,) = logs_in(tmp_path / "fd")
    shown = off.decode().replace("\r", "").split("\n")
    assert lines == [*shown[1:-2], "end "]


def test_c_code_prints_line_by_line_to_a_terminal_as_before(tmp_path):
    program = BEGIN + (
        "with track_run(streams=mode):\n"
        "    c.puts(b'first')\n"
        "    os.write(1, b'second\\n')\n"
    )
    assert on_a_terminal(program, tmp_path) == b"first\r\nsecond\r\n"


RECORDS = (
    BEGIN
    + r"""
logging.basicConfig(format="%(message)s", level="INFO")
with track_run(streams=mode) as run:
    for i in range(50):
        os.write(1, b"C %d\n" % i)
        logging.info("record %d", i)
        os.write(1, b"C again %d\n" % i)
        run.log(f"by hand {i}")
        print("printed", i)
"""
)


def test_solver_output_records_and_prints_are_in_order_and_no_line_is_there_twice(
    tmp_path,
):
    done = run(RECORDS, tmp_path)
    (lines,) = done.logs
    said = [re.sub(r"^\S+ INFO root: ", "", line) for line in lines]
    assert said == [
        text.format(i)
        for i in range(50)
        for text in ("C {}", "record {}", "C again {}", "by hand {}", "printed {}")
    ]
    assert done.err.split(b"\n") == [*(b"record %d" % i for i in range(50)), b""]


def test_a_terminal_shows_records_between_what_c_code_prints(tmp_path):
    off, on = (on_a_terminal(RECORDS, tmp_path / m, m) for m in ("off", "fd"))
    assert on == off


def test_all_that_is_printed_while_the_lock_of_python_is_held_is_there(tmp_path):
    program = BEGIN + (
        "held = ctypes.PyDLL(None)\n"
        "with track_run(streams=mode):\n"
        "    for i in range(100_000):\n"
        "        held.printf(b'%06d and some more of it\\n', ctypes.c_int(i))\n"
    )
    done = run(program, tmp_path, NEXTMV_AUTOTRACK_MAX_LOG="10_000_000")
    assert done.out == b"".join(
        b"%06d and some more of it\n" % i for i in range(100_000)
    )
    assert [b"\n".join(line.encode() for line in done.logs[0]) + b"\n"] == [done.out]


def test_of_a_long_output_head_and_tail_are_kept(tmp_path):
    program = BEGIN + (
        "with track_run(streams=mode):\n"
        "    for i in range(300_000):\n"
        "        c.printf(b'%06d and some more of it\\n', ctypes.c_int(i))\n"
    )
    done = run(program, tmp_path)
    (lines,) = done.logs
    assert done.out.count(b"\n") == 300_000
    assert lines[0].startswith("000000 ")
    assert lines[-1].startswith("299999 ")
    (gap,) = [line for line in lines if "left out" in line]
    count = int(gap.split()[1])
    assert count == 300_000 - (len(lines) - 1)
    assert 900_000 < sum(len(line) + 1 for line in lines) <= 1_000_200


def killed(program: str, home: Path) -> list[str]:
    """Run a program until it says that it is ready on stderr, and kill it."""
    with subprocess.Popen(
        [sys.executable, "-c", program, "fd"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=surroundings(home),
    ) as running:
        running.stderr.readline()
        running.send_signal(signal.SIGKILL)
        out, _ = running.communicate(timeout=PATIENCE_S)
    # The end of the relay's output is the end of the relay.
    (lines,) = logs_in(home)
    # It goes by another pipe, and may be overtaken.
    lines.remove("ready")
    assert out.decode().split("\n")[:-1] == lines
    return lines


def test_of_a_killed_process_the_log_has_what_was_printed_so_far(tmp_path):
    program = BEGIN + (
        "with track_run(streams=mode):\n"
        "    held = ctypes.PyDLL(None)\n"
        "    for i in range(10_000):\n"
        "        held.printf(b'line %d\\n', ctypes.c_int(i))\n"
        "    held.fflush(None)\n"
        "    held.dprintf(2, b'ready\\n')\n"
        "    held.sleep(60)\n"
    )
    assert killed(program, tmp_path) == [f"line {i}" for i in range(10_000)]


NESTED = (
    BEGIN
    + r"""
with track_run("outer", streams=mode):
    os.write(1, b"outer\n")
    with track_run("inner", streams=mode):
        os.write(1, b"both\n")
    os.write(1, b"outer again\n")
with track_run("next", streams=mode):
    os.write(1, b"next\n")
with track_run("python", streams="python"):
    os.write(1, b"not seen\n")
    print("seen")
"""
)


def test_runs_nest_and_follow_each_other(tmp_path):
    done = run(NESTED, tmp_path)
    assert done.logs == [
        ["outer", "both", "outer again"],
        ["both"],
        ["next"],
        ["seen"],
    ]


LEFT = (
    BEGIN
    + r"""
before = [os.fstat(n).st_ino for n in (1, 2)]
{}
assert [os.fstat(n).st_ino for n in (1, 2)] == before
os.write(2, b"restored\n")
"""
)


@pytest.mark.parametrize(
    "block",
    [
        "with track_run(streams=mode): os.write(1, b'x\\n')",
        """try:
    with track_run(streams=mode): os.write(1, b'x\\n'); raise KeyError
except KeyError: pass""",
        """try:
    with track_run(streams=mode):
        os.write(1, b'x\\n'); signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt: pass""",
    ],
)
def test_the_descriptors_are_restored_whatever_happens(tmp_path, block):
    done = run("import signal\n" + LEFT.format(block), tmp_path)
    assert (done.code, done.err) == (0, b"restored\n"), done.err
    assert done.logs[0][0] == "x"


FOREIGN = (
    BEGIN
    + r"""
file = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT)
with track_run(streams=mode):
    os.write(1, b"ours\n")
    kept = os.dup(1)
    os.dup2(file, 1)
    os.write(1, b"to the file\n")
    os.dup2(kept, 1)
    os.write(1, b"ours again\n")
os.write(1, b"after\n")
block = track_run(streams=mode)
block.__enter__()
os.write(1, b"second\n")
kept = os.dup(1)
os.dup2(file, 1)
block.__exit__(None, None, None)
os.write(1, b"still to the file\n")
os.dup2(kept, 1)
os.write(1, b"by the relay, and in no log\n")
"""
)


def test_redirections_of_others_inside_and_across_are_left_as_they_are(tmp_path):
    done = run(FOREIGN, tmp_path / "home", "fd", str(tmp_path / "file"))
    assert done.code == 0, done.err
    assert done.out.split(b"\n") == [
        b"ours",
        b"ours again",
        b"after",
        b"second",
        b"by the relay, and in no log",
        b"",
    ]
    assert (tmp_path / "file").read_bytes() == b"to the file\nstill to the file\n"
    assert done.logs == [["ours", "ours again"], ["second"]]


@pytest.mark.parametrize(
    "end",
    [
        "os._exit(0)",
        "os.execvp('true', ['true'])",
        "sys.exit(0)",
        "os.abort()",
        "os.fork() and os.wait()",
    ],
)
def test_nothing_printed_is_lost_however_the_process_ends(tmp_path, end):
    program = BEGIN + (
        "with track_run(streams=mode):\n"
        "    for i in range(2000): os.write(1, b'line %d\\n' % i)\n"
        f"    {end}\n"
    )
    done = run(program, tmp_path)
    lines = [f"line {i}" for i in range(2000)]
    assert done.out.decode().split("\n")[:-1] == lines
    assert done.logs[0][:2000] == lines


FORKING = BEGIN + (
    "import warnings\n"
    # Of a fork with threads, as of Python 3.12.
    "warnings.simplefilter('ignore', DeprecationWarning)\n"
)


def test_a_forked_child_prints_into_the_run_and_ends_it_not(tmp_path):
    program = FORKING + (
        "with track_run(streams=mode):\n"
        "    print('parent', flush=True)\n"
        "    if os.fork() == 0:\n"
        "        print('child', flush=True)\n"
        "    else:\n"
        "        os.wait()\n"
        "        print('parent again', flush=True)\n"
    )
    # From 3.12 on, a fork beside a thread is warned of, which is in the log, too.
    done = run(program, tmp_path, PYTHONWARNINGS="ignore::DeprecationWarning")
    assert done.code == 0, done.err
    assert done.logs == [["parent", "child", "parent again"]]


def test_a_child_that_outlives_the_run_can_go_on_printing(tmp_path):
    program = BEGIN + (
        "with track_run(streams=mode):\n"
        "    child = subprocess.Popen(['sh', '-c', 'read x; echo late'], stdin=-1)\n"
        "child.communicate(b'go\\n')\n"
        "print('after')\n"
    )
    done = run(program, tmp_path)
    assert sorted(done.out.split()) == [b"after", b"late"]
    assert done.logs == [[]]


@pytest.mark.parametrize("closed", ["1", "2"])
def test_what_has_taken_the_number_of_a_closed_descriptor_is_left_alone(
    tmp_path, closed
):
    program = BEGIN + (
        f"os.close({closed})\n"
        f"assert os.open(os.devnull, os.O_RDWR) == {closed}\n"
        f"before = os.fstat({closed})\n"
        "with track_run(streams=mode):\n"
        f"    assert os.path.samestat(os.fstat({closed}), before)\n"
        f"    os.write({3 - int(closed)}, b'open\\n')\n"
        f"assert os.path.samestat(os.fstat({closed}), before)\n"
    )
    done = run(program, tmp_path)
    assert done.code == 0, done.err
    assert done.logs == [["open"]]


def test_without_descriptors_what_python_prints_is_still_there(tmp_path):
    program = BEGIN + (
        "import io\n"
        "os.closerange(1, 3)\n"
        "sys.stdout = sys.stderr = io.StringIO()\n"
        "with track_run(streams=mode):\n"
        "    print('python')\n"
        "assert 'descriptors 1 and 2 are closed' in sys.stdout.getvalue()\n"
    )
    done = run(program, tmp_path)
    assert done.code == 0
    assert done.logs == [["python"]]


def test_without_a_relay_what_python_prints_is_still_there(tmp_path):
    program = BEGIN + (
        "sys.executable = ''\n"
        "with track_run(streams=mode):\n"
        "    print('python')\n"
        "    os.write(1, b'C\\n')\n"
    )
    done = run(program, tmp_path)
    assert done.code == 0
    assert b"what C code prints is not recorded: there is no Python" in done.err
    assert done.err.count(b"\n") == 1
    assert done.logs == [["python"]]


def test_a_reader_that_has_gone_is_noticed_by_who_prints(tmp_path):
    program = BEGIN + (
        "with track_run(streams=mode):\n"
        "    try:\n"
        "        while True: os.write(1, b'x' * 1000)\n"
        "    except BrokenPipeError: os.write(2, b'noticed\\n')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=surroundings(tmp_path),
    ) as running:
        running.stdout.close()
        assert running.stderr.read() == b"noticed\n"


def test_runs_at_once_get_all_that_is_printed_meanwhile(tmp_path):
    program = BEGIN + (
        "both = threading.Barrier(2)\n"
        "@tracked(streams=mode)\n"
        "def solve(name):\n"
        "    both.wait()\n"
        "    for i in range(100): os.write(1, b'%s %d\\n' % (name, i))\n"
        "    both.wait()\n"
        "threads = [threading.Thread(target=solve, args=(n,)) for n in (b'a', b'b')]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
    )
    done = run(program, tmp_path)
    for lines in done.logs:
        for name in "ab":
            own = [line for line in lines if line.startswith(name)]
            assert own == [f"{name} {i}" for i in range(100)]


def test_runs_at_once_get_of_what_python_prints_their_own_only(tmp_path):
    program = BEGIN + (
        "both = threading.Barrier(2)\n"
        "@tracked(streams=mode)\n"
        "def solve(name):\n"
        "    both.wait()\n"
        "    for i in range(100): print(name, i)\n"
        "    both.wait()\n"
        "threads = [threading.Thread(target=solve, args=(n,)) for n in 'ab']\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
    )
    done = run(program, tmp_path)
    assert sorted(done.logs) == [[f"{n} {i}" for i in range(100)] for n in "ab"]
    assert len(done.out.splitlines()) == 200


def test_what_threads_without_a_run_print_is_there(tmp_path):
    program = BEGIN + (
        "with track_run(streams=mode):\n"
        "    thread = threading.Thread(target=print, args=('in a thread',))\n"
        "    thread.start(); thread.join()\n"
    )
    assert run(program, tmp_path).logs == [["in a thread"]]


def test_no_file_and_no_child_is_left_behind(tmp_path):
    program = BEGIN + (
        "with track_run(streams=mode): os.write(1, b'x\\n')\n"
        "try: os.wait()\n"
        "except ChildProcessError: print('no child')\n"
    )
    done = run(program, tmp_path)
    assert done.out == b"x\nno child\n"
    assert not [*tmp_path.rglob("*.printed")]


def test_what_starting_the_relay_takes_is_not_what_the_run_has_used(tmp_path):
    program = """
import os, resource
from nextmv_autotrack import track_run
from nextmv_autotrack.capture.resources.usage import CHILDREN
with track_run(streams="fd"):
    os.write(1, b"")
ended = resource.getrusage(resource.RUSAGE_CHILDREN)
print(ended.ru_utime + ended.ru_stime > 0, abs(CHILDREN.now().cpu_ns) < 20_000)
"""
    assert run(program, tmp_path).out.split() == [b"True", b"True"]


def test_nothing_is_waited_for_between_a_text_and_its_end_of_line(tmp_path):
    # There other threads would print: the one line would be in the middle of the other.
    program = BEGIN + (
        "asked = []\n"
        "sys.addaudithook(lambda name, _: asked.append(name))\n"
        "with track_run(streams=mode):\n"
        "    c.puts(b'from C')\n"
        "    c.fflush(None)\n"
        "    asked.clear()\n"
        "    sys.stdout.write('text')\n"
        "    between = [*asked]\n"
        "    sys.stdout.write('\\n')\n"
        "assert between == [], between\n"
    )
    shown = on_a_terminal(program, tmp_path)
    assert shown == b"from C\r\ntext\r\n"
    assert logs_in(tmp_path) == [["from C", "text"]]


def test_stdout_that_is_sent_to_the_descriptor_of_stderr_is_seen_once(tmp_path):
    program = BEGIN + (
        "with track_run(streams=mode):\n"
        "    os.dup2(2, 1)\n"
        "    print('from Python', flush=True)\n"
        "    os.write(1, b'to the descriptor\\n')\n"
    )
    done = run(program, tmp_path)
    assert sorted(done.logs[0]) == ["from Python", "to the descriptor"]
    assert sorted(done.err.splitlines()) == [b"from Python", b"to the descriptor"]
    assert done.out == b""


FAILING = (
    BEGIN
    + """
import traceback
sys.stdout.reconfigure(encoding="ascii")
with track_run(streams=mode):
    for last in (False, True):
        try:
            print("grün", flush=True)
        except UnicodeEncodeError:
            traceback.print_exc()
            if last:
                raise
"""
)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="one frame is seen there")
@pytest.mark.parametrize("mode", ["python", "fd"])
def test_no_frame_of_ours_is_in_the_traceback_of_a_print_that_fails(tmp_path, mode):
    done = run(FAILING, tmp_path, mode)
    assert done.code == 1
    told = done.err.decode() + "\n".join(done.logs[0])
    assert "UnicodeEncodeError" in told
    assert "streams" not in told


@pytest.mark.skipif(sys.version_info < (3, 11), reason="one frame is seen there")
def test_nor_of_one_whose_descriptor_fails(tmp_path):
    program = BEGIN + (
        "with track_run(streams=mode):\n"
        "    os.close(1)\n"
        "    print('nowhere', flush=True)\n"
    )
    done = run(program, tmp_path)
    assert b"Bad file descriptor" in done.err
    assert b"streams" not in done.err
    assert not any("streams" in line for line in done.logs[0])


def test_a_run_of_a_forked_child_has_its_lines_once_and_so_has_the_parents(tmp_path):
    program = FORKING + (
        "import multiprocessing\n"
        "@tracked(streams=mode)\n"
        "def solve(i):\n"
        "    print('child', i, flush=True)\n"
        "    c.printf(b'C of child %d\\n', ctypes.c_int(i))\n"
        "    c.fflush(None)\n"
        "def main():\n"
        "    with track_run(streams=mode):\n"
        "        with multiprocessing.get_context('fork').Pool(1) as pool:\n"
        "            pool.map(solve, [1])\n"
        "            pool.close()\n"
        "            pool.join()\n"
        "        print('parent', flush=True)\n"
        "main()\n"
    )
    done = run(program, tmp_path)
    lines = ["child 1", "C of child 1"]
    assert done.logs == [[*lines, "parent"], lines]


def test_what_a_thread_without_context_prints_is_kept_beside_a_stream_in_place(
    tmp_path,
):
    program = BEGIN + (
        "import io\n"
        "sys.stdout = io.StringIO()\n"
        "with track_run(streams=mode), track_run('inner', streams='off'):\n"
        "    thread = threading.Thread(target=print, args=('from a thread',))\n"
        "    thread.start()\n"
        "    thread.join()\n"
    )
    assert run(program, tmp_path).logs == [["from a thread"], []]


def test_what_others_write_into_the_same_file_stays_there(tmp_path):
    program = BEGIN + (
        "child = subprocess.Popen([sys.executable, '-S', '-c',\n"
        "    'import os\\nfor i in range(200_000): os.write(1, b\"%06d\\\\n\" % i)'])\n"
        "while child.poll() is None:\n"
        "    with track_run(streams=mode, resources=False): pass\n"
    )
    shown = tmp_path / "shown"
    with shown.open("wb") as file:
        subprocess.run(
            [sys.executable, "-c", program],
            stdout=file,
            stderr=file,
            timeout=PATIENCE_S,
            check=True,
            env=surroundings(tmp_path),
        )
    assert shown.read_bytes() == b"".join(b"%06d\n" % i for i in range(200_000))


@pytest.mark.parametrize("flags", [0, os.O_APPEND])
@pytest.mark.parametrize("has_kcmp", [True, False])
def test_descriptors_of_one_file_are_told_from_a_file_that_was_opened_twice(
    tmp_path, monkeypatch, flags, has_kcmp
):
    if not has_kcmp:
        monkeypatch.setattr(same_file, "_syscall", lambda: None)
    one = os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY | flags)
    os.write(one, b"begun")
    dup, again = os.dup(one), os.open(tmp_path / "file", os.O_WRONLY | flags)
    try:
        assert same_file.is_same_place(one, dup)
        # What is added at the end is in order by whatever way it comes.
        assert same_file.is_same_place(one, again) == bool(flags)
        assert os.lseek(one, 0, os.SEEK_CUR) == 5
    finally:
        for fd in (one, dup, again):
            os.close(fd)


def test_without_memory_that_both_processes_see_all_is_there(tmp_path):
    program = (
        BEGIN
        + "if hasattr(os, 'memfd_create'): del os.memfd_create\n"
        + RECORDS.removeprefix(BEGIN)
    )
    done = run(program, tmp_path)
    assert b"not recorded" not in done.err
    assert len(done.logs[0]) == 250


@pytest.mark.parametrize(
    "program", ["sys.frozen = True", "sys.executable = sys.argv[2]"]
)
def test_a_program_that_python_is_part_of_is_not_started_again(tmp_path, program):
    (tmp_path / "program").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    (tmp_path / "program").chmod(0o700)
    text = BEGIN + f"{program}\nwith track_run(streams=mode): print('python')\n"
    done = run(text, tmp_path, "fd", str(tmp_path / "program"))
    assert (done.code, done.logs) == (0, [["python"]])
    assert done.err.count(b"what C code prints is not recorded") == 1
    assert not (tmp_path / "started").exists()


def test_what_is_started_in_place_of_the_relay_starts_none(tmp_path):
    program = tmp_path / "python-of-a-program"
    program.write_text(
        f'#!/bin/sh\necho >> {tmp_path}/started\nexec {sys.executable} -c "$PROGRAM"\n'
    )
    program.chmod(0o700)
    text = BEGIN + (
        f"sys.executable = {str(program)!r}\n"
        "with track_run(streams='fd'): print('python')\n"
    )
    done = run(text, tmp_path / "home", PROGRAM=text)
    assert done.code == 0
    assert done.err.count(b"what C code prints is not recorded") == 1
    assert (tmp_path / "started").read_text() == "\n"


def test_what_is_printed_to_one_stream_waits_for_no_reader_of_the_other(tmp_path):
    program = BEGIN + (
        "import time\n"
        "with track_run(streams=mode, resources=False):\n"
        "    os.write(1, b'.' * 1_000_000 + b'\\n')\n"
        "    begin = time.perf_counter()\n"
        "    for i in range(100): print('progress', i, file=sys.stderr)\n"
        "    took = time.perf_counter() - begin\n"
        "print('in time', took < 4, file=sys.stderr)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=surroundings(tmp_path),
    ) as running:
        said = running.stderr.read()
        assert said.endswith(b"progress 99\nin time True\n")
        assert len(running.stdout.read()) == 1_000_001


def test_a_reader_that_does_not_read_is_waited_for_once(tmp_path, monkeypatch):
    monkeypatch.setattr(relay, "_ANSWER_S", 0.5)
    passed_on_by = relay.Relay()
    end, begin = os.pipe()
    reader, sink = os.pipe()
    passed_on_by.pass_on([("1", end, sink)])
    text = b"." * 1_000_000
    for _ in range(8):
        os.write(begin, text[: len(text) // 8])
    waits = []
    wait = passed_on_by._wait_for
    monkeypatch.setattr(
        passed_on_by, "_wait_for", lambda one: (waits.append(one), wait(one))
    )
    for _ in range(3):
        passed_on_by.drain(1)
    assert waits == [{1}]
    shown = b""
    while len(shown) < len(text):
        shown += os.read(reader, len(text))
    # It has gone on: it is waited for again, and is not late.
    while passed_on_by.drain().waiting:
        pass
    assert passed_on_by._stopped == set()
    for fd in (begin, end, reader, sink):
        os.close(fd)
    passed_on_by.close()


def test_what_is_printed_after_the_relay_was_killed_goes_where_it_went(tmp_path):
    program = BEGIN + (
        "import psutil\n"
        "def relays():\n"
        "    for one in psutil.process_iter():\n"
        "        try:\n"
        "            if one.environ().get('_NEXTMV_AUTOTRACK_IS_RELAY'):\n"
        "                if one.environ()['HOME'] == os.environ['HOME']: yield one\n"
        "        except psutil.Error: pass\n"
        "with track_run(streams=mode):\n"
        "    os.write(1, b'before\\n')\n"
        "    found = {one.pid: one for one in relays()}\n"
        "    (worker,) = [one for one in found.values() if one.ppid() in found]\n"
        "    worker.kill(); worker.wait()\n"
        "    os.write(1, b'C\\n')\n"
        "    done = subprocess.run(['sh', '-c', 'echo child; echo again'])\n"
        "    assert done.returncode == 0\n"
        "    print('python')\n"
        "    os.write(1, b'C again\\n')\n"
    )
    done = run(program, tmp_path)
    assert done.code == 0, done.err
    said = b"before C child again python C again"
    assert sorted(done.out.split()) == sorted(said.split())
    assert done.err.count(b"what C code prints is not recorded: ") == 1
    assert done.logs == [["before", "python"]]
    assert not [*tmp_path.rglob("*.printed")]


def test_of_a_killed_process_that_has_printed_much_head_and_tail_are_kept(tmp_path):
    program = BEGIN + (
        "import signal\n"
        "with track_run(streams=mode):\n"
        "    held = ctypes.PyDLL(None)\n"
        "    for i in range(300_000):\n"
        "        held.printf(b'%06d and some more of it\\n', ctypes.c_int(i))\n"
        "    held.fflush(None)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = run(program, tmp_path)
    (lines,) = done.logs
    (gap,) = [line for line in lines if "left out" in line]
    assert int(gap.split()[1]) == 300_000 - (len(lines) - 1)
    assert lines[0].startswith("000000 ")
    assert lines[-1].startswith("299999 ")
    assert 900_000 < sum(len(line) + 1 for line in lines) <= 1_000_200


def test_what_a_child_prints_after_its_parent_was_killed_is_shown_and_not_kept(
    tmp_path,
):
    program = BEGIN + (
        "with track_run(streams=mode):\n"
        "    os.write(1, b'before\\n')\n"
        "    subprocess.Popen(['sh', '-c', 'read x; echo late'])\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=surroundings(tmp_path),
    ) as running:
        running.wait(PATIENCE_S)
        assert running.stdout.readline() == b"before\n"
        while [*tmp_path.rglob("*.printed")]:
            logs = logs_in(tmp_path)
        running.stdin.write(b"go\n")
        running.stdin.close()
        assert running.stdout.read() == b"late\n"
    assert logs == [["before"]] == logs_in(tmp_path)
    assert not [*tmp_path.rglob("*.printed")]
