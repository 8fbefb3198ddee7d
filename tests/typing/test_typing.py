"""What type checkers make of the public face: `public_api.py` has the cases."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.project.paths import ROOT, need_source

# They read the types of the standard library first; without a cache that takes longer
# than any test of ours.
_TIMEOUT_S = 300


@pytest.mark.timeout(_TIMEOUT_S)
@pytest.mark.parametrize(
    ("checker", "options"),
    # The inside of the library is not what is looked at here.
    [("mypy", ["--follow-imports=silent"]), ("pyright", [])],
    ids=["mypy", "pyright"],
)
def test_right_uses_are_right_and_wrong_ones_are_errors_for(
    checker: str, options: list[str]
) -> None:
    need_source()
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed: it is in the group `check`")
    # Measured, it would take several times as long.
    environ = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-m", checker, *options, "tests/typing/public_api.py"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
