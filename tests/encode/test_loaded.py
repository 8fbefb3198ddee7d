from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from types import ModuleType

import pytest

from nextmv_autotrack.loaded import is_of


class Asked:
    """An object, as some are, that does something when it is looked at."""

    def __getattr__(self, name):
        raise AssertionError(name)


def test_a_value_is_of_its_class_and_of_those_it_derives_from():
    class Own(Fraction):
        pass

    assert is_of(Fraction(1), "fractions", "Fraction")
    assert is_of(Own(1), "fractions", "Fraction")
    assert not is_of(1.5, "fractions", "Fraction")
    assert not is_of(Fraction, "fractions", "Fraction")


@pytest.mark.parametrize("module", [None, object(), ModuleType("nextmv")], ids=repr)
def test_whatever_stands_in_the_place_of_a_module_nothing_is_of_it(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "nextmv", module)
    assert not is_of(Asked(), "nextmv", "Input")


def test_a_value_is_asked_nothing_and_nothing_is_imported():
    program = (
        "import sys\n"
        "from nextmv_autotrack.loaded import is_of\n"
        "assert not is_of(object(), 'fractions', 'Fraction')\n"
        "assert 'fractions' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert not is_of(Asked(), "fractions", "Fraction")
