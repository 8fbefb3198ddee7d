"""A tracker that delivers to the platform of the tests."""

from __future__ import annotations

import pytest

from nextmv_autotrack.tracker import Tracker
from tests.platform_server.handle import Platform


@pytest.fixture
def to_platform(tracker: Tracker, platform: Platform) -> Tracker:
    tracker.configure(
        {
            "endpoint": platform.endpoint,
            "api_key": platform.key,
            "app_id": "routing",
            "instance_id": "prod",
        }
    )
    return tracker
