from __future__ import annotations

import socket
import threading
import time

import pytest

from nextmv_autotrack.errors import RefusedError, StoreError, UnreachableError
from nextmv_autotrack.nextmv_api import Blob, Client
from nextmv_autotrack.status import Status
from nextmv_autotrack.upload.crew import Crew
from nextmv_autotrack.upload.submission import Waiting, create, look_for, upload
from tests.upload.model_platform import PAGE_RUNS, ModelPlatform, Time

NOW_S = time.time()


@pytest.fixture
def client(platform):
    client = Client(platform.endpoint, platform.key, patience_s=lambda: 10)
    yield client
    client.close()


@pytest.fixture(params=[0, 1, 2], ids="crew of {}".format)
def crew(request):
    crew = Crew(request.param)
    yield crew
    crew.close()


@pytest.fixture
def alone():
    return Crew(0)


def a_run(**changes):
    usual = {
        "id": "0192f0c1a2b37c4d8e5f60718293a4b5",
        "name": "solve",
        "status": Status.SUCCEEDED,
        "started_at": 1_700_000_000.25,
        "duration": 1.5,
        "host": "box",
        "app_id": "routing",
    }
    return Waiting(**(usual | changes))


def full_run(**changes):
    parts = {
        "input": Blob.of(b'{"stops":3}'),
        "output": Blob.of(b'{"solution":[1,2]}'),
        "logs": Blob.of("über 2 lines\nof log\n".encode()),
    }
    return a_run(**(parts | changes))


def deliver(client, waiting, crew):
    uploads = upload(client, waiting, {}, crew)
    if uploads.problem is not None:
        raise uploads.problem
    return create(client, waiting, uploads.ids)


def test_a_run_arrives_with_all_its_parts(client, platform, crew):
    waiting = full_run(instance_id="staging", options={"gap": "0.1"})
    run_id = deliver(client, waiting, crew)
    (run,) = platform.runs()
    assert (run.id, run.app_id, run.instance_id) == (run_id, "routing", "staging")
    assert run.input == b'{"stops":3}'
    assert run.document == {"solution": [1, 2]}
    assert run.logs.decode() == "über 2 lines\nof log\n"
    assert run.body["options"] == {"gap": "0.1"}
    assert run.body["configuration"]["run_type"] == {"type": "external"}
    assert run.result["execution_duration"] == 1500


def test_it_takes_two_requests_a_part_and_one_for_the_run(client, platform, crew):
    deliver(client, full_run(), crew)
    requests = platform.requests()
    assert len(requests) == 7
    assert requests[-1].path == "/v1/applications/routing/runs"


def test_a_failed_run_arrives_as_failed(client, platform, crew):
    deliver(
        client,
        full_run(status=Status.FAILED, error="ValueError: no", output=None),
        crew,
    )
    (run,) = platform.runs()
    assert run.result["status"] == "failed"
    assert run.result["error_message"] == "ValueError: no"
    assert "output_upload_id" not in run.result
    assert run.logs


def test_a_run_with_no_parts_arrives_with_an_empty_input(client, platform, crew):
    deliver(client, a_run(), crew)
    (run,) = platform.runs()
    assert run.input == b"{}"
    assert run.output == run.logs == b""
    assert len(platform.requests()) == 3


def test_empty_parts_are_as_good_as_none(client, platform, crew):
    nothing = Blob.of(b"")
    deliver(client, a_run(input=nothing, output=nothing, logs=nothing), crew)
    assert platform.runs()[0].input == b"{}"
    assert len(platform.requests()) == 3


def test_the_parts_are_uploaded_side_by_side(client, platform):
    crew = Crew(2)
    platform.gather(3, method="PUT")
    deliver(client, full_run(), crew)
    crew.close()
    puts = [seen for seen in platform.requests() if seen.is_storage]
    assert max(seen.in_flight for seen in puts) == 3


