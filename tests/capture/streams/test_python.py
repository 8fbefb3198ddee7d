"""`streams="python"`: what a run prints is in its log, and where it was before."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import logging.handlers
import os
import queue
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import pytest

from nextmv_autotrack import safely, track_run, tracked

ROOT = Path(__file__).parents[3]


def test_what_is_printed_is_in_the_log_and_where_it_was(written, capsys):
    with track_run(streams="python"):
        print("to the one")
        print("to the other", file=sys.stderr)
    assert written.run.logs == ["to the one", "to the other"]
    assert capsys.readouterr() == ("to the one\n", "to the other\n")


def test_by_default_nothing_printed_is_recorded(written, capsys):
    with track_run():
        print("not this")
    assert written.run.logs == []


def test_what_is_printed_outside_of_a_run_goes_nowhere(written, capsys):
    print("before")
    with track_run(streams="python"):
        print("inside")
    print("after")
    assert written.run.logs == ["inside"]


def test_nothing_is_in_place_while_no_run_asks(written, capsys):
    before = dict(vars(sys.stdout)), dict(vars(sys.stdout.buffer))
    with track_run(streams="python"):
        assert "write" in vars(sys.stdout)
        with track_run(streams="python"):
            pass
        assert "write" in vars(sys.stdout)
    assert (dict(vars(sys.stdout)), dict(vars(sys.stdout.buffer))) == before
    with track_run():
        assert dict(vars(sys.stdout)) == before[0]


def test_lines_keep_their_order_among_records_and_lines_by_hand(written, capsys):
    logger = logging.getLogger("tests.order")
    with track_run(streams="python") as run:
        print("first")
        logger.warning("second")
        print("third", file=sys.stderr)
        run.log("fourth")
        print("fi", end="")
        print("fth")
    said = [line.rpartition(": ")[2] for line in written.run.logs]
    assert said == ["first", "second", "third", "fourth", "fifth"]


def test_a_line_without_an_end_is_there_at_the_end(written, capsys):
    with track_run(streams="python"):
        print("no end", end="")
    assert written.run.logs == ["no end"]


def test_a_progress_bar_is_folded_to_its_last_state(written, capsys):
    with track_run(streams="python"):
        for done in range(101):
            print(f"\r{done} %", end="")
        print()
        print("done")
    assert written.run.logs == ["100 %", "done"]
    assert capsys.readouterr().out.count("\r") == 101


def test_runs_in_threads_at_once_get_their_own_lines(written, capsys):
    both = threading.Barrier(2)

    @tracked(streams="python")
    def solve(name):
        for number in range(50):
            print(name, number)
            if number == 10:
                both.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(solve, ["a", "b"]))
    for run in written.runs:
        assert run.logs == [f"{run.input} {number}" for number in range(50)]


def test_runs_in_tasks_at_once_get_their_own_lines(written, capsys):
    @tracked(streams="python")
    async def solve(name):
        for number in range(20):
            print(name, number)
            await asyncio.sleep(0)

    async def both():
        await asyncio.gather(solve("a"), solve("b"))

    asyncio.run(both())
    for run in written.runs:
        assert run.logs == [f"{run.input} {number}" for number in range(20)]


def _in_a_thread(call, *args):
    thread = threading.Thread(target=call, args=args)
    thread.start()
    thread.join()


def test_a_thread_without_context_prints_for_the_only_run_in_progress(written, capsys):
    with track_run(streams="python"):
        _in_a_thread(print, "without")
        _in_a_thread(copy_context().run, print, "with")
    assert written.run.logs == ["without", "with"]


def test_a_thread_without_context_prints_for_none_of_several_runs(written, capsys):
    entered, left = threading.Barrier(2), threading.Barrier(2)

    @tracked(streams="python")
    def other():
        entered.wait()
        left.wait()

    thread = threading.Thread(target=other)
    thread.start()
    with track_run(streams="python"):
        entered.wait()
        _in_a_thread(print, "without")
        _in_a_thread(copy_context().run, print, "with")
        left.wait()
    thread.join()
    assert sorted(run.logs for run in written.runs) == [[], ["with"]]


def test_an_inner_run_and_the_one_around_it_both_get_a_line(written, capsys):
    with track_run("outer", streams="python"):
        print("outer only")
        with track_run("inner", streams="python"):
            print("both")
        with track_run("silent"):
            print("outer again")
    outer, inner, silent = written.runs
    assert outer.logs == ["outer only", "both", "outer again"]
    assert inner.logs == ["both"]
    assert silent.logs == []


def test_bytes_written_to_the_buffer_are_seen_once(written, capfdbinary):
    with track_run(streams="python"):
        print("text")
        sys.stdout.flush()
        sys.stdout.buffer.write(b"bytes\n")
        sys.stdout.buffer.flush()
    assert written.run.logs == ["text", "bytes"]
    assert capfdbinary.readouterr().out == b"text\nbytes\n"


def test_writelines_is_seen(written, capsys):
    with track_run(streams="python"):
        sys.stdout.writelines(["a\n", "b\n"])
    assert written.run.logs == ["a", "b"]


def test_the_stream_is_the_same_object_and_answers_as_before(written, capfd):
    def answers():
        out = sys.stdout
        return (
            (out, out.encoding, out.errors, out.buffer, out.isatty(), out.fileno()),
            (out.line_buffering, out.newlines, out.name, type(out), out.write("")),
        )

    before = answers()
    with track_run(streams="python"):
        assert answers() == before
        sys.stdout.reconfigure(line_buffering=True)
        print("after reconfigure")
    assert written.run.logs == ["after reconfigure"]


def test_what_is_redirected_elsewhere_was_not_printed(written, capsys):
    kept = io.StringIO()
    with track_run(streams="python"):
        with contextlib.redirect_stdout(kept):
            print("kept")
        print("printed")
    assert kept.getvalue() == "kept\n"
    assert written.run.logs == ["printed"]


def test_a_redirection_around_the_run_is_what_it_prints_to(written, capsys):
    kept = io.StringIO()
    with contextlib.redirect_stdout(kept), track_run(streams="python"):
        print("kept")
    assert kept.getvalue() == "kept\n"
    assert written.run.logs == ["kept"]


def test_a_redirection_may_begin_and_end_on_either_side_of_the_run(written, capsys):
    kept = io.StringIO()
    inside = contextlib.redirect_stdout(kept)
    with track_run(streams="python"):
        inside.__enter__()
        print("redirected")
    print("still redirected")
    inside.__exit__(None, None, None)
    print("as before")
    assert kept.getvalue() == "redirected\nstill redirected\n"
    assert capsys.readouterr().out == "as before\n"
    assert "write" not in vars(sys.stdout)


def test_stdout_that_is_sent_to_stderr_is_seen_once(written, capsys):
    # As nextmv.redirect_stdout() does.
    with track_run(streams="python"), contextlib.redirect_stdout(sys.stderr):
        print("redirected")
    assert written.run.logs == ["redirected"]
    assert capsys.readouterr() == ("", "redirected\n")


def test_a_wrapper_around_the_stream_is_seen_once(written, capsys):
    class Wrapper:
        def __init__(self, inner):
            self.inner = inner

        def write(self, text):
            return self.inner.write(text.upper())

        def flush(self):
            self.inner.flush()

    with track_run("outer", streams="python"):
        with contextlib.redirect_stdout(Wrapper(sys.stdout)):
            with track_run("inner", streams="python"):
                print("once")
    assert [len(run.logs) for run in written.runs] == [1, 1]
    assert capsys.readouterr().out == "ONCE\n"


def test_a_change_of_write_that_came_later_stays(written, capsys):
    seen = []
    stream = sys.stdout
    block = track_run(streams="python")
    block.__enter__()
    ours = stream.write

    def theirs(text):
        seen.append(text)
        return ours(text)

    stream.write = theirs
    block.__exit__(None, None, None)
    print("afterwards")
    assert seen == ["afterwards", "\n"]
    assert stream.write is theirs
    del stream.write
    assert written.run.logs == []


def test_a_stream_that_lets_nothing_be_replaced_is_left_alone(
    written, as_for_users, caplog
):
    class Closed:
        __slots__ = ("texts",)

        def write(self, text):
            self.texts = text

        def flush(self):
            pass

    stream = Closed()
    with contextlib.redirect_stdout(stream), track_run(streams="python"):
        sys.stdout.write("x")
    assert stream.texts == "x"
    assert "what is printed to sys.stdout is not recorded: a Closed" in caplog.text


def test_no_stream_at_all_is_no_error(written, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with track_run(streams="python"):
        print("nowhere")
    assert written.run.status == "succeeded"


def test_an_error_of_the_stream_is_the_users(written, monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    with contextlib.redirect_stdout(Full()), pytest.raises(OSError, match="No space"):
        with track_run(streams="python"):
            print("x")
    assert written.run.status == "failed"


def test_a_record_that_a_handler_prints_is_one_line(written, capsys):
    logger = logging.getLogger("tests.printed")
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    try:
        with track_run(streams="python"):
            logger.warning("said once")
            print("and printed", file=sys.stderr)
    finally:
        logger.removeHandler(handler)
    first, second = written.run.logs
    assert first.endswith("WARNING tests.printed: said once")
    assert second == "and printed"
    assert capsys.readouterr().err == "said once\nand printed\n"


def test_a_record_that_is_not_taken_is_a_line_when_it_is_printed(written, capsys):
    logger = logging.getLogger("tests.printed.low")
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    try:
        with track_run("a", streams="python", logs=False):
            with track_run("b", streams="python"):
                logger.warning("low")
    finally:
        logger.removeHandler(handler)
    a, b = written.runs
    assert a.logs == ["low"]
    assert b.logs[0].endswith("WARNING tests.printed.low: low")
    assert len(b.logs) == 1


def test_what_we_warn_about_is_no_line_of_the_model(written, capsys):
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(handler)
    try:
        with track_run(streams="python"):
            safely.warn("something of ours")
    finally:
        logging.getLogger().removeHandler(handler)
    assert "something of ours" in capsys.readouterr().err
    assert written.run.logs == []


def test_text_that_is_no_valid_unicode_is_taken(written):
    with contextlib.redirect_stdout(io.StringIO()), track_run(streams="python"):
        print("lone \ud800")
    assert written.run.logs == ["lone \\ud800"]


def test_a_run_that_fails_has_what_it_printed_before_the_traceback(written, capsys):
    with pytest.raises(ValueError, match="no"), track_run(streams="python"):
        print("before")
        raise ValueError("no")
    assert written.run.logs[0] == "before"
    assert written.run.logs[-1] == "ValueError: no"
    assert "write" not in vars(sys.stdout)


def test_a_generator_prints_into_its_run_only_during_its_steps(written, capsys):
    @tracked(streams="python")
    def steps():
        print("one")
        yield
        print("two")

    for _ in steps():
        print("the consumer's")
    assert written.run.logs == ["one", "two"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_prints_as_before(written, capfd):
    with track_run(streams="python"):
        print("parent", flush=True)
        child = os.fork()
        if child == 0:
            print("child", flush=True)
            os._exit(0)
        os.waitpid(child, 0)
    assert sorted(capfd.readouterr().out.split()) == ["child", "parent"]
    assert written.run.logs == ["parent"]


PROGRAM = """
import logging, sys
from nextmv_autotrack import tracked
logging.basicConfig(level="INFO")

