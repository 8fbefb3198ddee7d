"""What a generator has yielded so far, which is its output."""

from __future__ import annotations

from typing import Any

from orjson import Fragment, dumps

from nextmv_autotrack import safely
from nextmv_autotrack.capture import outcome
from nextmv_autotrack.capture.endings import ended, nothing
from nextmv_autotrack.capture.open_run import OpenRun
from nextmv_autotrack.capture.plan import Plan
from nextmv_autotrack.journal import Body

# Items are kept as objects only for a callable that is to look at them.
MAX_ITEMS_FOR_CALLABLES = 10_000


class Yielded:
    """Takes down each item as it is when it is yielded."""

    __slots__ = ("_body", "_items", "_left_out", "_losses", "_opened", "_room")

    def __init__(self, opened: OpenRun | None) -> None:
        self._opened = opened
        # One piece of memory: an object for each of millions of items would take many
        # times what the items take.
        self._body = bytearray()
        self._items: list[object] | None = None
        self._left_out = 0
        self._losses: list[str] = []
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
            self._add(item, opened.plan)
            if self._losses:
                opened.tell_losses("output", self._losses)
                self._losses.clear()
        except Exception as error:  # noqa: BLE001 -- the boundary
            safely.failed("recording what a generator yields", error)

    def _add(self, item: object, plan: Plan) -> None:
        if self._items is not None and len(self._items) < MAX_ITEMS_FOR_CALLABLES:
            self._items.append(item)
        body = plan.json(item, self._losses) if self._room > 0 else b""
        self._room -= len(body) + 1
        if self._room < 0:
            self._left_out += 1
            self._room = 0
            return
        if self._body:
            self._body += b","
        self._body += body

    def end(self, value: object, error: BaseException | None = None) -> None:
        """Close the run: exhausted with `value`, closed early, or failed."""
        opened = self._opened
        if opened is None:
            return
        opened.stop()
        body: Body
        try:
            body = self._output(opened, value, has_failed=error is not None)
        except Exception as broken:  # noqa: BLE001 -- the boundary
            body = nothing(broken)
        ended(opened, body, error)

    def _output(self, opened: OpenRun, value: object, *, has_failed: bool) -> Body:
        if self._items is not None:
            return outcome.of_result(opened, self._items)
        body = outcome.of_what_was_set(opened, has_failed=has_failed)
        if body or opened.plan.settings.output is False:
            return body
        return self._told(opened, value)

    def _told(self, opened: OpenRun, value: object) -> bytes:
        """A list of the items; with a returned value or a cut, an object of both."""
        items = Fragment(b"[" + bytes(self._body) + b"]")
        if value is None and not self._left_out:
            return dumps(items)
        told: dict[str, Any] = {"yielded": items}
        if self._left_out:
            told["items_left_out"] = self._left_out
        if value is not None:
            told["returned"] = Fragment(opened.as_json("output", value))
        return dumps(told)
