"""Check that a typed program keeps the promises of `ir.nodes`; it holds after every stage."""

from __future__ import annotations

from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.ir.walk import subexpressions, substatements
from gpukernel.lang.types import (
    BOOL,
    ELEMENT_TYPES,
    INT,
    INT_MAX,
    INT_MIN,
    UINT,
    UINT_MAX,
    ArrayType,
    ListType,
    Scalar,
)


def verify(program: nodes.Program) -> None:
    """Raise `InternalError` where a program breaks an invariant."""
    arrays = {a.name: a.type for a in program.arrays}
    uniforms = {u.name: u.type for u in program.uniforms}
    _require(not any(isinstance(u, ListType) for u in uniforms.values()), "a uniform is a list")
    _require(1 <= program.grid_rank <= 4, "a grid has 1 to 4 axes")
    _require(not program.kernel.params, "the kernel has no parameters")
    checked: dict[str, nodes.Function] = {}
    for function in program.functions:
        _Checker(program, function, arrays, uniforms, checked).block(function.body, False)
        _require(function.name not in checked, f"two functions are called {function.name}")
        checked[function.name] = function
    _verify_outputs(program)


def _verify_outputs(program: nodes.Program) -> None:
    results = [ELEMENT_TYPES[o.dtype] for o in program.outputs for _ in range(o.size or 1)]
    _require(bool(results), "there is no output")
    _require(tuple(results) == program.kernel.results, "results of the kernel and outputs")
    _require(all(a.boundary in nodes.BOUNDARIES for a in program.arrays), "a boundary")


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise InternalError(f"the program is malformed: {what}")


