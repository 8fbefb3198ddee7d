"""Reading what the platform answers: fields, refusals, and how long to wait."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from nextmv_autotrack.errors import RefusedError, UnreachableError
from nextmv_autotrack.nextmv_api.address import is_id

# The server's own words are there to give a hint, not to fill a log.
_WORDS_CHARS = 300

_ADVICE = {
    403: "check that the application may be used with this key or sign-in",
    404: "check the application id and the endpoint",
    407: "check the proxy that is set in the environment",
    413: "the run is larger than the platform takes",
    429: "it asks for fewer requests",
}

# What storage means by its codes, where its status would be taken for something else:
# a connection that stalled is no bad request, an address that expired no lack of
# rights.
_STORAGE_STATUS = {"RequestTimeout": 408, "ExpiredToken": 408, "EntityTooLarge": 413}
_EXPIRED = "request has expired"


class Answer(NamedTuple):
    """One answer, read to its end."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the request was taken."""
        return 200 <= self.status_code < 300

    @property
    def sent_at_s(self) -> float | None:
        """When it was sent, by the other side's clock; None when it does not say."""
        return _seconds_of(self.headers.get("date", ""))


def text_field(answer: Answer, name: str, doing: str) -> str:
    """Return a text that the answer must hold.

    Raises:
        UnreachableError: The answer is no JSON object, or has no such text.
    """
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        msg = f"{doing} failed: the answer is not JSON; is the endpoint the platform's?"
        raise UnreachableError(msg) from error
    value = document.get(name) if isinstance(document, dict) else None
    # Of what is shown to people, nothing may move the cursor of their terminal.
    if not isinstance(value, str) or not value or not value.isprintable():
        msg = f"{doing} failed: the answer has no {name!r}; is the endpoint right?"
        raise UnreachableError(msg)
    return value


def id_field(answer: Answer, name: str, doing: str) -> str:
    """Return an id that the answer must hold.

    Raises:
        UnreachableError: The answer is no JSON object, or has no such id.
    """
    found = text_field(answer, name, doing)
    if not is_id(found):
        msg = f"{doing} failed: {name!r} of the answer is no id; is the endpoint right?"
        raise UnreachableError(msg)
    return found


def number_of(value: object) -> float | None:
    """Return a number out of JSON; None when it is none, or none that is finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        # In JSON, a whole number has as many digits as somebody likes.
        return None
    return number if math.isfinite(number) else None


def api_refusal(
    answer: Answer, doing: str, *, hidden: str, unknown: str, now: float
) -> RefusedError:
    """Return the error for an answer of the API that is no success.

    Args:
        answer: The answer.
        doing: What was asked for.
        hidden: What is left out of the server's words, should they repeat it.
        unknown: What to do if the platform does not know who is asking.
        now: Seconds since 1970, by our clock.
    """
    # Before anything is cut: half a key is half a secret.
    body = answer.body.replace(hidden.encode("ascii"), b"[key]")
    words = _one_line(body)[:_WORDS_CHARS]
    advice = {401: unknown, **_ADVICE}.get(answer.status_code, "")
    if 300 <= answer.status_code < 400:
        advice = "the address has moved: set the endpoint to the new one"
    return _refusal(answer, doing, answer.status_code, [advice, words], now)


def storage_refusal(answer: Answer, doing: str, *, now: float) -> RefusedError:
    """Return the error for an answer of the storage that is no success.

    Only the code is taken from the answer: storage repeats addresses and signatures.
    """
    found = re.search(rb"<Code>\s*(\w{1,64})\s*</Code>", answer.body)
    code = found[1].decode("ascii", "replace") if found else ""
    status = _STORAGE_STATUS.get(code, answer.status_code)
    if _EXPIRED in _one_line(answer.body).lower():
        status = 408
    return _refusal(answer, doing, status, [code], now)


def refusal(answer: Answer, doing: str, *, now: float) -> RefusedError:
    """Return the error for an answer of anybody else's, without its words."""
    return _refusal(answer, doing, answer.status_code, [], now)


def _refusal(
    answer: Answer, doing: str, status_code: int, words: list[str], now: float
) -> RefusedError:
    parts = [f"{doing} was refused with status {answer.status_code}", *words]
    return RefusedError(
        "; ".join(filter(None, parts)),
        status_code=status_code,
        retry_after_s=retry_after_s(answer.headers, now),
        answered_at_s=answer.sent_at_s,
    )


def _one_line(body: bytes) -> str:
    text = body[: _WORDS_CHARS * 4].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Return how long the answer asks to wait, from seconds or from a date.

    A date is compared with the answer's own, where it has one: our clock may be wrong.
    """
    asked = headers.get("retry-after", "").strip()
    # Not int(): it takes other digits, and texts as long as one likes.
    if re.fullmatch(r"[0-9]{1,9}", asked):
        return float(asked)
    until = _seconds_of(asked)
    if until is None:
        return None
    sent = _seconds_of(headers.get("date", ""))
    return max(0.0, until - (now if sent is None else sent))


def _seconds_of(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
