"""What a program does for others, and says, when it ends."""

from __future__ import annotations

import contextlib
import sys

from nextmv_autotrack import safely
from nextmv_autotrack.clock import Clock
from nextmv_autotrack.journal import Home
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.upload.fork_gate import ForkGate


def send_what_is_left(
    sources: Sources, clock: Clock, gate: ForkGate
) -> tuple[int, str | None]:
    """Send what the dead have left, such as the workers of a pool of this program.

    Returns:
        How many runs wait after that, and why if that is known.
    """
    settings = sources.resolve()
    if not (settings.enabled and Home(settings.directory).has_dead()):
        return 0, None
    # Not at the top: they take long to import, and are seldom needed.
    from nextmv_autotrack.store import Store  # noqa: PLC0415 -- only where something is left
    from nextmv_autotrack.upload.foreground import send_alone  # noqa: PLC0415 -- only where something is left

    with (
        gate.inside(lambda: None),
        Store.open_sound(settings.directory, complain=safely.warn) as store,
    ):
        return send_alone(store, sources, clock, timeout_s=settings.flush_timeout)


def end_by_ctrl_c_if_so() -> None:
    """Let a program that Ctrl-C has ended be seen to have ended so, by its shell.

    Python keeps that in mind until it runs any code that is given as text, as the
    imports of the first upload do, and has to be told again.
    """
    is_interactive = hasattr(sys, "ps1")
    if getattr(sys, "last_type", None) is KeyboardInterrupt and not is_interactive:
        with contextlib.suppress(KeyboardInterrupt):
            exec("raise KeyboardInterrupt")  # noqa: S102 -- a text, since that is what counts


def say_what_waits(runs: int, problem: str | None) -> None:
    """Tell people, in one line, that runs are not on the platform yet."""
    if runs and sys.stderr is not None:
        what = "1 run waits" if runs == 1 else f"{runs} runs wait"
        why = f" ({problem})" if problem else ""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(
                f"nextmv-autotrack: {what} on disk{why}; `nextmv-autotrack sync` sends "
                f"{'it' if runs == 1 else 'them'}, or the next program that tracks\n"
            )
