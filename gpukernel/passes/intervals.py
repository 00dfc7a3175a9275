"""Ranges of ints: what an operator gives for operands that are known to lie in ranges.

An `Interval` is a pair of the least and the largest value, both possible as far as is known;
`EMPTY`, and any pair with the least above the largest, is the range of code that never runs.
Results that may leave the range of int32 wrap to anything: `FULL`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.operators import BINARY, UNARY
from gpukernel.lang.table import Overload
from gpukernel.lang.types import BOOL, INT, INT_MAX, INT_MIN

Interval = tuple[int, int]
FULL: Interval = (INT_MIN, INT_MAX)
EMPTY: Interval = (1, 0)


def union(parts: Iterable[Interval]) -> Interval:
    """Return the smallest range that holds all of these."""
    found = [part for part in parts if part[0] <= part[1]]
    if not found:
        return EMPTY
    return min(low for low, _ in found), max(high for _, high in found)


def inside_int32(low: int, high: int) -> Interval:
    """Return the range of results, which is everything when some of them wrap."""
    return (low, high) if low >= INT_MIN and high <= INT_MAX else FULL


def add(x: Interval, y: Interval) -> Interval:
    return inside_int32(x[0] + y[0], x[1] + y[1])


def subtract(x: Interval, y: Interval) -> Interval:
    return inside_int32(x[0] - y[1], x[1] - y[0])


def multiply(x: Interval, y: Interval) -> Interval:
    corners = [a * b for a in x for b in y]
    return inside_int32(min(corners), max(corners))


def floor_divide(x: Interval, y: Interval) -> Interval:
    if y[0] <= 0 <= y[1]:  # no quotient is larger than the dividend, and by 0 it is 0
        size = max(abs(x[0]), abs(x[1]))
        return inside_int32(-size, size)
    corners = [a // b for a in x for b in y]
    return inside_int32(min(corners), max(corners))


def modulo(x: Interval, y: Interval) -> Interval:
    if y[0] == y[1] != 0 and x[0] // y[0] == x[1] // y[0]:
        ends = x[0] % y[0], x[1] % y[0]
        return min(ends), max(ends)
    if x[0] >= 0 and y[0] > x[1]:
        return x
    return min(y[0] + 1, 0), max(y[1] - 1, 0)


def negate(x: Interval) -> Interval:
    return inside_int32(-x[1], -x[0])


def invert(x: Interval) -> Interval:
    return -x[1] - 1, -x[0] - 1


def absolute(x: Interval) -> Interval:
    sizes = abs(x[0]), abs(x[1])
    return inside_int32(0 if x[0] <= 0 <= x[1] else min(sizes), max(sizes))


def smallest(x: Interval, y: Interval) -> Interval:
    return min(x[0], y[0]), min(x[1], y[1])


def largest(x: Interval, y: Interval) -> Interval:
    return max(x[0], y[0]), max(x[1], y[1])


def clamp(x: Interval, low: Interval, high: Interval) -> Interval:
    return smallest(largest(x, low), high)


def sign(x: Interval) -> Interval:
    return max(min(x[0], 1), -1), max(min(x[1], 1), -1)


def bit_and(x: Interval, y: Interval) -> Interval:
    if x[0] == x[1] and y[0] == y[1]:
        return x[0] & y[0], x[0] & y[0]
    naturals = [high for low, high in (x, y) if low >= 0]
    return (0, min(naturals)) if naturals else FULL


def bit_or(x: Interval, y: Interval) -> Interval:
    """Return the range of ``|`` and ``^``."""
    if x[0] < 0 or y[0] < 0:
        return FULL
    return 0, (1 << max(x[1], y[1]).bit_length()) - 1


def shift_left(x: Interval, y: Interval) -> Interval:
    if y[0] != y[1]:
        return FULL
    factor = 1 << y[0] if 0 <= y[0] < 32 else 0
    return multiply(x, (factor, factor))


def shift_right(x: Interval, y: Interval) -> Interval:
    if y[0] < 0:
        return union([(0, 0), x, (-1, 0)])
    corners = [a >> min(b, 31) for a in x for b in y]
    return min(corners), max(corners)


def same(x: Interval) -> Interval:
    return x


def either(x: Interval, y: Interval) -> Interval:
    return union((x, y))


def steps(start: Interval, stop: Interval, step: Interval) -> Interval:
    """Return the values of the variable of ``for name in range(start, stop, step)``."""
    if step[0] > 0:
        last = stop[1] - 1
        if start[0] == start[1] and step[0] == step[1] and last >= start[0]:
            last -= (last - start[0]) % step[0]
        return start[0], last
    if step[1] < 0:
        last = stop[0] + 1
        if start[0] == start[1] and step[0] == step[1] and last <= start[0]:
            last += (start[0] - last) % -step[0]
        return last, start[1]
    return min(start[0], stop[0] + 1), max(start[1], stop[1] - 1)


_RULES: dict[str, Callable[..., Interval]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "//": floor_divide,
    "%": modulo,
    "&": bit_and,
    "|": bit_or,
    "^": bit_or,
    "<<": shift_left,
    ">>": shift_right,
}
_UNARY_RULES: dict[str, Callable[..., Interval]] = {"-": negate, "+": same, "~": invert}
_BUILTIN_RULES: dict[str, Callable[..., Interval]] = {
    "abs": absolute,
    "min": smallest,
    "max": largest,
    "np.minimum": smallest,
    "np.maximum": largest,
    "np.fmin": smallest,
    "np.fmax": largest,
    "clamp": clamp,
    "np.clip": clamp,
    "sign": sign,
    "round": same,
    "floor": same,
    "ceil": same,
    "trunc": same,
    "np.where": either,
}


def _rules() -> dict[int, tuple[Overload, Callable[..., Interval]]]:
    rows: list[tuple[Any, Callable[..., Interval]]] = []
    rows += [(BINARY[symbol], rule) for symbol, rule in _RULES.items()]
    rows += [(UNARY[symbol], rule) for symbol, rule in _UNARY_RULES.items()]
    rows += [(row, _BUILTIN_RULES[row.name]) for row in BUILTINS if row.name in _BUILTIN_RULES]
    found = {}
    for row, rule in rows:
        for overload in row.overloads:
            if overload.result == INT and set(overload.params) <= {BOOL, INT}:
                found[id(overload)] = overload, rule
    return found


_BY_OVERLOAD = _rules()


def rule_for(overload: Overload) -> Callable[..., Interval] | None:
    """Return how a function maps the ranges of its ints, or None where nothing is known.

    Operands that are bools do not count.
    """
    found = _BY_OVERLOAD.get(id(overload))
    return None if found is None else found[1]
