"""A process that asks for its runs around forks; its mode is the argument."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor

from nextmv_autotrack import NotDeliveredError, flush, last_run, track_run, tracked
from nextmv_autotrack.tracker import TRACKER
from tests.tracker.process_that_forks import PATIENCE_S, forked, wait_for

# Python's own, about any thread at all; the model decides whether it forks.
warnings.filterwarnings("ignore", ".*multi-threaded, use of fork", DeprecationWarning)


@tracked
def solve(data):
    return data


def run_of(data):
    solve(data)
    return last_run()


def child_for_its_own():
    assert run_of("before").wait(PATIENCE_S)

    def child():
        run = run_of("child")
        assert run.wait(PATIENCE_S)
        assert run.result(PATIENCE_S).id == run.platform_run_id

    wait_for(forked(child))


def child_for_the_parents():
    run = run_of("before")

    def child():
        assert run.wait(PATIENCE_S)
        assert run.url

    wait_for(forked(child))


def child_for_one_that_is_open():
    with track_run("outer", input="before") as run:

        def child():
            try:
                run.wait()
            except NotDeliveredError as reason:
                assert "in progress" in str(reason)  # noqa: PT017 -- this is no test
            else:
                raise AssertionError

        wait_for(forked(child))
    assert run.wait(PATIENCE_S)


def thread_while_others_fork():
    # The first call of all imports modules, and no fork waits for a call.
    solve("before")
    found = []

    def ask():
        found.extend(run_of(f"thread {at}").wait(PATIENCE_S) for at in range(20))

    thread = threading.Thread(target=ask)
    thread.start()
    children = []
    while thread.is_alive() and len(children) < 10:
        pid = forked(lambda: run_of(f"child {len(children)}").wait(PATIENCE_S))
        wait_for(pid)
        children.append(pid)
    thread.join()
    assert len({*found}) == 20


def parent_for_those_of_a_pool(method):
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        runs = [*pool.map(run_of, [f"pool {number}" for number in range(4)])]
        assert len({run.wait(PATIENCE_S) for run in runs}) == 4


def child_that_leaves_the_store_alone():
    """A fork while a thread has the store open and does not come out of it."""
    assert run_of("before").wait(PATIENCE_S)
    is_inside, may_go = threading.Event(), threading.Event()

    def stay():
        with TRACKER._gate.inside(lambda: None):
            is_inside.set()
            may_go.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    is_inside.wait()

    def child():
        run = run_of("child")
        assert run.url is None
        try:
            run.wait()
        except NotDeliveredError as reason:
            assert "waits on disk" in str(reason)  # noqa: PT017 -- this is no test
        else:
            raise AssertionError

    wait_for(forked(child))
    may_go.set()
    thread.join()
    assert flush(PATIENCE_S)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
