"""Which runs have been told to the platform already, or may have been, and where to."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

from nextmv_autotrack.encode import to_json
from nextmv_autotrack.platform.parcel import MAX_PAYLOAD_BYTES
from nextmv_autotrack.platform.tracked_run import TrackedRun
from nextmv_autotrack.settings.access import Access


class Destination(NamedTuple):
    """Where a run goes; to another one it goes as another run."""

    endpoint: str
    account: str
    app_id: str
    instance_id: str | None
    batch_experiment_id: str | None
    content: str = ""
    """A digest of a run that can be changed; empty for one that cannot."""


@dataclass
class Submission:
    """How far a run has come on its way to one destination."""

    id: str
    """Ours: what the run is known by before the platform has given it an id."""
    begun_at: float | None = None
    """When the platform was asked to create it, in seconds since 1970; None while it is
    sure not to have done so."""
    settled_at_s: float = 0.0
    """When no call that asked it to can be at work any more, by the steady clock."""
    platform_run_id: str | None = None
    is_under_way: bool = False


Submissions = dict[Destination, Submission]


def submission_to(there: Destination, known: Submissions, new_id: str) -> Submission:
    """Return how far a run has come on its way there.

    Another key may be of the same account: a run that has gone out with one is looked
    for before it goes out with another.
    """
    if there in known:
        return known[there]
    new = Submission(new_id)
    for destination, other in list(known.items()):
        if destination._replace(account=there.account) == there:
            new = Submission(other.id, other.begun_at, other.settled_at_s)
            if other.platform_run_id is not None:
                new.settled_at_s = 0.0
    return known.setdefault(there, new)


def account_of(access: Access) -> str:
    """Return what tells the account of one access from those of others.

    It is kept with a run, and may be pickled with it: nobody reads a key from it.
    """
    login = access.login if access.api_key is None else None
    means = (access.api_key, login and (login.team_id, login.tokens.as_posix()))
    return hashlib.sha256(repr(means).encode("utf-8", "replace")).hexdigest()


# By their ids, since the SDK's runs have no hash; an entry goes with its run.
_submissions_of: dict[int, tuple[weakref.ref[object], Submissions]] = {}


def submissions_of(run: object) -> Submissions:
    """Return how far a run has come, one of ours or of the vendor's."""
    if isinstance(run, TrackedRun):
        # With it, and not by its identity: its copies are the same run.
        known: Submissions = vars(run)["_submissions"]
        return known
    key = id(run)
    found = _submissions_of.get(key)
    if found is None or found[0]() is not run:
        gone = weakref.ref(run, lambda _: _submissions_of.pop(key, None))
        found = _submissions_of[key] = (gone, {})
    return found[1]


def digest(run: TrackedRun) -> str:
    """Return what tells a run from one with other fields, or other files."""
    found = hashlib.sha256()
    for item in fields(run):
        value = getattr(run, item.name)
        if isinstance(value, Path):
            value = [str(value), *_stamps(value)]
        part = to_json(value, max_bytes=MAX_PAYLOAD_BYTES)
        found.update(b"%s %d " % (item.name.encode(), len(part)))
        found.update(part)
    return found.hexdigest()


def _stamps(folder: Path) -> Iterator[tuple[str, int, int]]:
    # What cannot be read is told when it is packed.
    with suppress(OSError):
        for path in sorted(folder.rglob("*")):
            state = path.stat()
            yield str(path), state.st_size, state.st_mtime_ns
