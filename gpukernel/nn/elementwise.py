"""`elementwise`: a function of numbers, with its derivatives, becomes an operation on tensors.

The function is in the kernel language, as for `gpukernel.vectorize`.  Its derivatives stand beside
it, as expressions over its parameters, ``result`` (what it returned) and ``g`` (the cotangent of
the result); where none are given the compiler derives them from the tables.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Callable
from types import FunctionType
from typing import Any, Union

import numpy as np

from gpukernel.derivative import partial
from gpukernel.errors import KernelError, KernelOverflowError, KernelShapeError, KernelTypeError
from gpukernel.from_source import from_source
from gpukernel.lang import functions as shader_functions
from gpukernel.lang.types import MAX_RANK
from gpukernel.nn import fusion
from gpukernel.nn.tape import Cotangents, Node, is_recording
from gpukernel.nn.tensor import BOOL, FLOAT, INT, Tensor, as_tensor, value_on
from gpukernel.nn.values import Number, Shape, Value, is_number

Kinds = tuple[tuple[int, type], ...]  # of arguments that are no floats, by place
Derivatives = Union[tuple[Union[str, None], ...], None]
FLOAT_MAX = float(np.finfo(np.float32).max)
INT_MIN, INT_MAX = -(2**31), 2**31 - 1
_RESULTS = {"float": FLOAT, "int": INT, "bool": BOOL}
_NAMESPACE: dict[str, Any] = {
    **{name: f for name, f in vars(math).items() if not name.startswith("_")},
    **{name: f for name, f in vars(shader_functions).items() if isinstance(f, FunctionType)},
}


class Elementwise:
    """An operation on tensors, element by element; made by `elementwise`."""

    reads_arrays = False
    constants: tuple[Number, ...] = ()
    __name__: str

    def __init__(
        self,
        function: Callable[..., Any],
        derivatives: Derivatives = None,
        result: str = "join",
        name: str | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        called = name or function.__name__
        self.name = self.__name__ = called if called.isidentifier() else "function"
        self._signature = inspect.signature(function)
        self._parameters = tuple(self._signature.parameters)
        self._derivatives = derivatives
        self._g = "g" if derivatives is not None else _unused("g", self._parameters)
        self._result = result
        self._vjps: dict[tuple[int, Kinds], Elementwise | None] = {}
        if derivatives is not None and len(derivatives) != len(self._parameters):
            raise TypeError(f"{self.name}: {len(derivatives)} derivatives of {self._parameters}")

    def __repr__(self) -> str:
        return f"<nn.{self.name}{self._signature}>"

    def __call__(self, *args: Any, **keywords: Any) -> Tensor:
        if keywords or len(args) != len(self._parameters):
            args = self._bind(args, keywords)
        return self.apply(args)

    def _bind(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
        try:
            bound = self._signature.bind(*args, **keywords)
        except TypeError as problem:
            raise KernelTypeError(f"nn.{self.name}{self._signature}: {problem}") from None
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    def apply(self, args: tuple[Any, ...], shape: Shape | None = None) -> Tensor:
        """Return the operation's result, of the broadcast shape or the one given."""
        first = next((a for a in args if isinstance(a, Tensor)), None)
        if first is None:
            args = (as_tensor(args[0]), *args[1:])
            first = args[0]
        device = first._value.device
        inputs = tuple([x if is_number(x) else value_on(x, device, self.name) for x in args])
        if not all([isinstance(x, Value) for x in inputs]):
            inputs = tuple([x if isinstance(x, Value) else self._number(x, inputs) for x in inputs])
        if shape is None:
            shape = self._shape(inputs)
        if len(shape) > MAX_RANK and not all(
            [_folds(x.shape, shape) for x in inputs if isinstance(x, Value)]
        ):
            return self._merged(args, shape)
        result = Tensor(Value(shape, self._dtype(inputs), device, self, inputs))
        if is_recording():
            nodes = tuple([x._node if isinstance(x, Tensor) else None for x in args])
            if any(nodes):
                self._record(result, args, inputs, nodes)
        return result

    def _number(self, x: Any, inputs: tuple[Any, ...]) -> Number:
        """Return a number as kernels take it.

        Raises:
            KernelOverflowError: it needs more than 32 bits.
        """
        number: Number = x.item() if isinstance(x, np.generic) else x
        if isinstance(number, float):
            if FLOAT_MAX < abs(number) < math.inf:
                raise KernelOverflowError(f"nn.{self.name}: {number} does not fit a 32-bit float")
        elif not INT_MIN <= number <= INT_MAX:
            if any(isinstance(one, Value) and one.dtype == FLOAT for one in inputs):
                return float(number)
            raise KernelOverflowError(f"nn.{self.name}: {number} does not fit a 32-bit int")
        return number

    def run(self, value: Value) -> None:
        """Compute a value that waits for this operation."""
        fusion.run(value)

    def is_fused_on(self, value: Value) -> bool:
        return True

    # ------------------------------------------------------------ what the result is

    def _shape(self, inputs: tuple[Any, ...]) -> Shape:
        shapes = [x.shape for x in inputs if isinstance(x, Value)]
        first = shapes[0]
        if all(shape == first for shape in shapes):
            return first
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            got = " and ".join(map(str, shapes))
            raise KernelShapeError(
                f"nn.{self.name}: shapes {got} do not broadcast\n"
                "hint: aligned at the last axis, sizes must be equal or 1"
            ) from None

    def _merged(self, args: tuple[Any, ...], shape: Shape) -> Tensor:
        """Apply the operation with neighbouring axes merged along which all tensors go alike.

        Raises:
            KernelShapeError: more than four are left.
        """
        device = next(a for a in args if isinstance(a, Tensor))._value.device
        given = [a if is_number(a) else as_tensor(a, device) for a in args]
        groups = _alike([a.shape for a in given if isinstance(a, Tensor)], shape)
        if len(groups) > MAX_RANK:
            got = " and ".join(str(a.shape) for a in given if isinstance(a, Tensor))
            raise KernelShapeError(
                f"nn.{self.name}: shapes {got} broadcast along too many separate axes; at most "
                f"{MAX_RANK} groups of axes can differ\nhint: reshape to fewer axes, "
                "or bring one to the full shape with nn.broadcast_to"
            )

        def merged(sizes: Shape) -> Shape:
            padded = (1,) * (len(shape) - len(sizes)) + sizes
            return tuple(math.prod(padded[axis] for axis in group) for group in groups)

        parts = [a.reshape(merged(a.shape)) if isinstance(a, Tensor) else a for a in given]
        result: Tensor = self.apply(tuple(parts), merged(shape)).reshape(shape)
        return result

    def _dtype(self, inputs: tuple[Any, ...]) -> np.dtype:
        if self._result != "join":
            return _RESULTS[self._result]
        for x in inputs:
            if x.dtype == FLOAT if isinstance(x, Value) else isinstance(x, float):
                return FLOAT
        return INT

    # ------------------------------------------------------------ derivatives

    def _record(
        self,
        result: Tensor,
        args: tuple[Any, ...],
        inputs: tuple[Any, ...],
        nodes: tuple[Node | None, ...],
    ) -> None:
        """Give the result its node; it keeps only what the derivatives are computed from."""
        if self._derivatives is not None and all(d == "0" for d in self._derivatives):
            return  # steps: their derivative is zero wherever there is one
        kinds = self._kinds(inputs)
        needed: set[str] = set()
        for place, node in enumerate(nodes):
            if node is not None:
                needed.update(self._vjp_needs(place, kinds))
        saved = {
            name: (x if is_number(x) else Tensor(value, node))
            for name, x, value, node in zip(self._parameters, args, inputs, nodes)
            if name in needed
        }
        needs_result = "result" in needed and "result" not in self._parameters
        kept_result = Tensor(result._value) if needs_result else None
        places = [place for place, node in enumerate(nodes) if node is not None]

        def vjp(own: Node, g: Tensor) -> Cotangents:
            named = {**saved, self._g: g}
            if kept_result is not None:
                named["result"] = Tensor(kept_result._value, own)
            cotangents: list[Tensor | None] = [None] * len(nodes)
            for place in places:
                cotangents[place] = self._cotangent(place, kinds, named)
            return cotangents

        result._node = Node(self.name, result.shape, nodes, vjp)

    def _kinds(self, inputs: tuple[Any, ...]) -> Kinds:
        """Return which arguments are ints or bools, where the compiler must know it."""
        if self._derivatives is not None:
            return ()
        found = [(place, _kind(x)) for place, x in enumerate(inputs)]
        return tuple([(place, kind) for place, kind in found if kind is not float])

    def _cotangent(self, place: int, kinds: Kinds, named: dict[str, Any]) -> Tensor | None:
        operation = self._vjp(place, kinds)
        if operation is None:
            return None
        if operation is _PASS:
            return named[self._g]  # type: ignore[no-any-return]
        return operation.apply(tuple([named[name] for name in operation._parameters]))

    def _vjp_needs(self, place: int, kinds: Kinds) -> tuple[str, ...]:
        try:
            operation = self._vjp(place, kinds)
        except KernelError:
            return ()  # told when the derivative is asked for
        return () if operation is None else operation._parameters

    def _vjp(self, place: int, kinds: Kinds) -> Elementwise | None:
        """Return the operation from ``g`` and what it needs to the cotangent of one argument.

        None stands for zero, and `_PASS` for ``g`` itself.
        """
        if (place, kinds) not in self._vjps:
            self._vjps[place, kinds] = self._make_vjp(place, kinds)
        return self._vjps[place, kinds]

    def _make_vjp(self, place: int, kinds: Kinds) -> Elementwise | None:
        name = f"{self.name}_vjp{place}"
        if self._derivatives is None:
            return self._derived_vjp(place, kinds, name)
        text = self._derivatives[place]
        if text is None:
            raise KernelError(
                f"nn.{self.name} has no derivative with respect to `{self._parameters[place]}`\n"
                "hint: stop the gradient there with nn.stop_gradient"
            )
        if text == "0":
            return None
        if text == "g":
            return _PASS
        names = set(re.findall(r"[A-Za-z_]\w*", text))
        used = [n for n in ("g", "result", *self._parameters) if n in names]
        source = f"def {name}({', '.join(used)}):\n    return {text}"
        namespace = {**_NAMESPACE, **self.function.__globals__}  # type: ignore[attr-defined]
        return Elementwise(from_source(source, name, namespace).py_func, result="float")

    def _derived_vjp(self, place: int, kinds: Kinds, name: str) -> Elementwise:
        """Return the operation that the compiler makes from the tables."""
        derivative = partial(self.function, place, dict(kinds))
        values = ", ".join(self._parameters)
        g, called = self._g, _unused("derivative", self._parameters)
        source = f"def {name}({g}, {values}):\n    return {g} * {called}({values})"
        made = from_source(source, name, {called: derivative}).py_func
        return Elementwise(made, result="float")


