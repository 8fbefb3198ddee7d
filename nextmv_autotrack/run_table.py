"""A run as a notebook shows it: a small table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from nextmv_autotrack.clock import NS_PER_S

# A table is looked at, not searched: `show` has the rest.
MOST_METRICS = 12
LONGEST_TEXT = 300

_SHORT = frozenset({type(None), bool, int, float, str})

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
    shown = list(short(metrics).items())
    for name, value in shown[:MOST_METRICS]:
        yield _cut(str(name)), _cell(_text(value))
    left_out = len(metrics) - len(shown[:MOST_METRICS])
    if left_out:
        yield "", f"{left_out} more metrics"


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}"
    try:
        return str(value)
    except ValueError:  # Python writes no integer of more than some thousand digits
        return "a very long integer"


def short(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers and the texts: what can be shown without code of the user's."""
    return {name: each for name, each in metrics.items() if type(each) in _SHORT}


def _cell(text: str) -> str:
    return escape(_cut(text))


def _cut(text: str) -> str:
    text = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."
    # Half a character, or a control code, is nothing that a page can hold.
    return "".join(one if one.isprintable() else " " for one in text)


def duration_text(duration_ns: int | None) -> str | None:
    """Return a duration as people read it."""
    if duration_ns is None:
        return None
    duration_s = duration_ns / NS_PER_S
    return f"{duration_s:.3g} s" if duration_s < 100 else f"{duration_s:,.0f} s"
