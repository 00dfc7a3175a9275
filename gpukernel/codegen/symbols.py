"""The global identifiers of a shader: uniforms, samplers, functions."""

from __future__ import annotations

from gpukernel.codegen.names import Names
from gpukernel.ir.nodes import Function, Program, Variable
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT, ListType, Scalar

COMPONENTS = "xyzw"
ZERO = {FLOAT: "0.0", INT: "0", UINT: "0u", BOOL: "false"}
VECTORS = {FLOAT: "vec4", INT: "ivec4", UINT: "uvec4", BOOL: "bvec4"}


class Symbols:
    """One GLSL name for everything global that a program mentions, by its name in the program."""

    def __init__(self, program: Program) -> None:
        self.names = Names()
        self.out_shape = self.names.declare("u_out_shape")
        self.out_layout = self.names.declare("u_out_layout")
        self.functions = {f.name: self.names.declare(f.name) for f in program.functions}
        self.uniforms = {u.name: self.names.declare(f"u_{u.name}") for u in program.uniforms}
        inputs = [a.name for a in program.arrays]
        self.samplers = {a: self.names.declare(f"tex_{a}") for a in inputs}
        self.shapes = {a: self.names.declare(f"u_{a}_shape") for a in inputs}
        self.layouts = {a: self.names.declare(f"u_{a}_layout") for a in inputs}
        self.loads = {a: self.names.declare(f"load_{a}") for a in inputs}
        self.fetches = {a: self.names.declare(f"fetch_{a}") for a in inputs}
        self.values = {a: self.names.declare(f"u_{a}_values") for a in inputs}


def declaration(kind: Scalar | ListType, name: str, varying: bool = False) -> str:
    """Return the declaration of a variable, without an initial value."""
    element = scalar_of(kind)
    spelled = VECTORS[element] if varying else str(element)
    return f"{spelled} {name}" + (f"[{kind.size}]" if isinstance(kind, ListType) else "")


def scalar_of(kind: Scalar | ListType) -> Scalar:
    """Return the type of a variable's numbers."""
    element = kind.element if isinstance(kind, ListType) else kind
    assert isinstance(element, Scalar)  # nested lists are no more when shaders are written
    return element


def zero(kind: Scalar, varying: bool) -> str:
    """Return the zero that a variable starts with."""
    return f"{VECTORS[kind]}({ZERO[kind]})" if varying else ZERO[kind]


def returned_type(function: Function) -> Scalar | None:
    """Return the type that a GLSL function returns; None when its results are ``out`` parameters.

    One scalar is returned; a list, or several results, are not.
    """
    only = function.results[0] if len(function.results) == 1 else None
    return only if isinstance(only, Scalar) else None


def result_name(position: int) -> str:
    """Return the name of the ``out`` parameter of a function's result."""
    return f"gk_r{position}"


def list_sizes(variables: tuple[Variable, ...]) -> dict[str, int]:
    """Return the number of elements of each variable that is a list."""
    return {v.name: v.type.size for v in variables if isinstance(v.type, ListType)}
