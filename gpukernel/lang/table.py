"""The shape of a row: one operator or builtin, written once, read by every stage.

``lang/operators.py`` and ``lang/builtins.py`` are lists of these rows and nothing else in the
project lists operators or builtins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gpukernel.lang.types import FLOAT, INT, SCALARS, UINT, Scalar, Type, converts
from gpukernel.records import record


@record(frozen=True)
class Budget:
    """How far a device may be from the exact result: ``absolute + ulp * spacing(exact)``."""

    ulp: float = 0.0
    absolute: float = 0.0


EXACT = Budget()


@dataclass(frozen=True, eq=False)
class Overload:
    """One signature of a row and its meaning on each device.

    ``numpy`` takes and returns arrays or NumPy scalars (broadcast by NumPy); it works for both
    float32 and float64 where the signature says ``float``, gives int32 for ``int``, uint32 for
    ``uint`` and bool for ``bool``, never raises, and never warns under
    ``np.errstate(all="ignore")``.
    ``glsl`` is an expression template over ``{0}``, ``{1}``, ...; every operand arrives as an
    atom or in parentheses.  ``helpers`` are the GLSL functions it needs, callees first.
    """

    signature: str  # "float, float -> float"
    glsl: str
    numpy: Callable[..., Any]
    helpers: tuple[str, ...] = ()
    params: tuple[Scalar, ...] = field(init=False)
    result: Scalar = field(init=False)

    @property
    def loops(self) -> bool:
        """Whether its GLSL functions run loops."""
        return any("while (" in text or "for (" in text for text in self.helpers)

    def __post_init__(self) -> None:
        left, right = self.signature.split("->")
        params = tuple(SCALARS[name.strip()] for name in left.split(",") if name.strip())
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "result", SCALARS[right.strip()])


@dataclass(frozen=True, eq=False)
class Row:
    """One operator or builtin.

    ``python`` holds the objects the row answers to (``math.sin``, ``np.sin``), or for an operator
    the ``operator`` module's function.  Overloads are tried in order: the first one whose
    parameters the arguments convert to is taken, so narrow ones come first: bool, int, uint, float.
    ``defaults`` is empty, or has one value a parameter: None where an argument must be given.
    ``derivative`` has one kernel-language expression a parameter, over the parameter names,
    ``result`` for the value itself; None says that parameter is not differentiable.
    ``domain`` gives one ``(low, high)`` a parameter: where tests sample it.
    """

    name: str
    parameters: tuple[str, ...]
    overloads: tuple[Overload, ...]
    python: tuple[Callable[..., Any], ...]
    doc: str
    symbol: str = ""
    variadic: bool = False  # more arguments than two fold from the left
    derivative: tuple[str | None, ...] | None = None
    budget: Budget = EXACT
    domain: tuple[tuple[float, float], ...] = ()
    defaults: tuple[float | None, ...] = ()

    def overload(self, arguments: Sequence[Type]) -> Overload | None:
        """Return the first overload that these argument types convert to, or None.

        An int and a uint have no common type but float, which cannot hold them: together they only
        fit rows that know nothing but floats, or an overload that asks for one of each.
        """
        mixed = INT in arguments and UINT in arguments and FLOAT not in arguments
        for overload in self.overloads:
            if len(overload.params) == len(arguments) and all(
                converts(a, p) for a, p in zip(arguments, overload.params)
            ):
                loses = mixed and FLOAT in overload.params and self._takes_ints()
                return None if loses else overload
        return None

    def _takes_ints(self) -> bool:
        return any(p in (INT, UINT) for overload in self.overloads for p in overload.params)
