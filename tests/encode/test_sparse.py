"""scipy's sparse matrices, of every format: what is not zero, and where."""

from __future__ import annotations

import pytest

from tests.encode.reading import read

sp = pytest.importorskip("scipy.sparse")

FORMATS = ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]


def placed(told):
    places = zip(told["row"], told["column"], told["data"], strict=True)
    return {place for place in places if place[2]}


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("kind", [sp.coo_array, sp.coo_matrix])
def test_a_matrix_is_its_shape_and_what_is_not_zero(kind, layout):
    matrix = kind(([5.0, 7.0], ([0, 1], [2, 0])), shape=(2, 4)).asformat(layout)
    told = read(matrix)
    assert list(told) == ["format", "shape", "row", "column", "data"]
    assert (told["format"], told["shape"]) == (layout, [2, 4])
    assert placed(told) == {(0, 2, 5.0), (1, 0, 7.0)}
    for value in ([matrix], {"a": (matrix,)}, [object, matrix], {1: matrix}):
        assert str(told) in str(read(value))


@pytest.mark.parametrize("kind", [sp.dok_array, sp.dok_matrix])
def test_a_matrix_that_is_a_dict_as_well_is_a_matrix(kind):
    matrix = kind((2, 2))
    empty = {"format": "dok", "shape": [2, 2], "row": [], "column": [], "data": []}
    assert read(matrix) == empty
    assert read([{}, {"a": {"b": matrix}}]) == [{}, {"a": {"b": empty}}]
    matrix[1, 0] = 3.0
    assert placed(read([object, {}, matrix])[2]) == {(1, 0, 3.0)}
    told = read([matrix] * 500, max_bytes=999)
    assert told["truncated"] is True


def test_an_empty_dict_stays_one():
    assert read([{}, "{}", {"a": {}}]) == [{}, "{}", {"a": {}}]


def test_it_can_be_made_again_from_what_is_told():
    matrix = sp.random(20, 30, density=0.2, format="csr", random_state=1)
    told = read(matrix)
    again = sp.coo_matrix((told["data"], (told["row"], told["column"])), told["shape"])
    assert (again != matrix).nnz == 0


def test_a_large_matrix_is_never_made_dense():
    matrix = sp.coo_matrix(([1.0], ([0], [0])), shape=(10**9, 10**9))
    assert read(matrix)["shape"] == [10**9, 10**9]
    told = read(sp.random(1000, 1000, density=0.1), max_bytes=5_000)
    assert (told["shape"], told["nonzeros"]) == ([1000, 1000], 100_000)
    assert told["type"].startswith("scipy.sparse.")
    assert told["head"].startswith("[0.")
