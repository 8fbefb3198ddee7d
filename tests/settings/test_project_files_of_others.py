"""In a folder that everybody may write to, anybody may put a project's file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nextmv_autotrack.settings import Settings, Sources

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root can give a file to somebody else",
)

SOMEBODY = 65_534


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder of one's own, below one where somebody else has put a project's file."""
    theirs = tmp_path / "pyproject.toml"
    theirs.write_text('[tool.nextmv-autotrack]\nendpoint = "http://127.0.0.1:9"\n')
    os.chown(theirs, SOMEBODY, -1)
    work = tmp_path / "work"
    work.mkdir()
    return work


def test_the_project_file_of_another_user_is_ignored_and_said_so(work, complaints):
    found = Sources({}, work, complain=complaints.append).resolve()
    assert found == Settings()
    (complaint,) = complaints
    assert f"{work.parent / 'pyproject.toml'} is ignored" in complaint
    assert "another user's" in complaint


def test_one_that_does_not_name_us_is_nobodys_business(work, complaints):
    theirs = work.parent / "pyproject.toml"
    theirs.write_text("[project]\n")
    Sources({}, work, complain=complaints.append).resolve()
    assert complaints == []


def test_a_user_does_not_trust_it_in_the_folder_of_its_owner_either(
    work, complaints, monkeypatch
):
    os.chown(work, SOMEBODY, -1)
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY + 1)
    Sources({}, work, complain=complaints.append).resolve()
    assert len(complaints) == 1


@pytest.mark.parametrize("user", [0, SOMEBODY], ids=["root", "owner"])
def test_root_in_a_folder_of_the_owner_of_the_file_is_taken_for_them(
    work, monkeypatch, user
):
    os.chown(work, SOMEBODY, -1)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    found = Sources({}, work, complain=pytest.fail).resolve()
    assert found.endpoint == "http://127.0.0.1:9"


def test_what_root_has_put_there_holds_for_everybody(work, monkeypatch):
    os.chown(work.parent / "pyproject.toml", 0, -1)
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    found = Sources({}, work, complain=pytest.fail).resolve()
    assert found.endpoint == "http://127.0.0.1:9"
