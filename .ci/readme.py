"""Prints a command of the README, so that it is written in one place only.

python3 .ci/readme.py demo
python3 .ci/readme.py tests
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_README = Path(__file__).parent.parent / "README.md"

# What tells the command from the others in the README.
_ENDS = {"demo": "nextmv-autotrack demo", "tests": "python -m pytest"}


def command(name: str) -> str:
    """Return the command that ends as `_ENDS` says."""
    blocks = re.findall(
        r"^```sh\n(.*?)^```",
        _README.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    lines = [line for block in blocks for line in block.splitlines()]
    (found,) = [line for line in lines if "venv" in line and line.endswith(_ENDS[name])]
    return found


if __name__ == "__main__":
    print(command(sys.argv[1]))
