"""A process that tracks calls and makes others of itself; its mode is the argument."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor

from nextmv_autotrack import flush, shutdown, track_run, tracked

PATIENCE_S = 20

# Python's own, about any thread at all; the model decides whether it forks.
warnings.filterwarnings("ignore", ".*multi-threaded, use of fork", DeprecationWarning)


@tracked
def solve(data):
    return data


class Model:
    @tracked
    def solve(self, data):
        return data


def forked(do, *args):
    """Do something in a forked child, which ends without a word to Python."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            do(*args)
            code = 0
        finally:
            os._exit(code)
    return pid


def wait_for(*pids):
    for pid in pids:
        _, status = os.waitpid(pid, 0)
        assert status == 0, status


def used():
    """Track a call, and wait until the thread has moved it."""
    solve("before")
    assert flush(PATIENCE_S)


def child_that_ends_as_a_program():
    used()
    pid = os.fork()
    solve("after" if pid else "child")
    if pid:
        wait_for(pid)


def child_that_flushes():
    used()

    def child():
        solve("child")
        assert flush(PATIENCE_S)

    pid = forked(child)
    solve("after")
    assert flush(PATIENCE_S)
    wait_for(pid)


def child_that_is_waited_for():
    used()

    def child():
        solve("child")
        assert flush(PATIENCE_S)

    wait_for(forked(child))
    solve("after")
    assert flush(PATIENCE_S)


def child_that_is_killed():
    used()

    def child():
        solve("child")
        os.kill(os.getpid(), signal.SIGKILL)

    os.waitpid(forked(child), 0)
    solve("after")


def child_that_tracks_nothing():
    used()
    wait_for(forked(int))
    solve("after")


def parent_that_has_shut_down():
    used()
    assert shutdown(PATIENCE_S)
    pid = forked(solve, "child")
    solve("after")
    wait_for(pid)


def grandchild():
    used()

    def child():
        solve("child")
        pid = forked(solve, "grandchild")
        solve("child, after")
        wait_for(pid)

    wait_for(forked(child))


def fork_of_a_thread():
    used()
    thread = threading.Thread(target=lambda: wait_for(forked(solve, "child")))
    thread.start()
    thread.join()
    solve("after")


def fork_inside_a_run():
    used()
    with track_run("outer", input="outer") as run:
        run.log("before")
        pid = os.fork()
        run.log("parent" if pid else "child")
        solve("inside, parent" if pid else "inside, child")
    solve("after, parent" if pid else "after, child")
    if pid:
        wait_for(pid)


def forks_of_a_busy_process():
    used()

    def work(name):
        for number in range(100):
            solve(f"{name} {number}")

    threads = [threading.Thread(target=work, args=(f"thread {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    wait_for(*[forked(work, f"child {n}") for n in range(8)])
    for thread in threads:
        thread.join()


def daemon():
    """A child that outlives its parent, when both have had the store open."""
    used()
    done, doing = os.pipe()
    alive, living = os.pipe()
    if os.fork():
        os.close(alive)
        os.read(done, 1)
        solve("parent")
        return
    os.close(living)
    solve("child")
    assert flush(PATIENCE_S)
    os.write(doing, b"x")
    os.read(alive, 1)  # until the parent is gone
    solve("child, alone")
    assert flush(PATIENCE_S)


def fork_during_the_first_move():
    """A child that is forked when the thread of its parent has hardly begun."""
    importing, forking, parent = threading.Event(), threading.Event(), os.getpid()

    class Slow:
        def find_spec(self, name, path=None, target=None):
            if name == "sqlite3" and os.getpid() == parent:
                importing.set()
                forking.wait()

    sys.meta_path.insert(0, Slow())
    os.register_at_fork(before=forking.set)
    solve("before")
    importing.wait()

    def child():
        solve("child")
        assert flush(PATIENCE_S)

    wait_for(forked(child))


def processes(method):
    used()
    context = multiprocessing.get_context(method)
    made = [
        context.Process(target=function, args=(f"{method} {number}",))
        for number, function in enumerate([solve, Model().solve])
    ]
    for process in made:
        process.start()
    for process in made:
        process.join()
        assert process.exitcode == 0
    solve("after")


def pool(method):
    used()
    with multiprocessing.get_context(method).Pool(2) as pool:
        given = [f"{method} {number}" for number in range(20)]
        assert pool.map(solve, given) == given
    solve("after")


def executor(method):
    used()
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        given = [f"{method} {number}" for number in range(20)]
        assert list(executor.map(solve, given)) == given
    solve("after")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
