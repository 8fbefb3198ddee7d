"""Time that tracking adds to a call, by size of the payload.

The floor of a call is two `orjson.dumps` and two `os.write` of the same bytes. Calls
come in blocks, as a model calls a function in a loop, and blocks of the floor, of the
untracked and of the tracked function take turns, in every order, so that whatever else
the machine does meets all of them: what was written last leaves warm pages to who comes
next. A pause behind each block lets the background thread do its work; it removes what
it has moved, and the floor's file is emptied likewise.

Two rows are for information: calls that come one at a time to a machine that has gone
to sleep in between, where everything is slower, the floor too; and calls that leave the
background thread no pause at all.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SpanExporter,
    SpanExportResult,
)

from nextmv_autotrack import configure, flush, shutdown, tracked
from tests.benchmarks.table import hand_over, row

SPAN_BLOCKS = 30

# Long enough that what a block of calls leaves to the background thread is done.
PAUSE_S = 0.25


def payload(size: int) -> dict[str, Any]:
    """An input such as a routing model takes, of about `size` bytes of JSON."""
    stop = {"id": "stop-1", "location": [7.1, 50.7], "demand": 3, "priority": True}
    each = len(orjson.dumps(stop)) + 1
    return {"stops": [{**stop, "demand": n} for n in range(max(1, size // each))]}


def solve(data: dict[str, Any]) -> dict[str, Any]:
    return {"solution": data, "value": 1.0}


def timed(function: Callable[[Any], Any], data: Any) -> float:
    start = time.perf_counter_ns()
    function(data)
    return (time.perf_counter_ns() - start) / 1000


class Floor:
    """What no journal can do without."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def __call__(self, data: Any) -> None:
        os.write(self.fd, orjson.dumps(data))
        os.write(self.fd, orjson.dumps(solve(data)))

    def empty(self) -> None:
        os.ftruncate(self.fd, 0)


class Dropping(SpanExporter):
    """Exports nothing, which costs nothing: what is left is the caller's own side."""

    def export(self, spans: Any) -> SpanExportResult:
        return SpanExportResult.SUCCESS


