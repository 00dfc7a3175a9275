"""The table of builtins: every function a kernel may call, written once.

`BUILTINS` lists the rows and `find_builtin` looks one up by the Python object that a name is
bound to.  Functions of the same meaning share a row (``math.sin`` and ``numpy.sin``); where the
modules differ (``math.floor`` gives int, ``numpy.floor`` float; ``min`` drops a nan that
``numpy.minimum`` keeps) each has its own, and NumPy's is called ``np.<name>``.

Budgets are what GLSL 3.30 drivers can keep, not what the best one does.  A derivative may use
the row's parameters, ``result``, and the builtins by their bare names; ``base`` of a one-argument
``log`` stands for e.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gpukernel.lang import functions as gk
from gpukernel.lang import glsl_math as glsl
from gpukernel.lang import numpy_math as total
from gpukernel.lang.glsl_helpers import FLOAT_MOD_HELPER, TO_INT_HELPER, UINT_MOD_HELPER
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.table import EXACT, Budget, Overload, Row

Function = Callable[..., Any]
Range = tuple[float, float]

WIDE: Range = (-100.0, 100.0)
INTS: Range = (-1000, 1000)


def _named(name: str, modules: str = "math np") -> tuple[Function, ...]:
    """Return the functions of that name; older Pythons and NumPys lack some."""
    found = [getattr({"math": math, "np": np}[m], name, None) for m in modules.split()]
    return _unique(f for f in found if f is not None)


def _unique(found: Iterable[Function]) -> tuple[Function, ...]:
    """Return the functions without repeats, by identity (NumPy has aliases)."""
    return tuple({id(function): function for function in found}.values())


def _float_row(
    name: str,
    numpy: Function,
    helpers: tuple[str, ...],
    doc: str,
    *,
    derivative: str | None = None,
    ulp: float = 4.0,
    absolute: float = 0.0,
    domain: Range = WIDE,
    python: tuple[Function, ...] | None = None,
) -> Row:
    """Return a row of one float that calls the GLSL function ``gk_<name>``."""
    return Row(
        name=name,
        parameters=("x",),
        overloads=(Overload("float -> float", f"gk_{name}({{0}})", numpy, helpers),),
        python=_named(name) if python is None else python,
        doc=doc,
        derivative=None if derivative is None else (derivative,),
        budget=Budget(ulp, absolute),
        domain=(domain,),
    )


def _test_row(name: str, numpy: Function, helpers: tuple[str, ...], doc: str, module: str) -> Row:
    """Return a row that asks something of the bits of a float."""
    return Row(
        name=name,
        parameters=("x",),
        overloads=(Overload("float -> bool", f"gk_{name}({{0}})", numpy, helpers),),
        python=_named(name, module),
        doc=doc,
        domain=(WIDE,),
    )


def _whole_row(name: str, python: Function, numpy: Function, glsl_text: str, doc: str) -> Row:
    """Return a rounding row that gives an int."""
    return Row(
        name=name,
        parameters=("x",),
        overloads=(
            Overload("int -> int", "{0}", total.same),
            Overload("uint -> uint", "{0}", total.same),
            Overload("float -> int", f"gk_to_int({glsl_text})", numpy, (TO_INT_HELPER,)),
        ),
        python=(python,),
        doc=doc,
        derivative=("0.0",),  # constant between its jumps
        domain=(WIDE,),
    )


def _round_row(names: str, numpy: Function, glsl_text: str, doc: str) -> Row:
    """Return a rounding row that gives a float."""
    return Row(
        name=f"np.{names.split()[0]}",
        parameters=("x",),
        overloads=(Overload("float -> float", glsl_text, numpy),),
        python=_unique(f for name in names.split() for f in _named(name, "np")),
        doc=doc,
        derivative=("0.0",),  # constant between its jumps
        domain=(WIDE,),
    )


def _order_row(
    name: str,
    python: tuple[Function, ...],
    numpy: Function,
    spelling: tuple[str, str, str],
    helpers: tuple[str, ...],
    derivative: tuple[str, str],
    doc: str,
) -> Row:
    """Return a row that picks one of two numbers."""
    return Row(
        name=name,
        parameters=("a", "b"),
        overloads=(
            Overload("bool, bool -> bool", spelling[0], numpy),
            Overload("int, int -> int", spelling[1], numpy),
            Overload("uint, uint -> uint", spelling[1], numpy),
            Overload("float, float -> float", spelling[2], numpy, helpers),
        ),
        python=python,
        doc=doc,
        variadic=name in ("min", "max"),
        derivative=derivative,
        domain=(WIDE, WIDE),
    )


def _operator_row(name: str, operator: Row) -> Row:
    """Return the row of a NumPy function that means an operator."""
    return Row(
        name=f"np.{name}",
        parameters=operator.parameters,
        overloads=operator.overloads,
        python=_named(name, "np"),
        doc=f"As the operator `{operator.symbol}`: {operator.doc[0].lower()}{operator.doc[1:]}",
        derivative=operator.derivative,
        budget=operator.budget,
        domain=operator.domain,
    )


def _pair_row(
    name: str,
    parameters: tuple[str, str],
    overloads: tuple[Overload, ...],
    doc: str,
    *,
    python: tuple[Function, ...] | None = None,
    derivative: tuple[str | None, str | None] | None = None,
    budget: Budget = EXACT,
    domain: tuple[Range, Range] = (WIDE, WIDE),
    variadic: bool = False,
) -> Row:
    """Return a row of two parameters."""
    return Row(
        name=name,
        parameters=parameters,
        overloads=overloads,
        python=_named(name) if python is None else python,
        doc=doc,
        variadic=variadic,
        derivative=derivative,
        budget=budget,
        domain=domain,
    )


# Where two numbers are equal, each has one half of the derivative.
_SMALLER = (
    "0.0 if b < a else 0.5 if a == b else 1.0",
    "1.0 if b < a else 0.5 if a == b else 0.0",
)
_LARGER = (
    "0.0 if b > a else 0.5 if a == b else 1.0",
    "1.0 if b > a else 0.5 if a == b else 0.0",
)

PAIR = "float, float -> float"
INT_PAIR = "int, int -> int"
UINT_PAIR = "uint, uint -> uint"

BASIC = (
    Row(
        name="abs",
        parameters=("x",),
        overloads=(
            Overload("int -> int", "abs({0})", np.abs),
            Overload("uint -> uint", "{0}", total.same),
            Overload("float -> float", "abs({0})", np.abs),
        ),
        python=_unique((abs, *_named("absolute", "np"), *_named("abs", "np"))),
        doc="Size without sign; the smallest int stays itself.",
        derivative=("sign(x)",),
        domain=(WIDE,),
    ),
    _order_row(
        "min",
        (min,),
        total.py_min,
        ("{0} && {1}", "min({0}, {1})", "gk_min({0}, {1})"),
        glsl.MIN,
        _SMALLER,
        "The smallest; `b if b < a else a`, so a nan in second place is dropped.",
    ),
    _order_row(
        "max",
        (max,),
        total.py_max,
        ("{0} || {1}", "max({0}, {1})", "gk_max({0}, {1})"),
        glsl.MAX,
        _LARGER,
        "The largest; `b if b > a else a`, so a nan in second place is dropped.",
    ),
    _order_row(
        "np.minimum",
        (np.minimum,),
        np.minimum,
        ("{0} && {1}", "min({0}, {1})", "gk_minimum({0}, {1})"),
        glsl.MINIMUM,
        _SMALLER,
        "The smaller of two; nan if either is nan.",
    ),
    _order_row(
        "np.maximum",
        (np.maximum,),
        np.maximum,
        ("{0} || {1}", "max({0}, {1})", "gk_maximum({0}, {1})"),
        glsl.MAXIMUM,
        _LARGER,
        "The larger of two; nan if either is nan.",
    ),
    _order_row(
        "np.fmin",
        (np.fmin,),
        np.fmin,
        ("{0} && {1}", "min({0}, {1})", "gk_fmin({0}, {1})"),
        glsl.FMIN,
        _SMALLER,
        "The smaller of two; the other one if one is nan.",
    ),
    _order_row(
        "np.fmax",
        (np.fmax,),
        np.fmax,
        ("{0} || {1}", "max({0}, {1})", "gk_fmax({0}, {1})"),
        glsl.FMAX,
        _LARGER,
        "The larger of two; the other one if one is nan.",
    ),
    _whole_row(
        "round",
        builtins.round,
        total.round_to_int,
        "roundEven({0})",
        "Nearest int, halves to even; saturates, nan gives 0.",
    ),
    _whole_row(
        "floor",
        math.floor,
        total.floor_to_int,
        "floor({0})",
        "Largest int not above x; saturates, nan gives 0.",
    ),
    _whole_row(
        "ceil",
        math.ceil,
        total.ceil_to_int,
        "ceil({0})",
        "Smallest int not below x; saturates, nan gives 0.",
    ),
    _whole_row(
        "trunc",
        math.trunc,
        total.to_int,
        "{0}",
        "The int between x and 0 nearest to x; saturates, nan gives 0.",
    ),
    _round_row("floor", np.floor, "floor({0})", "Largest whole number not above x, as a float."),
    _round_row("ceil", np.ceil, "ceil({0})", "Smallest whole number not below x, as a float."),
    _round_row("trunc fix", np.trunc, "trunc({0})", "Whole number towards 0, as a float."),
    _round_row(
        "round around rint", np.rint, "roundEven({0})", "Nearest whole number, halves to even."
    ),
    Row(
        name="fabs",
        parameters=("x",),
        overloads=(Overload("float -> float", "abs({0})", np.fabs),),
        python=_named("fabs"),
        doc="Size without sign, as a float.",
        derivative=("sign(x)",),
        domain=(WIDE,),
    ),
    Row(
        name="sign",
        parameters=("x",),
        overloads=(
            Overload("int -> int", "gk_isign({0})", np.sign, glsl.ISIGN),
            Overload("uint -> uint", "min({0}, 1u)", np.sign),
            Overload("float -> float", "gk_sign({0})", np.sign, glsl.SIGN),
        ),
        python=(gk.sign, np.sign),
        doc="-1, 0 or 1 in the type of x; nan stays nan.",
        derivative=("0.0",),
        domain=(WIDE,),
    ),
    Row(
        name="fract",
        parameters=("x",),
        overloads=(Overload("float -> float", "gk_fract({0})", total.fract, glsl.FRACT),),
        python=(gk.fract,),
        doc="x - floor(x); infinities give nan.",
        derivative=("1.0",),
        domain=(WIDE,),
    ),
)

_CLAMP_DERIVATIVE = (
    "1.0 if low <= x and x <= high else 0.0",
    "1.0 if x < low and low <= high else 0.0",
    "1.0 if high < x or high < low else 0.0",
)


def _rise(factor: str) -> str:
    """Return smoothstep's slope over t = (x - edge0) / (edge1 - edge0), times dt/d(parameter)."""
    t = "((x - edge0) / (edge1 - edge0))"
    inside = f"6.0 * {t} * (1.0 - {t}) * ({factor})"
    return f"{inside} if 0.0 < {t} and {t} < 1.0 else 0.0"


