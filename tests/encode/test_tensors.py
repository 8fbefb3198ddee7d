"""torch's tensors: the array of the same numbers."""

from __future__ import annotations

import pytest

from tests.encode.reading import read

torch = pytest.importorskip("torch")


def test_a_tensor_is_an_array_of_its_numbers():
    numbers = torch.tensor([[1.0, 2.0]], requires_grad=True)
    assert read([numbers, numbers * 2, torch.nn.Parameter(torch.ones(1))]) == [
        [[1.0, 2.0]],
        [[2.0, 4.0]],
        [1.0],
    ]
    assert numbers.grad is None
    assert read([torch.tensor(3), torch.tensor([True]), torch.zeros(0, 2)]) == [
        3,
        [True],
        [],
    ]
    assert read(torch.tensor([1 + 2j]).conj()) == [{"real": 1.0, "imag": -2.0}]


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float8_e4m3fn", "float64"])
def test_numbers_of_any_width_are_numbers(name):
    assert read(torch.tensor([0.5]).to(getattr(torch, name))) == [0.5]


def test_a_tensor_without_numbers_of_its_own_is_described():
    for tensor in (torch.eye(2).to_sparse(), torch.zeros(2, device="meta")):
        assert read(tensor)["type"] == "torch.Tensor"


def test_a_tensor_that_is_too_large_becomes_its_shape():
    told = read(torch.zeros(1000, 1000), max_bytes=1_000)
    assert (told["shape"], told["dtype"]) == ([1000, 1000], "torch.float32")
