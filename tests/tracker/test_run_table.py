"""A run as a notebook shows it."""

from __future__ import annotations

import pickle
import re
import threading
from html import unescape

import pytest

from nextmv_autotrack import track_run
from nextmv_autotrack.run_table import LONGEST_TEXT, MOST_METRICS

PATIENCE_S = 20


def rows_of(run) -> dict[str, str]:
    """Return the cells of its table by their headings, as a browser would show them."""
    shown = run._repr_html_()
    assert re.fullmatch(r"<table>(<tr>.*?</tr>)+</table>", shown)
    rows = re.findall(r"<th[^>]*>(.*?)</th><td[^>]*>(.*?)</td>", shown)
    return {unescape(name): unescape(text) for name, text in rows}


def test_a_delivered_run_shows_status_duration_metrics_and_its_link(
    to_platform, platform
):
    with track_run("nightly", input=1) as run:
        run.metrics.update(value=1234.5, vehicles=3, mode="fast")
    run.wait(PATIENCE_S)
    rows = rows_of(run)
    assert rows["run"] == "nightly"
    assert rows["status"] == "succeeded"
    assert re.fullmatch(r"[\d.e-]+ s", rows["duration"])
    assert (rows["value"], rows["vehicles"], rows["mode"]) == ("1,234.5", "3", "fast")
    assert rows["delivery"] == "delivered"
    assert rows["page"] == f'<a href="{run.url}">{run.url}</a>'


def test_a_local_run_has_no_link(tracker):
    with track_run("nightly") as run:
        pass
    assert tracker.flush(PATIENCE_S)
    rows = rows_of(run)
    assert rows["delivery"] == "local"
    assert "page" not in rows


def test_a_run_in_progress_has_neither_duration_nor_delivery(tracker):
    with track_run("nightly") as run:
        rows = rows_of(run)
    assert rows["status"] == "running"
    assert {"duration", "delivery", "page"}.isdisjoint(rows)


def test_a_run_that_does_not_arrive_says_why(tracker):
    with track_run("nightly") as run:
        pass
    assert tracker.flush(PATIENCE_S)
    assert "NEXTMV_APP_ID" in rows_of(run)["why"]


def test_a_run_from_another_process_has_its_numbers_and_texts(tracker):
    with track_run("nightly") as run:
        run.metrics.update(value=2.5, mode="fast", lock=threading.Lock())
    rows = rows_of(pickle.loads(pickle.dumps(run)))  # noqa: S301 -- our own
    assert (rows["value"], rows["mode"], "lock" in rows) == ("2.5", "fast", False)


def test_what_python_or_a_page_cannot_write_spoils_no_table(tracker):
    with track_run("a\x00b\x1b[31m\ud800") as run:
        run.metrics.update(many=10**5000, half="\udfff")
        in_progress = rows_of(run)
    assert in_progress["many"] == "a very long integer"
    rows = rows_of(run)
    assert rows["run"] == "a b [31m "
    assert "many" not in rows  # as it is recorded: no reader has a number for it
    assert "".join(rows.values()).encode()


def test_a_failed_run_says_why(tracker):
    with pytest.raises(ValueError, match="no"), track_run("nightly") as run:
        raise ValueError("no vehicles")
    assert rows_of(run)["error"] == "ValueError: no vehicles"


def test_a_run_that_is_not_tracked_has_a_table_too(tracker):
    with track_run("nightly", enabled=False) as run:
        run.metrics["value"] = 1
    assert "id" not in rows_of(run)


def test_nothing_in_a_table_is_more_than_text(to_platform, platform):
    markup = "<script>alert('&\"')</script>"
    with track_run(markup) as run:
        run.metrics[markup] = markup
        run.fail(markup)
    run.wait(PATIENCE_S)
    assert "<script" not in run._repr_html_()
    assert rows_of(run)[markup] == markup


def test_a_table_has_no_key_and_nothing_of_input_output_or_options(
    to_platform, platform
):
    given = {"password": "hunter2"}
    with track_run("nightly", input=given, options={"token": "hunter2"}) as run:
        run.output = given
    run.wait(PATIENCE_S)
    shown = run._repr_html_() + repr(run)
    assert "hunter2" not in shown
    assert platform.key not in shown


def test_metrics_that_are_many_long_or_nested_are_left_out_of_a_table(tracker):
    class Hostile(float):
        def __format__(self, spec):
            raise ValueError

    with track_run("nightly") as run:
        run.metrics.update({f"m{number}": number for number in range(MOST_METRICS)})
        run.metrics |= {"nested": {"a": 1}, "hostile": Hostile(1), "more": 1}
        run.metrics["m0"] = "long " * 1000
        shown, rows = run._repr_html_(), rows_of(run)
    assert rows[""] == "3 more metrics"
    assert len(rows["m0"]) <= LONGEST_TEXT
    assert len(shown) < 5000