SHADER = (
    Row(
        name="clamp",
        parameters=("x", "low", "high"),
        overloads=(
            Overload("int, int, int -> int", "min(max({0}, {1}), {2})", total.clamp),
            Overload("uint, uint, uint -> uint", "min(max({0}, {1}), {2})", total.clamp),
            Overload(
                "float, float, float -> float", "gk_clamp({0}, {1}, {2})", total.clamp, glsl.CLAMP
            ),
        ),
        python=(gk.clamp,),
        doc="min(max(x, low), high); a nan bound is ignored.",
        derivative=_CLAMP_DERIVATIVE,
        domain=(WIDE, (-50.0, 0.0), (1.0, 50.0)),
    ),
    Row(
        name="np.clip",
        parameters=("x", "low", "high"),
        overloads=(
            Overload("int, int, int -> int", "min(max({0}, {1}), {2})", total.clip),
            Overload("uint, uint, uint -> uint", "min(max({0}, {1}), {2})", total.clip),
            Overload(
                "float, float, float -> float", "gk_clip({0}, {1}, {2})", total.clip, glsl.CLIP
            ),
        ),
        python=(np.clip,),
        doc="x limited to low and high; nan if any is nan.",
        derivative=_CLAMP_DERIVATIVE,
        domain=(WIDE, (-50.0, 0.0), (1.0, 50.0)),
    ),
    Row(
        name="mix",
        parameters=("a", "b", "t"),
        overloads=(
            Overload(
                "float, float, float -> float",
                "{0} * (1.0 - {2}) + {1} * {2}",
                total.mix,
            ),
        ),
        python=(gk.mix,),
        doc="Linear interpolation a * (1 - t) + b * t.",
        derivative=("1.0 - t", "t", "b - a"),
        budget=Budget(ulp=4.0, absolute=2e-5),
        domain=(WIDE, WIDE, (0.0, 1.0)),
    ),
    _pair_row(
        "step",
        ("edge", "x"),
        (Overload(PAIR, "gk_step({0}, {1})", total.step, glsl.STEP),),
        "0.0 where x < edge, 1.0 elsewhere.",
        python=(gk.step,),
        derivative=("0.0", "0.0"),
    ),
    Row(
        name="smoothstep",
        parameters=("edge0", "edge1", "x"),
        overloads=(
            Overload(
                "float, float, float -> float",
                "gk_smoothstep({0}, {1}, {2})",
                total.smoothstep,
                glsl.SMOOTHSTEP,
            ),
        ),
        python=(gk.smoothstep,),
        doc="Cubic from 0.0 at edge0 to 1.0 at edge1, flat outside; equal edges make a step.",
        derivative=(
            _rise("(x - edge1) / ((edge1 - edge0) * (edge1 - edge0))"),
            _rise("(edge0 - x) / ((edge1 - edge0) * (edge1 - edge0))"),
            _rise("1.0 / (edge1 - edge0)"),
        ),
        budget=Budget(ulp=4.0, absolute=1e-6),
        domain=((-2.0, 0.0), (1.0, 3.0), (-3.0, 4.0)),
    ),
    Row(
        name="np.where",
        parameters=("condition", "a", "b"),
        overloads=tuple(
            Overload(f"bool, {t}, {t} -> {t}", "{0} ? {1} : {2}", total.where)
            for t in ("bool", "int", "uint", "float")
        ),
        python=(np.where,),
        doc="a where the condition is true, else b; both are evaluated.",
        derivative=(None, "1.0 if condition else 0.0", "0.0 if condition else 1.0"),
        domain=((0, 1), WIDE, WIDE),
    ),
)

