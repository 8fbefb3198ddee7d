from __future__ import annotations

import io
import json
import tarfile
from datetime import timedelta

import pytest

from nextmv_autotrack import (
    InvalidRunError,
    RefusedError,
    SettingsError,
    Status,
    TrackedRun,
    UnknownRunError,
)

FULL = {
    "input": {"stops": 3},
    "output": {"routes": [[1, 2]], "metrics": {"value": 1.0}},
    "duration": 1.5,
    "logs": ["two vehicles", "are enough"],
    "name": "nightly",
    "description": "for the depot",
    "options": {"gap": 0.1, "solver": "highs"},
    "metrics": {"gap": 0.01},
    "statistics": {"schema": "v1"},
    "assets": [{"name": "map", "content": {}}],
}


def tracked(app, platform, *args, **fields):
    """Track a run, and return it as the platform has it."""
    run_id = app.track_run(TrackedRun(*args or ["succeeded"], **fields))
    (run,) = [run for run in platform.runs() if run.id == run_id]
    return run


def test_a_full_run_arrives_whole(app, platform):
    run = tracked(app, platform, **FULL)
    assert json.loads(run.input) == {"stops": 3}
    assert run.document == {
        "routes": [[1, 2]],
        "metrics": {"value": 1.0, "gap": 0.01},
        "statistics": {"schema": "v1"},
        "assets": [{"name": "map", "content": {}}],
    }
    assert run.logs == b"two vehicles\nare enough"
    assert run.body["name"] == "nightly"
    assert run.body["description"].startswith("for the depot | autotrack:")
    assert run.body["options"] == {"gap": "0.1", "solver": "highs"}
    assert run.body["configuration"] == {
        "format": {"input": {"type": "json"}, "output": {"type": "json"}},
        "run_type": {"type": "external"},
    }
    assert run.result["status"] == "succeeded"
    assert run.result["execution_duration"] == 1500
    # All that a JSON run has is in its document.
    assert set(run.result) == {
        "status",
        "execution_duration",
        "output_upload_id",
        "error_upload_id",
    }


@pytest.mark.parametrize("output", [{}, 0, [], False, [1, {"a": 2}]], ids=repr)
def test_an_output_that_is_little_is_one_like_any_other(app, platform, output):
    run = tracked(app, platform, output=output)
    assert run.document == (output if output == {} else {"solution": output})


@pytest.mark.parametrize("text", ["", "zwölf\nLines"])
def test_texts_are_sent_as_texts(app, platform, text):
    run = tracked(app, platform, input=text, output=text)
    assert (run.input.decode(), run.output.decode()) == (text, text)
    assert "output_upload_id" in run.result
    assert run.body["configuration"]["format"] == {
        "input": {"type": "text"},
        "output": {"type": "text"},
    }
    assert (app.input(run.id), app.run(run.id).output) == (text, text)


def test_a_text_with_metrics_goes_into_the_document_in_which_they_are_looked_for(
    app, platform
):
    run = tracked(app, platform, output="a plan", metrics={"value": 1})
    assert run.document == {"solution": "a plan", "metrics": {"value": 1}}


def test_metrics_need_no_output(app, platform):
    assert tracked(app, platform, metrics={"value": 1}).document == {
        "metrics": {"value": 1}
    }


def test_an_output_whose_metrics_are_none_is_put_under_solution(app, platform):
    run = tracked(app, platform, output={"metrics": "many"}, metrics={"value": 1})
    assert run.document == {"solution": {"metrics": "many"}, "metrics": {"value": 1}}


def test_a_run_without_anything_has_an_empty_input(app, platform):
    run = tracked(app, platform)
    assert run.input == b"{}"
    assert set(run.result) == {"status", "execution_duration"}
    assert "name" not in run.body


def test_folders_are_sent_as_archives_and_what_is_beside_them_by_itself(
    app, platform, tmp_path
):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "stops.csv").write_text("a,b")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plan.txt").write_text("1-2")
    beside = {name: FULL[name] for name in ("metrics", "statistics", "assets")}
    folders = {"input_dir": tmp_path / "in", "output_dir": str(tmp_path / "out")}
    run = tracked(app, platform, **folders, **beside)
    assert unpacked(run.input) == {"deep/stops.csv": b"a,b"}
    assert unpacked(run.output) == {"plan.txt": b"1-2"}
    assert json.loads(run.metrics) == {"gap": 0.01}
    assert json.loads(run.statistics) == {"statistics": {"schema": "v1"}}
    assert json.loads(run.assets) == {"assets": FULL["assets"]}
    assert run.body["configuration"]["format"] == {
        "input": {"type": "multi-file"},
        "output": {"type": "multi-file"},
    }


