"""A run as a notebook shows it: a small table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from nextmv_autotrack.clock import NS_PER_S

# A table is looked at, not searched: `show` has the rest.
MOST_METRICS = 12
_LONGEST_TEXT = 200

_HEAD = (
    '<tr><th style="text-align: left">{}</th><td style="text-align: left">{}</td></tr>'
)


def table(
    facts: Mapping[str, str | None], metrics: Mapping[str, Any], url: str | None
) -> str:
    """Return a table of facts and metrics, with a link where there is an address.

    Whatever a model has put in there is text here, and nothing a browser would do.
    """
    rows = [(name, _cell(text)) for name, text in facts.items() if text is not None]
    rows += _of_metrics(metrics)
    if url:
        rows.append(("page", f'<a href="{escape(url)}">{escape(url)}</a>'))
    body = "".join(_HEAD.format(escape(name), cell) for name, cell in rows)
    return f"<table>{body}</table>"


def _of_metrics(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    shown = [(name, each) for name, each in metrics.items() if _is_short(each)]
    for name, value in shown[:MOST_METRICS]:
        text = f"{value:,.6g}" if isinstance(value, float) else str(value)
        yield _cut(str(name)), _cell(text)
    left_out = len(metrics) - len(shown[:MOST_METRICS])
    if left_out:
        yield "", f"{left_out} more metrics"


def _is_short(value: object) -> bool:
    # Nothing of the user's is called to show it: only what prints as it is recorded.
    return value is None or type(value) in {bool, int, float, str}


def _cell(text: str) -> str:
    return escape(_cut(text))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 3]}..."


def duration_text(duration_ns: int | None) -> str | None:
    """Return a duration as people read it."""
    if duration_ns is None:
        return None
    duration_s = duration_ns / NS_PER_S
    return f"{duration_s:.3g} s" if duration_s < 100 else f"{duration_s:,.0f} s"
