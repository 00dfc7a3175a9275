"""The surface tree: a Python function as the kernel language sees it, before types.

`frontend.parse` makes it with `Name`s; `frontend.resolve` returns it with every `Name` replaced
by a `Local` or a `Global`.  Frozen; every node has a span.  A variable of a comprehension is
called ``x@1``, so that it is none of the function's own.
"""

from __future__ import annotations

import inspect
from typing import Union

from gpukernel.errors import Span
from gpukernel.records import record

# ---------------------------------------------------------------- expressions


@record(frozen=True)
class Literal:
    """A number written in the source; floats fit float32, ints int32 or uint32."""

    value: bool | int | float
    span: Span


@record(frozen=True)
class Name:
    """A name that is read, not yet bound."""

    name: str
    span: Span


@record(frozen=True)
class Local:
    """A read of a parameter or variable of the function, or of a function around it."""

    name: str
    span: Span


@record(frozen=True)
class Global:
    """A read of something outside the function: ``path`` is ``("np", "sin")`` for ``np.sin``."""

    path: tuple[str, ...]
    value: object
    span: Span


@record(frozen=True)
class Attribute:
    value: Expr
    name: str
    span: Span


@record(frozen=True)
class Subscript:
    value: Expr
    indices: tuple[Expr, ...]
    span: Span


@record(frozen=True)
class Apply:
    """A call as written."""

    function: Expr
    arguments: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    span: Span


@record(frozen=True)
class Unary:
    symbol: str  # "-", "+", "~", "not"
    operand: Expr
    span: Span


@record(frozen=True)
class Binary:
    symbol: str
    left: Expr
    right: Expr
    span: Span


@record(frozen=True)
class Comparison:
    """A chain: ``operands[0] symbols[0] operands[1] symbols[1] ...``."""

    symbols: tuple[str, ...]
    operands: tuple[Expr, ...]
    span: Span


@record(frozen=True)
class Boolean:
    """``and`` or ``or`` of two or more operands."""

    symbol: str
    operands: tuple[Expr, ...]
    span: Span


@record(frozen=True)
class Conditional:
    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span


@record(frozen=True)
class Sequence:
    """A tuple as written."""

    elements: tuple[Expr, ...]
    span: Span


@record(frozen=True)
class ListDisplay:
    """A list as written: ``[a, b, c]``."""

    elements: tuple[Expr, ...]
    span: Span


@record(frozen=True)
class Comprehension:
    """``[element for target in iterable if conditions]``, or a generator expression."""

    element: Expr
    target: Target
    iterable: Expr
    conditions: tuple[Expr, ...]
    is_list: bool
    span: Span


@record(frozen=True)
class Lambda:
    """A function as an expression."""

    function: Function
    span: Span


Expr = Union[
    Literal,
    Name,
    Local,
    Global,
    Attribute,
    Subscript,
    Apply,
    Unary,
    Binary,
    Comparison,
    Boolean,
    Conditional,
    Sequence,
    ListDisplay,
    Comprehension,
    Lambda,
]

# ---------------------------------------------------------------- statements


@record(frozen=True)
class TargetName:
    name: str
    span: Span


@record(frozen=True)
class TargetTuple:
    elements: tuple[Target, ...]
    span: Span


@record(frozen=True)
class TargetElement:
    """``value[indices] = ...``"""

    value: Expr
    indices: tuple[Expr, ...]
    span: Span


@record(frozen=True)
class TargetAttribute:
    """``value.name = ...``: a component of a vector."""

    value: Expr
    name: str
    span: Span


Target = Union[TargetName, TargetTuple, TargetElement, TargetAttribute]


@record(frozen=True)
class Assign:
    """``targets[0] = targets[1] = value``."""

    targets: tuple[Target, ...]
    value: Expr
    span: Span


@record(frozen=True)
class Augmented:
    target: TargetName | TargetElement | TargetAttribute
    symbol: str
    value: Expr
    span: Span


@record(frozen=True)
class If:
    condition: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]
    span: Span


@record(frozen=True)
class For:
    """``otherwise`` is the ``else`` of the loop: it runs when no ``break`` left it."""

    target: Target
    iterable: Expr
    body: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]
    span: Span


@record(frozen=True)
class While:
    condition: Expr
    body: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]
    span: Span


@record(frozen=True)
class Break:
    span: Span


@record(frozen=True)
class Continue:
    span: Span


@record(frozen=True)
class Return:
    value: Expr
    span: Span


@record(frozen=True)
class Assert:
    condition: Expr
    message: str  # as written, "" where there is none
    span: Span


@record(frozen=True)
class Define:
    """A function defined inside another one."""

    function: Function
    span: Span


@record(frozen=True)
class Evaluate:
    """A call whose value is not used: it changes the lists it is given."""

    value: Apply
    span: Span


Stmt = Union[Assign, Augmented, If, For, While, Break, Continue, Return, Assert, Define, Evaluate]


@record(frozen=True)
class Parameter:
    """``kind`` is one of `inspect.Parameter`'s; defaults are read for nested functions only."""

    name: str
    span: Span
    kind: inspect._ParameterKind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    default: Expr | None = None


@record(frozen=True)
class Function:
    """A function or lambda; ``span`` covers its name.

    ``outer`` are the variables of the functions around it that it reads: set by resolve.
    """

    name: str
    params: tuple[Parameter, ...]
    body: tuple[Stmt, ...]
    span: Span
    outer: tuple[str, ...] = ()
