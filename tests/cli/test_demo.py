from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_it_solves_real_models_and_lists_their_runs(
    command: Command,
):
    pytest.importorskip("highspy")
    said = command("demo")
    assert said.code == 0
    assert "nextmv-autotrack list --limit 3" in said.out
    assert "nextmv-autotrack show " in said.out
    failed, infeasible, solved = command("list", "--json").json
    assert solved["metrics"]["value"] == pytest.approx(8966406.49, rel=1e-3)
    assert solved["metrics"]["status"] == "optimal"
    assert (infeasible["status"], infeasible["metrics"]["status"]) == (
        "succeeded",
        "infeasible",
    )
    assert (failed["status"], failed["error"]) == (
        "failed",
        "ValueError: cut-off.mps is not a model that HiGHS can read",
    )


def test_its_runs_stay_local_whatever_the_environment_says(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("highspy")
    monkeypatch.setenv("NEXTMV_API_KEY", "a-key")
    monkeypatch.setenv("NEXTMV_APP_ID", "an-app")
    monkeypatch.setenv("NEXTMV_AUTOTRACK_DESTINATION", "cloud")
    monkeypatch.setenv("NEXTMV_AUTOTRACK_ENABLED", "false")
    monkeypatch.setenv("NEXTMV_AUTOTRACK_SAMPLE", "0")
    assert command("demo").code == 0
    runs = command("list", "--json").json
    assert [run["delivery"] for run in runs] == ["local", "local", "local"]


def test_a_highspy_that_does_not_work_is_one_line(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "highspy.py").write_text("raise ImportError('it is broken')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = command("demo")
    assert said.code == 1
    assert said.err == (
        "nextmv-autotrack: the models were not solved: ImportError: it is broken\n"
    )


def test_where_nothing_can_be_recorded_it_says_so(command: Command, home: Path):
    pytest.importorskip("highspy")
    home.write_text("a file where a folder should be")
    said = command("demo")
    assert said.code == 1
    assert "is no folder" in said.err
    assert "Traceback" not in said.err


def test_without_highspy_it_says_in_one_line_what_to_install(
    command: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "highspy", None)
    said = command("demo")
    assert (said.code, said.out) == (1, "")
    assert len(said.err.splitlines()) == 1
    assert "pip install 'nextmv-autotrack[demo]'" in said.err
