"""Typed functions in, GLSL functions out, every statement on a line of its own."""

from __future__ import annotations

from collections.abc import Set

from gpukernel.codegen.exactness import feeding, rounds
from gpukernel.codegen.glsl_expressions import Expressions, is_atom
from gpukernel.codegen.loops import FILL_AT_ONCE, copies_of, without_continue
from gpukernel.codegen.symbols import ZERO, Symbols, declaration, result_name, returned_type
from gpukernel.codegen.writer import Writer
from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.ir.walk import subexpressions
from gpukernel.lang.types import ListType, Scalar

# Statements in a row.  Drivers take time that grows with the square of straight code: measured on
# Mesa 22.3, 4,000 assignments link in 19 s, and in blocks of 50 in 0.8 s.
LONG_BLOCK = 64


class FunctionWriter:
    """Writes one function.

    Args:
        out: where to.
        symbols: the global names.
        callees: the functions before it, by name.
        looping: for a driver that cuts loops short, the functions that run a loop; else None.
        checked: whether failed checks are recorded (in ``gk_failure`` and ``gk_values``).
        exact: whether the variables are tied to the outputs (see `codegen.exactness`).
    """

    def __init__(
        self,
        out: Writer,
        symbols: Symbols,
        callees: dict[str, nodes.Function],
        looping: Set[str] | None,
        checked: bool,
        exact: bool,
    ) -> None:
        self.out = out
        self.symbols = symbols
        self.callees = callees
        self.looping = looping
        self.checked = checked
        self.exact = exact

    def function(self, function: nodes.Function) -> None:
        """Write a function whose callees are written already."""
        self.kinds = {v.name: v.type for v in (*function.params, *function.locals)}
        self.returned = returned_type(function)
        self.expressions = Expressions(self.symbols, function, self.exact)
        self.value, self.names = self.expressions.value, self.expressions.names
        write = self.out.write
        write("")
        write(self._head(function), function.span.line)
        self.out.depth += 1
        for variable in function.locals:
            text = declaration(variable.type, self.names.name(variable.name))
            # A list is filled before it is read; filling it here too would cost as much again.
            start = "" if isinstance(variable.type, ListType) else f" = {ZERO[variable.type]}"
            write(f"{text}{start};")
        body_start = len(self.out.lines)
        if self.exact:
            for text in feeding([(self.names.name(n), kind) for n, kind in self.kinds.items()]):
                write(text)
        self._block(function.body)
        ends = isinstance(function.body[-1] if function.body else None, nodes.Return)
        if self.returned is not None and (not ends or len(function.body) > LONG_BLOCK):
            write(f"return {ZERO[self.returned]};")
        kept = self.expressions.temporaries
        self.out.insert(body_start, [f"int {name};" for name in kept])
        self.out.depth -= 1
        write("}")

    def _head(self, function: nodes.Function) -> str:
        params = []
        for p in function.params:
            by_reference = "inout " if isinstance(p.type, ListType) else ""
            params.append(by_reference + declaration(p.type, self.names.name(p.name)))
        if self.returned is None:
            for position, kind in enumerate(function.results):
                params.append("out " + declaration(kind, result_name(position)))
        name = self.symbols.functions[function.name]
        return f"{self.returned or 'void'} {name}({', '.join(params)}) {{"

    def _block(self, statements: tuple[nodes.Stmt, ...]) -> None:
        """Write statements, many of them in branches that are always taken."""
        if len(statements) > LONG_BLOCK:
            for start in range(0, len(statements), LONG_BLOCK):
                self.out.write(f"if ({self.symbols.out_layout}.y > 0) {{  // always")
                self._inner(statements[start : start + LONG_BLOCK])
                self.out.write("}")
            return
        for statement in statements:
            self.out.annotate(statement.span)
            self._statement(statement)

    def _inner(self, statements: tuple[nodes.Stmt, ...]) -> None:
        self.out.depth += 1
        self._block(statements)
        self.out.depth -= 1

    def _statement(self, node: nodes.Stmt) -> None:
        match node:
            case nodes.Assign():
                self._write(f"{self.names.name(node.name)} = {self.value(node.value)};", node)
            case nodes.SetElement():
                self._set_element(node)
            case nodes.Fill():
                self._fill(node)
            case nodes.CopyList():
                name, source = self.names.name(node.name), self.names.name(node.source)
                self._write(f"{name} = {source};", node)
            case nodes.InvokeInto():
                self._invoke_into(node)
            case nodes.Check():
                self._check(node)
            case nodes.Return():
                self._return(node)
            case _:
                self._control(node)

    def _write(self, text: str, node: nodes.Stmt) -> None:
        self.out.write(text, node.span.line)

    # ------------------------------------------------------------ lists, calls, checks

    def _set_element(self, node: nodes.SetElement) -> None:
        """Write a store that does nothing out of range."""
        name, size = self.names.name(node.name), self.expressions.sizes[node.name]
        if isinstance(node.index, nodes.Constant):
            value, index = self.value(node.value), node.index.value
            inside = 0 <= index < size
            self._write(f"{name}[{index}] = {value};" if inside else f"{value};", node)
            return
        place = self._kept(node.index, node)
        self._write(
            f"if (uint({place}) < {size}u) {name}[{place}] = {self.value(node.value)};", node
        )

    def _fill(self, node: nodes.Fill) -> None:
        """Write stores one by one, and for long lists a loop over all but the last few."""
        name, size = self.names.name(node.name), self.expressions.sizes[node.name]
        value = self._kept(node.value, node)
        in_loop = size // FILL_AT_ONCE * FILL_AT_ONCE if size > FILL_AT_ONCE else 0
        if in_loop:
            i = self.names.fresh()
            self._write(f"for (int {i} = 0; {i} < {in_loop}; {i} += {FILL_AT_ONCE}) {{", node)
            for offset in range(FILL_AT_ONCE):
                self._write(f"    {name}[{i} + {offset}] = {value};", node)
            self._write("}", node)
        for position in range(in_loop, size):
            self._write(f"{name}[{position}] = {value};", node)

    def _invoke_into(self, node: nodes.InvokeInto) -> None:
        """Write a call whose results go into variables.

        A list that is both passed by reference and a target would be copied back twice, in an order
        that GLSL leaves open: its result goes through a variable of its own.
        """
        function = self.symbols.functions[node.function]
        if returned_type(self.callees[node.function]) is not None:
            call = f"{function}({self.expressions.values(node.arguments)})"
            self._write(f"{self.names.name(node.targets[0])} = {call};", node)
            return
        passed = {a.name for a in node.arguments if isinstance(a, nodes.ListName)}
        targets, copies = [], []
        for target in node.targets:
            name = self.names.name(target)
            if target in passed:
                own = self.names.fresh()
                self._write(f"{declaration(self.kinds[target], own)};", node)
                copies.append(f"{name} = {own};")
                name = own
            targets.append(name)
        arguments = [self.value(a) for a in node.arguments]
        self._write(f"{function}({', '.join(arguments + targets)});", node)
        for copy in copies:
            self._write(copy, node)

    def _check(self, node: nodes.Check) -> None:
        """Record the first check that fails; without records only what the condition binds counts.

        The condition comes first, so that it is evaluated also after a failure.
        """
        condition = self.expressions.condition(node.condition)
        if not self.checked:
            parts = subexpressions(node.condition)
            if any(isinstance(part, (nodes.Bind, nodes.Invoke)) for part in parts):
                self._write(f"{condition};", node)
            return
        values = [self.value(v) for v in node.values] + ["0"] * (4 - len(node.values))
        self._write(f"if (!({condition}) && gk_failure.x == 0) {{", node)
        first = f"{node.failure + 1}, gk_lane, {values[0]}, {values[1]}"
        self._write(f"    gk_failure = ivec4({first});", node)
        self._write(f"    gk_values = ivec2({values[2]}, {values[3]});", node)
        self._write("}", node)

    def _return(self, node: nodes.Return) -> None:
        if self.returned is not None:
            only = node.values[0]
            text = self._kept(only, node) if self.exact and rounds(only) else self.value(only)
            self._write(f"return {text};", node)
            return
        for position, value in enumerate(node.values):
            self._write(f"{result_name(position)} = {self.value(value)};", node)
            self._feed(result_name(position), value, node)
        self._write("return;", node)

    def _kept(self, value: nodes.Expr, node: nodes.Stmt) -> str:
        """Return the expression as text that may be written several times."""
        if is_atom(value):
            return self.value(value)
        name = self.names.fresh()
        assert isinstance(value.type, Scalar)
        self._write(f"{declaration(value.type, name)} = {self.value(value)};", node)
        self._feed(name, value, node)
        return name

    def _feed(self, name: str, value: nodes.Expr, node: nodes.Stmt) -> None:
        """Tie a variable that is none of the program's to the outputs, where rounding matters."""
        if self.exact and rounds(value):
            for text in feeding([(name, value.type)]):
                self._write(text, node)

    # ------------------------------------------------------------ control flow

    def _control(self, node: nodes.Stmt) -> None:
        match node:
            case nodes.If():
                self._write(f"if ({self.expressions.condition(node.condition)}) {{", node)
                self._inner(node.then)
                if node.otherwise:
                    self._write("} else {", node)
                    self._inner(node.otherwise)
                self._write("}", node)
            case nodes.For() | nodes.While() if self.looping is not None:
                self._unrolled_loop(node, self.looping)
            case nodes.For():
                self._for_loop(node)
            case nodes.While():
                self._write(f"while ({self.expressions.condition(node.condition)}) {{", node)
                self._inner(node.body)
                self._write("}", node)
            case nodes.Break():
                self._write("break;", node)
            case nodes.Continue():
                self._write("continue;", node)
            case _:
                raise InternalError(f"no GLSL for statement {type(node).__name__}")

    def _for_loop(self, node: nodes.For) -> None:
        """Write a loop over a counter of its own, so that the body may assign the variable."""
        start, condition, advance, value = self._counting(node)
        self._write(f"for ({start}; {condition}; {advance}) {{", node)
        self._write(f"    {self.names.name(node.name)} = {value};", node)
        self._inner(node.body)
        self._write("}", node)

    def _counting(self, node: nodes.For) -> tuple[str, str, str, str]:
        """Return a counter's declaration, condition and step, and the variable's value.

        Other steps than 1 and -1 count iterations instead, in unsigned arithmetic, since the
        counter itself could pass the end of the int range.
        """
        counter = self.names.fresh()
        start, stop = self._hoisted(node.start, node), self._hoisted(node.stop, node)
        step = node.step.value if isinstance(node.step, nodes.Constant) else None
        if step == 1:
            return f"int {counter} = {start}", f"{counter} < {stop}", f"++{counter}", counter
        if step == -1:
            return f"int {counter} = {start}", f"{counter} > {stop}", f"--{counter}", counter
        count, by = self.names.fresh(), self._hoisted(node.step, node)
        value = f"{start} + int({counter}) * {by}"
        self._write(f"uint {count} = 0u;", node)
        if step != 0:
            up, down = f"{by} > 0 && {stop} > {start}", f"{by} < 0 && {stop} < {start}"
            forwards = f"(uint({stop}) - uint({start}) - 1u) / uint({by}) + 1u"
            backwards = f"(uint({start}) - uint({stop}) - 1u) / uint(-{by}) + 1u"
            self._write(f"if ({up}) {count} = {forwards};", node)
            self._write(f"if ({down}) {count} = {backwards};", node)
        return f"uint {counter} = 0u", f"{counter} < {count}", f"++{counter}", value

    def _unrolled_loop(self, node: nodes.For | nodes.While, looping: Set[str]) -> None:
        """Write a loop that does several iterations of the source in one of its own."""
        body, copies = node.body, copies_of(node, self.expressions.sizes, looping)
        if copies > 1:
            body = without_continue(body)
        if isinstance(node, nodes.For):
            start, condition, advance, value = self._counting(node)
            self._write(f"{start};", node)
            head = [f"{self.names.name(node.name)} = {value};", f"{advance};"]
        else:
            condition, head = self.expressions.condition(node.condition), []
        self._write("while (true) {", node)
        self.out.depth += 1
        for _ in range(copies):
            self._write(f"if (!({condition})) break;", node)
            for text in head:
                self._write(text, node)
            self._block(body)
        self.out.depth -= 1
        self._write("}", node)

    def _hoisted(self, bound: nodes.Expr, node: nodes.Stmt) -> str:
        """Return a loop bound as an atom, computed once before the loop."""
        if isinstance(bound, nodes.Constant):
            return self.value(bound)
        name = self.names.fresh()
        self._write(f"int {name} = {self.value(bound)};", node)
        self._feed(name, bound, node)
        return name
