"""The command on a terminal made for the test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

pty = pytest.importorskip("pty", reason="pseudo-terminals are POSIX")

WITHOUT_RICH = "import sys; sys.modules['rich.console'] = None"


def seen(
    *words: str,
    first: str = "",
    code: int | None = None,
    meanwhile: Callable[[subprocess.Popen[bytes]], None] = lambda _: None,
    **environ: str,
) -> str:
    """What the command prints on a terminal of 80 columns, errors as well.

    Its exit code is `code`, any if that is None.
    """
    program = (
        f"{first}\nimport sys\nfrom nextmv_autotrack.cli import main\n"
        f"sys.exit(main({[*words]!r}))"
    )
    return printed(program, code=code, meanwhile=meanwhile, **environ)


def printed(
    program: str,
    *,
    code: int | None = 0,
    meanwhile: Callable[[subprocess.Popen[bytes]], None] = lambda _: None,
    **environ: str,
) -> str:
    """What a program prints on such a terminal."""
    main, terminal = pty.openpty()
    given = {"TERM": "xterm-256color", "COLUMNS": "80", **environ}
    kept = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=terminal,
        stderr=terminal,
        env={**kept, **given},
    ) as process:
        os.close(terminal)
        meanwhile(process)
        parts = []
        try:
            while part := os.read(main, 4096):
                parts.append(part)
        except OSError:
            pass  # what Linux says when the other side has closed
        assert process.wait() == code or code is None
    os.close(main)
    return b"".join(parts).decode()


def plain(screen: str) -> str:
    """Return what is seen without its colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", screen)


def shown(screen: str) -> str:
    """Return what stands on each line in the end, written over or not."""
    lines = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", screen).replace("\r\n", "\n")
    return "\n".join(_written_over(line) for line in lines.split("\n"))


def _written_over(line: str) -> str:
    seen = ""
    for part in line.split("\r"):
        seen = part + seen[len(part) :]
    return seen.rstrip()
