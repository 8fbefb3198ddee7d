"""The way to JSON: one call of orjson where that is enough, else step by step."""

from __future__ import annotations

from functools import partial

import orjson

from nextmv_autotrack.encode.forms import Form, form_of
from nextmv_autotrack.encode.keys import have_keys_of_one_kind
from nextmv_autotrack.encode.summary import summary_of, type_name
from nextmv_autotrack.encode.walk import Walk

_KEY_IS_NO_TEXT = "Dict key must be str"


def to_json(value: object, *, max_bytes: int) -> bytes:
    """Return `value` as JSON in UTF-8; see the package for the form of each type.

    No `Exception` is ever raised, and `value` is never changed. Over `max_bytes` it is
    cut to a summary.
    """
    form = partial(form_of, max_bytes=max_bytes)
    try:
        try:
            body = orjson.dumps(value, form)
        except Exception as error:  # noqa: BLE001
            body = _with_more_effort(value, form, error)
        if len(body) <= max_bytes:
            return body
        return summary_of(value, body, max_bytes)
    except Exception as error:  # noqa: BLE001 -- no object of the user's may stop a call
        return _not_encodable(value, error)


def _with_more_effort(value: object, form: Form, error: Exception) -> bytes:
    _reraise_interrupt(error)
    if str(error) == _KEY_IS_NO_TEXT and have_keys_of_one_kind(value):
        try:
            return orjson.dumps(value, form, orjson.OPT_NON_STR_KEYS)
        except Exception as another:  # noqa: BLE001
            _reraise_interrupt(another)
    return orjson.dumps(Walk(form).plain(value))


def _reraise_interrupt(error: BaseException) -> None:
    """Let an interrupt go on that orjson has taken for an error of a type."""
    cause = error.__cause__
    if cause is not None and not isinstance(cause, Exception):
        raise cause


def _not_encodable(value: object, error: Exception) -> bytes:
    """The last resort: says what could not be written, by what cannot fail."""
    told = {"type": type_name(value), "not_encodable": type_name(error)}
    return orjson.dumps(told)
