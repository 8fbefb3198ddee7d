"""Whatever becomes of the requests, a tracked run is on the platform once at most."""

from __future__ import annotations

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.wire import marker
from nextmv_autotrack.platform.driving import Driver
from nextmv_autotrack.platform.operations import Operations
from nextmv_autotrack.platform.submissions import submissions_of
from nextmv_autotrack.platform.tracked_run import TrackedRun
from tests.upload.model_platform import CALLS, Killed, ModelPlatform, Time, Trouble

ENDPOINT = "https://platform.example"

LOST = [httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError]
STATUSES = [401, 404, 408, 422, 429, 500, 502, 503, 504]
TROUBLES = [
    *[Trouble("", error) for error in (*LOST, httpx.ConnectError)],
    *[Trouble("", status) for status in STATUSES],
    *[Trouble("at once", error) for error in LOST],
    *[Trouble("at once", status) for status in (408, 500, 503, 504)],
    Trouble("at once", 200, body=b"<p>Welcome to our hotel</p>"),
    *[Trouble("later", error) for error in LOST],
    Trouble("much later", 504, takes_s=29),
    Trouble("much later", 502),
    Trouble("much later", httpx.ReadTimeout, takes_s=30),
    Trouble("much later", Killed),
    # Somebody has pressed Ctrl-C.
    *[Trouble(acts, Killed) for acts in ("", "at once", "later")],
    # The lid was closed, and opened again.
    *[Trouble("at once", ends, takes_s=1000) for ends in (None, *LOST)],
]

AHEAD = st.lists(
    st.tuples(st.sampled_from([*CALLS, "create", "create"]), st.sampled_from(TROUBLES)),
    max_size=4,
)
"""What becomes of the next request of a call, and of those after it."""

ATTEMPTS = st.lists(
    st.tuples(
        AHEAD, st.sampled_from([1.0, 10.0, 60.0, 300.0]), st.sampled_from([0.0, 1.0])
    ),
    min_size=1,
    max_size=4,
)
"""Of each: the troubles, the time it has, and how long after the last one it comes."""


@given(ATTEMPTS, st.integers(0, 8), st.sampled_from([0, -3600, 3600]))
@settings(max_examples=400, deadline=None)
def test_a_run_that_is_tracked_until_it_works_is_there_once(attempts, others, ahead_s):
    time = Time()
    time.ahead_s = ahead_s
    platform = ModelPlatform(time)
    platform.add_runs_of_others(others, "routing")
    driver = Driver(
        lambda: Client(ENDPOINT, "a-key", transport=platform), time.passes, helpers=0
    )
    operations = Operations(ENDPOINT, "routing", clock=time.clock, chance=lambda: 0.5)
    run = TrackedRun("succeeded", input={"stops": 3}, output=[1], logs="a line")
    told = set()
    for troubles, timeout_s, later_s in attempts:
        time.passes(later_s)
        platform.forget_troubles()
        for call, trouble in troubles:
            platform.troubles[call].append(trouble)
        try:
            told.add(driver.run(operations.track(run, timeout_s)))
        except (AutotrackError, Killed):
            continue
    platform.forget_troubles()
    told.add(driver.run(operations.track(run, 120)))
    platform.end()
    (submission,) = submissions_of(run).values()
    assert [*told] == platform.ids(marker(submission.id))
    assert platform.wrongs == []
