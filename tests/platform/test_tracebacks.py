"""A traceback with its local values can be shown, whatever could not be made."""

from __future__ import annotations

import traceback

import pytest

from nextmv_autotrack import Application, AsyncApplication, SettingsError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.async_client import AsyncClient


@pytest.mark.parametrize("kind", [Application, AsyncApplication])
@pytest.mark.parametrize("endpoint", ["ftp://host", 5], ids=str)
def test_what_could_not_be_made_can_be_shown(kind, endpoint):
    with pytest.raises(SettingsError) as caught:
        kind("routing", api_key="a-key", endpoint=endpoint)
    frame = caught.tb.tb_next.tb_frame
    made = frame.f_locals["self"]
    assert repr(made) == f"<{type(made).__name__}>"
    traceback.TracebackException.from_exception(caught.value, capture_locals=True)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_nor_does_a_client_that_could_not_be_made_hide_why(kind):
    with pytest.raises(SettingsError, match="endpoint") as caught:
        kind("ftp://host", "a-key")
    assert repr(caught.tb.tb_next.tb_frame.f_locals["self"]) == f"<{kind.__name__}>"