@tracked(streams={streams!r})
def solve(x):
    print("gr\\u00fc\\u00dfe", x)
    sys.stdout.write("partial ")
    logging.info("between")
    sys.stdout.buffer.flush()
    print("done")
    for i in range(3):
        print("\\r", i, end="")
    sys.stdout.writelines(["\\n", "a\\n"])
    sys.stdout.flush()
    sys.stdout.buffer.write(b"\\xff\\n")
    print("err", file=sys.stderr)
solve(1)
print("after")
"""


def printed_by(program: str, home: Path, *flags: str) -> tuple[bytes, bytes]:
    done = subprocess.run(
        [sys.executable, *flags, "-c", program],
        capture_output=True,
        check=True,
        env={
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "utf-8",
            "NEXTMV_AUTOTRACK_DIRECTORY": str(home),
        },
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize("flags", [(), ("-u",)])
def test_a_pipe_gets_the_same_bytes_with_and_without(tmp_path, flags):
    off, on = (
        printed_by(PROGRAM.format(streams=streams), tmp_path, *flags)
        for streams in ("off", "python")
    )
    assert on == off
    assert "grüße 1".encode() in on[0]


@pytest.fixture
def logger():
    logger = logging.getLogger("tests.printed_later")
    logger.propagate = False
    yield logger
    logger.handlers.clear()


def test_a_record_that_a_queue_listener_prints_later_is_one_line(
    written, capsys, logger
):
    waiting = queue.SimpleQueue()
    logger.addHandler(logging.handlers.QueueHandler(waiting))
    listener = logging.handlers.QueueListener(waiting, logging.StreamHandler())
    with track_run(streams="python"):
        logger.warning("said once")
        listener.start()
        listener.stop()
        _in_a_thread(print, "and printed")
    first, second = written.run.logs
    assert first.endswith("said once")
    assert second == "and printed"
    assert capsys.readouterr().err == "said once\n"


def test_a_record_that_a_memory_handler_prints_later_is_one_line(
    written, capsys, logger
):
    held = logging.handlers.MemoryHandler(100, target=logging.StreamHandler())
    logger.addHandler(held)
    with track_run(streams="python"):
        logger.warning("said once")
        held.flush()
    (line,) = written.run.logs
    assert line.endswith("said once")
    assert capsys.readouterr().err == "said once\n"
