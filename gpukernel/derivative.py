"""Derivatives of functions of numbers, made by the compiler as functions of the same kind.

`partial` compiles a function as far as its typed program, differentiates that (see
`passes.forward_mode`), and prints the result as Python text in the kernel language.  The function
that the text defines is like any other: kernels may call it, `vectorize` compiles it, CPython runs
it, and `partial` differentiates it again.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import FunctionType
from typing import Any, Union

from gpukernel.errors import KernelError, KernelSyntaxError, KernelTypeError
from gpukernel.frontend.captures import Meaning
from gpukernel.frontend.elementwise import elementwise_tree
from gpukernel.frontend.infer import TypedKernel, infer_elementwise
from gpukernel.frontend.objects import CASTS
from gpukernel.frontend.program_parts import Options
from gpukernel.frontend.program_text import parameters_of, spelling_of
from gpukernel.frontend.resolve import Resolution, resolve_names
from gpukernel.frontend.text_function import function_from_text
from gpukernel.ir import nodes
from gpukernel.ir.python_text import print_function
from gpukernel.kernel import checked_function
from gpukernel.lang.types import FLOAT, Scalar, Type
from gpukernel.passes.forward_mode import Derived, differentiate
from gpukernel.passes.named_draws import DRAWS, with_named_draws
from gpukernel.records import record

Kinds = Mapping[int, Union[Scalar, type]]


@record(frozen=True)
class _Made:
    """A derivative, and what the function's names stood for when it was made."""

    function: FunctionType
    text: str
    meaning: Meaning


# Where a function keeps its derivatives, with itself: other functions may copy its attributes.
_KEPT = "_gpukernel_derivatives"


def partial(function: Any, position: int, kinds: Kinds | None = None) -> FunctionType:
    """Return the derivative of a function of numbers by one of its parameters.

    Ints, bools and comparisons count as constant, and so do roundings: ``int(x)``, ``round(x)``
    and ``x // y`` have the derivative 0, although they jump in places.  Where a maximum or minimum
    has a tie, both sides get one half.  Numbers that the function captures are read anew at each
    launch of the derivative, too.

    Args:
        function: a plain Python function in the kernel language, or what `vectorize` made of one;
            its parameters are numbers, and it returns one number.
        position: which parameter, counted from 0; a float.
        kinds: the types of parameters that are no floats, by position: ``{1: int}``.

    Returns:
        A plain Python function in the kernel language with the same parameters.

    Raises:
        KernelTypeError: the parameter is an int or bool or does not exist, the function returns
            something other than a number, or it uses something that has no derivative.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel.derivative import partial
        >>> @gk.vectorize
        ... def bell(x, width):
        ...     return width * 2.0 ** (-x * x)
        >>> slope = gk.vectorize(partial(bell, 1))
        >>> slope(1.0, 3.0, device="cpu")
        0.5
    """
    return _derivative(function, position, kinds).function


def derivative_text(function: Any, position: int, kinds: Kinds | None = None) -> str:
    """Return the source of what `partial` returns, with the functions that it calls.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel.derivative import derivative_text
        >>> text = "def well(x, depth): return depth * (x * x - 1.0) ** 2"
        >>> well = gk.from_source(text, "well").py_func
        >>> derivative_text(well, 0).splitlines()[-1]
        '    return depth * (2.0 * (x * x - 1.0) * (x + x))'
    """
    return _derivative(function, position, kinds).text


def _derivative(function: Any, position: int, kinds: Kinds | None) -> _Made:
    plain = checked_function(getattr(function, "py_func", function), "partial()")
    types = _types(plain, position, kinds or {})
    key = position, tuple(types.values())
    kept = _kept(plain)
    found = kept.get(key)
    if found is not None and found.meaning.now() is not None:
        return found
    try:
        made = _make(plain, position, types)
    except KernelError as problem:
        raise problem.with_traceback(None) from problem.__cause__
    except RecursionError:
        code = plain.__code__
        raise KernelSyntaxError(
            f"{code.co_filename}:{code.co_firstlineno}: error: `{plain.__name__}` is nested too "
            "deeply to be differentiated\nhint: split its expressions and blocks"
        ) from None
    kept[key] = made
    return made


