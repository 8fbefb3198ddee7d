"""Both edges of the explicit client behind one face, so that one test is for both."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from nextmv_autotrack import Application, AsyncApplication


class Awaited:
    """An `AsyncApplication`, each call awaited to its end."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._application = AsyncApplication(*args, **options)
        self._loop = asyncio.new_event_loop()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._application, name)

        def call(*args: Any, **options: Any) -> Any:
            given = method(*args, **options)
            if inspect.isawaitable(given):
                return self._loop.run_until_complete(given)
            return self._iterated(given)

        return call

    def _iterated(self, items: Any) -> Any:
        async def next_one() -> Any:
            return await anext(items, self)

        while (item := self._loop.run_until_complete(next_one())) is not self:
            yield item

    def end(self) -> None:
        self._loop.run_until_complete(self._application.close())
        self._loop.close()


class Called(Application):
    """An `Application`, ended as the other one is."""

    def end(self) -> None:
        self.close()


EDGES = {"called": Called, "awaited": Awaited}