def test_the_run_is_created_after_all_uploads_have_ended(client, platform, crew):
    deliver(client, full_run(), crew)
    created = platform.requests()[-1]
    assert created.in_flight == 1
    assert [seen.status for seen in platform.requests()] == [200] * 7


def test_a_crew_that_is_busy_elsewhere_holds_nothing_up(client, platform):
    crew, free = Crew(1), threading.Event()
    busy = crew.submit(free.wait, 20)
    deliver(client, full_run(), crew)
    assert len(platform.runs()) == 1
    free.set()
    busy.result(10)
    crew.close()


def test_deliveries_inside_the_crew_itself_do_not_wait_for_each_other(client, platform):
    crew = Crew(2)
    futures = [crew.submit(deliver, client, full_run(), crew) for _ in range(8)]
    assert len({future.result(20) for future in futures}) == 8
    crew.close()
    assert len(platform.runs()) == 8


def test_connections_are_used_again_from_run_to_run(client, platform):
    crew = Crew(2)
    for _ in range(10):
        deliver(client, full_run(), crew)
    crew.close()
    # At most three at a time, to the platform and to its storage.
    assert len(platform.requests()) == 70
    assert platform.connections() <= 6


def test_large_files_arrive(client, platform, crew, tmp_path):
    path = tmp_path / "input"
    path.write_bytes(b"[" + b"1," * 700_000 + b"1]")
    deliver(client, full_run(input=Blob.of(path)), crew)
    assert platform.runs()[0].input == path.read_bytes()


@pytest.mark.parametrize("path", ["uploadurl", "/uploads/", "/runs$"])
@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
def test_a_refused_request_ends_the_delivery(client, platform, crew, path, status):
    platform.fail_next(status=status, path=path)
    with pytest.raises(RefusedError) as caught:
        deliver(client, full_run(), crew)
    assert caught.value.status_code == status
    assert platform.runs() == []
    deliver(client, full_run(), crew)
    assert len(platform.runs()) == 1


@pytest.mark.parametrize("path", ["uploadurl", "/uploads/", "/runs$"])
def test_a_broken_connection_ends_the_delivery(client, platform, alone, path):
    platform.trouble("close", path=path)
    with pytest.raises(UnreachableError):
        deliver(client, full_run(), alone)
    deliver(client, full_run(), alone)
    assert len(platform.runs()) == 1


def test_after_a_problem_what_nobody_has_begun_is_left_undone(client, platform, alone):
    platform.fail_next(status=503)
    with pytest.raises(RefusedError):
        deliver(client, full_run(), alone)
    assert len(platform.requests()) == 1


def test_a_problem_of_the_crew_is_a_problem_of_the_delivery(client, platform):
    crew = Crew(2)
    # All three have asked for their places, so that somebody else meets the refusal.
    platform.gather(3, path="uploadurl")
    platform.fail_next(3, status=500, path="/uploads/")
    with pytest.raises(RefusedError):
        deliver(client, full_run(), crew)
    crew.close()
    assert platform.runs() == []


def test_when_a_delivery_has_failed_nothing_of_it_goes_on(client, platform):
    crew = Crew(2)
    platform.gather(3, path="uploadurl")
    platform.fail_next(status=500, path="/uploads/")
    with pytest.raises(RefusedError):
        deliver(client, full_run(), crew)
    crew.close()
    statuses = [seen.status for seen in platform.requests() if seen.is_storage]
    assert sorted(statuses) == [200, 200, 500]


def test_a_platform_that_is_down_is_unreachable(crew):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UnreachableError):
        deliver(Client(f"http://127.0.0.1:{port}", "key"), full_run(), crew)


def test_a_payload_that_is_gone_is_said_before_the_run_is_created(
    client, platform, alone, tmp_path
):
    path = tmp_path / "payload"
    path.write_bytes(b"[1]")
    blob = Blob.of(path)
    path.unlink()
    with pytest.raises(StoreError, match="payload"):
        deliver(client, full_run(output=blob), alone)
    assert platform.runs() == []


