"""Many kills, at several homes side by side, and the figures of it all."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.deaths import WAYS, ways
from tests.crash.site import FAULTY, IN_A_STORM, KILLED, SENDING, Site
from tests.platform_server.faults import FAULTS
from tests.platform_server.handle import Platform, running

ROUNDS_A_HOME = 3

# Who is asked for fewer calls makes few for a long time. A machine that is has a home
# of its own, with one round, in which little is called.
FEW_KILLS, FEW_CALLS = 3, 3
TOO_FAST = "429"
_ALL_ELSE = [fault.name for fault in FAULTS if fault.name != TOO_FAST]


@dataclass(frozen=True)
class Terms:
    """How much is done, and how."""

    seed: int
    kills: int
    kills_a_round: int
    faults: float
    """The share of the requests that fail while some do."""
    storm_s: float
    """How long they go on failing when all processes of a round are dead."""
    homes_at_once: int
    too_fast: float
    """The share of the homes that are asked for fewer calls."""


@dataclass
class Figures:
    """What was done and what came of it."""

    counts: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    longest_recovery_s: float = 0.0


class Campaign:
    """Kills processes until there have been enough, and judges after each round."""

    def __init__(
        self, folder: Path, terms: Terms, tell: Callable[[str], object]
    ) -> None:
        self._folder = folder
        self._terms = terms
        self._begun = 0
        self._tell = tell
        self._ways = ways()
        self._lock = threading.Lock()
        self._start_s = time.monotonic()
        self.figures = Figures()

    def run(self) -> Figures:
        """Do it all."""
        with ThreadPoolExecutor(self._terms.homes_at_once) as threads:
            list(threads.map(self._at_one_place, range(self._terms.homes_at_once)))
        self.figures.counts["seconds"] = round(time.monotonic() - self._start_s)
        return self.figures

    def _at_one_place(self, place: int) -> None:
        chance = random.Random(f"{self._terms.seed} {place}")  # noqa: S311 -- to be repeated
        deck: list[str] = []
        with running("--seed", str(self._terms.seed + place)) as platform:
            home = 0
            while self._take(0):
                home += 1
                platform.reset()
                self._one_home(platform, f"s{place}h{home}", chance, deck)

    def _one_home(
        self, platform: Platform, name: str, chance: random.Random, deck: list[str]
    ) -> None:
        folder = self._folder / name
        site = Site(folder, platform, name, chance.randrange(2**31))
        is_slow = chance.random() < self._terms.too_fast
        verdict = None
        for number in range(1 if is_slow else ROUNDS_A_HOME):
            kills = self._take(FEW_KILLS if is_slow else self._terms.kills_a_round)
            if not kills:
                break
            while len(deck) < kills:
                deck.extend(chance.sample(self._ways, len(self._ways)))
            drawn = [deck.pop(0) for _ in range(kills)]
            recovery_s = self._one_round(site, drawn, is_slow=is_slow)
            verdict = site.verdict()
            with self._lock:
                longest_s = max(recovery_s, self.figures.longest_recovery_s)
                self.figures.longest_recovery_s = longest_s
            self._tell(
                f"{time.monotonic() - self._start_s:5.0f} s  {name} round {number + 1}: "
                f"{self._begun} of {self._terms.kills} kills, "
                f"{verdict.counts['runs']} runs of this home arrived, "
                f"{len(verdict.complaints)} complaints, recovered in {recovery_s:.1f} s"
            )
            if verdict.complaints:
                break
        if verdict is None:
            return
        with self._lock:
            self.figures.counts += verdict.counts
        if verdict.complaints:
            self._complain(verdict.complaints, site)
        else:
            shutil.rmtree(folder)

    def _take(self, kills: int) -> int:
        """Return how many processes may be killed, of so many; of 0, how many are left."""
        with self._lock:
            left = self._terms.kills - self._begun
            if not kills:
                return left
            self._begun += min(kills, left)
            return min(kills, left)

    def _one_round(self, site: Site, drawn: list[str], *, is_slow: bool) -> float:
        if is_slow:
            site.storm(self._terms.faults, without=_ALL_ELSE)
            site.kill(site.plan(drawn, most=FEW_CALLS))
        else:
            site.storm(self._terms.faults, without=[TOO_FAST])
            site.kill(site.plan(drawn))
            site.send_and_die(self._terms.storm_s)
        site.calm()
        start_s = time.monotonic()
        site.recover()
        return time.monotonic() - start_s

    def _complain(self, complaints: list[str], site: Site) -> None:
        with self._lock:
            self.figures.complaints.extend(complaints)
        text = "\n".join([*complaints, site.processes.all_said()])
        self._tell(f"{site.home} is left as it is:\n{text}")


def rows(figures: Figures) -> list[tuple[str, object]]:
    """Return the table of figures."""
    counts, lost, doubled = figures.counts, 0, 0
    for complaint in figures.complaints:
        lost += complaint.startswith("lost")
        doubled += complaint.startswith("twice")
    kills = {way: counts[f"{KILLED}{way}"] for way in [*WAYS, SENDING]}
    faulty = {name: n for name, n in counts.items() if name.startswith(FAULTY)}
    all_faulty = sum(faulty.values())
    share = all_faulty / max(1, counts[IN_A_STORM])
    return [
        ("kills", sum(kills.values())),
        *[(f"  {way}", number) for way, number in kills.items()],
        ("calls begun", counts["calls begun"]),
        ("calls returned", counts["calls returned"]),
        ("runs that arrived", counts["runs"]),
        ("  as failed, their process having ended", counts["recovered as failed"]),
        ("requests", counts["requests"]),
        ("  while some fail", counts[IN_A_STORM]),
        ("  faulty", f"{all_faulty} ({share:.0%} while some fail)"),
        *[
            (f"    {name.removeprefix(FAULTY)}", faulty[name])
            for name in sorted(faulty)
        ],
        ("lost", lost),
        ("twice", doubled),
        ("otherwise wrong", len(figures.complaints) - lost - doubled),
        ("longest recovery", f"{figures.longest_recovery_s:.1f} s"),
        ("seconds", counts["seconds"]),
    ]