EXPONENTIAL = (
    _float_row(
        "sqrt",
        np.sqrt,
        glsl.SQRT,
        "Square root; nan below 0.",
        derivative="0.5 / result",
        ulp=3.0,
        domain=(0.0, 1000.0),
    ),
    _float_row(
        "cbrt",
        np.cbrt,
        glsl.CBRT,
        "Cube root, also of negative numbers.",
        derivative="1.0 / (3.0 * result * result)",
    ),
    _float_row(
        "exp",
        np.exp,
        glsl.EXP,
        "e to the power of x.",
        derivative="result",
        domain=(-20.0, 20.0),
    ),
    _float_row(
        "exp2",
        np.exp2,
        glsl.EXP2,
        "2 to the power of x.",
        derivative="result * 0.6931471805599453",
        domain=(-30.0, 30.0),
    ),
    _float_row(
        "expm1",
        np.expm1,
        glsl.EXPM1,
        "exp(x) - 1, accurate near 0.",
        derivative="result + 1.0",
        domain=(-20.0, 20.0),
    ),
    Row(
        name="log",
        parameters=("x", "base"),
        overloads=(
            Overload("float -> float", "gk_log({0})", np.log, glsl.LOG),
            Overload(PAIR, "gk_log({0}) / gk_log({1})", total.log_base, glsl.LOG),
        ),
        python=_named("log"),
        doc="Natural logarithm, or the logarithm to a base; -inf at 0, nan below.",
        derivative=("1.0 / (x * log(base))", "-result / (base * log(base))"),
        budget=Budget(ulp=10.0),
        domain=((0.001, 1000.0), (1.5, 20.0)),
    ),
    _float_row(
        "log2",
        np.log2,
        glsl.LOG2,
        "Logarithm to base 2.",
        derivative="1.4426950408889634 / x",
        domain=(0.001, 1000.0),
    ),
    _float_row(
        "log10",
        np.log10,
        glsl.LOG10,
        "Logarithm to base 10.",
        derivative="0.4342944819032518 / x",
        domain=(0.001, 1000.0),
    ),
    _float_row(
        "log1p",
        np.log1p,
        glsl.LOG1P,
        "log(1 + x), accurate near 0.",
        derivative="1.0 / (1.0 + x)",
        ulp=6.0,
        domain=(-0.99, 100.0),
    ),
    _pair_row(
        "pow",
        ("x", "y"),
        (BINARY["**"].overloads[-1],),
        "x to the power of y, as a float; nan for a negative x and a fractional y.",
        python=_unique((math.pow, np.float_power)),
        derivative=(
            "0.0 if y == 0.0 else y * pow(x, y - 1.0)",
            "result * log(x) if x > 0.0 else 0.0",
        ),
        budget=Budget(ulp=10.0),
        domain=((0.1, 10.0), (-10.0, 10.0)),
    ),
    _pair_row(
        "hypot",
        ("x", "y"),
        (Overload(PAIR, "gk_hypot({0}, {1})", np.hypot, glsl.HYPOT),),
        "sqrt(x * x + y * y) without overflow.",
        derivative=(
            "0.0 if result == 0.0 else x / result",
            "0.0 if result == 0.0 else y / result",
        ),
        budget=Budget(ulp=6.0),
        variadic=True,
    ),
)

