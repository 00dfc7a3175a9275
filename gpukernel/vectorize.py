"""``@vectorize``: a function of numbers becomes one of arrays, element by element."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, overload

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError
from gpukernel.frontend.elementwise import elementwise_tree
from gpukernel.frontend.infer import TypedKernel, infer_elementwise
from gpukernel.frontend.resolve import Resolution
from gpukernel.inspection import InspectableLauncher
from gpukernel.kernel import checked_function
from gpukernel.lang.types import Type
from gpukernel.launch import Result, Values, owner_of_launch
from gpukernel.runtime.array import Array
from gpukernel.runtime.device import resolve_device


class Vectorized(InspectableLauncher):
    """A scalar function applied to arrays of any shapes that broadcast; made by `vectorize`."""

    __name__: str
    __qualname__: str

    def __init__(self, function: FunctionType, settings: dict[str, Any]) -> None:
        super().__init__(function, settings)
        functools.update_wrapper(self, function)

    def __repr__(self) -> str:
        return f"<vectorized {self.__name__}{self._signature.python}>"

    def __reduce__(self) -> str:
        return self.__qualname__  # pickled by name, as functions are

    def __call__(
        self,
        *args: Any,
        out: Array | tuple[Array, ...] | None = None,
        device: str | None = None,
        seed: int | None = None,
        **keywords: Any,
    ) -> Result:
        """Apply the function to every element.

        Args:
            args, keywords: the function's own arguments: arrays and numbers whose shapes broadcast
                by NumPy's rules, to at most 4 axes; a tuple of 2 to 4 numbers is one vector.
            out: an array of the broadcast shape to fill and return (a tuple of them for several
                results); it may be one of the inputs.
            device: ``"gl"`` or ``"cpu"``; the current device when left out.
            seed: of the random numbers, as in a kernel's launch.

        Returns:
            An array of the broadcast shape; a Python number if all arguments are numbers.  A
            vector result adds a last axis, and a tuple gives a tuple of arrays.

        Raises:
            KernelError: any of its subclasses; nothing is changed then.
        """
        try:
            taken = owner_of_launch(args, keywords)
            if taken is not None:
                options = {"out": out, "device": device, "seed": seed}
                return taken.__launch__(self, args, keywords, options)
            values = self._convert(args, keywords)
            target = resolve_device(device)
            grid = self._broadcast(values)
            result = self._launch(self._current(), values, grid or (1,), out, target, seed)
        except KernelError as problem:
            raise problem.with_traceback(None) from problem.__cause__
        if grid or out is not None:
            return result
        return tuple(map(_scalar, result)) if isinstance(result, tuple) else _scalar(result)

    def _broadcast(self, values: Values) -> tuple[int, ...]:
        """Return the shape of the result; () when no argument is an array."""
        shapes = {n: v.shape for n, v in values.items() if isinstance(v, (Array, np.ndarray))}
        if len(set(shapes.values())) == 1:
            return next(iter(shapes.values()))
        try:
            return np.broadcast_shapes(*shapes.values())
        except ValueError:
            got = ", ".join(f"`{name}` {shape}" for name, shape in shapes.items())
            message = f"the shapes of {got} do not broadcast"
            hint = "aligned at the last axis, sizes must be equal or 1"
            raise self._signature.fail(KernelShapeError, message, hint) from None

    def _inspected_grid(self, values: Values, shape: Any) -> tuple[int, ...]:
        return self._broadcast(values) or (1,)

    def _infer(self, resolution: Resolution, kinds: dict[str, Type], grid_rank: int) -> TypedKernel:
        function = self.py_func
        tree = elementwise_tree(function, resolution.functions[function], kinds, grid_rank)
        return infer_elementwise(resolution, tree, kinds, grid_rank, self._settings.options)


def _scalar(array: Array) -> Any:
    """Return the number, or the vector's numbers, of a result without axes."""
    with array:
        return array.item() if array.ndim == 1 else array.numpy()[0]


@overload
def vectorize(function: Callable[..., Any], /) -> Vectorized: ...
@overload
def vectorize(
    *,
    dtype: Any = None,
    debug: bool | None = False,
    max_iterations: int | None = None,
    optimize: bool | Iterable[str] = True,
) -> Callable[[Callable[..., Any]], Vectorized]: ...
def vectorize(function: Callable[..., Any] | None = None, /, **settings: Any) -> Any:
    """Make an elementwise function of arrays from a function of numbers.

    Args:
        function: a plain Python function in the kernel language; it does not use `index`.
        dtype, debug, max_iterations, optimize: as for `kernel`.

    Returns:
        A `Vectorized`, called with arrays and numbers as a NumPy ufunc is.

    Raises:
        KernelSyntaxError: for what the kernel language does not have.
        KernelNameError: for unknown names and names that may be unset where they are read.

    Example:
        >>> import numpy as np
        >>> import gpukernel as gk
        >>> @gk.vectorize
        ... def hypotenuse(x, y):
        ...     return (x * x + y * y) ** 0.5
        >>> with gk.device("cpu"):
        ...     hypotenuse(np.array([[3.0], [5.0]]), np.array([4.0, 12.0])).tolist()
        [[5.0, 12.369317054748535], [6.4031243324279785, 13.0]]
        >>> hypotenuse(3, 4, device="cpu")
        5.0
    """
    if function is None:
        return lambda f: _make(f, settings)
    return _make(function, settings)


def _make(function: object, settings: dict[str, Any]) -> Vectorized:
    try:
        return Vectorized(checked_function(function, "@vectorize"), settings)
    except KernelError as problem:
        raise problem.with_traceback(None) from problem.__cause__
