from __future__ import annotations

import subprocess
import sys
import threading
import weakref

import pytest

from nextmv_autotrack.upload.crew import THREAD_NAME, Crew


def crew_threads():
    return [one for one in threading.enumerate() if one.name == THREAD_NAME]


@pytest.fixture
def new_crew():
    crews, before = [], crew_threads()

    def new(threads):
        crews.append(Crew(threads))
        return crews[-1]

    yield new
    for crew in crews:
        crew.close()
    for thread in crew_threads():
        if thread not in before:
            thread.join(10)
            assert not thread.is_alive()


def test_a_job_is_done_elsewhere_and_its_result_comes_back(new_crew):
    future = new_crew(1).submit(threading.get_ident)
    assert future.result(10) != threading.get_ident()


def test_arguments_are_handed_on(new_crew):
    assert new_crew(1).submit(divmod, 7, 2).result(10) == (3, 1)


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_a_job_raises_goes_into_its_future_and_the_thread_lives_on(new_crew, kind):
    crew = new_crew(1)

    def fail():
        raise kind("no")

    assert isinstance(crew.submit(fail).exception(10), kind)
    assert crew.submit(int).result(10) == 0


def test_no_thread_is_there_before_there_is_a_job(new_crew):
    before = len(crew_threads())
    new_crew(3)
    assert len(crew_threads()) == before


def test_an_idle_thread_is_used_again(new_crew):
    crew = new_crew(5)
    idents = set()
    for _ in range(20):
        idents.add(crew.submit(threading.get_ident).result(10))
        while not crew._idle:
            pass
    assert len(idents) == 1


def test_there_are_never_more_threads_than_the_bound(new_crew):
    crew, free = new_crew(2), threading.Event()
    before = len(crew_threads())
    futures = [crew.submit(free.wait, 10) for _ in range(20)]
    assert len(crew_threads()) - before == 2
    free.set()
    assert all(future.result(10) for future in futures)


def test_jobs_are_done_side_by_side(new_crew):
    crew, meeting = new_crew(3), threading.Barrier(3, timeout=10)
    futures = [crew.submit(meeting.wait) for _ in range(3)]
    assert sorted(future.result(10) for future in futures) == [0, 1, 2]


def test_a_job_nobody_has_begun_can_be_taken_back(new_crew):
    crew, free, done = new_crew(1), threading.Event(), []
    busy = crew.submit(free.wait, 10)
    offered = crew.submit(done.append, 1)
    assert offered.cancel()
    free.set()
    busy.result(10)
    crew.submit(int).result(10)
    assert done == []


def test_with_no_thread_allowed_every_job_can_be_taken_back(new_crew):
    crew = new_crew(0)
    assert all(crew.submit(int).cancel() for _ in range(3))


def test_it_tells_whether_there_is_any_thread(new_crew):
    manned, unmanned = new_crew(1), new_crew(0)
    assert not manned.is_manned
    manned.submit(int).result(10)
    unmanned.submit(int).cancel()
    assert manned.is_manned
    assert not unmanned.is_manned


def refuse_to_start(self):
    raise RuntimeError("can't start new thread")


def test_when_no_thread_can_be_started_every_job_can_be_taken_back(
    new_crew, monkeypatch
):
    crew = new_crew(2)
    with monkeypatch.context() as patch:
        # Cannot be had for real without exhausting the machine.
        patch.setattr(threading.Thread, "start", refuse_to_start)
        assert crew.submit(int).cancel()
    assert crew.submit(int).result(10) == 0


def test_when_no_other_thread_can_be_started_the_ones_there_do_it(
    new_crew, monkeypatch
):
    crew, free = new_crew(2), threading.Event()
    busy = crew.submit(free.wait, 10)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse_to_start)
        second = crew.submit(int)
    free.set()
    assert busy.result(10)
    assert second.result(10) == 0


def test_jobs_that_are_taken_back_do_not_pile_up_where_there_is_no_thread(new_crew):
    class Payload:
        pass

    payload = Payload()
    gone = weakref.ref(payload)
    new_crew(0).submit(id, payload).cancel()
    del payload
    assert gone() is None


def test_a_job_that_is_done_is_not_kept_by_an_idle_thread(new_crew):
    class Payload:
        pass

    crew, payload = new_crew(1), Payload()
    gone = weakref.ref(payload)
    crew.submit(id, payload).result(10)
    # The second job begins after the thread has let go of the first.
    crew.submit(int).result(10)
    del payload
    assert gone() is None


def test_after_close_the_jobs_that_are_there_are_done_and_no_others(new_crew):
    crew, free = new_crew(1), threading.Event()
    busy, next_one = crew.submit(free.wait, 10), crew.submit(int)
    crew.close()
    late = crew.submit(int)
    free.set()
    assert busy.result(10)
    assert next_one.result(10) == 0
    assert late.cancel()


def test_nothing_at_exit_waits_for_a_job_without_end():
    code = (
        "import threading;"
        "from nextmv_autotrack.upload.crew import Crew;"
        "began = threading.Event();"
        "Crew(1).submit(lambda: (began.set(), threading.Event().wait()));"
        "began.wait();"
        "print('end')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=20, check=True
    )
    assert ended.stdout.split() == [b"end"]
    assert ended.stderr == b""


def test_at_exit_a_job_can_be_taken_back_when_no_thread_may_start_any_more():
    code = (
        "import atexit;"
        "from nextmv_autotrack.upload.crew import Crew;"
        "crew = Crew(1);"
        "at_end = lambda: (f := crew.submit(int)).cancel() or f.result(10);"
        "atexit.register(lambda: print(at_end()))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=20, check=True
    )
    assert ended.stdout.split() in ([b"True"], [b"0"])
    assert ended.stderr == b""
