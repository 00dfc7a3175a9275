"""What is known about the value of an expression: its type, its bounds, and how exact it is.

A generated program must mean the same under CPython, whose ints do not wrap and whose floats are
doubles, and on the devices.  So every expression has a `Domain`: bounds for ints, and for floats
also a grain, a power of two of which the value is a multiple.  As long as bound / grain fits the 24
bits of a float32, the value is the same number in both precisions, comparisons and roundings
included.  Other floats are rough: they carry a bound on their error and only flow into results.
An int whose bounds leave 32 bits is known modulo 2**32 only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Union

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
UINT_MAX = 2**32 - 1
MANTISSA = 2**24  # a whole number up to this is exact in a float32
EPSILON = 2.0**-23
WIDEST_INT = 2**120  # of what CPython computes where the devices wrap
ROUGHEST = 0.02  # no rough expression may have a larger error
ORDER = {"bool": 0, "int": 1, "uint": 1, "float": 2}


@dataclass(frozen=True)
class Domain:
    """The values a scalar expression can have; ``low`` and ``high`` are included."""

    kind: str  # a key of ORDER
    low: float
    high: float
    grain: float = 1.0
    error: float = 0.0
    nonzero: bool = False

    @property
    def size(self) -> float:
        """The largest magnitude."""
        return max(abs(self.low), abs(self.high))

    @property
    def is_wrapping(self) -> bool:
        return self.kind == "int" and not INT_MIN <= self.low <= self.high <= INT_MAX

    @property
    def is_exact(self) -> bool:
        """Whether the value may be compared, converted and rounded."""
        return not self.error and not self.is_wrapping

    @property
    def excludes_zero(self) -> bool:
        return self.nonzero or self.low > 0 or self.high < 0

    @property
    def smallest(self) -> float:
        """The smallest magnitude of a value that is not zero."""
        return max(self.low, -self.high, self.grain)

    def fits(self, wanted: Domain) -> bool:
        """Whether a value of this domain may stand where one of ``wanted`` does."""
        same = self.kind == wanted.kind or (self.kind, wanted.kind) == ("int", "float")
        return (
            same
            and wanted.low <= self.low
            and self.high <= wanted.high
            and (wanted.kind != "float" or self.grain >= wanted.grain or wanted.error > 0)
            and self.error <= wanted.error
            and (self.excludes_zero or not wanted.nonzero)
        )


@dataclass(frozen=True)
class ArrayType:
    """An array argument: the domain of its elements (zero included) and its shape."""

    element: Domain
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ListType:
    """A local list of constant size."""

    element: Domain
    size: int


@dataclass(frozen=True)
class VectorType:
    """``vec2``, ``vec3`` or ``vec4``."""

    element: Domain
    size: int


@dataclass(frozen=True)
class TupleType:
    """A tuple of numbers; of a kernel's results, also of vectors."""

    elements: tuple[Any, ...]


@dataclass(frozen=True)
class RecordsType:
    """A local list of tuples of numbers, or of vectors."""

    element: TupleType | VectorType
    size: int


@dataclass(frozen=True)
class FunctionType:
    """A function of numbers that is passed as an argument."""

    parameters: tuple[Domain, ...]
    result: Domain


Type = Union[Domain, ArrayType, ListType, VectorType, TupleType, RecordsType, FunctionType]

BOOL = Domain("bool", 0, 1)
UINT = Domain("uint", 0, UINT_MAX)


def whole(low: float, high: float, nonzero: bool = False) -> Domain:
    """Return the domain of an int between two bounds."""
    return Domain("int", int(low), int(high), nonzero=nonzero)


def exact(size: float, grain: float) -> Domain:
    """Return the domain of an exact float of at most this magnitude."""
    return Domain("float", -size, size, grain)


def fits(found: Type, wanted: Type) -> bool:
    """Whether an expression of one type may stand where one of the other does."""
    if isinstance(found, Domain) and isinstance(wanted, Domain):
        return found.fits(wanted)
    if isinstance(found, VectorType) and isinstance(wanted, VectorType):
        return found.size == wanted.size and found.element.fits(wanted.element)
    return found == wanted


