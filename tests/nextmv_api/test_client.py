from __future__ import annotations

import copy
import gc
import logging
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from contextlib import nullcontext

import httpx
import pytest

from nextmv_autotrack.errors import (
    RefusedError,
    SettingsError,
    StoreError,
    UnreachableError,
)
from nextmv_autotrack.nextmv_api import Blob, Client
from nextmv_autotrack.nextmv_api.address import origin

BODY = {
    "upload_id": "upload-1",
    "configuration": {"run_type": {"type": "external"}},
    "result": {"status": "succeeded", "execution_duration": 12},
}


@pytest.fixture
def client(platform):
    client = Client(platform.endpoint, platform.key, patience_s=lambda: 10)
    yield client
    client.close()


def upload(client, content=b"{}"):
    place = client.new_upload("app")
    client.put(place.url, content if isinstance(content, Blob) else Blob.of(content))
    return place


def test_importing_it_loads_no_network_library():
    code = (
        "import sys, nextmv_autotrack.upload.submission as s;"
        "s.Client('host', 'key');"
        "sys.exit(bool({'httpx', 'httpcore', 'ssl'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_is_created_from_what_was_uploaded(client, platform):
    upload(client, b'{"a":1}')
    run_id = client.create_run("app", "staging", BODY)
    (run,) = platform.runs()
    assert (run.id, run.app_id, run.instance_id) == (run_id, "app", "staging")
    assert run.input == b'{"a":1}'
    assert run.body == BODY


def test_without_an_instance_the_platform_chooses(client, platform):
    upload(client)
    client.create_run("app", None, BODY)
    assert platform.runs()[0].instance_id is None
    assert platform.requests()[-1].query == ""


def test_ids_are_quoted_in_path_and_query(client, platform):
    upload(client)
    client.create_run("zwölf&c", "x&y=z/ü", BODY)
    (run,) = platform.runs()
    assert (run.app_id, run.instance_id) == ("zwölf&c", "x&y=z/ü")


def test_the_key_goes_to_the_platform_and_never_to_the_storage(client, platform):
    upload(client)
    client.create_run("app", None, BODY)
    asked, put, created = platform.requests()
    assert asked.headers["authorization"] == f"Bearer {platform.key}"
    assert created.headers["authorization"] == f"Bearer {platform.key}"
    assert put.is_storage
    assert "authorization" not in put.headers
    assert platform.key not in f"{put.headers}{put.path}{put.query}"


def test_an_upload_has_its_length_and_is_never_chunked(client, platform, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(b"[" + b"1," * 400_000 + b"1]")
    sizes = []
    for blob in (
        Blob.of(b""),
        Blob.of(b"{}"),
        Blob.of(b"x" * 3_000_000),
        Blob.of(b'{"solution":', large, b"}"),
    ):
        upload(client, blob)
        sizes.append(blob.size)
    puts = [seen for seen in platform.requests() if seen.is_storage]
    assert [put.size for put in puts] == sizes
    assert [int(put.headers["content-length"]) for put in puts] == sizes
    assert not any("transfer-encoding" in put.headers for put in puts)


def test_bytes_arrive_as_they_are(client, platform, tmp_path):
    path = tmp_path / "value"
    path.write_bytes(b"[" + bytes(range(49, 58)) * 100_000 + b"]")
    upload(client, Blob.of(b'{"a":', path, b"}"))
    client.create_run("app", None, BODY)
    (run,) = platform.runs()
    assert run.input == b'{"a":' + path.read_bytes() + b"}"


def test_a_large_file_is_uploaded_with_little_memory(client, platform, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(20_000_000))
    upload(client)
    blob = Blob.of(b"<", path, b">")
    tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        upload(client, blob)
        grown = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert platform.requests()[-1].size == 20_000_002
    assert grown < 3_000_000


def test_connections_are_kept_and_used_again(client, platform):
    for _ in range(20):
        upload(client)
    client.create_run("app", None, BODY)
    assert len(platform.requests()) == 41
    # One to the platform, one to its storage.
    assert platform.connections() == 2


def test_a_connection_is_used_again_after_a_refusal(client, platform):
    platform.fail_next(3, status=503)
    for _ in range(3):
        with pytest.raises(RefusedError):
            client.new_upload("app")
    client.new_upload("app")
    assert platform.connections() == 1


def test_threads_can_share_it(client, platform):
    platform.gather(4, path="uploadurl")
    threads = [threading.Thread(target=upload, args=(client,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(platform.requests()) == 8
    assert platform.connections() <= 8


def test_it_can_be_used_again_after_close(client, platform):
    upload(client)
    client.close()
    upload(client)
    assert platform.connections() == 4


def test_a_prefix_in_the_endpoint_is_kept(platform):
    client = Client(f"{platform.endpoint}/some/prefix/", platform.key)
    with pytest.raises(RefusedError):
        client.new_upload("app")
    client.close()
    path = platform.requests()[0].path
    assert path == "/some/prefix/v1/applications/app/runs/uploadurl"


def test_it_names_itself(client, platform):
    upload(client)
    agents = {seen.headers["user-agent"] for seen in platform.requests()}
    assert len(agents) == 1
    assert agents.pop().startswith("nextmv-autotrack/")


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "check the API key"),
        (403, "may be used with this key"),
        (404, "application id"),
        (400, "out of order"),
        (500, "500"),
    ],
)
def test_a_refusal_says_what_was_asked_and_what_to_do(client, platform, status, advice):
    platform.fail_next(status=status)
    with pytest.raises(RefusedError, match=advice) as caught:
        client.new_upload("app")
    assert caught.value.status_code == status
    assert platform.endpoint in str(caught.value)
    assert platform.key not in str(caught.value)


def test_a_wrong_key_is_refused(platform):
    client = Client(platform.endpoint, "another-key")
    with pytest.raises(RefusedError, match="API key") as caught:
        client.new_upload("app")
    client.close()
    assert "another-key" not in str(caught.value)


def test_how_long_to_wait_is_handed_on(client, platform):
    platform.fail_next(status=429, headers={"Retry-After": "17"})
    with pytest.raises(RefusedError) as caught:
        client.new_upload("app")
    assert caught.value.retry_after_s == 17


@pytest.mark.parametrize("body", ["<html>login</html>", "[]", '{"upload_id":"u"}', ""])
def test_an_answer_that_is_not_the_platforms_is_garbled(client, platform, body):
    platform.fail_next(status=200, body=body)
    with pytest.raises(UnreachableError, match="endpoint"):
        client.new_upload("app")


def test_a_run_id_that_moves_the_cursor_is_garbled(client, platform):
    platform.fail_next(status=200, body='{"run_id": "a\\u001b[31m"}')
    with pytest.raises(UnreachableError, match="no 'run_id'"):
        client.create_run("app", None, BODY)


def test_an_endless_answer_is_not_read_to_its_end(client, platform):
    platform.fail_next(status=200, body="x" * 3_000_000)
    with pytest.raises(UnreachableError, match="too long"):
        client.new_upload("app")
    client.new_upload("app")


def test_an_answer_in_a_broken_encoding_is_garbled(client, platform):
    platform.fail_next(status=200, headers={"Content-Encoding": "gzip"}, body="no gzip")
    with pytest.raises(UnreachableError, match="garbled"):
        client.new_upload("app")


def test_no_redirect_is_followed(client, platform):
    elsewhere = {"Location": "http://127.0.0.1:9/elsewhere"}
    platform.fail_next(status=307, headers=elsewhere)
    with pytest.raises(RefusedError, match="moved") as caught:
        client.new_upload("app")
    assert caught.value.status_code == 307
    assert len(platform.requests()) == 1


def test_no_cookie_is_kept(client, platform):
    platform.fail_next(status=500, headers={"Set-Cookie": "a=b; Path=/"})
    with pytest.raises(RefusedError):
        client.new_upload("app")
    client.new_upload("app")
    assert "cookie" not in platform.requests()[-1].headers


def test_passwords_in_netrc_do_not_replace_the_key(
    client, platform, tmp_path, monkeypatch
):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    upload(client)
    asked, put = platform.requests()
    assert asked.headers["authorization"] == f"Bearer {platform.key}"
    assert "authorization" not in put.headers


def test_a_password_in_an_upload_address_is_not_used(platform):
    seen = []

    def answer(request):
        seen.append(request)
        return httpx.Response(200)

    client = Client(
        platform.endpoint, platform.key, transport=httpx.MockTransport(answer)
    )
    client.put("https://someone:secret@storage/x", Blob.of(b"{}"))
    assert "authorization" not in seen[0].headers


@pytest.mark.parametrize("is_allowed", [True, False])
def test_nothing_is_uploaded_without_encryption_unless_allowed(is_allowed):
    seen = []

    def answer(request):
        seen.append(request)
        return httpx.Response(200)

    client = Client(
        "https://platform.example",
        "key",
        transport=httpx.MockTransport(answer),
        allow_http=is_allowed,
    )
    with nullcontext() if is_allowed else pytest.raises(UnreachableError) as caught:
        client.put("http://storage.example/x?signature=secret", Blob.of(b"{}"))
    assert len(seen) == is_allowed
    assert "secret" not in str(caught)


def test_a_connection_closed_without_an_answer_is_unreachable(client, platform):
    platform.trouble("close")
    with pytest.raises(UnreachableError, match="asking for an upload URL"):
        client.new_upload("app")
    client.new_upload("app")


def test_an_answer_that_never_comes_is_given_up(platform):
    client = Client(platform.endpoint, platform.key, patience_s=lambda: 0.05)
    platform.trouble("hang", times=1)
    with pytest.raises(UnreachableError, match="no answer came in time"):
        client.new_upload("app")
    client.close()


def test_nobody_listening_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client = Client(f"http://127.0.0.1:{port}", "key")
    with pytest.raises(UnreachableError, match="no connection came about"):
        client.new_upload("app")


def test_a_host_that_does_not_exist_is_unreachable(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    client = Client("http://nowhere.invalid", "key", allow_http=True)
    with pytest.raises(UnreachableError, match=r"http://nowhere\.invalid"):
        client.new_upload("app")


def test_a_host_of_plain_http_behind_https_is_unreachable(platform):
    client = Client(platform.endpoint.replace("http:", "https:"), platform.key)
    with pytest.raises(UnreachableError):
        client.new_upload("app")
    client.close()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "",
        "ftp://host/x",
        "http://[",
        "http://",
        "http://a..b",
        "http://xn--",
        "\ud800",
    ],
)
def test_an_upload_address_that_is_none_is_garbled(client, url):
    with pytest.raises(UnreachableError, match="uploading"):
        client.put(url, Blob.of(b"{}"))


@pytest.mark.parametrize(
    "rest",
    [
        "/b%20c/%C3%BC+d~e=f!g?X-Amz-Credential=AK%2F2026%2Fs3%2Faws4_request",
        "/a?X-Amz-Security-Token=IQoJ%2F%2Bb%3D%3D&X-Amz-Signature=0a&x-id=PutObject",
        "/a//b/c?x='(1)*&y=a+b;c",
        "/a?sv=2026&sig=aB%2bc%3d&se=2026-11-24T12:00:00Z",
    ],
)
def test_a_signed_address_is_sent_as_it_was_given(client, platform, rest):
    storage = origin(client.new_upload("app").url)
    with pytest.raises(RefusedError):
        client.put(storage + rest, Blob.of(b"{}"))
    put = platform.requests()[-1]
    assert f"{put.path}?{put.query}" == rest


def test_the_signature_of_an_upload_address_stays_out_of_errors(client, platform):
    place = client.new_upload("app")
    signature = place.url.partition("Signature=")[2]
    platform.expire_uploads()
    with pytest.raises(RefusedError) as refused:
        client.put(place.url, Blob.of(b"{}"))
    platform.trouble("close")
    with pytest.raises(UnreachableError) as unreachable:
        client.put(place.url, Blob.of(b"{}"))
    assert signature not in f"{refused.value}{unreachable.value}{place}"
    assert "uploads/" not in f"{refused.value}{unreachable.value}"


def test_an_upload_address_that_expired_is_worth_another_try_soon(client, platform):
    place = client.new_upload("app")
    platform.expire_uploads()
    with pytest.raises(RefusedError) as caught:
        client.put(place.url, Blob.of(b"{}"))
    assert caught.value.status_code == 408


def test_nothing_it_does_shows_key_or_signature_in_the_log(client, platform, caplog):
    caplog.set_level(logging.DEBUG)
    place = upload(client)
    signature = place.url.partition("Signature=")[2]
    client.create_run("app", None, BODY)
    shown = caplog.text + "".join(str(record.args) for record in caplog.records)
    assert platform.key not in shown
    assert signature not in shown


def test_it_writes_nothing_to_the_log_of_the_user(client, caplog):
    caplog.set_level(logging.INFO)
    upload(client)
    assert not caplog.records


def test_its_repr_shows_the_endpoint_and_not_the_key(platform, client):
    assert repr(client) == f"<Client for {platform.endpoint}>"


def test_a_payload_that_cannot_be_read_is_no_fault_of_the_platform(
    client, platform, tmp_path
):
    path = tmp_path / "payload"
    path.write_bytes(bytes(1_000_000))
    blob = Blob.of(path)
    path.write_bytes(b"short")
    place = client.new_upload("app")
    with pytest.raises(StoreError, match="payload"):
        client.put(place.url, blob)
    upload(client)
    assert platform.requests()[-1].status == 200


def test_the_proxy_of_the_environment_is_used(platform, monkeypatch):
    monkeypatch.setenv("http_proxy", platform.endpoint)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    client = Client("http://api.invalid", platform.key, allow_http=True)
    with pytest.raises(RefusedError):
        client.new_upload("app")
    client.close()
    assert platform.requests()[0].path.startswith("http://api.invalid/v1/")


def test_hosts_that_need_no_proxy_are_reached_directly(platform, monkeypatch):
    monkeypatch.setenv("http_proxy", platform.endpoint)
    monkeypatch.setenv("no_proxy", "api.invalid")
    client = Client("http://api.invalid", platform.key, allow_http=True)
    with pytest.raises(UnreachableError):
        client.new_upload("app")
    assert platform.requests() == []


@pytest.mark.parametrize("proxy", ["gopher://x:1", "http://x:port", "socks5://x:1"])
def test_a_proxy_that_cannot_be_used_is_named(monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(UnreachableError, match="proxy"):
        Client("http://api.invalid", "key", allow_http=True).new_upload("app")


def test_an_application_id_that_is_none_is_a_matter_of_settings(client, platform):
    with pytest.raises(SettingsError, match="app_id"):
        client.new_upload("..")
    assert not platform.requests()


def test_a_dropped_client_leaves_no_open_connection_behind(platform):
    client = Client(platform.endpoint, platform.key)
    upload(client)
    client.close()
    del client
    # A socket left open would be a warning, and a warning an error.
    gc.collect()


def test_the_body_that_is_handed_in_is_not_changed(client):
    before = copy.deepcopy(BODY)
    upload(client)
    client.create_run("app", None, BODY)
    assert before == BODY


def test_the_platform_is_greeted_at_an_application_or_at_all(client, platform):
    for app_id in ("meine-ü", None):
        greeting = client.greet(app_id)
        assert greeting.is_the_platforms
        assert greeting.sent_at_s == pytest.approx(time.time(), abs=60)
    first, second = platform.requests()
    assert (first.path, first.query) == (
        "/v1/applications/meine-%C3%BC/runs",
        "pagereturn=true",
    )
    assert second.path == "/v1/applications"
    assert first.headers["authorization"] == second.headers["authorization"]


@pytest.mark.parametrize(
    ("date", "told_s"), [("Thu, 01 Jan 2026 00:00:00 GMT", 1_767_225_600), ("?", None)]
)
def test_a_refusal_tells_when_it_was_given(client, platform, date, told_s):
    platform.fail_next(1, status=401, headers={"Date": date})
    with pytest.raises(RefusedError) as raised:
        client.greet("app")
    assert raised.value.answered_at_s == told_s


def test_whoever_refuses_a_knock_at_the_storage_was_reached(client, platform):
    upload = client.new_upload("app")
    client.reach_storage(upload)
    last = platform.requests()[-1]
    assert (last.method, last.path, last.query, last.status) == ("HEAD", "/", "", 403)
    assert "authorization" not in last.headers
