"""Vectors of 2 to 4 numbers, and the geometry on them.

Inside a kernel the compiler gives `vec2`, `vec3`, `vec4`, their operators and `dot` their meaning,
and compiles the other functions from the text here.  Under CPython (in ``kernel.at``, and where
constants are made) this file is that meaning: a vector is mutable, its operators work
component by component with the rules of the table of operators (division by zero gives inf or
nan), and its components are float64.  A tuple of numbers may stand where a vector is read.

Of Python's own functions ``abs``, ``round``, ``sum`` and ``math.floor``, ``ceil`` and ``trunc``
take vectors under CPython; write NumPy's where a kernel would map another one over the components:
``np.minimum(v, w)`` for ``min(v, w)``, ``np.sqrt(v)`` for ``math.sqrt(v)``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Union

import numpy as np

from gpukernel.errors import KernelIndexError, KernelTypeError
from gpukernel.lang.operators import BINARY
from gpukernel.lang.types import FLOAT, INT

Number = Union[bool, int, float]
VectorLike = Union["Vector", tuple[float, ...]]

_LETTERS = ("xyzw", "rgba")
_NUMBERS = (bool, int, float, np.bool_, np.integer, np.floating)
_DTYPES: dict[object, Any] = {FLOAT: np.float64, INT: np.int32}


def _operator(symbol: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """Return the methods for an operator with the vector on the left, and on the right."""

    def on_left(self: Any, other: Any) -> Any:
        return _operate(symbol, self, other)

    def on_right(self: Any, other: Any) -> Any:
        return _operate(symbol, other, self)

    return on_left, on_right


class Vector:
    """A vector of 2 to 4 components: the base of `vec2`, `vec3` and `vec4`.

    ``Vector(v)`` makes a vector of as many components as a tuple or vector has.  They stay ints
    when all are ints (as in a tuple argument of a kernel), and are floats otherwise.

    Components are read and set by index or by name, ``x y z w`` or ``r g b a``, several at once
    too; arithmetic and ``abs`` work component by component, and a number meets every component.
    ``==`` compares whole vectors.

    Example:
        >>> from gpukernel.lang.vectors import vec3
        >>> v = vec3(1, 2, 3)
        >>> v.zyx * 2 + (10, 20, 30)
        vec3(16.0, 24.0, 32.0)
        >>> v.x = 7
        >>> v.yz = v.zy
        >>> v
        vec3(7.0, 3.0, 2.0)
    """

    __slots__ = ("_components",)
    __hash__ = None  # type: ignore[assignment]  # vectors change
    _size: ClassVar[int | None] = None
    _components: list[Number]

    def __init__(self, *parts: Number | VectorLike) -> None:
        """Join numbers, tuples and vectors; one number alone fills every component.

        Raises:
            KernelTypeError: too few or too many components, or one that is no number.
        """
        given = [component for part in parts for component in _components_of(part)]
        if self._size and len(parts) == len(given) == 1:
            given *= self._size
        if len(given) != self._size and (self._size or not 2 <= len(given) <= 4):
            wanted = f"{self._size}" if self._size else "2 to 4"
            raise KernelTypeError(
                f"{type(self).__name__} has {wanted} components, not {len(given)}"
            )
        object.__setattr__(self, "_components", [float(c) for c in given] if self._size else given)
        self._agree()

    @classmethod
    def load(cls, array: Any, *index: int) -> Any:
        """Return the first elements of the last axis of ``array`` at the leading indices.

        ``vec3.load(img, i, j)`` is ``vec3(img[i, j, 0], img[i, j, 1], img[i, j, 2])``.

        Raises:
            KernelTypeError: not one index fewer than the array has axes.
        """
        if cls._size is None:
            raise KernelTypeError("load is a function of vec2, vec3 and vec4")
        if len(index) != array.ndim - 1:
            raise KernelTypeError(
                f"{cls.__name__}.load reads along the last axis: an array with {array.ndim} axes "
                f"takes {array.ndim - 1} indices, not {len(index)}"
            )
        return cls(*(array[(*index, k)] for k in range(cls._size)))

    # ---------------------------------------------------------------- components

    def __len__(self) -> int:
        return len(self._components)

    def __iter__(self) -> Iterator[Any]:
        return iter(tuple(self._components))

    def __getitem__(self, index: int) -> Any:
        return self._components[self._place(index)]

    def __setitem__(self, index: int, value: Number) -> None:
        self._put([self._place(index)], [value])

    def __getattr__(self, name: str) -> Any:
        found = [self._components[place] for place in _swizzle(name, len(self))]
        return found[0] if len(found) == 1 else as_vector(found)

    def __setattr__(self, name: str, value: Any) -> None:
        places = _swizzle(name, len(self))
        if len(set(places)) < len(places):
            raise KernelTypeError(f"cannot assign to .{name}, which names a component twice")
        if len(places) > 1 and not isinstance(value, (Vector, tuple)):
            raise KernelTypeError(f".{name} takes a vector or tuple of {len(places)} components")
        self._put(places, value if len(places) > 1 else [value])

    def _place(self, index: int) -> int:
        """Return an index as a place from 0; negative ones count from the end."""
        try:
            return range(len(self))[operator.index(index)]
        except (IndexError, TypeError):
            pass
        raise KernelIndexError(f"index {index!r} of a vector with {len(self)} components")

    def _put(self, places: Sequence[int], values: Any) -> None:
        given = [component for value in values for component in _components_of(value)]
        if len(given) != len(places):
            raise KernelTypeError(f"cannot put {len(given)} components into {len(places)}")
        for place, component in zip(places, given):
            self._components[place] = component
        self._agree()

    def _agree(self) -> None:
        """Make all components floats, unless all are ints."""
        whole = all(isinstance(c, (int, np.integer, np.bool_)) for c in self._components)
        self._components[:] = map(int if whole else float, self._components)

    # ---------------------------------------------------------------- Python's own protocols

    def __repr__(self) -> str:
        inside = ", ".join(map(repr, self._components))
        is_float = isinstance(self._components[0], float)
        return f"vec{len(self)}({inside})" if is_float else f"Vector(({inside}))"

    def __reduce__(self) -> tuple[Any, tuple[tuple[Number, ...]]]:
        return type(self), (tuple(self._components),)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Vector, tuple)):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other))

    def __bool__(self) -> bool:
        raise KernelTypeError("a vector is neither true nor false; compare it or its components")

    # ---------------------------------------------------------------- arithmetic

    __add__, __radd__ = _operator("+")
    __sub__, __rsub__ = _operator("-")
    __mul__, __rmul__ = _operator("*")
    __truediv__, __rtruediv__ = _operator("/")
    __floordiv__, __rfloordiv__ = _operator("//")
    __mod__, __rmod__ = _operator("%")
    __pow__, __rpow__ = _operator("**")

    def __neg__(self) -> Any:
        return map_components(operator.neg, self)

    def __pos__(self) -> Any:
        return map_components(operator.pos, self)

    def __abs__(self) -> Any:
        return map_components(abs, self)

    def __round__(self) -> Any:
        return map_components(round, self)

    def __floor__(self) -> Any:
        return map_components(math.floor, self)

    def __ceil__(self) -> Any:
        return map_components(math.ceil, self)

    def __trunc__(self) -> Any:
        return map_components(math.trunc, self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        """Let NumPy's functions (``np.sqrt(v)``, ``np.minimum(v, 0.0)``) give vectors."""
        if method != "__call__" or keywords or ufunc.nout != 1:
            return NotImplemented
        operands = [tuple(x) if isinstance(x, np.ndarray) and x.ndim == 1 else x for x in inputs]
        if not all(map(_is_operand, operands)):
            return NotImplemented
        with np.errstate(all="ignore"):
            result = ufunc(*map(np.array, zip(*_columns(operands))))
        return NotImplemented if result.dtype == bool else as_vector(result.tolist())