TRIGONOMETRIC = (
    _float_row(
        "sin",
        np.sin,
        glsl.SIN,
        "Sine of an angle in radians.",
        derivative="cos(x)",
        absolute=2e-6,
    ),
    _float_row(
        "cos",
        np.cos,
        glsl.COS,
        "Cosine of an angle in radians.",
        derivative="-sin(x)",
        absolute=2e-6,
    ),
    _float_row(
        "tan",
        np.tan,
        glsl.TAN,
        "Tangent of an angle in radians.",
        derivative="1.0 + result * result",
        ulp=10.0,
        absolute=5e-6,
        domain=(-1.5, 1.5),
    ),
    _float_row(
        "asin",
        np.arcsin,
        glsl.ASIN,
        "Angle in [-pi/2, pi/2] whose sine is x; nan outside [-1, 1].",
        derivative="1.0 / sqrt(1.0 - x * x)",
        ulp=6.0,
        domain=(-1.0, 1.0),
        python=_unique((math.asin, np.arcsin)),
    ),
    _float_row(
        "acos",
        np.arccos,
        glsl.ACOS,
        "Angle in [0, pi] whose cosine is x; nan outside [-1, 1].",
        derivative="-1.0 / sqrt(1.0 - x * x)",
        ulp=6.0,
        domain=(-1.0, 1.0),
        python=_unique((math.acos, np.arccos)),
    ),
    _float_row(
        "atan",
        np.arctan,
        glsl.ATAN,
        "Angle in [-pi/2, pi/2] whose tangent is x.",
        derivative="1.0 / (1.0 + x * x)",
        ulp=6.0,
        python=_unique((math.atan, np.arctan)),
    ),
    _pair_row(
        "atan2",
        ("y", "x"),
        (Overload(PAIR, "gk_atan2({0}, {1})", np.arctan2, glsl.ATAN2),),
        "Angle in [-pi, pi] of the point (x, y), with its quadrant.",
        python=_unique((math.atan2, np.arctan2)),
        derivative=(
            "0.0 if x == 0.0 and y == 0.0 else x / hypot(x, y) / hypot(x, y)",
            "0.0 if x == 0.0 and y == 0.0 else -y / hypot(x, y) / hypot(x, y)",
        ),
        budget=Budget(ulp=8.0),
    ),
    Row(
        name="degrees",
        parameters=("x",),
        overloads=(
            Overload("float -> float", "{0} * 57.29577951308232", total.degrees_per_radian),
        ),
        python=_unique((math.degrees, np.degrees, np.rad2deg)),
        doc="Radians to degrees.",
        derivative=("57.29577951308232",),
        budget=Budget(ulp=2.0),
        domain=(WIDE,),
    ),
    Row(
        name="radians",
        parameters=("x",),
        overloads=(
            Overload("float -> float", "{0} * 0.017453292519943295", total.radians_per_degree),
        ),
        python=_unique((math.radians, np.radians, np.deg2rad)),
        doc="Degrees to radians.",
        derivative=("0.017453292519943295",),
        budget=Budget(ulp=2.0),
        domain=((-360.0, 360.0),),
    ),
)