def allowed(found: Domain) -> Domain | None:
    """Return the domain, or None where a value of it could differ between the precisions."""
    if found.kind != "float":
        return found if found.size <= WIDEST_INT else None
    if found.error:
        return found if found.error <= ROUGHEST and found.size <= 1e6 else None
    fine = found.grain >= 2.0**-30 and found.size / found.grain <= MANTISSA
    return found if fine else None


def _arithmetic(a: Domain, b: Domain, corners: list[float], grain: float) -> Domain:
    is_float = "float" in (a.kind, b.kind)
    kind = "float" if is_float else "int"
    found = Domain(kind, min(corners), max(corners), grain)
    if not is_float:
        found = whole(found.low, found.high)
    if a.error or b.error:
        found = replace(found, error=a.error + b.error + EPSILON * found.size)
    return found


def add(a: Domain, b: Domain) -> Domain | None:
    return allowed(_arithmetic(a, b, [a.low + b.low, a.high + b.high], min(a.grain, b.grain)))


def negate(a: Domain) -> Domain:
    kind = "int" if a.kind == "bool" else a.kind
    return replace(a, kind=kind, low=-a.high, high=-a.low)


def subtract(a: Domain, b: Domain) -> Domain | None:
    return add(a, negate(b))


def multiply(a: Domain, b: Domain) -> Domain | None:
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    found = _arithmetic(a, b, corners, a.grain * b.grain)
    if found.error:
        spread = a.size * b.error + b.size * a.error + a.error * b.error
        found = replace(found, error=spread + EPSILON * found.size)
    return allowed(found)


def floor_divide(a: Domain, b: Domain) -> Domain | None:
    """Return the domain of ``a // b`` for a divisor that is never zero."""
    bound = a.size / b.smallest + 1 if a.kind == "float" or b.kind == "float" else a.size
    low = 0 if a.low >= 0 and b.low >= 0 else -bound
    return allowed(_arithmetic(a, b, [low, bound], 1.0))


def modulo(a: Domain, b: Domain) -> Domain | None:
    """Return the domain of ``a % b`` for a divisor that is never zero."""
    grain = min(a.grain, b.grain)
    corners = [min(b.low + grain, 0), max(b.high - grain, 0)]
    return allowed(_arithmetic(a, b, corners, grain))


def hull(a: Domain, b: Domain) -> Domain | None:
    """Return the domain of a value that may be of either: of a selection, a minimum."""
    kind = a.kind if ORDER[a.kind] >= ORDER[b.kind] else b.kind
    return allowed(
        Domain(
            kind,
            min(a.low, b.low),
            max(a.high, b.high),
            min(a.grain, b.grain),
            max(a.error, b.error),
            a.excludes_zero and b.excludes_zero,
        )
    )


def bits(a: Domain, b: Domain) -> Domain:
    """Return the domain of ``a | b`` and ``a ^ b`` of ints."""
    top = 2 ** max(int(v).bit_length() for v in (a.low, a.high, b.low, b.high))
    return whole(0 if a.low >= 0 and b.low >= 0 else -top, top - 1)


def both_bits(a: Domain, b: Domain) -> Domain:
    """Return the domain of ``a & b`` of ints."""
    not_negative = [int(d.high) for d in (a, b) if d.low >= 0]
    return whole(0, min(not_negative)) if not_negative else bits(a, b)


def magnitude(a: Domain) -> Domain:
    """Return the domain of ``abs(a)``."""
    kind = "int" if a.kind == "bool" else a.kind
    return replace(a, kind=kind, low=max(a.low, -a.high, 0), high=a.size)


def clamped(a: Domain, low: float, high: float) -> Domain:
    """Return the domain of ``min(max(a, low), high)``."""
    grain = min(a.grain, grain_of(low), grain_of(high))
    new_low, new_high = min(max(a.low, low), high), min(max(a.high, low), high)
    return replace(a, low=new_low, high=new_high, grain=grain, nonzero=False)


def grain_of(value: float) -> float:
    """Return the largest power of two, at most 1, that a number is a multiple of."""
    grain = 1.0
    while value % grain:
        grain /= 2
    return grain


def rough(low: float, high: float, error: float) -> Domain:
    """Return the domain of a float that differs from CPython's by at most ``error``."""
    return Domain("float", low, high, 0.0, error + EPSILON * max(abs(low), abs(high)))
