"""One step towards JSON for sparse matrices, graphs and tensors; none is imported."""

from __future__ import annotations

import sys
from typing import Any

from nextmv_autotrack.encode.budget import Budget
from nextmv_autotrack.encode.builtin_values import Pairs
from nextmv_autotrack.encode.descriptions import described
from nextmv_autotrack.encode.rows import in_bulk

_AXES = ("row", "column")


def sparse(value: Any, budget: Budget) -> object:
    """Return what is not zero in a matrix of scipy's, with its places."""
    budget.need_room_for(3 * value.nnz)
    found = value.tocoo()
    axes = getattr(found, "coords", None) or (found.row, found.col)
    names = (
        _AXES if len(axes) == len(_AXES) else map("axis {}".format, range(len(axes)))
    )
    return {
        "format": value.format,
        "shape": [int(size) for size in value.shape],
        **dict(zip(names, axes, strict=True)),
        "data": found.data,
    }


def graph(value: Any, budget: Budget) -> object:
    """Return the nodes and edges of a graph of networkx's, in its node-link form."""
    budget.need_room_for(value.number_of_nodes() + value.number_of_edges())
    keyed = {"keys": True} if value.is_multigraph() else {}
    ends = ("source", "target", "key") if keyed else ("source", "target")
    return {
        "directed": value.is_directed(),
        "multigraph": value.is_multigraph(),
        "graph": value.graph,
        "nodes": _rows(("id",), value.nodes(data=True), budget),
        "edges": _rows(ends, value.edges(data=True, **keyed), budget),
    }


def _rows(names: tuple[str, ...], parts: Any, budget: Budget) -> object:
    """Return an object a node or edge: what it is, and then what is said about it."""
    rows = [
        dict(zip(names, ids, strict=True), **about)
        if about.keys().isdisjoint(names) and all(type(key) is str for key in about)
        else None
        for *ids, about in parts
    ]
    found = rows if None in rows else in_bulk(rows, budget)
    if found is not rows:
        return found
    return [
        Pairs([*zip(names, ids, strict=True), *about.items()]) for *ids, about in parts
    ]


def tensor(value: Any, budget: Budget) -> object:
    """Return a tensor of torch's as an array of numpy's."""
    budget.need_room_for(value.numel())
    torch = sys.modules["torch"]
    if value.layout is not torch.strided or value.is_quantized:
        return described(value, budget)
    plain = value.detach().cpu()
    dtypes_of_numpy = torch.float16, torch.float32, torch.float64
    if plain.dtype.is_floating_point and plain.dtype not in dtypes_of_numpy:
        plain = plain.float()
    return plain.resolve_conj().resolve_neg().numpy()
