"""The process that replays runs, as the command holds it: lines go in and come out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any, cast

import orjson

from nextmv_autotrack.cli import home

# It finds modules where this process does; an interrupt is none of its business until
# it can answer.
_PROGRAM = (
    "import json, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    "sys.path[:] = json.loads(sys.argv.pop()); "
    "from nextmv_autotrack.replaying.process import main; main()"
)

# What a model gets to clear up in, when somebody has pressed Ctrl-C and waits.
_GRACE_S = 2.0


class Child:
    """A process with `replaying.process` in it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        path = json.dumps([str(home.here()), *sys.path])
        self._process = subprocess.Popen(  # noqa: S603 -- this Python
            [sys.executable, "-c", _PROGRAM, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
        )
        self._asked = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)

    @property
    def has_ended(self) -> bool:
        """Whether it can be asked nothing any more."""
        return self._process.poll() is not None

    def ask(self, line: bytes) -> None:
        """Send it a line."""
        # When it has ended, that is known from the answer that does not come.
        with suppress(OSError):
            self._asked.write(line + b"\n")
            self._asked.flush()

    def answer(self) -> dict[str, Any] | None:
        """Return what it says next; None when it has ended.

        Raises:
            KeyboardInterrupt: It was interrupted.
        """
        line = self._answers.readline()
        if not line.endswith(b"\n"):
            return None
        answer: dict[str, Any] = orjson.loads(line)
        if "interrupted" in answer:
            raise KeyboardInterrupt
        return answer

    def end(self) -> int:
        """Wait until it has ended, as it does when it is asked nothing; its exit code.

        A signal that has ended it is a negative one.
        """
        self._close()
        return self._process.wait()

    def stop(self) -> None:
        """End it now, whatever it is at."""
        self._close()
        try:
            if not self.has_ended:
                self._interrupt()
                self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._process.kill()
            self._process.wait()

    def _interrupt(self) -> None:
        if sys.platform == "win32":
            self._process.terminate()
        else:
            self._process.send_signal(signal.SIGINT)

    def _close(self) -> None:
        with suppress(OSError):
            self._asked.close()
        self._answers.close()
