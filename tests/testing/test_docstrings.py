from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from nextmv_autotrack import testing

MODULES = sorted(
    path.stem
    for path in Path(testing.__file__).parent.glob("*.py")
    if ">>>" in path.read_text("utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name):
    tests = doctest.testmod(import_module(f"nextmv_autotrack.testing.{name}"))
    assert tests.attempted
    assert not tests.failed


def test_every_public_name_has_an_example():
    shown = {name: getattr(testing, name).__doc__ for name in testing.__all__}
    without = [name for name, text in shown.items() if "Example:" not in text]
    assert without == ["SeenRequest"]
