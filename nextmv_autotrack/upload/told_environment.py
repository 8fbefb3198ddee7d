"""What the platform is told of where a run was made: an asset beside the user's own."""

from __future__ import annotations

from typing import Any

import orjson

from nextmv_autotrack.nextmv_api import Blob
from nextmv_autotrack.store import Environment

ASSET_NAME = "autotrack_environment"

# No names, ids, paths or words of a command line among them.
_OF_VERSIONS = ("python", "packages", "git", "os", "cpu", "memory_mib")
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
    found = {name: whole[name] for name in _OF_VERSIONS if name in whole}
    container = whole.get("container")
    if isinstance(container, dict):
        limits = {name: container[name] for name in _LIMITS if name in container}
        if limits:
            found["container"] = limits
    return found
