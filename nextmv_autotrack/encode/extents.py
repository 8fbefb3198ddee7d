"""How large a value is that is too large: its shape, its parts, and what they are of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from nextmv_autotrack.encode import records, structures, tables
from nextmv_autotrack.encode.budget import Budget
from nextmv_autotrack.encode.builtin_values import Form, members
from nextmv_autotrack.encode.descriptions import cut, encodable, type_name
from nextmv_autotrack.encode.forms import form_of
from nextmv_autotrack.encode.numpy_values import ndarray

_MOST_NAMES = 20
_NAME_CHARS = 40

Extent = Iterator[tuple[str, Any]]


def extent(value: Any) -> dict[str, Any]:
    """Return what is known of its size at no cost."""
    of = _EXTENTS.get(form_of(type(value)), _of_any)
    try:
        return dict(of(value))
    except Exception:  # noqa: BLE001 -- code of the user's
        return {}


def parts_of(value: Any) -> dict[str, Any]:
    """Return what the first items or fields are and how large, by their names."""
    form = form_of(type(value))
    if type(value) is not dict:
        value = form(value, Budget(0)) if form in _WITH_FIELDS else {}
    items = islice(value.items(), _MOST_NAMES)
    return {
        cut(name)[:_NAME_CHARS]: {"type": type_name(type(item)), **extent(item)}
        for name, item in items
        if type(name) is str
    }


def _of_any(value: Any) -> Extent:
    yield "length", len(value)
    if type(value) is dict:
        keys = [key for key in islice(value, _MOST_NAMES) if type(key) is str]
        yield "keys", [encodable(key[:_NAME_CHARS]) for key in keys]


def _of_array(value: Any) -> Extent:
    yield "shape", [int(size) for size in value.shape]
    yield "dtype", cut(str(value.dtype))


def _of_frame(value: Any) -> Extent:
    yield "shape", [int(size) for size in value.shape]
    yield "columns", _columns(value.columns, value.dtypes)


def _of_arrow(value: Any) -> Extent:
    yield "shape", [value.num_rows, value.num_columns]
    yield "columns", _columns(value.schema.names, value.schema.types)


def _columns(names: Any, types: Any) -> dict[str, str]:
    listed = islice(zip(names, types, strict=True), _MOST_NAMES)
    return {cut(str(name))[:_NAME_CHARS]: cut(str(kind)) for name, kind in listed}


def _of_items(value: Any) -> Extent:
    yield "length", len(value)
    yield "dtype", cut(str(getattr(value, "dtype", None) or value.type))


def _of_sparse(value: Any) -> Extent:
    yield from _of_array(value)
    yield "nonzeros", int(value.nnz)


def _of_graph(value: Any) -> Extent:
    yield "nodes", value.number_of_nodes()
    yield "edges", value.number_of_edges()


_WITH_FIELDS = frozenset(
    {
        members,
        records.attrs_object,
        records.msgspec_struct,
        records.pydantic_model,
        records.old_pydantic_model,
    }
)

_EXTENTS: dict[Form, Callable[[Any], Extent]] = {
    ndarray: _of_array,
    structures.tensor: _of_array,
    structures.sparse: _of_sparse,
    structures.graph: _of_graph,
    tables.pandas_frame: _of_frame,
    tables.pandas_series: _of_items,
    tables.pandas_index: _of_items,
    tables.pandas_array: _of_items,
    tables.polars_frame: _of_frame,
    tables.polars_series: _of_items,
    tables.arrow_table: _of_arrow,
    tables.arrow_array: _of_items,
}
