"""One step towards JSON for objects that are their fields: models, structs, files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nextmv_autotrack.encode.budget import Budget
from nextmv_autotrack.encode.builtin_values import read_fields
from nextmv_autotrack.encode.descriptions import described


def pydantic_model(value: Any, budget: Budget) -> object:
    """Return the fields as they are, without those that are excluded.

    What a model computes, or writes by code of its own, is not asked for.
    """
    kind: Any = type(value)
    if not hasattr(kind, "model_fields"):
        return old_pydantic_model(value, budget)
    found = read_fields(value, _included(kind.model_fields), budget)
    if kind.__pydantic_root_model__:
        return found["root"]
    return {**found, **(object.__getattribute__(value, "__pydantic_extra__") or {})}


def _included(fields: dict[str, Any]) -> Iterator[str]:
    return (name for name, about in fields.items() if about.exclude is not True)


def old_pydantic_model(value: Any, _budget: Budget) -> object:
    """Return the same of a model of pydantic 1, which keeps its extras beside them."""
    fields = type(value).__fields__
    left_out = {name for name, one in fields.items() if one.field_info.exclude is True}
    found = {k: v for k, v in vars(value).items() if k not in left_out}
    return found["__root__"] if "__root__" in fields else found


def attrs_object(value: Any, budget: Budget) -> object:
    """Return the attributes by name; one that was never set is left out."""
    return read_fields(value, [one.name for one in type(value).__attrs_attrs__], budget)


def msgspec_struct(value: Any, budget: Budget) -> object:
    """Return the fields by name, with the tag; one that was never set is left out."""
    kind: Any = type(value)
    about, found = (
        kind.__struct_config__,
        read_fields(value, kind.__struct_fields__, budget),
    )
    tag = {} if about.tag is None else {about.tag_field: about.tag}
    # Their own encoder leaves out what stands for a value that was not given, too.
    return {**tag, **{k: v for k, v in found.items() if not _is_unset(v)}}


def _is_unset(value: object) -> bool:
    kind = type(value)
    return kind.__name__ == "UnsetType" and kind.__module__.startswith("msgspec")


def open_file(value: Any, budget: Budget) -> object:
    """Return the name and the mode: a file that is open is not read."""
    name = getattr(value, "name", None)
    if not isinstance(name, (str, bytes, int)):  # there is none: it is in memory
        return described(value, budget)
    mode = getattr(value, "mode", None)
    budget.look_at_the_clock()
    return {"file": name, "mode": mode if isinstance(mode, str) else None}
