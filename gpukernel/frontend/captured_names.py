"""The names that a function captures, as attributes of an object: each read says what is now."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from gpukernel.frontend.resolve import MISSING, Capture


class CapturedNames:
    """What the names of the enclosing scopes of a function stand for, whenever they are read.

    Example:
        >>> from gpukernel.frontend.captured_names import CapturedNames
        >>> def outer():
        ...     scale = 2.0
        ...     def inner(x):
        ...         return scale * x
        ...     return inner
        >>> CapturedNames(outer()).scale
        2.0
    """

    __slots__ = ("_function",)

    def __init__(self, function: FunctionType) -> None:
        self._function = function

    def __getattr__(self, name: str) -> Any:
        if name in self.__slots__:  # an object in the making, as when it is copied
            raise AttributeError(name)
        value = Capture(self._function, (name,), None).read()
        if value is MISSING:
            raise AttributeError(f"`{self._function.__name__}` knows no `{name}`")
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CapturedNames) and other._function is self._function

    def __hash__(self) -> int:
        return hash(self._function)
