"""What frames say about runs: checked, and put together run by run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from nextmv_autotrack.clock import NS_PER_S
from nextmv_autotrack.ids import time_of_id
from nextmv_autotrack.journal import Frame, Kind
from nextmv_autotrack.redact import Rules
from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.store.environments import NotedEnvironment, environment_row
from nextmv_autotrack.store.payloads import PayloadRow
from nextmv_autotrack.store.redacting import Redactor

FROM_BEGIN = (
    "name",
    "description",
    "parent_id",
    "started_at",
    "host",
    "owner",
    "app_id",
    "instance_id",
    "endpoint",
    "delivery",
    "input",
)
FROM_PART = ("later_input", "managed_input", "assets")
FROM_END = (
    "status",
    "duration",
    "error",
    "metrics",
    "options",
    "output",
    "output_is_document",
)
COLUMNS = ("id", *FROM_BEGIN, *FROM_PART, *FROM_END)

_PARTS = {"input": "later_input", "assets": "assets"}
_BEGINNINGS = {Delivery.LOCAL.value, Delivery.WAITING.value}
_ENDINGS = {Status.SUCCEEDED.value, Status.FAILED.value}

_UNTOLD: dict[str, Any] = {
    **dict.fromkeys(COLUMNS),
    "started_at": 0.0,
    "delivery": Delivery.LOCAL.value,
    "status": Status.RUNNING.value,
    "metrics": "{}",
    "options": "{}",
    "output_is_document": False,
}


def _seconds(ns: float) -> float:
    # Never below zero, and no finer than what is counted in.
    return round(max(0, ns) / NS_PER_S, 6)


def _mebibytes(kib: float) -> float:
    return round(kib / 1024, 1)


# What the end of a run says was measured, and the metric that is made of it.
_MEASURED: tuple[tuple[str, str, Callable[[float], float]], ...] = (
    ("cpu_ns", "cpu_s", _seconds),
    ("peak_kib", "peak_memory_mib", _mebibytes),
    ("children_cpu_ns", "children_cpu_s", _seconds),
    ("children_peak_kib", "children_peak_memory_mib", _mebibytes),
    ("threads", "peak_threads", round),
    ("memory_limit_kib", "memory_limit_mib", _mebibytes),
    ("cpu_limit", "cpu_limit", float),
)

MEASURED = frozenset(name for _, name, _ in _MEASURED)
"""The metrics that are ours, and not the model's."""


