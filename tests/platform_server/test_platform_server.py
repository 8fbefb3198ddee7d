from __future__ import annotations

import http.client
import io
import json
import re
import socket
import tarfile
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from nextmv_autotrack.testing.create_check import Wrong, check
from tests.platform_server.faults import FAULTS
from tests.platform_server.handle import KEY, running
from tests.platform_server.server import SILENCE_S

PATIENCE_S = 20

RUNS = "/v1/applications/app/runs"
RESULT = {"status": "succeeded", "execution_duration": 12}


class Caller:
    """Speaks plain HTTP to the platform."""

    def __init__(self, platform):
        self.platform = platform
        self.headers = {"Authorization": f"Bearer {KEY}"}

    def send(self, method, url, body=b"", headers=None):
        if url.startswith("/"):
            url = self.platform.endpoint + url
        address = urlsplit(url)
        connection = http.client.HTTPConnection(address.netloc, timeout=10)
        target = f"{address.path}?{address.query}".rstrip("?")
        content = json.dumps(body) if isinstance(body, dict) else body
        use = self.headers if headers is None else headers
        try:
            connection.request(method, target, content, use)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def json(self, method, url, body=b""):
        status, text = self.send(method, url, body)
        assert status == 200, text
        return json.loads(text)

    def upload(self, content):
        place = self.json("POST", f"{RUNS}/uploadurl")
        assert self.send("PUT", place["upload_url"], content, {}) == (200, b"")
        return place["upload_id"]

    def create(self, **fields):
        return self.json("POST", RUNS, fields)["run_id"]


def raw(url, method, head):
    address = urlsplit(url)
    target = f"{address.path}?{address.query}"
    with socket.create_connection((address.hostname, address.port), 10) as wire:
        wire.sendall(f"{method} {target} HTTP/1.1\r\n{head}\r\n\r\n".encode())
        return wire.recv(100)


@pytest.fixture
def caller(platform):
    return Caller(platform)


def test_a_run_can_be_read_back(caller):
    uploads = {
        "output_upload_id": caller.upload(b'{"solution":2,"metrics":{"value":3}}'),
        "error_upload_id": caller.upload(b"a line\n"),
    }
    run_id = caller.create(
        upload_id=caller.upload(b'{"a":1}'),
        name="n",
        description="d",
        result=RESULT | uploads,
    )
    run = f"{RUNS}/{run_id}"
    information = caller.json("GET", f"{run}/metadata")
    assert information["name"] == "n"
    assert information["metadata"]["status_v2"] == "succeeded"
    assert information["metadata"]["metrics"] == {"value": 3}
    assert information["metadata"]["duration"] == 12.0
    output = {"solution": 2, "metrics": {"value": 3}}
    assert caller.json("GET", run)["output"] == output
    assert caller.json("GET", f"{run}/output") == output
    assert caller.json("GET", f"{run}/input") == {"a": 1}
    assert caller.json("GET", f"{run}/logs") == {"log": "a line\n"}


def test_a_failed_run_is_read_back_with_its_error(caller):
    failed = {"status": "failed", "execution_duration": 0, "error_message": "no"}
    run_id = caller.create(input=None, result=failed)
    error_log = caller.json("GET", f"{RUNS}/{run_id}")["error_log"]
    assert error_log == {"error": "no", "stdout": "", "stderr": "no"}


def test_runs_are_listed_newest_first_in_pages_of_50(caller):
    made = [caller.create(input=n, result=RESULT) for n in range(101)][::-1]
    listed, token, pages = [], "", 0
    while token is not None:
        query = f"&pagetoken={token}" if token else ""
        page = caller.json("GET", f"{RUNS}?pagereturn=true{query}")
        listed += [run["id"] for run in page["runs"]]
        token, pages = page.get("next_page_token"), pages + 1
    assert listed == made
    assert pages == 3


