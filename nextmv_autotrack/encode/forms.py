"""Which form a type has: a table walked along the MRO, then what it derives from."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, MappingView, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from enum import Enum
from typing import Any

from nextmv_autotrack.encode import (
    figures,
    nextmv_values,
    numpy_values,
    records,
    structures,
    tables,
)
from nextmv_autotrack.encode.budget import Budget
from nextmv_autotrack.encode.builtin_values import (
    BUILTIN_FORMS,
    Form,
    decimal,
    mapping,
    members,
    sequence,
    unordered,
)
from nextmv_autotrack.encode.descriptions import described
from nextmv_autotrack.encode.native import READ_AS_SUCH


def as_text(value: Any, budget: Budget) -> object:
    """Return what `str` says."""
    text = str(value)
    budget.look_at_the_clock()
    return text


def value_of_member(value: Any, budget: Budget) -> object:
    """Return what a member of an enum stands for."""
    found = value.value
    budget.look_at_the_clock()
    return found


def nothing(_value: Any, _budget: Budget) -> object:
    """Return null: it stands for a value that is missing."""
    return None


# Looked for where they already are: a module that is not loaded has made no values,
# and importing one to find that out takes milliseconds.
_FORMS_IF_LOADED: dict[tuple[str, str], Form] = {
    ("decimal", "Decimal"): decimal,
    ("fractions", "Fraction"): as_text,
    ("uuid", "UUID"): as_text,
    ("pathlib", "PurePath"): as_text,
    ("ipaddress", "_IPAddressBase"): as_text,
    ("_io", "_IOBase"): records.open_file,
    ("numpy", "ndarray"): numpy_values.ndarray,
    ("numpy", "generic"): numpy_values.scalar,
    ("pandas", "DataFrame"): tables.pandas_frame,
    ("pandas", "Series"): tables.pandas_series,
    ("pandas", "Index"): tables.pandas_index,
    ("pandas.api.extensions", "ExtensionArray"): tables.pandas_array,
    ("pandas._libs.missing", "NAType"): nothing,
    ("pandas._libs.tslibs.nattype", "NaTType"): nothing,
    ("pandas", "Timedelta"): tables.pandas_timedelta,
    ("pandas", "Interval"): as_text,
    ("pandas", "Period"): as_text,
    ("polars", "DataFrame"): tables.polars_frame,
    ("polars", "Series"): tables.polars_series,
    ("pyarrow", "Table"): tables.arrow_table,
    ("pyarrow", "RecordBatch"): tables.arrow_table,
    ("pyarrow", "Array"): tables.arrow_array,
    ("pyarrow", "ChunkedArray"): tables.arrow_array,
    ("pyarrow", "Scalar"): tables.arrow_scalar,
    ("scipy.sparse", "spmatrix"): structures.sparse,
    ("scipy.sparse", "sparray"): structures.sparse,
    ("scipy.sparse", "dok_array"): structures.sparse,
    ("scipy.sparse", "dok_matrix"): structures.sparse,
    ("networkx", "Graph"): structures.graph,
    ("torch", "Tensor"): structures.tensor,
    ("plotly.basedatatypes", "BaseFigure"): figures.figure,
    ("shapely.geometry.base", "BaseGeometry"): figures.geometry,
    ("pydantic.main", "BaseModel"): records.pydantic_model,
    ("pydantic.v1.main", "BaseModel"): records.old_pydantic_model,
    ("pydantic.types", "_SecretBase"): as_text,
    ("pydantic.types", "SecretStr"): as_text,
    ("pydantic.types", "SecretBytes"): as_text,
    ("pydantic.v1.types", "SecretStr"): as_text,
    ("pydantic.v1.types", "SecretBytes"): as_text,
    ("msgspec", "Struct"): records.msgspec_struct,
    ("tempfile", "_TemporaryFileWrapper"): records.open_file,
    ("nextmv", "Input"): nextmv_values.an_input,
    ("nextmv", "Output"): nextmv_values.an_output,
    ("nextmv", "Options"): nextmv_values.options,
    ("nextmv", "BaseModel"): nextmv_values.record,
}

# By id, since the hash of a class is up to its metaclass.
_BUILTIN_BY_ID: dict[int, Form] = {id(kind): f for kind, f in BUILTIN_FORMS.items()}

# Classes made while a program runs would otherwise pile up here.
_MAX_KNOWN = 1_000

_known: dict[int, tuple[type, Form]] = {}

_mro_of = type.__dict__["__mro__"].__get__
_dict_of = type.__dict__["__dict__"].__get__


def _namespace_of(module: object) -> dict[str, Any]:
    found: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return found


def form_of(kind: type) -> Form:
    """Return the form of a type, by what it is and not by what it says it is."""
    known = _known.get(id(kind))
    if known is not None and known[0] is kind:
        return known[1]
    form = _find(kind)
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    _known[id(kind)] = kind, form
    return form


def _find(kind: type) -> Form:
    mro: tuple[type, ...] = _mro_of(kind)
    # First, because a member can be a float or a tuple as well.
    if any(one is Enum for one in mro) and not issubclass(kind, READ_AS_SUCH):
        return value_of_member
    loaded = dict(_loaded())
    for one in mro:
        form = _BUILTIN_BY_ID.get(id(one)) or loaded.get(id(one))
        if form is not None:
            return form
    if any("__dataclass_fields__" in _dict_of(one) for one in mro):
        return members
    if any("__attrs_attrs__" in _dict_of(one) for one in mro):
        return records.attrs_object
    try:
        return _by_abstract_class(kind)
    except Exception:  # noqa: BLE001 -- a metaclass of the user's
        return described


def _loaded() -> Iterator[tuple[int, Form]]:
    for (module, name), form in _FORMS_IF_LOADED.items():
        # Not as an attribute: that would load a module whose import is lazy.
        with suppress(KeyError, AttributeError):
            yield id(_namespace_of(sys.modules[module])[name]), form


def _by_abstract_class(kind: type) -> Form:
    if issubclass(kind, Mapping):
        return mapping
    if issubclass(kind, (Sequence, MappingView)):
        return sequence
    if issubclass(kind, AbstractSet):
        return unordered
    return described