def unpacked(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_a_failure_arrives_short_and_its_whole_text_with_the_logs(app, platform):
    error = "no vehicles\nfor Köln"
    run = tracked(app, platform, "failed", error=error, logs="begun\n")
    assert run.result["error_message"] == "no vehicles for K\\xf6ln"
    assert run.logs.decode() == f"begun\n{error}"
    short = tracked(app, platform, "failed", error="no vehicles")
    assert (short.result["error_message"], short.logs) == ("no vehicles", b"")


def test_the_error_text_of_a_success_becomes_a_line_of_its_logs_and_is_said(
    app, platform, caplog
):
    run = tracked(app, platform, error="slack is negative", logs="solved")
    assert run.logs == b"solved\nslack is negative"
    assert "error_message" not in run.result
    assert "kept as a line of its logs" in caplog.text


def test_instance_and_batch_experiment_can_be_chosen(new_app, platform):
    run = TrackedRun("succeeded")
    new_app(instance_id="prod").track_run(run, batch_experiment_id="exp-1")
    assert platform.runs()[0].instance_id == "prod"
    assert platform.runs()[0].body["batch_experiment_id"] == "exp-1"
    new_app(instance_id="prod").track_run(TrackedRun("succeeded"), instance_id="dev")
    assert platform.runs()[1].instance_id == "dev"


def test_one_tracked_run_is_one_run_of_each_application(new_app, platform):
    run, app = TrackedRun("succeeded"), new_app()
    assert app.track_run(run) == app.track_run(run)
    assert new_app("other").track_run(run) != app.track_run(run)
    assert [run.app_id for run in platform.runs()] == ["routing", "other"]


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_what_was_tracked_is_read_back(app, platform, status):
    run = TrackedRun(status, **FULL, error=None)
    result = app.track_run_with_result(run)
    assert result == app.run(result.id)
    assert result.status is Status(status)
    assert result.output["routes"] == [[1, 2]]
    assert result.logs == "two vehicles\nare enough"
    assert result.metrics == {"value": 1.0, "gap": 0.01}
    assert result.options == {"gap": "0.1", "solver": "highs"}
    assert result.duration == pytest.approx(1.5)
    assert result.error == (None if status == "succeeded" else "the run failed")
    page = f"{platform.endpoint}/app/routing/run/{result.id}?view=details"
    assert result.url == page
    assert app.logs(result.id) == result.logs
    assert app.input(result.id) == {"stops": 3}


def test_runs_of_very_many_metrics_are_listed_and_found_and_read_back(app, platform):
    metrics = {f"metric {number}": number for number in range(60_000)}
    app.track_run(TrackedRun("succeeded", input=1, metrics=metrics))
    # It is looked for in the list, and nowhere else.
    platform.trouble("lose answer", path="runs$", method="POST")
    result = app.track_run_with_result(TrackedRun("succeeded", metrics=metrics))
    assert len(platform.runs()) == 2
    assert result.metrics == metrics
    assert app.input(platform.runs()[0].id) == 1
    assert [run.metrics for run in app.runs()] == [metrics, metrics]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"input": "in", "output": "out"}, str),
        ({"input": ["x" * 6_000_000], "output": ["x" * 6_000_000]}, object),
    ],
    ids=["texts", "large JSON"],
)
def test_what_the_api_does_not_give_is_downloaded(app, platform, fields, kind):
    result = app.track_run_with_result(TrackedRun("succeeded", **fields))
    found = result.output if kind is str else result.output["solution"]
    assert (app.input(result.id), found) == (fields["input"], fields["output"])
    downloads = [r for r in platform.requests() if r.is_storage and r.method == "GET"]
    assert len(downloads) == 2
    assert not any("authorization" in seen.headers for seen in downloads)


def test_files_are_read_back_as_an_archive(app, tmp_path):
    (tmp_path / "plan").write_text("1-2")
    run = TrackedRun("succeeded", input_dir=tmp_path, output_dir=tmp_path)
    result = app.track_run_with_result(run)
    assert unpacked(result.output) == unpacked(app.input(result.id)) == {"plan": b"1-2"}


def test_what_on_poll_raises_ends_the_waiting(app, platform):
    platform.show_statuses(*["running"] * 50)

    def stop(status):
        raise KeyError(status)

    with pytest.raises(KeyError):
        app.track_run_with_result(TrackedRun("succeeded"), on_poll=stop)
    assert len(platform.runs()) == 1