HYPERBOLIC = (
    _float_row(
        "sinh",
        np.sinh,
        glsl.SINH,
        "Hyperbolic sine.",
        derivative="cosh(x)",
        ulp=10.0,
        domain=(-20.0, 20.0),
    ),
    _float_row(
        "cosh",
        np.cosh,
        glsl.COSH,
        "Hyperbolic cosine.",
        derivative="sinh(x)",
        ulp=10.0,
        domain=(-20.0, 20.0),
    ),
    _float_row(
        "tanh",
        np.tanh,
        glsl.TANH,
        "Hyperbolic tangent, accurate near 0.",
        derivative="1.0 - result * result",
        ulp=8.0,
        domain=(-12.0, 12.0),
    ),
    _float_row(
        "asinh",
        np.arcsinh,
        glsl.ASINH,
        "Inverse hyperbolic sine, accurate near 0.",
        derivative="1.0 / sqrt(x * x + 1.0)",
        ulp=8.0,
        python=_unique((math.asinh, np.arcsinh)),
    ),
    _float_row(
        "acosh",
        np.arccosh,
        glsl.ACOSH,
        "Inverse hyperbolic cosine; nan below 1.",
        derivative="1.0 / sqrt(x * x - 1.0)",
        ulp=8.0,
        domain=(1.0, 100.0),
        python=_unique((math.acosh, np.arccosh)),
    ),
    _float_row(
        "atanh",
        np.arctanh,
        glsl.ATANH,
        "Inverse hyperbolic tangent; infinite at -1 and 1, nan outside.",
        derivative="1.0 / (1.0 - x * x)",
        ulp=10.0,
        domain=(-0.999, 0.999),
        python=_unique((math.atanh, np.arctanh)),
    ),
)

