from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.project.paths import ROOT, need_source

TOP_LEVEL = {
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "nextmv_autotrack",
    "tests",
    "examples",
}

STAGES = {
    "capture",
    "encode",
    "redact",
    "journal",
    "store",
    "upload",
    "nextmv_api",
    "handle",
    "settings",
    "platform",
    "replaying",
    "testing",
    "solvers",
    "launcher",
    "cli",
    "demo",
    "ui",
}

LEFT_BY_TOOLS = {
    "build",
    "dist",
    "uv.lock",
    "__pycache__",
    "HiGHS.log",
    ".git",
    ".venv",
    ".hypothesis",
    ".lowest",
}

# A module is named for what it holds, and these hold anything.
NAMES_FOR_ANYTHING = {"utils", "util", "helpers", "common", "base", "misc", "manager"}

# Folders that only one machine has, and who owns them there.
ONE_MACHINE = re.compile(r"/(?:work|farm|root|tmp/lab|home/\w+|Users/\w+)/")

TEXT = {".py", ".toml", ".md", ".yml", ".yaml", ".sh", ""}


def files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in LEFT_BY_TOOLS or path.name.endswith("_cache"):
            continue
        if path.is_dir():
            yield from files(path)
        elif path.suffix in TEXT and not path.name.startswith(".coverage"):
            yield path


def test_the_top_level_has_the_fixed_names_only():
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert names - LEFT_BY_TOOLS <= TOP_LEVEL


def test_the_folders_of_the_package_are_the_stages():
    need_source()
    package = ROOT / "nextmv_autotrack"
    folders = {path.name for path in package.iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} <= STAGES


def test_no_module_has_a_name_for_anything():
    need_source()
    modules = (ROOT / "nextmv_autotrack").rglob("*.py")
    assert not {path.stem for path in modules} & NAMES_FOR_ANYTHING


def test_every_module_begins_with_a_sentence_on_what_it_holds():
    need_source()
    for path in (ROOT / "nextmv_autotrack").rglob("*.py"):
        assert re.match(r'r?"""\S[^\n]*[.:]', path.read_text("utf-8")), path


def test_no_module_is_longer_than_300_lines():
    need_source()
    for path in (ROOT / "nextmv_autotrack").rglob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= 300, path


def test_no_file_names_a_folder_of_one_machine():
    for path in files(ROOT):
        found = ONE_MACHINE.search(path.read_text("utf-8"))
        assert found is None, f"{path}: {found and found.group()}"
