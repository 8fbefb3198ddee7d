"""Runs a second that reach a platform, beside a plain script that reports them.

The plain script does what the platform's documentation shows: one request after the
other, each on a new connection, by `requests`, which the platform's own client uses,
and by `httpx`. The server speaks the protocol in a process of its own, on this machine.
With no distance to the server all that is measured is how much work a request is for
the client, where `requests` does less than `httpx`; with the distance that a real
platform has, what counts is that runs and uploads do not wait for each other.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import requests

from nextmv_autotrack import configure, flush, shutdown, tracked
from tests.benchmarks.table import hand_over, row
from tests.platform_server.handle import KEY

RUNS = 2000

# A plain script is slow enough for its pace to show in fewer.
SECONDS_OF_SCRIPT = 8.0

# To a server on the same continent and back.
DISTANCE_MS = 20

HEADERS = {"Authorization": f"Bearer {KEY}"}


@contextlib.contextmanager
def platform(delay_ms: float) -> Iterator[str]:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.platform_server", "--until-eof"),
            *("--delay-ms", str(delay_ms)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


def report(client: Any, endpoint: str, number: int) -> None:
    """Report one run by hand: two uploads, and the call that creates it."""
    runs = f"{endpoint}/v1/applications/benchmark/runs"
    ids = []
    for content in (b'{"stops":[1,2,3]}', b'{"solution":[1,2,3]}'):
        place = client.post(f"{runs}/uploadurl", headers=HEADERS).json()
        client.put(place["upload_url"], data=content).raise_for_status()
        ids.append(place["upload_id"])
    body = {
        "upload_id": ids[0],
        "name": f"run {number}",
        "configuration": {
            "format": {"input": {"type": "json"}, "output": {"type": "json"}},
            "run_type": {"type": "external"},
        },
        "result": {
            "status": "succeeded",
            "execution_duration": 1,
            "output_upload_id": ids[1],
        },
    }
    client.post(runs, headers=HEADERS, json=body).raise_for_status()


class OneByOne:
    """`httpx` with a new connection for each request."""

    post = staticmethod(httpx.post)

    @staticmethod
    def put(url: str, data: bytes) -> httpx.Response:
        return httpx.put(url, content=data)


def script_pace(client: Any, endpoint: str) -> float:
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS_OF_SCRIPT:
        report(client, endpoint, done)
        done += 1
    return done / (time.perf_counter() - start)


def solve(stops: list[int]) -> dict[str, Any]:
    return {"solution": stops}


def our_pace(endpoint: str) -> float:
    with tempfile.TemporaryDirectory(prefix="autotrack-benchmark-") as folder:
        configure(directory=folder, endpoint=endpoint, api_key=KEY, app_id="benchmark")
        follow: Callable[[list[int]], Any] = tracked(solve)
        start = time.perf_counter()
        for _ in range(RUNS):
            follow([1, 2, 3])
        delivered = flush(300)
        pace = RUNS / (time.perf_counter() - start)
        shutdown(5)
    assert delivered, "not all runs reached the server"
    return pace


def main() -> None:
    rows = []
    for delay_ms, name, client in (
        (0, "httpx", OneByOne),
        (DISTANCE_MS, "requests", requests),
        (0, "requests", requests),
    ):
        with platform(delay_ms) as endpoint:
            theirs, ours = script_pace(client, endpoint), our_pace(endpoint)
        rows.append(
            row(
                f"tiny runs delivered, server {delay_ms} ms away, script by {name}",
                f"{ours:.0f} a second",
                f"{theirs:.1f} a second",
                ">= 10 times",
                held=ours >= 10 * theirs,
            )
        )
    hand_over(rows)


if __name__ == "__main__":
    main()
