"""Prints every dependency at its lower bound, as constraints for pip.

Those of the library and of its extras: what pyproject.toml promises to work with.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PROJECT = tomllib.loads(
    (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
)["project"]

_BOUND = re.compile(r"([A-Za-z0-9_.-]+)>=([0-9.]+)(;.*)?")


def lowest() -> list[str]:
    """Return a line a dependency; one without a lower bound is an error."""
    wanted = [
        *_PROJECT["dependencies"],
        *(one for extra in _PROJECT["optional-dependencies"].values() for one in extra),
    ]
    lines = []
    for requirement in wanted:
        bound = _BOUND.fullmatch(requirement)
        if bound is None:
            sys.exit(f"{requirement!r} in pyproject.toml has no lower bound")
        name, version, marker = bound.groups()
        lines.append(f"{name}=={version}{marker or ''}")
    return sorted(set(lines))


if __name__ == "__main__":
    print("\n".join(lowest()))
