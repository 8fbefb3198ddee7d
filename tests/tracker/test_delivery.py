"""The whole path of a run: from a tracked call to the platform, or to the store."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nextmv_autotrack import current_run, track_run, tracked
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.status import Delivery, Status
from nextmv_autotrack.store import Store
from nextmv_autotrack.tracker import Tracker
from nextmv_autotrack.upload.deliveries import UPLOAD_THREADS

PATIENCE_S = 20


def store_of(tracker: Tracker) -> Store:
    return Store.open(tracker.sources.resolve().directory)


@tracked
def solve(data, limit=10):
    current_run().log("one vehicle is enough")
    return {"solution": sorted(data), "metrics": {"value": limit}}


def test_a_call_becomes_one_run_on_the_platform(to_platform, platform):
    assert solve({"b": 1, "a": 2}) == {
        "solution": ["a", "b"],
        "metrics": {"value": 10},
    }
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    assert (run.app_id, run.instance_id) == ("routing", "prod")
    assert json.loads(run.input) == {"data": {"b": 1, "a": 2}, "limit": 10}
    assert run.document["solution"] == ["a", "b"]
    assert run.document["metrics"]["value"] == 10
    assert run.logs == b"one vehicle is enough\n"
    assert run.result["status"] == "succeeded"


def test_our_metrics_stand_beside_the_users_and_never_in_their_place(
    to_platform, platform
):
    @tracked
    def greedy(data):
        return {"metrics": {"cpu_s": "mine", "value": 1}}

    greedy(1)
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    assert run.document["metrics"]["cpu_s"] == "mine"
    assert run.document["metrics"]["value"] == 1


def test_a_failed_call_is_a_failed_run_with_its_error_and_traceback(
    to_platform, platform
):
    @tracked
    def fails(data):
        raise ValueError("no vehicles")

    with pytest.raises(ValueError, match="no vehicles"):
        fails({"stops": 3})
    assert to_platform.flush(PATIENCE_S)
    (run,) = platform.runs()
    assert run.result["status"] == "failed"
    assert run.result["error_message"] == "ValueError: no vehicles"
    assert b"Traceback (most recent call last):" in run.logs
    assert b"nextmv_autotrack" not in run.logs


def test_a_block_is_delivered_with_its_options_and_assets(to_platform, platform):
    asset = {"name": "chart", "content": {"x": 1}, "content_type": "json"}
    with track_run("nightly", input=[1, 2], options={"gap": 0.1, "mode": "x"}) as run:
        run.output = "a text"
        run.metrics["value"] = 3.5
        run.assets.append(asset)
    assert to_platform.flush(PATIENCE_S)
    (sent,) = platform.runs()
    assert sent.body["name"] == "nightly"
    assert sent.body["options"] == {"gap": "0.1", "mode": "x"}
    assert sent.document["solution"] == "a text"
    assert sent.document["assets"][0] == asset
    assert sent.document["metrics"]["value"] == 3.5


def test_the_marker_of_a_run_can_be_found_on_the_platform(to_platform, platform):
    with track_run(input=1) as run:
        pass
    assert to_platform.flush(PATIENCE_S)
    (sent,) = platform.runs()
    assert f"autotrack:{run.id}" in sent.body["description"]


def test_a_delivered_run_says_so_in_the_store(to_platform, platform):
    solve({})
    assert to_platform.flush(PATIENCE_S)
    with store_of(to_platform) as store:
        (run,) = store.runs(limit=10)
    assert run.delivery is Delivery.DELIVERED
    assert run.platform_run_id == platform.runs()[0].id


def test_a_run_is_sent_again_after_the_platform_was_out_of_order(to_platform, platform):
    platform.fail_next(1, status=503, path="/runs/uploadurl")
    solve({"a": 1})
    assert to_platform.flush(PATIENCE_S)
    assert len(platform.runs()) == 1


def test_a_run_the_platform_rejects_is_kept_with_its_words(to_platform, platform):
    platform.fail_next(99, status=422, method="POST", body="options are not for you")
    solve({"a": 1})
    assert to_platform.flush(PATIENCE_S)
    with store_of(to_platform) as store:
        (run,) = store.runs(limit=10)
    assert run.delivery is Delivery.REJECTED
    assert "options are not for you" in run.problem
    assert platform.runs() == []


def test_a_wrong_key_lets_runs_wait(to_platform, platform):
    to_platform.configure({"api_key": "revoked"})
    solve({"a": 1})
    assert not to_platform.flush(PATIENCE_S)
    with store_of(to_platform) as store:
        (run,) = store.runs(limit=10)
    assert run.delivery is Delivery.WAITING


def test_without_a_key_runs_stay_local(tracker):
    solve({"a": 1})
    assert tracker.flush(PATIENCE_S)
    with store_of(tracker) as store:
        (run,) = store.runs(limit=10)
        assert run.delivery is Delivery.LOCAL
        assert run.status is Status.SUCCEEDED
        assert json.loads(store.payload(run.input)) == {"data": {"a": 1}, "limit": 10}


def test_a_key_without_an_application_keeps_runs_local_and_says_what_to_set(
    tracker, caplog
):
    tracker.configure({"api_key": "k"})
    solve({"a": 1})
    solve({"a": 2})
    assert tracker.flush(PATIENCE_S)
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "NEXTMV_APP_ID" in warning
    with store_of(tracker) as store:
        assert {run.delivery for run in store.runs(limit=10)} == {Delivery.LOCAL}


def test_uploads_of_one_run_go_side_by_side(to_platform, platform):
    platform.gather(3, path="/runs/uploadurl")
    solve({"a": 1})
    assert to_platform.flush(PATIENCE_S)
    assert len(platform.runs()) == 1


def test_connections_are_kept(to_platform, platform):
    for number in range(50):
        solve({"a": number})
    assert to_platform.flush(PATIENCE_S)
    assert len(platform.runs()) == 50
    assert platform.connections() <= 2 * UPLOAD_THREADS  # the API and its storage


def test_the_key_goes_to_no_upload_url(to_platform, platform):
    solve({"a": 1})
    assert to_platform.flush(PATIENCE_S)
    seen = platform.requests()
    assert all("authorization" not in s.headers for s in seen if s.is_storage)
    assert all(
        s.headers["authorization"] == f"Bearer {platform.key}"
        for s in seen
        if not s.is_storage
    )


def test_runs_go_on_in_another_folder_when_it_is_changed(tracker, tmp_path):
    solve({"a": 1})
    first = store_of(tracker)
    tracker.configure({"directory": tmp_path / "other"})
    solve({"a": 2})
    assert tracker.flush(PATIENCE_S)
    with first, store_of(tracker) as second:
        assert len(first.runs(limit=10)) == len(second.runs(limit=10)) == 1


def test_a_run_that_is_open_across_a_shutdown_ends_as_it_does(tracker):
    with track_run("long", input=1) as run:
        tracker.shutdown(PATIENCE_S)
        run.log("still here")
    assert tracker.flush(PATIENCE_S)
    with store_of(tracker) as store:
        (found,) = store.runs(limit=10)
        assert found.status is Status.SUCCEEDED
        assert store.log_text(found.id) == "still here\n"


PROGRAM = """
import os, sys
from nextmv_autotrack import tracked

