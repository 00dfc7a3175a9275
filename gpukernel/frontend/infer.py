"""Type inference: resolved surface trees and argument types in, a typed `Program` out.

A variable has one type, the join of all it is assigned.  A function is walked again and again with
the types found so far until they stand still; the last walk's statements are the program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Union

from gpukernel.errors import KernelSyntaxError, Span, raise_errors
from gpukernel.frontend.flow import assigned_names
from gpukernel.frontend.infer_calls import CallInference
from gpukernel.frontend.infer_expressions import hint_for
from gpukernel.frontend.resolve import MISSING, Capture, Resolution
from gpukernel.frontend.values import (
    NUMBERS,
    ArrayValue,
    ErrorValue,
    ObjectValue,
    TupleValue,
    Value,
    describe,
    leaves,
    type_of,
)
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast, constant, scalar_type
from gpukernel.ir.walk import expressions
from gpukernel.lang.types import ERROR, INT, ArrayType, ErrorType, Scalar, TupleType, Type, join

# Where a launch scalar comes from: the kernel's parameter of that name, or a captured number.
ScalarSource = Union[str, Capture]


@dataclass(frozen=True)
class TypedKernel:
    """A program, and where each of its uniforms comes from, in ``program.uniforms`` order."""

    program: nodes.Program
    scalars: tuple[ScalarSource, ...]


def infer_types(
    resolution: Resolution, arguments: Mapping[str, Type], grid_rank: int
) -> TypedKernel:
    """Return the typed program of a kernel for given argument types.

    Args:
        resolution: the kernel and its helpers, names bound.
        arguments: the type of every parameter of the kernel: a scalar or an array.
        grid_rank: the number of axes of the output, 1 to 4.

    Raises:
        KernelTypeError, KernelIndexError, KernelNameError: everything found, in source order.
    """
    return _ProgramInference(resolution, grid_rank).run(arguments)


class _ProgramInference:
    """One program: the functions made for it so far, and its launch scalars."""

    def __init__(self, resolution: Resolution, grid_rank: int) -> None:
        self.resolution = resolution
        self.grid_rank = grid_rank
        self.instances: dict[object, FunctionInference] = {}
        self.active: list[FunctionType] = [resolution.kernel]  # whose inference is under way
        self.names: set[str] = set()
        self.uniforms: dict[str, tuple[nodes.Variable, ScalarSource]] = {}

    def run(self, arguments: Mapping[str, Type]) -> TypedKernel:
        kernel = self.resolution.kernel
        bindings: dict[str, Type | ArrayValue] = {}
        for name, kind in arguments.items():
            bindings[name] = kind
            if isinstance(kind, ArrayType):
                bindings[name] = ArrayValue(nodes.ArrayInput(name, kind))
        inference = FunctionInference(self, kernel, bindings, self.unique(kernel.__name__), True)
        inference.run()
        if inference.diagnostics:
            raise_errors(inference.diagnostics)
        return self.assemble(inference, arguments)

    def assemble(self, kernel: FunctionInference, arguments: Mapping[str, Type]) -> TypedKernel:
        """Collect the functions, arrays and uniforms that the kernel really reaches."""
        functions: dict[str, nodes.Function] = {}
        made = {i.name: i for i in self.instances.values()}

        def reach(inference: FunctionInference) -> None:
            function = inference.function()
            for node in expressions(function.body):
                if isinstance(node, nodes.Invoke) and node.function not in functions:
                    reach(made[node.function])
            functions[function.name] = function

        reach(kernel)
        used = [node for f in functions.values() for node in expressions(f.body)]
        arrays = {n.array for n in used if isinstance(n, (nodes.Load, nodes.Extent))}
        uniforms = {n.name for n in used if isinstance(n, nodes.Uniform)}
        kept = [self.uniforms[name] for name in self.uniforms if name in uniforms]
        program = nodes.Program(
            self.resolution.kernel.__name__,
            self.grid_rank,
            tuple(
                nodes.ArrayInput(name, kind)
                for name, kind in arguments.items()
                if isinstance(kind, ArrayType) and name in arrays
            ),
            tuple(variable for variable, _ in kept),
            tuple(functions.values()),
        )
        return TypedKernel(program, tuple(source for _, source in kept))

    def unique(self, name: str) -> str:
        """Return a function name that no other function of the program has."""
        candidate, count = name, 1
        while candidate in self.names:
            count += 1
            candidate = f"{name}.{count}"
        self.names.add(candidate)
        return candidate

    def uniform(self, name: str, kind: Scalar, source: ScalarSource, span: Span) -> nodes.Uniform:
        self.uniforms[name] = (nodes.Variable(name, kind), source)
        return nodes.Uniform(name, kind, span)


class FunctionInference(CallInference):
    """The inference of one function for one combination of argument types."""

    def __init__(
        self,
        program: _ProgramInference,
        function: FunctionType,
        bindings: dict[str, Type | ArrayValue],
        name: str,
        is_kernel: bool,
    ) -> None:
        super().__init__()
        self.program = program
        self.python = function
        self.tree = program.resolution.functions[function]
        self.bindings = bindings
        self.name = name
        self.is_kernel = is_kernel
        self.grid_rank = program.grid_rank
        self.assigned = {target.name for target in assigned_names(self.tree.body)}
        self.variables: dict[str, Type] = {}
        self.result: Type | None = None
        self.temporaries: dict[str, Scalar] = {}
        self.block: list[nodes.Stmt] = []

    # ------------------------------------------------------------ the walk

    def run(self) -> None:
        """Walk the function until no variable's type changes any more."""
        while True:
            before = (dict(self.variables), self.result)
            self.diagnostics, self.temporaries, self.block = [], {}, []
            self.copy_assigned_parameters()
            for statement in self.tree.body:
                self.statement(statement)
            if (self.variables, self.result) == before:
                break
        if self.result is None and not self.diagnostics:
            message = f"`{self.tree.name}` never returns a value"
            self.error(self.tree.span, message, "leave the loop with return", KernelSyntaxError)

    def function(self) -> nodes.Function:
        """Return the typed function of the last walk."""
        params = [] if self.is_kernel else self.parameters()
        known = {p.name for p in params}
        variables: dict[str, Scalar] = {}
        for name, kind in self.variables.items():
            variables.update(_scalars(name, kind))
        variables.update(self.temporaries)
        local = tuple(nodes.Variable(n, t) for n, t in variables.items() if n not in known)
        assert isinstance(self.result, Scalar)
        return nodes.Function(
            self.name, tuple(params), local, tuple(self.block), self.result, self.tree.span
        )

    def parameters(self) -> list[nodes.Variable]:
        """Return a helper's parameters: one for each number that is passed."""
        found: list[nodes.Variable] = []
        for name, binding in self.bindings.items():
            if not isinstance(binding, ArrayValue):
                scalars = _scalars(self.incoming(name), binding)
                found += [nodes.Variable(n, t) for n, t in scalars.items()]
        return found

    def incoming(self, name: str) -> str:
        """Return the name that a helper's argument arrives under."""
        return f"{name}.in" if name in self.assigned else name

    def copy_assigned_parameters(self) -> None:
        """Give parameters that the body assigns a variable of their own."""
        for parameter in self.tree.params:
            is_array = isinstance(self.bindings[parameter.name], ArrayValue)
            if parameter.name in self.assigned and not is_array:
                value = self.argument(parameter.name, parameter.span)
                self.store(syntax.TargetName(parameter.name, parameter.span), value)

    def argument(self, name: str, span: Span) -> Value:
        binding = self.bindings[name]
        if isinstance(binding, ArrayValue):
            return binding
        if self.is_kernel and isinstance(binding, Scalar):
            return self.program.uniform(name, binding, name, span)
        return _read(self.incoming(name), binding, span)

    # ------------------------------------------------------------ hooks of the expression half

    def read_variable(self, name: str, span: Span) -> Value:
        if name in self.assigned and not isinstance(self.bindings.get(name), ArrayValue):
            return _read(name, self.variables.get(name, ERROR), span)
        return self.argument(name, span)

    def read_capture(self, node: syntax.Global) -> Value:
        number = node.value
        path = ".".join(node.path)
        capture = self.program.resolution.captures.get((self.python, node.path))
        if capture is None:  # a number of a constant module
            return constant(number, node.span)  # type: ignore[arg-type]
        owner = "" if self.is_kernel else f"{self.name}:"
        return self.program.uniform(f"{owner}{path}", scalar_type(number), capture, node.span)

    def temporary(self, kind: Scalar) -> str:
        name = f"${len(self.temporaries)}"
        self.temporaries[name] = kind
        return name

    def instance(
        self, function: FunctionType, bindings: dict[str, Type | ArrayValue], span: Span
    ) -> tuple[str, Type | None] | None:
        program = self.program
        if function in program.active:
            hint = "kernels cannot recurse; write the repetition as a loop"
            message = f"`{function.__name__}` calls itself"
            self.error(span, message, hint, KernelSyntaxError)
            return None
        key = (function, tuple(bindings.items()))
        made = program.instances.get(key)
        if made is None:
            name = program.unique(function.__name__)
            made = FunctionInference(program, function, bindings, name, False)
            program.active.append(function)
            made.run()
            program.active.pop()
            program.instances[key] = made
        self.diagnostics += [replace(d, calls=(span, *d.calls)) for d in made.diagnostics]
        return made.name, made.result

    # ------------------------------------------------------------ statements

    def statement(self, node: syntax.Stmt) -> None:
        match node:
            case syntax.Assign():
                self.assign(node)
            case syntax.Augmented():
                self.augmented(node)
            case syntax.If():
                self.branch(node)
            case syntax.For():
                self.for_loop(node)
            case syntax.While():
                condition = self.truth(node.condition)
                body = self.nested(node.body)
                if condition is not None:
                    self.emit(nodes.While(condition, body, node.span))
            case syntax.Return():
                self.returned(node)
            case syntax.Assert():
                self.truth(node.condition)
            case syntax.Break():
                self.emit(nodes.Break(node.span))
            case syntax.Continue():
                self.emit(nodes.Continue(node.span))

    def emit(self, statement: nodes.Stmt) -> None:
        self.block.append(statement)

    def nested(self, statements: Sequence[syntax.Stmt]) -> tuple[nodes.Stmt, ...]:
        """Return the statements of an inner block."""
        outer, self.block = self.block, []
        for statement in statements:
            self.statement(statement)
        inner, self.block = self.block, outer
        return tuple(inner)

    def branch(self, node: syntax.If) -> None:
        condition = self.truth(node.condition)
        then, otherwise = self.nested(node.then), self.nested(node.otherwise)
        if condition is not None:
            self.emit(nodes.If(condition, then, otherwise, node.span))

    def returned(self, node: syntax.Return) -> None:
        value = self.value(node.value)
        if isinstance(value, TupleValue):
            subject = "a kernel" if self.is_kernel else f"`{self.tree.name}`"
            hint = "return one number, the value of this output cell"
            if not self.is_kernel:
                hint = "write a function for each number"
            self.error(node.span, f"{subject} returns one number, not {describe(value)}", hint)
        number = None
        if not isinstance(value, TupleValue):
            number = self.as_number(value, node.value.span, "the value returned")
        kind = ERROR if number is None else number.type
        joined = kind if self.result is None else join(self.result, kind)
        self.result = joined
        if number is not None and isinstance(joined, Scalar):
            self.emit(nodes.Return(cast(number, joined), node.span))

    def augmented(self, node: syntax.Augmented) -> None:
        left = self.read_variable(node.target.name, node.target.span)
        value = self.operator(node.symbol, left, self.value(node.value), node.span)
        self.store(node.target, value)

    # ------------------------------------------------------------ assignment

    def assign(self, node: syntax.Assign) -> None:
        value = self.value(node.value)
        if len(node.targets) > 1:
            value = self.shared(value)
        for target in node.targets:
            self.store(target, value)

    def shared(self, value: Value) -> Value:
        """Return a value that several targets can take without computing it again."""
        if isinstance(value, TupleValue):
            return TupleValue(tuple(self.shared(e) for e in value.elements))
        if not isinstance(value, NUMBERS) or isinstance(value, nodes.Constant):
            return value
        name = self.temporary(value.type)
        self.emit(nodes.Assign(name, value, value.span))
        return nodes.Name(name, value.type, value.span)

    def store(self, target: syntax.Target, value: Value) -> None:
        """Assign a value to a target, element by element."""
        pairs: list[tuple[syntax.TargetName, Value]] = []
        if not self.match(target, value, pairs):
            self.poison(target)
            return
        if any(isinstance(v, ErrorValue) for _, v in pairs):
            self.poison(target)
        moves: list[tuple[str, nodes.Expr]] = []
        for name, part in pairs:
            kind = self.widen(name, type_of(part))
            if kind is not None:
                names = _scalars(name.name, kind).items()
                numbers = [n for n in leaves(part) if isinstance(n, NUMBERS)]
                moves += [(n, cast(v, t)) for (n, t), v in zip(names, numbers)]
        self.move(moves)

    def match(
        self,
        target: syntax.Target,
        value: Value,
        pairs: list[tuple[syntax.TargetName, Value]],
    ) -> bool:
        """Pair every name of a target with its value; False after reporting a misfit."""
        if isinstance(target, syntax.TargetName):
            if isinstance(value, (ArrayValue, ObjectValue)):
                what = describe(value)
                hint = hint_for(value) or "use it by its own name"
                self.error(target.span, f"cannot assign {what} to variable `{target.name}`", hint)
                return False
            pairs.append((target, value))
            return True
        if isinstance(value, ErrorValue):
            return False
        if not isinstance(value, TupleValue):
            hint = hint_for(value) or "write one name on the left"
            if isinstance(value, nodes.GridIndex):
                hint = "the output has one axis, so index() is one int: write i = index()"
            self.error(target.span, f"cannot unpack {describe(value)}", hint)
            return False
        if len(value.elements) != len(target.elements):
            wanted, got = len(target.elements), len(value.elements)
            self.error(
                target.span,
                f"cannot unpack {got} values into {wanted} names",
                f"write {got} names on the left",
            )
            return False
        return all([self.match(t, v, pairs) for t, v in zip(target.elements, value.elements)])

    def poison(self, target: syntax.Target) -> None:
        """Mark the names of a failed assignment, so that reading them is not reported again."""
        if isinstance(target, syntax.TargetName):
            self.variables.setdefault(target.name, ERROR)
        else:
            for element in target.elements:
                self.poison(element)

    def widen(self, target: syntax.TargetName, kind: Type) -> Type | None:
        """Join a type into a variable's; None when nothing can be stored."""
        if isinstance(self.bindings.get(target.name), ArrayValue):
            message = f"cannot assign to `{target.name}`, which is an array argument"
            self.error(target.span, message, "use another name for the new value")
            return None
        old = self.variables.get(target.name)
        joined = kind if old is None else join(old, kind)
        if joined is None:
            self.error(
                target.span,
                f"`{target.name}` is {old} elsewhere and {kind} here",
                "a variable has one type; use another name",
            )
            return None
        self.variables[target.name] = joined
        return None if isinstance(joined, ErrorType) else joined

    def move(self, moves: list[tuple[str, nodes.Expr]]) -> None:
        """Assign numbers to variables all at once, through temporaries where one is read later."""
        written: set[str] = set()
        overlap = False
        for name, value in moves:
            reads = {n.name for n in _reads(value)}
            overlap = overlap or bool(reads & written)
            written.add(name)
        if overlap:
            held = []
            for name, value in moves:
                temporary = self.temporary(value.type)
                self.emit(nodes.Assign(temporary, value, value.span))
                held.append((name, nodes.Name(temporary, value.type, value.span)))
            moves = list(held)
        for name, value in moves:
            self.emit(nodes.Assign(name, value, value.span))

    # ------------------------------------------------------------ loops

    def for_loop(self, node: syntax.For) -> None:
        bounds = self.range_bounds(node.iterable)
        kind = self.widen(node.target, INT)
        counter = node.target.name
        outer, self.block = self.block, []
        if kind is not None and kind != INT and isinstance(kind, Scalar):
            counter = self.temporary(INT)  # the variable is float: it takes the counter's value
            value = cast(nodes.Name(counter, INT, node.target.span), kind)
            self.emit(nodes.Assign(node.target.name, value, node.span))
        for statement in node.body:
            self.statement(statement)
        body, self.block = tuple(self.block), outer
        if bounds is not None and kind is not None:
            self.emit(nodes.For(counter, *bounds, body, node.span))

    def range_bounds(self, node: syntax.Expr) -> tuple[nodes.Expr, nodes.Expr, nodes.Expr] | None:
        """Return start, stop and step of the ``range`` that a loop goes over."""
        if isinstance(node, syntax.Apply) and isinstance(node.function, syntax.Global):
            if node.function.value is range:
                return self.range_arguments(node)
            if node.function.value is MISSING:
                return None
        value = self.value(node)
        if not isinstance(value, ErrorValue):
            hint = "write `for i in range(...)`"
            if isinstance(value, ArrayValue):
                hint = f"write `for i in range(len({value.array.name}))`"
            self.error(node.span, f"cannot loop over {describe(value)}", hint)
        return None

    def range_arguments(
        self, node: syntax.Apply
    ) -> tuple[nodes.Expr, nodes.Expr, nodes.Expr] | None:
        if node.keywords or not 1 <= len(node.arguments) <= 3:
            hint = "write range(start, stop, step)"
            self.error(node.span, "range() takes one to three ints", hint)
            return None
        found: list[nodes.Expr] = []
        for argument in node.arguments:
            number = self.number(argument, "a bound of range()")
            if number is not None and number.type.rank > INT.rank:
                hint = "convert it with int(...)"
                self.error(argument.span, "a bound of range() must be an int, not float", hint)
            elif number is not None:
                found.append(cast(number, INT))
        if len(found) != len(node.arguments):
            return None
        if len(found) == 1:
            found.insert(0, constant(0, node.span))
        if len(found) == 2:
            found.append(constant(1, node.span))
        start, stop, step = found
        if isinstance(step, nodes.Constant) and step.value == 0:
            message = "the step of range() must not be zero"
            self.error(node.arguments[2].span, message, "use 1 or -1")
            return None
        return start, stop, step


def _scalars(name: str, kind: Type) -> dict[str, Scalar]:
    """Return the scalar variables that a variable of this type is kept in."""
    if isinstance(kind, Scalar):
        return {name: kind}
    found: dict[str, Scalar] = {}
    if isinstance(kind, TupleType):
        for position, element in enumerate(kind.elements):
            found.update(_scalars(f"{name}.{position}", element))
    return found


def _read(name: str, kind: Type, span: Span) -> Value:
    """Return the value of a variable: a number, or a tuple of its parts."""
    if isinstance(kind, Scalar):
        return nodes.Name(name, kind, span)
    if isinstance(kind, TupleType):
        parts = enumerate(kind.elements)
        return TupleValue(tuple(_read(f"{name}.{i}", element, span) for i, element in parts))
    return ErrorValue()


def _reads(value: nodes.Expr) -> list[nodes.Name]:
    from_inside = expressions((nodes.Return(value, value.span),))
    return [node for node in from_inside if isinstance(node, nodes.Name)]
