"""Every row of the tables over samples of its domain, against the function it stands for."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MAX, INT_MIN, UINT, UINT_MAX, Scalar
from gpukernel.selftest.check import Check
from gpukernel.selftest.compare import Comparison

SAMPLES = 61  # of every row; not a multiple of 4, so that the last texel is a partial one
DTYPES: dict[Scalar, Any] = {FLOAT: np.float32, INT: np.int32, UINT: np.uint32, BOOL: np.bool_}
RANGES = {INT: (INT_MIN, INT_MAX), UINT: (0, UINT_MAX)}
NAMES = "xyzw"


@dataclass(frozen=True)
class RowCheck(Check):
    """One signature of a row, applied to every sample by a kernel made from ``form``.

    ``form`` is an expression over ``{0}``, ``{1}``, ... and ``function``, the row's own.
    """

    group: str
    row: Row
    overload: Overload
    form: str

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"{self.row.name}({self.overload.signature})"

    def compare(self, device: str) -> list[Comparison]:
        """Launch over all samples that Python has an answer for."""
        inputs, exact = self.samples
        made = gk.from_source(self.source(), "apply", {"function0": self.row.python[0]})
        result = made(*inputs, device=device).numpy()
        return [Comparison(result, exact, self.row.budget)]

    def family(self) -> Hashable:
        """All rows of a group can run in one launch."""
        return self.group

    def join(self, others: Sequence[RowCheck]) -> Check:
        """Return a check with an output for each row."""
        return JoinedRows(self.group, (self, *others))

    @cached_property
    def samples(self) -> tuple[list[np.ndarray], np.ndarray]:
        """One array a parameter and the exact results; without what Python refuses."""
        random = np.random.default_rng(7)
        columns = [
            sample(scalar, domain, random)
            for scalar, domain in zip(self.overload.params, self.row.domain or ((-4.0, 4.0),) * 4)
        ]
        exact = exact_results(self.row, self.overload, columns)
        result = self.overload.result
        kept = [n for n, value in enumerate(exact) if value is not None and fits(value, result)]
        chosen = np.resize(kept, SAMPLES)  # repeated, so that all rows have equally many
        values = [exact[n] for n in chosen]
        if result != FLOAT:
            return [column[chosen] for column in columns], np.array(values, DTYPES[result])
        wanted = np.empty(SAMPLES, object)
        wanted[:] = values
        return [column[chosen] for column in columns], wanted

    def arguments(self) -> Mapping[str, Any]:
        """Return the samples by name."""
        return dict(zip(NAMES, self.samples[0]))

    def source(self) -> str:
        """Return the text of the kernel."""
        names = NAMES[: len(self.overload.params)]
        call = self.call(0, [f"{name}[i]" for name in names])
        return f"def apply({', '.join(names)}):\n    i = index()\n    return {call}\n"

    def call(self, number: int, operands: Sequence[str]) -> str:
        """Return the expression with these operands, ``function<number>`` being the row's own."""
        return self.form.replace("function", f"function{number}").format(*operands)


@dataclass(frozen=True)
class JoinedRows(Check):
    """Rows applied by one kernel, an output for each; the samples of a type share an array."""

    group: str
    rows: tuple[RowCheck, ...]

    @property
    def name(self) -> str:  # type: ignore[override]
        return " + ".join(row.name for row in self.rows)

    def compare(self, device: str) -> list[Comparison]:
        """Launch once over the samples of all rows."""
        names = {f"function{n}": row.row.python[0] for n, row in enumerate(self.rows)}
        made = gk.from_source(self.source(), "apply", names)
        outputs = made(*self.arguments().values(), shape=SAMPLES, device=device)
        return [
            Comparison(output.numpy(), row.samples[1], row.row.budget)
            for output, row in zip(outputs, self.rows)
        ]

    def arguments(self) -> Mapping[str, Any]:
        """Return one array for each type that occurs, a row for each parameter of that type."""
        columns: dict[str, list[np.ndarray]] = {}
        for row in self.rows:
            for scalar, column in zip(row.overload.params, row.samples[0]):
                columns.setdefault(f"{scalar}s", []).append(column)
        return {name: np.stack(found) for name, found in columns.items()}

    def source(self) -> str:
        """Return the text of the kernel."""
        used: Counter[str] = Counter()
        calls = []
        for n, row in enumerate(self.rows):
            operands = []
            for scalar in row.overload.params:
                operands.append(f"{scalar}s[{used[f'{scalar}s']}, i]")
                used[f"{scalar}s"] += 1
            calls.append(f"        {row.call(n, operands)},\n")
        body = f"    i = index()\n    return (\n{''.join(calls)}    )\n"
        return f"def apply({', '.join(used)}):\n{body}"


def row_checks() -> Iterator[Check]:
    """Yield a check for every signature of every operator and builtin."""
    for row in (*BINARY.values(), *COMPARE.values()):
        yield from _each(row, "operators", "{0} " + row.symbol + " {1}")
    for row in UNARY.values():
        yield from _each(row, "operators", row.symbol + " {0}")
    for row in BUILTINS:
        yield from _each(row, "builtins", "")


def _each(row: Row, group: str, form: str) -> Iterator[Check]:
    for overload in row.overloads:
        places = ", ".join(f"{{{n}}}" for n in range(len(overload.params)))
        yield RowCheck(group, row, overload, form or f"function({places})")


def exact_results(row: Row, overload: Overload, columns: list[np.ndarray]) -> list[Any]:
    """Return what Python's function gives for every sample, in double precision."""
    if isinstance(row.python[0], np.ufunc) or UINT in overload.params:
        # Python's ints are unbounded and NumPy leaves some results open (a negative shift): the
        # table says the language's.
        wide = [c.astype(np.float64) if c.dtype == np.float32 else c for c in columns]
        with np.errstate(all="ignore"):
            results: list[Any] = np.broadcast_to(overload.numpy(*wide), columns[0].shape).tolist()
        return results
    required = row.defaults.count(None) if row.defaults else len(columns)
    names = row.parameters[required : len(columns)]
    return [
        call_python(row.python[0], values[:required], dict(zip(names, values[required:])))
        for values in zip(*(column.tolist() for column in columns))
    ]


def sample(scalar: Scalar, domain: tuple[float, float], random: np.random.Generator) -> np.ndarray:
    """Return values of a domain, its ends included."""
    low, high = domain
    values = np.concatenate([[low, high], random.uniform(low, high, SAMPLES - 2)])
    if scalar == FLOAT:
        return np.asarray(np.clip(values, low, high), np.float32)
    if scalar == BOOL:
        return np.asarray(values > (low + high) / 2)
    return np.asarray(np.rint(np.clip(values, *RANGES[scalar])), DTYPES[scalar])


def call_python(
    function: Callable[..., Any], values: Sequence[Any], keywords: dict[str, Any]
) -> Any:
    """Return what Python gives, or None where it raises."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*values, **keywords)
    except (ArithmeticError, ValueError):
        return None


def fits(value: Any, scalar: Scalar) -> bool:
    """Whether the exact value can be compared: an int of 32 bits, a float32 that is finite."""
    if scalar == FLOAT:
        return not isinstance(value, complex) and bool(abs(value) < 3e38)
    if isinstance(value, float):  # of ints: Python leaves the ints, as for 2 ** -1
        return False
    return scalar == BOOL or RANGES[scalar][0] <= value <= RANGES[scalar][1]
