"""`configure`: for the whole process, at any time, from any thread."""

from __future__ import annotations

import threading

import pytest

from nextmv_autotrack import configure, current_run, track_run, tracked
from nextmv_autotrack.settings import Settings, Sources
from nextmv_autotrack.tracker import TRACKER


@tracked
def solve(data, gap=0.1):
    return data


def test_functions_that_were_tracked_before_follow(written):
    solve(1)
    written.sources.configure(name="nightly", options="gap")
    solve(2)
    written.sources.configure(name="weekly", output=lambda result: [result])
    solve(3)
    first, second, third = written.runs
    assert (first.name, second.name, third.name) == ("solve", "nightly", "weekly")
    assert (first.input, second.input) == ({"data": 1, "gap": 0.1}, 2)
    assert second.end["options"] == third.end["options"] == {"gap": "0.1"}
    assert (second.output, third.output) == (2, [3])


def test_a_run_in_progress_goes_on_as_it_began(written):
    with track_run("first") as run:
        written.sources.configure(enabled=False)
        run.log("still here")
        with track_run("second"):
            assert current_run() is run
    assert written.run.name == "first"
    assert written.run.logs == ["still here"]


def test_what_was_configured_before_stays(sources):
    sources.configure(sample=0.5, name="a")
    sources.configure(max_log=2000, name="b")
    settings = sources.resolve()
    assert (settings.sample, settings.max_log, settings.name) == (0.5, 2000, "b")


def test_nothing_changes_nothing(sources):
    before = sources.resolve()
    sources.configure()
    assert sources.resolve() == before
    sources.configure(sample=0.5)
    sources.configure()
    assert sources.resolve().sample == 0.5


def test_nothing_is_read_and_nothing_begins_before_the_first_run(monkeypatch):
    def read(self):
        pytest.fail("something was read")

    monkeypatch.setattr(Sources, "resolve", read)
    monkeypatch.setattr(TRACKER, "sources", Sources({}, complain=pytest.fail))
    configure()
    configure(flush_timeout=3)


def test_a_value_given_to_configure_may_change_afterwards(sources):
    names = ["gap"]
    sources.configure(options=names)
    names.append("limit")
    assert sources.resolve().options == ("gap",)


def test_settings_that_were_resolved_do_not_change(sources):
    settings = sources.resolve()
    sources.configure(sample=0.5)
    assert settings.sample == 1.0
    with pytest.raises(AttributeError):
        settings.sample = 0.25


def test_threads_that_configure_at_once_all_have_their_say(sources):
    names = ["sample", "flush_timeout", "max_log", "max_payload"]
    rounds = range(2000, 2100)
    start = threading.Barrier(len(names))
    found = []

    def work(name):
        start.wait()
        for number in rounds:
            value = number / 3000 if name == "sample" else number
            sources.configure(**{name: value})
            if getattr(sources.resolve(), name) != value:
                found.append((name, value))

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == []
    settings = sources.resolve()
    last = rounds[-1]
    assert settings.sample == last / 3000
    assert (settings.max_log, settings.max_payload) == (last, last)


class Interrupting(dict):
    """Variables; while they are read for the first time, something happens."""

    def __init__(self, happens):
        super().__init__()
        self.happens = [happens]

    def items(self):
        while self.happens:
            self.happens.pop()()
        return super().items()


def test_what_is_configured_while_settings_are_resolved_is_not_lost(tmp_path):
    environ = Interrupting(lambda: sources.configure(sample=0.5))
    sources = Sources(environ, tmp_path, complain=pytest.fail)
    sources.resolve()
    assert sources.resolve().sample == 0.5


def test_settings_can_be_resolved_while_they_are_resolved(tmp_path):
    # As by a signal handler, or by a garbage collection that ends a tracked generator.
    inner = []
    environ = Interrupting(lambda: inner.append(sources.resolve()))
    sources = Sources(environ, tmp_path, complain=pytest.fail)
    assert sources.resolve() == Settings()
    assert inner == [Settings()]
