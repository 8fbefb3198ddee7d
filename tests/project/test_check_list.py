from __future__ import annotations

import re
import sys

from tests.project.paths import ROOT, python

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def test_every_dependency_has_a_lower_bound_that_can_be_installed():
    done = python(str(ROOT / ".ci" / "lowest.py"))
    assert done.returncode == 0, done.stderr
    names = {line.partition("==")[0] for line in done.stdout.splitlines()}
    assert names >= {"httpx", "orjson", "psutil", "wrapt", "highspy", "rich"}


def test_large_libraries_are_installed_once_and_not_for_each_python():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    groups = tomllib.loads(text)["dependency-groups"]
    values = {re.split(r"[^a-z]", one)[0] for one in groups["values"]}
    tests = {re.split(r"[^a-z]", one)[0] for one in groups["test"]}
    assert values >= {"pandas", "polars", "pyarrow", "scipy"}
    assert not values & tests
    assert {"include-group": "values"} in groups["dev"]


def test_the_check_list_takes_the_commands_from_the_readme():
    for name, end in (("demo", "nextmv-autotrack demo"), ("tests", "-m pytest")):
        done = python(str(ROOT / ".ci" / "readme.py"), name)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("python3 -m venv .venv && ")
        assert done.stdout.rstrip().endswith(end)
