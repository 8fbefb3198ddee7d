"""What the platform is told of where a run was made: an asset beside the user's own."""

from __future__ import annotations

from typing import Any

import orjson

from nextmv_autotrack.nextmv_api import Blob
from nextmv_autotrack.store import Environment

ASSET_NAME = "autotrack_environment"

# No names, ids, paths or words of a command line among them. A branch is often called
# after a customer, or after what is not to be known yet.
_OF_VERSIONS = ("python", "packages", "os", "cpu", "memory_mib")
_OF_GIT = ("commit", "dirty")
_LIMITS = ("memory_limit_mib", "cpu_limit")

_EMPTY_LIST_BYTES = 2


def with_environment(assets: Blob | None, environment: Environment) -> Blob | None:
    """Return the assets of a run, and behind them where it was made if that is shared.

    Args:
        assets: JSON, a list as a rule.
        environment: Of the run.
    """
    content = shared_of(environment)
    is_a_list = assets is None or assets.first() == b"["
    if not content or not is_a_list:
        return assets
    ours = orjson.dumps(
        {
            "name": ASSET_NAME,
            "description": "Where the run was made",
            "content_type": "json",
            "content": content,
        }
    )
    if assets is None or assets.size <= _EMPTY_LIST_BYTES:
        return Blob.of(b"[", ours, b"]")
    return Blob.of(assets.but_last(), b",", ours, b"]")


def shared_of(environment: Environment) -> dict[str, Any]:
    """Return what of an environment the platform may be told."""
    whole = environment.content
    if environment.shared == "full":
        return whole
    if environment.shared != "versions":
        return {}
    found = _of(whole, _OF_VERSIONS)
    for part, names in (("git", _OF_GIT), ("container", _LIMITS)):
        known = whole.get(part)
        if isinstance(known, dict) and (told := _of(known, names)):
            found[part] = told
    return found


def _of(known: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: known[name] for name in names if name in known}
