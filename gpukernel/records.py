"""Frozen dataclasses that are made quickly, since importing the package makes a hundred of them.

`dataclasses.dataclass` compiles six methods for each class, one by one.  `record` gives the same
classes: it leaves the fields to `dataclasses`, compiles ``__init__`` alone, and takes the other
methods from closures.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["record"]

Class = TypeVar("Class", bound=type)

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:

    def record(*, frozen: bool) -> Callable[[Class], Class]:
        """Make a frozen dataclass: use it as ``@record(frozen=True)``, as `dataclass` is used.

        Its fields may have defaults and factories of defaults, and be left out of comparisons.
        """
        if not frozen:
            raise TypeError("a record is frozen")
        return _made


def _made(cls: Any) -> Any:
    cls.__doc__ = cls.__doc__ or cls.__name__  # else `dataclasses` works out a signature for it
    dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    cls.__dataclass_params__.frozen = cls.__dataclass_params__.eq = True
    fields = dataclasses.fields(cls)
    methods = (
        _init_of(cls, fields),
        _repr_of([field.name for field in fields if field.repr]),
        *_comparisons_of([field.name for field in fields if field.compare]),
        *_REFUSED,
    )
    for method in methods:
        if method.__name__ not in vars(cls):
            setattr(cls, method.__name__, method)
    return cls


def _init_of(cls: type, fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    """Return an ``__init__`` with a parameter for each field."""
    space: dict[str, Any] = {"_set": object.__setattr__, "_unset": dataclasses.MISSING}
    parameters, lines = [], []
    for field in fields:
        name = value = field.name
        if field.default is not dataclasses.MISSING:
            space[f"_default_{name}"] = field.default
            parameters.append(f"{name}=_default_{name}")
        elif field.default_factory is not dataclasses.MISSING:
            space[f"_default_{name}"] = field.default_factory
            parameters.append(f"{name}=_unset")
            value = f"_default_{name}() if {name} is _unset else {name}"
        else:
            parameters.append(name)
        lines.append(f" _set(self, {name!r}, {value})\n")
    text = f"def __init__(self, {', '.join(parameters)}):\n{''.join(lines) or ' pass'}"
    exec(text, space)
    made = space["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _repr_of(names: list[str]) -> Any:
    def __repr__(self: Any) -> str:
        values = ", ".join([f"{name}={getattr(self, name)!r}" for name in names])
        return f"{type(self).__qualname__}({values})"

    return __repr__


def _comparisons_of(names: list[str]) -> tuple[Any, Any]:
    """Return ``__eq__`` and ``__hash__``: of the class and these fields."""
    # The same class and no names twice: one name gives a bare value, so that it is taken twice.
    values_of = attrgetter(*names * 2) if len(names) == 1 else attrgetter(*names or ["__class__"])

    def __eq__(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self is other or values_of(self) == values_of(other)

    def __hash__(self: Any) -> int:
        return hash(values_of(self))

    return __eq__, __hash__


def __setattr__(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def __delattr__(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_REFUSED = (__setattr__, __delattr__)