class vec2(Vector):
    """A vector of two floats: ``vec2(x, y)``, or ``vec2(s)`` with both the same.

    Example:
        >>> from gpukernel.lang.vectors import vec2
        >>> vec2(1, 2) / 2
        vec2(0.5, 1.0)
    """

    __slots__ = ()
    _size = 2


class vec3(Vector):
    """A vector of three floats: ``vec3(x, y, z)``, ``vec3(v2, z)``, or ``vec3(s)``: all the same.

    Example:
        >>> from gpukernel.lang.vectors import vec3
        >>> abs(vec3(1, -2, 3) - 2.5)
        vec3(1.5, 4.5, 0.5)
    """

    __slots__ = ()
    _size = 3


class vec4(Vector):
    """A vector of four floats: of numbers, tuples and shorter vectors, or one number four times.

    Example:
        >>> from gpukernel.lang.vectors import vec3, vec4
        >>> vec4(vec3(0.5), 1.0)
        vec4(0.5, 0.5, 0.5, 1.0)
    """

    __slots__ = ()
    _size = 4


_VECTORS = {2: vec2, 3: vec3, 4: vec4}


def as_vector(components: Sequence[Number]) -> Vector:
    """Return a `vec2`, `vec3` or `vec4`; a plain `Vector` when all components are ints."""
    vector = Vector(tuple(components))
    return vector if isinstance(vector[0], int) else _VECTORS[len(vector)](vector)


def map_components(function: Callable[..., Number], *operands: Number | VectorLike) -> Vector:
    """Return the vector of ``function`` at every component of the operands; numbers broadcast.

    Raises:
        KernelTypeError: the operands have different numbers of components.
    """
    return as_vector([function(*column) for column in _columns(operands)])


