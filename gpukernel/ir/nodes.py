"""The typed program that both devices run.

Frozen dataclasses; every node has a span and every expression a type.  What Python has and this
tree does not (tuples, vectors, nested lists, chained comparisons, augmented assignment, helper
specialisation, random numbers) has been lowered away by ``frontend.infer``: operators and builtins
are both `Call`s of a table row, and a variable is a scalar or a flat list of scalars.

Expressions have no side effects except `Bind`, and except that an `Invoke` may change the lists
and fail the checks that its function does; those are statements of their own (`Assign` of nothing
but the `Invoke`).
"""

from __future__ import annotations

from typing import Union

from gpukernel.errors import Span
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import ELEMENT_TYPES, ArrayType, ListType, Scalar
from gpukernel.records import record

# ---------------------------------------------------------------- expressions


@record(frozen=True)
class Constant:
    """A number known at compile time; ``value`` is a bool, int (int32 range) or float."""

    value: bool | int | float
    type: Scalar
    span: Span


@record(frozen=True)
class Name:
    """A read of a local variable or of a helper's parameter."""

    name: str
    type: Scalar
    span: Span


@record(frozen=True)
class Uniform:
    """A read of a launch scalar: a kernel's scalar argument or a captured number."""

    name: str
    type: Scalar
    span: Span


@record(frozen=True)
class GridIndex:
    """One component of ``index()``: the output position along ``axis``.

    In a program that computes several rows at once, ``tile`` says which of them is meant; in all
    others it is 0.
    """

    axis: int
    type: Scalar  # INT
    span: Span
    tile: int = 0


@record(frozen=True)
class GridExtent:
    """The size of the grid along ``axis``."""

    axis: int
    type: Scalar  # INT
    span: Span


@record(frozen=True)
class Extent:
    """``array.shape[axis]``; the array is named as in ``Program.arrays``."""

    array: str
    axis: int
    type: Scalar  # INT
    span: Span


@record(frozen=True)
class Load:
    """``array[indices]``: one int expression an axis.

    An index out of range reads what the array's ``boundary`` says: see `ArrayInput`.  Where there
    are ``boundaries``, one an axis, one that is not empty takes the place of the array's: ``wrap``
    or ``clamp``.  With ``_low`` or ``_high`` these apply to indices below 0 or beyond the end only,
    and with ``_step`` to the first of these only: no such reads are left in a program that is run.
    """

    array: str
    indices: tuple[Expr, ...]
    type: Scalar
    span: Span
    boundaries: tuple[str, ...] = ()


@record(frozen=True)
class Element:
    """``name[index]`` of a local list; an index out of range (0 to size - 1) reads zero."""

    name: str
    index: Expr  # int
    type: Scalar
    span: Span


@record(frozen=True)
class ListName:
    """A whole local list: only as an argument of a call or as a returned value."""

    name: str
    type: ListType
    span: Span


@record(frozen=True)
class Call:
    """An operator or builtin applied to arguments that have exactly ``overload.params`` types."""

    row: Row
    overload: Overload
    arguments: tuple[Expr, ...]
    type: Scalar
    span: Span


@record(frozen=True)
class Invoke:
    """A call of another function of the program, by its unique name; it has one scalar result.

    A `ListName` is passed by reference: what the function writes to it, the caller sees.
    """

    function: str
    arguments: tuple[Expr, ...]
    type: Scalar
    span: Span


@record(frozen=True)
class Logical:
    """Short-circuit ``and`` / ``or`` of two bools."""

    operator: str  # "and" | "or"
    left: Expr
    right: Expr
    type: Scalar  # BOOL
    span: Span


@record(frozen=True)
class Select:
    """``then if condition else otherwise``: only the chosen side is evaluated."""

    condition: Expr
    then: Expr
    otherwise: Expr
    type: Scalar
    span: Span


@record(frozen=True)
class Cast:
    """Conversion between scalar types: ``int(x)``, ``float(x)``, ``bool(x)`` and joins.

    float to int or uint truncates and saturates, nan gives 0; int to uint and back keeps the bits;
    anything to bool is ``x != 0``.
    """

    value: Expr
    type: Scalar
    span: Span


@record(frozen=True)
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
    GridExtent,
    Extent,
    Load,
    Element,
    ListName,
    Call,
    Invoke,
    Logical,
    Select,
    Cast,
    Bind,
]

# ---------------------------------------------------------------- statements


@record(frozen=True)
class Assign:
    """``name = value``; the value has the variable's type."""

    name: str
    value: Expr
    span: Span


@record(frozen=True)
class SetElement:
    """``name[index] = value`` of a local list; an index out of range writes nothing."""

    name: str
    index: Expr  # int
    value: Expr
    span: Span


@record(frozen=True)
class Fill:
    """Every element of the local list ``name`` becomes ``value``."""

    name: str
    value: Expr
    span: Span


