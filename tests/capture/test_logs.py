"""Logging records become log lines, and logging stays as the user set it up."""

from __future__ import annotations

import io
import logging
import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from nextmv_autotrack import safely, track_run, tracked

ROOT = Path(__file__).parents[2]


@pytest.fixture
def logger(request):
    """A logger of the test's own that sends nothing anywhere."""
    logger = logging.getLogger(f"tests.{request.node.originalname}")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    yield logger
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


def _without_pytest(logger):
    """Take the handlers away that pytest has added, which format, and raise."""
    logger.handlers[:] = [logging.NullHandler()]


def _said(run):
    """What the lines say, behind time, level and logger."""
    return [re.sub(r"^\S+ \S+ \S+: ", "", line) for line in run.logs]


def test_a_line_carries_time_level_and_logger(written, logger):
    with track_run():
        logger.warning("gap %.1f %%", 2.5)
    (line,) = written.run.logs
    assert re.fullmatch(
        rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z WARNING {re.escape(logger.name)}: "
        r"gap 2\.5 %",
        line,
    )


def test_the_time_of_a_line_is_that_of_the_record(written, logger):
    record = logger.makeRecord(logger.name, 20, "f.py", 1, "hello", (), None)
    with track_run():
        for created in (0.25, 1_790_000_000.9996, 1_790_000_000.0):
            record.created = created
            logger.handle(record)
    assert [line.split()[0] for line in written.run.logs] == [
        "1970-01-01T00:00:00.250Z",
        "2026-09-21T14:13:20.999Z",
        "2026-09-21T14:13:20.000Z",
    ]


def test_loggers_that_do_not_propagate_are_seen(written, logger):
    child = logger.getChild("deep")
    with track_run():
        logger.info("a")
        child.info("b")
    assert _said(written.run) == ["a", "b"]


def test_records_of_the_root_logger_are_seen(written, caplog):
    with track_run():
        logging.getLogger().warning("from the root")
    assert _said(written.run) == ["from the root"]


def test_no_handler_is_added_and_no_level_changed(written, logger):
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.root.manager.disable)
    own = (list(logger.handlers), logger.level)
    with track_run():
        logger.info("x")
    assert (list(root.handlers), root.level, logging.root.manager.disable) == before
    assert (list(logger.handlers), logger.level) == own


def test_basic_config_works_after_a_tracked_call(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            """
import logging
from nextmv_autotrack import tracked
log = logging.getLogger('model')
@tracked
def solve():
    log.warning('before')
    logging.basicConfig(format='mine: %(message)s', level='INFO')
    log.info('after')
solve()
assert len(logging.getLogger().handlers) == 1
""",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={
            "PYTHONPATH": str(ROOT),
            "NEXTMV_AUTOTRACK_DIRECTORY": str(tmp_path),
            "NEXTMV_AUTOTRACK_FLUSH_TIMEOUT": "0",
        },
    )
    assert done.stderr == "before\nmine: after\n"


def test_handlers_get_the_same_records_as_before(written, logger):
    stream = io.StringIO()
    logger.addHandler(logging.StreamHandler(stream))
    with track_run():
        logger.info("a %s", "b")
    assert stream.getvalue() == "a b\n"


def test_records_below_the_level_of_their_logger_are_not_taken(written, logger):
    logger.setLevel(logging.WARNING)
    with track_run():
        logger.info("too low")
        logger.warning("high enough")
    assert _said(written.run) == ["high enough"]


def test_disabled_and_filtered_records_are_not_taken(written, logger):
    with track_run():
        logging.disable(logging.INFO)
        try:
            logger.info("disabled")
        finally:
            logging.disable(logging.NOTSET)
        logger.disabled = True
        logger.error("disabled")
        logger.disabled = False
        logger.addFilter(lambda record: "secret" not in record.getMessage())
        logger.error("secret")
        logger.error("open")
        logger.filters.clear()
    assert _said(written.run) == ["open"]


def test_the_lowest_level_may_be_set(written, logger):
    with track_run(logs="warning"):
        logger.info("low")
        logger.warning("high")
    with track_run(logs=logging.ERROR):
        logger.warning("low")
        logger.error("high")
    assert [_said(run) for run in written.runs] == [["high"], ["high"]]


def test_logs_may_be_switched_off(written, logger):
    with track_run(logs=False) as run:
        logger.critical("x")
        run.log("by hand")
    assert written.run.logs == ["by hand"]


