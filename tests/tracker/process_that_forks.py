"""A process that tracks calls and makes others of itself; its mode is the argument."""

from __future__ import annotations

import ctypes
import importlib
import io
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from nextmv_autotrack import flush, shutdown, track_run, tracked
from nextmv_autotrack.tracker import TRACKER

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


def child_that_leaves_runs_after_a_flush():
    used()
    wait_for(forked(solve, "child"))
    assert flush(PATIENCE_S)
    os._exit(0)


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


def forks_of_a_busy_process(calls):
    used()

    def work(name):
        for number in range(int(calls)):
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


def closed_pool(method):
    pool = multiprocessing.get_context(method).Pool(2)
    given = [f"{method} {number}" for number in range(20)]
    results = pool.map_async(solve, given, chunksize=3)
    pool.close()
    pool.join()
    assert results.get() == given


def only_a_pool(method):
    """A pool as most programs have it, which ends by terminating its processes."""
    with multiprocessing.get_context(method).Pool(2) as pool:
        given = [f"{method} {number}" for number in range(8)]
        assert pool.map(solve, given) == given


def terminated_pool(method):
    """A pool that is terminated amid its work, when some results are there."""
    pool = multiprocessing.get_context(method).Pool(2)
    given = [f"{method} {number}" for number in range(2000)]
    results = pool.imap_unordered(solve, given)
    with track_run("results", input="results") as run:
        run.output = [next(results) for _ in range(5)]
    pool.terminate()
    pool.join()


def killed_worker(method):
    """A pool of which one process is killed amid a call, when others have returned."""
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        assert list(executor.map(solve, ["one", "two"])) == ["one", "two"]
        try:
            executor.submit(die, signal.SIGKILL).result()
        except BrokenProcessPool:
            pass
        else:
            raise AssertionError


def children_that_die(method):
    """Children that end right after a call, and amid one, without a word to Python."""
    context = multiprocessing.get_context(method)
    ends = [signal.SIGKILL, signal.SIGTERM, None]
    made = [context.Process(target=solve_and_die, args=(end,)) for end in ends]
    made += [context.Process(target=die, args=(end,)) for end in ends]
    for process in made:
        process.start()
    for process in made:
        process.join()
    codes = [-signal.SIGKILL, -signal.SIGTERM, 7]
    assert [process.exitcode for process in made] == codes * 2


def solve_and_die(end):
    solve(f"before {end}")
    die.__wrapped__(end)


@tracked
def die(end):
    if end is None:
        os._exit(7)
    os.kill(os.getpid(), end)
    signal.pause()


def ended_by_the_parent(method):
    """Children that the parent ends amid a call."""
    context = multiprocessing.get_context(method)
    for end in ("terminate", "kill"):
        reading, writing = context.Pipe(duplex=False)
        process = context.Process(target=say_and_wait, args=(end, writing))
        process.start()
        writing.close()
        assert reading.recv() == "amid a call"
        getattr(process, end)()
        process.join()


@tracked(input="name")
def say_and_wait(name, writing):
    solve(f"before {name}")
    writing.send("amid a call")
    signal.pause()


def loky():
    from joblib import Parallel, delayed  # noqa: PLC0415 -- takes half a second
    from joblib.externals.loky import get_reusable_executor  # noqa: PLC0415 -- in that case only

    used()
    given = [f"loky {number}" for number in range(20)]
    assert Parallel(n_jobs=2)(delayed(solve)(one) for one in given) == given
    model = Model()
    assert Parallel(n_jobs=2)([delayed(model.solve)("method")]) == ["method"]
    get_reusable_executor().shutdown(wait=True)
    solve("after")


def other_program():
    """A child that is a program of its own, started amid a run."""
    program = "from tests.tracker.process_that_forks import solve; solve('program')"
    with track_run("outer", input="outer"):
        subprocess.run([sys.executable, "-c", program], check=True)
    used()


def fork_without_hooks():
    """A child that was forked by C code, which tells Python nothing."""
    used()
    pid = ctypes.PyDLL(None).fork()
    if not pid:
        code = 1
        try:
            solve("child")
            solve("child, again")
            code = 0
        finally:
            os._exit(code)
    solve("after")
    wait_for(pid)


def held_by_another_thread(name):
    """A lock that a thread of the parent holds while the child is forked."""
    lock, is_taken, may_go = lock_named(name), threading.Event(), threading.Event()

    def hold():
        with lock:
            is_taken.set()
            may_go.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    is_taken.wait()

    def child():
        with track_run("child", input="child") as run:
            logging.getLogger("model").warning("a line")
            run.log("another")
        # Python does not let go of the lock of a module that a thread was importing.
        assert flush(PATIENCE_S) or name == "of a module"

    pid = forked(child)
    wait_for(pid)
    may_go.set()
    thread.join()
    solve("after")


def lock_named(name):
    handler = logging.StreamHandler(io.StringIO())
    logging.getLogger("model").addHandler(handler)
    if name == "of the first call":
        return TRACKER._opening
    if name == "of a module":
        return importlib._bootstrap._ModuleLockManager("sqlite3")
    used()
    if name == "of the journal":
        return TRACKER._front.writer._lock
    if name == "of a handler":
        return handler.lock
    return threading.Lock()


def store_that_cannot_be_closed():
    """A fork while a thread has the store open and does not come out of it."""
    is_inside, may_go = threading.Event(), threading.Event()

    def stay():
        with TRACKER._gate.inside(lambda: None):
            is_inside.set()
            may_go.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    is_inside.wait()
    solve("before")

    def child():
        solve("child")
        assert not flush(PATIENCE_S)
        assert not shutdown(PATIENCE_S)
        solve("child, again")

    wait_for(forked(child))
    may_go.set()
    thread.join()
    assert flush(PATIENCE_S)
    solve("after")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
