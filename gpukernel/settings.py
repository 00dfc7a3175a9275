"""What a decorator is given beside the output shape: checked where the kernel is made."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gpukernel.arguments import Signature
from gpukernel.config import debug_everywhere
from gpukernel.errors import KernelTypeError
from gpukernel.frontend.program_parts import Options
from gpukernel.ir.nodes import BOUNDARIES
from gpukernel.lang.types import ELEMENT_TYPES, NARROWED
from gpukernel.passes.pipeline import OPTIMIZATIONS
from gpukernel.records import record

DEFAULTS: dict[str, Any] = {
    "dtype": None,
    "boundary": "zero",
    "debug": False,
    "max_iterations": None,
    "optimize": True,
}
_MODES = f"use {', '.join(map(repr, BOUNDARIES[:-1]))} or {BOUNDARIES[-1]!r}"
_NAMES = f"use some of {', '.join(map(repr, OPTIMIZATIONS))}"
_MAX_ITERATIONS = 2**31 - 2  # counted in an int, to one more than the limit


@record(frozen=True)
class Settings:
    """A decorator's arguments, all of them right."""

    options: Options
    optimize: frozenset[str]  # of names in OPTIMIZATIONS

    @classmethod
    def make(cls, signature: Signature, given: Mapping[str, Any]) -> Settings:
        """Check a decorator's arguments.

        Raises:
            KernelTypeError: one of them is unknown, or not what it may be.
        """
        check_names(given)
        values = {**DEFAULTS, **given}
        boundary = values["boundary"]
        _check_boundary(signature, boundary)
        if not isinstance(values["debug"], (bool, np.bool_, type(None))):
            message = f"debug={values['debug']!r} is not a bool"
            raise signature.fail(KernelTypeError, message, "write debug=True or False")
        options = Options(
            boundary=boundary if isinstance(boundary, str) else DEFAULTS["boundary"],
            boundaries=dict(boundary) if isinstance(boundary, Mapping) else {},
            debug=values["debug"] is not None and (bool(values["debug"]) or debug_everywhere()),
            max_iterations=_checked_iterations(signature, values["max_iterations"]),
            dtypes=_checked_dtypes(signature, values["dtype"]),
        )
        return cls(options, _checked_optimizations(signature, values["optimize"]))


def check_names(given: Iterable[str]) -> None:
    """Raise KernelTypeError for an option that no decorator has."""
    known = ("shape", *DEFAULTS)
    for name in given:
        if name not in DEFAULTS:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}=?" if near else f"the options are {', '.join(known)}"
            raise KernelTypeError(f"a kernel has no option {name}=\nhint: {hint}")


def _checked_optimizations(signature: Signature, given: Any) -> frozenset[str]:
    """Return the names of the optimisations to use."""
    if isinstance(given, (bool, np.bool_)):
        return frozenset(OPTIMIZATIONS if given else ())
    if isinstance(given, str):
        message = f"optimize={given!r} is a str, not a bool or several names"
        hint = f"write optimize=({given!r},)" if given in OPTIMIZATIONS else _near_names(given)
        raise signature.fail(KernelTypeError, message, hint)
    if not isinstance(given, Iterable):
        message = f"optimize={given!r} is neither a bool nor names of optimisations"
        raise signature.fail(KernelTypeError, message, "write optimize=True or False, or " + _NAMES)
    names = tuple(given)
    for name in names:
        if name not in OPTIMIZATIONS:
            message = f"optimize= has {name!r} in it, which is no optimisation"
            raise signature.fail(KernelTypeError, message, _near_names(str(name)))
    return frozenset(names)


def _near_names(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), OPTIMIZATIONS, 1)
    return (f"did you mean {near[0]!r}? " if near else "") + _NAMES


def _checked_iterations(signature: Signature, limit: Any) -> int | None:
    if limit is None:
        return None
    whole = isinstance(limit, (int, np.integer)) and not isinstance(limit, bool)
    if not whole or not 0 < limit <= _MAX_ITERATIONS:
        message = f"max_iterations={limit!r} is not a positive int"
        hint = f"give an int from 1 to {_MAX_ITERATIONS}, or leave it out for no limit"
        raise signature.fail(KernelTypeError, message, hint)
    return int(limit)


def _checked_dtypes(signature: Signature, dtype: Any) -> str | tuple[str, ...] | None:
    if dtype is None:
        return None
    if isinstance(dtype, (tuple, list)):
        return tuple(_checked_dtype(signature, one) for one in dtype)
    return _checked_dtype(signature, dtype)


def _checked_dtype(signature: Signature, dtype: Any) -> str:
    try:
        name: str = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in ELEMENT_TYPES:
        shown = repr(dtype) if isinstance(dtype, str) or not name else name
        hint = f"use one of {', '.join(ELEMENT_TYPES)}"
        if name in NARROWED:
            hint = f"use {NARROWED[name]}"
        raise signature.fail(KernelTypeError, f"dtype={shown} is no dtype that arrays have", hint)
    return name


def _check_boundary(signature: Signature, boundary: Any) -> None:
    if not isinstance(boundary, Mapping):
        _check_mode(signature, boundary, "boundary=")
        return
    for name, mode in boundary.items():
        if name not in signature.names:
            shown = f"`{name}`" if isinstance(name, str) else repr(name)
            message = f"boundary= names {shown}, but there is no argument {shown}"
            hint = f"the kernel is {signature.name}{signature.python}"
            raise signature.fail(KernelTypeError, message, hint)
        _check_mode(signature, mode, f"boundary= of `{name}`")


def _check_mode(signature: Signature, mode: Any, what: str) -> None:
    if isinstance(mode, str) and mode in BOUNDARIES:
        return
    near = difflib.get_close_matches(str(mode).lower(), BOUNDARIES, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    message = f"{what} is {mode!r}, which is no boundary"
    raise signature.fail(KernelTypeError, message, hint + _MODES)
