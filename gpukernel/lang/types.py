"""The types of the kernel language, and how they join and convert.

A type is a scalar (``bool``, ``int``, ``float``), an array of a storage dtype and a rank,
or a tuple of types.  Types are frozen and compare by value, so they can be cache keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True)
class Scalar:
    """A number type of the language: ``bool``, 32-bit ``int`` or 32-bit ``float``."""

    name: str
    rank: int  # position in the join order bool < int < float

    def __str__(self) -> str:
        return self.name


BOOL = Scalar("bool", 0)
INT = Scalar("int", 1)
FLOAT = Scalar("float", 2)
SCALARS = {scalar.name: scalar for scalar in (BOOL, INT, FLOAT)}

# Every dtype an array can be stored in, with the scalar type that a read gives.
ELEMENT_TYPES = {
    "float32": FLOAT,
    "float16": FLOAT,
    "int32": INT,
    "int16": INT,
    "int8": INT,
    "uint16": INT,
    "uint8": INT,
    "bool": BOOL,
}
# The dtype a result of each scalar type is stored in.
RESULT_DTYPES = {FLOAT: "float32", INT: "int32", BOOL: "bool"}

MAX_RANK = 4
INT_MIN, INT_MAX = -(2**31), 2**31 - 1
FLOAT_MAX = 3.4028234663852886e38


@dataclass(frozen=True)
class ArrayType:
    """An array argument: a storage dtype and the number of its axes."""

    dtype: str
    rank: int

    @property
    def element(self) -> Scalar:
        return ELEMENT_TYPES[self.dtype]

    def __str__(self) -> str:
        axes = "axis" if self.rank == 1 else "axes"
        return f"{self.dtype} array with {self.rank} {axes}"


@dataclass(frozen=True)
class TupleType:
    """A tuple of values, as ``index()`` and ``a.shape`` give."""

    elements: tuple[Type, ...]

    def __str__(self) -> str:
        return f"tuple of {len(self.elements)}"


@dataclass(frozen=True)
class ErrorType:
    """The type of an expression that was already reported: it silences what follows from it."""

    def __str__(self) -> str:
        return "<error>"


ERROR = ErrorType()
Type = Union[Scalar, ArrayType, TupleType, ErrorType]


def join(a: Type, b: Type) -> Type | None:
    """Return the narrowest type that holds both, or None when there is none."""
    if isinstance(a, ErrorType) or isinstance(b, ErrorType):
        return ERROR
    if a == b:
        return a
    if isinstance(a, Scalar) and isinstance(b, Scalar):
        return a if a.rank > b.rank else b
    if isinstance(a, TupleType) and isinstance(b, TupleType):
        if len(a.elements) != len(b.elements):
            return None
        joined = [join(x, y) for x, y in zip(a.elements, b.elements)]
        found = tuple(t for t in joined if t is not None)
        return TupleType(found) if len(found) == len(joined) else None
    return None


def converts(source: Type, target: Scalar) -> bool:
    """Whether a value of ``source`` may be used as ``target`` without being asked to."""
    return isinstance(source, Scalar) and source.rank <= target.rank
