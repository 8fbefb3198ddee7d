"""Models of pydantic, attrs and msgspec: their fields by name."""

from __future__ import annotations

import enum
import functools
import sys
import typing
from typing import Any

import pydantic
import pytest

from tests.encode.reading import read

attrs = pytest.importorskip("attrs")
msgspec = pytest.importorskip("msgspec")


class Kind(enum.Enum):
    VAN = "van"


class Vehicle(pydantic.BaseModel):
    model_config = {"extra": "allow"}
    name: str = pydantic.Field(alias="label")
    kind: Kind = Kind.VAN
    next: typing.Optional[Vehicle] = None  # noqa: UP045 -- read by pydantic on 3.10
    code: pydantic.SecretStr = pydantic.SecretStr("hunter2")
    cache: int = pydantic.Field(0, exclude=True)
    _private: int = 1

    @pydantic.computed_field
    def costly(self) -> int:
        raise AssertionError("nobody asks")

    @functools.cached_property
    def kept(self) -> int:
        return 5

    @pydantic.model_serializer
    def as_text(self) -> str:
        raise AssertionError("nobody asks")


def test_a_model_of_pydantic_is_its_fields():
    vehicle = Vehicle(label="a", next=Vehicle(label="b"), weight=3)
    assert vehicle.kept == 5
    rest = {"kind": "van", "next": None, "code": "**********"}
    assert read(vehicle) == {
        "name": "a",
        **rest,
        "next": {"name": "b", **rest},
        "weight": 3,
    }
    assert read([vehicle.code, pydantic.SecretBytes(b"hunter2")]) == [
        "**********",
        "b'**********'",
    ]


def test_a_model_of_pydantic_whose_fields_were_never_checked_has_those_it_has():
    assert read(Vehicle.model_construct(name="a", next=object))["next"] == "object"
    assert "name" not in read(Vehicle.model_construct())


def test_a_model_that_is_one_value_is_that_value():
    class Stops(pydantic.RootModel[list[int]]):
        pass

    assert read(Stops([1, 2])) == [1, 2]


class Generic(pydantic.BaseModel):
    at: Any = None


def test_a_model_that_round_trips_is_validated_again():
    value = Generic(at={"a": [1, 2.5, None]})
    assert Generic.model_validate(read(value)) == value


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="pydantic 1 ends with 3.13")
def test_a_model_of_pydantic_1_is_its_fields():
    v1 = pytest.importorskip("pydantic.v1")

    class Old(v1.BaseModel):
        class Config:
            extra = "allow"

        name: str
        code: v1.SecretStr = v1.SecretStr("hunter2")
        cache: int = v1.Field(0, exclude=True)

    class Stops(v1.BaseModel):
        __root__: typing.List[int]  # noqa: UP006 -- as it was written then

    assert read(Old(name="a", weight=3)) == {
        "name": "a",
        "code": "**********",
        "weight": 3,
    }
    assert read(Stops(__root__=[1, 2])) == [1, 2]


@attrs.define
class Stop:
    name: str
    demand: int = attrs.field(init=False)


@attrs.define
class Depot(Stop):
    trucks: list[str] = attrs.field(factory=list)


@attrs.frozen(slots=False)
class Frozen:
    _code: int


def test_an_object_of_attrs_is_its_attributes():
    assert read([Stop("a"), Depot("b", trucks=["t"]), Frozen(1)]) == [
        {"name": "a"},
        {"name": "b", "trucks": ["t"]},
        {"_code": 1},
    ]


class Route(msgspec.Struct):
    stops: list[Stop]
    cost: float = 0.0


class Tagged(msgspec.Struct, tag="leg", frozen=True):
    km: Any


def test_a_struct_of_msgspec_is_its_fields_and_its_tag():
    assert read(Route([Stop("a")])) == {"stops": [{"name": "a"}], "cost": 0.0}
    assert read([Tagged(3), Tagged(msgspec.UNSET)]) == [
        {"type": "leg", "km": 3},
        {"type": "leg"},
    ]


def test_msgspec_makes_the_same_struct_of_it():
    value = Tagged({"a": [1, None]})
    assert msgspec.convert(read(value), Tagged) == value
