"""The errors, as a whole tree."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from nextmv_autotrack import errors
from nextmv_autotrack.errors import AutotrackError, RefusedError

DETAILS: dict[str, dict[str, object]] = {
    "InvalidRunError": {"field": "status"},
    "NotDeliveredError": {"run_id": "019a"},
    "DeliveryTimeoutError": {"run_id": "019a"},
    "UnreachableError": {"may_have_acted": False},
    "RefusedError": {"status_code": 429, "retry_after_s": 7.0},
    "RunTimeoutError": {"platform_run_id": "latest-1"},
}


def tree(kind: type[AutotrackError] = AutotrackError) -> Iterator[type[AutotrackError]]:
    if kind.__module__ == errors.__name__:  # those that callers can meet
        yield kind
    for below in kind.__subclasses__():
        yield from tree(below)


@pytest.mark.parametrize("kind", dict.fromkeys(tree()), ids=lambda kind: kind.__name__)
def test_each_error_can_be_copied_and_sent_to_another_process(kind):
    error = kind("what is wrong", **DETAILS.get(kind.__name__, {}))
    error.place = "of somebody who caught it"
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 -- our own
        assert type(again) is kind
        assert (str(again), again.args) == (str(error), error.args)
        assert vars(again) == vars(error)


def refused() -> None:
    raise RefusedError("no", status_code=403)


def test_a_pool_of_processes_survives_an_error():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(RefusedError, match="no") as caught:
            pool.submit(refused).result()
        assert caught.value.status_code == 403
        assert pool.submit(abs, -1).result() == 1


def test_each_error_is_in_the_tree_that_is_shown():
    shown = errors.__doc__ or ""
    assert [kind.__name__ for kind in tree() if kind.__name__ not in shown] == []
