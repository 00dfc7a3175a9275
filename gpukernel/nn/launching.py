"""Kernels and vectorized functions called with tensors: they give tensors, and gradients pass.

A vectorized function becomes an elementwise operation, which fuses with its neighbours and whose
derivative the compiler writes.  A kernel is launched at once; its derivative is the one given with
``@k.vjp``, else its adjoint: see `gpukernel.adjoint`.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gpukernel.adjoint import adjoint
from gpukernel.arguments import kind_of
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.frontend.objects import is_data
from gpukernel.frontend.program_parts import Options
from gpukernel.kernel import Kernel
from gpukernel.lang.types import MAX_RANK
from gpukernel.nn.broadcasting import broadcast_to
from gpukernel.nn.elementwise import Elementwise
from gpukernel.nn.primitive import Primitive
from gpukernel.nn.tape import Cotangents, Node, is_recording
from gpukernel.nn.tensor import FLOAT, Tensor, as_tensor, tensor, value_on
from gpukernel.nn.values import Shape, Value, is_number
from gpukernel.runtime.array import Array
from gpukernel.runtime.device import Device
from gpukernel.vectorize import Vectorized


def launch(
    launcher: Any, args: tuple[Any, ...], keywords: dict[str, Any], options: dict[str, Any]
) -> Any:
    """Call a kernel or a vectorized function with arguments of which some are tensors.

    Args:
        launcher: a `Kernel` or a `Vectorized`.
        args, keywords: its own arguments.
        options: those of the launch, such as ``shape``.
    """
    values = launcher._signature.bind(args, keywords)
    device = next(v for v in values.values() if isinstance(v, Tensor))._value.device
    name = launcher.__name__
    if options.get("out") is not None:
        raise KernelTypeError(f"{name}: out= is for arrays; with tensors the result is a new one")
    if options.get("device") not in (None, device.name):
        raise KernelError(
            f"{name}: device={options['device']!r}, but its tensors are on {device.name!r}\n"
            "hint: bring them there with .to(...)"
        )
    given = {
        n: v if isinstance(v, (Tensor, tuple)) or is_number(v) else as_tensor(v, device)
        for n, v in values.items()
    }
    for v in given.values():
        if isinstance(v, Tensor):
            value_on(v, device, name)
    if isinstance(launcher, Vectorized):
        if options.get("seed") is None and not any(isinstance(v, tuple) for v in given.values()):
            operation = _operation(launcher)
            if launcher._settings.options == Options() and not _captured(launcher):
                return operation(*given.values())
            return _launch_now(operation, launcher, tuple(given.values()))
        raise KernelTypeError(f"{name}: tensors with seed= or vectors need a @kernel")
    return _launch_kernel(launcher, given, options, device)


# ---------------------------------------------------------------- vectorized functions


class _UserFunction(Elementwise):
    """A user's vectorized function as an operation; its dtype is what the compiler infers."""

    def __init__(self, launcher: Vectorized) -> None:
        super().__init__(launcher.py_func, None, name=launcher.__name__)
        self._launcher = launcher
        self._dtypes: dict[object, np.dtype] = {}

    def _dtype(self, inputs: tuple[Any, ...]) -> np.dtype:
        key = tuple([x.dtype if isinstance(x, Value) else type(x) for x in inputs])
        if key not in self._dtypes:
            self._dtypes[key] = self._inferred(inputs)
        return self._dtypes[key]

    def _inferred(self, inputs: tuple[Any, ...]) -> np.dtype:
        launcher = self._launcher
        kinds = {
            name: kind_of(np.empty(1, x.dtype) if isinstance(x, Value) else x)
            for name, x in zip(self._parameters, inputs)
        }
        typed = launcher._infer(launcher._current().snapshot(), kinds, 1)
        (output, *more) = typed.program.outputs
        if more or typed.is_tuple or output.size is not None:
            raise KernelTypeError(
                f"{self.name} returns several numbers, but with tensors a vectorized function "
                "returns one\nhint: write a function for each, or a @kernel"
            )
        return np.dtype(output.dtype)


_operation = functools.lru_cache(maxsize=1024)(_UserFunction)


def _captured(launcher: Any) -> tuple[Any, ...]:
    """Return the numbers and arrays that a function captures, as they are now."""
    return tuple([value for value in launcher._current().seen if is_data(value)])


def _check_unchanged(launcher: Any, before: tuple[Any, ...]) -> None:
    """Raise unless the function captures what it did when it was called."""
    now = _captured(launcher)
    same = [a is b or (is_number(a) and is_number(b) and a == b) for a, b in zip(before, now)]
    if len(now) != len(before) or not all(same):
        raise KernelError(
            f"what {launcher.__name__} captures has changed since it was called, so its gradient "
            "would be that of another function\nhint: pass what changes as an argument"
        )


def _launch_now(operation: _UserFunction, launcher: Vectorized, args: tuple[Any, ...]) -> Tensor:
    """Launch a function that captures numbers, or has settings such as checks.

    Nothing is fused with it: what it captures is what it is at the call.
    """
    captured = _captured(launcher)
    tensors = tuple([a for a in args if isinstance(a, Tensor)])
    places = [place for place, a in enumerate(args) if isinstance(a, Tensor)]

    def run(*arrays: Array, shape: Shape) -> Array:
        given = list(args)
        for place, array in zip(places, arrays):
            given[place] = array
        result: Array = launcher(*given, device=arrays[0]._owner)  # type: ignore[arg-type]
        return result

    def vjp(g: Tensor, _result: Tensor, *inputs: Tensor) -> Cotangents:
        _check_unchanged(launcher, captured)
        named = {**dict(zip(operation._parameters, args)), operation._g: g}
        named.update({operation._parameters[p]: x for p, x in zip(places, inputs)})
        kinds = operation._kinds(tuple([a._value if isinstance(a, Tensor) else a for a in args]))
        return [
            None if x._node is None else operation._cotangent(place, kinds, named)
            for place, x in zip(places, inputs)
        ]

    run.__name__ = operation.name
    primitive = Primitive(run, vjp=vjp)
    primitive._keeps = (True, False) + (True,) * len(tensors)
    shape = operation._shape(tuple([t._value for t in tensors]))
    return primitive(*tensors, shape=shape)


