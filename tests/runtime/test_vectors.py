"""Vectors under CPython: what they are made of, how they combine, and the geometry on them."""

from __future__ import annotations

import copy
import math
import operator
import pickle
from typing import Any

import numpy as np
import pytest

from gpukernel.errors import KernelIndexError, KernelTypeError
from gpukernel.lang import functions
from gpukernel.lang.vectors import (
    Vector,
    cross,
    distance,
    dot,
    faceforward,
    length,
    normalize,
    reflect,
    refract,
    vec2,
    vec3,
    vec4,
)
from gpukernel.runtime.view import ArrayView


def values(vector: Any) -> list[Any]:
    assert isinstance(vector, Vector)
    return list(vector)


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        (vec3(1, 2, 3), [1.0, 2.0, 3.0]),
        (vec3(0.5), [0.5] * 3),
        (vec3(vec2(1, 2), 3), [1.0, 2.0, 3.0]),
        (vec3(1, vec2(2, 3)), [1.0, 2.0, 3.0]),
        (vec4(vec3(1, 2, 3), 4), [1.0, 2.0, 3.0, 4.0]),
        (vec4(vec2(1, 2), vec2(3, 4)), [1.0, 2.0, 3.0, 4.0]),
        (vec4(1, (2, 3), 4), [1.0, 2.0, 3.0, 4.0]),
        (vec3((1, 2, 3)), [1.0, 2.0, 3.0]),
        (vec2(True, np.float64(0.5)), [1.0, 0.5]),
        (Vector((1, 2)), [1, 2]),
        (Vector((1, 2.5)), [1.0, 2.5]),
        (Vector(vec2(1, 2)), [1.0, 2.0]),
    ],
    ids=str,
)
def test_construction(vector: Vector, expected: list[Any]) -> None:
    assert values(vector) == expected
    assert [type(c) for c in vector] == [type(c) for c in expected]
    assert len(vector) == len(expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: vec2(vec3(1)), "vec2 has 2 components, not 3"),
        (lambda: vec3(1, 2), "vec3 has 3 components, not 2"),
        (lambda: vec3(vec2(1, 2)), "vec3 has 3 components, not 2"),
        (lambda: vec4(), "vec4 has 4 components, not 0"),
        (lambda: Vector((1,)), "2 to 4 components, not 1"),
        (lambda: Vector((1,) * 5), "2 to 4 components, not 5"),
        (lambda: vec2("ab"), "numbers, not str"),  # type: ignore[arg-type]
        (lambda: vec2([1, 2]), "numbers, not list"),  # type: ignore[arg-type]
        (lambda: vec2(1, None), "numbers, not NoneType"),  # type: ignore[arg-type]
    ],
)
def test_bad_construction(make: Any, message: str) -> None:
    with pytest.raises(KernelTypeError, match=message):
        make()


def test_copies_do_not_share_components() -> None:
    first = vec3(1, 2, 3)
    others = [vec3(first), copy.copy(first), copy.deepcopy(first), +first, first.xyz]
    others.append(pickle.loads(pickle.dumps(first)))
    first.x = 9
    assert all(type(other) is vec3 and values(other) == [1, 2, 3] for other in others)
    ints = pickle.loads(pickle.dumps(Vector((1, 2))))
    assert repr(ints) == "Vector((1, 2))"


def test_reading_components() -> None:
    v: Any = vec4(1, 2, 3, 4)
    assert (v.x, v.y, v.z, v.w) == (v.r, v.g, v.b, v.a) == (1.0, 2.0, 3.0, 4.0)
    assert (v[0], v[3], v[-1], v[np.int32(1)]) == (1.0, 4.0, 4.0, 2.0)
    assert repr(v.xy) == "vec2(1.0, 2.0)" and repr(v.abg) == "vec3(4.0, 3.0, 2.0)"
    assert repr(v.wwww) == "vec4(4.0, 4.0, 4.0, 4.0)"
    assert isinstance(v.yx, vec2) and isinstance(Vector((1, 2)).yx, Vector)


@pytest.mark.parametrize("name", ["z", "xz", "xr", "s", "xyxyx", "normal", "_x"])
def test_there_is_no_such_component(name: str) -> None:
    with pytest.raises(AttributeError, match="a vector"):
        getattr(vec2(1, 2), name)
    with pytest.raises(AttributeError, match="a vector"):
        setattr(vec2(1, 2), name, 1.0)


@pytest.mark.parametrize("index", [3, -4, 1.0, "x", slice(0, 2), None])
def test_bad_index(index: Any) -> None:
    v = vec3(1, 2, 3)
    with pytest.raises(KernelIndexError, match="a vector with 3 components"):
        v[index]
    with pytest.raises(KernelIndexError):
        v[index] = 1.0