def test_a_record_belongs_to_the_innermost_run_and_to_its_parents(written, logger):
    with track_run("outer"):
        logger.info("1")
        with track_run("inner"):
            logger.info("2")
        with track_run("sibling"):
            logger.info("3")
        logger.info("4")
    said = {run.name: _said(run) for run in written.runs}
    assert said == {"outer": ["1", "2", "3", "4"], "inner": ["2"], "sibling": ["3"]}


def test_a_parent_takes_what_its_child_does_not_want(written, logger):
    with track_run("outer"), track_run("inner", logs=False):
        logger.info("x")
    assert [_said(run) for run in written.runs] == [["x"], []]


def test_a_record_outside_of_runs_belongs_to_none(written, logger):
    with track_run():
        pass
    logger.info("outside")
    assert written.run.logs == []


def _in_a_thread(function, *args):
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()


def test_a_record_from_a_thread_without_a_run_belongs_to_the_only_open_run(
    written, logger
):
    with track_run():
        _in_a_thread(logger.info, "from a pool")
    assert _said(written.run) == ["from a pool"]


def test_a_record_from_a_thread_without_a_run_belongs_to_none_of_two(written, logger):
    entered = threading.Barrier(2, timeout=20)
    done = threading.Event()

    def other():
        with track_run("other"):
            entered.wait()
            done.wait(20)

    thread = threading.Thread(target=other)
    thread.start()
    with track_run("one"):
        entered.wait()
        _in_a_thread(logger.info, "whose?")
        logger.info("mine")
    done.set()
    thread.join()
    assert {run.name: _said(run) for run in written.runs} == {
        "one": ["mine"],
        "other": [],
    }


def test_our_own_logger_is_not_taken(written, as_for_users, caplog):
    with track_run():
        safely.warn("something of ours")
        logging.getLogger("nextmv_autotrack.upload").error("ours, too")
    assert written.run.logs == []
    assert len(caplog.records) == 2


def test_a_logger_of_the_users_with_a_similar_name_is_taken(written, caplog):
    with track_run():
        logging.getLogger("nextmv_autotrack_model").warning("mine")
    assert _said(written.run) == ["mine"]


def test_what_libraries_log_on_our_threads_is_not_taken(written, logger):
    with track_run():
        thread = threading.Thread(
            target=logger.info, args=("upload",), name="nextmv-autotrack-upload-1"
        )
        thread.start()
        thread.join()
    assert written.run.logs == []


def test_an_exception_in_a_record_brings_its_traceback(written, logger):
    with track_run():
        try:
            raise KeyError("depot")
        except KeyError:
            logger.exception("could not read")
    logs = written.run.logs
    assert logs[0].endswith("ERROR " + logger.name + ": could not read")
    assert logs[1] == "Traceback (most recent call last):"
    assert logs[-1] == "KeyError: 'depot'"


def test_a_record_with_a_stack_brings_it(written, logger):
    with track_run():
        logger.info("here", stack_info=True)
    assert written.run.logs[1] == "Stack (most recent call last):"


def test_exc_info_without_an_exception_is_harmless(written, logger):
    with track_run():
        logger.error("none", exc_info=True)  # noqa: LOG014 -- there is none on purpose
    assert _said(written.run) == ["none"]


class Broken:
    def __str__(self):
        raise ValueError

    __repr__ = __str__


@pytest.mark.parametrize(
    ("message", "args"),
    [
        ("%d vehicles", ("many",)),
        ("%s and %s", ("one",)),
        ("none", ("one",)),
        ("%s", (Broken(),)),
        (Broken(), ()),
    ],
    ids=["type", "too few", "too many", "broken argument", "broken message"],
)
def test_arguments_that_do_not_fit_still_give_a_line(written, logger, message, args):
    _without_pytest(logger)
    with track_run():
        logger.info(message, *args)
        logger.info("next")
    assert len(written.run.logs) == 2
    assert "INFO" in written.run.logs[0]
    assert _said(written.run)[1] == "next"


def test_a_record_that_logs_while_it_is_formatted_is_taken(written, logger):
    _without_pytest(logger)

    class Talkative:
        def __str__(self):
            logger.info("being printed")
            return "talkative"

    with track_run():
        logger.info("%s", Talkative())
    assert _said(written.run) == ["being printed", "talkative"]


