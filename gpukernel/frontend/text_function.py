"""Text that the compiler wrote, as a Python function with a source: it can be compiled like any."""

from __future__ import annotations

import itertools
import linecache
import weakref
from types import FunctionType
from typing import Any

_count = itertools.count(1)


def function_from_text(text: str, name: str, namespace: dict[str, Any], title: str) -> FunctionType:
    """Return the function that a text defines.

    Args:
        text: Python source; it is executed.
        name: the function to return.
        namespace: what the text may use; it becomes the function's globals, and is changed.
        title: what the text is called in error messages, before its number.
    """
    filename = f"<{title} {next(_count)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace["__name__"] = filename
    exec(compile(text, filename, "exec", dont_inherit=True), namespace)
    found: FunctionType = namespace[name]
    finalizer = weakref.finalize(found, linecache.cache.pop, filename, None)
    finalizer.atexit = False
    return found