SPECIAL = (
    _float_row(
        "erf",
        total.erf,
        glsl.ERF,
        "Error function.",
        derivative="1.1283791670955126 * exp(-x * x)",
        ulp=8.0,
        domain=(-4.0, 4.0),
    ),
    _float_row(
        "erfc",
        total.erfc,
        glsl.ERFC,
        "1 - erf(x), accurate where that is small.",
        derivative="-1.1283791670955126 * exp(-x * x)",
        ulp=16.0,
        domain=(-4.0, 9.0),
    ),
    _float_row(
        "gamma",
        total.gamma,
        glsl.GAMMA,
        "Gamma function; nan at negative whole numbers.",
        ulp=48.0,
        domain=(-10.0, 34.0),
    ),
    _float_row(
        "lgamma",
        total.lgamma,
        glsl.LGAMMA,
        "Logarithm of the size of gamma(x); inf at 0 and negative whole numbers.",
        ulp=10.0,
        absolute=1e-5,
        domain=(-10.0, 100.0),
    ),
)

ARITHMETIC = (
    _pair_row(
        "copysign",
        ("x", "y"),
        (Overload(PAIR, "gk_copysign({0}, {1})", np.copysign, glsl.COPYSIGN),),
        "The size of x with the sign of y.",
        derivative=("sign(x) * copysign(1.0, y)", "0.0"),
    ),
    _pair_row(
        "fmod",
        ("x", "y"),
        (Overload(PAIR, "gk_fmod({0}, {1})", np.fmod, (FLOAT_MOD_HELPER,)),),
        "Remainder with the sign of x, exact; nan for y = 0.",
        python=(math.fmod,),
        derivative=("1.0", "(result - x) / y"),
        domain=(WIDE, (0.5, 20.0)),
    ),
    _pair_row(
        "np.fmod",
        ("x", "y"),
        (
            Overload(INT_PAIR, "gk_ifmod({0}, {1})", np.fmod, glsl.INT_FMOD),
            Overload(UINT_PAIR, "gk_umod({0}, {1})", np.fmod, (UINT_MOD_HELPER,)),
            Overload(PAIR, "gk_fmod({0}, {1})", np.fmod, (FLOAT_MOD_HELPER,)),
        ),
        "Remainder with the sign of x, exact; of ints by zero 0.",
        python=(np.fmod,),
        derivative=("1.0", "(result - x) / y"),
        domain=(WIDE, (1.0, 20.0)),
    ),
    _pair_row(
        "remainder",
        ("x", "y"),
        (
            Overload(
                PAIR,
                "gk_remainder({0}, {1})",
                total.remainder,
                (FLOAT_MOD_HELPER, *glsl.REMAINDER),
            ),
        ),
        "x minus the nearest whole multiple of y (IEEE 754), exact; nan for y = 0.",
        python=(math.remainder,),
        derivative=("1.0", "(result - x) / y"),
        domain=(WIDE, (0.5, 20.0)),
    ),
    _float_row(
        "square",
        np.square,
        glsl.SQUARE,
        "x * x.",
        derivative="2.0 * x",
        ulp=0.5,
    ),
    _float_row(
        "reciprocal",
        np.reciprocal,
        glsl.RECIPROCAL,
        "1 / x; infinite at 0.",
        derivative="-result * result",
        ulp=2.5,
        domain=(0.01, 100.0),
    ),
    _pair_row(
        "heaviside",
        ("x", "at_zero"),
        (Overload(PAIR, "gk_heaviside({0}, {1})", np.heaviside, glsl.HEAVISIDE),),
        "0.0 below 0, 1.0 above, at_zero at 0.",
        derivative=("0.0", "1.0 if x == 0.0 else 0.0"),
    ),
    _pair_row(
        "gcd",
        ("a", "b"),
        (
            Overload(INT_PAIR, "gk_gcd({0}, {1})", total.gcd, glsl.GCD),
            Overload(UINT_PAIR, "gk_ugcd({0}, {1})", np.gcd, glsl.UINT_GCD),
        ),
        "Greatest common divisor, never negative unless it wraps.",
        domain=(INTS, INTS),
        variadic=True,
    ),
    _pair_row(
        "lcm",
        ("a", "b"),
        (
            Overload(INT_PAIR, "gk_lcm({0}, {1})", total.lcm, glsl.LCM),
            Overload(UINT_PAIR, "gk_ulcm({0}, {1})", total.uint_lcm, glsl.UINT_LCM),
        ),
        "Least common multiple, modulo 2**32.",
        domain=(INTS, INTS),
        variadic=True,
    ),
    Row(
        name="isqrt",
        parameters=("n",),
        overloads=(
            Overload("int -> int", "gk_isqrt({0})", total.isqrt, glsl.ISQRT),
            Overload("uint -> uint", "gk_uisqrt({0})", total.isqrt, glsl.UINT_ISQRT),
        ),
        python=(math.isqrt,),
        doc="Whole part of the square root, exact; 0 for negative n.",
        domain=((-10, 2**31 - 1),),
    ),
)

