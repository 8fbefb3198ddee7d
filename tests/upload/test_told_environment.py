"""What the platform is told of where a run was made is what its process has said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nextmv_autotrack.nextmv_api import Blob
from nextmv_autotrack.store import Environment
from nextmv_autotrack.upload.told_environment import with_environment

WHOLE: dict[str, Any] = {
    "python": {"version": "3.12.1", "implementation": "cpython"},
    "packages": {"highspy": "1.9"},
    "git": {"commit": "a" * 40, "branch": "main", "dirty": False},
    "os": {"name": "Linux"},
    "cpu": {"count": 8},
    "memory_mib": 16000,
    "container": {"kind": "docker", "id": "b" * 64, "cpu_limit": 2.0},
    "scheduler": {"slurm": {"job_id": "7"}},
    "script": "/srv/models/model.py",
    "command": ["python", "model.py", "--password", "x"],
}


def told(shared: str, assets: bytes | None = None, content: Any = None) -> Any:
    content = WHOLE if content is None else content
    blob = None if assets is None else Blob.of(assets)
    found = with_environment(blob, Environment(content, shared))
    return None if found is None else json.loads(b"".join(found.chunks()))


def test_by_versions_nobody_is_told_names_ids_paths_or_arguments():
    (asset,) = told("versions")
    assert asset["name"] == "autotrack_environment"
    assert asset["content_type"] == "json"
    assert asset["content"] == {
        **{name: WHOLE[name] for name in ("python", "packages", "os", "cpu")},
        "git": {"commit": "a" * 40, "dirty": False},
        "memory_mib": 16000,
        "container": {"cpu_limit": 2.0},
    }


def test_in_full_all_of_it_is_told():
    (asset,) = told("full")
    assert asset["content"] == WHOLE


@pytest.mark.parametrize("shared", ["none", "", "what a newer version knows"])
def test_otherwise_nothing_is_told(shared):
    assert told(shared) is None
    assert told(shared, b'[{"name":"a"}]') == [{"name": "a"}]


@pytest.mark.parametrize("content", [{}, {"command": ["python"]}])
def test_where_nothing_is_known_nothing_is_told(content):
    assert told("versions", content=content) is None


def test_the_users_assets_stay_as_they_are():
    *theirs, ours = told("versions", b'[{"name":"a"},{"name":"b"}]')
    assert ours["name"] == "autotrack_environment"
    assert theirs == [{"name": "a"}, {"name": "b"}]
    assert len(told("versions", b"[]")) == 1


def test_beside_assets_that_were_cut_to_a_summary_nothing_is_told():
    assert told("full", b'{"truncated":true}') == {"truncated": True}


def test_nextmv_takes_it_for_an_asset():
    nextmv = pytest.importorskip("nextmv")
    (asset,) = told("full")
    assert nextmv.Asset.from_dict(asset).content == WHOLE
