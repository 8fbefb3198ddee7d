"""Does the steps of an operation in this thread, with the help of a few others."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.in_place import pause
from nextmv_autotrack.platform.steps import (
    Ask,
    Pause,
    Step,
    Steps,
    Tell,
    Together,
    Work,
)
from nextmv_autotrack.upload.crew import Crew, side_by_side

# A run has at most six uploads, and the caller does one of them.
HELPERS = 5

_Result = TypeVar("_Result")


class Driver:
    """Does operations, one in each thread that calls it.

    Args:
        connect: Returns a client that makes the calls.
        sleep: Waits.
        helpers: How many threads may help.
    """

    def __init__(
        self,
        connect: Callable[[], Client],
        sleep: Callable[[float], None] = pause,
        helpers: int = HELPERS,
    ) -> None:
        self._connect = connect
        self._sleep = sleep
        self._helpers = helpers
        self._begin()

    def _begin(self) -> None:
        self._client = self._connect()
        self._crew = Crew(self._helpers)
        self._pid = os.getpid()

    @property
    def endpoint(self) -> str:
        """Address of the platform."""
        return self._client.endpoint

    def run(self, steps: Steps[_Result]) -> _Result:
        """Do all steps, and return the result."""
        if self._pid != os.getpid():
            # A forked child has none of the helpers, and must leave the connections to
            # its parent.
            self._begin()
        done, problem = None, None
        try:
            while True:
                step = steps.send(done) if problem is None else steps.throw(problem)
                done, problem = self._tried(step)
        except StopIteration as end:
            result: _Result = end.value
            return result
        finally:
            steps.close()

    def _tried(self, step: Step) -> tuple[Any, Exception | None]:
        """What came of a step, and what went wrong."""
        try:
            return self._done(step), None
        except Exception as problem:  # noqa: BLE001 -- it is the operation's to judge
            return None, problem

    def _done(self, step: Step) -> Any:
        if isinstance(step, Ask):
            return self._client.do(step.call, step.time_s)
        if isinstance(step, Pause):
            return self._sleep(step.seconds)
        if isinstance(step, Work):
            return step.do()
        if isinstance(step, Tell):
            return step.listener(step.what)
        return self._done_together(step)

    def _done_together(self, step: Together) -> dict[str, Any]:
        jobs = {name: partial(self.run, one) for name, one in step.operations.items()}
        done, problem = side_by_side(jobs, self._crew)
        if problem is not None:
            raise problem
        return done

    def close(self) -> None:
        """Let the helpers end, and close the connections; what follows has new ones."""
        crew, self._crew = self._crew, Crew(self._helpers)
        crew.close()
        self._client.close()
