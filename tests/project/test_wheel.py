from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.project.paths import ROOT, need_source, python


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    need_source()
    folder = tmp_path_factory.mktemp("wheel")
    done = python(
        "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), folder=ROOT
    )
    assert done.returncode == 0, done.stderr
    (path,) = folder.iterdir()
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_package_and_what_pytest_finds_and_nothing_else(
    wheel: zipfile.ZipFile,
):
    tops = {Path(name).parts[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "nextmv_autotrack",
        "pytest_nextmv_autotrack.py",
    }


def test_the_wheel_brings_the_types_the_demo_and_the_licence(wheel: zipfile.ZipFile):
    names = set(wheel.namelist())
    assert "nextmv_autotrack/py.typed" in names
    assert "nextmv_autotrack/demo/bell5.mps" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_wheel_holds_every_module_of_the_source(wheel: zipfile.ZipFile):
    package = ROOT / "nextmv_autotrack"
    modules = {path.relative_to(ROOT).as_posix() for path in package.rglob("*.py")}
    # Beside the package, there; see pyproject.toml.
    modules.remove("nextmv_autotrack/testing/pytest_plugin.py")
    assert modules <= set(wheel.namelist())


# Some four hundred modules of Python: more would be what does not belong in it.
MOST_BYTES = 600_000


def test_the_wheel_is_light(wheel: zipfile.ZipFile):
    assert sum(info.compress_size for info in wheel.infolist()) < MOST_BYTES
