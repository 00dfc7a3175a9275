"""What is asked for by name or by configuration: optimizers, losses, metrics, initializers, ...

A `Registry` holds the classes of one kind by their names.  A `Configurable` is an object that its
constructor's arguments describe: it keeps each as an attribute of the same name, so that
``type(x).from_config(x.get_config())`` is another one like it.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Generic, TypeGuard, TypeVar, Union

from gpukernel.errors import KernelTypeError, KernelValueError

ConfigurableT = TypeVar("ConfigurableT", bound="Configurable")
MadeT = TypeVar("MadeT", bound="Configurable")
Identifier = Union[str, dict[str, Any], "Configurable", Callable[..., Any], type, None]


class Configurable:
    """An object described by its constructor's arguments, all plain data or Configurables."""

    def __new__(cls: type[ConfigurableT], *_: Any, **keywords: Any) -> ConfigurableT:
        _check_keywords(cls, keywords)
        return super().__new__(cls)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments by name: plain data that JSON can hold."""
        return {name: _plain(getattr(self, name)) for name in _parameters(type(self))}

    @classmethod
    def from_config(cls: type[ConfigurableT], config: dict[str, Any]) -> ConfigurableT:
        """Make an object from what `get_config` returned.

        Raises:
            KernelTypeError: an argument that the class does not have.
        """
        _check_keywords(cls, config, own_too=True)
        return cls(**config)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({shown})"


def _parameters(cls: type) -> list[str]:
    """Return the names of the constructor's arguments, ``**keywords`` of base classes included."""
    names: list[str] = []
    for base in cls.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        found = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        names.extend(p.name for p in found if p.kind is not p.VAR_KEYWORD and p.name not in names)
        if not any(p.kind is p.VAR_KEYWORD for p in found):
            break
    return names


def _check_keywords(cls: type, given: Mapping[str, Any], own_too: bool = False) -> None:
    """Raise for an argument that a class does not have.

    The user's own classes are left to Python unless ``own_too``: they may take more than they name.
    """
    if not given or not (own_too or cls.__module__.startswith("gpukernel.")):
        return
    known = _parameters(cls)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f"\nhint: did you mean {near[0]!r}?" if near else ""
            has = ", ".join(known) or "none"
            raise KernelTypeError(f"{cls.__name__} has no argument {name!r}; it has {has}{meant}")


def _plain(value: Any) -> Any:
    if isinstance(value, Configurable):
        return serialize(value)
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def serialize(made: Any) -> Any:
    """Return what describes an object as JSON can hold it, and `Registry.get` makes it again of.

    That is ``{"class_name": ..., "config": ...}``, for functions their name, for names themselves.
    """
    if isinstance(made, Configurable):
        return {"class_name": type(made).__name__, "config": made.get_config()}
    return made if isinstance(made, str) else getattr(made, "__name__", type(made).__name__)


_customs: ContextVar[Mapping[str, Any]] = ContextVar(
    "gpukernel_nn_customs", default=MappingProxyType({})
)


@contextmanager
def custom_objects(objects: Mapping[str, Any]) -> Iterator[None]:
    """Know classes and functions of the user's by these names inside a ``with`` block."""
    token = _customs.set({**_customs.get(), **objects})
    try:
        yield
    finally:
        _customs.reset(token)


def custom_object(name: str) -> Any:
    """Return the user's object of that name, None if there is none."""
    return _customs.get().get(name)


def is_plain_function(value: Any) -> TypeGuard[Callable[..., Any]]:
    """Whether a value is a function of the user's, no class and no configured object."""
    return callable(value) and not isinstance(value, (type, Configurable))


def named_function(function: Any, kind: str) -> Callable[..., Any]:
    """Return a function, which may be given by its name in `custom_objects`.

    Args:
        function: the function, or its name.
        kind: what it is used as, for messages, such as "initializer".

    Raises:
        KernelValueError: there is none of this name.
        KernelTypeError: it is no function.
    """
    found = custom_object(function) if isinstance(function, str) else function
    if found is None:
        raise KernelValueError(
            f"there is no {kind} {function!r:.80}\n"
            f"hint: give it in custom_objects={{{function!r:.80}: the function}}"
        )
    if not callable(found):
        raise KernelTypeError(f"{found!r:.80} is no {kind}: wanted a function")
    return found  # type: ignore[no-any-return]