def test_runs_are_listed_page_by_page_as_they_are_wanted(app, platform):
    for number in range(51):
        status = "failed" if number == 0 else "succeeded"
        app.track_run(TrackedRun(status, name=f"run {number}"))
    listed = app.runs()
    assert next(listed).name == "run 50"
    pages = [seen for seen in platform.requests() if "pagereturn" in seen.query]
    assert len(pages) == 1
    assert len([*listed]) == 50
    (failed,) = app.runs(status="failed")
    assert (failed.name, failed.status) == ("run 0", Status.FAILED)
    assert failed.url.endswith(f"/run/{failed.id}?view=details")
    assert [*app.runs(status=Status.CANCELED)] == []


def test_a_status_that_is_none_is_no_filter(app):
    with pytest.raises(SettingsError, match="'done' is none of queued, running"):
        [*app.runs(status="done")]


def test_an_application_is_created_once(app, platform):
    assert app.create("Routes", "of all vans", exist_ok=True)
    assert not app.create(exist_ok=True)
    with pytest.raises(RefusedError, match="status 409"):
        app.create()


def test_an_application_whose_creation_went_unanswered_was_created(app, platform):
    platform.trouble("lose answer", method="POST", path="applications$")
    assert app.create()


def test_one_that_another_has_created_meanwhile_is_fine_where_it_may_exist(
    app, platform
):
    app.create()
    platform.fail_next(status=404, method="GET", path="routing$")
    assert not app.create(exist_ok=True)
    assert [seen.status for seen in platform.requests()] == [200, 404, 409, 200]


@pytest.mark.parametrize("ask", ["run", "logs", "input"])
def test_a_run_that_is_not_there_is_named(app, ask):
    with pytest.raises(UnknownRunError, match="'routing' has no run 'nope'"):
        getattr(app, ask)("nope")


@pytest.mark.parametrize("run_id", ["", " ", "..", None, 5], ids=repr)
def test_what_can_be_no_id_of_a_run_is_not_asked_for(app, platform, run_id):
    for ask in (app.run, app.logs, app.input):
        with pytest.raises(UnknownRunError, match="is not the id of a run"):
            ask(run_id)
    assert platform.requests() == []


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "check the API key"), (404, "check the application id"), (413, "larger")],
)
def test_a_no_of_the_platform_is_told_at_once_and_by_its_advice(
    app, platform, status, words
):
    platform.fail_next(100, status=status, method="POST")
    with pytest.raises(RefusedError, match=words):
        app.track_run(TrackedRun("succeeded"))
    assert len(platform.requests()) == 1


def test_a_wrong_key_is_never_repeated(new_app):
    app = new_app(api_key="wrong-key-0815")
    with pytest.raises(RefusedError, match="check the API key") as caught:
        app.track_run(TrackedRun("succeeded"))
    shown = f"{caught.value!r} {app!r} {vars(app)} {caught.value.__cause__!r}"
    assert "0815" not in shown


def test_nothing_is_sent_of_what_is_no_tracked_run(app, platform):
    with pytest.raises(InvalidRunError, match="run must be a TrackedRun, not a dict"):
        app.track_run({"status": "succeeded"})
    assert platform.requests() == []


@pytest.mark.parametrize("timeout", [True, "5", float("nan")], ids=repr)
def test_a_timeout_is_a_number(app, platform, timeout):
    with pytest.raises(SettingsError, match="timeout must be a number of seconds"):
        app.track_run(TrackedRun("succeeded"), timeout=timeout)
    with pytest.raises(SettingsError, match="timeout must be a number of seconds"):
        app.track_run_with_result(TrackedRun("succeeded"), timeout=timeout)
    assert platform.requests() == []


def test_a_folder_that_has_gone_meanwhile_is_named(app, platform, tmp_path):
    (tmp_path / "in").mkdir()
    run = TrackedRun(
        "succeeded", input_dir=tmp_path / "in", duration=timedelta(hours=1)
    )
    (tmp_path / "in").rmdir()
    with pytest.raises(InvalidRunError, match="input_dir cannot be packed"):
        app.track_run(run)
    assert platform.requests() == []


def test_after_it_was_closed_it_goes_on_with_new_connections(app):
    app.track_run(TrackedRun("succeeded"))
    app.close()
    assert app.track_run(TrackedRun("succeeded", input=1, output=2, logs="3"))
