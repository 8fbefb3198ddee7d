from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.project.paths import python
from tests.signed_in import Person

HEAVY = {
    "asyncio",
    "httpx",
    "numpy",
    "psutil",
    "rich",
    "sqlite3",
    "truststore",
    "wrapt",
    "yaml",
}


def alone(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program without what measures coverage, which imports half of Python."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    return python("-c", program, environ=kept)


def loaded_by(program: str) -> set[str]:
    done = alone(f"{program}\nimport json, sys\nprint(json.dumps([*sys.modules]))")
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_importing_the_library_does_not_import(name: str):
    assert name not in loaded_by("import nextmv_autotrack")


def test_importing_the_library_loads_nothing_of_the_explicit_client():
    loaded = loaded_by("import nextmv_autotrack")
    assert not any("autotrack.platform" in n or "nextmv_api" in n for n in loaded)


def test_the_explicit_client_is_loaded_when_it_is_named_and_no_sooner_than_needed():
    program = """
from nextmv_autotrack import Application, RunResult, TrackedRun

app = Application("routing", api_key="a-key")
run = TrackedRun("succeeded", input={"stops": 3})
"""
    loaded = loaded_by(program)
    assert "nextmv_autotrack.platform.application" in loaded
    assert loaded.isdisjoint(HEAVY - {"wrapt"} | {"ssl", "nextmv"})


def test_tracking_a_function_imports_no_network_library_and_no_database():
    program = """
from nextmv_autotrack import tracked

@tracked
def solve(x):
    return x
"""
    assert loaded_by(program).isdisjoint(
        {"httpx", "sqlite3", "numpy", "psutil", "yaml"}
    )


@pytest.mark.parametrize("life_s", [None, 60, -60], ids=["key", "token", "expired"])
def test_a_client_that_is_prepared_imports_nothing_more_in_other_threads(
    platform, tmp_path, life_s
):
    person = Person(tmp_path / "user", platform)
    person.has_profiles()
    profile = "plain"
    if life_s is not None:
        profile = "team"
        person.signs_in(life_s=life_s)
    program = f"""
import sys
from nextmv_autotrack.nextmv_api import Blob, Client
from nextmv_autotrack.settings import Sources

environ = {{"NEXTMV_PROFILE": {profile!r}}}
environ["NEXTMV_ENDPOINT"] = {platform.endpoint.replace("127.0.0.1", "localhost")!r}
client = Client.to(Sources(environ, complain=print).access())
client.prepare()
before = set(sys.modules)
client.put(client.new_upload("routing").url, Blob.of(b"{{}}"))
print(sorted(set(sys.modules) - before))
"""
    done = alone(program)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_command_imports_no_network_library_and_no_solver():
    program = "from nextmv_autotrack.cli import main\nmain(['list', '--json'])"
    done = alone(f"{program}\nimport sys\nprint(*sys.modules)")
    listed, loaded = done.stdout.splitlines()
    assert (listed, done.stderr) == ("[]", "")
    assert set(loaded.split()).isdisjoint(HEAVY - {"sqlite3"})


def test_importing_the_library_starts_no_thread_and_writes_no_file(tmp_path):
    program = "import nextmv_autotrack, threading\nprint(threading.active_count())"
    assert python("-c", program, folder=tmp_path).stdout == "1\n"
    assert list(tmp_path.iterdir()) == []
