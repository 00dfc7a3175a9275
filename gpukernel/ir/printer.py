"""Both trees as readable text, one statement a line: what ``kernel.ir()`` shows."""

from __future__ import annotations

from collections.abc import Iterator

from gpukernel.errors import InternalError
from gpukernel.ir import nodes, syntax
from gpukernel.lang.types import ListType, Scalar


def print_syntax(function: syntax.Function) -> str:
    """Return a surface function as text."""
    params = ", ".join(p.name for p in function.params)
    return "\n".join([f"def {function.name}({params}):", *_surface_block(function.body)])


def print_program(program: nodes.Program) -> str:
    """Return a typed program as text."""
    lines = [f"program {program.name}, grid of {program.grid_rank} axes"]
    for array in program.arrays:
        outside = "" if array.boundary == "zero" else f", {array.boundary} out of range"
        lines.append(f"array {array.name}: {array.type}{outside}")
    lines += [f"uniform {u.name}: {u.type}" for u in program.uniforms]
    for function in program.functions:
        params = ", ".join(f"{p.name}: {variable_type(p.type)}" for p in function.params)
        results = ", ".join(map(variable_type, function.results))
        lines.append(f"def {function.name}({params}) -> {results}:")
        lines += [f"    var {v.name}: {variable_type(v.type)}" for v in function.locals]
        lines += _typed_block(function.body)
    for output in program.outputs:
        lines.append(f"output {output.dtype}" + (f" x {output.size}" if output.size else ""))
    return "\n".join(lines)


def variable_type(kind: Scalar | ListType) -> str:
    """Return the type of a variable of the typed program as text."""
    return f"{kind.element}[{kind.size}]" if isinstance(kind, ListType) else kind.name


def _indent(lines: Iterator[str]) -> list[str]:
    return ["    " + line for line in lines]


# ---------------------------------------------------------------- typed program


def _typed_block(statements: tuple[nodes.Stmt, ...]) -> list[str]:
    return _indent(line for s in statements for line in _typed_statement(s))


def _typed_statement(node: nodes.Stmt) -> Iterator[str]:
    match node:
        case nodes.Assign():
            yield f"{node.name} = {print_expression(node.value)}"
        case nodes.SetElement():
            yield f"{node.name}[{print_expression(node.index)}] = {print_expression(node.value)}"
        case nodes.Fill():
            yield f"{node.name}[:] = {print_expression(node.value)}"
        case nodes.CopyList():
            yield f"{node.name}[:] = {node.source}"
        case nodes.InvokeInto():
            call = f"{node.function}({_arguments(node.arguments)})"
            yield f"{', '.join(node.targets)} = {call}"
        case nodes.Check():
            values = "".join(f", {print_expression(v)}" for v in node.values)
            yield f"check {print_expression(node.condition)} else failure {node.failure}{values}"
        case nodes.If():
            yield f"if {print_expression(node.condition)}:"
            yield from _typed_block(node.then)
            if node.otherwise:
                yield "else:"
                yield from _typed_block(node.otherwise)
        case nodes.For():
            bounds = ", ".join(map(print_expression, (node.start, node.stop, node.step)))
            yield f"for {node.name} in range({bounds}):"
            yield from _typed_block(node.body)
        case nodes.While():
            yield f"while {print_expression(node.condition)}:"
            yield from _typed_block(node.body)
        case nodes.Return():
            yield f"return {_arguments(node.values)}"
        case nodes.Break():
            yield "break"
        case nodes.Continue():
            yield "continue"
        case _:
            raise InternalError(f"cannot print {type(node).__name__}")


def print_expression(node: nodes.Expr) -> str:
    """Return a typed expression as text."""
    match node:
        case nodes.Constant():
            return repr(node.value)
        case nodes.Name():
            return node.name
        case nodes.Uniform():
            return f"uniform({node.name})"
        case nodes.GridIndex():
            return f"index({node.axis}, tile={node.tile})" if node.tile else f"index({node.axis})"
        case nodes.GridExtent():
            return f"grid[{node.axis}]"
        case nodes.Element():
            return f"{node.name}[{print_expression(node.index)}]"
        case nodes.ListName():
            return node.name
        case nodes.Extent():
            return f"{node.array}.shape[{node.axis}]"
        case nodes.Load():
            return f"{node.array}[{_indices(node)}]"
        case nodes.Call():
            return _call(node)
        case nodes.Invoke():
            return f"{node.function}({_arguments(node.arguments)})"
        case nodes.Logical():
            left, right = print_expression(node.left), print_expression(node.right)
            return f"({left} {node.operator} {right})"
        case nodes.Select():
            then, otherwise = print_expression(node.then), print_expression(node.otherwise)
            return f"({then} if {print_expression(node.condition)} else {otherwise})"
        case nodes.Cast():
            return f"{node.type}({print_expression(node.value)})"
        case nodes.Bind():
            return f"({node.name} := {print_expression(node.value)})"
        case _:
            raise InternalError(f"cannot print {type(node).__name__}")


