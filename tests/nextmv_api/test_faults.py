from __future__ import annotations

import httpx
import pytest

from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.faults import WORDS, translated


def kinds_of(kind):
    yield kind
    for below in kind.__subclasses__():
        yield from kinds_of(below)


# Not raised by transports: we follow no redirects.
RAISED = [
    kind
    for kind in kinds_of(httpx.RequestError)
    if kind not in {httpx.RequestError, httpx.TooManyRedirects}
]


def test_every_transport_error_of_httpx_has_its_words():
    assert {kind.__name__ for kind in RAISED} | {"InvalidURL", "UnicodeError"} == set(
        WORDS
    )


@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)
def test_an_error_of_httpx_becomes_ours_with_its_cause(kind):
    def fail(request):
        raise kind("a detail", request=request)

    client = Client("https://host", "k", transport=httpx.MockTransport(fail))
    with pytest.raises(UnreachableError, match="https://host") as caught:
        client.new_upload("app")
    assert WORDS[kind.__name__] in str(caught.value)
    assert isinstance(caught.value.__cause__, kind)


@pytest.mark.parametrize(
    ("kind", "is_left"),
    [
        (httpx.ReadTimeout, True),
        (httpx.WriteTimeout, True),
        (httpx.ConnectTimeout, False),
        (httpx.ReadError, False),
    ],
)
def test_what_is_not_waited_for_may_still_be_at_work(kind, is_left):
    with pytest.raises(UnreachableError) as caught, translated("a", "http://host"):
        raise kind("")
    assert caught.value.may_be_at_work is is_left


def test_an_error_that_httpx_splits_further_is_known_by_what_it_was():
    class NewerTimeout(httpx.ReadTimeout):
        pass

    with (
        pytest.raises(UnreachableError, match="no answer came in time"),
        translated("asking", "http://host"),
    ):
        raise NewerTimeout("")


def test_the_text_of_an_illegal_header_is_not_repeated():
    with pytest.raises(UnreachableError) as caught, translated("a", "http://host"):
        raise httpx.LocalProtocolError("Illegal header value b'Bearer key'")
    assert "Bearer" not in str(caught.value)


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), translated("asking", "http://host"):
        raise ZeroDivisionError
