"""What `doctor` says of key and endpoint where nobody can be asked."""

from __future__ import annotations

from collections.abc import Iterator

from nextmv_autotrack.cli import origins
from nextmv_autotrack.cli.doctor.advice import Advice
from nextmv_autotrack.cli.doctor.checks import (
    BEHIND_THE_ENDPOINT,
    BEHIND_THE_KEY,
    Check,
    State,
    skipped,
)
from nextmv_autotrack.cli.words import counted
from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.settings import Sources

_NO_PROFILE = "mend the profile, or set NEXTMV_API_KEY and NEXTMV_ENDPOINT"
_SET_KEY = "set NEXTMV_API_KEY to a key of your account"


def closed(sources: Sources, waiting: int) -> Iterator[Check]:
    """Say why the access of the settings opens nothing.

    Args:
        sources: Where the settings are from.
        waiting: Runs that wait for the platform: without a key they wait for ever.
    """
    access = sources.access()
    if access.is_unconfirmed:
        yield from _unconfirmed(sources)
        return
    if access.problem is not None:
        yield Check("key", State.PROBLEM, access.problem, _NO_PROFILE)
    else:
        yield _without_key(sources.resolve().destination, waiting)
    yield from skipped(BEHIND_THE_KEY, "there is no key to ask with")


def unusable(error: SettingsError, advice: Advice) -> Iterator[Check]:
    """Say what is wrong with a key or an endpoint that no request can be made with."""
    if "'endpoint'" not in str(error):
        yield Check("key", State.PROBLEM, str(error), advice.another_key)
        yield from skipped(BEHIND_THE_KEY, "the key cannot be used")
        return
    yield Check("key", State.SKIPPED, f"{advice.key_is_set}; not tried")
    advised = f"mend {advice.endpoint_origin}"
    yield Check("endpoint", State.PROBLEM, str(error), advised)
    yield from skipped(BEHIND_THE_ENDPOINT, "there is nobody to ask")


def _unconfirmed(sources: Sources) -> Iterator[Check]:
    endpoint = sources.access().endpoint
    yield Check("key", State.SKIPPED, f"{Advice(sources).key_is_set}; it was not sent")
    yield Check(
        "endpoint",
        State.PROBLEM,
        f"only {origins.of_setting(sources, 'endpoint')} names {endpoint}, and it "
        "would get your key",
        f"if you trust it, set NEXTMV_ENDPOINT={endpoint}",
    )
    yield from skipped(BEHIND_THE_ENDPOINT, "there is nobody to ask")


def _without_key(destination: str, waiting: int) -> Check:
    if waiting:
        text = f"not set, and waited for by {counted(waiting, 'run')}"
        return Check("key", State.PROBLEM, text, _SET_KEY)
    if destination == "cloud":
        text = "not set, though destination is 'cloud'"
        return Check("key", State.PROBLEM, text, _SET_KEY)
    if destination == "local":
        return Check("key", State.NOTE, "not set: nothing is sent that needs one")
    text = "not set: runs stay on this machine"
    return Check("key", State.NOTE, text, f"to send them, {_SET_KEY}")
