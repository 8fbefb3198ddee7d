"""What people and scripts see of runs that were replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from nextmv_autotrack.cli import columns, screen
from nextmv_autotrack.cli.replay.caller import Tried
from nextmv_autotrack.cli.results import own_first
from nextmv_autotrack.cli.words import NOTHING, change, counted, duration, number
from nextmv_autotrack.objective import names
from nextmv_autotrack.replaying.replayed import Outcome, Replayed, Terms

_HEADS = ("RESULT", "ID", "OUTPUT", "OBJECTIVE", "DURATION", "STATUS")

# For a terminal of 80 columns; ids of one millisecond differ in the next digits.
_ID_CHARS = 16
_WIDTHS = (7, _ID_CHARS, 7, 24, 17)

# What is said of a row stands below its id.
_BELOW = " " * (_WIDTHS[0] + len(screen.GAP))

# Of why runs were skipped; each stands below its run, too.
_REASONS_SHOWN = 3

_OUTPUT = {True: "changed", False: "same", None: NOTHING}


def shower() -> Callable[[Tried], None]:
    """Return what prints a row a run, below the heads."""
    rows = columns.Rows(_HEADS, _WIDTHS, spare=("STATUS", "DURATION"))

    def show(tried: Tried) -> None:
        found = tried.replayed
        run_id = tried.run.id[:_ID_CHARS]
        if found is None:
            rows.add((tried.verdict, run_id, *[NOTHING] * 3, ""))
            screen.hanging(_BELOW, tried.problem or "")
            return
        old, new = found.old, found.new
        rows.add(
            (
                tried.verdict,
                run_id,
                _OUTPUT[found.output_changed],
                _objectives(found),
                f"{duration(old.duration)} -> {duration(new.duration)}",
                _statuses(old, new),
            )
        )
        if said := "; ".join(filter(None, (new.error, found.remark))):
            screen.hanging(_BELOW, said)

    return show


def _objectives(found: Replayed) -> str:
    old, new = found.old.objective, found.new.objective
    if old is None and new is None:
        return NOTHING
    if old is not None and old == new:
        return number(old)
    words = " -> ".join(NOTHING if one is None else number(one) for one in (old, new))
    return words if old is None or new is None else f"{words} ({change(old, new)})"


def _statuses(old: Outcome, new: Outcome) -> str:
    if old.status is new.status:
        return new.status.value
    return f"{old.status.value} -> {new.status.value}"


def is_nothing_compared(tried: Sequence[Tried]) -> bool:
    """Whether functions ran, and no objective or output says whether they should."""
    ran = [one.replayed for one in tried if one.verdict == "ran" and one.replayed]
    is_judged = any(one.verdict in {"same", "better"} for one in tried)
    is_same = any(one.output_changed is False for one in ran)
    return bool(ran) and not is_judged and not is_same


def summarize(tried: Sequence[Tried], terms: Terms) -> None:
    """Print how many went how, and what was not compared and why."""
    counts = Counter(one.verdict for one in tried)
    words = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    text = f"{counted(len(tried), 'run')}: {words}."
    if any(one.replayed and one.replayed.delta is not None for one in tried):
        better = "larger" if terms.maximize else "smaller"
        text += (
            f" A {better} objective is better; worse is what is off by more than "
            f"{terms.tolerance:g} of the old one."
        )
    screen.say()
    for said in (text, without_objective(tried, terms), *_reasons(tried)):
        if said:
            screen.hanging("", said)


def without_objective(tried: Sequence[Tried], terms: Terms) -> str:
    """Return in how many runs there was no objective; empty where all have one."""
    ran = [one for one in tried if one.verdict == "ran"]
    if not ran:
        return ""
    of_them = counted(len(ran), "run")
    if terms.objective is not None:
        return f"No objective {terms.objective} was found in {of_them}."
    found: dict[str, Any] = {}
    for one in ran:
        found.update(one.run.metrics)
    return (
        f"No objective was found in {of_them}; give --objective NAME (metrics there: "
        f"{names(own_first(found))})."
    )


def _reasons(tried: Sequence[Tried]) -> list[str]:
    reasons = Counter(one.problem for one in tried if one.replayed is None)
    most, others = reasons.most_common(_REASONS_SHOWN), reasons.total()
    said = [f"Skipped {count}: {reason}" for reason, count in most]
    others -= sum(count for _, count in most)
    if others:
        said.append(f"Skipped {others} for other reasons: see above")
    return said


def as_json(tried: Tried) -> dict[str, Any]:
    """Return what scripts get of a run."""
    found = tried.replayed
    return {
        "id": tried.run.id,
        "name": tried.run.name,
        "verdict": tried.verdict,
        "old": _outcome(found.old) if found else None,
        "new": _outcome(found.new) if found else None,
        "delta": found.delta if found else None,
        "output_changed": found.output_changed if found else None,
        "problem": found.remark if found else tried.problem,
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status.value,
        "objective": outcome.objective,
        "duration": outcome.duration,
        "error": outcome.error,
    }
