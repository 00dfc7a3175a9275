"""Reverse-mode derivatives of kernels, made by the compiler.

A kernel computes each output cell from some elements of its arrays.  Its adjoint computes each
element of a gradient from the cells that have read it: the iterations that read an element are
worked out from the indices (`passes.adjoint_solve`), and what each of them adds follows from the
formula of the kernel's result (`passes.adjoint_formulas`, `passes.adjoint_reverse`).  What comes
out is the text of kernels, compiled like any other.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Union

import numpy as np

from gpukernel.arguments import kind_of, launch_key, output_grid
from gpukernel.errors import (
    Diagnostic,
    KernelError,
    KernelShapeError,
    KernelTypeError,
    Span,
    raise_errors,
)
from gpukernel.from_source import from_source
from gpukernel.frontend.captures import Meaning
from gpukernel.frontend.infer import TypedKernel, infer_types
from gpukernel.frontend.program_parts import SEED, Source
from gpukernel.frontend.resolve import Capture
from gpukernel.ir.nodes import Output
from gpukernel.kernel import Kernel
from gpukernel.lang.types import FLOAT, INT, ArrayType, Scalar, Type
from gpukernel.launch import MAX_SPECIALIZATIONS, Captured, Values, output_shape
from gpukernel.passes.adjoint_formulas import Formulas
from gpukernel.passes.adjoint_plan import Arrays, Gather
from gpukernel.passes.adjoint_reverse import Loop, Reverse
from gpukernel.passes.adjoint_solve import Gathers, number_gathers
from gpukernel.passes.adjoint_terms import Term
from gpukernel.passes.adjoint_text import Names, Writer
from gpukernel.reductions import sum as sum_of
from gpukernel.runtime.array import Array
from gpukernel.runtime.device import resolve_device

Parameter = Union[str, Capture, Source]  # an argument, a captured array, or a captured number


@dataclass(frozen=True)
class Compiled:
    """An adjoint made for one combination of argument types.

    ``outputs`` are the kernel's; the cotangents of those of floats are given to ``gather``, then
    the arrays that ``save`` fills from them, then the ``parameters``.
    """

    text: str
    save: Kernel | None
    gather: Kernel
    outputs: tuple[Output, ...]
    parameters: tuple[Parameter, ...]
    positions: dict[Capture, int]


@dataclass(frozen=True)
class _Typed:
    """A kernel typed for one combination of argument types, and the adjoints made of it.

    Those of ``compiled`` are by the values of the ints that they are made for; an empty key stands
    for one that takes all.
    """

    kernel: TypedKernel
    kinds: dict[str, Type]
    positions: dict[Capture, int]
    compiled: dict[tuple[int, ...], Compiled]

    def ints(self, values: Values, captured: Captured) -> dict[str, int]:
        """Return the values of the launch scalars that are ints."""
        found = {}
        for variable, source in zip(self.kernel.program.uniforms, self.kernel.scalars):
            if variable.type == INT and source.origin != SEED:
                is_captured = isinstance(source.origin, Capture)
                origin: Any = source.origin
                value = captured.value_of(origin) if is_captured else values[origin]
                found[variable.name] = int(source.number_in(value))
        return found


class Adjoint:
    """The gradient of a kernel with respect to one of its arguments; made by `adjoint`."""

    def __init__(self, kernel: Kernel, argument: str) -> None:
        self.kernel = kernel
        self.argument = argument
        self._typed: dict[object, _Typed] = {}

    def __repr__(self) -> str:
        return f"<adjoint of {self.kernel.__name__} with respect to {self.argument}>"

    def __call__(
        self, g: Any, *args: Any, shape: Any = None, device: str | None = None, **keywords: Any
    ) -> Array:
        """Return the gradient of ``sum(g * kernel(*args))``.

        Args:
            g: the cotangent: an array of floats of the output's shape; a tuple of them where the
                kernel returns a tuple (None, or anything, for outputs that are no floats).
            args, keywords: the kernel's own arguments.
            shape, device: as in the kernel's launch.

        Returns:
            An array of the argument's shape, float32; of shape (1,) where that is a number.

        Raises:
            KernelTypeError: the kernel has no derivative that could be made, or ``g`` is no array
                of floats.
            KernelShapeError: ``g`` has not the shape of the output.
        """
        try:
            return self._run(g, args, keywords, shape, device)
        except KernelError as problem:
            raise problem.with_traceback(None) from problem.__cause__

    def text(self, g: Any, *args: Any, shape: Any = None, **keywords: Any) -> str:
        """Return the source of the kernels that compute the gradient, for such arguments."""
        return self._prepared(g, args, keywords, shape)[0].text

    def kernels(
        self, g: Any, *args: Any, shape: Any = None, **keywords: Any
    ) -> tuple[Kernel | None, Kernel, tuple[Any, ...]]:
        """Return what a call launches, for programs that launch it themselves.

        Args:
            g, args, shape, keywords: as in a call.

        Returns:
            ``(save, gather, captured)``.  Where ``save`` is not None, ``save(*g, *args,
            *captured)`` is launched first, and gives an array or a tuple of them;
            ``gather(*g, *saved, *args, *captured)`` gives the gradient, of a number the part of
            each cell.  ``g`` are the cotangents of the outputs that are floats.  Both are kernels
            that have derivatives themselves, where the kernel's second ones exist.

        Raises:
            KernelError: what a call would raise.
        """
        made, values, _, meaning = self._prepared(g, args, keywords, shape)
        captured = Captured(made.positions, meaning.seen)
        others = [p for p in made.parameters if not isinstance(p, str)]
        return made.save, made.gather, tuple(_value(p, values, captured) for p in others)

    # ------------------------------------------------------------ launching

    def _run(
        self, g: Any, args: tuple[Any, ...], keywords: dict[str, Any], shape: Any, device: Any
    ) -> Array:
        made, values, cotangents, meaning = self._prepared(g, args, keywords, shape)
        name = resolve_device(device).name
        captured = Captured(made.positions, meaning.seen)
        given = [_value(parameter, values, captured) for parameter in made.parameters]
        saved: tuple[Any, ...] = ()
        if made.save is not None:
            found = made.save(*cotangents, *given, device=name)
            saved = found if isinstance(found, tuple) else (found,)
        gradient: Array = made.gather(*cotangents, *saved, *given, device=name)
        for array in saved:
            array.release()
        if isinstance(values[self.argument], (Array, np.ndarray)):
            return gradient
        with gradient:
            total: Array = sum_of(gradient.reshape(-1), axis=0, keepdims=True)
        return total

    def _prepared(
        self, g: Any, args: tuple[Any, ...], keywords: dict[str, Any], shape: Any
    ) -> tuple[Compiled, Values, list[Any], Meaning]:
        """Return the kernels for a call, and its converted arguments and cotangents."""
        kernel = self.kernel
        values = kernel._convert(args, keywords)
        grid = output_grid(kernel._signature, kernel._shape, shape, None, values)
        made, meaning = self._of(values, len(grid))
        return made, values, self._cotangents(g, made.outputs, grid), meaning

    def _cotangents(
        self, g: Any, outputs: Sequence[Output], grid: tuple[int, ...]
    ) -> list[Array | np.ndarray]:
        """Return the cotangents of the outputs that are floats."""
        signature = self.kernel._signature
        given = g if isinstance(g, (tuple, list)) else (g,)
        if len(given) != len(outputs):
            wanted = "1 array" if len(outputs) == 1 else f"{len(outputs)} arrays"
            message = f"g is {len(given)} arrays, but `{signature.name}` fills {wanted}"
            raise signature.fail(KernelTypeError, message, "give one cotangent for each output")
        found = []
        for value, output in zip(given, outputs):
            if output.element != FLOAT:
                continue
            array = value if isinstance(value, Array) else signature.host_array("g", value)
            if array.dtype.kind != "f":
                message = f"g has dtype {array.dtype}, but a cotangent is an array of floats"
                raise signature.fail(KernelTypeError, message, "convert it: g.astype('float32')")
            if array.shape != output_shape(output, grid):
                message = f"g has shape {array.shape}, but `{signature.name}` fills shape "
                message += str(output_shape(output, grid))
                hint = "give shape= as in the launch, if it had one"
                raise signature.fail(KernelShapeError, message, hint)
            found.append(array)
        return found

    # ------------------------------------------------------------ compiling

    def _of(self, values: Values, grid_rank: int) -> tuple[Compiled, Meaning]:
        """Return the kernels for arguments; made for the values of ints only if it must be."""
        kernel = self.kernel
        types = launch_key(values.values())
        with kernel._lock:
            meaning = kernel._current()
            quick_key = ("adjoint", self.argument, grid_rank, types)
            quick: _Typed | None = meaning.found.get(quick_key)
            if quick is not None:
                return self._compiled(quick, values, meaning), meaning
            meaning = kernel._renewed(meaning)
            typed = self._typed.get((grid_rank, types, meaning.key))
            if typed is None:
                resolution = meaning.snapshot()
                kinds = {name: kind_of(value) for name, value in values.items()}
                options = replace(kernel._settings.options, debug=False, max_iterations=None)
                found = infer_types(resolution, kinds, grid_rank, options)
                typed = _Typed(found, kinds, resolution.positions, {})
                meaning = kernel._renewed(meaning)
                _remember(self._typed, (grid_rank, types, meaning.key), typed)
            meaning.found[quick_key] = typed
            return self._compiled(typed, values, meaning), meaning

    def _compiled(self, typed: _Typed, values: Values, meaning: Meaning) -> Compiled:
        """Return the kernels for any ints, or else for those of this call."""
        if () in typed.compiled:
            return typed.compiled[()]
        ints = typed.ints(values, Captured(typed.positions, meaning.seen))
        key = tuple(ints.values())
        if key not in typed.compiled:
            make = functools.partial(_Builder, self.kernel, self.argument, typed)
            try:
                made, key = make({}).compiled(), ()
            except KernelTypeError:
                if not ints:
                    raise
                made = make(ints).compiled()
            except RecursionError:
                raise self.kernel._signature.fail(
                    KernelTypeError,
                    f"`{self.kernel.__name__}` is nested too deeply to be differentiated",
                    "split its expressions and blocks, or make its constant loops shorter",
                ) from None
            _remember(typed.compiled, key, made)
        return typed.compiled[key]


def _remember(known: dict[Any, Any], key: object, made: object) -> None:
    if len(known) >= MAX_SPECIALIZATIONS:
        del known[next(iter(known))]
    known[key] = made


def _value(parameter: Parameter, values: Values, captured: Captured) -> Any:
    """Return what a parameter of the made kernels is given."""
    if isinstance(parameter, str):
        return values[parameter]
    if isinstance(parameter, Capture):
        return captured.value_of(parameter)
    assert isinstance(parameter.origin, Capture)
    return parameter.number_in(captured.value_of(parameter.origin))


class _Builder:
    """Makes the adjoint of a typed kernel."""

    def __init__(
        self, kernel: Kernel, argument: str, typed: _Typed, ints: Mapping[str, int]
    ) -> None:
        self._kernel = kernel
        self._argument = argument
        self._typed = typed.kernel
        self._kinds = kinds = typed.kinds
        self._positions = typed.positions
        self._span = kernel._signature.span
        self._check_kinds()
        self._names = Names(())
        self._parameters: dict[Parameter, str] = {n: self._names.new(n) for n in kinds}
        self._spelled: dict[tuple[str, str], str] = {}
        self._boundaries: dict[str, str] = {}
        self._declare()
        outputs = enumerate(self._typed.program.outputs)
        floats = [n for n, output in outputs if output.element == FLOAT]
        wishes = ["g" if len(floats) == 1 else f"g{n}" for n in floats]
        self._cotangents = {n: self._names.new(wish) for n, wish in zip(floats, wishes)}
        for name in self._cotangents.values():
            self._spelled["load", name] = name
        self._first = next(iter(self._cotangents.values()))
        self._formulas = Formulas(self._typed.program, self._first, ints, self._refuse)
        self._terms = self._formulas.terms

    def _refuse(self, span: Span, reason: str) -> Diagnostic:
        name = self._kernel.__name__
        message = f"`{name}` cannot be differentiated with respect to `{self._argument}`: {reason}"
        hint = f"write the derivative yourself, in a function decorated with @{name}.vjp"
        return Diagnostic(KernelTypeError, span, message, hint)

    def _check_kinds(self) -> None:
        """Raise KernelTypeError where no derivative is possible, whatever the kernel does."""
        kind = self._kinds[self._argument]
        scalar = kind.element if isinstance(kind, ArrayType) else kind
        program = self._typed.program
        reason = ""
        if not isinstance(scalar, Scalar):
            reason = f"it is a {scalar}, not a number or an array"
        elif scalar != FLOAT:
            reason = f"its values are {scalar}s, not floats"
        elif all(output.element != FLOAT for output in program.outputs):
            reason = f"the results are {program.outputs[0].element}s, not floats"
        elif self._typed.draws:
            reason = "it draws random numbers, which another launch would draw anew"
        if reason:
            raise_errors([self._refuse(self._span, reason)])

    def _declare(self) -> None:
        """Name the parameters of the made kernels."""
        program = self._typed.program
        for array, origin in zip(program.arrays, self._typed.arrays):
            if origin not in self._parameters:
                self._parameters[origin] = self._names.new(array.name)
            name = self._parameters[origin]
            self._spelled["load", array.name] = name
            if array.boundary != "zero":
                self._boundaries[name] = array.boundary
        for variable, source in zip(program.uniforms, self._typed.scalars):
            if isinstance(source.origin, Capture):
                self._parameters[source] = self._names.new(variable.name)
                text = self._parameters[source]
            else:
                assert source.origin != SEED
                text = self._parameters[source.origin]
                text += "".join(f"[{place}]" for place in source.path)
            self._spelled["uniform", variable.name] = text

    # ------------------------------------------------------------ derivatives

    def compiled(self) -> Compiled:
        """Return the made kernels.

        Raises:
            KernelTypeError: the kernel cannot be differentiated.
        """
        reverse = self._reversed()
        for name in reverse.saved:
            self._spelled["load", name] = name
        texts: list[str] = []
        save = self._saving(reverse, texts) if reverse.saved else None
        gather = self._gathering(reverse, texts)
        outputs = self._typed.program.outputs
        text = "\n\n".join(texts)
        return Compiled(text, save, gather, outputs, tuple(self._parameters), self._positions)

    def _reversed(self) -> Reverse:
        terms, span = self._terms, self._span
        results = self._formulas.results()
        axes = range(self._typed.program.grid_rank)
        zero, one = terms.whole(0, span), terms.whole(1, span)
        grid = [
            Loop(terms.grid(axis, span), zero, terms.extent(self._first, axis, span), one)
            for axis in axes
        ]
        reverse = Reverse(terms, self._target(), grid, self._refuse, self._names.new)
        pairs: list[tuple[Term, Term]] = []
        cell = [loop.var for loop in grid]
        place = 0
        for number, output in enumerate(self._typed.program.outputs):
            for component in range(output.size or 1):
                if number in self._cotangents:
                    indices = [*cell, terms.whole(component, span)] if output.size else cell
                    name = self._cotangents[number]
                    pairs.append((results[place], terms.load(name, tuple(indices), FLOAT, span)))
                place += 1
        reverse.run(pairs)
        return reverse

    def _target(self) -> tuple[str, str]:
        """Return the argument as terms name it."""
        program = self._typed.program
        for array, origin in zip(program.arrays, self._typed.arrays):
            if origin == self._argument:
                return "load", array.name
        for variable, source in zip(program.uniforms, self._typed.scalars):
            if source.origin == self._argument:
                return "uniform", variable.name
        return "unused", self._argument

    def _gathers(self, reverse: Reverse, cell: list[Term]) -> list[Gather]:
        kind, array = self._target()
        if kind != "load":
            grid = {term: term for term in cell}
            return [number_gathers(found, grid) for found in reverse.contributions]
        made = [*self._cotangents.values(), *reverse.saved]
        boundaries = {**self._formulas.boundaries, **dict.fromkeys(made, "zero")}
        arrays = Arrays(boundaries, dict.fromkeys(made, self._first))
        gathers = Gathers(self._terms, array, cell, arrays, self._refuse)
        return [gather for found in reverse.contributions for gather in gathers.of(found)]

    # ------------------------------------------------------------ text

    def _saving(self, reverse: Reverse, texts: list[str]) -> Kernel:
        """Return the kernel that fills the saved cotangents."""
        axes = range(self._typed.program.grid_rank)
        cell = [self._terms.grid(axis, self._span) for axis in axes]
        writer = self._writer(cell, "ijkl")
        writer.returned(list(reverse.saved.values()))
        name = self._names.new(f"{self._kernel.__name__}_cotangent")
        sizes = ", ".join(f"{self._first}.shape[{axis}]" for axis in axes)
        parameters = [*self._cotangents.values(), *self._parameters.values()]
        return self._made(name, parameters, f"({sizes},)", writer, texts)

    def _gathering(self, reverse: Reverse, texts: list[str]) -> Kernel:
        """Return the kernel that computes the gradient; of a number, the part of each cell."""
        kind = self._kinds[self._argument]
        target = self._parameters[self._argument]
        if isinstance(kind, ArrayType):
            cell = [self._terms.leaf("var", "p", INT, self._span) for _ in range(kind.rank)]
            writer = self._writer(cell, "pqrs")
            shape = f"{target}.shape"
        else:
            axes = range(self._typed.program.grid_rank)
            cell = [self._terms.grid(axis, self._span) for axis in axes]
            writer = self._writer(cell, "ijkl")
            shape = f"({', '.join(f'{self._first}.shape[{axis}]' for axis in axes)},)"
        writer.gathered(self._gathers(reverse, cell))
        name = self._names.new(f"{self._kernel.__name__}_gradient_{self._argument}")
        made = (*self._cotangents.values(), *reverse.saved)
        return self._made(name, [*made, *self._parameters.values()], shape, writer, texts)

    def _writer(self, cell: Sequence[Term], wishes: Iterable[str]) -> Writer:
        """Return a writer of a kernel whose cell is at these variables."""
        names = Names((*self._parameters.values(), *self._cotangents.values()))
        named = {term: names.new(wish) for term, wish in zip(cell, wishes)}
        writer = Writer(names, lambda kind, name: self._spelled[kind, name], named)
        writer.line(f"{', '.join(named.values())} = index()")
        return writer

    def _made(
        self, name: str, parameters: list[str], shape: str, writer: Writer, texts: list[str]
    ) -> Kernel:
        """Return the kernel of a written body; its text is added to ``texts``."""
        given = ", ".join(parameters)
        boundary = {n: b for n, b in self._boundaries.items() if n in parameters}
        options = f", boundary={boundary!r}" if boundary else ""
        head = f"@kernel(shape=lambda {given}: {shape}{options})\ndef {name}({given}):"
        text = "\n".join([head, *writer.lines]) + "\n"
        texts.append(text)
        made = from_source(text, name, writer.namespace)
        # What is read out of range is zero on purpose, whatever kernels are debugged.
        options_without = replace(made._settings.options, debug=False)
        made._settings = replace(made._settings, options=options_without)
        assert isinstance(made, Kernel)
        return made


def adjoint(kernel: Kernel, argument: str) -> Adjoint:
    """Return the gradient of a kernel with respect to one of its arguments.

    It exists for kernels whose array reads have indices that are sums of constant multiples of
    ``index()`` and of variables of ``for`` loops, and whose loops add up: matrix products,
    convolutions, stencils, sums over rows, and what is computed from them.  Quotients and
    remainders by constants, ``min``, ``max`` and conditions in indices, and every boundary work
    too.  All else is refused by an error that says why.

    Args:
        kernel: a `Kernel`.
        argument: the name of a parameter that is an array of floats or a float.

    Returns:
        An `Adjoint`: called as ``(g, *args)`` it gives the gradient of ``sum(g * kernel(*args))``
        in the shape of the argument.  ``text(g, *args)`` shows the kernels that it runs.

    Raises:
        KernelTypeError: ``kernel`` is no kernel, or has no such parameter.

    Example:
        >>> import numpy as np
        >>> import gpukernel as gk
        >>> from gpukernel.adjoint import adjoint
        >>> @gk.kernel
        ... def difference(a):
        ...     i = gk.index()
        ...     return a[i + 1] - a[i]
        >>> gradient = adjoint(difference, "a")
        >>> a, g = np.zeros(4, np.float32), np.array([1, 10, 100, 1000], np.float32)
        >>> gradient(g, a, device="cpu").tolist()
        [-1.0, -9.0, -90.0, -900.0]
        >>> print(gradient.text(g, a))
        @kernel(shape=lambda g, a: a.shape)
        def difference_gradient_a(g, a):
            p = index()
            return g[p - 1] - g[p]
        <BLANKLINE>
    """
    if not isinstance(kernel, Kernel):
        message = f"adjoint needs a kernel, not a {type(kernel).__name__}"
        raise KernelTypeError(message + "\nhint: decorate the function with @gk.kernel")
    if argument not in kernel._signature.names:
        message = f"`{kernel.__name__}` has no argument `{argument}`"
        hint = f"the kernel is {kernel.__name__}{kernel._signature.python}"
        raise kernel._signature.fail(KernelTypeError, message, hint)
    made = kernel._adjoints.setdefault(argument, Adjoint(kernel, argument))
    assert isinstance(made, Adjoint)
    return made