class FramesRead:
    """What a stretch of one owner's journal says."""

    def __init__(
        self, owner: str, keep: Callable[[bytes], PayloadRow], redactor: Redactor
    ) -> None:
        self.owner = owner
        """Whose journal it is."""
        self._keep = keep
        self._redactor = redactor
        self._runs: dict[str, dict[str, Any]] = {}
        self._lines: dict[str, list[bytes]] = {}
        self._rules_of_lines: dict[str, Rules] = {}
        self.payloads: dict[str, PayloadRow] = {}
        """Payloads by digest."""
        self.last_seen: str | None = None
        """What the process was last seen using, as JSON."""
        self.environments: list[NotedEnvironment] = []
        """Where the process runs, as it has noted it."""
        self.count = 0
        """Frames read."""
        self.skipped = 0
        """Frames read that make no sense."""

    def add_all(self, frames: Sequence[Frame]) -> None:
        """Take in what frames say, without what is secret in it."""
        self._redactor.begin(frames)
        for frame in frames:
            self._add(frame)

    def _add(self, frame: Frame) -> None:
        """Take in what one frame says; nonsense is counted and left out."""
        self.count += 1
        try:
            meta, rules = self._redactor.meta(frame)
            if frame.kind is Kind.PROCESS:
                content = self._redactor.payload(frame, rules)
                self.environments.append(self._noted(meta, content))
                return
            if frame.kind is Kind.SEEN:
                self.last_seen = _as_text(_sight(meta))
                return
            run_id = _text(meta, "id")
            if frame.kind is Kind.LOG:
                self._add_lines(run_id, frame.payload, rules)
            else:
                payload = self._redactor.payload(frame, rules)
                self._add_to_run(run_id, frame.kind, meta, payload)
        except (LookupError, TypeError, ValueError):
            # One bad frame must not hold up all that follow.
            self.skipped += 1

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Yield what is known of each run, in the order of `COLUMNS`."""
        return (tuple(run.values()) for run in self._runs.values())

    def run_ids(self) -> list[str]:
        """Return the ids of the runs it says something of, besides log lines."""
        return [*self._runs]

    def _noted(self, meta: dict[str, Any], content: bytes) -> NotedEnvironment:
        return NotedEnvironment(
            self.owner,
            _integer(meta, "at_ns") / NS_PER_S,
            bool(meta.get("is_whole")),
            _text(meta, "shared"),
            environment_row(content),
        )

    def log_rows(self) -> list[tuple[str, bytes]]:
        """Return the log lines by run; looked at together, as they were written."""
        return [
            (
                run_id,
                self._redactor.lines(
                    run_id, b"".join(lines), self._rules_of_lines[run_id]
                ),
            )
            for run_id, lines in self._lines.items()
        ]

    def _add_lines(self, run_id: str, lines: bytes, rules: Rules) -> None:
        if lines:
            self._lines.setdefault(run_id, []).append(lines)
            self._rules_of_lines[run_id] = rules

    def _add_to_run(
        self, run_id: str, kind: Kind, meta: dict[str, Any], payload: bytes
    ) -> None:
        run = self._runs.get(run_id)
        if run is None:
            run = {**_UNTOLD, "id": run_id, "owner": self.owner}
            run["started_at"] = time_of_id(run_id)
        if kind is Kind.PART:
            column = _PARTS[_text(meta, "part")]
            run[column] = self._digest(payload) or run[column]
            if column == "later_input":
                # The empty text says that it is none: it takes the place of an id.
                run["managed_input"] = _text_or_none(meta, "input_id") or ""
        elif kind is Kind.BEGIN and run["name"] is None:
            run.update(_begin(meta), input=self._digest(payload))
        elif kind is Kind.END and run["status"] == Status.RUNNING:
            run.update(_end(meta), output=self._digest(payload))
        self._runs[run_id] = run

    def _digest(self, payload: bytes) -> str | None:
        if not payload:
            return None
        row = self._keep(payload)
        self.payloads[row.digest] = row
        return row.digest


def _begin(meta: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": _text(meta, "name"),
        "description": _text_or_none(meta, "description"),
        "parent_id": _text_or_none(meta, "parent_id"),
        "started_at": _integer(meta, "started_ns") / NS_PER_S,
        "host": _text_or_none(meta, "host"),
        "app_id": _text_or_none(meta, "app_id"),
        "instance_id": _text_or_none(meta, "instance_id"),
        "endpoint": _text_or_none(meta, "endpoint"),
        "delivery": _one_of(meta, "delivery", _BEGINNINGS),
    }


def _end(meta: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": _one_of(meta, "status", _ENDINGS),
        "duration": _integer(meta, "duration_ns") / NS_PER_S,
        "error": _text_or_none(meta, "error"),
        "metrics": _as_text({**_resources(meta), **_members(meta, "metrics")}),
        "options": _as_text(_members(meta, "options")),
        "output_is_document": bool(meta.get("is_document")),
    }


def _sight(meta: dict[str, Any]) -> dict[str, Any]:
    """What a process was seen using, once what is reckoned with has been checked."""
    for key in ("at_ns", "peak_kib"):
        if key in meta:
            _integer(meta, key)
    return {**meta}


def _resources(meta: dict[str, Any]) -> dict[str, float]:
    """What we have measured, as metrics; the user's own of that name go before."""
    if "cpu_ns" not in meta:
        return {}
    return {
        name: read(_number(meta, key)) for key, name, read in _MEASURED if key in meta
    }


def _text(meta: dict[str, Any], key: str) -> str:
    value = meta[key]
    if not isinstance(value, str):
        raise TypeError(key)
    return value


def _text_or_none(meta: dict[str, Any], key: str) -> str | None:
    return None if meta.get(key) is None else _text(meta, key)


def _integer(meta: dict[str, Any], key: str) -> int:
    value = meta[key]
    if type(value) is not int:
        raise TypeError(key)
    return value


def _number(meta: dict[str, Any], key: str) -> float:
    value = meta[key]
    # Whole, but for a share of a CPU.
    if type(value) is not int and not (type(value) is float and key == "cpu_limit"):
        raise TypeError(key)
    return value


def _one_of(meta: dict[str, Any], key: str, known: set[str]) -> str:
    value = _text(meta, key)
    if value not in known:
        raise ValueError(key)
    return value


def _members(meta: dict[str, Any], key: str) -> dict[str, Any]:
    value = meta.get(key) or {}
    if not isinstance(value, dict):
        raise TypeError(key)
    return value


def _as_text(members: dict[str, Any]) -> str:
    return orjson.dumps(members).decode() if members else "{}"
