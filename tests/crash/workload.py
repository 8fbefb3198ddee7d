"""A process that makes tracked calls by chance, and dies at a time it is told."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
import warnings
from contextlib import suppress
from itertools import count
from pathlib import Path

from nextmv_autotrack import current_run, flush, shutdown, track_run, tracked
from tests.crash.calls import (
    BEGINS,
    HEAVY_KINDS,
    INSIDE,
    KINDS,
    LOGGED,
    RETURNED,
    Notes,
    given,
    kind_of,
    lines,
    new_id,
    reason,
    result,
)
from tests.crash.deaths import WAYS, Death, enter

# Whoever was to end this process has failed to.
LATEST_S = 60.0

SLOW_S = 0.6

# A process of a pool that has died never brings its result.
PATIENCE_S = 2.0

# Python's own, about any thread at all; the model decides whether it forks.
warnings.filterwarnings("ignore", ".*multi-threaded, use of fork", DeprecationWarning)

NOTES: Notes
DEATH: Death


def inside(call: str) -> None:
    """Do what every call does in its function."""
    NOTES.note(INSIDE, call)
    run = current_run()
    assert run is not None
    for line in lines(call):
        run.log(line)
        NOTES.note(LOGGED, call)
    time.sleep(SLOW_S if kind_of(call) == "slow" else random.random() * 0.005)  # noqa: S311 -- no secret
    DEATH.in_a_call()


@tracked
def solve(data: dict[str, str]) -> list[str]:
    call = data["call"]
    inside(call)
    if kind_of(call) == "failing":
        raise ValueError(reason(call))
    return result(call)


@tracked(input="data")
def solve_outer(data: dict[str, str], author: Author) -> list[str]:
    inside(data["call"])
    author.call("inner")
    return result(data["call"])


@tracked
def solve_inner(data: dict[str, str]) -> list[str]:
    inside(data["call"])
    return result(data["call"])


def block(call: str) -> None:
    with track_run("block", input=given(call)) as run:
        inside(call)
        if kind_of(call) == "told":
            run.fail(reason(call))
        run.output = result(call)


class Author:
    """Makes calls one after another, and others that make some, too."""

    def __init__(
        self, name: str, seed: int, most: int = 0, *, is_heavy: bool = False
    ) -> None:
        self._name = name
        self._seed = seed
        self._kinds = HEAVY_KINDS if is_heavy else KINDS
        self._chance = random.Random(f"{name} {seed}")  # noqa: S311 -- to be repeated
        self._left = most
        self._numbers = count()
        self._children = count()
        self._threads: list[threading.Thread] = []

    def call(self, kind: str) -> None:
        """Make a call; what happened is noted before it and after it."""
        call = new_id(self._name, next(self._numbers), kind)
        NOTES.note(BEGINS, call)
        with suppress(ValueError):
            if kind in {"block", "told"}:
                block(call)
            elif kind == "outer":
                solve_outer(given(call), self)
            elif kind == "inner":
                solve_inner(given(call))
            else:
                solve(given(call))
        NOTES.note(RETURNED, call)

    def some_call(self) -> None:
        (kind,) = self._chance.choices([*self._kinds], [*self._kinds.values()])
        self.call(kind)

    def some_calls(self, most: int) -> None:
        for _ in range(self._chance.randint(1, most)):
            self.some_call()

    def work(self) -> None:
        """Go on until it is time to end."""
        doings = {
            self.some_call: 60,
            self.threads: 6,
            self.fork: 8,
            self.fork_in_a_run: 3,
            self.process: 4,
            self.pool: 2,
            self.wait_for_all: 4,
            self.end_the_thread: 2,
        }
        until = time.monotonic() + LATEST_S
        self.some_call()
        while not DEATH.is_at_the_end:
            if time.monotonic() > until:
                sys.exit("nobody has ended this process")
            if next(self._numbers) < self._left:
                (do,) = self._chance.choices([*doings], [*doings.values()])
                do()
            elif DEATH.waits_for_a_call:
                self.call("tiny")
            time.sleep(min(self._chance.expovariate(30), 0.2))

    def _child(self, mark: str) -> Author:
        return Author(f"{self._name}.{mark}{next(self._children)}", self._seed)

    def threads(self) -> None:
        """Have others call, too, while this one goes on, and may fork."""
        for thread in self._threads:
            thread.join()
        children = [self._child("t") for _ in range(3)]
        self._threads = [
            threading.Thread(target=one.some_calls, args=(4,), daemon=True)
            for one in children
        ]
        for thread in self._threads:
            thread.start()

    def fork(self) -> None:
        child = self._child("f")
        pid = os.fork()
        if not pid:
            child.be_a_child()
        if self._chance.random() < 0.5:
            os.waitpid(pid, 0)

    def be_a_child(self) -> None:
        """Make some calls, and end in one of the ways of a forked child."""
        code = 1
        try:
            self.some_calls(4)
            ending = self._chance.randrange(3)
            if ending == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            if ending == 1:
                flush(0.5)
            code = 0
        finally:
            os._exit(code)

    def fork_in_a_run(self) -> None:
        child = self._child("i")
        call = new_id(self._name, next(self._numbers), "block")
        NOTES.note(BEGINS, call)
        with track_run("around", input=given(call)) as run:
            inside(call)
            if not os.fork():
                child.be_a_child()
            run.output = result(call)
        NOTES.note(RETURNED, call)

    def process(self) -> None:
        method = self._chance.choice(["fork", "fork", "spawn"])
        child = self._child("m")
        process = multiprocessing.get_context(method).Process(
            target=be_a_process, args=(child._name, self._seed, sys.argv[1:])
        )
        process.start()
        if self._chance.random() < 0.5:
            self.some_call()
        process.join()

    def pool(self) -> None:
        names = [self._child("p")._name for _ in range(6)]
        given = [(name, self._seed, None) for name in names]
        with multiprocessing.get_context("fork").Pool(2) as pool:
            asked = pool.starmap_async(be_a_process, given, chunksize=1)
            if self._chance.random() < 0.5:
                asked.wait(PATIENCE_S)
            else:
                asked.wait(self._chance.random() * 0.05)
        # Left so, it is terminated, and its processes with SIGTERM.

    def wait_for_all(self) -> None:
        flush(self._chance.random())

    def end_the_thread(self) -> None:
        shutdown(self._chance.random() * 0.2)


def be_a_process(name: str, seed: int, arguments: list[str] | None) -> None:
    """Make some calls in a process of multiprocessing."""
    if "NOTES" not in globals():
        assert arguments is not None
        prepare(arguments)
    Author(name, seed).some_calls(3)


def prepare(arguments: list[str]) -> argparse.Namespace:
    """Set up this process."""
    global NOTES, DEATH  # noqa: PLW0603 -- tracked functions have no other arguments
    parser = argparse.ArgumentParser(prog="python -m tests.crash.workload")
    parser.add_argument("name")
    parser.add_argument("--notes", type=Path, required=True)
    parser.add_argument("--way", choices=[*WAYS], required=True)
    parser.add_argument("--after-s", type=float, required=True)
    parser.add_argument("--in-a-call", action="store_true")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--most", type=int, required=True, help="calls, about")
    parser.add_argument("--is-heavy", action="store_true")
    parser.add_argument("--cage", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.cage is not None:
        enter(chosen.cage)
    NOTES = Notes(chosen.notes)
    DEATH = Death(WAYS[chosen.way], chosen.after_s, in_a_call=chosen.in_a_call)
    return chosen


def main() -> None:
    chosen = prepare(sys.argv[1:])
    author = Author(chosen.name, chosen.seed, chosen.most, is_heavy=chosen.is_heavy)
    author.work()


if __name__ == "__main__":
    main()
