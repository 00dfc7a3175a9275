"""Assignments to local lists, written as GLSL arrays."""

from __future__ import annotations

from gpukernel.codegen.glsl_variables import VariableWriter
from gpukernel.codegen.symbols import COMPONENTS, VECTORS, scalar_of
from gpukernel.ir import nodes
from gpukernel.lang.types import ListType


class ListWriter(VariableWriter):
    """Writes the statements of one version of a function that change lists."""

    def set_element(self, node: nodes.SetElement) -> None:
        """Write a store that does nothing out of range."""
        self.expressions.begin(node.index, node.value)
        if isinstance(node.index, nodes.Constant):
            self._set_known(node, int(node.index.value))
        elif self.expressions.varies(node.index):
            self._set_apart(node)
        else:
            place, size = self.kept(node.index, node), self._list(node.name).size
            store = self._store(node, place)
            self.write(f"if (uint({place}) < {size}u) {store};", node)

    def _set_known(self, node: nodes.SetElement, index: int) -> None:
        inside = 0 <= index < self._list(node.name).size
        # Out of range the value is computed all the same: it may bind something.
        store = self._store(node, str(index)) if inside else self.value(node.value)
        self.write(f"{store};", node)

    def _store(self, node: nodes.SetElement, place: str) -> str:
        """Return the assignment to an element that is at the same place in all lanes."""
        target = f"{self.names.name(node.name)}[{place}]"
        value = self.expressions.as_kind(node.value, node.name in self.lanes.varying)
        return f"{target} = {self.merged(node, scalar_of(self._list(node.name)), target, value)}"

    def _set_apart(self, node: nodes.SetElement) -> None:
        """Write the stores of lanes that have places of their own."""
        name, size = self.names.name(node.name), self._list(node.name).size
        place, value = self.kept(node.index, node), self.kept(node.value, node)
        mask = self.expressions.mask if id(node) in self.lanes.merging else None
        for c in COMPONENTS:
            here = f"{mask}.{c} && " if mask else ""
            lane = f"{value}.{c}" if self.expressions.varies(node.value) else value
            inside = f"uint({place}.{c}) < {size}u"
            # Mesa 22.3 writes all lanes where an array of one element has an index that varies.
            element = "0" if size == 1 else f"{place}.{c}"
            self.write(f"if ({here}{inside}) {name}[{element}].{c} = {lane};", node)

    def fill(self, node: nodes.Fill) -> None:
        """Write stores one by one, and for long lists a loop over all but the last few."""
        self.expressions.begin(node.value)
        value, kind = self.kept(node.value, node), self._list(node.name)
        if node.name in self.lanes.varying and not self.expressions.varies(node.value):
            value = f"{VECTORS[scalar_of(kind)]}({value})"
        self.store_elements(node, self.names.name(node.name), kind, lambda place: value)

    def copy_list(self, node: nodes.CopyList) -> None:
        """Write the copy of a list, as a whole if all lanes take it."""
        name, source = self.names.name(node.name), self.names.name(node.source)
        self.copy_elements(node, name, source, self._list(node.name))

    def copy_elements(self, node: nodes.Stmt, name: str, source: str, kind: ListType) -> None:
        """Write the copy of a GLSL array to a list."""
        if id(node) in self.lanes.merging and self.expressions.mask is not None:
            self.store_elements(node, name, kind, lambda place: f"{source}[{place}]")
        else:
            self.write(f"{name} = {source};", node)

    def _list(self, name: str) -> ListType:
        kind = self.kinds[name]
        assert isinstance(kind, ListType)
        return kind