def test_an_application_sees_its_own_runs_only(caller):
    run_id = caller.create(input=1, result=RESULT)
    assert caller.json("GET", "/v1/applications/other/runs") == {"runs": []}
    status, _ = caller.send("GET", f"/v1/applications/other/runs/{run_id}")
    assert status == 404


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}])
def test_without_the_key_nothing_is_answered(caller, headers):
    assert caller.send("POST", f"{RUNS}/uploadurl", b"", headers)[0] == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/applications/app", 404),
        ("GET", "/other", 404),
        ("GET", f"{RUNS}/unknown", 404),
        ("POST", f"{RUNS}/unknown", 404),
        ("GET", f"{RUNS}?pagetoken=x", 400),
        ("DELETE", RUNS, 405),
    ],
)
def test_what_it_does_not_know_it_says(caller, method, path, status):
    assert caller.send(method, path)[0] == status


def test_storage_refuses_a_second_mechanism_of_authentication(caller):
    url = caller.json("POST", f"{RUNS}/uploadurl")["upload_url"]
    status, text = caller.send("PUT", url, b"{}", caller.headers)
    assert status == 400
    assert b"InvalidArgument" in text


def test_storage_refuses_what_is_chunked(caller):
    url = caller.json("POST", f"{RUNS}/uploadurl")["upload_url"]
    chunked = "Host: h\r\nTransfer-Encoding: chunked"
    assert raw(url, "PUT", chunked).startswith(b"HTTP/1.1 501")


def test_storage_refuses_what_has_no_length(caller):
    url = caller.json("POST", f"{RUNS}/uploadurl")["upload_url"]
    assert raw(url, "PUT", "Host: h").startswith(b"HTTP/1.1 411")


def test_what_is_no_http_is_turned_away(platform):
    address = urlsplit(platform.endpoint)
    with socket.create_connection((address.hostname, address.port), 10) as wire:
        wire.sendall(b"\x16\x03\x01")
        assert wire.recv(100).startswith(b"HTTP/1.1 400")


def test_storage_refuses_a_wrong_signature_and_a_place_that_expired(caller):
    url = caller.json("POST", f"{RUNS}/uploadurl")["upload_url"]
    assert caller.send("PUT", f"{url}x", b"{}", {})[0] == 403
    assert caller.send("GET", url, b"", {})[0] == 405
    caller.platform.expire_uploads()
    status, text = caller.send("PUT", url, b"{}", {})
    assert status == 403
    assert b"expired" in text


def test_an_upload_that_expired_cannot_become_a_run(caller):
    upload_id = caller.upload(b"{}")
    caller.platform.expire_uploads()
    body = {"upload_id": upload_id, "result": RESULT}
    assert caller.send("POST", RUNS, body)[0] == 400


def test_a_body_that_is_not_json_is_refused(caller):
    assert caller.send("POST", RUNS, b"{")[0] == 400


