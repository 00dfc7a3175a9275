"""What of Python kernels do not have: the user's word for it, and what to do instead."""

from __future__ import annotations

import ast

# By the class of the node.
REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Dict: ("dictionaries are", "pass an array, or use if/elif to choose a value"),
    ast.Set: ("sets are", "pass an array, or compare with each value"),
    ast.JoinedStr: ("strings are", "kernels compute numbers; format text outside the kernel"),
    ast.List: ("lists are", "use separate variables, or pass an array as an argument"),
    ast.ListComp: ("comprehensions are", "write a for loop that accumulates the value"),
    ast.SetComp: ("comprehensions are", "write a for loop that accumulates the value"),
    ast.DictComp: ("comprehensions are", "write a for loop that accumulates the value"),
    ast.GeneratorExp: ("generator expressions are", "write a for loop that accumulates the value"),
    ast.Lambda: ("lambda is", "define a function with def outside the kernel and call it"),
    ast.NamedExpr: ("`:=` is", "assign on a line of its own before this one"),
    ast.Slice: ("slices are", "read one element with a[i, j], in a loop where more are needed"),
    ast.Starred: ("`*` unpacking is", "write the values out one by one"),
    ast.Await: ("await is", "kernels run to their end without waiting"),
    ast.Yield: ("yield is", "return the value of this output cell"),
    ast.YieldFrom: ("yield is", "return the value of this output cell"),
    ast.FunctionDef: ("nested functions are", "define the function outside the kernel and call it"),
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
    ast.Nonlocal: ("nonlocal is", "a kernel cannot change outer variables; return the value"),
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