def test_a_run_that_has_not_ended_is_not_created(client, platform, alone):
    with pytest.raises(ValueError, match="not ended"):
        deliver(client, full_run(status=Status.RUNNING), alone)
    assert platform.runs() == []


def test_what_is_uploaded_before_a_problem_is_not_uploaded_again(
    client, platform, alone
):
    platform.fail_next(status=503, path="/uploads/upload-2")
    uploads = upload(client, full_run(), {}, alone)
    assert isinstance(uploads.problem, RefusedError)
    assert set(uploads.ids) == {"input"}
    again = upload(client, full_run(), uploads.ids, alone)
    assert again.problem is None
    assert again.ids["input"] == uploads.ids["input"]
    create(client, full_run(), again.ids)
    (run,) = platform.runs()
    assert (run.input, run.document) == (b'{"stops":3}', {"solution": [1, 2]})
    puts = [seen for seen in platform.requests() if seen.is_storage]
    assert len(puts) == 4


def test_nothing_is_asked_for_when_all_parts_are_there(client, platform, alone):
    known = {"input": "upload-1", "output": "upload-2", "logs": "upload-3"}
    assert upload(client, full_run(), known, alone) == (known, None)
    assert platform.requests() == []


# --- Looking for a run that may be there.

NUMBERS = "0192f0c1a2b37c4d8e5f6071829{:05d}"


def created(client, number):
    waiting = a_run(id=NUMBERS.format(number))
    return deliver(client, waiting, Crew(0))


def test_a_run_that_is_there_is_found_by_our_id(client, platform):
    created(client, 1)
    wanted = created(client, 2)
    created(client, 3)
    assert look_for(client, a_run(id=NUMBERS.format(2)), NOW_S, NOW_S) == wanted


def test_a_run_that_is_not_there_is_not_found(client, platform):
    created(client, 1)
    assert look_for(client, a_run(id=NUMBERS.format(2)), NOW_S, NOW_S) is None
    assert look_for(client, a_run(app_id="elsewhere"), NOW_S, NOW_S) is None


def test_a_run_of_a_later_page_is_found(client, platform):
    wanted = created(client, 0)
    for number in range(1, 60):
        created(client, number)
    platform_has = len(platform.requests())
    assert look_for(client, a_run(id=NUMBERS.format(0)), 0.0, NOW_S) == wanted
    assert len(platform.requests()) == platform_has + 2


YEAR_S = 365 * 86400.0


@pytest.mark.parametrize(
    ("ahead_s", "set_back_s", "pages"),
    [
        pytest.param(0.0, 0.0, 3, id="a clock that is right"),
        pytest.param(YEAR_S, 0.0, 3, id="a clock that is ahead"),
        pytest.param(-YEAR_S, 0.0, 4, id="a clock that is behind"),
        pytest.param(0.0, 600.0, 4, id="a clock that was set back"),
    ],
)
def test_nobody_looks_behind_runs_that_are_far_older_than_the_call(
    ahead_s, set_back_s, pages
):
    moment = Time()
    model = ModelPlatform(moment)
    for until_the_next_s in (30_000, 9000, 1000, 0):
        model.add_runs_of_others(PAGE_RUNS, "routing")
        moment.passes(until_the_next_s)
    client = Client("https://platform.example", "key", transport=model)
    moment.ahead_s = ahead_s
    now = moment.clock.wall()
    assert look_for(client, a_run(), now - 60 + set_back_s, now) is None
    assert len(model.asked) == pages


@pytest.mark.parametrize("body", ["[]", "{}", '{"runs": 3}', '{"runs": [{}]}', "<p>"])
def test_a_list_that_is_none_is_a_problem_and_not_an_empty_one(client, platform, body):
    platform.fail_next(status=200, method="GET", body=body)
    with pytest.raises(UnreachableError, match="no list of runs"):
        look_for(client, a_run(), NOW_S, NOW_S)
