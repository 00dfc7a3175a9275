"""What of Python kernels do not have: the user's word for it, and what to do instead."""

from __future__ import annotations

import ast

import numpy as np

from gpukernel.ir import syntax
from gpukernel.lang.vectors import Vector

# By the class of the node.
REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Dict: ("dictionaries are", "pass an array, or use if/elif to choose a value"),
    ast.Set: ("sets are", "pass an array, or compare with each value"),
    ast.JoinedStr: ("strings are", "kernels compute numbers; format text outside the kernel"),
    ast.SetComp: ("comprehensions are", "write a for loop that accumulates the value"),
    ast.DictComp: ("comprehensions are", "write a for loop that accumulates the value"),
    ast.NamedExpr: ("`:=` is", "assign on a line of its own before this one"),
    ast.Slice: ("slices are", "read elements with a[i, j], in a loop; list(xs) copies a list"),
    ast.Starred: ("`*` unpacking is", "write the values out one by one"),
    ast.Await: ("await is", "kernels run to their end without waiting"),
    ast.Yield: ("yield is", "return the value of this output cell"),
    ast.YieldFrom: ("yield is", "return the value of this output cell"),
    ast.AsyncFunctionDef: ("async functions are", "define a plain function outside the kernel"),
    ast.ClassDef: ("classes are", "use plain variables and functions"),
    ast.Delete: ("del is", "variables need not be deleted; just remove this line"),
    ast.AsyncFor: ("async for is", "use a plain for loop over range(...)"),
    ast.With: ("with is", "open resources outside the kernel"),
    ast.AsyncWith: ("with is", "open resources outside the kernel"),
    ast.Raise: ("raise is", "return a special value, such as float('nan'), or use assert"),
    ast.Try: ("try is", "kernels do not raise; test the value with if"),
    ast.Import: ("import is", "import at the top of the file"),
    ast.ImportFrom: ("import is", "import at the top of the file"),
    ast.Global: ("global is", "a kernel cannot change globals; return the value"),
    ast.Nonlocal: ("nonlocal is", "a function cannot change outer variables; return the value"),
    ast.MatMult: ("`@` is", "write the sum of products as a loop"),
    ast.In: ("`in` is", "compare with each value: x == a or x == b"),
    ast.NotIn: ("`not in` is", "compare with each value: x != a and x != b"),
    ast.Is: ("`is` is", "compare numbers with =="),
    ast.IsNot: ("`is not` is", "compare numbers with !="),
}
for _newer, _entry in {
    "Match": ("match is", "use if/elif"),
    "TryStar": ("try is", "kernels do not raise; test the value with if"),
    "TypeAlias": ("type aliases are", "remove this line"),
    "TemplateStr": ("strings are", "kernels compute numbers"),
}.items():
    if hasattr(ast, _newer):
        REFUSED[getattr(ast, _newer)] = _entry

# By the type of a literal.
REFUSED_LITERALS: dict[type, tuple[str, str]] = {
    str: ("strings are", "kernels compute numbers; use an int code for each word"),
    bytes: ("bytes are", "pass a uint8 array"),
    complex: ("complex numbers are", "keep the real and imaginary part in two floats"),
    type(None): ("None is", "use a number that stands for `no value`, such as -1"),
    type(...): ("`...` is", "write every index"),
}

# What to use instead of functions that kernels do not have.
_INSTEAD: tuple[tuple[object, str], ...] = (
    (print, "run the kernel in Python with `.at(index, ...)`, where print works"),
)


def refusal(name: str, value: object) -> tuple[str, str]:
    """Return the message and hint for a captured object that kernels cannot use."""
    kind = type(value).__name__
    if isinstance(value, (str, bytes, list, dict, set, tuple)):
        hint = "capture numbers, tuples of numbers or arrays"
        if isinstance(value, list):
            hint = f"make it a tuple, tuple({name}), or an array, np.array({name})"
        return f"captured `{name}` is a {kind}, which kernels do not have", hint
    if hasattr(value, "py_func"):
        hint = "move what both need into a plain function and call that"
        return f"`{name}` is a kernel, which another kernel cannot call", hint
    if value is None:
        hint = "assign it a number, a tuple of numbers or an array before the launch"
        return f"captured `{name}` is None, not a number", hint
    if isinstance(value, type) and issubclass(value, np.generic):
        hint = "numbers have 32 bits: write int(...), np.uint32(...), float(...) or bool(...)"
        return f"`{name}` cannot be called in a kernel", hint
    if callable(value):
        hint = next((text for known, text in _INSTEAD if known is value), "")
        if (getattr(value, "__module__", None) or "").startswith("gpukernel."):
            hint = hint or "call it outside the kernel, and pass the result or capture it"
        hint = hint or "use the functions of `math` and `gpukernel`, or a plain Python function"
        return f"`{name}` cannot be called in a kernel", hint
    hint = "capture numbers, tuples of numbers, arrays or functions"
    return f"captured `{name}` is a {kind}, not a number", hint


def refused_write(
    target: syntax.TargetElement | syntax.TargetAttribute, root: syntax.Expr
) -> tuple[str, str]:
    """Return the message and hint for writing into something that a kernel did not make."""
    if isinstance(root, syntax.Global) and isinstance(root.value, Vector):
        name = ".".join(root.path)
        hint = f"copy it to a variable first: v = gk.vec{len(root.value)}({name})"
        return f"cannot write to captured `{name}`", hint
    if not isinstance(root, (syntax.Local, syntax.Global)):
        what = "an element" if isinstance(target, syntax.TargetElement) else "a component"
        return f"only {what} of a variable can be assigned", "assign the value to a variable first"
    if isinstance(target, syntax.TargetAttribute):
        return f"cannot assign to attribute `{target.name}`", "assign to a variable"
    hint = "a kernel returns the value of its own output cell: use return"
    return "cannot write to an array element", hint


def did_you_mean(near: list[str]) -> str:
    return f"did you mean `{near[0]}`?" if near else ""
