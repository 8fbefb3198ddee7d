from __future__ import annotations

import socket
import threading

import pytest

from nextmv_autotrack.errors import RefusedError, StoreError, UnreachableError
from nextmv_autotrack.nextmv_api import Blob, Client
from nextmv_autotrack.run import Status
from nextmv_autotrack.upload.crew import Crew
from nextmv_autotrack.upload.submission import Waiting, deliver
from nextmv_autotrack.upload.submission import _side_by_side as side_by_side


@pytest.fixture
def client(platform):
    client = Client(platform.endpoint, platform.key, silence_timeout_s=10)
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


def test_an_interrupt_is_not_held_up_by_what_others_are_at():
    crew, free = Crew(1), threading.Event()

    def interrupt():
        raise KeyboardInterrupt

    def others():
        begun.set()
        return str(free.wait(20))

    begun = threading.Event()
    with pytest.raises(KeyboardInterrupt):
        side_by_side([lambda: str(begun.wait(10)) and interrupt(), others], crew)
    assert not free.is_set()
    free.set()
    crew.close()


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
