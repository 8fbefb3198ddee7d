"""Fixtures: a platform for all tests of a session, empty at the start of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.platform_server.handle import Platform, running


@pytest.fixture(scope="session")
def platform_process() -> Iterator[Platform]:
    with running() as started:
        yield started


@pytest.fixture
def platform(platform_process: Platform) -> Platform:
    platform_process.reset()
    return platform_process
