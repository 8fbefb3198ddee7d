"""What `nextmv.log` is given is a log line, and is printed as before."""

from __future__ import annotations

import contextlib
import io

import pytest

from nextmv_autotrack import track_run

logger = pytest.importorskip("nextmv.logger")
log = logger.log


def test_it_is_a_line_of_the_run_and_is_printed(written, capsys):
    with track_run():
        log("two vehicles")
    assert written.run.logs == ["two vehicles"]
    assert capsys.readouterr() == ("", "two vehicles\n")


@pytest.mark.parametrize("streams", ["off", "python", "fd"])
def test_it_is_one_line_whatever_else_is_recorded(written, capfd, streams):
    with track_run(streams=streams):
        log("once")
        log(["a", 1])
    assert written.run.logs == ["once", "['a', 1]"]
    assert capfd.readouterr().err == "once\n['a', 1]\n"


def test_it_is_a_line_without_logging_records_too(written, capsys):
    with track_run(logs=False):
        log("always")
    assert written.run.logs == ["always"]


def test_outside_of_runs_it_is_only_printed(written, capsys):
    with track_run():
        pass
    log("outside")
    assert capsys.readouterr().err == "outside\n"
    assert written.run.logs == []


def test_a_value_is_asked_for_its_text_once_and_its_error_is_the_users(written):
    class Counted:
        asked = 0

        def __str__(self):
            self.asked += 1
            if self.asked > 1:
                raise ValueError("asked again")
            return "text"

    value = Counted()
    with contextlib.redirect_stderr(io.StringIO()), track_run():
        log(value)
        with pytest.raises(ValueError, match="asked again"):
            log(value)
    assert written.run.logs == ["text"]


def test_redirecting_stdout_as_nextmv_does_changes_nothing(written, capsys):
    with track_run(streams="python"):
        logger.redirect_stdout()
        try:
            print("for stderr")
            log("a line")
        finally:
            logger.reset_stdout()
        print("for stdout")
    assert written.run.logs == ["for stderr", "a line", "for stdout"]
    assert capsys.readouterr() == ("for stdout\n", "for stderr\na line\n")