UPLOADS = {"in": b"{}", "out": b'{"a":1}', "list": b"[]", "text": b"no JSON"}
GOOD = {"upload_id": "in", "result": RESULT}


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        GOOD | {"name": "n" * 128, "description": "d" * 256, "options": {"a": "1"}},
        {"input": None, "result": RESULT},
        {"input_id": "managed", "result": RESULT},
        GOOD | {"result": RESULT | {"output_upload_id": "out"}},
        GOOD | {"result": RESULT | {"error_upload_id": "text"}},
        GOOD | {"result": {**RESULT, "status": "failed", "error_message": "no"}},
        GOOD | {"configuration": {"format": {"input": {"type": "json"}}}},
    ],
)
def test_a_body_as_documented_is_taken(body):
    check(body, UPLOADS)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "not an object"),
        ({"result": RESULT}, "exactly one"),
        (GOOD | {"input": 1}, "exactly one"),
        (GOOD | {"upload_id": "unknown"}, "unknown"),
        (GOOD | {"upload_id": "text"}, "not JSON"),
        (GOOD | {"extra": 1}, "unknown fields"),
        (GOOD | {"name": "n" * 129}, "128"),
        (GOOD | {"name": 1}, "not a text"),
        (GOOD | {"name": "a\nb"}, "printable"),
        (GOOD | {"description": "d" * 257}, "256"),
        (GOOD | {"options": {"a": 1}}, "options"),
        (GOOD | {"options": [1]}, "options"),
        (GOOD | {"configuration": {"format": {"input": {"type": "xml"}}}}, "format"),
        (GOOD | {"configuration": {"run_type": {"type": "standard"}}}, "external"),
        (GOOD | {"configuration": {"run_type": {"type": "x"}}}, "run_type"),
        ({"upload_id": "in"}, "result"),
        (GOOD | {"result": RESULT | {"status": "running"}}, "status"),
        (GOOD | {"result": RESULT | {"execution_duration": 1.5}}, "integer"),
        (GOOD | {"result": RESULT | {"execution_duration": True}}, "integer"),
        (GOOD | {"result": RESULT | {"execution_duration": -1}}, "negative"),
        (GOOD | {"result": RESULT | {"output_upload_id": "gone"}}, "nothing"),
        (GOOD | {"result": RESULT | {"output_upload_id": "list"}}, "not an object"),
        (GOOD | {"result": RESULT | {"error_message": "no"}}, "without a failure"),
        (GOOD | {"result": RESULT | {"more": 1}}, "unknown fields"),
        *[
            (
                GOOD
                | {"result": {**RESULT, "status": "failed", "error_message": text}},
                "error_message|unauthorized",
            )
            for text in ("", "a\nb", "für", "x" * 501, 7)
        ],
    ],
)
def test_a_body_that_is_not_as_documented_is_refused(body, words):
    with pytest.raises(Wrong, match=words):
        check(body, UPLOADS)


def archive_of(*kinds):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for kind in kinds:
            member = tarfile.TarInfo("member")
            member.type = kind
            archive.addfile(member)
    return file.getvalue()


OF_FILES = {
    "in": archive_of(tarfile.REGTYPE),
    "folders": archive_of(tarfile.DIRTYPE),
    "text": "für".encode(),
    "bytes": b"\xff",
    "metrics": b'{"value":1}',
    "deep": b'{"metrics":{"value":1}}',
    "assets": b'{"assets":[]}',
}


def of_format(input_format, output_format, upload_id="in", **result):
    halves = {"input": {"type": input_format}, "output": {"type": output_format}}
    return {
        "upload_id": upload_id,
        "configuration": {"format": halves},
        "result": RESULT | result,
    }


@pytest.mark.parametrize(
    "body",
    [
        of_format("multi-file", "multi-file", output_upload_id="in"),
        of_format("multi-file", "text", output_upload_id="text"),
        of_format("text", "json", upload_id="text"),
        of_format(
            "multi-file",
            "multi-file",
            metrics_upload_id="metrics",
            assets_upload_id="assets",
        ),
        of_format("multi-file", "json") | {"batch_experiment_id": "exp"},
    ],
)
def test_files_and_texts_as_documented_are_taken(body):
    check(body, OF_FILES)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (of_format("multi-file", "json", upload_id="text"), "no .tar.gz"),
        (of_format("multi-file", "json", upload_id="folders"), "no .tar.gz"),
        (of_format("text", "json", upload_id="bytes"), "not UTF-8"),
        (of_format("multi-file", "json", metrics_upload_id="metrics"), "ignored"),
        (of_format("multi-file", "multi-file", metrics_upload_id="deep"), "too deep"),
        (of_format("multi-file", "multi-file", assets_upload_id="metrics"), "under"),
    ],
)
def test_files_and_texts_that_are_not_as_documented_are_refused(body, words):
    with pytest.raises(Wrong, match=re.escape(words)):
        check(body, OF_FILES)


def test_a_short_text_is_to_be_had_as_json(caller):
    body = of_format("text", "json", upload_id=caller.upload(b"a plan"))
    assert caller.json("GET", f"{RUNS}/{caller.create(**body)}/input") == "a plan"


