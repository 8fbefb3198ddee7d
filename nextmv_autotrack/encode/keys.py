"""Keys of JSON objects: the text of any key, no two of them equal."""

from __future__ import annotations

from collections import Counter
from typing import Any

from orjson import dumps

from nextmv_autotrack.encode.descriptions import described, encodable, text_of
from nextmv_autotrack.encode.forms import form_of
from nextmv_autotrack.encode.native import NATIVE, holds_members


def texts_of(keys: list[Any]) -> list[str] | None:
    """Return distinct texts when all keys are of one simple type, else None."""
    try:
        kinds = set(map(type, keys))
        if kinds <= {str}:
            return distinct(_encodable(keys))
        if kinds == {int}:
            return list(map(str, keys))
        if kinds == {tuple} and not holds_members(keys):
            return distinct([dumps(key, option=NATIVE).decode() for key in keys])
    except Exception:  # noqa: BLE001 -- whatever it is, each key is looked at then
        return None
    return None


def _encodable(keys: list[str]) -> list[str]:
    try:
        "".join(keys).encode()
    except UnicodeEncodeError:
        return [encodable(key) for key in keys]
    return keys


def unkeyed(key: Any) -> Any:
    """Return what stands for a key until it is walked."""
    kind = type(key)
    if kind is float:
        return repr(key)  # NaN and infinities have a name here
    if key is None or kind is str or kind is int or form_of(kind) is not described:
        return key
    return text_of(key)


def distinct(texts: list[str]) -> list[str]:
    """Return the texts with ` (2)`, ` (3)` … behind those that came before."""
    if len(set(texts)) == len(texts):
        return texts
    taken, times, found = set(texts), Counter[str](), []
    for text in texts:
        times[text] += 1
        name = text
        while times[text] > 1 and (name := f"{text} ({times[text]})") in taken:
            times[text] += 1
        taken.add(name)
        found.append(name)
    return found