def _call(node: nodes.Call) -> str:
    if node.row.symbol and len(node.arguments) == 2:
        left, right = map(print_expression, node.arguments)
        return f"({left} {node.row.symbol} {right})"
    if node.row.symbol:
        space = " " if node.row.symbol.isalpha() else ""
        return f"({node.row.symbol}{space}{print_expression(node.arguments[0])})"
    return f"{node.row.name}({_arguments(node.arguments)})"


def _indices(node: nodes.Load) -> str:
    indices = [print_expression(index) for index in node.indices]
    for axis, boundary in enumerate(node.boundaries):
        if boundary:
            indices[axis] = f"{boundary}({indices[axis]})"
    return ", ".join(indices)


def _arguments(arguments: tuple[nodes.Expr, ...]) -> str:
    return ", ".join(map(print_expression, arguments))


# ---------------------------------------------------------------- surface tree


def _surface_block(statements: tuple[syntax.Stmt, ...]) -> list[str]:
    return _indent(line for s in statements for line in _surface_statement(s))


def _surface_statement(node: syntax.Stmt) -> Iterator[str]:
    match node:
        case syntax.Assign():
            targets = " = ".join(map(_target, node.targets))
            yield f"{targets} = {_surface(node.value)}"
        case syntax.Augmented():
            yield f"{_target(node.target)} {node.symbol}= {_surface(node.value)}"
        case syntax.If():
            yield f"if {_surface(node.condition)}:"
            yield from _surface_block(node.then)
            if node.otherwise:
                yield "else:"
                yield from _surface_block(node.otherwise)
        case syntax.For():
            yield f"for {_target(node.target)} in {_surface(node.iterable)}:"
            yield from _surface_loop(node)
        case syntax.While():
            yield f"while {_surface(node.condition)}:"
            yield from _surface_loop(node)
        case syntax.Define():
            yield from print_syntax(node.function).split("\n")
        case syntax.Evaluate():
            yield _surface(node.value)
        case syntax.Return():
            yield f"return {_surface(node.value)}"
        case syntax.Assert():
            yield f"assert {_surface(node.condition)}"
        case syntax.Break():
            yield "break"
        case syntax.Continue():
            yield "continue"
        case _:
            raise InternalError(f"cannot print {type(node).__name__}")


def _surface_loop(node: syntax.For | syntax.While) -> Iterator[str]:
    yield from _surface_block(node.body)
    if node.otherwise:
        yield "else:"
        yield from _surface_block(node.otherwise)


def _target(node: syntax.Target) -> str:
    match node:
        case syntax.TargetName():
            return node.name
        case syntax.TargetTuple():
            return f"({', '.join(map(_target, node.elements))})"
        case syntax.TargetElement():
            return f"{_surface(node.value)}[{', '.join(map(_surface, node.indices))}]"
        case syntax.TargetAttribute():
            return f"{_surface(node.value)}.{node.name}"


def _surface(node: syntax.Expr) -> str:
    match node:
        case syntax.Literal():
            return repr(node.value)
        case syntax.Name() | syntax.Local():
            return node.name
        case syntax.Global():
            return ".".join(node.path)
        case syntax.Attribute():
            return f"{_surface(node.value)}.{node.name}"
        case syntax.Subscript():
            return f"{_surface(node.value)}[{', '.join(map(_surface, node.indices))}]"
        case syntax.Apply():
            given = [*map(_surface, node.arguments)]
            given += [f"{name}={_surface(value)}" for name, value in node.keywords]
            return f"{_surface(node.function)}({', '.join(given)})"
        case syntax.Unary():
            space = " " if node.symbol.isalpha() else ""
            return f"({node.symbol}{space}{_surface(node.operand)})"
        case syntax.Binary():
            return f"({_surface(node.left)} {node.symbol} {_surface(node.right)})"
        case syntax.Comparison():
            parts = [_surface(node.operands[0])]
            for symbol, operand in zip(node.symbols, node.operands[1:]):
                parts.append(f"{symbol} {_surface(operand)}")
            return f"({' '.join(parts)})"
        case syntax.Boolean():
            return f"({f' {node.symbol} '.join(map(_surface, node.operands))})"
        case syntax.Conditional():
            then, otherwise = _surface(node.then), _surface(node.otherwise)
            return f"({then} if {_surface(node.condition)} else {otherwise})"
        case syntax.Sequence():
            return f"({', '.join(map(_surface, node.elements))})"
        case syntax.ListDisplay():
            return f"[{', '.join(map(_surface, node.elements))}]"
        case syntax.Comprehension():
            tests = "".join(f" if {_surface(test)}" for test in node.conditions)
            loop = f"{_surface(node.element)} for {_target(node.target)}"
            return f"[{loop} in {_surface(node.iterable)}{tests}]"
        case syntax.Lambda():
            params = ", ".join(p.name for p in node.function.params)
            (returned,) = node.function.body
            assert isinstance(returned, syntax.Return)
            return f"(lambda {params}: {_surface(returned.value)})"
