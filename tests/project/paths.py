"""Where the project's own files are, for tests about the project itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def need_source() -> None:
    """Skip a test about the source where only an installed wheel is tested."""
    if not (ROOT / "nextmv_autotrack").is_dir():
        pytest.skip("an installed wheel is under test, without the source")


def python(
    *arguments: str, folder: Path | None = None, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run this Python as a user would, and return what it said."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environ or os.environ,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