def test_what_is_large_is_to_be_had_from_the_storage_only(caller):
    large = b"x" * 5_300_000
    for kind, content in (("text", large), ("json", b'"%s"' % large)):
        body = of_format(kind, "json", upload_id=caller.upload(content))
        run = f"{RUNS}/{caller.create(**body)}"
        assert caller.send("GET", f"{run}/input")[0] == 400
        place = caller.json("GET", f"{run}/input?format=url")["url"]
        assert caller.send("GET", place, headers={}) == (200, content)


def test_an_application_is_made_once(caller):
    given = {"id": "app", "name": "App"}
    assert caller.send("GET", "/v1/applications/app")[0] == 404
    assert caller.json("POST", "/v1/applications", given) == given
    assert caller.json("GET", "/v1/applications/app") == given
    assert caller.send("POST", "/v1/applications", given)[0] == 409
    assert caller.send("POST", "/v1/applications", {"id": "x"})[0] == 400


def test_a_run_can_seem_to_be_in_progress_for_a_while(caller, platform):
    run_id = caller.create(input=None, result=RESULT)
    platform.show_statuses("queued", "running")
    path = f"{RUNS}/{run_id}/metadata"
    seen = [caller.json("GET", path)["metadata"]["status_v2"] for _ in range(3)]
    assert seen == ["queued", "running", "succeeded"]


def test_numbers_that_are_not_json_are_refused():
    with pytest.raises(Wrong, match="not JSON"):
        check(GOOD, UPLOADS | {"in": b'{"a":NaN}'})


def test_what_was_seen_is_told(caller, platform):
    caller.upload(b"{}")
    asked, put = platform.requests()
    assert (asked.method, asked.path) == ("POST", f"{RUNS}/uploadurl")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert (put.method, put.size, put.status, put.is_storage) == ("PUT", 2, 200, True)
    assert platform.connections() == 2


def test_the_next_requests_that_match_can_be_refused(caller, platform):
    platform.fail_next(2, status=429, path="uploadurl", headers={"Retry-After": "1"})
    caller.create(input=1, result=RESULT)
    statuses = [caller.send("POST", f"{RUNS}/uploadurl")[0] for _ in range(3)]
    assert statuses == [429, 429, 200]


def test_a_connection_can_be_closed_before_anything_is_done(caller, platform):
    platform.trouble("close")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        caller.create(input=1, result=RESULT)
    assert platform.runs() == []


def test_an_answer_can_be_lost_after_all_is_done(caller, platform):
    platform.trouble("lose answer")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        caller.create(input=1, result=RESULT)
    assert len(platform.runs()) == 1


def test_a_request_that_hangs_is_dropped_by_a_reset(caller, platform):
    platform.trouble("hang")
    address = urlsplit(platform.endpoint)
    with socket.create_connection((address.hostname, address.port), 10) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        while not platform.requests():
            pass
        platform.reset()
        assert wire.recv(1) == b""


def test_requests_sent_in_one_go_are_answered_one_after_another(caller, platform):
    address = urlsplit(platform.endpoint)
    request = b"GET %s HTTP/1.1\r\nAuthorization: Bearer %s\r\n\r\n"
    platform.delay(0.001)
    with socket.create_connection((address.hostname, address.port), 10) as wire:
        wire.sendall(request % (RUNS.encode(), KEY.encode()) * 3)
        answers = b""
        while answers.count(b'{"runs": []}') < 3:
            answers += wire.recv(1000)
    assert [seen.in_flight for seen in platform.requests()] == [1, 1, 1]


def test_it_can_be_started_with_a_delay_and_a_key_of_ones_own():
    with running("--delay-ms", "1", "--key", "mine") as platform:
        caller = Caller(platform)
        assert caller.send("GET", RUNS)[0] == 401
        caller.headers = {"Authorization": "Bearer mine"}
        assert caller.json("GET", RUNS) == {"runs": []}


# --- Faults by chance.


def outcomes(caller, requests):
    """Return what comes of so many create calls."""
    found = []
    for _ in range(requests):
        try:
            found.append(caller.send("POST", RUNS, {"input": 1, "result": RESULT})[0])
        except (OSError, http.client.HTTPException) as error:
            found.append(type(error).__name__)
    return found