class Registry(Generic[MadeT]):
    """The classes of one kind by name.

    Names are matched without regard to case and underscores: ``"glorot_uniform"`` and
    ``"GlorotUniform"`` are the same.

    Args:
        kind: what the classes are called in messages, such as "optimizer".
        base: the class that all of them derive from.
    """

    def __init__(self, kind: str, base: type[MadeT]) -> None:
        self.kind = kind
        self._base = base
        self._shown: dict[str, str] = {}  # the name to list, by matched name
        self._classes: dict[str, type[MadeT]] = {}

    def add(self, *aliases: str, by_name: bool = True) -> Callable[[type[Any]], type[Any]]:
        """Make a class known by its own name and others; used as a decorator.

        Without ``by_name`` only in configurations: a name alone does not make one.
        """

        def decorate(cls: type[Any]) -> type[Any]:
            for name in (cls.__name__, *aliases):
                self._classes[_key(name)] = cls
                if by_name:
                    self._shown[_key(name)] = name
            return cls

        return decorate

    def get(self, identifier: Identifier) -> MadeT:
        """Return an object for a name, a configuration, a class, or the object itself.

        Raises:
            KernelValueError: an unknown name; the message lists the known ones.
            KernelTypeError: the identifier is none of these.
        """
        if isinstance(identifier, self._base):
            return identifier
        if isinstance(identifier, str):
            custom = custom_object(identifier)
            if custom is not None and not isinstance(custom, type):
                return self.get(custom)
            if custom is None and _key(identifier) not in self._shown:
                raise KernelValueError(self._unknown(identifier))
            return self.find(identifier)()
        if isinstance(identifier, dict):
            return self._from_dict(identifier)
        if isinstance(identifier, type) and issubclass(identifier, self._base):
            return identifier()
        raise KernelTypeError(
            f"{identifier!r} is no {self.kind}: give a name, an object, or "
            '{"class_name": ..., "config": ...}'
        )

    def knows(self, name: str) -> bool:
        """Whether a class goes by this name."""
        return _key(name) in self._classes

    def find(self, name: str) -> type[MadeT]:
        """Return the class of a name."""
        if not isinstance(name, str):
            raise KernelTypeError(f"{name!r} is not the name of a {self.kind}")
        custom = custom_object(name)
        if isinstance(custom, type) and issubclass(custom, self._base):
            return custom
        found = self._classes.get(_key(name))
        if found is None:
            raise KernelValueError(self._unknown(name))
        return found

    def _from_dict(self, given: dict[str, Any]) -> MadeT:
        name, config = given.get("class_name"), given.get("config", {})
        if not isinstance(name, str) or not isinstance(config, dict):
            raise KernelTypeError(
                f"{given!r} does not describe a {self.kind}: "
                'it needs {"class_name": a name, "config": a dict}'
            )
        return self.find(name).from_config(config)

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(_key(name), self._shown, n=1)
        meant = f"\nhint: did you mean {self._shown[near[0]]!r}?" if near else ""
        known = ", ".join(sorted(self._shown.values(), key=str.lower))
        return f"there is no {self.kind} {name!r}; known are {known}{meant}"


def _key(name: str) -> str:
    return name.replace("_", "").lower()


# ---------------------------------------------------------------- checks of arguments


def checked_number(
    value: Any, what: str, low: float = -float("inf"), high: float = float("inf")
) -> float:
    """Return a finite number from ``low`` to ``high`` as a float.

    Raises:
        KernelTypeError: it is not a number.
        KernelValueError: it is outside, or not finite.
    """
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise KernelTypeError(f"{what} is {value!r}, but it is to be a number")
    number = float(value)
    if not low <= number <= high or number in (float("inf"), -float("inf")):
        raise KernelValueError(f"{what} is {number}, but it is to be {_range(low, high)}")
    return number


def _range(low: float, high: float) -> str:
    if low == -float("inf"):
        return "finite" if high == float("inf") else f"at most {high:g}"
    return f"at least {low:g}" if high == float("inf") else f"from {low:g} to {high:g}"