def test_writing_components() -> None:
    v = vec3(1, 2, 3)
    v[0] = 10
    v[-1] = 30
    assert repr(v) == "vec3(10.0, 2.0, 30.0)"
    v.x += 1
    v.zy = vec2(7, 8)
    assert repr(v) == "vec3(11.0, 8.0, 7.0)"
    v.xy = v.yx
    v.yz = (5, 6)
    assert repr(v) == "vec3(8.0, 5.0, 6.0)"
    v.xy *= 2
    assert repr(v) == "vec3(16.0, 10.0, 6.0)"
    ints = Vector((1, 2))
    ints.x = 5
    assert repr(ints) == "Vector((5, 2))"
    ints.x = 0.5
    assert repr(ints) == "vec2(0.5, 2.0)"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("xx", (1, 2), "twice"),
        ("xy", (1, 2, 3), "cannot put 3 components into 2"),
        ("xy", 1.0, "takes a vector or tuple of 2"),
        ("x", (1, 2), "cannot put 2 components into 1"),
        ("x", "a", "numbers, not str"),
    ],
)
def test_bad_writes_change_nothing(name: str, value: Any, message: str) -> None:
    v = vec3(1, 2, 3)
    with pytest.raises(KernelTypeError, match=message):
        setattr(v, name, value)
    assert values(v) == [1, 2, 3]


ARITHMETIC = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.pow,
]  # fmt: skip


@pytest.mark.parametrize("function", ARITHMETIC)
def test_arithmetic_is_by_component(function: Any) -> None:
    a, b = (7.5, 2.0, 0.25), (2.0, 3.0, 0.5)
    expected = [function(x, y) for x, y in zip(a, b)]
    for left, right in ((vec3(a), vec3(b)), (vec3(a), b), (a, vec3(b))):
        assert values(function(left, right)) == pytest.approx(expected)
    for number in (3, 2.5, np.float32(2.5), np.int32(3), np.float64(1.5)):
        after = [function(x, float(number)) for x in a]
        before = [function(float(number), x) for x in a]
        assert values(function(vec3(a), number)) == pytest.approx(after)
        assert values(function(number, vec3(a))) == pytest.approx(before)


@pytest.mark.parametrize("function", ARITHMETIC)
def test_ints_stay_ints_but_for_true_division(function: Any) -> None:
    result = function(Vector((7, -9)), (2, 4))
    assert values(result) == [function(7, 2), function(-9, 4)]
    kind = float if function is operator.truediv else int
    assert all(type(c) is kind for c in result)