def _kept(function: FunctionType) -> dict[object, _Made]:
    """Return the derivatives of a function that were made before, by what was asked for."""
    owner, found = function.__dict__.get(_KEPT, (None, None))
    if owner is function and found is not None:
        kept: dict[object, _Made] = found
        return kept
    function.__dict__[_KEPT] = (function, {})
    return _kept(function)


def _types(function: FunctionType, position: int, kinds: Kinds) -> dict[str, Type]:
    """Return the type of every parameter."""
    names = list(inspect.signature(function).parameters)
    title = f"partial({function.__name__}, {position})"
    for place in (position, *kinds):
        if not isinstance(place, int) or not 0 <= place < len(names):
            given = f"{len(names)} parameters: {', '.join(names)}" if names else "no parameters"
            raise KernelTypeError(f"{title}: there is no parameter {place}; it has {given}")
    types: dict[str, Type] = dict.fromkeys(names, FLOAT)
    for place, kind in kinds.items():
        scalar = CASTS.get(kind) if isinstance(kind, type) else kind
        if not isinstance(scalar, Scalar):
            raise KernelTypeError(
                f"{title}: the type of `{names[place]}` is {kind!r}, not int, float or bool"
            )
        types[names[place]] = scalar
    if types[names[position]] != FLOAT:
        raise KernelTypeError(
            f"{title}: `{names[position]}` is of type {types[names[position]]}, and only floats "
            "have derivatives\nhint: a number that jumps from one value to the next has no slope"
        )
    return types


def _make(function: FunctionType, position: int, types: dict[str, Type]) -> _Made:
    resolution = resolve_names(function, may_defer=False)
    meaning = Meaning.of(resolution, resolution.read())
    typed = _typed(function, meaning.snapshot(), types)
    meaning = Meaning.of(meaning.resolution, meaning.seen)  # with what was needed as constants
    name, functions = _scalar_function(function, typed)
    derived = differentiate(functions, name, position)
    title, text, namespace = _text(function, typed, derived, list(types)[position])
    made = function_from_text(text, title, namespace, "gpukernel derivative")
    made.__defaults__ = function.__defaults__
    made.__kwdefaults__ = function.__kwdefaults__
    return _Made(made, text, meaning)


def _typed(function: FunctionType, resolution: Resolution, types: dict[str, Type]) -> TypedKernel:
    tree = elementwise_tree(function, resolution.functions[function], types, 1)
    return infer_elementwise(resolution, tree, types, 1, Options())


def _scalar_function(
    function: FunctionType, typed: TypedKernel
) -> tuple[str, dict[str, nodes.Function]]:
    """Return the name of the typed function, which the program's kernel calls, and all of them."""
    results = typed.program.kernel.results
    span = typed.program.kernel.span
    if typed.is_tuple or len(results) != 1:
        what = f"a tuple of {len(results)}" if typed.is_tuple else f"a vector of {len(results)}"
        raise KernelTypeError(
            f"{span}: error: `{function.__name__}` returns {what}; only a function that returns "
            "one number has a derivative\nhint: write one function for each of them"
        )
    own = with_named_draws({f.name: f for f in typed.program.functions[:-1]})
    return list(own)[-1], own


def _text(
    function: FunctionType, typed: TypedKernel, derived: Derived, by: str
) -> tuple[str, str, dict[str, Any]]:
    """Return a derivative's name, its text and that of what it calls, and what the text names."""
    draws = {name: name for name in DRAWS}
    spelling, namespace = spelling_of(typed, derived.functions, draws)
    *parts, last = derived.functions
    texts = [print_function(part, spelling, _doc(part, derived)) for part in parts]
    doc = f"The derivative of {function.__name__} by {by}."
    whole = print_function(last, spelling, doc, parameters_of(function), as_float=True)
    texts.append(whole)
    return spelling.functions[last.name], "\n\n".join(texts), namespace


def _doc(part: nodes.Function, derived: Derived) -> str:
    """Return what to say of a function that the derivative calls; nothing of the user's own."""
    original = derived.originals.get(part.name)
    if original is None:
        return ""
    return f"The results of {original.partition('.')[0]}, and the derivatives of those that change."