@tracked
def solve(data):
    if data == "kill":
        os.kill(os.getpid(), 9)
    if data == "exit":
        os._exit(3)
    return data

for word in sys.argv[1:]:
    solve(word)
"""


def run_program(
    home: Path, *words: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env={"NEXTMV_AUTOTRACK_DIRECTORY": str(home), "PATH": "", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_program_that_just_ends_has_delivered_its_runs(tmp_path, platform):
    done = run_program(
        tmp_path,
        "one",
        "two",
        NEXTMV_API_KEY=platform.key,
        NEXTMV_APP_ID="routing",
        NEXTMV_ENDPOINT=platform.endpoint,
        NEXTMV_AUTOTRACK_FLUSH_TIMEOUT=f"{PATIENCE_S}",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(run.input for run in platform.runs()) == [b"one", b"two"]


def test_what_a_process_left_waiting_is_delivered_by_the_next(
    tmp_path, to_platform, platform
):
    home = to_platform.sources.resolve().directory
    run_program(
        home,
        "left",
        "kill",
        NEXTMV_API_KEY=platform.key,
        NEXTMV_APP_ID="routing",
        NEXTMV_ENDPOINT=platform.endpoint,
        NEXTMV_AUTOTRACK_FLUSH_TIMEOUT="0",
    )
    solve({"a": 1})
    assert to_platform.flush(PATIENCE_S)
    with store_of(to_platform) as store:
        found = {store.payload(run.input): run for run in store.runs(limit=10)}
    assert found[b'"left"'].status is Status.SUCCEEDED
    assert found[b'"kill"'].status is Status.FAILED
    assert "process ended" in found[b'"kill"'].error


@pytest.mark.parametrize(
    ("word", "code"), [("kill", -9), ("exit", 3)], ids=["SIGKILL", "os._exit"]
)
def test_finished_calls_survive_the_death_of_the_process(tmp_path, word, code, tracker):
    home = tracker.sources.resolve().directory
    assert run_program(home, "a", "b", "c", word).returncode == code
    solve({})
    assert tracker.flush(PATIENCE_S)
    with store_of(tracker) as store:
        statuses = [run.status for run in store.runs(limit=10)]
    assert statuses.count(Status.SUCCEEDED) == 4
    assert statuses.count(Status.FAILED) == 1


def test_nothing_is_left_of_the_journal_of_a_program_that_ended(tmp_path):
    run_program(tmp_path, "one")
    assert list((tmp_path / "journals").iterdir()) == []


def test_nothing_is_started_by_importing(tmp_path):
    program = "import threading, nextmv_autotrack; print(threading.active_count())"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"


def test_an_unwritable_folder_costs_runs_and_one_warning(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = run_program(tmp_path / "file", "one", "two")
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "recording the begin of a run" in done.stderr


def test_a_damaged_store_leaves_the_solve_alone(tmp_path):
    (tmp_path / "store.sqlite3").write_bytes(b"not a database" * 1000)
    done = run_program(tmp_path, "one", "two")
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert "store.sqlite3" in done.stderr


def test_settings_of_the_sources_are_the_testers(sources: Sources, tmp_path):
    assert sources.resolve().directory == tmp_path / "home"
