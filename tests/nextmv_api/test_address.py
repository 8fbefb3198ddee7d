from __future__ import annotations

import pytest

from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.address import (
    app_path,
    clean_endpoint,
    clean_key,
    is_private,
    origin,
)


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("api.cloud.nextmv.io", "https://api.cloud.nextmv.io"),
        ("https://api.cloud.nextmv.io/", "https://api.cloud.nextmv.io"),
        (" http://localhost:8000 \n", "http://localhost:8000"),
        ("https://host/a/prefix/", "https://host/a/prefix"),
        ("host:8443/prefix", "https://host:8443/prefix"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_an_endpoint_is_brought_into_shape(given, cleaned):
    assert clean_endpoint(given) == cleaned
    assert clean_endpoint(cleaned) == cleaned


@pytest.mark.parametrize(
    "given",
    [
        "",
        "https://",
        "https:///",
        "ftp://host",
        "https://host:port",
        "https://host:0",
        "https://host:99999",
        "https://[::1",
        "https://https://host",
        "https://a host",
        "https://host/\x00",
        "https://host/?a=b",
        "https://host/#top",
        "https://someone:secret@host",
    ],
)
def test_an_endpoint_that_is_none_is_refused_without_being_repeated(given):
    with pytest.raises(SettingsError, match="endpoint") as caught:
        clean_endpoint(given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        "http://localhost",
        "HTTP://LocalHost:8000/prefix",
        "http://127.0.0.1:1",
        "http://127.255.1.2",
        "http://[::1]:80",
        "https://host",
        "HTTPS://host",
    ],
)
def test_what_nobody_on_the_way_can_read_may_be_sent(given):
    assert clean_endpoint(given) == given
    assert is_private(f"{given}/v1?a=b")


@pytest.mark.parametrize(
    "given",
    [
        "http://host",
        "HTTP://host",
        "http://10.0.0.1",
        "http://128.0.0.1",
        "http://127.0.0.1.example",
        "http://127.0.0.256",
        "http://localhost.example",
        "http://xlocalhost",
        "http://[::2]",
        "http://host/localhost",
        "http://host:80/127.0.0.1",
    ],
)
def test_without_encryption_nothing_is_sent_to_other_machines_unless_allowed(given):
    with pytest.raises(SettingsError, match="NEXTMV_AUTOTRACK_ALLOW_HTTP") as caught:
        Client(given, "key")
    assert "https://" in str(caught.value)
    assert not is_private(given)
    assert clean_endpoint(given, allow_http=True) == given
    assert Client(given, "key", allow_http=True).endpoint == given


def test_blanks_and_line_breaks_around_a_key_are_dropped():
    assert clean_key(" abc-123\r\n") == "abc-123"


@pytest.mark.parametrize(
    "key", ["", " \n", "x y", "x\ny", "x\x00y", "schlüssel", "\u2019x"]
)
def test_a_key_no_header_can_carry_is_refused_without_being_repeated(key):
    with pytest.raises(SettingsError, match="api_key") as caught:
        Client("https://host", key)
    assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize(
    ("app_id", "path"),
    [
        ("routing", "/v1/applications/routing"),
        (" Routing_2.x-y:z ", "/v1/applications/Routing_2.x-y%3Az"),
        ("ü", "/v1/applications/%C3%BC"),
    ],
)
def test_an_application_id_stays_one_segment_of_the_path(app_id, path):
    assert app_path(app_id) == path


@pytest.mark.parametrize(
    "app_id",
    [
        "",
        " ",
        ".",
        "..",
        "a b",
        "a/../c",
        "a\\b",
        "x?y",
        "x#y",
        "a%2Fb",
        "a\nb",
        "\ud800",
    ],
)
def test_what_can_be_no_id_of_an_application_is_refused(app_id):
    with pytest.raises(SettingsError, match="app_id"):
        app_path(app_id)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://s3.example/a/b?X-Amz-Signature=1", "https://s3.example"),
        ("https://s3.example?sig=1/2", "https://s3.example"),
        ("https://u:secret@s3.example:1/x", "https://s3.example:1"),
        ("nonsense", "nonsense://"),
    ],
)
def test_of_an_address_with_secrets_only_the_host_is_shown(url, shown):
    assert origin(url) == shown
