from __future__ import annotations

import pytest

from nextmv_autotrack.nextmv_api.console import run_page


@pytest.mark.parametrize(
    ("endpoint", "console"),
    [
        ("https://api.cloud.nextmv.io", "https://cloud.nextmv.io"),
        ("https://API.staging.example:8443/v", "https://staging.example:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_a_run_has_a_page(endpoint, console):
    url = run_page(endpoint, "a b", "latest-x/y")
    assert url == f"{console}/app/a%20b/run/latest-x%2Fy?view=details"


def test_an_id_that_is_no_text_has_a_page_too():
    assert run_page("https://api.x", "app", "a\udc80").endswith(
        "/run/a%3F?view=details"
    )
