"""Where a run is once it has ended, as it can be asked: what is known, and by whom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.status import Delivery

if TYPE_CHECKING:
    from nextmv_autotrack.result import RunResult

# A platform that restarts, and a large upload, are over by then.
WAIT_TIMEOUT_S = 60.0

# A tracked run has ended when it is created; the result may take some time to appear.
RESULT_TIMEOUT_S = 300.0

# A create call whose answer is lost may still be at work: whether its run is there is
# not known before the call has had the time to end.
CREATE_SETTLES_S = 5.0

# By then it has ended, also when it was we, or a gateway, who would not wait for it; or
# has settled after its answer was lost.
CREATE_ENDS_S = 60.0

# An integer may be too long for a float, and this is thirty years.
_LONGEST_S = 1_000_000_000


@dataclass(frozen=True)
class Place:
    """How far a run is on its way; with all that leads to it, once it is delivered."""

    delivery: Delivery
    app_id: str | None
    endpoint: str
    platform_run_id: str | None
    url: str | None
    """Of its page."""
    why_not: str | None = None
    """Why it does not arrive, and what can be done; None when it has, or may yet."""
    problem: str | None = None
    """Why the last try did not deliver it."""


class Whereabouts(Protocol):
    """Who knows where runs are that this process, or another one, has tracked."""

    def find(self, run_id: str) -> Place | None:
        """Return where a run is; None when that is not known now. Never raises."""

    def wait(self, run_id: str, timeout_s: float) -> Place:
        """Wait until the platform has a run."""

    async def wait_async(self, run_id: str, timeout_s: float) -> Place:
        """Wait until the platform has a run."""

    def result(self, run_id: str, timeout_s: float) -> RunResult:
        """Wait for what the platform makes of a run."""

    async def result_async(self, run_id: str, timeout_s: float) -> RunResult:
        """Wait for what the platform makes of a run."""


_installed: list[Whereabouts] = []


def install(whereabouts: Whereabouts) -> None:
    """Let runs be asked for by `whereabouts` from now on."""
    _installed[:] = [whereabouts]


def whereabouts() -> Whereabouts:
    """Return who knows where runs are.

    Looked up when somebody asks: a call of a tracked function need not keep it, and a
    run that was sent to another process finds that one's.
    """
    return _installed[0]


def seconds(timeout: object) -> float:
    """Return a timeout that can be waited for; None is one without an end.

    Raises:
        SettingsError: It is no number.
    """
    if timeout is None:
        return math.inf
    if isinstance(timeout, int) and not isinstance(timeout, bool):
        timeout = float(min(max(timeout, 0), _LONGEST_S))
    if not isinstance(timeout, float) or math.isnan(timeout):
        msg = f"timeout must be a number of seconds, or None, not {timeout!r}"
        raise SettingsError(msg)
    return max(timeout, 0.0)
