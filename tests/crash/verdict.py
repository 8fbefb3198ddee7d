"""What the platform has, against what was called: no more and no less."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nextmv_autotrack.status import Delivery
from nextmv_autotrack.store import Store
from tests.crash.calls import Noted, error, given, lines, result
from tests.platform_server.handle import PlatformRun

CUT_SHORT = "process ended before the run did"

_MARKER = re.compile(r"autotrack:(\S+)")


@dataclass
class Verdict:
    """What is not as it should be, in words, and how much there was of what."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def complaints(self) -> list[str]:
        return [
            *[f"lost: {one}" for one in self.lost],
            *[f"twice: {one}" for one in self.doubled],
            *[f"wrong: {one}" for one in self.wrong],
        ]


def judge(calls: Mapping[str, Noted], runs: Iterable[PlatformRun]) -> Verdict:
    """Compare the calls that were noted with the runs that have arrived."""
    verdict, found = Verdict(), _by_call(runs)
    for call, noted in calls.items():
        there = found.pop(call, [])
        verdict.counts["calls begun"] += 1
        verdict.counts["calls returned"] += noted.has_returned
        if len(there) > 1:
            verdict.doubled.append(f"{call}: {[run.id for run in there]}")
        elif there:
            verdict.counts["runs"] += 1
            verdict.counts["recovered as failed"] += is_cut_short(there[0])
            wrong = [f"{call}: {what}" for what in _wrongs(call, noted, there[0])]
            verdict.wrong.extend(wrong)
        elif noted.is_due:
            verdict.lost.append(f"{call}: {sorted(noted.words)}")
    verdict.wrong.extend(f"nobody has called {call}" for call in found)
    return verdict


def _by_call(runs: Iterable[PlatformRun]) -> dict[str, list[PlatformRun]]:
    found: dict[str, list[PlatformRun]] = defaultdict(list)
    for run in runs:
        document = run.given
        call = document.get("call") if isinstance(document, dict) else None
        found[call or run.input[:80].decode()].append(run)
    return found


def is_cut_short(run: PlatformRun) -> bool:
    """Whether the run is one that its process did not live to end."""
    return run.result.get("error_message", "").startswith(CUT_SHORT)


def _wrongs(call: str, noted: Noted, run: PlatformRun) -> Iterator[str]:
    if run.given != given(call):
        yield f"its input is {run.input[:200]!r}"
    logged = [line for line in run.logs.decode().splitlines() if line in lines(call)]
    if logged != lines(call)[: len(logged)] or len(logged) < noted.lines:
        yield f"{noted.lines} lines were logged, and it has {logged}"
    if is_cut_short(run):
        if noted.has_returned:
            yield f"it has returned, and is {run.result}"
        return
    if len(logged) < len(lines(call)):
        yield f"some lines are missing: {logged}"
    message, failure = run.result.get("error_message"), error(call)
    if message is not None and "MemoryError" in message and not noted.has_returned:
        return
    status = "succeeded" if failure is None else "failed"
    if (run.result["status"], message) != (status, failure):
        yield f"it is {run.result} instead of {status} ({failure})"
    if failure is None and run.document.get("solution") != result(call):
        yield f"its output is {run.output[:200]!r}"


def judge_home(home: Path, runs: Iterable[PlatformRun]) -> Iterator[str]:
    """Say what the store knows that the platform does not, or what lies about."""
    arrived = Counter(run.id for run in runs)
    with Store.open(home) as store:
        for run in store.runs(limit=1_000_000):
            if run.delivery is not Delivery.DELIVERED:
                yield f"{run.id} is {run.delivery.value} in the store: {run.problem}"
            elif arrived.pop(run.platform_run_id or "", None) is None:
                yield f"{run.id} is {run.platform_run_id}, which is not there"
    for platform_run_id in arrived:
        yield f"{platform_run_id} is on the platform, and not in the store"
    for path in (home / "journals").iterdir():
        # Whoever is killed before it is known has left this, and it goes in an hour.
        if path.suffix != ".new":
            yield f"{path.name} is left behind"


def judge_markers(runs: Iterable[PlatformRun]) -> Iterator[str]:
    """Say which of our ids are there more than once."""
    markers = Counter(
        marker
        for run in runs
        for marker in _MARKER.findall(run.body.get("description", ""))
    )
    for marker, count in markers.items():
        if count > 1:
            yield f"{marker} is there {count} times"