def test_arithmetic_never_raises_on_numbers() -> None:
    assert values(vec2(1, -1) / 0) == [math.inf, -math.inf]
    assert all(math.isnan(c) for c in vec2(1, 2) % 0.0)
    assert values(Vector((1, 2)) // 0) == [0, 0]
    assert values(Vector((2, 2**31 - 1)) + 1) == [3, -(2**31)]
    assert math.isnan((vec2(-8, 1) ** (1 / 3)).x)


def test_operands_that_do_not_fit() -> None:
    right: Any
    for right in (vec2(1), (1, 2), (1, 2, 3, 4)):
        with pytest.raises(KernelTypeError, match="do not go together"):
            vec3(1) + right
    for right in ("a", None, [1, 2, 3]):
        with pytest.raises(TypeError):
            vec3(1) + right


def test_unary_operators() -> None:
    v = vec2(1.5, -2.5)
    assert values(-v) == [-1.5, 2.5] and values(+v) == [1.5, -2.5] and values(abs(v)) == [1.5, 2.5]
    rounded = [round(v), math.floor(v), math.ceil(v), math.trunc(v)]
    assert [values(r) for r in rounded] == [[2, -2], [1, -3], [2, -2], [1, -2]]
    assert all(type(c) is int for r in rounded for c in r)


def test_comparison() -> None:
    v: Any = vec2(1, 2)
    assert v == vec2(1, 2) and v == (1, 2) and (1.0, 2.0) == v and v == Vector((1, 2))
    assert v != vec2(2, 1) and v != vec3(1, 2, 0) and v != 1.0
    assert vec2(math.nan) != vec2(math.nan)
    for refused in (lambda: v < v, lambda: v >= 1.0, lambda: bool(v), lambda: hash(v)):
        with pytest.raises(TypeError):
            refused()


def test_numpy_functions_give_vectors() -> None:
    v: Any = vec3(4, -9, 2.25)
    assert repr(np.sqrt(abs(v))) == "vec3(2.0, 3.0, 1.5)"
    assert repr(np.minimum(v, 0.0)) == "vec3(0.0, -9.0, 0.0)"
    assert repr(np.maximum((1, 2, 3), v)) == "vec3(4.0, 2.0, 3.0)"
    assert repr(np.float32(2) * v) == repr(np.ones(3) * 2 * v) == "vec3(8.0, -18.0, 4.5)"
    assert math.isnan(np.sqrt(v).y)
    assert np.asarray(v).tolist() == [4.0, -9.0, 2.25]
    for refused in (lambda: np.less(v, 0.0), lambda: np.modf(v), lambda: np.add.reduce(v),
                    lambda: np.ones((3, 3)) * v):  # fmt: skip
        with pytest.raises(TypeError):
            refused()


def test_load_reads_the_last_axis() -> None:
    picture = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    for array in (picture, ArrayView(picture, frozenset())):
        assert repr(vec3.load(array, 1, 2)) == "vec3(20.0, 21.0, 22.0)"
        assert repr(vec4.load(array, 0, 0)) == "vec4(0.0, 1.0, 2.0, 3.0)"
    assert repr(vec2.load(ArrayView(picture, frozenset()), 5, 0)) == "vec2(0.0, 0.0)"
    assert repr(vec4.load(ArrayView(picture[..., :3], frozenset()), 0, 0)).endswith("2.0, 0.0)")
    with pytest.raises(KernelTypeError, match="takes 2 indices, not 1"):
        vec3.load(picture, 1)
    with pytest.raises(KernelTypeError, match="of vec2, vec3 and vec4"):
        Vector.load(picture, 1, 1)


# ---------------------------------------------------------------- functions


def test_shader_functions_work_by_component() -> None:
    v = vec3(-0.5, 0.25, 1.5)
    assert repr(functions.clamp(v, 0.0, 1.0)) == "vec3(0.0, 0.25, 1.0)"
    assert repr(functions.clamp(v, low=vec3(0), high=(1, 0.125, 1))) == "vec3(0.0, 0.125, 1.0)"
    assert repr(functions.mix(vec2(0, 10), vec2(1, 20), 0.5)) == "vec2(0.5, 15.0)"
    assert repr(functions.mix(0.0, 1.0, v)) == repr(v)
    assert repr(functions.step(0.0, v)) == "vec3(0.0, 1.0, 1.0)"
    assert repr(functions.smoothstep(0.0, 1.0, v)) == "vec3(0.0, 0.15625, 1.0)"
    assert repr(functions.fract(v)) == "vec3(0.5, 0.25, 0.5)"
    assert repr(functions.sign(v)) == "vec3(-1.0, 1.0, 1.0)"
    assert repr(functions.sign((3, -3))) == "Vector((1, -1))"
    with pytest.raises(KernelTypeError, match="do not go together"):
        functions.mix(vec2(1), vec3(1), 0.5)


def test_products_and_lengths() -> None:
    assert dot(vec3(1, 2, 3), vec3(4, 5, 6)) == 32.0
    assert dot((1, 2), (3, 4)) == 11
    assert length(vec4(1, 1, 1, 1)) == 2.0 and length((3, 4)) == 5.0
    assert distance(vec3(1, 1, 1), (1, 4, 5)) == distance((1, 1, 1), (1, 4, 5)) == 5.0
    assert values(normalize((0.0, 3.0, 4.0))) == pytest.approx([0.0, 0.6, 0.8])
    assert all(math.isnan(c) for c in normalize(vec3(0.0)))
    for refused in (lambda: dot(vec2(1), vec3(1)), lambda: distance(vec2(1), (1, 2, 3))):
        with pytest.raises(KernelTypeError, match="do not go together"):
            refused()


def test_cross_product() -> None:
    random = np.random.default_rng(3)
    a, b = random.normal(size=(2, 3))
    expected = np.cross(a, b).tolist()
    assert values(cross(vec3(tuple(a)), tuple(b))) == pytest.approx(expected)
    with pytest.raises(KernelTypeError, match="3 components, not 2"):
        cross(vec2(1, 2), vec2(3, 4))


def test_reflection_and_refraction() -> None:
    up = (0.0, 1.0, 0.0)
    down = normalize((1.0, -1.0, 0.0))
    assert values(reflect(down, up)) == pytest.approx([down.x, -down.y, 0.0])
    inside = refract(down, up, 1 / 1.5)
    assert length(inside) == pytest.approx(1.0)
    assert inside.x == pytest.approx(down.x / 1.5) and inside.y < 0  # Snell's law
    assert values(refract(down, up, 1.0)) == pytest.approx(values(down))
    assert values(refract(down, up, 1.5)) == [0.0, 0.0, 0.0]  # total reflection
    assert values(refract((0.8, -0.6), (0.0, 1.0), 2.0)) == [0.0, 0.0]


def test_faceforward() -> None:
    assert values(faceforward((0.0, 1.0), (0.0, -1.0), (0.0, 1.0))) == [0.0, 1.0]
    assert values(faceforward(vec2(0, 1), vec2(0, 1), vec2(0, 1))) == [0.0, -1.0]
