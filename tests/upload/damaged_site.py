"""A store that has seen something, the platform it delivers to, and a bit that is flipped."""

from __future__ import annotations

import copy
import math
import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest

from nextmv_autotrack.errors import DamagedStoreError, StoreError
from nextmv_autotrack.journal import Home
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.sweep import Sweep
from nextmv_autotrack.upload.crew import Crew
from nextmv_autotrack.upload.deliveries import Deliveries
from nextmv_autotrack.upload.worker import DAMAGES_AT_ONCE, STORE_RETRY_S
from tests.store.journals import ENDPOINT, Journal
from tests.upload.model_platform import Killed, ModelPlatform, Time, Trouble

DATABASE = "store.sqlite3"

DELIVERED = 12
UNCLEAR = 3
WAITING = 24
LOCAL = 60
"""Enough for tables and indexes of several pages."""

OVERFLOWS = 6_000
IN_A_FILE = 40_000

# What is put off is tried again within an hour.
DAY_S = 86_400.0

_ROUNDS = 1000


def content(number: int) -> bytes:
    """Return the input of a run: no two are equal."""
    size = {0: OVERFLOWS, 1: IN_A_FILE}.get(number % 8, 150)
    return b'"%0*d"' % (size, number)


def sent(number: int) -> bytes:
    """Return what the platform gets of that: it is a text."""
    return content(number)[1:-1]


class Site:
    """A machine with one process that delivers, and its platform."""

    def __init__(self, folder: Path, platform: ModelPlatform, owner: str) -> None:
        self.folder, self.platform, self.owner = folder, platform, owner
        self.time = platform.time
        self.said: list[str] = []
        self.sessions = 0
        variables = {"NEXTMV_API_KEY": "a-key", "NEXTMV_ENDPOINT": ENDPOINT}
        self.deliveries = Deliveries(
            owner,
            family=owner,
            sources=Sources(variables, folder, complain=pytest.fail),
            clock=self.time.clock,
            crew=lambda: Crew(0),
            connect=lambda access: Client.to(access, transport=platform),
        )

    def opened(self) -> Store:
        return Store.open(self.folder, is_alive=self.owner.__eq__)

    def deliver(self) -> None:
        """Do what a process does until nothing more is to be done, as its worker does."""
        until, damages = self.time.now + DAY_S, 0
        while self.time.now < until:
            self.sessions += 1
            assert self.sessions < _ROUNDS, "a busy loop"
            try:
                self._session(until)
            except DamagedStoreError as damage:
                damages += 1
                Store.set_aside(self.folder, damage, self.said.append)
                if damages <= DAMAGES_AT_ONCE:
                    continue
            except StoreError as error:
                self.said.append(str(error))
            else:
                return
            self.time.passes(STORE_RETRY_S)

    def _session(self, until: float) -> None:
        with self.opened() as store:
            store.check()
            Sweep(store, Home(self.folder)).others()
            hasty = 0
            while hasty < _ROUNDS:
                look_at = self.deliveries.go_on(store)
                if look_at == math.inf or look_at > until:
                    return
                wait_s = max(0.01, look_at - self.time.now)
                hasty += wait_s < 1
                self.time.passes(wait_s)
        pytest.fail("a busy loop")

    def read_all(self) -> None:
        """Do what the commands do: what is damaged is seen to, and they go on."""
        try:
            self._read_all()
        except DamagedStoreError as damage:
            Store.set_aside(self.folder, damage, self.said.append)
            self._read_all()

    def _read_all(self) -> None:
        with self.opened() as store:
            store.account()
            store.upkeep.usage()
            for run in store.runs(limit=1000):
                store.log_text(run.id)
                for digest in filter(None, (run.input, run.output)):
                    with suppress(StoreError):
                        store.payload(digest)

    def inputs(self) -> Counter[bytes]:
        """Return what the platform has got as inputs, and how often."""
        return Counter(
            self.platform.blob(run.body["upload_id"]) for run in self.platform.runs
        )


class Original:
    """A store with runs of every kind, and a platform with those it has delivered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._platform = ModelPlatform(Time())
        self.inputs: set[bytes] = set()
        with Journal(folder, "user") as journal:
            self._delivered(journal)
            for number in range(LOCAL):
                journal.ended(number)
            self._track(journal, range(200, 200 + WAITING))
            with self._site("last").opened() as store:
                journal.move(store)
        shutil.rmtree(folder / "journals")
        with closing(sqlite3.connect(folder / DATABASE)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.database = (folder / DATABASE).read_bytes()

    def _site(self, owner: str) -> Site:
        return Site(self._folder, self._platform, owner)

    def _track(self, journal: Journal, numbers: range) -> None:
        for number in numbers:
            journal.begin(number, content(number), delivery="waiting", app_id="routing")
            journal.log(number, b"line %d\n" % number)
            journal.end(number, b"%d" % number, metrics={"value": number})
            self.inputs.add(sent(number))

    def _delivered(self, journal: Journal) -> None:
        """Deliver some; die while the answers to the creation of some more are lost."""
        self._track(journal, range(100, 100 + DELIVERED))
        first = self._site("first")
        with first.opened() as store:
            journal.move(store)
        first.deliver()
        for number in range(150, 150 + UNCLEAR):
            self._track(journal, range(number, number + 1))
            dies = self._site(f"dies-{number}")
            dies.time.passes(60)
            with dies.opened() as store:
                journal.move(store)
                self._platform.troubles["create"].append(Trouble("at once", Killed))
                with pytest.raises(Killed):
                    dies.deliveries.go_on(store)

    def copied(self, folder: Path, flips: list[tuple[int, int]]) -> Site:
        """Return a copy of it, with one bit in each of some bytes flipped."""
        shutil.copytree(self._folder, folder)
        database = bytearray(self.database)
        for byte, bit in flips:
            database[byte] ^= 1 << bit
        (folder / DATABASE).write_bytes(database)
        return Site(folder, self._copied_platform(), "new")

    def _copied_platform(self) -> ModelPlatform:
        original, time = self._platform, Time()
        time.now = original.time.now
        platform = ModelPlatform(time)
        state = {**vars(original), "time": time}
        del state["go_on_meanwhile"]
        vars(platform).update(copy.deepcopy(state, {id(time): time}))
        return platform

    def places(self, seed: int, count: int) -> list[tuple[int, int]]:
        """Return bits that say something, as many of each page as of any other."""
        chance, page = random.Random(seed), 4096  # noqa: S311 -- a sample
        pages = [
            [at for at in range(start, start + page) if self.database[at]]
            for start in range(0, len(self.database), page)
        ]
        used = [found for found in pages if found]
        return [
            (chance.choice(used[n % len(used)]), chance.randrange(8))
            for n in range(count)
        ]