def _operate(symbol: str, left: Any, right: Any) -> Any:
    """Return the result of an operator, by its row of the table."""
    if not (_is_operand(left) and _is_operand(right)):
        return NotImplemented
    sides = list(zip(*_columns((left, right))))
    whole = [all(isinstance(c, (int, np.integer, np.bool_)) for c in side) for side in sides]
    overload = BINARY[symbol].overload([INT if is_whole else FLOAT for is_whole in whole])
    if overload is None:
        return NotImplemented
    arrays = [np.array(side, _DTYPES[kind]) for side, kind in zip(sides, overload.params)]
    with np.errstate(all="ignore"):
        return as_vector(overload.numpy(*arrays).tolist())


def _columns(operands: Sequence[Any]) -> list[tuple[Number, ...]]:
    """Return one tuple of numbers for each component: what every operand has there."""
    sizes = {len(x) for x in operands if isinstance(x, (Vector, tuple))}
    if len(sizes) != 1:
        raise KernelTypeError(
            f"vectors of {' and '.join(map(str, sorted(sizes)))} components do not go together"
        )
    size = sizes.pop()
    rows = [_components_of(x) * (1 if isinstance(x, (Vector, tuple)) else size) for x in operands]
    return list(zip(*rows))


def _is_operand(value: object) -> bool:
    return isinstance(value, (Vector, tuple, *_NUMBERS))


def _components_of(value: object) -> tuple[Any, ...]:
    """Return the numbers that one operand or part of a constructor stands for."""
    components = tuple(value) if isinstance(value, (Vector, tuple)) else (value,)
    for component in components:
        if not isinstance(component, _NUMBERS):
            raise KernelTypeError(
                f"the components of a vector are numbers, not {type(component).__name__}"
            )
    return components


def _swizzle(name: str, size: int) -> list[int]:
    """Return the places that the letters of an attribute name stand for."""
    for letters in _LETTERS:
        if 1 <= len(name) <= 4 and set(name) <= set(letters):
            places = [letters.index(letter) for letter in name]
            if max(places) < size:
                return places
            raise AttributeError(f"a vector with {size} components has no .{name}")
    raise AttributeError(
        f"a vector has no attribute {name!r}; its components are x y z w, or r g b a (not mixed)"
    )


# ---------------------------------------------------------------- geometry


def dot(a: VectorLike, b: VectorLike) -> Any:
    """Return the dot product: the sum of ``a[k] * b[k]``, added in order.

    >>> dot(vec3(1, 2, 3), (4, 5, 6))
    32.0
    """
    return sum(x * y for x, y in _columns((Vector(a), Vector(b))))


# What follows is compiled for kernels as it stands, so it is written in the kernel language.
# `Vector(v)` changes nothing there: it lets CPython take tuples as well.


def length(v: VectorLike) -> float:
    """Return the Euclidean length, ``sqrt(dot(v, v))``.

    >>> length((3.0, 4.0))
    5.0
    """
    return math.sqrt(dot(v, v))


def distance(a: VectorLike, b: VectorLike) -> float:
    """Return the length of ``a - b``.

    >>> distance(vec2(1, 1), vec2(4, 5))
    5.0
    """
    return length(Vector(a) - Vector(b))


def normalize(v: VectorLike) -> Any:
    """Return the vector of length 1 in the direction of ``v``; a zero vector gives nan.

    >>> normalize(vec2(3, 4))
    vec2(0.6, 0.8)
    """
    return Vector(v) / length(v)


def cross(a: VectorLike, b: VectorLike) -> Any:
    """Return the cross product of two vectors of three components.

    >>> cross(vec3(1, 0, 0), vec3(0, 1, 0))
    vec3(0.0, 0.0, 1.0)
    """
    p = vec3(a)
    q = vec3(b)
    return vec3(p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0])


def reflect(v: VectorLike, n: VectorLike) -> Any:
    """Return ``v`` mirrored at the plane with unit normal ``n``: ``v - 2 * dot(n, v) * n``.

    >>> reflect(vec2(1, -1), vec2(0, 1))
    vec2(1.0, 1.0)
    """
    return Vector(v) - Vector(n) * (2.0 * dot(n, v))


def refract(v: VectorLike, n: VectorLike, eta: float) -> Any:
    """Return the direction of light after a surface; under total reflection a zero vector.

    Args:
        v: direction of the light before, of length 1.
        n: normal of the surface, of length 1, on the side the light comes from.
        eta: ratio of the indices of refraction, before over after.

    >>> refract(vec2(0, -1), vec2(0, 1), 0.75)
    vec2(0.0, -1.0)
    """
    cosine = dot(n, v)
    k = 1.0 - eta * eta * (1.0 - cosine * cosine)
    if k < 0.0:
        return Vector(v) - Vector(v)
    return Vector(v) * eta - Vector(n) * (eta * cosine + math.sqrt(k))


def faceforward(n: VectorLike, v: VectorLike, reference: VectorLike) -> Any:
    """Return ``n`` where ``reference`` points against ``v`` (a negative dot product), else ``-n``.

    >>> faceforward(vec2(0, 1), vec2(0, -1), vec2(0, 1))
    vec2(0.0, 1.0)
    """
    return Vector(n) if dot(reference, v) < 0.0 else -Vector(n)
