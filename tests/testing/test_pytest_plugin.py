from __future__ import annotations

import importlib.util
import json
import re

import pytest

MODEL = """
from nextmv_autotrack import current_run, tracked

@tracked
def solve(demand):
    current_run().log("two vehicles are enough")
    return {"served": sorted(demand), "metrics": {"value": sum(demand.values())}}
"""

TESTS = """
from model import solve

def test_the_demand_is_recorded(autotrack_runs):
    solve({"bonn": 4})
    assert autotrack_runs[0].input == {"bonn": 4}
    assert autotrack_runs[0].metrics == {"value": 4}

def test_another_one_begins_with_none(autotrack_runs):
    assert len(autotrack_runs) == 0
    solve({"essen": 7})
    assert [run.output for run in autotrack_runs] == [{"served": ["essen"]}]
"""


@pytest.fixture
def tested(project):
    project.write("model.py", MODEL)
    project.write("test_model.py", TESTS)
    return project


def test_pytest_finds_the_fixture_by_itself_and_there_are_no_warnings(tested):
    done = tested.pytest()
    assert re.search(r"^=+ 2 passed in", done.stdout, re.MULTILINE), done.stdout


def test_a_key_in_the_environment_leads_to_no_traffic_and_to_no_file(tested, platform):
    tested.environ |= {
        "NEXTMV_API_KEY": platform.key,
        "NEXTMV_ENDPOINT": platform.endpoint,
        "NEXTMV_APP_ID": "routing",
        "NEXTMV_AUTOTRACK_SYNC": "true",
    }
    tested.write("user/.nextmv/config.yaml", f"apikey: {platform.key}\n")
    tested.write("pyproject.toml", "[tool.nextmv-autotrack]\ndestination='cloud'\n")
    assert "2 passed" in tested.pytest().stdout
    assert platform.requests() == []
    assert not (tested.folder / "user" / ".nextmv" / "autotrack").exists()
    # The same without the fixture is sent: the platform can be reached.
    tested.run("-c", "from model import solve; solve({'bonn': 4})")
    assert len(platform.runs()) == 1


def test_what_waits_on_the_machine_is_not_sent_by_tests(tested, platform):
    tested.environ |= {
        "NEXTMV_API_KEY": platform.key,
        "NEXTMV_ENDPOINT": platform.endpoint,
        "NEXTMV_APP_ID": "routing",
    }
    platform.fail_next(1000, status=503)
    dies = "import os; from model import solve; solve({'bonn': 4}); os._exit(0)"
    tested.run("-c", dies)
    platform.reset()
    assert "2 passed" in tested.pytest().stdout
    assert platform.requests() == []
    tested.run("-c", "import model")
    assert len(platform.runs()) == 1


def test_a_test_that_fails_shows_what_differs_and_the_runs(tested):
    tested.write(
        "test_wrong.py",
        """
from model import solve

def test_wrong(autotrack_runs):
    solve({"bonn": 4, "aachen": 12})
    assert autotrack_runs[0].metrics == {"value": 17}

def test_without_the_fixture():
    assert False
""",
    )
    shown = tested.pytest("test_wrong.py").stdout
    assert "assert {'value': 16} == {'value': 17}" in shown
    _, section = re.split(r"-+ Captured tracked runs call -+\n", shown)
    assert re.match(r"<solve succeeded .*>\n    two vehicles are enough\n", section)
    assert shown.count("tracked runs") == 1


def test_who_does_not_use_the_fixture_does_not_load_the_library(tested):
    tested.write(
        "test_nothing.py",
        """
import sys

def test_nothing():
    ours = [name for name in sys.modules if "autotrack" in name]
    assert ours == ["pytest_nextmv_autotrack"]
""",
    )
    assert "1 passed" in tested.pytest("test_nothing.py").stdout


def test_the_plugin_imports_nothing_that_pytest_has_not_imported(project):
    program = """
import json, sys
import pytest
before = set(sys.modules)
import pytest_nextmv_autotrack
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    done = project.run("-c", program)
    assert json.loads(done.stdout) == ["pytest_nextmv_autotrack"], done.stderr


def test_it_can_be_switched_off(tested):
    shown = tested.pytest("-p", "no:nextmv_autotrack").stdout
    assert "fixture 'autotrack_runs' not found" in shown
    assert "2 errors" in shown


def test_it_can_be_named_where_pytest_looks_for_no_plugins(tested):
    tested.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    assert "2 passed" in tested.pytest("-p", "pytest_nextmv_autotrack").stdout
    assert "2 passed" in tested.pytest("-p", "nextmv_autotrack").stdout


def test_pytest_does_not_warn_where_the_library_is_imported_before_it(tested):
    program = """
import nextmv_autotrack, pytest
raise SystemExit(pytest.main(["-W", "error", "-p", "no:cacheprovider"]))
"""
    done = tested.run("-c", program)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert "warning" not in done.stdout


def test_all_tests_can_use_it_without_asking(tested):
    tested.write(
        "conftest.py",
        """
import pytest

@pytest.fixture(autouse=True)
def _no_run_leaves(autotrack_runs):
    pass
""",
    )
    tested.write("test_more.py", "from model import solve\ndef test_it(): solve({})\n")
    assert "3 passed" in tested.pytest().stdout
    assert not (tested.folder / "user").exists()


@pytest.mark.skipif(not importlib.util.find_spec("xdist"), reason="needs pytest-xdist")
def test_it_works_in_several_processes(tested):
    assert "2 passed" in tested.pytest("-n", "2").stdout


def test_awaited_tests_have_it_too(tested):
    tested.write(
        "test_awaited.py",
        """
import pytest
from nextmv_autotrack import tracked

@tracked
async def solve(demand):
    return {"served": demand}

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
async def test_awaited(autotrack_runs):
    await solve(["bonn"])
    assert autotrack_runs[0].output == {"served": ["bonn"]}
""",
    )
    assert "1 passed" in tested.pytest("test_awaited.py").stdout


def test_runs_can_be_sent_to_a_platform_in_the_process(tested):
    tested.write(
        "test_sent.py",
        """
from model import solve
from nextmv_autotrack import last_run

def test_it_arrives(autotrack_platform):
    solve({"bonn": 4})
    assert last_run().result(timeout=10).metrics == {"value": 4}
    assert autotrack_platform.runs[0].input == {"bonn": 4}
""",
    )
    assert "1 passed" in tested.pytest("test_sent.py").stdout


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_a_function_of_a_module_of_tests_can_be_killed(tested, mode):
    tested.write(
        "tests/test_death.py",
        """
from nextmv_autotrack import tracked
from nextmv_autotrack.testing import die_here, killed

class Demand(dict):
    pass

@tracked
def dies(demand):
    die_here()

def test_it_is_a_failed_run(autotrack_runs):
    runs = killed(dies, Demand(bonn=4))
    assert (runs[0].status, runs[0].input) == ("failed", {"bonn": 4})
    assert len(autotrack_runs) == 0
""",
    )
    done = tested.pytest(f"--import-mode={mode}", "tests/test_death.py")
    assert "1 passed" in done.stdout, done.stdout