COLLECTOR = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Take(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextlib.contextmanager
def collector() -> Iterator[str]:
    """A process that takes spans by OTLP over HTTP, and does nothing with them."""
    with subprocess.Popen(
        [sys.executable, "-c", COLLECTOR], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1/traces"
        process.terminate()


def span_of(exporter: SpanExporter) -> Callable[[Any], Any]:
    """An OpenTelemetry span that carries the same JSON."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("benchmark")

    def call(data: Any) -> None:
        with tracer.start_as_current_span("solve") as span:
            span.set_attribute("input", orjson.dumps(data).decode())
            span.set_attribute("output", orjson.dumps(solve(data)).decode())

    return call


def measure(
    functions: dict[str, Callable[[Any], Any]],
    data: Any,
    *,
    blocks: int,
    calls: int,
    pause_s: float = PAUSE_S,
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in functions}
    orders = itertools.cycle(itertools.permutations(functions.items()))
    for block in range(blocks + 1):
        for name, function in next(orders):
            found = [timed(function, data) for _ in range(calls)]
            if block:  # the first one warms up
                times[name] += found
            if isinstance(function, Floor):
                function.empty()
            time.sleep(pause_s)
    return {name: sorted(found) for name, found in times.items()}


def p99(times: list[float]) -> float:
    return times[int(len(times) * 0.99)]


def tiny(functions: dict[str, Callable[[Any], Any]]) -> list[dict[str, Any]]:
    data = {"stops": [1, 2, 3]}
    times = measure(functions, data, blocks=20, calls=250)
    plain = statistics.median(times["untracked"])
    floor = statistics.median(times["floor"])
    added = statistics.median(times["tracked"]) - plain
    high = p99(times["tracked"]) - plain
    rows = [
        row(
            "tiny payload, median added",
            f"{added:.1f} us",
            f"{floor:.1f} us",
            "<= 15 us",
            held=added <= 15,
        ),
        row(
            "tiny payload, p99 added",
            f"{high:.1f} us",
            f"{p99(times['floor']):.1f} us",
            "< 100 us",
            held=high < 100,
        ),
    ]
    span = statistics.median(times["span"]) - plain
    rows.append(
        row(
            "tiny payload, share of a span that is dropped",
            f"{added / span:.2f}",
            f"{span:.1f} us",
            "<= 0.5",
            held=added <= 0.5 * span,
        )
    )
    return rows


def beside_a_span() -> dict[str, Any]:
    """What a call costs its program, beside a span that gets somewhere as well.

    Both have a thread that shares the interpreter with the caller: ours moves runs into
    the store, theirs sends spans to a collector on this machine. So whole blocks of
    calls are timed, each of fewer than OpenTelemetry's queue holds.
    """
    data = {"stops": [1, 2, 3]}
    with collector() as address:
        functions = {
            "untracked": solve,
            "tracked": tracked(solve),
            "span": span_of(OTLPSpanExporter(endpoint=address)),
        }
        blocks: dict[str, list[float]] = {name: [] for name in functions}
        for turn in range(SPAN_BLOCKS + 1):
            for name, function in functions.items():
                whole = timed(lambda data: [function(data) for _ in range(1000)], data)  # noqa: B023 -- called here
                if turn:  # the first one warms up
                    blocks[name].append(whole / 1000)
                time.sleep(PAUSE_S)
    mean = {name: statistics.mean(found) for name, found in blocks.items()}
    ours, theirs = (mean[name] - mean["untracked"] for name in ("tracked", "span"))
    return row(
        "tiny payload, share of a span that is exported",
        f"{ours / theirs:.2f} ({ours:.1f} us)",
        f"{theirs:.1f} us",
        "<= 0.5",
        held=ours <= 0.5 * theirs,
    )


def sized(
    functions: dict[str, Callable[[Any], Any]], label: str, size: int, most: float
) -> dict[str, Any]:
    calls = max(1, min(100, 2_000_000 // size))
    times = measure(functions, payload(size), blocks=20, calls=calls)
    floor = statistics.median(times["floor"])
    added = statistics.median(times["tracked"]) - statistics.median(times["untracked"])
    return row(
        f"{label} payload, added / floor",
        f"{added / floor:.2f} ({added:.0f} us)",
        f"{floor:.0f} us",
        f"<= {most}",
        held=added / floor <= most,
    )


def one_at_a_time(functions: dict[str, Callable[[Any], Any]]) -> dict[str, Any]:
    times = measure(
        functions, {"stops": [1, 2, 3]}, blocks=1000, calls=1, pause_s=0.001
    )
    added = statistics.median(times["tracked"]) - statistics.median(times["untracked"])
    return row(
        "tiny payload, one call a millisecond",
        f"{added:.1f} us, p99 {p99(times['tracked']):.0f} us",
        f"{statistics.median(times['floor']):.1f} us",
    )


def without_pause(functions: dict[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Back to back for a second and more: the background thread is at it meanwhile."""
    times = measure(
        {name: functions[name] for name in ("untracked", "tracked")},
        {"stops": [1, 2, 3]},
        blocks=1,
        calls=60_000,
        pause_s=0,
    )
    added = statistics.median(times["tracked"]) - statistics.median(times["untracked"])
    return row(
        "tiny payload, 60,000 calls without a pause",
        f"{added:.1f} us, p99 {p99(times['tracked']):.0f} us",
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="autotrack-benchmark-") as folder:
        hand_over(all_rows(Path(folder)))


def all_rows(folder: Path) -> list[dict[str, Any]]:
    configure(directory=folder / "home", destination="local")
    functions = {
        "floor": Floor(folder / "floor"),
        "untracked": solve,
        "tracked": tracked(solve),
    }
    rows = tiny({**functions, "span": span_of(Dropping())})
    rows.append(beside_a_span())
    rows.append(sized(functions, "10 KB", 10_000, 2.5))
    rows.append(sized(functions, "1 MB", 1_000_000, 1.3))
    rows.append(sized(functions, "10 MB", 10_000_000, 1.3))
    rows.append(one_at_a_time(functions))
    flush(30)
    rows.append(without_pause(functions))
    shutdown(60)
    return rows


if __name__ == "__main__":
    main()
