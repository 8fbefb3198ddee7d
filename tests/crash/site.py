"""One home and one platform, and the processes that are killed there."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.crash.calls import read_notes
from tests.crash.deaths import WAYS, Way, cage
from tests.crash.processes import PATIENCE_S, Processes, clear_up, code_of
from tests.crash.verdict import Verdict, judge, judge_home, judge_markers
from tests.platform_server.handle import Platform
from tests.time_passing import create_calls_grow_older

# Children of a dead process end by themselves within it, or are killed.
ORPHANS_S = 3.0

LONGEST_S, SHORT_S = 1.5, 0.15
"""How long a process lives after its first call, at most; and how long one that has
hardly begun."""

# Few enough that most of them are on their way when their process dies.
MOST_CALLS = 14

# Two on two cores: more would only wait for each other.
SIDE_BY_SIDE = 2

# Who only sends is given longer: it begins by waiting.
LONGEST_SENDING_S = 6.0

# How things are counted.
KILLED, FAULTY, IN_A_STORM = "killed: ", "faulty: ", "requests while some fail"
SENDING = "SIGKILL while it only sends"

# What the library says when it could not do something to a run.
_LEFT_OUT = "failed and was left out"


@dataclass(frozen=True)
class Plan:
    """How one process is to live and to end."""

    name: str
    way: str
    after_s: float
    in_a_call: bool
    seed: int
    most: int
    is_heavy: bool
    are_orphans_spared: bool
    read_by: str
    """The command that somebody gives when it is dead, if any."""


class Site:
    """A home that many processes share, one after another and side by side."""

    def __init__(self, folder: Path, platform: Platform, name: str, seed: int) -> None:
        self._name = name
        self._platform = platform
        self._chance = random.Random(seed)  # noqa: S311 -- to be repeated
        self.home = folder / "home"
        self._notes = folder / "notes"
        self._notes.mkdir(parents=True)
        environ = {
            "NEXTMV_AUTOTRACK_DIRECTORY": str(self.home),
            "NEXTMV_API_KEY": platform.key,
            "NEXTMV_APP_ID": "crash",
            "NEXTMV_ENDPOINT": platform.endpoint,
            "HOME": str(folder),
            "PATH": "",
        }
        self.processes = Processes(folder / "said", environ)
        self._started = 0
        self._before_the_storm = 0
        self._complaints: list[str] = []
        self._counts: Counter[str] = Counter()

    def plan(self, ways: Sequence[str], *, most: int = MOST_CALLS) -> list[Plan]:
        """Decide about the processes of a round."""
        return [self._plan_one(way, most) for way in ways]

    def _plan_one(self, way: str, most: int) -> Plan:
        chance = self._chance.random
        return Plan(
            name=self._new_name("p"),
            way=way,
            after_s=chance() * (SHORT_S if chance() < 0.3 else LONGEST_S),
            in_a_call=WAYS[way].strike is not None and chance() < 0.5,
            seed=self._chance.randrange(2**31),
            most=most,
            is_heavy=chance() < 0.1,
            are_orphans_spared=chance() < 0.5,
            read_by=self._chance.choice(["list", "status", *[""] * 6]),
        )

    def _new_name(self, kind: str) -> str:
        self._started += 1
        return f"{self._name}{kind}{self._started}"

    def kill(self, plans: Sequence[Plan]) -> None:
        """Let processes begin, work and end, a few at a time."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            list(threads.map(self._live_and_die, plans))

    def _live_and_die(self, plan: Plan) -> None:
        way = WAYS[plan.way]
        with ExitStack() as until_it_is_over:
            more = ["--in-a-call"] * plan.in_a_call + ["--is-heavy"] * plan.is_heavy
            if way.is_caged:
                folder = until_it_is_over.enter_context(cage())
                assert folder is not None
                more += ["--cage", str(folder)]
            process = self._start_workload(plan, way, more)
            try:
                code = self._end(process, plan, way)
            finally:
                clear_up(process, spared_s=ORPHANS_S * plan.are_orphans_spared)
        if code in way.codes:
            self._counts[f"{KILLED}{plan.way}"] += 1
        else:
            self._complaints.append(f"{plan} ended with {code}")
        said = self.processes.said(plan.name)
        if not way.is_short_of_memory and _LEFT_OUT in said:
            self._complaints.append(f"{plan} said {said}")
        if plan.read_by:
            name = f"{plan.name}{plan.read_by}"
            command = ("nextmv_autotrack", plan.read_by, "--json")
            self._finish(name, self.processes.start(name, *command))

    def _start_workload(
        self, plan: Plan, way: Way, more: Sequence[str]
    ) -> subprocess.Popen[bytes]:
        return self.processes.start(
            plan.name,
            "tests.crash.workload",
            *(plan.name, "--notes", str(self._notes / plan.name)),
            *("--way", plan.way, "--after-s", str(plan.after_s)),
            *("--seed", str(plan.seed), "--most", str(plan.most), *more),
            NEXTMV_AUTOTRACK_FLUSH_TIMEOUT=str(way.flush_timeout_s),
        )

    def _end(
        self, process: subprocess.Popen[bytes], plan: Plan, way: Way
    ) -> int | None:
        """Wait for the end of a process, or bring it about; return its exit code."""
        if way.signal is not None:
            self._wait_for_its_first_call(process, plan)
            time.sleep(plan.after_s)
            if way.is_suspended:
                process.send_signal(signal.SIGSTOP)
                time.sleep(plan.after_s)
            process.send_signal(way.signal)
        return code_of(process, PATIENCE_S)

    def _wait_for_its_first_call(
        self, process: subprocess.Popen[bytes], plan: Plan
    ) -> None:
        notes, until = self._notes / plan.name, time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < until:
            if notes.exists() and notes.stat().st_size:
                return
            time.sleep(0.005)

    def _finish(
        self, name: str, process: subprocess.Popen[bytes], codes: Sequence[int] = (0,)
    ) -> None:
        """Wait for the end of a process that ends by itself, and well."""
        code = code_of(process, PATIENCE_S)
        clear_up(process)
        if code not in codes:
            said = self.processes.said(name)
            self._complaints.append(f"{name} ended with {code} and said {said}")

    def storm(self, share: float, *, without: Collection[str] = ()) -> None:
        """Have requests fail by chance from now on."""
        self._platform.fail_by_chance(share, without=without)
        self._before_the_storm = len(self._platform.requests())

    def calm(self) -> None:
        """Have requests succeed from now on."""
        self._platform.fail_by_chance(0.0)
        seen = self._platform.requests()[self._before_the_storm :]
        self._counts[IN_A_STORM] += len(seen)
        self._counts.update(f"{FAULTY}{one.fault}" for one in seen if one.fault)

    def send_and_die(self, seconds: float) -> None:
        """Have what was left sent for a while, by processes that are killed at it."""
        # Its own: how often it is asked is a matter of time.
        chance = random.Random(self._chance.random()).random  # noqa: S311 -- no secret
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0:
            process = self._start_sending(with_command=chance() < 0.5)[1]
            most_s = min(left_s, chance() * LONGEST_SENDING_S)
            if code_of(process, most_s) is None:
                self._counts[f"{KILLED}{SENDING}"] += 1
            clear_up(process)

    def recover(self) -> None:
        """Have what was left sent, by one process or by several at once."""
        create_calls_grow_older(self.home)
        with_command = [False, *self._chance.choice([[], [False], [True]])]
        sending = [self._start_sending(with_command=one) for one in with_command]
        for one, (name, process) in zip(with_command, sending, strict=True):
            # The command may end before all is sent that others have begun to.
            self._finish(name, process, (0, 1) if one else (0,))

    def _start_sending(
        self, *, with_command: bool
    ) -> tuple[str, subprocess.Popen[bytes]]:
        if with_command:
            name = self._new_name("c")
            command = ("nextmv_autotrack", "sync", "--json", "--timeout", "20")
            return name, self.processes.start(name, *command)
        name = self._new_name("r")
        notes, home = str(self._notes / name), str(self.home)
        module = "tests.crash.recovery"
        return name, self.processes.start(name, module, name, notes, home)

    def verdict(self) -> Verdict:
        """Compare what was called, so far, with what has arrived."""
        runs = self._platform.runs()
        verdict = judge(read_notes(self._notes), runs)
        verdict.doubled.extend(judge_markers(runs))
        verdict.wrong.extend(judge_home(self.home, runs))
        verdict.wrong.extend(self._complaints)
        verdict.counts += self._counts
        verdict.counts["requests"] = len(self._platform.requests())
        return verdict
