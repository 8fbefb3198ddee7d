from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.errors import (
    RefusedError,
    SettingsError,
    StoreError,
    UnreachableError,
)
from nextmv_autotrack.store.lane import LONGEST_HOLD_S
from nextmv_autotrack.upload.retry import (
    LONGEST_ASKED_S,
    OUTAGE,
    SOMEBODY,
    Concerns,
    Reject,
    Retry,
    decide,
)

jitters = st.floats(0, 1)


def refused(status_code, retry_after_s=None):
    return RefusedError("no", status_code=status_code, retry_after_s=retry_after_s)


def wait_s(problem, attempts=1, jitter=1.0):
    decision = decide(problem)
    assert isinstance(decision, Retry)
    return decision.wait_s(attempts, jitter)


def concerns(problem):
    decision = decide(problem)
    assert isinstance(decision, Retry)
    return decision.concerns


@pytest.mark.parametrize("status_code", [400, 413, 422])
def test_a_run_the_platform_does_not_want_is_rejected_with_its_words(status_code):
    assert decide(refused(status_code)) == Reject("no")


@pytest.mark.parametrize("status_code", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_passes_by_itself_is_tried_again_soon(status_code):
    assert wait_s(refused(status_code)) == OUTAGE.first_s
    assert concerns(refused(status_code)) is Concerns.PLATFORM


@pytest.mark.parametrize("status_code", [301, 307, 401, 402, 403, 404, 405, 407, 409])
def test_what_somebody_has_to_mend_waits_longer_and_is_never_rejected(status_code):
    assert wait_s(refused(status_code)) == SOMEBODY.first_s
    assert wait_s(refused(status_code), attempts=1000) == SOMEBODY.longest_s
    assert concerns(refused(status_code)) is Concerns.APPLICATION


def test_an_outage_is_tried_again_soon_and_then_less_and_less_often():
    waits = [wait_s(UnreachableError("gone"), attempts) for attempts in range(1, 12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert concerns(UnreachableError("gone")) is Concerns.PLATFORM


@pytest.mark.parametrize("problem", [StoreError("no disk"), SettingsError("no key")])
def test_a_fault_on_our_side_waits_for_somebody(problem):
    assert wait_s(problem) == SOMEBODY.first_s
    assert concerns(problem) is Concerns.RUN


def test_only_the_answer_that_says_so_asks_for_fewer_calls():
    asks = [n for n in range(300, 600) if getattr(decide(refused(n)), "is_too_fast", 0)]
    assert asks == [429]


def test_a_wait_that_was_asked_for_is_kept():
    assert wait_s(refused(429, 90.0), jitter=0.0) == 90.0
    assert wait_s(refused(503, 90.0), jitter=0.0) == 90.0


def test_a_wait_that_was_asked_for_does_not_shorten_ours():
    assert wait_s(refused(429, 0.0), attempts=6) == 32.0


def test_an_endless_wait_that_was_asked_for_is_bounded():
    assert wait_s(refused(429, 1e9), jitter=0.0) == LONGEST_ASKED_S
    assert wait_s(refused(429, 1e9), jitter=1.0) < LONGEST_HOLD_S


@given(
    st.integers(100, 599),
    st.integers(0, 10**9),
    jitters,
    st.none() | st.floats(0, allow_nan=False),
)
def test_every_wait_is_bounded_and_none_is_nothing(status, attempts, jitter, asked):
    decision = decide(refused(status, asked))
    if isinstance(decision, Retry):
        wait = decision.wait_s(attempts, jitter)
        assert OUTAGE.first_s / 2 <= wait <= SOMEBODY.longest_s


@given(st.integers(1, 100), jitters)
def test_chance_spreads_the_waits_over_half_of_them(attempts, jitter):
    longest = wait_s(UnreachableError("gone"), attempts, 1.0)
    assert longest / 2 <= wait_s(UnreachableError("gone"), attempts, jitter) <= longest
