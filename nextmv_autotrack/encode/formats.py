"""What a recorded payload is: it says so itself, by how it begins."""

from __future__ import annotations

from typing import Literal

Format = Literal["json", "text", "multi-file"]
"""What the platform takes input and output for."""

# No JSON begins like a gzip file, and nothing but a text does with a quotation mark.
_ARCHIVE = b"\x1f\x8b"
_TEXT = b'"'

HEAD_BYTES = len(_ARCHIVE)
"""How much of a payload tells its format."""


def format_of(head: bytes) -> Format:
    """Return the format of a payload that begins with `head`.

    A text is kept as JSON, as all values are, and is text for the platform; the files
    of a folder are kept as their archive.

    Example:
        >>> format_of(b'"a text"'), format_of(b'{"stops":3}')
        ('text', 'json')
    """
    if head[:HEAD_BYTES] == _ARCHIVE:
        return "multi-file"
    return "text" if head[:1] == _TEXT else "json"
