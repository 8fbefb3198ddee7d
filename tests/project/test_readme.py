from __future__ import annotations

import json
import os
import re
from dataclasses import fields
from pathlib import Path

import pytest

from nextmv_autotrack.cli import main
from nextmv_autotrack.nextmv_api.console import run_page
from nextmv_autotrack.settings import Settings
from tests.project.paths import PYTEST_OPTIONS, ROOT, python

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def run(block: str, folder: Path, **environ: str) -> str:
    """Run a block, expect no word of warning, and return what it printed."""
    program = folder / "block.py"
    program.write_text(block, "utf-8")
    environment = {**os.environ, **environ}
    done = python("-W", "error", str(program), folder=folder, environ=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    assert main(["list", "--json"]) == 0
    runs: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return runs


NEEDS_A_PLATFORM = [block for block in blocks("python") if "Application(" in block]
WAITS = [block for block in blocks("python") if ".wait(" in block]
TESTS = [block for block in blocks("python") if "def test_" in block]
LOCAL = [
    block for block in blocks("python") if block not in [*NEEDS_A_PLATFORM, *TESTS]
]


@pytest.mark.parametrize("block", LOCAL, ids=range(len(LOCAL)))
def test_every_block_runs_and_its_runs_succeed(block, tmp_path, capsys):
    run(block, tmp_path)
    runs = listed(capsys)
    assert runs
    assert {run["status"] for run in runs} == {"succeeded"}


def test_the_tests_of_a_model_pass(tmp_path):
    (block,) = TESTS
    (tmp_path / "test_block.py").write_text(block, "utf-8")
    done = python("-m", "pytest", *PYTEST_OPTIONS, "test_block.py", folder=tmp_path)
    assert "3 passed" in done.stdout, done.stdout


def test_what_is_tracked_by_hand_arrives(tmp_path, platform):
    (block,) = NEEDS_A_PLATFORM
    run(
        block,
        tmp_path,
        NEXTMV_API_KEY=platform.key,
        NEXTMV_ENDPOINT=platform.endpoint,
    )
    (arrived,) = platform.runs()
    assert arrived.document["metrics"] == {"value": 42.0}


def test_what_is_waited_for_arrives(tmp_path, platform):
    (block,) = WAITS
    said = run(
        block,
        tmp_path,
        NEXTMV_API_KEY=platform.key,
        NEXTMV_ENDPOINT=platform.endpoint,
        NEXTMV_APP_ID="routing",
    )
    (arrived,) = platform.runs()
    page = run_page(platform.endpoint, "routing", arrived.id)
    assert said == f"{arrived.id} {page}\n2\n"


def test_what_the_first_screen_says_appears_does_appear(tmp_path, capsys):
    run(blocks("python")[0], tmp_path)
    assert main(["list"]) == 0
    appears = capsys.readouterr().out.splitlines()
    promised = blocks("text")[0].splitlines()
    assert appears[0].split() == promised[0].split()
    # The id, the age and the duration are another time's.
    changing = r"^\S+|\d+ s ago|[\d.]+ [mu]?s(?= )"
    assert re.sub(changing, "", appears[1]).split() == (
        re.sub(changing, "", promised[1]).split()
    )


def test_the_first_screen_is_short():
    first = README.partition("## ")[0]
    assert len(README.partition("\n## Install")[0].splitlines()) <= 50
    assert len(first.partition("```")[0].split()) <= 120


def test_the_table_of_settings_has_every_setting_and_no_other():
    section = README.partition("## Settings")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == {field.name for field in fields(Settings)}


def test_the_defaults_in_the_table_are_those_of_the_settings():
    section = README.partition("## Settings")[2].partition("\n## ")[0]
    told = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\d,]+) \|$", section, re.MULTILINE))
    assert {name: float(text.replace(",", "")) for name, text in told.items()} == {
        field.name: float(field.default)
        for field in fields(Settings)
        if isinstance(field.default, int | float)
        and not isinstance(field.default, bool)
    }


def test_every_command_in_the_readme_exists(capsys):
    commands = set(re.findall(r"nextmv-autotrack ([a-z]+)", README))
    assert commands
    for command in commands:
        assert main([command, "--help"]) == 0
    capsys.readouterr()


def test_every_link_into_the_project_leads_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists()


def test_every_link_within_the_readme_leads_to_a_heading():
    headings = re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    places = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }
    linked = set(re.findall(r"\]\(#([^)]+)\)", README))
    assert linked
    assert linked <= places
