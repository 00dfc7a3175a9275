"""Records are frozen dataclasses in all that can be seen of them."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from dataclasses import FrozenInstanceError, field
from functools import cached_property
from typing import Any, ClassVar

import pytest

from gpukernel.records import record


@record(frozen=True)
class Point:
    x: int
    y: float = 2.0
    tags: list[str] = field(default_factory=list, compare=False)
    note: str = field(default="", repr=False)
    dimensions: ClassVar[int] = 2

    @cached_property
    def size(self) -> float:
        return math.hypot(self.x, self.y)


@record(frozen=True)
class Single:
    """One field."""

    value: Any


@record(frozen=True)
class Empty:
    def __repr__(self) -> str:
        return "nothing"


def test_fields_and_defaults() -> None:
    assert [f.name for f in dataclasses.fields(Point)] == ["x", "y", "tags", "note"]
    assert dataclasses.astuple(Point(1)) == (1, 2.0, [], "")
    assert Point(1).tags is not Point(1).tags
    assert Point(x=1, y=3.0, tags=["a"]).tags == ["a"]
    assert dataclasses.replace(Point(1), y=5.0) == Point(1, 5.0)
    assert Point.__match_args__ == ("x", "y", "tags", "note")
    assert Single.__doc__ == "One field." and Point.__doc__ == "Point"


def test_wrong_arguments() -> None:
    make: Any = Point
    with pytest.raises(TypeError, match=r"Point.__init__\(\) missing 1 required .*'x'"):
        make()
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        make(1, z=2)


def test_equality_and_hash() -> None:
    assert Point(1, 2.0, ["a"]) == Point(1, 2.0, ["b"])
    assert hash(Point(1, 2.0, ["a"])) == hash(Point(1, 2.0, ["b"]))
    others: list[object] = [Point(2), (1, 2.0), Single(1), None]
    assert all(Point(1) != other for other in others)
    assert Single((1, 1)) != Single(1)
    assert Single(math.nan) == Single(math.nan), "one object, as in a tuple"
    assert Single(float("nan")) != Single(float("nan"))
    assert Empty() == Empty() and hash(Empty()) == hash(Empty())


def test_repr() -> None:
    assert repr(Point(1, note="hidden")) == "Point(x=1, y=2.0, tags=[])"
    assert repr(Empty()) == "nothing"


def test_frozen() -> None:
    point: Any = Point(3, 4.0)
    with pytest.raises(FrozenInstanceError, match="'x'"):
        point.x = 5
    with pytest.raises(FrozenInstanceError, match="'y'"):
        del point.y
    assert point.size == 5.0 == point.size
    with pytest.raises(TypeError, match="frozen"):
        record(frozen=False)(Point)


def test_copies_and_pickles() -> None:
    point = Point(1, 3.0, ["a"])
    assert copy.deepcopy(point) == point == pickle.loads(pickle.dumps(point))
    assert copy.copy(point).tags is point.tags


def test_match() -> None:
    match Point(1, 2.5):
        case Point(1, y):
            assert y == 2.5
        case _:
            raise AssertionError


def test_derived_dataclasses_are_frozen_too() -> None:
    @dataclasses.dataclass(frozen=True)
    class Point3(Point):
        z: float = 0.0

    assert Point3(1, 2.0, [], "", 4.0).z == 4.0