# ---------------------------------------------------------------- kernels


def _launch_kernel(
    kernel: Kernel, given: dict[str, Any], options: dict[str, Any], device: Device
) -> Any:
    for name, v in given.items():
        if isinstance(v, Tensor) and v.ndim > MAX_RANK:
            raise KernelShapeError(
                f"{kernel.__name__}: argument `{name}` has shape {v.shape}, "
                f"but kernels read tensors of at most {MAX_RANK} axes"
            )
    arrays = [v.array if isinstance(v, Tensor) else v for v in given.values()]
    found = kernel(*arrays, **{**options, "device": device})
    several = isinstance(found, tuple)
    results = [Tensor(Value.of(array)) for array in (found if several else (found,))]
    if is_recording() and any(isinstance(v, Tensor) and v._node for v in given.values()):
        call = _Call(kernel, given, options.get("shape"), results)
        for place, result in enumerate(results):
            call.record(result, place)
    return tuple(results) if several else results[0]


class _Call:
    """A call of a kernel that a gradient may be asked through."""

    def __init__(
        self, kernel: Kernel, given: dict[str, Any], shape: Any, results: list[Tensor]
    ) -> None:
        self.kernel = kernel
        self.shape = shape
        self.kept = {
            n: Tensor(v._value, v._node) if isinstance(v, Tensor) else v for n, v in given.items()
        }
        self.tensors = {n: v for n, v in self.kept.items() if isinstance(v, Tensor)}
        self.captured = _captured(kernel)
        self.results = [(result.shape, result.device) for result in results]
        self.dtypes = [result.dtype for result in results]

    def record(self, result: Tensor, place: int) -> None:
        """Give one result its node."""
        if result.dtype == FLOAT:
            nodes = tuple([v._node for v in self.tensors.values()])
            result._node = Node(
                self.kernel.__name__, result.shape, nodes, lambda own, g: self.backward(g, place)
            )

    def backward(self, g: Tensor, place: int) -> Cotangents:
        """Return the cotangents of the tensors for that of one result."""
        if self.kernel._vjp is None:
            _check_unchanged(self.kernel, self.captured)
        gs = tuple([g if i == place else _zeros(*one) for i, one in enumerate(self.results)])
        if self.kernel._vjp is not None:
            return self._given(self.kernel._vjp(gs if len(gs) > 1 else g, *self.kept.values()))
        return [
            None if v._node is None else self._adjoint(name, gs) for name, v in self.tensors.items()
        ]

    def _given(self, found: Any) -> Cotangents:
        """Return what the user's vjp gave, one for each tensor."""
        listed = list(found) if isinstance(found, (tuple, list)) else [found]
        if len(listed) == len(self.kept):
            listed = [c for c, n in zip(listed, self.kept) if n in self.tensors]
        if len(listed) != len(self.tensors):
            raise KernelError(
                f"the vjp of {self.kernel.__name__} gave {len(listed)} gradients for its "
                f"{len(self.tensors)} tensors\nhint: return one for each, None where there is none"
            )
        return [self._checked(c, n) for c, n in zip(listed, self.tensors)]

    def _checked(self, cotangent: Any, name: str) -> Tensor | None:
        x = self.tensors[name]
        if cotangent is None:
            if x._node is None or x.dtype != FLOAT:
                return None
            raise KernelError(
                f"the vjp of {self.kernel.__name__} gives no gradient by `{name}`\n"
                "hint: stop the gradient before it with nn.stop_gradient"
            )
        given = as_tensor(cotangent, x._value.device)
        if given.shape != x.shape:
            raise KernelShapeError(
                f"the vjp of {self.kernel.__name__} gave shape {given.shape} for `{name}`, "
                f"which has shape {x.shape}"
            )
        return given

    def _adjoint(self, name: str, gs: tuple[Tensor, ...]) -> Tensor:
        """Run the kernels of an adjoint on tensors, so that they are differentiated in turn."""
        arrays = [v.array if isinstance(v, Tensor) else v for v in self.kept.values()]
        cells = tuple([g.array for g in gs])
        save, gather, captured = _adjoint(self.kernel, name).kernels(
            cells if len(cells) > 1 else cells[0], *arrays, shape=self.shape
        )
        given = (*self.kept.values(), *captured)
        cotangents = [g for g, dtype in zip(gs, self.dtypes) if dtype == FLOAT]
        saved: tuple[Any, ...] = ()
        if save is not None:
            found = save(*cotangents, *given)
            saved = found if isinstance(found, tuple) else (found,)
        gradient: Tensor = gather(*cotangents, *saved, *given)
        return gradient


_adjoint = functools.lru_cache(maxsize=1024)(adjoint)


def _zeros(shape: Shape, device: str) -> Tensor:
    return broadcast_to(tensor(np.zeros((), np.float32), device=device), shape)