class _Checker:
    def __init__(
        self,
        program: nodes.Program,
        function: nodes.Function,
        arrays: dict[str, ArrayType],
        uniforms: dict[str, Scalar | ListType],
        functions: dict[str, nodes.Function],
    ) -> None:
        self.program = program
        self.function = function
        self.arrays = arrays
        self.uniforms = uniforms
        self.functions = functions
        names = [v.name for v in (*function.params, *function.locals)]
        _require(len(names) == len(set(names)), f"a name of {function.name} is declared twice")
        self.variables = {v.name: v.type for v in (*function.params, *function.locals)}

    def block(self, statements: tuple[nodes.Stmt, ...], in_loop: bool) -> None:
        for statement in statements:
            self.statement(statement, in_loop)
            inner = in_loop or isinstance(statement, (nodes.For, nodes.While))
            self.block(tuple(substatements(statement)), inner)

    def statement(self, node: nodes.Stmt, in_loop: bool) -> None:
        match node:
            case nodes.Assign():
                self.expect(node.value, self.variable(node.name), f"assignment to {node.name}")
            case nodes.SetElement() | nodes.Fill() | nodes.CopyList():
                self.list_statement(node)
            case nodes.InvokeInto():
                self.invoke_into(node)
            case nodes.Check():
                self.expect(node.condition, BOOL, "a condition")
                _require(0 <= node.failure < len(self.program.failures), "number of a failure")
                _require(len(node.values) <= 4, "values of a check")
                for value in node.values:
                    self.expect(value, INT, "a value of a check")
            case nodes.If() | nodes.While():
                self.expect(node.condition, BOOL, "a condition")
            case nodes.For():
                _require(self.variable(node.name) == INT, f"loop variable {node.name} is an int")
                for bound in (node.start, node.stop, node.step):
                    self.expect(bound, INT, "a loop bound")
            case nodes.Return():
                _require(len(node.values) == len(self.function.results), "number of results")
                for value, kind in zip(node.values, self.function.results):
                    self.expect(value, kind, "a returned value")
            case nodes.Break() | nodes.Continue():
                _require(in_loop, "break or continue outside a loop")
            case _:
                raise InternalError(f"unknown statement {type(node).__name__}")

    def list_statement(self, node: nodes.SetElement | nodes.Fill | nodes.CopyList) -> None:
        kind = self.list_type(node.name)
        if isinstance(node, nodes.CopyList):
            _require(self.list_type(node.source) == kind, f"copy into {node.name}")
            return
        if isinstance(node, nodes.SetElement):
            self.expect(node.index, INT, f"an index of {node.name}")
        assert isinstance(kind.element, Scalar)
        self.expect(node.value, kind.element, f"an element of {node.name}")

    def invoke_into(self, node: nodes.InvokeInto) -> None:
        results = self.called(node).results
        kinds = tuple(self.variable(target) for target in node.targets)
        _require(kinds == results, f"results of {node.function}")
        _require(len(set(node.targets)) == len(node.targets), f"targets of {node.function}")
        for argument in node.arguments:
            self.expect(argument, argument.type, "an argument")

    def variable(self, name: str) -> Scalar | ListType:
        _require(name in self.variables, f"variable {name} is not declared")
        return self.variables[name]

    def list_type(self, name: str) -> ListType:
        kind = self.variable(name)
        if not isinstance(kind, ListType):
            raise InternalError(f"the program is malformed: {name} is not a list")
        _require(isinstance(kind.element, Scalar) and kind.size > 0, f"type of {name}")
        return kind

    def expect(self, node: nodes.Expr, kind: Scalar | ListType, what: str) -> None:
        _require(node.type == kind, f"{what} is {node.type}, not {kind}")
        for part in subexpressions(node):
            self.expression(part)

    def expression(self, node: nodes.Expr) -> None:
        match node:
            case nodes.Constant():
                low, high = {INT: (INT_MIN, INT_MAX), UINT: (0, UINT_MAX)}.get(
                    node.type, (node.value, node.value)
                )
                fits = low <= node.value <= high or node.value != node.value
                _require(fits, f"constant {node.value} does not fit")
            case nodes.Name():
                _require(self.variable(node.name) == node.type, f"read of {node.name}")
            case nodes.Bind():
                _require(self.variable(node.name) == node.value.type, f"bind of {node.name}")
            case nodes.Element():
                _require(self.list_type(node.name).element == node.type, f"read of {node.name}")
                _require(node.index.type == INT, f"an index of {node.name}")
            case nodes.ListName():
                _require(self.list_type(node.name) == node.type, f"use of {node.name}")
            case nodes.GridExtent():
                _require(0 <= node.axis < self.program.grid_rank, "axis of the grid")
            case nodes.Uniform():
                _require(self.uniforms.get(node.name) == node.type, f"uniform {node.name}")
            case nodes.GridIndex():
                inside = 0 <= node.axis < self.program.grid_rank
                _require(inside and node.tile >= 0, "index() axis")
            case nodes.Extent():
                _require(node.array in self.arrays, f"array {node.array}")
            case nodes.Load():
                self.load(node)
            case nodes.Call():
                kinds = tuple(a.type for a in node.arguments)
                _require(kinds == node.overload.params, f"operands of {node.row.name}")
                _require(node.type == node.overload.result, f"result of {node.row.name}")
            case nodes.Invoke():
                self.invoke(node)
            case nodes.Logical():
                both = node.left.type == node.right.type == BOOL
                _require(both and node.operator in ("and", "or"), "operands of and/or")
            case nodes.Select():
                same = node.then.type == node.otherwise.type == node.type
                _require(same and node.condition.type == BOOL, "sides of a selection")
            case nodes.Cast():
                _require(node.value.type != node.type, "a cast that changes nothing")
            case _:
                raise InternalError(f"unknown expression {type(node).__name__}")

    def load(self, node: nodes.Load) -> None:
        _require(node.array in self.arrays, f"array {node.array}")
        kind = self.arrays[node.array]
        _require(len(node.indices) == kind.rank, f"indices of {node.array}")
        _require(all(i.type == INT for i in node.indices), f"indices of {node.array}")
        _require(node.type == kind.element, f"element of {node.array}")
        _require(len(node.boundaries) in (0, kind.rank), f"boundaries of {node.array}")
        known = all(b in nodes.AXIS_BOUNDARIES for b in node.boundaries)
        _require(known, f"boundaries of {node.array}")

    def invoke(self, node: nodes.Invoke) -> None:
        _require(self.called(node).results == (node.type,), f"result of {node.function}")

    def called(self, node: nodes.Invoke | nodes.InvokeInto) -> nodes.Function:
        _require(node.function in self.functions, f"{node.function} comes before its caller")
        callee = self.functions[node.function]
        kinds = [a.type for a in node.arguments]
        _require(kinds == [p.type for p in callee.params], f"arguments of {node.function}")
        lists = [a.name for a in node.arguments if isinstance(a, nodes.ListName)]
        _require(len(set(lists)) == len(lists), f"a list is passed twice to {node.function}")
        return callee
