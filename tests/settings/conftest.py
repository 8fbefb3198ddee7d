"""Sources of settings as a test wants them, and what they complained of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nextmv_autotrack.settings import Sources


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def made(tmp_path: Path, complaints: list[str]) -> Callable[..., Sources]:
    """Make sources from variables and from lines of the project's table."""

    def make(*lines: str, **environ: str) -> Sources:
        if lines:
            text = "\n".join(["[tool.nextmv-autotrack]", *lines])
            (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        return Sources(environ, tmp_path, complain=complaints.append)

    return make
