"""What captured Python objects mean to a kernel: rows of the tables, casts, vectors, data.

Every object that the compiler treats in a way of its own is listed here once.
"""

from __future__ import annotations

from types import FunctionType, MethodType

import numpy as np

from gpukernel.lang.builtins import find_builtin
from gpukernel.lang.grid import index
from gpukernel.lang.operators import BINARY, OPERATORS
from gpukernel.lang.random import normal, randint, random
from gpukernel.lang.table import Row
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT, Scalar
from gpukernel.lang.vectors import Vector, cross, distance, dot, length, normalize, vec2, vec3, vec4

RANDOM = (random, randint, normal)
# Objects with a meaning of their own in `frontend.infer_calls` and `infer_lists`.
SPECIALS: tuple[object, ...] = (
    index, range, len, divmod, list, sum, any, all, enumerate, zip, reversed, dot, *RANDOM
)  # fmt: skip
# The constructors of vectors, with the number of components; 0 takes what it is given.
VECTORS: dict[object, int] = {Vector: 0, vec2: 2, vec3: 3, vec4: 4}
CASTS: dict[object, Scalar] = {
    int: INT,
    float: FLOAT,
    bool: BOOL,
    np.int32: INT,
    np.uint32: UINT,
    np.float32: FLOAT,
    np.bool_: BOOL,
}
_OPERATOR_ROWS: dict[object, Row] = {function: row for row in OPERATORS for function in row.python}


def find_row(value: object) -> Row | None:
    """Return the table row that a Python object stands for, or None."""
    row = find_builtin(value)
    if row is not None:
        return row
    if value is pow:
        return BINARY["**"]
    try:
        return _OPERATOR_ROWS.get(value)
    except TypeError:  # it has no hash
        return None


def is_number(value: object) -> bool:
    """Whether a captured object is a number that kernels can use."""
    return isinstance(value, (bool, int, float, np.bool_, np.integer, np.floating))


def is_tuple(value: object) -> bool:
    """Whether a captured object is a vector, or a tuple of numbers or of such tuples."""
    if isinstance(value, Vector):
        return True
    return isinstance(value, tuple) and all(is_number(v) or is_tuple(v) for v in value)


def is_array(value: object) -> bool:
    """Whether a captured object is an array: NumPy's, or a `gpukernel.Array`."""
    if isinstance(value, (np.generic, type)) or not hasattr(value, "__array__"):
        return False
    return isinstance(getattr(value, "dtype", None), np.dtype)


def is_data(value: object) -> bool:
    """Whether a captured object is read at every launch, and not compiled in."""
    return is_number(value) or is_tuple(value) or is_array(value)


def vector_load(value: object) -> int:
    """Return the number of components of the vector whose ``load`` an object is, or 0."""
    if isinstance(value, MethodType) and value.__name__ == "load":
        return VECTORS.get(value.__self__, 0)
    return 0


# What to write instead where functions of vectors are given something else.
_INSTEAD_OF: dict[object, str] = {
    cross: "for the area of two vec2 write v.x * w.y - v.y * w.x",
    normalize: "use gk.sign(...) for a number",
    length: "use abs(...) for a number",
    distance: "use abs(x - y) for two numbers",
}


def is_library(function: FunctionType) -> bool:
    """Whether a Python function that kernels call is one of this package."""
    return function.__module__ == Vector.__module__


def library_words(function: FunctionType) -> tuple[str, str]:
    """Return what a function of vectors expects, and a hint."""
    kinds = list(function.__annotations__.values())
    num_vectors = kinds.count("VectorLike")
    expected = "one vector" if num_vectors == 1 else "vectors of one length"
    if function is cross:
        expected = "two vec3"
    elif "float" in kinds[:-1]:
        expected = "two vectors of one length and a number"
    return expected, _INSTEAD_OF.get(function, "make vectors with gk.vec2, gk.vec3 or gk.vec4")
