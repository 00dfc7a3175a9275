"""The typed program that both devices run.

Frozen dataclasses; every node has a span and every expression a type.  What Python has and this
tree does not (tuples, chained comparisons, augmented assignment, helper specialisation) has been
lowered away by ``frontend.infer``: operators and builtins are both `Call`s of a table row, and
variables are scalars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from gpukernel.errors import Span
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import ArrayType, Scalar

# ---------------------------------------------------------------- expressions


@dataclass(frozen=True)
class Constant:
    """A number known at compile time; ``value`` is a bool, int (int32 range) or float."""

    value: bool | int | float
    type: Scalar
    span: Span


@dataclass(frozen=True)
class Name:
    """A read of a local variable or of a helper's parameter."""

    name: str
    type: Scalar
    span: Span


@dataclass(frozen=True)
class Uniform:
    """A read of a launch scalar: a kernel's scalar argument or a captured number."""

    name: str
    type: Scalar
    span: Span


@dataclass(frozen=True)
class GridIndex:
    """One component of ``index()``: the output position along ``axis``."""

    axis: int
    type: Scalar  # INT
    span: Span


@dataclass(frozen=True)
class Extent:
    """``array.shape[axis]``; the array is named as in ``Program.arrays``."""

    array: str
    axis: int
    type: Scalar  # INT
    span: Span


@dataclass(frozen=True)
class Load:
    """``array[indices]``: one int expression an axis; out of range reads give zero."""

    array: str
    indices: tuple[Expr, ...]
    type: Scalar
    span: Span


@dataclass(frozen=True)
class Call:
    """An operator or builtin applied to arguments that have exactly ``overload.params`` types."""

    row: Row
    overload: Overload
    arguments: tuple[Expr, ...]
    type: Scalar
    span: Span


@dataclass(frozen=True)
class Invoke:
    """A call of another function of the program, by its unique name."""

    function: str
    arguments: tuple[Expr, ...]
    type: Scalar
    span: Span


@dataclass(frozen=True)
class Logical:
    """Short-circuit ``and`` / ``or`` of two bools."""

    operator: str  # "and" | "or"
    left: Expr
    right: Expr
    type: Scalar  # BOOL
    span: Span


@dataclass(frozen=True)
class Select:
    """``then if condition else otherwise``: only the chosen side is evaluated."""

    condition: Expr
    then: Expr
    otherwise: Expr
    type: Scalar
    span: Span


@dataclass(frozen=True)
class Cast:
    """Conversion between scalar types: ``int(x)``, ``float(x)``, ``bool(x)`` and joins.

    float to int truncates and saturates, nan gives 0; anything to bool is ``x != 0``.
    """

    value: Expr
    type: Scalar
    span: Span


@dataclass(frozen=True)
class Bind:
    """Evaluate ``value``, keep it in the local ``name``, and give it: an operand used twice."""

    name: str
    value: Expr
    type: Scalar
    span: Span


Expr = Union[
    Constant,
    Name,
    Uniform,
    GridIndex,
    Extent,
    Load,
    Call,
    Invoke,
    Logical,
    Select,
    Cast,
    Bind,
]

# ---------------------------------------------------------------- statements


@dataclass(frozen=True)
class Assign:
    """``name = value``; the value has the variable's type."""

    name: str
    value: Expr
    span: Span


@dataclass(frozen=True)
class If:
    condition: Expr  # bool
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]
    span: Span


@dataclass(frozen=True)
class For:
    """``for name in range(start, stop, step)`` with Python's meaning.

    The bounds are evaluated once; assigning to ``name`` inside does not change the iteration;
    ``name`` keeps its last value after the loop and is untouched when there is no iteration.
    A step of zero runs no iteration.
    """

    name: str
    start: Expr
    stop: Expr
    step: Expr
    body: tuple[Stmt, ...]
    span: Span


@dataclass(frozen=True)
class While:
    condition: Expr  # bool
    body: tuple[Stmt, ...]
    span: Span


@dataclass(frozen=True)
class Break:
    span: Span


@dataclass(frozen=True)
class Continue:
    span: Span


@dataclass(frozen=True)
class Return:
    value: Expr
    span: Span


Stmt = Union[Assign, If, For, While, Break, Continue, Return]

# ---------------------------------------------------------------- program


@dataclass(frozen=True)
class Variable:
    """A typed name: a parameter, a local, or a launch scalar."""

    name: str
    type: Scalar


@dataclass(frozen=True)
class ArrayInput:
    """An array that the program reads, by its unique name."""

    name: str
    type: ArrayType


@dataclass(frozen=True)
class Function:
    """A device function; every path through ``body`` ends in a `Return`.

    ``locals`` lists every variable assigned in the body that is not a parameter, each name once.
    """

    name: str
    params: tuple[Variable, ...]
    locals: tuple[Variable, ...]
    body: tuple[Stmt, ...]
    result: Scalar
    span: Span


@dataclass(frozen=True)
class Program:
    """All that a launch runs: ``functions`` has callees first and the kernel last.

    The kernel itself has no params: it reads ``arrays`` by `Load` and ``uniforms`` by `Uniform`.
    """

    name: str
    grid_rank: int  # 1 to 4
    arrays: tuple[ArrayInput, ...]
    uniforms: tuple[Variable, ...]
    functions: tuple[Function, ...]

    @property
    def kernel(self) -> Function:
        return self.functions[-1]
