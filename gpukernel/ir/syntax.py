"""The surface tree: a Python function as the kernel language sees it, before types.

`frontend.parse` makes it with `Name`s; `frontend.resolve` returns it with every `Name` replaced
by a `Local` or a `Global`.  Frozen; every node has a span.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from gpukernel.errors import Span

# ---------------------------------------------------------------- expressions


@dataclass(frozen=True)
class Literal:
    """A number written in the source; ints fit int32 and floats fit float32."""

    value: bool | int | float
    span: Span


@dataclass(frozen=True)
class Name:
    """A name that is read, not yet bound."""

    name: str
    span: Span


@dataclass(frozen=True)
class Local:
    """A read of a parameter or variable of the function."""

    name: str
    span: Span


@dataclass(frozen=True)
class Global:
    """A read of something outside the function: ``path`` is ``("np", "sin")`` for ``np.sin``."""

    path: tuple[str, ...]
    value: object
    span: Span


@dataclass(frozen=True)
class Attribute:
    value: Expr
    name: str
    span: Span


@dataclass(frozen=True)
class Subscript:
    value: Expr
    indices: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True)
class Apply:
    """A call as written."""

    function: Expr
    arguments: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    span: Span


@dataclass(frozen=True)
class Unary:
    symbol: str  # "-", "+", "~", "not"
    operand: Expr
    span: Span


@dataclass(frozen=True)
class Binary:
    symbol: str
    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True)
class Comparison:
    """A chain: ``operands[0] symbols[0] operands[1] symbols[1] ...``."""

    symbols: tuple[str, ...]
    operands: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True)
class Boolean:
    """``and`` or ``or`` of two or more operands."""

    symbol: str
    operands: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True)
class Conditional:
    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span


@dataclass(frozen=True)
class Sequence:
    """A tuple as written."""

    elements: tuple[Expr, ...]
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
]

# ---------------------------------------------------------------- statements


@dataclass(frozen=True)
class TargetName:
    name: str
    span: Span


@dataclass(frozen=True)
class TargetTuple:
    elements: tuple[Target, ...]
    span: Span


Target = Union[TargetName, TargetTuple]


@dataclass(frozen=True)
class Assign:
    """``targets[0] = targets[1] = value``."""

    targets: tuple[Target, ...]
    value: Expr
    span: Span


@dataclass(frozen=True)
class Augmented:
    target: TargetName
    symbol: str
    value: Expr
    span: Span


@dataclass(frozen=True)
class If:
    condition: Expr
    then: tuple[Stmt, ...]
    otherwise: tuple[Stmt, ...]
    span: Span


@dataclass(frozen=True)
class For:
    target: TargetName
    iterable: Expr
    body: tuple[Stmt, ...]
    span: Span


@dataclass(frozen=True)
class While:
    condition: Expr
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


@dataclass(frozen=True)
class Assert:
    condition: Expr
    span: Span


Stmt = Union[Assign, Augmented, If, For, While, Break, Continue, Return, Assert]


@dataclass(frozen=True)
class Parameter:
    name: str
    span: Span


@dataclass(frozen=True)
class Function:
    """A function or lambda; ``span`` covers its name."""

    name: str
    params: tuple[Parameter, ...]
    body: tuple[Stmt, ...]
    span: Span
