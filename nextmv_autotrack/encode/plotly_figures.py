"""A Plotly figure as the document that every version of its reader draws."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

# How Plotly packs arrays since its version 6, and how memory is read that way.
_LETTERS: dict[str, Any] = {
    "i1": "b",
    "u1": "B",
    "i2": "h",
    "u2": "H",
    "i4": "i",
    "u4": "I",
    "f4": "f",
    "f8": "d",
}


def document(figure: Any) -> dict[str, Any]:
    """Return what a figure shows; the figure stays as it is."""
    return {
        name: _unpacked(part)
        for name, part in figure.to_plotly_json().items()
        if part or name != "frames"
    }


def title_of(document: Any) -> str | None:
    """Return the title of a figure, None when it has none."""
    layout = document.get("layout")
    title = layout.get("title") if isinstance(layout, dict) else None
    if isinstance(title, dict):
        title = title.get("text")
    return title if isinstance(title, str) and title.strip() else None


def _unpacked(value: Any) -> Any:
    """Return lists in place of packed arrays, which readers before 2.35 leave out."""
    if isinstance(value, dict):
        if "bdata" in value and value.get("dtype") in _LETTERS:
            return _array(value)
        return {name: _unpacked(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_unpacked(one) for one in value]
    return value


def _array(packed: dict[str, Any]) -> Any:
    # Little-endian, as every machine is that Python has wheels for.
    flat = memoryview(b64decode(packed["bdata"])).cast(_LETTERS[packed["dtype"]])
    shape = [int(size) for size in str(packed.get("shape", len(flat))).split(",")]
    if len(shape) == 1 or not len(flat):
        return flat.tolist()
    letter: Any = flat.format
    return flat.cast("B").cast(letter, shape).tolist()
