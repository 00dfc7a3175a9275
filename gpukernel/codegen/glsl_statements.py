"""Typed functions in, GLSL functions out, every statement on a line of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from gpukernel.codegen.exactness import rounds
from gpukernel.codegen.glsl_lists import ListWriter
from gpukernel.codegen.glsl_variables import Mask
from gpukernel.codegen.symbols import (
    VECTORS,
    declaration,
    result_name,
    returned_type,
    scalar_of,
    zero,
)
from gpukernel.ir import nodes
from gpukernel.ir.variables import assigned
from gpukernel.ir.walk import children, subexpressions
from gpukernel.lang.types import ListType, Scalar

# Statements in a row.  Drivers take time that grows with the square of straight code: measured on
# Mesa 22.3, 4,000 assignments link in 19 s, and in blocks of 50 in 0.8 s.
LONG_BLOCK = 64
ACTIVE = "gk_active"  # the parameter that says which lanes call a function
LIVE = "gk_live"  # the variable that says which lanes have not returned


class StatementWriter(ListWriter, ABC):
    """Writes the statements of one version of a function that do not decide what runs next."""

    # ------------------------------------------------------------ the function around them

    def function(self, name: str) -> None:
        """Write the whole function under this name."""
        function, write = self.source, self.out.write
        write("")
        write(self._head(name), function.span.line)
        self.out.begin(function.span.line + 1)
        self.out.depth += 1
        for variable in function.locals:
            varying = variable.name in self.lanes.varying
            text = declaration(variable.type, self.names.name(variable.name), varying)
            # A list is filled before it is read; filling it here too would cost as much again.
            if isinstance(variable.type, ListType):
                write(f"{text};")
            else:
                write(f"{text} = {zero(variable.type, varying)};")
        if self.exact:
            for text in self.feeding_of([(n, kind) for n, kind in self.kinds.items()]):
                write(text)
        self._begin_returns()
        self.block(function.body)
        ends = isinstance(function.body[-1] if function.body else None, nodes.Return)
        if self.returned is not None and (not ends or len(function.body) > LONG_BLOCK):
            last = zero(self.returned, self.lanes.results[0])
            write(f"return {result_name(0) if self.lanes.parts_at_return else last};")
        self.out.depth -= 1
        write("}")

    def _head(self, name: str) -> str:
        lanes, params = self.lanes, []
        for p in self.source.params:
            by_reference = "inout " if isinstance(p.type, ListType) else ""
            varying = p.name in lanes.varying
            params.append(by_reference + declaration(p.type, self.names.name(p.name), varying))
        if lanes.version.masked:
            params.append(f"bvec4 {ACTIVE}")
        if self.returned is None:
            for position, kind in enumerate(self.source.results):
                varying = lanes.results[position]
                params.append("out " + declaration(kind, result_name(position), varying))
            return f"void {name}({', '.join(params)}) {{"
        result = VECTORS[self.returned] if lanes.results[0] else self.returned
        return f"{result} {name}({', '.join(params)}) {{"

    def _begin_returns(self) -> None:
        """Declare what is needed where lanes return at different places."""
        active = ACTIVE if self.lanes.version.masked else None
        if not self.lanes.parts_at_return:
            if active:
                self.enter(Mask(active, ("function", 0)))
            return
        self.out.write(f"bvec4 {LIVE} = {active or 'bvec4(true)'};")
        for position, kind in enumerate(self.source.results):
            start = "" if isinstance(kind, ListType) else f" = {zero(kind, varying=True)}"
            if self.returned is not None:
                self.out.write(f"{declaration(kind, result_name(position), True)}{start};")
            elif start:
                self.out.write(f"{result_name(position)}{start};")
        self.enter(Mask(LIVE, ("function", 0)))

    # ------------------------------------------------------------ statements

    def block(self, statements: tuple[nodes.Stmt, ...]) -> None:
        """Write statements, many of them in branches that are always taken."""
        if len(statements) > LONG_BLOCK:
            for start in range(0, len(statements), LONG_BLOCK):
                self.out.write(f"if ({self.shading.symbols.out_layout}.w >= 0) {{  // always")
                self.inner(statements[start : start + LONG_BLOCK])
                self.out.write("}")
            return
        for statement in statements:
            self.out.annotate(statement.span)
            for part in children(statement):
                for inner in subexpressions(part):
                    if isinstance(inner, nodes.Call):  # also of functions put in place of calls
                        self.out.annotate_inner(inner.span)
            self.statement(statement)

    def inner(self, statements: tuple[nodes.Stmt, ...]) -> None:
        """Write a block that is a scope of its own."""
        self.out.depth += 1
        with self.expressions.fetches.block(assigned(statements)):
            self.block(statements)
        self.out.depth -= 1

    def statement(self, node: nodes.Stmt) -> None:
        """Write one statement."""
        match node:
            case nodes.Assign():
                self._assign(node, node.name, node.value)
            case nodes.SetElement():
                self.set_element(node)
            case nodes.Fill():
                self.fill(node)
            case nodes.CopyList():
                self.copy_list(node)
            case nodes.InvokeInto():
                self._invoke_into(node)
            case nodes.Check():
                self._check(node)
            case nodes.Return():
                self._return(node)
            case _:
                self.control(node)
        self.expressions.fetches.forget(assigned((node,)))

    @abstractmethod
    def control(self, node: nodes.Stmt) -> None:
        """Write a statement that decides what runs next."""

    def _assign(self, node: nodes.Stmt, name: str, value: nodes.Expr) -> None:
        self.expressions.begin(value)
        text = self.expressions.as_kind(value, name in self.lanes.varying)
        self.store(node, name, text)

    # ------------------------------------------------------------ calls, checks, returns

    def _invoke_into(self, node: nodes.InvokeInto) -> None:
        """Write a call whose results go into variables.

        A list that is both passed by reference and a target would be copied back twice, in an order
        that GLSL leaves open: its result goes through a variable of its own.  So does a result that
        only some lanes take, or that is uniform where its variable is not.
        """
        self.expressions.begin(*node.arguments)
        function, arguments = self.expressions.call(node)
        callee = self.shading.functions[node.function]
        version = self.lanes.called(node, masked=self.expressions.mask is not None)
        results = self.lanes.analysis.of(version).results
        if returned_type(callee) is not None:
            text = f"{function}({', '.join(arguments)})"
            kind = callee.results[0]
            assert isinstance(kind, Scalar)
            if node.targets[0] in self.lanes.varying and not results[0]:
                text = f"{VECTORS[kind]}({text})"
            self.store(node, node.targets[0], text)
            return
        passed = {a.name for a in node.arguments if isinstance(a, nodes.ListName)}
        merges = id(node) in self.lanes.merging
        targets, copies = [], []
        for target, varying in zip(node.targets, results):
            name = self.names.name(target)
            same = (target in self.lanes.varying) == varying
            if target in passed or merges or not same:
                own = self.names.fresh()
                self.write(f"{declaration(self.kinds[target], own, varying)};", node)
                copies.append((target, own, varying))
                name = own
            targets.append(name)
        self.write(f"{function}({', '.join(arguments + targets)});", node)
        for target, own, varying in copies:
            self._copy_result(node, target, own, varying)

    def _copy_result(self, node: nodes.Stmt, target: str, own: str, varying: bool) -> None:
        """Write the assignment of a result to its variable."""
        kind, name = self.kinds[target], self.names.name(target)
        if isinstance(kind, Scalar):
            spread = target in self.lanes.varying and not varying
            self.store(node, target, f"{VECTORS[kind]}({own})" if spread else own)
        else:
            self.copy_elements(node, name, own, kind)

    def _check(self, node: nodes.Check) -> None:
        """Record the first check that fails; without records only what the condition binds counts.

        The condition comes first, so that it is evaluated also after a failure.
        """
        condition = self.expressions.condition(node.condition)
        if not self.shading.checked:
            parts = subexpressions(node.condition)
            if any(isinstance(part, (nodes.Bind, nodes.Invoke)) for part in parts):
                self.write(f"{condition};", node)
            self.expressions.before.clear()
            return
        values = [self.value(v) for v in node.values] + ["0"] * (4 - len(node.values))
        self.write(f"if (!({condition}) && gk_failure.x == 0) {{", node)
        first = f"{node.failure + 1}, gk_lane, {values[0]}, {values[1]}"
        self.write(f"    gk_failure = ivec4({first});", node)
        self.write(f"    gk_values = ivec2({values[2]}, {values[3]});", node)
        self.write("}", node)

    def _return(self, node: nodes.Return) -> None:
        self.expressions.begin(*node.values)
        if self.lanes.parts_at_return:
            self._return_some(node)
        elif self.returned is not None:
            only = node.values[0]
            text = self.expressions.as_kind(only, self.lanes.results[0])
            if self.exact and rounds(only):
                text = self.tied(text, only, self.lanes.results[0], node)
            self.write(f"return {text};", node)
        else:
            for position, value in enumerate(node.values):
                text = self.expressions.as_kind(value, self.lanes.results[position])
                self.write(f"{result_name(position)} = {text};", node)
                self.feed(result_name(position), value, node, self.lanes.results[position])
            self.write("return;", node)

    def _picked_element(self, target: str, source: str, kind: ListType) -> Callable[[str], str]:
        """Return what gives the elements of a list in the lanes that are here."""
        mask, pick = self.expressions.mask, self.shading.helpers.pick
        assert mask is not None

        def value_at(place: str) -> str:
            return pick(scalar_of(kind), f"{target}[{place}]", f"{source}[{place}]", mask)

        return value_at

    def _return_some(self, node: nodes.Return) -> None:
        """Write the results of the lanes that are here, and the return if these are the last."""
        mask = self.expressions.mask
        assert mask is not None
        for position, value in enumerate(node.values):
            target, kind = result_name(position), self.source.results[position]
            if isinstance(kind, Scalar):
                text = self.expressions.spread(value)
                picked = self.shading.helpers.pick(kind, target, text, mask)
                self.write(f"{target} = {picked};", node)
                self.feed(target, value, node, True)
                continue
            source = self.value(value)
            self.store_elements(node, target, kind, self._picked_element(target, source, kind))
        if id(node) in self.lanes.parting:
            self.clear_masks(node, ("function", 0))
        else:
            self.write(f"return {result_name(0)};" if self.returned else "return;", node)
