"""The command on a terminal made for the test."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty", reason="pseudo-terminals are POSIX")


def seen(*words: str, first: str = "", **environ: str) -> str:
    """What the command prints on a terminal of 80 columns."""
    main, terminal = pty.openpty()
    program = f"{first}\nfrom nextmv_autotrack.cli import main\nmain({[*words]!r})"
    given = {"TERM": "xterm-256color", "COLUMNS": "80", **environ}
    kept = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=terminal, env={**kept, **given}
    ) as process:
        os.close(terminal)
        parts = []
        try:
            while part := os.read(main, 4096):
                parts.append(part)
        except OSError:
            pass  # what Linux says when the other side has closed
        assert process.wait() == 0
    os.close(main)
    return b"".join(parts).decode()


def plain(screen: str) -> str:
    """Return what is seen without its colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", screen)
