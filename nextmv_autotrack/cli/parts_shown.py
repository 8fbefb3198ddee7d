"""What belongs to a run, a line each: its assets, and the runs inside it."""

from __future__ import annotations

from itertools import islice
from typing import Any

import orjson

from nextmv_autotrack.cli.words import NOTHING, duration, short_length, size
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.store.selection import Selection

# Read, a document takes some ten times its size.
LARGEST_READ = 50_000_000

# A run may have thousands inside it: how many is said, too.
_RUNS_SHOWN = 12


def assets_of(content: bytes) -> list[tuple[str, str]] | None:
    """Return the name of each asset, and what it is and how large.

    None if they are no assets.
    """
    assets = orjson.loads(content)
    return [_asset(one) for one in assets] if isinstance(assets, list) else None


def _asset(asset: Any) -> tuple[str, str]:
    if not isinstance(asset, dict):
        return NOTHING, f"{type(asset).__name__}, {_size_of(asset)}"
    visual = asset.get("visual")
    kind = visual.get("schema") if isinstance(visual, dict) else None
    kind = kind or asset.get("content_type") or "json"
    words = f"{kind}, {_size_of(asset.get('content'))}"
    return str(asset.get("name") or NOTHING), words


def _size_of(content: Any) -> str:
    return size(len(orjson.dumps(content)))


def runs_inside(store: Store, run: StoredRun) -> list[tuple[str, str]]:
    """Return the ids of the runs inside a run, the oldest first, and what they were."""
    found = [*store.each(Selection(inside=run.id))]
    length = short_length(one.id for one in (run, *found))
    first = islice(reversed(found), _RUNS_SHOWN)
    rows = [(one.id[:length], _in_words(one)) for one in first]
    if len(found) > _RUNS_SHOWN:
        rows.append((f"{len(found) - _RUNS_SHOWN:,} more", ""))
    return rows


def _in_words(run: StoredRun) -> str:
    words = [run.name, run.status.value, duration(run.duration)]
    return ", ".join(word for word in words if word != NOTHING)
