"""What a scan takes grows as what is scanned does, and not with its square."""

from __future__ import annotations

import json
import time

import pytest

from nextmv_autotrack.redact.json_scan import scan_json
from nextmv_autotrack.redact.text_scan import scan_text

ROWS, TIMES = 2_000, 8


def _rows(count):
    return json.dumps([{"id": i, "token": f"abc{i}"} for i in range(count)])


LINES = {
    "quoted": _rows,
    "quoted twice": lambda count: json.dumps(_rows(count)),
    "cut": lambda count: "token='abc, " * count,
    "bare": lambda count: "token=abc1&" * count,
    "backslashes": lambda count: 'token="\\\\' + "\\\\'" * count,
    "brackets": lambda count: "token={[(" * count,
    "counts": lambda count: "token=[1,2] token='5' " * count,
    "URLs": lambda count: "db://me:pass@here/x " * count,
}


def _seconds(scan, body):
    begun = time.process_time()
    scan(body)
    return time.process_time() - begun


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize(
    "scan",
    [scan_text, lambda text: scan_json(json.dumps(text.decode()).encode())],
    ids=["text", "json"],
)
def test_a_line_eight_times_as_long_takes_about_eight_times_as_long(scan, line):
    short, long = line(ROWS).encode(), line(ROWS * TIMES).encode()
    scan(short)
    least = max(min(_seconds(scan, short) for _ in range(3)), 1e-3)
    # With its square, it would be sixty-four times as long.
    assert min(_seconds(scan, long) for _ in range(2)) < 4 * TIMES * least
