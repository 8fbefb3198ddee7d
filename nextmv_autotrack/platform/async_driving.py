"""Does the steps of an operation in tasks of the running event loop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from nextmv_autotrack.nextmv_api.async_client import AsyncClient
from nextmv_autotrack.nextmv_api.in_place import pause_async
from nextmv_autotrack.platform.steps import (
    Ask,
    Pause,
    Step,
    Steps,
    Tell,
    Together,
    Work,
)

_Result = TypeVar("_Result")


class AsyncDriver:
    """Does operations, any number at once.

    Args:
        client: Makes the calls.
        sleep: Waits.
    """

    def __init__(
        self,
        client: AsyncClient,
        sleep: Callable[[float], Awaitable[None]] = pause_async,
    ) -> None:
        self._client = client
        self._sleep = sleep

    async def run(self, steps: Steps[_Result]) -> _Result:
        """Do all steps, and return the result."""
        done, problem = None, None
        try:
            while True:
                step = steps.send(done) if problem is None else steps.throw(problem)
                done, problem = await self._tried(step)
        except StopIteration as end:
            result: _Result = end.value
            return result
        finally:
            steps.close()

    async def _tried(self, step: Step) -> tuple[Any, Exception | None]:
        """What came of a step, and what went wrong."""
        try:
            return await self._done(step), None
        except Exception as problem:  # noqa: BLE001 -- it is the operation's to judge
            return None, problem

    async def _done(self, step: Step) -> Any:
        if isinstance(step, Ask):
            return await self._client.do(step.call, step.time_s)
        if isinstance(step, Pause):
            return await self._sleep(step.seconds)
        if isinstance(step, Work):
            return await asyncio.to_thread(step.do)
        if isinstance(step, Tell):
            heard = step.listener(step.what)
            return await heard if inspect.isawaitable(heard) else heard
        return await self._done_together(step)

    async def _done_together(self, step: Together) -> dict[str, Any]:
        tasks = [asyncio.ensure_future(self.run(s)) for s in step.operations.values()]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            # Nothing of an operation goes on behind it, also when it is cancelled.
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result
        return dict(zip(step.operations, results, strict=True))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
