"""Random numbers: a draw hashes the seed, the cell and the number of draws made so far.

The number of draws is hidden state: functions that draw take it and give it back, so that every
draw of a cell is another one, wherever it is made.
"""

from __future__ import annotations

from abc import abstractmethod

from gpukernel.errors import Span
from gpukernel.frontend.infer_statements import StatementInference
from gpukernel.frontend.values import ErrorValue, Value
from gpukernel.ir import nodes
from gpukernel.ir.constants import cast
from gpukernel.lang.operators import BINARY
from gpukernel.lang.random import normal, randint
from gpukernel.lang.random_rows import RANDOM_BITS, RANDOM_FLOAT, RANDOM_INT, RANDOM_NORMAL
from gpukernel.lang.types import BOOL, INT, UINT

DRAWS = "%draws"


class RandomInference(StatementInference):
    """The random numbers of a function's inference."""

    def __init__(self) -> None:
        super().__init__()
        self.reset_random()

    def reset_random(self) -> None:
        self.cell: nodes.Expr | None = None

    @abstractmethod
    def seed_word(self, position: int, span: Span) -> nodes.Expr:
        """Return the low (0) or high (1) word of the launch's seed."""

    def draw(self, which: object, arguments: list[Value], span: Span) -> Value:
        name = str(getattr(which, "__name__", which))
        wanted = 2 if which is randint else 0
        if len(arguments) != wanted:
            form = "randint(low, high)" if wanted else f"{name}()"
            message = f"{name}() takes {wanted or 'no'} arguments, got {len(arguments)}"
            return self.error(span, message, f"write {form}")
        words = [self.seed_word(0, span), self.seed_word(1, span), self.cell_number(span)]
        draws = nodes.Name(self.temporary(UINT), UINT, span)
        self.emit(nodes.Assign(draws.name, self.state(DRAWS), span))
        bits = self.once(self.scalar_call(RANDOM_BITS, [*words, draws], span))
        one = nodes.Constant(1, UINT, span)
        self.emit(nodes.Assign(DRAWS, self.scalar_call(BINARY["+"], [draws, one], span), span))
        if which is not randint:
            return self.call(RANDOM_NORMAL if which is normal else RANDOM_FLOAT, [bits], span)
        low, high = (self.int_bound(a, span) for a in arguments)
        if low is None or high is None:
            return ErrorValue()
        return self.call(RANDOM_INT, [bits, low, high], span)

    def int_bound(self, value: Value, span: Span) -> nodes.Expr | None:
        number = self.as_number(value, span, "a bound of randint()")
        if number is None:
            return None
        if number.type not in (BOOL, INT):
            hint = "convert it with int(...)"
            self.error(span, f"a bound of randint() must be an int, not {number.type}", hint)
            return None
        return cast(number, INT)

    def cell_number(self, span: Span) -> nodes.Expr:
        """Return the row-major number of the cell in the grid, computed once."""
        if self.cell is None:
            outer, self.block = self.block, self.prelude
            number: nodes.Expr = nodes.GridIndex(0, INT, span)
            for axis in range(1, self.grid_rank):
                extent, place = nodes.GridExtent(axis, INT, span), nodes.GridIndex(axis, INT, span)
                row = self.scalar_call(BINARY["*"], [number, extent], span)
                number = self.scalar_call(BINARY["+"], [row, place], span)
            self.cell = self.once(cast(number, UINT))
            self.block = outer
        return self.cell