def _folds(sizes: Shape, shape: Shape) -> bool:
    """Whether an array of these sizes is read for cells of a result of more than four axes.

    The first axes of the result are merged in its array: an input has all of them, or none.
    """
    merged = len(shape) - MAX_RANK + 1
    padded = (1,) * (len(shape) - len(sizes)) + sizes
    return padded[:merged] == shape[:merged] or all(n == 1 for n in padded[:merged])


def _alike(shapes: list[Shape], shape: Shape) -> list[list[int]]:
    """Return the axes of a result in groups: along each, every input is whole, or 1."""
    groups: list[list[int]] = []
    last: tuple[bool, ...] | None = None
    for axis, n in enumerate(shape):
        here = tuple([_size(one, axis - len(shape)) == 1 for one in shapes]) if n != 1 else None
        if groups and (here is None or last is None or here == last):
            groups[-1].append(axis)
            last = last if here is None else here
        else:
            groups.append([axis])
            last = here
    return groups


def _size(sizes: Shape, axis: int) -> int:
    """Return the size along an axis counted from the end; 1 where there is none."""
    return sizes[axis] if -axis <= len(sizes) else 1


def _kind(x: Any) -> type:
    """Return float, int or bool for an argument."""
    if isinstance(x, Value):
        return float if x.dtype == FLOAT else bool if x.dtype == BOOL else int
    return type(x)


def _unused(name: str, taken: tuple[str, ...]) -> str:
    """Return a name that is none of those taken."""
    return name if name not in taken else _unused(f"{name}_", taken)


def _same(g: float) -> float:
    return g


_PASS = Elementwise(_same, ("g",), "float")


def elementwise(*derivatives: str | None, result: str = "join", name: str | None = None) -> Any:
    """Make an operation on tensors from a function of numbers; used as a decorator.

    Args:
        derivatives: for each parameter its cotangent, over the parameters, ``result`` and ``g``;
            ``"0"`` where the function is constant almost everywhere, None where it has no
            derivative.  Without any the compiler derives them.
        result: the dtype: "join" of the arguments' (bools become ints), "float", "int" or "bool".
        name: if it is not that of the function.
    """

    def decorate(function: Callable[..., Any]) -> Elementwise:
        return Elementwise(function, derivatives or None, result, name)

    return decorate