TESTS = (
    _test_row("isnan", np.isnan, glsl.ISNAN, "Whether x is nan.", "math np"),
    _test_row("isinf", np.isinf, glsl.ISINF, "Whether x is infinite.", "math np"),
    _test_row("isfinite", np.isfinite, glsl.ISFINITE, "Neither infinite nor nan.", "math np"),
    _test_row("signbit", np.signbit, glsl.SIGNBIT, "Whether the sign bit is set.", "np"),
    Row(
        name="isclose",
        parameters=("a", "b", "rel_tol", "abs_tol"),
        overloads=(
            Overload(
                "float, float, float, float -> bool",
                "gk_isclose({0}, {1}, {2}, {3})",
                total.isclose,
                glsl.ISCLOSE,
            ),
        ),
        python=(math.isclose,),
        doc="Whether a and b differ by at most rel_tol (1e-9) of the larger, or by abs_tol (0).",
        domain=((-2.0, 2.0), (-2.0, 2.0), (0.0, 0.5), (0.0, 0.5)),
        defaults=(None, None, 1e-9, 0.0),
    ),
    Row(
        name="np.isclose",
        parameters=("a", "b", "rtol", "atol"),
        overloads=(
            Overload(
                "float, float, float, float -> bool",
                "gk_np_isclose({0}, {1}, {2}, {3})",
                total.np_isclose,
                glsl.NP_ISCLOSE,
            ),
        ),
        python=(np.isclose,),
        doc="Whether |a - b| <= atol (1e-8) + rtol (1e-5) * |b|.",
        domain=((-2.0, 2.0), (-2.0, 2.0), (0.0, 0.5), (0.0, 0.5)),
        defaults=(None, None, 1e-5, 1e-8),
    ),
)

