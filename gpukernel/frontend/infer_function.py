"""Inference of one function for one combination of argument types.

The function is walked again and again with the types found so far until they stand still; the last
walk's statements are the function's.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import FunctionType
from typing import Any

from gpukernel.errors import KernelSyntaxError, Span
from gpukernel.frontend.captures import data_type
from gpukernel.frontend.emitter import fold_literals
from gpukernel.frontend.flow import assigned_names, element_targets, names_read
from gpukernel.frontend.infer_invoke import AnyFunction, Instance, binding_key, outer_name
from gpukernel.frontend.infer_results import ResultInference, saturated
from gpukernel.frontend.infer_statements import STEPS
from gpukernel.frontend.objects import is_array, is_library, library_words
from gpukernel.frontend.program_parts import SEED, ProgramParts, Source
from gpukernel.frontend.resolve import Capture
from gpukernel.frontend.values import (
    NUMBERS,
    ArrayValue,
    Binding,
    FunctionValue,
    ListBinding,
    ListValue,
    ObjectValue,
    TupleValue,
    Value,
    VectorValue,
    held_by,
    parts,
    read_storage,
    storage,
    type_of,
)
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import constant, round_to
from gpukernel.ir.walk import rewrite
from gpukernel.lang.types import (
    ELEMENT_TYPES,
    ERROR,
    INT,
    MAX_RANK,
    NARROWED,
    UINT,
    ArrayType,
    ListType,
    Scalar,
    TupleType,
    Type,
)

# What a parameter can be bound to that is never kept in a variable.
_THINGS = (ArrayValue, ObjectValue, FunctionValue, ListBinding)


MAX_CALL_DEPTH = 40  # each level is a recursion of inference and of the interpreter


class FunctionInference(ResultInference, Instance):
    """The inference of one function for one combination of argument types."""

    def __init__(
        self,
        program: ProgramParts,
        python: FunctionType,
        tree: syntax.Function,
        bindings: dict[str, Binding],
        name: str,
        owner: FunctionInference | None = None,
        is_kernel: bool = False,
    ) -> None:
        super().__init__()
        self.program = program
        self.python = python  # whose globals the function sees
        self.tree = tree
        self.where = tree.span
        self.bindings = bindings
        self.name = name
        self.owner = owner  # the function around it
        self.is_kernel = is_kernel
        self.grid_rank = program.grid_rank
        self.debug = program.options.debug
        self.max_iterations = program.options.max_iterations
        self.assignments = Counter(target.name for target in assigned_names(tree.body))
        # A throwaway name may take values of any types, where nothing reads it.
        throwaway = {"_"} & self.assignments.keys()
        self.unread = throwaway - names_read(tree) if throwaway else throwaway
        self.changed_vectors = {
            target.value.name
            for target in element_targets(tree.body)
            if isinstance(target.value, syntax.Local)
        }
        self.variables: dict[str, Type] = {}
        self.hidden: dict[str, Scalar] = {}  # the state that this function takes and gives back
        self.result: Type | None = None

    # ------------------------------------------------------------ the walk

    def run(self) -> None:
        """Walk the function until nothing that was found changes any more."""
        while True:
            before = self.found()
            self.reset()
            self.copy_assigned_parameters()
            for statement in self.tree.body:
                self.statement(statement)
            self.materialize = self.num_list_calls > 0
            if self.found() == before:
                break
        if self.result is None and self.falls_off():
            self.result = TupleType(())
        if self.result == TupleType(()):
            self.emit(nodes.Return(self.state_values(), self.tree.span))
        if self.result is None and not self.diagnostics:
            message = f"`{self.tree.name}` never returns a value"
            self.error(self.tree.span, message, "leave the loop with return", KernelSyntaxError)

    def found(self) -> object:
        """Return what a walk may change that the next one depends on."""
        return dict(self.variables), self.result, dict(self.hidden), self.materialize

    def reset(self) -> None:
        self.diagnostics, self.block, self.prelude = [], [], []
        self.temporaries, self.num_temporaries, self.num_list_calls = {}, 0, 0
        self.tables, self.aliases, self.broken, self.list_sizes = {}, {}, [], {}
        self.borrowers, self.naturals = set(), set()
        self.reset_random()

    def falls_off(self) -> bool:
        """Whether the function returns nothing, which only helpers may."""
        return not self.is_kernel and not self.diagnostics and not _returns(self.tree.body)

    def function(self) -> nodes.Function:
        """Return the typed function of the last walk."""
        params = [] if self.is_kernel else self.parameters()
        known = {p.name for p in params}
        variables: dict[str, Scalar | ListType] = {}
        for name, kind in self.variables.items():
            variables.update(storage(name, kind))
        variables.update(self.temporaries)
        variables.update(self.hidden)
        local = tuple(nodes.Variable(n, t) for n, t in variables.items() if n not in known)
        assert self.result is not None
        results = (*storage("", self.result).values(), *self.hidden.values())
        if self.is_kernel:
            results = tuple(storage("", self.result).values())
        body = (*self.state_start(), *self.prelude, *self.block)
        return nodes.Function(self.name, tuple(params), local, body, results, self.tree.span)

    def kernel_function(self, outputs: tuple[nodes.Output, ...]) -> nodes.Function:
        """Return the kernel, with its results converted to what the outputs hold."""
        function = self.function()
        results = tuple(kind for o in outputs for kind in [o.element] * (o.size or 1))
        if results == function.results:
            return function

        def convert(statement: nodes.Stmt) -> nodes.Stmt:
            if isinstance(statement, nodes.Return):
                values = tuple(saturated(v, k) for v, k in zip(statement.values, results))
                return replace(statement, values=values)
            return statement

        body = tuple(rewrite(s, convert) for s in function.body)
        return replace(function, body=body, results=results)

    def parameters(self) -> list[nodes.Variable]:
        """Return a helper's parameters: one for each number or list that is passed."""
        found: list[nodes.Variable] = []
        for name, binding in self.bindings.items():
            if isinstance(binding, ListBinding):
                leaves = zip(storage(name, binding.type), binding.leaves)
                found += [nodes.Variable(leaf, kind) for leaf, kind in leaves]
                found += [nodes.Variable(f"{name}.at", INT)] if binding.has_offset else []
            elif not isinstance(binding, (ArrayValue, ObjectValue, FunctionValue)):
                scalars = storage(self.incoming(name), binding)
                found += [nodes.Variable(n, t) for n, t in scalars.items()]
        return found + [nodes.Variable(f"{n}.in", t) for n, t in self.hidden.items()]

    def incoming(self, name: str) -> str:
        """Return the name that a helper's argument arrives under."""
        return f"{name}.in" if name in self.assignments else name

    def copy_assigned_parameters(self) -> None:
        """Give parameters that the body assigns a variable of their own."""
        for parameter in self.tree.params:
            binding = self.bindings[parameter.name]
            if parameter.name in self.assignments and not isinstance(binding, _THINGS):
                value = held_by(self.argument(parameter.name, parameter.span), frozenset())
                if not self.is_replaced(parameter.name):
                    self.borrowers.add(parameter.name)
                self.store(syntax.TargetName(parameter.name, parameter.span), value)

    def is_replaced(self, name: str) -> bool:
        """Whether every path gives a parameter a new value."""
        assigned = [s for s in self.tree.body if isinstance(s, syntax.Assign)]
        return name in {target.name for target in assigned_names(tuple(assigned))}

    def argument(self, name: str, span: Span) -> Value:
        binding = self.bindings[name]
        if isinstance(binding, (ArrayValue, ObjectValue, FunctionValue)):
            return binding
        if isinstance(binding, ListBinding):
            offset = nodes.Name(f"{name}.at", INT, span) if binding.has_offset else None
            return ListValue(name, binding.type, offset)
        if self.is_kernel:
            return self.launch_value(name, binding, Source(name), span)
        return read_storage(self.incoming(name), binding, span)

    def launch_value(self, name: str, kind: Type, source: Source, span: Span) -> Value:
        """Return a launch scalar, or a tuple or vector of launch scalars."""
        if isinstance(kind, Scalar):
            return self.program.uniform(name, kind, source, span)
        shape = read_storage(name, kind, span)
        elements = [
            self.launch_value(
                f"{name}.{i}", type_of(e), Source(source.origin, (*source.path, i)), span
            )
            for i, e in enumerate(parts(shape) or ())
        ]
        if isinstance(shape, TupleValue):
            return TupleValue(tuple(elements))
        numbers = tuple(e for e in elements if isinstance(e, NUMBERS))
        return VectorValue(numbers, frozenset([name.partition(".")[0]]))

    # ------------------------------------------------------------ hooks of the other halves

    def read_variable(self, name: str, span: Span) -> Value:
        known = self.aliases.get(name)
        if known is not None:
            return known
        bound = isinstance(self.bindings.get(name), _THINGS)
        if (name in self.assignments or "@" in name) and not bound:
            return read_storage(name, self.variables.get(name, ERROR), span)
        if name in self.bindings:
            return self.argument(name, span)
        return self.argument(outer_name(self.owner, name), span)

    def closure_value(self, function: FunctionValue, name: str, span: Span) -> Value:
        is_own = function.owner is self
        if is_own:
            return self.read_variable(name, span)
        return self.argument(outer_name(function.owner, name), span)

    def read_capture(self, node: syntax.Global) -> Value:
        path = ".".join(node.path)
        capture = self.program.resolution.captures.get((self.python, node.path))
        if capture is None:  # a number of a constant module
            number: Any = node.value
            return constant(number, node.span)
        owner = "" if self.python is self.program.resolution.kernel else f"{self.python.__name__}:"
        value: Any = self.program.resolution.value_of(capture)
        if not is_array(value):
            return self.launch_value(f"{owner}{path}", data_type(value), Source(capture), node.span)
        name = value.dtype.name
        dtype = NARROWED.get(name, name if name in ELEMENT_TYPES else str(value.dtype))
        return self.captured_array(f"{owner}{path}", dtype, value.ndim, capture, node.span)

    def captured_array(
        self, name: str, dtype: str, rank: int, capture: Capture, span: Span
    ) -> Value:
        kind = ArrayType(dtype, rank)
        if dtype not in ELEMENT_TYPES:
            hint = "arrays hold bools and numbers of up to 32 bits"
            if "complex" in dtype:
                hint = "keep the real and imaginary part in two arrays"
            return self.error(span, f"captured `{name}` has dtype {dtype}", hint)
        if not kind.is_possible:
            message = f"captured `{name}` has {rank} axes; kernels take 1 to {MAX_RANK}"
            hint = "reshape it" if rank else f"capture a number: {name}.item()"
            return self.error(span, message, hint)
        return self.program.array(name, kind, capture)

    def constant_of(self, node: nodes.Expr) -> nodes.Expr:
        folded = fold_literals(node)
        if isinstance(folded, nodes.Constant):
            return folded
        baked: list[Capture] = []
        known = fold_literals(self.with_captures(node, baked))
        if not isinstance(known, nodes.Constant):
            return node
        for capture in baked:
            self.program.resolution.baked.add((capture.owner, capture.path))
        return known

    def with_captures(self, node: nodes.Expr, baked: list[Capture]) -> nodes.Expr:
        """Return an expression with its captured numbers as constants."""

        def change(part: Any) -> Any:
            if isinstance(part, nodes.Uniform):
                source = self.program.uniforms[part.name][1]
                if isinstance(source.origin, Capture):
                    baked.append(source.origin)
                    number = source.number_in(self.program.resolution.value_of(source.origin))
                    return nodes.Constant(round_to(number, part.type), part.type, part.span)
            return part

        return rewrite(node, change)

    def failure(self, kind: str, message: str, span: Span, array: str = "") -> int:
        failures = self.program.failures
        return failures.setdefault(nodes.Failure(kind, message, span, array), len(failures))

    def leaf_type(self, name: str) -> ListType:
        root = name.split(".")[0]
        binding = self.bindings.get(root)
        if isinstance(binding, ListBinding):
            kind: Type = dict(zip(storage(root, binding.type), binding.leaves))[name]
        elif root in self.variables:
            kind = storage(root, self.variables[root])[name]
        else:
            kind = self.temporaries[name]
        assert isinstance(kind, ListType)
        return kind

    def instance(
        self, function: AnyFunction, bindings: dict[str, Binding], span: Span
    ) -> Instance | None:
        program = self.program
        identity: object = function
        owner: FunctionInference | None = None
        if isinstance(function, FunctionValue):
            tree, owner = function.function, function.owner
            python, identity = function.owner.python, id(tree)
        else:
            tree, python = program.resolution.functions[function], function
        if identity in program.active:
            hint = "kernels cannot recurse; write the repetition as a loop"
            message = f"`{tree.name}` calls itself"
            self.error(span, message, hint, KernelSyntaxError)
            return None
        if len(program.active) > MAX_CALL_DEPTH:
            message = f"functions call each other more than {MAX_CALL_DEPTH} levels deep"
            self.error(span, message, "write some of them into their callers", KernelSyntaxError)
            return None
        key = (identity, tuple((n, binding_key(b)) for n, b in bindings.items()))
        made = program.instances.get(key)
        if made is None:
            name = program.unique(tree.name)
            fresh = FunctionInference(program, python, tree, bindings, name, owner)
            program.active.append(identity)
            fresh.run()
            program.active.pop()
            made = program.instances[key] = fresh
        if made.diagnostics and is_library(python):
            self.library_misfit(python, bindings, span)
            return None
        self.diagnostics += [replace(d, calls=(span, *d.calls)) for d in made.diagnostics]
        return made

    def library_misfit(
        self, function: FunctionType, bindings: dict[str, Binding], span: Span
    ) -> None:
        """Report arguments that a function of this package does not take."""
        got = " and ".join(
            f"`{b.array.name}` ({b.array.type})" if isinstance(b, ArrayValue) else str(b)
            for b in bindings.values()
        )
        expected, hint = library_words(function)
        message = f"cannot apply `{function.__name__}` to {got} (expected {expected})"
        self.error(span, message, hint)

    # ------------------------------------------------------------ hidden state

    def seed_word(self, position: int, span: Span) -> nodes.Expr:
        name = f"%{SEED}.{position}"
        return self.program.uniform(name, UINT, Source(SEED, (position,)), span)

    def state(self, name: str) -> nodes.Expr:
        kind = INT if name == STEPS else UINT
        self.hidden.setdefault(name, kind)
        return nodes.Name(name, kind, self.where)

    def state_start(self) -> tuple[nodes.Stmt, ...]:
        """Return the statements that give the hidden variables their first values."""
        starts = []
        for name, kind in self.hidden.items():
            value: nodes.Expr = nodes.Name(f"{name}.in", kind, self.where)
            if self.is_kernel:
                value = nodes.Constant(0, kind, self.where)
            starts.append(nodes.Assign(name, value, self.where))
        return tuple(starts)

    def state_values(self) -> tuple[nodes.Expr, ...]:
        if self.is_kernel:
            return ()
        return tuple(nodes.Name(name, kind, self.where) for name, kind in self.hidden.items())


def _returns(body: tuple[syntax.Stmt, ...]) -> bool:
    """Whether a function returns a value somewhere."""
    for statement in body:
        if isinstance(statement, syntax.Return):
            return True
        for part in ("then", "otherwise", "body"):
            if _returns(getattr(statement, part, ())):
                return True
    return False
