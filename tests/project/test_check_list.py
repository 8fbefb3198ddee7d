from __future__ import annotations

from tests.project.paths import ROOT, python


def test_every_dependency_has_a_lower_bound_that_can_be_installed():
    done = python(str(ROOT / ".ci" / "lowest.py"))
    assert done.returncode == 0, done.stderr
    names = {line.partition("==")[0] for line in done.stdout.splitlines()}
    assert names >= {"httpx", "orjson", "psutil", "wrapt", "highspy", "rich"}


def test_the_check_list_takes_the_commands_from_the_readme():
    for name, end in (("demo", "nextmv-autotrack demo"), ("tests", "-m pytest")):
        done = python(str(ROOT / ".ci" / "readme.py"), name)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("python3 -m venv .venv && ")
        assert done.stdout.rstrip().endswith(end)
