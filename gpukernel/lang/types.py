"""The types of the kernel language, and how they join and convert.

A type is a scalar (``bool``, ``int``, ``uint``, ``float``), an array of a storage dtype and a
rank, or a tuple, vector or local list of other types.  Types are frozen and compare by value, so
they can be cache keys.
"""

from __future__ import annotations

from typing import Union

from gpukernel.records import record


@record(frozen=True)
class Scalar:
    """A number type of the language: ``bool``, or 32-bit ``int``, ``uint`` or ``float``."""

    name: str
    rank: int  # in the join order bool < int, uint < float; int and uint do not join

    def __str__(self) -> str:
        return self.name


BOOL = Scalar("bool", 0)
INT = Scalar("int", 1)
UINT = Scalar("uint", 1)
FLOAT = Scalar("float", 2)
SCALARS = {scalar.name: scalar for scalar in (BOOL, INT, UINT, FLOAT)}

# Every dtype an array can be stored in, with the scalar type that a read gives.
ELEMENT_TYPES = {
    "float32": FLOAT,
    "float16": FLOAT,
    "int32": INT,
    "int16": INT,
    "int8": INT,
    "uint32": UINT,
    "uint16": INT,
    "uint8": INT,
    "bool": BOOL,
}
# What a dtype that no device holds is stored as, when every value allows it.
NARROWED = {"float64": "float32", "int64": "int32", "uint64": "int32"}
# The dtype a result of each scalar type is stored in.
RESULT_DTYPES = {FLOAT: "float32", INT: "int32", UINT: "uint32", BOOL: "bool"}

MAX_RANK = 4
VECTOR_SIZES = (2, 3, 4)
INT_MIN, INT_MAX = -(2**31), 2**31 - 1
UINT_MAX = 2**32 - 1
FLOAT_MAX = 3.4028234663852886e38


@record(frozen=True)
class ArrayType:
    """An array argument: a storage dtype and the number of its axes."""

    dtype: str
    rank: int

    @property
    def element(self) -> Scalar:
        return ELEMENT_TYPES[self.dtype]

    @property
    def is_possible(self) -> bool:
        """Whether there are arrays of this dtype and rank."""
        return self.dtype in ELEMENT_TYPES and 1 <= self.rank <= MAX_RANK

    def __str__(self) -> str:
        axes = "axis" if self.rank == 1 else "axes"
        return f"{self.dtype} array with {self.rank} {axes}"


@record(frozen=True)
class TupleType:
    """A tuple of values, as ``index()`` and ``a.shape`` give."""

    elements: tuple[Type, ...]

    def __str__(self) -> str:
        return f"tuple of {len(self.elements)}"


@record(frozen=True)
class VectorType:
    """``vec2``, ``vec3`` or ``vec4`` (element float), or a tuple argument of ints."""

    element: Scalar
    size: int  # 2 to 4

    def __str__(self) -> str:
        return f"vec{self.size}" if self.element == FLOAT else f"tuple of {self.size} ints"


@record(frozen=True)
class ListType:
    """A local list: an array of constant size inside an invocation.

    In the typed program the element is a scalar; before, it may be any type but an array.
    """

    element: Type
    size: int

    def __str__(self) -> str:
        return f"list of {self.size}"


@record(frozen=True)
class ErrorType:
    """The type of an expression that was already reported: it silences what follows from it."""

    def __str__(self) -> str:
        return "<error>"


ERROR = ErrorType()
Type = Union[Scalar, ArrayType, TupleType, VectorType, ListType, ErrorType]


def join(a: Type, b: Type) -> Type | None:
    """Return the narrowest type that holds both, or None when there is none."""
    if isinstance(a, ErrorType) or isinstance(b, ErrorType):
        return ERROR
    if a == b:
        return a
    if isinstance(a, Scalar) and isinstance(b, Scalar):
        return None if a.rank == b.rank else a if a.rank > b.rank else b
    if isinstance(a, VectorType) and isinstance(b, VectorType):
        element = join(a.element, b.element)
        joins = a.size == b.size and isinstance(element, Scalar)
        return VectorType(element, a.size) if joins else None  # type: ignore[arg-type]
    if isinstance(a, ListType) and isinstance(b, ListType):
        inner = join(a.element, b.element)
        return None if inner is None or a.size != b.size else ListType(inner, a.size)
    if isinstance(a, TupleType) and isinstance(b, TupleType):
        if len(a.elements) != len(b.elements):
            return None
        joined = [join(x, y) for x, y in zip(a.elements, b.elements)]
        found = tuple(t for t in joined if t is not None)
        return TupleType(found) if len(found) == len(joined) else None
    return None


def converts(source: Type, target: Scalar) -> bool:
    """Whether a value of ``source`` may be used as ``target`` without being asked to."""
    return isinstance(source, Scalar) and (source == target or source.rank < target.rank)
