"""A few threads that do small jobs for others, and may be missing."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any, TypeVar

THREAD_NAME = "nextmv-autotrack-upload"

_Result = TypeVar("_Result")


class Crew:
    """Daemon threads, started when they are needed, that take jobs in turn.

    Nobody may be there to take a job: at the end of the interpreter no thread can be
    started, and the bound may be reached. Who needs the result takes the job back
    (`future.cancel()`) and does it; who cannot take it back any more can wait for it.
    Unlike an executor of the standard library, nothing is joined at exit.
    """

    def __init__(self, threads: int) -> None:
        self._bound = threads
        self._changed = threading.Condition()
        self._jobs: deque[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]]
        self._jobs = deque()
        self._threads = 0
        self._idle = 0
        self._closed = False

    @property
    def is_manned(self) -> bool:
        """Whether there is any thread to take a job."""
        return self._threads > 0

    def submit(self, do: Callable[..., _Result], *args: Any) -> Future[_Result]:
        """Offer a job; its result, or what it raised, will be in the future."""
        future: Future[_Result] = Future()
        with self._changed:
            if self._closed:
                return future
            self._jobs.append((future, do, args))
            if self._idle >= len(self._jobs):
                self._changed.notify()
            elif not self._grow() and not self._threads:
                # Nobody would ever take it out.
                self._jobs.pop()
        return future

    def man(self) -> None:
        """Start all threads now: at the end of the interpreter none can be started."""
        with self._changed:
            while self._grow():
                pass

    def close(self) -> None:
        """Let each thread end when there is nothing left to do."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _grow(self) -> bool:
        if self._threads >= self._bound:
            return False
        thread = threading.Thread(target=self._work, name=THREAD_NAME, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._threads += 1
        return True

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._jobs:
                    if self._closed:
                        self._threads -= 1
                        return
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
                job = self._jobs.popleft()
            _do(*job)
            # Not kept while idle: a job may hold a large payload.
            del job


def _do(
    future: Future[_Result], do: Callable[..., _Result], args: tuple[Any, ...]
) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = do(*args)
    except BaseException as error:  # noqa: BLE001 -- it is whose job it was to see
        future.set_exception(error)
    else:
        future.set_result(result)


def side_by_side(
    jobs: Mapping[str, Callable[[], _Result]], crew: Crew
) -> tuple[dict[str, _Result], Exception | None]:
    """Do all jobs, with the crew's help; return what is done, and the first problem.

    One after another in this thread when the crew has none.
    """
    if not jobs:
        return {}, None
    (first, own), *others = jobs.items()
    offered = {name: crew.submit(job) for name, job in others}
    futures = {first: _done_here(own)}
    for name, job in others:
        # Taken back before any is waited for: nobody may ever have time for it.
        if offered[name].cancel():
            is_hopeless = any(future.exception() for future in futures.values())
            if not is_hopeless:
                futures[name] = _done_here(job)
    begun = {name: one for name, one in offered.items() if not one.cancelled()}
    # Nothing of an attempt goes on behind it: the next one, or the end of the
    # connections, may follow at once.
    wait(begun.values())
    return _results({**futures, **begun})


def _done_here(job: Callable[[], _Result]) -> Future[_Result]:
    future: Future[_Result] = Future()
    try:
        future.set_result(job())
    except Exception as problem:  # noqa: BLE001 -- told with the others
        future.set_exception(problem)
    return future


def _results(
    futures: Mapping[str, Future[_Result]],
) -> tuple[dict[str, _Result], Exception | None]:
    done: dict[str, _Result] = {}
    problems: list[Exception] = []
    for name, future in futures.items():
        problem = future.exception()
        if isinstance(problem, Exception):
            problems.append(problem)
        else:
            done[name] = future.result()
    return done, problems[0] if problems else None
