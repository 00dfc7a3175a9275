"""`Tensor`: numbers on a device with NumPy's operators, and `Variable`, a tensor that changes.

A tensor is a `Value` and, while a gradient is asked for, a `Node`.  Its operators and chainable
methods are the functions of the namespace: `METHODS` holds them by name, filled by `nn.__init__`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Union

import numpy as np

from gpukernel.errors import KernelError, KernelOverflowError, KernelShapeError, KernelTypeError
from gpukernel.nn.tape import Node, is_recording, node_of_variable
from gpukernel.nn.values import Shape, Value, storage_shape
from gpukernel.runtime.array import Array
from gpukernel.runtime.creation import array as make_array
from gpukernel.runtime.device import Device, current_device, resolve_device
from gpukernel.runtime.host_memory import adopt, keeps_doubles

METHODS: dict[str, Callable[..., Any]] = {}

FLOAT = np.dtype(np.float32)
INT = np.dtype(np.int32)
BOOL = np.dtype(np.bool_)
DTYPES = (FLOAT, INT, BOOL)
TensorLike = Any  # Tensor | Array | np.ndarray | number | nested lists of numbers


class Tensor:
    """Numbers of any shape on a device: float32, int32 or bool.

    Operators work element by element with NumPy's broadcasting, ``@`` is the matrix product, and
    every function of `gpukernel.nn` that takes a tensor first is a method too.  Values are
    computed when somebody asks for them, chains of elementwise operations as one kernel.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     a = nn.tensor([[1.0, 2.0], [3.0, 4.0]])
        ...     b = (a - 1).square().mean()
        >>> b.item()
        3.5
        >>> a[0]
        Tensor([1., 2.], dtype=float32, device='cpu')
    """

    __slots__ = ("__weakref__", "_node", "_value")
    __array_priority__ = 1000  # NumPy arrays on the left leave operators to us
    __array_ufunc__ = None

    def __init__(self, value: Value, node: Node | None = None) -> None:
        if not isinstance(value, Value):
            raise KernelTypeError("tensors are made by nn.tensor(data), not by nn.Tensor")
        value.uses += 1
        self._value = value
        self._node = node

    def __del__(self) -> None:
        value = getattr(self, "_value", None)
        if value is not None:
            value.uses -= 1

    # ---------------------------------------------------------------- facts

    @property
    def shape(self) -> Shape:
        """The sizes of the axes; () for a single number."""
        return self._value.shape

    @property
    def dtype(self) -> np.dtype:
        """float32, int32 or bool."""
        return self._value.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._value.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self._value.shape)

    @property
    def device(self) -> str:
        """The name of the device the numbers are on."""
        return self._value.device.name

    @property
    def T(self) -> Tensor:
        """The tensor with its axes in reverse order."""
        turned: Tensor = METHODS["transpose"](self)
        return turned

    # ---------------------------------------------------------------- values on the host

    @property
    def array(self) -> Array:
        """The numbers as a `gpukernel.Array`, for kernels; computed now if they were not.

        Arrays have 1 to 4 axes: a single number is of shape (1,), and of more than four axes the
        first ones are merged.
        """
        return self._value.get()

    def numpy(self) -> np.ndarray:
        """Return the values as a new NumPy array."""
        return self.array.numpy().reshape(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("the values of a tensor cannot be had without a copy")
        values = self.numpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    def item(self) -> bool | int | float:
        """Return the only element as a Python number."""
        return self._only("item()")

    def tolist(self) -> Any:
        """Return the values as nested lists of Python numbers."""
        return self.numpy().tolist()

    def _only(self, what: str) -> bool | int | float:
        if self.size != 1:
            raise KernelShapeError(f"{what} needs a tensor of one element, not shape {self.shape}")
        value: bool | int | float = self.array.numpy().item()
        return value

    def __bool__(self) -> bool:
        return bool(self._only("bool()"))

    def __int__(self) -> int:
        return int(self._only("int()"))

    def __float__(self) -> float:
        return float(self._only("float()"))

    def __index__(self) -> int:
        if self.dtype != INT or self.shape:
            raise TypeError(f"only a single int can be an index, not {self.dtype} {self.shape}")
        return int(self._only("index"))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a tensor without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        text = np.array2string(self.numpy(), separator=", ", prefix=f"{type(self).__name__}(")
        return f"{type(self).__name__}({text}, dtype={self.dtype}, device={self.device!r})"

    def __format__(self, spec: str) -> str:
        return format(self._only("format"), spec) if spec else str(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return tensor, (self.numpy(),)

    # ---------------------------------------------------------------- where it is

    def to(self, device: str) -> Tensor:
        """Return the same numbers on another device; the gradient comes back from there."""
        target, home = resolve_device(device), self.device
        if target is self._value.device:
            return Tensor(self._value, self._node)
        moved = Tensor(_upload(self.numpy(), target))
        if self._node is not None and is_recording():
            moved._node = Node("to", self.shape, (self._node,), lambda own, g: (g.to(home),))
        return moved

    def __launch__(
        self,
        launcher: Any,
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        options: dict[str, Any],
    ) -> Any:
        """Take over the launch of a kernel that is given tensors: see `launching`."""
        return METHODS["__launch__"](launcher, args, keywords, options)

    # ---------------------------------------------------------------- operators and methods

    __hash__ = object.__hash__

    def __add__(self, other: TensorLike) -> Tensor:
        return METHODS["add"](self, other)  # type: ignore[no-any-return]

    def __radd__(self, other: TensorLike) -> Tensor:
        return METHODS["add"](other, self)  # type: ignore[no-any-return]

    def __sub__(self, other: TensorLike) -> Tensor:
        return METHODS["sub"](self, other)  # type: ignore[no-any-return]

    def __rsub__(self, other: TensorLike) -> Tensor:
        return METHODS["sub"](other, self)  # type: ignore[no-any-return]

    def __mul__(self, other: TensorLike) -> Tensor:
        return METHODS["mul"](self, other)  # type: ignore[no-any-return]

    def __rmul__(self, other: TensorLike) -> Tensor:
        return METHODS["mul"](other, self)  # type: ignore[no-any-return]

    def __truediv__(self, other: TensorLike) -> Tensor:
        return METHODS["div"](self, other)  # type: ignore[no-any-return]

    def __rtruediv__(self, other: TensorLike) -> Tensor:
        return METHODS["div"](other, self)  # type: ignore[no-any-return]

    def __floordiv__(self, other: TensorLike) -> Tensor:
        return METHODS["floordiv"](self, other)  # type: ignore[no-any-return]

    def __rfloordiv__(self, other: TensorLike) -> Tensor:
        return METHODS["floordiv"](other, self)  # type: ignore[no-any-return]

    def __mod__(self, other: TensorLike) -> Tensor:
        return METHODS["mod"](self, other)  # type: ignore[no-any-return]

    def __rmod__(self, other: TensorLike) -> Tensor:
        return METHODS["mod"](other, self)  # type: ignore[no-any-return]

    def __pow__(self, other: TensorLike) -> Tensor:
        return METHODS["pow"](self, other)  # type: ignore[no-any-return]

    def __rpow__(self, other: TensorLike) -> Tensor:
        return METHODS["pow"](other, self)  # type: ignore[no-any-return]

    def __matmul__(self, other: TensorLike) -> Tensor:
        return METHODS["matmul"](self, other)  # type: ignore[no-any-return]

    def __rmatmul__(self, other: TensorLike) -> Tensor:
        return METHODS["matmul"](other, self)  # type: ignore[no-any-return]

    def __neg__(self) -> Tensor:
        return METHODS["neg"](self)  # type: ignore[no-any-return]

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return METHODS["abs"](self)  # type: ignore[no-any-return]

    def __invert__(self) -> Tensor:
        return METHODS["logical_not"](self)  # type: ignore[no-any-return]

    def __and__(self, other: TensorLike) -> Tensor:
        return METHODS["logical_and"](self, other)  # type: ignore[no-any-return]

    def __or__(self, other: TensorLike) -> Tensor:
        return METHODS["logical_or"](self, other)  # type: ignore[no-any-return]

    def __xor__(self, other: TensorLike) -> Tensor:
        return METHODS["logical_xor"](self, other)  # type: ignore[no-any-return]

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __eq__(self, other: TensorLike) -> Tensor:  # type: ignore[override]
        if other is None:
            return NotImplemented
        return METHODS["equal"](self, other)  # type: ignore[no-any-return]

    def __ne__(self, other: TensorLike) -> Tensor:  # type: ignore[override]
        if other is None:
            return NotImplemented
        return METHODS["not_equal"](self, other)  # type: ignore[no-any-return]

    def __lt__(self, other: TensorLike) -> Tensor:
        return METHODS["less"](self, other)  # type: ignore[no-any-return]

    def __le__(self, other: TensorLike) -> Tensor:
        return METHODS["less_equal"](self, other)  # type: ignore[no-any-return]

    def __gt__(self, other: TensorLike) -> Tensor:
        return METHODS["greater"](self, other)  # type: ignore[no-any-return]

    def __ge__(self, other: TensorLike) -> Tensor:
        return METHODS["greater_equal"](self, other)  # type: ignore[no-any-return]

    def __getitem__(self, key: Any) -> Tensor:
        return METHODS["getitem"](self, key)  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        function = METHODS.get(name)
        if function is None or name == "getitem":
            if isinstance(getattr(type(self), name, None), property):
                return object.__getattribute__(self, name)  # tells what went wrong in it
            raise AttributeError(f"a tensor has no attribute or method {name!r}")
        return function.__get__(self) if hasattr(function, "__get__") else _bound(function, self)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *METHODS})


def _bound(function: Callable[..., Any], first: Tensor) -> Callable[..., Any]:
    def method(*args: Any, **keywords: Any) -> Any:
        return function(first, *args, **keywords)

    return method


class Variable(Tensor):
    """A tensor whose numbers are assigned anew: what optimizers train.

    Args:
        init: the first numbers, as for `tensor`.
        name: shown, and the name under which it is saved.
        trainable: whether `Model.fit` and optimizers change it.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     w = nn.Variable([1.0, 2.0], name="w")
        ...     w.assign(w * 10).tolist()
        [10.0, 20.0]
    """

    __slots__ = ("name", "trainable")

    def __init__(
        self, init: TensorLike, name: str | None = None, trainable: bool = True, dtype: Any = None
    ) -> None:
        self._value = tensor(init, dtype)._value
        self._value.uses += 1
        self.name = name
        self.trainable = trainable

    @property
    def _node(self) -> Node | None:  # type: ignore[override]
        return node_of_variable(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Variable, (self.numpy(), self.name, self.trainable)

    def assign(self, numbers: TensorLike) -> Variable:
        """Take other numbers of the same shape and dtype, and return the variable.

        Raises:
            KernelShapeError, KernelTypeError: they have another shape or dtype; the variable
                keeps its numbers.
        """
        value = as_tensor(numbers, self._value.device)._value
        what = f"variable {self.name!r}" if self.name else "the variable"
        if value.shape != self.shape:
            raise KernelShapeError(f"{what} has shape {self.shape}, not that of {value.shape}")
        if value.dtype != self.dtype:
            raise KernelTypeError(f"{what} has dtype {self.dtype}, not {value.dtype}")
        value.get()  # now, or the chain of all updates would grow
        value.uses += 1
        old, self._value = self._value, value
        old.uses -= 1
        return self


def tensor(
    data: TensorLike,
    dtype: Any = None,
    shape: Union[int, Sequence[int], None] = None,
    device: str | None = None,
) -> Tensor:
    """Make a tensor.

    Args:
        data: a number, nested lists of numbers, a NumPy array, an `Array` or a tensor.
        dtype: float32, int32 or bool; without it float32 for floats, int32 for ints.
        shape: for flat data, the shape that it fills; for data with axes, its own shape.
        device: ``"gl"`` or ``"cpu"``; the current device when left out.

    Raises:
        KernelShapeError: the data does not have or fill the shape, or is ragged.
        KernelTypeError: another dtype.
        KernelOverflowError: a number that the dtype cannot hold.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> nn.tensor([1, 2, 3, 4], shape=(2, 2), device="cpu").tolist()
        [[1, 2], [3, 4]]
    """
    target = None if device is None else resolve_device(device)
    made = as_tensor(data, target)
    if made is data:
        made = Tensor(made._value, made._node)
    if dtype is not None and checked_dtype(dtype) != made.dtype:
        made = METHODS["cast"](made, dtype)
    if shape is None:
        return made
    wanted = (shape,) if isinstance(shape, int) else tuple(shape)
    if made.shape == wanted:
        return made
    if made.ndim != 1 or made.size != math.prod(wanted):
        raise KernelShapeError(
            f"nn.tensor: data of shape {made.shape} does not fill shape {wanted}"
        )
    reshaped: Tensor = METHODS["reshape"](made, wanted)
    return reshaped


def checked_dtype(dtype: Any) -> np.dtype:
    """Return float32, int32 or bool for what stands for it.

    Raises:
        KernelTypeError: it is another dtype.
    """
    try:
        asked: np.dtype = np.dtype(dtype)
    except TypeError:
        raise KernelTypeError(f"{dtype!r} is not a dtype") from None
    narrowed = {"float64": FLOAT, "int64": INT}.get(asked.name, asked)
    if narrowed not in DTYPES:
        raise KernelTypeError(f"tensors are float32, int32 or bool, not {asked.name}")
    return narrowed


def as_tensor(x: TensorLike, device: Device | None = None) -> Tensor:
    """Return a tensor with these numbers: ``x`` itself if it is one."""
    if isinstance(x, Tensor):
        if device is not None and x._value.device is not device:
            return x.to(device.name)
        return x
    target = current_device() if device is None else device
    if isinstance(x, Array):
        if x._owner is target and x.dtype in DTYPES:
            return Tensor(Value.of(x))
        x = x.numpy()
    if isinstance(x, (list, tuple)) and _holds_tensors(x):
        stacked: Tensor = METHODS["stack"]([as_tensor(one, target) for one in x])
        return stacked
    return Tensor(_upload(_host_values(x), target))


def _holds_tensors(x: Any) -> bool:
    return any(
        isinstance(one, Tensor) or (isinstance(one, (list, tuple)) and _holds_tensors(one))
        for one in x
    )


def _host_values(x: Any) -> np.ndarray:
    """Return numbers as a NumPy array of a dtype that tensors can have; float64 stays."""
    if isinstance(x, np.ma.MaskedArray):
        raise KernelTypeError("nn.tensor: the data is a masked array; call its .filled(value)")
    try:
        values = np.asarray(x)
    except (ValueError, OverflowError) as problem:
        raise KernelShapeError(
            f"nn.tensor: the data is no rectangle of numbers: {problem}"
        ) from None
    kind = values.dtype.kind
    if kind not in "biuf":
        raise KernelTypeError(f"nn.tensor: the data is {values.dtype}, not numbers")
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if kind in "iu" and values.dtype != INT:
        if values.size and not -(2**31) <= int(values.min()) <= int(values.max()) < 2**31:
            raise KernelOverflowError("nn.tensor: the data has ints that do not fit int32")
        return values.astype(INT)
    return values.astype(FLOAT) if values.dtype.name == "float16" else values


def _upload(values: np.ndarray, device: Device) -> Value:
    """Return the value of host numbers on a device."""
    shape, stored = values.shape, storage_shape(values.shape)
    if keeps_doubles(device):
        return Value.of(adopt(values.reshape(stored).copy(), device), shape)
    return Value.of(make_array(values.reshape(stored), device=device), shape)


def value_on(x: TensorLike, device: Device, name: str) -> Value:
    """Return the value of an argument of the operation ``name``.

    Raises:
        KernelError: it is a tensor of another device.
    """
    if isinstance(x, Tensor):
        if x._value.device is not device:
            raise KernelError(
                f"nn.{name} was given tensors on {device.name!r} and {x.device!r}\n"
                f"hint: bring one to the other's device, with .to({device.name!r})"
            )
        return x._value
    return as_tensor(x, device)._value
