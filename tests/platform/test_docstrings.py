from __future__ import annotations

import doctest
from importlib import import_module

import pytest

MODULES = [
    "platform.application",
    "platform.async_application",
    "platform.tracked_run",
    "result",
    "sent_run",
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name, monkeypatch):
    monkeypatch.setenv("NEXTMV_API_KEY", "a-key")
    module = import_module(f"nextmv_autotrack.{name}")
    tests = doctest.testmod(module)
    assert tests.attempted
    assert not tests.failed
