"""`doctor`: looks at everything a run needs on its way, and says what to mend."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from nextmv_autotrack.cli import home, screen, shapes
from nextmv_autotrack.cli.doctor import leftovers
from nextmv_autotrack.cli.doctor.checks import Check, State
from nextmv_autotrack.cli.doctor.folder_checks import folder_checks
from nextmv_autotrack.cli.doctor.platform_checks import PlatformChecks
from nextmv_autotrack.cli.doctor.tracking_check import tracking_check
from nextmv_autotrack.clock import SYSTEM_CLOCK
from nextmv_autotrack.settings import from_environment

_STATE_WIDTH = max(len(state.value) for state in State)
_NAME_WIDTH = len("application")

# With less room than this beside its lead, a text is better read below it.
_LEAST_BESIDE = 36


def doctor(given: Namespace) -> int:
    """Make all checks; exit code 1 when there is a problem."""
    checks = []
    for check in _checks():
        checks.append(check)
        if not given.json:
            # At once: the next one may take some seconds.
            _show(check)
    problems = sum(check.state is State.PROBLEM for check in checks)
    if given.json:
        shapes.write(
            [
                {"check": name, "state": state.value, "text": text, "advice": advice}
                for name, state, text, advice in checks
            ]
        )
    return 1 if problems else 0


def _checks() -> Iterator[Check]:
    sources = from_environment(home.complain)
    settings = sources.resolve()
    yield tracking_check(sources)
    # First: what still lies in journals may wait for the platform, too.
    left = leftovers.moved(settings.directory)
    yield from PlatformChecks(sources, SYSTEM_CLOCK.wall).run(left.waiting)
    yield from folder_checks(settings, left)


def _show(check: Check) -> None:
    state = check.state.value
    lead = f"{state:{_STATE_WIDTH}}  {check.name:{_NAME_WIDTH}}  "
    indent = " " * len(lead)
    if screen.is_terminal() and screen.width() < len(lead) + _LEAST_BESIDE:
        screen.hanging(f"{state:{_STATE_WIDTH}}  ", check.name, word=state)
        lead = indent = "  "
    screen.hanging(lead, check.text, word=state if lead != indent else "")
    if check.advice is not None:
        screen.hanging(f"{indent}-> ", check.advice)
