"""What every test stands on: no settings from outside, failures raised, own homes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nextmv_autotrack import safely, whereabouts
from nextmv_autotrack.capture import context, installed
from nextmv_autotrack.redact import known
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.tracker import Tracker
from tests.platform_server.fixtures import platform, platform_process
from tests.written import Written

__all__ = ["platform", "platform_process"]


@pytest.fixture(autouse=True)
def _failures_are_raised(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Raise what would be swallowed in a user's program, and forget it afterwards."""
    monkeypatch.setattr(safely, "raising", True)
    monkeypatch.setattr(safely, "_reported", {})
    token = context.innermost.set(None)
    yield
    context.innermost.reset(token)
    context.open_roots.clear()


@pytest.fixture(autouse=True)
def _no_key_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the keys of the platform that other tests have used."""
    monkeypatch.setattr(known, "_learned", {})


@pytest.fixture
def as_for_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Swallow and report our failures, as in a user's program."""
    monkeypatch.setattr(safely, "raising", False)


@pytest.fixture(autouse=True)
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """Settings that nothing outside the test has a say in."""
    for name in ("API_KEY", "APP_ID", "ENDPOINT", "PROFILE", "SYSTEM_CERTS"):
        monkeypatch.delenv(f"NEXTMV_{name}", raising=False)
    # Whoever runs the tests may have profiles.
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "user"))
    home = tmp_path / "home"
    monkeypatch.setenv("NEXTMV_AUTOTRACK_DIRECTORY", str(home))
    return Sources(
        {"NEXTMV_AUTOTRACK_DIRECTORY": str(home)}, tmp_path, complain=pytest.fail
    )


@pytest.fixture
def written(sources: Sources) -> Iterator[Written]:
    """Tracked calls write to a list, by a clock and ids of the test's own."""
    before = installed.recorder()
    written = Written(sources)
    installed.install(written.recorder)
    yield written
    installed.install(before)


@pytest.fixture
def tracker(sources: Sources) -> Iterator[Tracker]:
    """Tracked calls go all the way to a store in a folder of the test's own."""
    before = installed.recorder(), whereabouts.whereabouts()
    tracker = Tracker(sources)
    installed.install(tracker.recorder)
    whereabouts.install(tracker.handle)
    yield tracker
    tracker.shutdown(0)
    installed.install(before[0])
    whereabouts.install(before[1])