NUMPY_OPERATORS = tuple(
    _operator_row(name, row)
    for name, row in (
        ("add", BINARY["+"]),
        ("subtract", BINARY["-"]),
        ("multiply", BINARY["*"]),
        ("divide", BINARY["/"]),
        ("floor_divide", BINARY["//"]),
        ("mod", BINARY["%"]),
        ("power", BINARY["**"]),
        ("bitwise_and", BINARY["&"]),
        ("bitwise_or", BINARY["|"]),
        ("bitwise_xor", BINARY["^"]),
        ("left_shift", BINARY["<<"]),
        ("right_shift", BINARY[">>"]),
        ("equal", COMPARE["=="]),
        ("not_equal", COMPARE["!="]),
        ("less", COMPARE["<"]),
        ("less_equal", COMPARE["<="]),
        ("greater", COMPARE[">"]),
        ("greater_equal", COMPARE[">="]),
        ("negative", UNARY["-"]),
        ("positive", UNARY["+"]),
        ("invert", UNARY["~"]),
        ("logical_not", UNARY["not"]),
    )
)

BUILTINS: tuple[Row, ...] = (
    *BASIC,
    *SHADER,
    *EXPONENTIAL,
    *TRIGONOMETRIC,
    *HYPERBOLIC,
    *SPECIAL,
    *ARITHMETIC,
    *TESTS,
    *NUMPY_OPERATORS,
)

# By identity: the rows keep their objects alive, so an id is never reused.
_BY_ID: dict[int, Row] = {id(function): row for row in BUILTINS for function in row.python}


def find_builtin(obj: object) -> Row | None:
    """Return the row that answers to a Python object, or None."""
    return _BY_ID.get(id(obj))
