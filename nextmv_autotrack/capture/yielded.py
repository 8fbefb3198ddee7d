"""What a generator has yielded so far, which is its output."""

from __future__ import annotations

from typing import Any

from orjson import Fragment, dumps

from nextmv_autotrack import safely
from nextmv_autotrack.capture import outcome
from nextmv_autotrack.capture.endings import ended
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.outcome import NOTHING, Outcome
from nextmv_autotrack.encode import to_json

# Items are kept as objects only for a callable that is to look at them.
_MAX_ITEMS_FOR_CALLABLES = 10_000


class Yielded:
    """Takes down each item as it is when it is yielded."""

    __slots__ = ("_bodies", "_items", "_left_out", "_opened", "_room")

    def __init__(self, opened: OpenRun | None) -> None:
        self._opened = opened
        self._bodies: list[bytes] = []
        self._items: list[object] | None = None
        self._left_out = 0
        if opened is not None:
            settings = opened.plan.settings
            self._room = settings.max_payload
            if callable(settings.output) or settings.metrics is not None:
                self._items = []

    def add(self, item: object) -> None:
        """Take down one item while there is room."""
        opened = self._opened
        if opened is None:
            return
        try:
            self._add(item, opened.plan.settings.max_payload)
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("recording what a generator yields", error)

    def _add(self, item: object, max_bytes: int) -> None:
        if self._room <= 0:
            self._left_out += 1
            return
        body = to_json(item, max_bytes=max_bytes)
        self._room -= len(body)
        self._bodies.append(body)
        if self._items is not None and len(self._items) < _MAX_ITEMS_FOR_CALLABLES:
            self._items.append(item)

    def end(self, value: object, error: BaseException | None = None) -> None:
        """Close the run: exhausted with `value`, closed early, or failed."""
        if self._opened is not None:
            try:
                what = self._outcome(self._opened, value)
            except Exception as broken:  # noqa: BLE001 -- the boundary
                what = NOTHING
                safely.failed("recording what a generator yields", broken)
            ended(self._opened, what, error)

    def _outcome(self, opened: OpenRun, value: object) -> Outcome:
        run, plan = opened.run, opened.plan
        if self._items is not None:
            return outcome.of_result(run, plan, self._items)
        if run._output is not None or plan.settings.output is False:  # noqa: SLF001
            return outcome.of_what_was_set(run, plan)
        set_by_hand = outcome.of_what_was_set(run, plan)
        return NOTHING._replace(
            body=self._body(value, plan.settings.max_payload),
            metrics=set_by_hand.metrics,
            assets=set_by_hand.assets,
        )

    def _body(self, value: object, max_bytes: int) -> bytes:
        """A list of the items; with a returned value or a cut, an object of both."""
        items: Any = [Fragment(body) for body in self._bodies]
        if value is None and not self._left_out:
            return dumps(items)
        told: dict[str, Any] = {"yielded": items}
        if self._left_out:
            told["items_left_out"] = self._left_out
        if value is not None:
            told["returned"] = Fragment(to_json(value, max_bytes=max_bytes))
        return dumps(told)
