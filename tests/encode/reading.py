"""How tests read what was encoded: as the readers there are read it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import orjson

from nextmv_autotrack.encode import to_json


def read(value: object, *, max_bytes: int = 1_000_000) -> object:
    """Encode a value, and return what two readers of JSON both make of it."""
    body = to_json(value, max_bytes=max_bytes)
    assert len(body) <= max(1, max_bytes)
    found = json.loads(body.decode())
    assert repr(orjson.loads(body)) == repr(json.loads(body, parse_int=_in_64_bits))
    return found


def _in_64_bits(digits: str) -> float:
    """Return an integer as orjson reads it."""
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else float(digits)


def said_by(program: str) -> str:
    """Run a program that encodes, and return what it printed: it must not die."""
    # Coverage is not measured there: it needs more stack than some of them leave it.
    environ = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", done.stderr
    return done.stdout
