"""What is printed becomes lines, whatever the pieces are that it comes in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.journal.printed_lines import (
    MAX_LINE_BYTES,
    PrintedLines,
    as_lines,
)


@pytest.mark.parametrize(
    ("printed", "lines"),
    [
        (b"a\nb\n", b"a\nb\n"),
        (b"without an end", b"without an end\n"),
        (b"", b""),
        (b"\n\n", b"\n\n"),
        (b"dos\r\nlines\r\n", b"dos\nlines\n"),
        (b"10%\r50%\r100%\n", b"100%\n"),
        (b"10%\r50%\r", b"50%\n"),
        (b"\r10%\r100%", b"100%\n"),
        (b"\r\n", b"\n"),
        (b"\x1b[1;31mred\x1b[0m \x1b]0;title\x07text\x1b[K\n", b"red text\n"),
        (b"gr\xc3\xbc\xc3\x9fe\n", "grüße\n".encode()),
        (b"latin \xfc\n", b"latin \\xfc\n"),
    ],
)
def test_printed_text_becomes_the_lines_that_were_last_seen(printed, lines):
    assert as_lines(printed) == lines


@given(st.binary(max_size=200), st.lists(st.integers(1, 9)))
def test_lines_do_not_depend_on_the_pieces_they_are_printed_in(printed, sizes):
    lines, found, left = PrintedLines(), b"", printed
    for size in sizes:
        found += lines.add(left[:size])
        left = left[size:]
    found += lines.add(left) + lines.rest()
    assert found == as_lines(printed)


def test_a_progress_bar_without_an_end_takes_no_room():
    lines = PrintedLines()
    for done in range(10_000):
        assert lines.add(b"\r%d of many" % done) == b""
    assert lines.rest() == b"9999 of many\n"


def test_a_line_without_an_end_is_cut():
    lines = PrintedLines()
    found = [lines.add(b"x" * 1000) for _ in range(MAX_LINE_BYTES // 1000 + 1)]
    assert found[-1].count(b"x") == MAX_LINE_BYTES // 1000 * 1000 + 1000
    assert lines.rest() == b""
