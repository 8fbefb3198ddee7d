"""Full, read-only and vanished: the solve goes on, one warning, and then all is well."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nextmv_autotrack import track_run, tracked
from nextmv_autotrack.journal import Home
from nextmv_autotrack.store import Store
from nextmv_autotrack.store.sweep import Sweep
from nextmv_autotrack.tracker import Tracker

PATIENCE_S = 20

pytestmark = pytest.mark.usefixtures("as_for_users")


@tracked
def solve(data):
    return data


def inputs(home: Path) -> list[object]:
    with Store.open(home) as store:
        Sweep(store, Home(home)).others()
        return sorted(
            json.loads(store.payload(run.input))
            for run in store.runs(limit=1000)
            if run.input is not None
        )


def home_of(tracker: Tracker) -> Path:
    return tracker.sources.resolve().directory


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 512 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S607 -- as root, from PATH


def test_a_full_disk_costs_runs_and_one_warning_and_then_all_goes_on(
    tracker, small_disk, caplog
):
    tracker.configure({"directory": small_disk / "home"})
    solve("before")
    assert tracker.flush(PATIENCE_S)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
        while True:
            file.write(bytes(4096))
    large = "x" * 10_000
    assert [solve(large) for _ in range(50)] == [large] * 50
    with track_run(input=large) as run:
        run.log(large)
        run.output = large
    assert tracker.flush(PATIENCE_S) is False
    assert len(caplog.records) == 1
    filler.unlink()
    assert solve("after") == "after"
    assert tracker.flush(PATIENCE_S)
    assert {"before", "after"} <= set(inputs(small_disk / "home"))
    assert len(caplog.records) == 1


def test_a_folder_that_vanishes_is_made_again_and_no_call_is_lost(tracker):
    solve("before")
    assert tracker.flush(PATIENCE_S)
    shutil.rmtree(home_of(tracker))
    solve("in between")
    assert tracker.flush(PATIENCE_S)
    solve("after")
    assert tracker.flush(PATIENCE_S)
    assert inputs(home_of(tracker)) == ["after", "before", "in between"]


def test_a_folder_that_vanishes_while_a_run_is_in_progress_does_not_cost_it(tracker):
    with track_run(input="in progress"):
        assert tracker.flush(PATIENCE_S)
        shutil.rmtree(home_of(tracker))
    assert tracker.flush(PATIENCE_S)
    assert inputs(home_of(tracker)) == ["in progress"]


@pytest.mark.parametrize("part", ["", "store.sqlite3"])
def test_what_was_delivered_from_a_folder_that_vanishes_is_not_delivered_again(
    to_platform, platform, part
):
    for number in range(3):
        solve(number)
    assert to_platform.flush(PATIENCE_S)
    path = home_of(to_platform) / part
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    solve("after")
    # Those of before are looked for, once they must have ended.
    assert to_platform.flush(PATIENCE_S)
    assert len(platform.runs()) == 4


@pytest.mark.parametrize("part", ["journals", "store.sqlite3", "payloads"])
def test_a_part_of_the_folder_that_vanishes_is_made_again(tracker, part):
    solve("x" * 100_000)
    assert tracker.flush(PATIENCE_S)
    path = home_of(tracker) / part
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    solve("y" * 100_000)
    assert tracker.flush(PATIENCE_S)
    with Store.open(home_of(tracker)) as store:
        newest = store.runs(limit=1)[0]
        assert store.payload(newest.input) == b'"%s"' % (b"y" * 100_000)


def test_a_home_that_cannot_be_made_is_one_warning_and_comes_when_it_can(
    tracker, caplog
):
    home_of(tracker).write_text("a file where a folder should be")
    assert [solve(n) for n in range(20)] == list(range(20))
    assert tracker.flush(PATIENCE_S) is False
    assert len(caplog.records) == 1
    home_of(tracker).unlink()
    assert solve("after") == "after"
    assert tracker.flush(PATIENCE_S)
    assert inputs(home_of(tracker)) == ["after"]


TOO_MANY_FILES = """
import os, resource
from nextmv_autotrack import flush, shutdown, tracked

@tracked
def solve(data):
    return data

solve("before")
shutdown(20)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
assert [solve(n) for n in range(5)] == list(range(5))
for fd in held:
    os.close(fd)
assert solve("after") == "after"
assert flush(20) is False  # of the first five nothing is left
assert flush(20)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_too_many_open_files_cost_runs_and_one_warning(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", TOO_MANY_FILES],
        env={"NEXTMV_AUTOTRACK_DIRECTORY": str(tmp_path), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
    (warning,) = done.stderr.splitlines()
    assert "Too many open files" in warning
    assert inputs(tmp_path) == ["after", "before"]


CLOSES_ALL_FILES = """
import os, sys
from nextmv_autotrack import flush, tracked
from nextmv_autotrack.tracker import TRACKER

@tracked
def solve(data):
    return data

solve("before")
TRACKER.before_fork()  # SQLite would not bear it
os.closerange(3, 65536)
files = [open(f"{sys.argv[1]}/{number}", "w") for number in range(200)]
solve("after")
TRACKER.after_fork_in_parent()
assert flush(20)
assert not any(os.path.getsize(file.name) for file in files)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such numbers")
def test_a_program_that_closes_all_files_finds_nothing_of_ours_in_its_next_ones(
    tmp_path,
):
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-c", CLOSES_ALL_FILES, str(tmp_path)],
        env={"NEXTMV_AUTOTRACK_DIRECTORY": str(home), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert inputs(home) == ["after", "before"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_home_that_may_not_be_written_is_one_warning(tracker, tmp_path, caplog):
    place = tmp_path / "locked"
    place.mkdir(mode=0o500)
    tracker.configure({"directory": place / "home"})
    assert solve(1) == 1
    assert tracker.flush(PATIENCE_S) is False
    assert len(caplog.records) == 1


def test_a_read_only_disk_is_one_warning(tracker, small_disk, caplog):
    tracker.configure({"directory": small_disk / "home"})
    solve("before")
    assert tracker.flush(PATIENCE_S)
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    tracker.shutdown(PATIENCE_S)
    if subprocess.run(remount, check=False).returncode:
        pytest.skip("it cannot be made read-only")
    assert [solve(n) for n in range(5)] == list(range(5))
    assert tracker.flush(PATIENCE_S) is False
    tracker.shutdown(PATIENCE_S)
    assert len(caplog.records) == 1
    back = ["mount", "-o", "remount,rw", str(small_disk)]
    subprocess.run(back, check=True)
    assert solve("after") == "after"
    assert tracker.flush(PATIENCE_S)
    assert inputs(small_disk / "home") == ["after", "before"]
