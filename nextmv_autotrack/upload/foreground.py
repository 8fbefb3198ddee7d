"""Sending in the thread that asks for it: `sync` does, and a process that has no other."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from nextmv_autotrack.clock import Clock
from nextmv_autotrack.journal import Home
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.exchange import SILENCE_TIMEOUT_S
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.sweep import Sweep
from nextmv_autotrack.upload.crew import Crew
from nextmv_autotrack.upload.deliveries import Deliveries

# Whatever comes back wakes who waits; this is for what other processes settle meanwhile.
_LOOK_S = 0.5

# What is on its way when the time is over takes one more step, or two.
LEAST_PATIENCE_S = 1.0

# What is moved in some tenths of a second. A larger journal is left to a process that
# has the time for it.
MOST_BYTES = 32 * 1024 * 1024


class _NoTimeLeft(BaseException):
    """The time is over before the next request; it says nothing of the platform."""


def send(
    store: Store,
    sources: Sources,
    clock: Clock,
    *,
    timeout_s: float,
    show: Callable[[int], None] = lambda _: None,
) -> None:
    """Send until nothing is left that can be sent in the time there is.

    Args:
        store: Has the runs.
        sources: Say where they go.
        clock: Tells the time.
        timeout_s: Nothing is begun later; what is on its way then may still come back.
        show: Called with the number of runs that still wait.
    """
    deadline_s = clock.steady() + timeout_s
    came_back = threading.Event()

    def patience_s() -> float:
        left_s = max(deadline_s - clock.steady(), LEAST_PATIENCE_S)
        return min(left_s, SILENCE_TIMEOUT_S)

    connect = partial(Client.to, patience_s=patience_s)
    with _sender(sources, clock, connect=connect) as deliveries:
        deliveries.wake = came_back.set
        deliveries.man(store)
        while clock.steady() < deadline_s:
            came_back.clear()
            next_s = deliveries.go_on(store)
            left = store.waiting()
            show(left)
            is_at_it = deliveries.is_busy or store.is_with_others(
                None, deliveries.owner
            )
            if not left or (not is_at_it and next_s > deadline_s):
                break
            wait_s = min(next_s, clock.steady() + _LOOK_S, deadline_s) - clock.steady()
            came_back.wait(max(0.0, wait_s))
        # It is nobody else's as long as we live.
        while deliveries.is_busy:
            came_back.clear()
            deliveries.go_on(store, take_more=False)
            if deliveries.is_busy:
                came_back.wait(_LOOK_S)


def send_alone(
    store: Store, sources: Sources, clock: Clock, *, timeout_s: float
) -> tuple[int, str | None]:
    """Move and send, without a thread, what the dead have left.

    At the end of the interpreter no thread can be started. However slow the platform
    is, it ends in time: no answer is waited for longer than that.

    Returns:
        How many runs still wait, and why if that is known.
    """
    deadline_s = clock.steady() + timeout_s

    def patience_s() -> float:
        left_s = deadline_s - clock.steady()
        if left_s <= 0:
            raise _NoTimeLeft
        # For a connection, and for an answer.
        return left_s / 2

    home = Home(sources.resolve().directory)
    sweep = Sweep(store, home)
    for owner in home.owners():
        if clock.steady() < deadline_s and home.size_of(owner) <= MOST_BYTES:
            sweep.owner(owner)
    connect = partial(Client.to, patience_s=patience_s)
    with _sender(sources, clock, crew=lambda: Crew(0), connect=connect) as deliveries:
        pause = threading.Event()
        with suppress(_NoTimeLeft):
            while (next_s := deliveries.go_on(store)) < deadline_s:
                pause.wait(max(0.0, next_s - clock.steady()))
        with suppress(_NoTimeLeft):
            # What had come back when the time was over.
            deliveries.go_on(store, take_more=False)
        return deliveries.unsettled(store, with_children=True), deliveries.problem


@contextmanager
def _sender(sources: Sources, clock: Clock, **means: Any) -> Iterator[Deliveries]:
    """Be known as alive to other processes, which leave alone what is claimed here."""
    owner = f"{os.getpid()}-sync-{secrets.token_hex(6)}"
    journals = Home(sources.resolve().directory)
    alive_fd = journals.enter(owner)
    deliveries = Deliveries(owner, family=owner, sources=sources, clock=clock, **means)
    try:
        yield deliveries
    finally:
        deliveries.rest()
        os.close(alive_fd)
        journals.leave(owner)
