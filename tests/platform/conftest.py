from __future__ import annotations

import pytest

from tests.platform.edges import EDGES


@pytest.fixture(params=EDGES.values(), ids=EDGES.keys())
def new_app(request, platform):
    """Opens applications of the test platform, called ones and awaited ones."""
    opened = []

    def new(app_id="routing", **options):
        usual = {"endpoint": platform.endpoint, "api_key": platform.key}
        opened.append(request.param(app_id, **(usual | options)))
        return opened[-1]

    yield new
    for app in opened:
        app.end()


@pytest.fixture
def app(new_app):
    return new_app()