def faults_met(platform):
    return {seen.fault for seen in platform.requests()}


@pytest.fixture
def faulty():
    with running("--faults", "0.5", "--seed", "7") as platform:
        yield platform


def test_faults_come_by_chance_and_are_the_same_for_the_same_seed(faulty):
    caller = Caller(faulty)
    outcomes(caller, 20)
    first = [seen.fault for seen in faulty.requests()]
    faulty.reset()
    # Where connections were refused, a request may not have come.
    outcomes(caller, 40)
    again = [seen.fault for seen in faulty.requests()]
    assert again[: len(first)] == first
    assert 0 < first.count(None) < len(first)


def test_faults_can_be_switched_off_and_on(faulty):
    caller = Caller(faulty)
    faulty.fail_by_chance(0)
    assert outcomes(caller, 20) == [200] * 20
    faulty.fail_by_chance(1)
    outcomes(caller, 20)
    assert None in faults_met(faulty)
    assert len(faults_met(faulty)) > 5


def test_a_platform_makes_no_faults_that_nobody_has_asked_for(caller, platform):
    assert outcomes(caller, 20) == [200] * 20
    assert faults_met(platform) == {None}


def only(fault):
    return {"without": [other.name for other in FAULTS if other != fault]}


def arrived(platform, request, wanted, patience_s=0.0):
    """Return how many runs or uploads there are, in the end."""
    until = time.monotonic() + patience_s
    while (number := request(platform)) != wanted and time.monotonic() < until:
        time.sleep(0.02)
    return number


@pytest.mark.parametrize(
    "fault", [one for one in FAULTS if not one.is_of_storage], ids=lambda one: one.name
)
def test_a_fault_does_what_it_says_to_a_create_call(caller, platform, fault):
    platform.fail_by_chance(1, **only(fault))
    begun = time.monotonic()
    (outcome,) = outcomes(caller, 1)
    runs = arrived(
        platform, lambda p: len(p.runs()), int(fault.acts != "never"), PATIENCE_S
    )
    assert runs == int(fault.acts != "never")
    assert faults_met(platform) == {fault.name}
    if fault.ends in {"status", "page"}:
        assert outcome == fault.status
    elif fault.ends == "cut":
        assert outcome == "IncompleteRead"
    else:
        assert outcome in {"RemoteDisconnected", "ConnectionResetError"}
    if fault.ends == "silent":
        assert time.monotonic() - begun >= SILENCE_S


@pytest.mark.parametrize("name", ["closed", "answer lost", "answer cut", "500, done"])
def test_a_fault_of_an_upload_leaves_the_content_or_does_not(caller, platform, name):
    (fault,) = [one for one in FAULTS if one.name == name]
    place = caller.json("POST", f"{RUNS}/uploadurl")
    platform.fail_by_chance(1, **only(fault))
    with suppress(OSError, http.client.HTTPException):
        caller.send("PUT", place["upload_url"], b"{}", {})
    platform.fail_by_chance(0)
    body = {"upload_id": place["upload_id"], "result": RESULT}
    has_arrived = caller.send("POST", RUNS, body)[0] == 200
    assert has_arrived == (fault.acts == "at once")


def test_a_place_that_expires_by_chance_stays_so(caller, platform):
    place = caller.json("POST", f"{RUNS}/uploadurl")
    (expired,) = [one for one in FAULTS if one.is_of_storage]
    platform.fail_by_chance(1, **only(expired))
    for _ in range(2):
        status, text = caller.send("PUT", place["upload_url"], b"{}", {})
        assert status == 403
        assert b"Request has expired" in text
        platform.fail_by_chance(0)


def test_connections_can_be_refused_for_a_moment(caller, platform):
    (refused,) = [one for one in FAULTS if one.ends == "refused"]
    platform.fail_by_chance(1, **only(refused))
    assert set(outcomes(caller, 2)) & {"ConnectionRefusedError"}
    platform.fail_by_chance(0)  # which waits until it is over
    assert outcomes(caller, 1) == [200]
    assert len(platform.runs()) == 1
