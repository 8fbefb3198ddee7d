"""The assets of a run in the platform's shape: it rejects a run for one that is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orjson import Fragment

from nextmv_autotrack import nextmv_objects
from nextmv_autotrack.encode.assets.visuals import (
    SCHEMAS,
    Visual,
    documents_in,
    of_library,
    visual_of,
    visual_of_several,
)
from nextmv_autotrack.encode.descriptions import type_name
from nextmv_autotrack.encode.encoder import to_json

_FIELDS = frozenset({"id", "name", "content", "content_type", "description", "visual"})

_TEXTS = ("id", "description")

# The one that there is, of contents and of visuals.
_JSON = "json"
_TAB = "custom-tab"

# A name is a line of a list.
_MAX_NAME_CHARS = 128

# What is said of a content that there is no room for.
_MAX_SUMMARY_BYTES = 1_000

# How every asset begins that is whole.
_WHOLE = b'{"name":'


class Assets:
    """Assets as JSON, and in `notes` what they had to lose for that.

    Objects that are figures, charts or maps become the visual that shows them; what the
    platform would not take as a visual is an asset without one.
    """

    def __init__(self, given: list[Any]) -> None:
        self.notes: list[str] = []
        self._names: set[str] = set()
        self.made = [self._asset(item, n) for n, item in enumerate(given, 1)]
        """Each as a dict in the platform's shape."""

    def to_json(self, *, max_bytes: int) -> bytes:
        """Return a list of them; of one that there is no room for, a summary."""
        bodies: list[bytes] = []
        left = max_bytes - len("[]")
        for asset in self.made:
            body = to_json(asset, max_bytes=max(left, 0))
            if not body.startswith(_WHOLE):
                body = self._without_content(asset, left)
            if body.startswith(_WHOLE):
                left -= len(body) + len(",")
                bodies.append(body)
            else:
                self.notes.append(
                    f"asset {asset['name']!r} is left out: no room is left"
                )
        return b"[" + b",".join(bodies) + b"]"

    def _without_content(self, asset: dict[str, Any], left: int) -> bytes:
        self.notes.append(
            f"the content of asset {asset['name']!r} is a summary: it is over max_payload"
        )
        cut = {name: one for name, one in asset.items() if name != "visual"}
        room = min(left // 2, _MAX_SUMMARY_BYTES)
        summary = to_json(asset.get("content"), max_bytes=max(room, 0))
        return to_json({**cut, "content": Fragment(summary)}, max_bytes=max(left, 0))

    def _asset(self, item: Any, number: int) -> dict[str, Any]:
        try:
            made = self._made_of(item, number)
            return {"name": made["name"], **made}
        except Exception as error:  # noqa: BLE001 -- of the library that made it
            why = f"{type_name(type(error))} while it was read"
            return self._plain(item, number, why)

    def _made_of(self, item: Any, number: int) -> dict[str, Any]:
        if nextmv_objects.is_model(item):
            item = nextmv_objects.record(item)
        elif issubclass(type(item), Mapping):
            item = dict(item)
        if _is_asset(item):
            return self._checked(item, number)
        if type(item) in {list, tuple}:
            return self._made_of_several(item, number)
        visual = visual_of(item)
        if visual is not None:
            return self._drawn({}, visual)
        kind = type_name(type(item))
        return self._plain(item, number, f"{kind} is neither an asset nor a figure")

    def _made_of_several(self, items: Sequence[Any], number: int) -> dict[str, Any]:
        together = visual_of_several(items)
        if together is not None:
            return self._drawn({}, together)
        why = "nothing draws all of it together"
        return self._plain(documents_in(items), number, why)

    def _drawn(self, given: dict[str, Any], visual: Visual) -> dict[str, Any]:
        """Return the asset of a visual; what is given of it holds."""
        name = given.get("name") or self._free(visual.title or visual.name)
        made = {"name": name, "content": visual.content, "content_type": _JSON}
        if visual.description is not None:
            made["description"] = visual.description
        if visual.schema is not None:
            label = _line(visual.title or name)
            made["visual"] = {"schema": visual.schema, "label": label, "type": _TAB}
        given = self._with_schema_of(given, visual)
        if visual.note is not None:
            self.notes.append(f"asset {name!r}: {visual.note}")
        return {**made, **{k: v for k, v in given.items() if k != "content"}}

    def _with_schema_of(self, given: dict[str, Any], visual: Visual) -> dict[str, Any]:
        """Return the asset with what draws its content, whatever was said of it."""
        said = given.get("visual")
        if said is None or said["schema"] == visual.schema:
            return given
        what = f"asset {given['name']!r}: {said['schema']} does not draw its content"
        if visual.schema is None:
            self.notes.append(f"{what}; it is kept without its visual")
            return {name: one for name, one in given.items() if name != "visual"}
        self.notes.append(f"{what}; its schema is {visual.schema} now")
        return {**given, "visual": {**said, "schema": visual.schema}}

    def _checked(self, asset: dict[str, Any], number: int) -> dict[str, Any]:
        """Return an asset whose fields are what the platform takes."""
        name = asset.get("name")
        if not (isinstance(name, str) and name.strip()):
            asset["name"] = self._free(f"asset-{number}")
            self.notes.append(
                f"asset {number} has no name: it is {asset['name']!r} now"
            )
        self._names.add(asset["name"])
        if asset.setdefault("content_type", _JSON) != _JSON:
            self.notes.append(
                f"asset {asset['name']!r}: content_type {asset['content_type']!r:.100} "
                "is 'json' now, the only one there is"
            )
            asset["content_type"] = _JSON
        for field in _TEXTS:
            if not isinstance(asset.get(field), (str, type(None))):
                kind = type_name(type(asset.pop(field)))
                self.notes.append(
                    f"asset {asset['name']!r}: its {field} is left out: {kind} is no text"
                )
        if asset.get("visual") is None:
            asset.pop("visual", None)
        else:
            self._check_visual(asset)
        return self._with_documents(asset)

    def _check_visual(self, asset: dict[str, Any]) -> None:
        visual = asset["visual"]
        if nextmv_objects.is_model(visual):
            visual = nextmv_objects.record(visual)
        schema = visual.get("schema") if isinstance(visual, Mapping) else None
        if not (isinstance(schema, str) and schema in SCHEMAS):
            del asset["visual"]
            said = f"schema {schema!r:.100}" if schema is not None else "no schema"
            self.notes.append(
                f"asset {asset['name']!r} is kept without its visual: it has {said}, "
                f"and the platform draws {', '.join(SCHEMAS)}"
            )
            return
        label = visual.get("label")
        if not (isinstance(label, str) and label.strip()):
            label = asset["name"]
        checked = {**visual, "schema": str.__str__(schema), "label": label}
        if checked.setdefault("type", _TAB) != _TAB:
            self.notes.append(
                f"asset {asset['name']!r}: the visual's type {checked['type']!r:.100} "
                f"is {_TAB!r} now, the only one there is"
            )
            checked["type"] = _TAB
        asset["visual"] = checked

    def _with_documents(self, asset: dict[str, Any]) -> dict[str, Any]:
        """Return the asset with documents in place of the objects in its content."""
        content: Any = asset.get("content")
        if type(content) not in {list, tuple, dict}:
            visual = of_library(content)
            return asset if visual is None else self._drawn(asset, visual)
        documents = documents_in(content)
        if documents is content:
            return asset
        together = None if type(content) is dict else visual_of_several(content)
        if together is not None:
            return self._drawn(asset, together)
        self.notes.append(
            f"asset {asset['name']!r}: its figures are kept as their documents, and "
            "nothing draws them together"
        )
        return {**asset, "content": documents}

    def _plain(self, content: Any, number: int, why: str) -> dict[str, Any]:
        name = self._free(f"asset-{number}")
        self.notes.append(f"asset {number} is kept as {name!r}, for download: {why}")
        return {"name": name, "content": content, "content_type": _JSON}

    def _free(self, name: str) -> str:
        """Return a name that no other asset has."""
        name = _line(name)
        free, number = name, 1
        while free in self._names:
            number += 1
            free = f"{name}-{number}"
        self._names.add(free)
        return free


def is_one_asset(item: Any) -> bool:
    """Whether it is an asset, or a figure, a chart or a map that becomes one."""
    if nextmv_objects.is_model(item):
        return True
    if issubclass(type(item), Mapping):
        item = dict(item)
    try:
        return _is_asset(item) or visual_of(item) is not None
    except Exception:  # noqa: BLE001 -- of the library that made it, so it is one
        return True


def _is_asset(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    return "content" in item or "visual" in item or _is_named(item)


def _is_named(item: dict[Any, Any]) -> bool:
    return "name" in item and item.keys() <= _FIELDS


def _line(text: str) -> str:
    return " ".join(text.split())[:_MAX_NAME_CHARS]
