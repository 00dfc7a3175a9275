"""Scopes of arrays: `tidy` releases what a function made and does not return, `keep` protects.

While `tidy` runs, new arrays are noted in `array.arrays_made`, weakly, so that noting one does not
keep it alive.  The note belongs to the calling thread; what other threads make is not touched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any, TypeVar
from weakref import WeakSet

from gpukernel.runtime.array import Array, arrays_made

Result = TypeVar("Result")

_COLLECTIONS = (list, tuple, set, frozenset, deque)
# What arrays are not looked for in: it holds none, or leads to the whole program.
_ENDS = (str, bytes, int, float, complex, type(None), type, ModuleType, FunctionType)


def tidy(function: Callable[..., Result], /, *args: Any, **keywords: Any) -> Result:
    """Call ``function`` and release every array that it made, except those in its result.

    Arrays are found in a result at any depth of lists, tuples, dicts, sets, tensors and objects
    with attributes.  What was made before the call is never touched, and what `keep` protects
    stays.  Scopes nest: what an inner `tidy` returns belongs to the outer one.  Arrays are also
    released when ``function`` raises.  A function that gives its values later (a generator, a
    coroutine) is not for `tidy`: it has made no array yet when it returns.

    Args:
        function: what to call.
        args, keywords: its arguments.

    Returns:
        What ``function`` returns.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel.runtime.scopes import tidy
        >>> def last_row(x):
        ...     double = gk.array(x.numpy() * 2)
        ...     return {"row": gk.array(double[-1])}
        >>> x = gk.ones((2, 3))
        >>> before = gk.memory().arrays
        >>> tidy(last_row, x)["row"].tolist()
        [2.0, 2.0, 2.0]
        >>> gk.memory().arrays - before
        0
    """
    made: WeakSet[Array] = WeakSet()
    outer = arrays_made.get()
    token = arrays_made.set(made)
    returned: list[Array] = []
    try:
        result = function(*args, **keywords)
        if made:
            returned.extend(_arrays_in(result))
        return result
    finally:
        arrays_made.reset(token)
        for array in returned:
            if array in made and outer is not None:
                outer.add(array)
            made.discard(array)
        for array in list(made):
            if not array._kept:
                array.release()


def keep(value: Result) -> Result:
    """Protect an array, or every array in a value, from all `tidy` calls, and return the value.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel.runtime.scopes import keep, tidy
        >>> found = []
        >>> tidy(lambda: found.append(keep(gk.ones(2))))
        >>> found[0].tolist()
        [1.0, 1.0]
    """
    for array in _arrays_in(value):
        array._kept = True
    return value


def _arrays_in(value: object) -> Iterator[Array]:
    """Yield each array in a value once, at any depth; cycles end."""
    seen: dict[int, object] = {}  # the objects too, so that no id is used twice
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _ENDS):
            continue
        seen[id(one)] = one
        if isinstance(one, Array):
            yield one
        elif (arrays := getattr(type(one), "__arrays__", None)) is not None:
            waiting.extend(arrays(one))  # such as a tensor, whose numbers may wait
        else:
            waiting.extend(_inside(one))


def _inside(value: object) -> Iterator[Any]:
    """Yield what an object holds directly: elements, keys and values, attributes."""
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, _COLLECTIONS):
        yield from value
    yield from getattr(value, "__dict__", {}).values()
    for kind in type(value).__mro__:
        for slot in vars(kind).values():
            if isinstance(slot, MemberDescriptorType):
                yield getattr(value, slot.__name__, None)