def test_a_record_of_several_lines_keeps_them(written, logger):
    with track_run():
        logger.info("a\nb\n")
    assert len(written.run.logs) == 2
    assert written.run.logs[1] == "b"


def test_text_that_is_no_valid_unicode_is_taken(written, logger):
    with track_run() as run:
        logger.info("lone \ud800")
        run.log("by hand \udce9")
    assert written.run.logs[0].endswith("lone \\ud800")
    assert written.run.logs[1] == "by hand \\udce9"


def test_of_a_log_longer_than_max_log_the_middle_is_counted_and_left_out(written):
    with track_run(max_log=1024) as run:
        for number in range(100):
            run.log(f"line {number:03d} {'x' * 11}")
    logs = written.run.logs
    (gap,) = [index for index, line in enumerate(logs) if "left out" in line]
    head, tail = logs[:gap], logs[gap + 1 :]
    assert logs[gap].startswith(f"... {100 - len(head) - len(tail)} log lines")
    assert "max_log" in logs[gap]
    numbers = [int(line.split()[1]) for line in head + tail]
    assert numbers == [*range(len(head)), *range(100 - len(tail), 100)]
    # Each takes half of it, as far as whole lines do.
    assert len(head) == len(tail) == 512 // len(f"{head[0]}\n")


def test_a_log_of_just_max_log_is_whole(written):
    with track_run(max_log=1024) as run:
        for _ in range(64):
            run.log("fifteen letters")
    assert written.run.logs == ["fifteen letters"] * 64


def test_of_one_piece_longer_than_max_log_the_middle_is_left_out(written):
    with track_run(max_log=1024) as run:
        run.log("first")
        run.log("\n".join(f"{number:04d}" for number in range(1000)))
        run.log("last")
    logs = written.run.logs
    assert logs[:2] == ["first", "0000"]
    assert logs[-2:] == ["0999", "last"]
    (gap,) = [line for line in logs if "left out" in line]
    assert gap.startswith(f"... {1002 - (len(logs) - 1)} log lines")


def test_of_one_line_longer_than_max_log_the_end_is_kept(written):
    with track_run(max_log=1024) as run:
        run.log("x" * 5000 + "end")
    assert written.run.logs[-1].endswith("xend")
    assert len(written.run.logs[-1]) == 511


def test_the_head_of_a_long_log_is_written_at_once(written):
    with track_run(max_log=1024) as run:
        for number in range(100):
            run.log(f"line {number:03d}")
        assert written.run.logs == [f"line {number:03d}" for number in range(56)]


def test_the_traceback_is_kept_when_there_is_no_room_for_lines(written, logger):
    with pytest.raises(ValueError, match="no"), track_run(max_log=1024):
        for _ in range(50):
            logger.info("x" * 70)
        raise ValueError("no")
    assert written.run.logs[-1] == "ValueError: no"


def test_lines_by_hand_go_to_that_run_alone(written):
    with track_run("outer") as outer, track_run("inner") as inner:
        outer.log("to the outer")
        inner.log({"a": 1})
    assert [run.logs for run in written.runs] == [["to the outer"], ["{'a': 1}"]]


def test_a_text_that_cannot_be_had_is_no_line_and_no_error(written, as_for_users):
    with track_run() as run:
        run.log(Broken())
        run.log("next")
    assert "next" in written.run.logs


def test_warnings_point_where_they_pointed(written):

    @tracked
    def solve():
        warnings.warn("slow", UserWarning, stacklevel=1)

    with pytest.warns(UserWarning, match="slow") as caught:
        solve()
    assert caught[0].filename == __file__


def test_a_record_says_where_it_was_logged_as_before(written, logger, caplog):
    logger.addHandler(caplog.handler)

    @tracked
    def solve():
        logger.info("here")

    solve()
    (record,) = caplog.records
    assert (record.funcName, record.pathname) == ("solve", __file__)


def test_other_changes_of_the_choke_point_are_left_in_place(
    written, logger, monkeypatch
):
    seen = []
    ours = logging.Logger.callHandlers

    def theirs(self, record):
        seen.append(record.getMessage())
        ours(self, record)

    with track_run():
        monkeypatch.setattr(logging.Logger, "callHandlers", theirs)
        logger.info("both")
    assert seen == ["both"]
    assert _said(written.run) == ["both"]
