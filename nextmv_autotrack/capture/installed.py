"""The recorder of this process, which every tracked function finds here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nextmv_autotrack.capture.recorder import Recorder

_installed: list[Recorder] = []


def install(recorder: Recorder) -> None:
    """Let tracked functions write to `recorder` from now on."""
    _installed[:] = [recorder]


def recorder() -> Recorder:
    """Return the recorder of this process.

    Looked up at each call rather than kept in the wrapper: a wrapper may be pickled,
    sent to another process and called there.
    """
    return _installed[0]
