"""`compare`: what went into runs and came out of them, side by side."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nextmv_autotrack.cli import columns, home, shapes
from nextmv_autotrack.cli.columns import Row
from nextmv_autotrack.cli.differences import (
    MISSING,
    Difference,
    differences,
    in_json,
    in_words,
)
from nextmv_autotrack.cli.environment import comparable
from nextmv_autotrack.cli.parts_shown import LARGEST_READ
from nextmv_autotrack.cli.results import own_first
from nextmv_autotrack.cli.words import (
    NOTHING,
    age,
    change,
    counted,
    duration,
    number,
    short_length,
    size,
)
from nextmv_autotrack.encode.unpacking import document
from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.objective import Objective, flat, objective
from nextmv_autotrack.store import Store, StoredRun

_ROWS_SHOWN = 12


@dataclass(frozen=True)
class Side:
    """One part of all runs: their inputs, or their outputs."""

    sizes: list[int | None]
    """In bytes; None where a run has none."""
    is_same: list[bool]
    """Whether it is that of the first run."""
    differences: list[Difference]
    documents: list[Any]
    problem: str | None
    """Why what differs is not known."""


def problem_of(given: Namespace) -> str | None:
    """Return what is wrong with the words, None when nothing is."""
    return "give the ids of two runs or more" if len(given.id) < 2 else None


def compare(given: Namespace) -> int:
    """Print what differs between runs; the first is what the others are held against."""
    with home.store_of(home.directory()) as store:
        runs = [store.run(one) for one in given.id]
        inputs = _side(store, [run.input for run in runs])
        outputs = _side(store, [run.output for run in runs])
        surroundings = differences(
            [comparable(store.environment(run).content) for run in runs]
        )
    objectives = [
        objective(run.metrics, document, given.objective)
        for run, document in zip(runs, outputs.documents, strict=True)
    ]
    if given.json:
        found = _as_json(runs, objectives, inputs, outputs)
        shapes.write({**found, "environment": _members(surroundings)})
        return 0
    length = short_length(run.id for run in runs)
    columns.side_by_side(
        [run.id[:length] for run in runs],
        [
            (None, _facts(runs, objectives)),
            ("Metrics", _metrics(runs)),
            ("Options", _options(runs)),
            ("Input", _side_rows(inputs)),
            ("Output", _side_rows(outputs)),
            ("Environment", _rows_of(surroundings)),
        ],
    )
    return 0


def _side(store: Store, digests: Sequence[str | None]) -> Side:
    read = [_read(store, digest) for digest in digests]
    documents = [document for _, document, _ in read]
    problem = next((problem for *_, problem in read if problem), None)
    return Side(
        sizes=[size_bytes for size_bytes, _, _ in read],
        is_same=[digest == digests[0] for digest in digests],
        differences=[] if problem else differences(documents),
        documents=documents,
        problem=problem,
    )


def _read(store: Store, digest: str | None) -> tuple[int | None, Any, str | None]:
    """Return the size of a document, what it says, and why that is not known."""
    if digest is None:
        return None, MISSING, None
    try:
        size_bytes = store.open_payload(digest).size
        if size_bytes > LARGEST_READ:
            return size_bytes, MISSING, f"over {size(LARGEST_READ)}: not looked into"
        return size_bytes, document(store.payload(digest)), None
    except (StoreError, ValueError) as error:
        return None, MISSING, str(error)


def _facts(
    runs: Sequence[StoredRun], objectives: Sequence[Objective | None]
) -> list[Row]:
    now = time.time()
    rows = [
        ("name", [run.name for run in runs]),
        ("status", [run.status.value for run in runs]),
        ("started", [age(run.started_at, now) for run in runs]),
        (
            "duration",
            [
                duration(run.duration) + _change(runs[0].duration, run.duration)
                for run in runs
            ],
        ),
    ]
    if any(run.error for run in runs):
        rows.append(("error", [run.error or NOTHING for run in runs]))
    if len({run.app_id for run in runs}) > 1:
        rows.append(("application", [run.app_id or NOTHING for run in runs]))
    if any(objectives):
        rows.append(_objective_row(objectives))
    return rows


def _objective_row(objectives: Sequence[Objective | None]) -> Row:
    names = dict.fromkeys(one.name for one in objectives if one is not None)
    first = objectives[0].value if objectives[0] else None
    return f"objective ({', '.join(names)})", [
        NOTHING if one is None else number(one.value) + _change(first, one.value)
        for one in objectives
    ]


def _change(first: float | None, value: float | None) -> str:
    if first is None or value is None or first == value:
        return ""
    return f" ({change(first, value)})"


def _metrics(runs: Sequence[StoredRun]) -> list[Row]:
    return _rows_of(differences([flat(own_first(run.metrics)) for run in runs]))


def _options(runs: Sequence[StoredRun]) -> list[Row]:
    return _rows_of(differences([run.options for run in runs]))


def _rows_of(found: Iterable[Difference]) -> list[Row]:
    return [
        (one.path, [in_words(value, one.values[0]) for value in one.values])
        for one in found
    ]


def _side_rows(side: Side) -> list[Row]:
    if side.problem is None and not any(side.sizes):
        return []
    sizes = [NOTHING if one is None else size(one) for one in side.sizes]
    if all(side.is_same):
        return [("the same", sizes)]
    rows = [("size", sizes), *_rows_of(side.differences[:_ROWS_SHOWN])]
    if side.problem is not None:
        rows.append((side.problem, []))
    left_out = len(side.differences) - _ROWS_SHOWN
    if left_out > 0:
        rows.append((f"... {counted(left_out, 'more', 'more')} with --json", []))
    return rows


def _as_json(
    runs: Sequence[StoredRun],
    objectives: Sequence[Objective | None],
    inputs: Side,
    outputs: Side,
) -> dict[str, Any]:
    values = [one.value if one else None for one in objectives]
    durations = [run.duration for run in runs]
    return {
        "runs": [shapes.listed(run) for run in runs],
        "duration": {"values": durations, "deltas": _deltas(durations)},
        "objective": {
            "names": [one.name if one else None for one in objectives],
            "values": values,
            "deltas": _deltas(values),
        },
        "metrics": _members(differences([flat(run.metrics) for run in runs])),
        "options": _members(differences([run.options for run in runs])),
        "input": _side_as_json(inputs),
        "output": _side_as_json(outputs),
    }


def _side_as_json(side: Side) -> dict[str, Any]:
    return {
        "bytes": side.sizes,
        "same": side.is_same,
        "differences": _members(side.differences),
        "problem": side.problem,
    }


def _members(found: Iterable[Difference]) -> dict[str, list[Any]]:
    return {one.path: [in_json(value) for value in one.values] for one in found}


def _deltas(values: Sequence[float | None]) -> list[float | None]:
    first = values[0]
    return [
        None if first is None or value is None else value - first for value in values
    ]