@record(frozen=True)
class CopyList:
    """The local list ``name`` takes the values of another one of the same type."""

    name: str
    source: str
    span: Span


@record(frozen=True)
class InvokeInto:
    """Call a function and put its results, scalars and lists, into ``targets`` in order."""

    targets: tuple[str, ...]
    function: str
    arguments: tuple[Expr, ...]
    span: Span


@record(frozen=True)
class Check:
    """Where ``condition`` is false the cell fails: ``Program.failures[failure]`` says how.

    ``values`` are up to four ints for the message.  The first failed check of a cell counts;
    execution goes on after it.
    """

    condition: Expr  # bool
    failure: int
    values: tuple[Expr, ...]
    span: Span


@record(frozen=True)
class If:
    condition: Expr  # bool
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]
    span: Span


@record(frozen=True)
class For:
    """``for name in range(start, stop, step)`` with Python's meaning.

    The bounds are evaluated once; assigning to ``name`` inside does not change the iteration;
    ``name`` keeps its last value after the loop and is untouched when there is no iteration.
    A step of zero runs no iteration.  ``is_short`` says that there are a few iterations at most:
    it changes nothing but how the loop had better be compiled.
    """

    name: str
    start: Expr
    stop: Expr
    step: Expr
    body: tuple[Stmt, ...]
    span: Span
    is_short: bool = False


@record(frozen=True)
class While:
    condition: Expr  # bool
    body: tuple[Stmt, ...]
    span: Span


@record(frozen=True)
class Break:
    span: Span


@record(frozen=True)
class Continue:
    span: Span


@record(frozen=True)
class Return:
    """Leave the function with its results, scalars or `ListName`s."""

    values: tuple[Expr, ...]
    span: Span


Stmt = Union[
    Assign,
    SetElement,
    Fill,
    CopyList,
    InvokeInto,
    Check,
    If,
    For,
    While,
    Break,
    Continue,
    Return,
]

# ---------------------------------------------------------------- program


@record(frozen=True)
class Variable:
    """A typed name: a parameter, a local, or a launch scalar (a launch scalar is no list).

    ``is_captured`` says of a launch scalar that it is a captured number: those seldom change.
    """

    name: str
    type: Scalar | ListType
    is_captured: bool = False


BOUNDARIES = ("zero", "clamp", "wrap", "reflect")
AXIS_BOUNDARIES = (
    "",
    *(
        kind + side
        for kind in ("wrap", "clamp")
        for side in ("", "_low", "_high", "_low_step", "_high_step")
    ),
)


@record(frozen=True)
class ArrayInput:
    """An array that the program reads, by its unique name.

    ``boundary`` says what an index ``i`` out of range of an axis of size ``n`` reads: ``zero`` 0;
    ``clamp`` the nearest element; ``wrap`` element ``i mod n``; ``reflect`` the array mirrored at
    its first and last element, neither repeated (``i mod 2(n - 1)``, element 0 where n is 1).
    With ``zero`` one index out of range makes the element 0, and an axis of size 0 always reads 0.
    """

    name: str
    type: ArrayType
    boundary: str = "zero"


@record(frozen=True)
class Output:
    """One array that a launch fills.

    The array has the shape of the grid, or with ``size`` that shape and a last axis of ``size``
    elements.  It takes the next ``size or 1`` results of the kernel, which have the scalar type of
    ``dtype``; ints saturate to a smaller dtype, and floats are rounded to float16 half to even.
    """

    dtype: str
    size: int | None = None

    @property
    def element(self) -> Scalar:
        return ELEMENT_TYPES[self.dtype]


@record(frozen=True)
class Failure:
    """What a failed `Check` means: the kind of error and the words for its place."""

    kind: str  # "index" | "division" | "negative" | "assert" | "iterations"
    message: str  # with {0} to {3} for the check's values
    span: Span
    array: str = ""  # whose shape belongs into the message


@record(frozen=True)
class Function:
    """A device function; every path through ``body`` ends in a `Return`.

    ``locals`` lists every variable assigned in the body that is not a parameter, each name once.
    Parameters that are lists are the caller's own lists; other parameters are never assigned.
    """

    name: str
    params: tuple[Variable, ...]
    locals: tuple[Variable, ...]
    body: tuple[Stmt, ...]
    results: tuple[Scalar | ListType, ...]
    span: Span


@record(frozen=True)
class Program:
    """All that a launch runs: ``functions`` has callees first and the kernel last.

    The kernel itself has no params: it reads ``arrays`` by `Load` and ``uniforms`` by `Uniform`.
    Its results are scalars, and ``outputs`` says which arrays take them.
    """

    name: str
    grid_rank: int  # 1 to 4
    arrays: tuple[ArrayInput, ...]
    uniforms: tuple[Variable, ...]
    functions: tuple[Function, ...]
    outputs: tuple[Output, ...]
    failures: tuple[Failure, ...] = ()

    @property
    def kernel(self) -> Function:
        return self.functions[-1]
