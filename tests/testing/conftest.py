from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.project.paths import ROOT, need_source, python


@pytest.fixture(scope="session")
def installed_package(tmp_path_factory) -> Path:
    """A folder with what a wheel installs, entry points included."""
    need_source()
    folder = tmp_path_factory.mktemp("wheel")
    done = python(
        "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), folder=ROOT
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


class Project:
    """Somebody's project, with tests of its own."""

    def __init__(self, folder: Path, site: Path) -> None:
        self.folder = folder
        self.environ = {
            name: text
            for name, text in os.environ.items()
            if not name.startswith(("PYTEST_", "NEXTMV_", "COVERAGE_"))
        }
        self.environ |= {"PYTHONPATH": str(site), "COLUMNS": "100"}
        self.environ |= dict.fromkeys(("HOME", "USERPROFILE"), str(folder / "user"))

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python there."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    def pytest(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        usual = ("-m", "pytest", "-W", "error", "-p", "no:cacheprovider")
        return self.run(*usual, *arguments)


@pytest.fixture
def project(tmp_path, installed_package) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder, installed_package)
