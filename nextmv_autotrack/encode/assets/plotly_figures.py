"""A Plotly figure as the document that every version of its reader draws."""

from __future__ import annotations

from base64 import b64decode
from sys import modules
from typing import Any

# How Plotly writes an array of numpy's since its version 6; readers before 2.35 leave
# such arrays out.
_PACKED = {"dtype", "bdata"}


def document(figure: Any) -> dict[str, Any]:
    """Return what a figure shows, its numbers as arrays; the figure stays as it is."""
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


def _unpacked(part: Any) -> Any:
    if type(part) is dict:
        if part.keys() - {"shape"} == _PACKED:
            return _array(part)
        return {name: _unpacked(item) for name, item in part.items()}
    if type(part) in {list, tuple} and any(type(item) is dict for item in part):
        return [_unpacked(item) for item in part]
    return part


def _array(packed: dict[str, str]) -> Any:
    # Loaded, since it was an array of its. Little-endian, as every machine is that
    # Python has wheels for.
    content = b64decode(packed["bdata"])
    numbers = modules["numpy"].frombuffer(content, dtype=f"<{packed['dtype'][:2]}")
    if "shape" not in packed:
        return numbers
    return numbers.reshape([int(size) for size in packed["shape"].split(",")])
