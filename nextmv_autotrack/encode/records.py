"""One step towards JSON for objects that are their fields: models, structs, files."""

from __future__ import annotations

from typing import Any

from nextmv_autotrack.encode.budget import Budget
from nextmv_autotrack.encode.builtin_values import read_fields


def pydantic_model(value: Any, _budget: Budget) -> object:
    """Return the fields as they are; what a model computes or writes is not asked for."""
    extra = getattr(value, "__pydantic_extra__", None)
    return {**vars(value), **(extra or {})}


def attrs_object(value: Any, _budget: Budget) -> object:
    """Return the attributes by name; one that was never set is left out."""
    return read_fields(value, [one.name for one in type(value).__attrs_attrs__])


def msgspec_struct(value: Any, _budget: Budget) -> object:
    """Return the fields by name; one that was never set is left out."""
    return read_fields(value, type(value).__struct_fields__)


def open_file(value: Any, _budget: Budget) -> object:
    """Return the name and the mode: a file that is open is not read."""
    told = {"file": getattr(value, "name", None), "mode": getattr(value, "mode", None)}
    return {name: item for name, item in told.items() if isinstance(item, (str, int))}
