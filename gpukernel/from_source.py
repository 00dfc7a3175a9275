"""Kernels from text: for programs that write programs."""

from __future__ import annotations

import itertools
import linecache
import math
from types import FunctionType
from typing import Any

import numpy as np

from gpukernel.errors import KernelNameError, KernelSyntaxError
from gpukernel.kernel import kernel
from gpukernel.lang.grid import index

_count = itertools.count(1)


def from_source(text: str, name: str, namespace: dict[str, Any] | None = None) -> Any:
    """Run Python text as a module of its own and return the kernel it defines.

    The text is executed: do not pass text that you do not trust.

    Args:
        text: Python source; ``kernel``, ``index``, ``math`` and ``np`` are there already.
        name: the kernel to return, or what `vectorize` or `reduction` made; a plain function is
            made a kernel.
        namespace: more names that the text may use; it is not changed.

    Raises:
        KernelSyntaxError: the text is not Python, or not in the kernel language.
        KernelNameError: the text defines no function of that name.

    Example:
        >>> import gpukernel as gk
        >>> triple = gk.from_source("def triple(a): return 3 * a[index()]", "triple")
        >>> triple(gk.arange(3, device="cpu"), device="cpu").tolist()
        [0, 3, 6]
    """
    filename = f"<gpukernel source {next(_count)}>"
    lines = text.splitlines(keepends=True)
    linecache.cache[filename] = (len(text), None, lines, filename)
    names: dict[str, Any] = {"kernel": kernel, "index": index, "math": math, "np": np}
    names.update(namespace or {})
    names["__name__"] = filename
    try:
        exec(compile(text, filename, "exec", dont_inherit=True), names)
    except SyntaxError as problem:
        if isinstance(problem, KernelSyntaxError):
            raise
        where = f"{filename}:{problem.lineno}:{problem.offset}"
        raise KernelSyntaxError(f"{where}: error: the text is not Python: {problem.msg}") from None
    except (MemoryError, RecursionError):  # what Python's parser raises when its stack is full
        raise KernelSyntaxError(
            f"{filename}:1:1: error: the text is nested too deeply for Python's parser\n"
            "hint: split long expressions over several statements"
        ) from None
    found = names.get(name)
    if hasattr(found, "py_func"):
        return found
    if isinstance(found, FunctionType):
        return kernel(found)
    raise KernelNameError(f"the text defines no function `{name}`")
