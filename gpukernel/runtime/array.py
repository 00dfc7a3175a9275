"""`Array`: numbers that live on a device.

An array holds one `_Lease` on device storage.  Reshaping shares the lease, so storage is counted
by its users and goes back to the device with the last of them; whoever fills an array in place
asks `Array._is_exclusive` first.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import numpy as np

from gpukernel.errors import DeviceError, KernelShapeError
from gpukernel.runtime.device import Device, Storage, current_device
from gpukernel.runtime.host import cast, storage_dtype
from gpukernel.runtime.pictures import encode_png, save_picture, to_image
from gpukernel.runtime.readback import Readback
from gpukernel.runtime.shapes import fill_in_shape, read_shape

if TYPE_CHECKING:
    from PIL.Image import Image

_lock = threading.RLock()  # over the user counts of leases; finalisers take it too
# Where new arrays are noted while `runtime.scopes.tidy` runs, for each thread its own.
arrays_made: ContextVar[WeakSet[Array] | None] = ContextVar("gpukernel_arrays", default=None)


def _renew_lock() -> None:
    """Replace a lock that another thread may have held while this process was forked."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class _Lease:
    """One storage on a device and the number of arrays that use it."""

    __slots__ = ("device", "storage", "users")

    def __init__(self, device: Device, storage: Storage) -> None:
        self.device = device
        self.storage = storage
        self.users = 1

    def share(self) -> _Lease:
        """Count one more user."""
        with _lock:
            self.users += 1
        return self

    def drop(self) -> None:
        """Count one user less; the last one frees the storage."""
        with _lock:
            self.users -= 1
            last = self.users == 0
        if last:
            self.device.release(self.storage)


class Array:
    """A row-major array of rank 1 to 4 on a device.

    It holds numbers only: it has no arithmetic, kernels do that.  Values come back to the host
    only when asked for (`numpy`, indexing, iteration, printing).  Memory is freed with the object,
    or earlier by `release` or by using it as a context manager.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     x = gk.array([[1, 2], [3, 4]])
        >>> x.shape, x.dtype.name, x.device
        ((2, 2), 'int32', 'cpu')
        >>> x
        Array([[1, 2],
               [3, 4]], dtype=int32, device='cpu')
    """

    __slots__ = ("__weakref__", "_kept", "_lease", "_view")
    _lease: _Lease | None
    _view: Storage
    _kept: bool  # by `runtime.scopes.keep`

    def __init__(self) -> None:
        raise TypeError("arrays are made by gpukernel.array, zeros, ones, full, empty and arange")

    @classmethod
    def _from_storage(cls, device: Device, storage: Storage) -> Array:
        """Return an array that owns ``storage``."""
        return cls._from_lease(_Lease(device, storage), storage)

    @classmethod
    def _from_lease(cls, lease: _Lease, view: Storage) -> Array:
        array = cls.__new__(cls)
        array._lease = lease
        array._view = view
        array._kept = False
        made = arrays_made.get()
        if made is not None:
            made.add(array)
        return array

    # ---------------------------------------------------------------- for launches

    @property
    def _live_lease(self) -> _Lease:
        if self._lease is None:
            raise DeviceError(f"the array of shape {self.shape} was released")
        return self._lease

    @property
    def _storage(self) -> Storage:
        """The device memory; raises DeviceError after release."""
        self._live_lease  # noqa: B018  (raises)
        return self._view

    @property
    def _owner(self) -> Device:
        """The device the array lives on; raises DeviceError after release."""
        return self._live_lease.device

    def _storage_on(self, device: Device) -> tuple[Storage, bool]:
        """Return storage on ``device``; True means a copy that the caller must release."""
        if self._owner is device:
            return self._view, False
        copied: Storage = device.upload(self.numpy())
        return copied, True

    def _is_exclusive(self) -> bool:
        """Whether no other array sees the same memory."""
        return self._live_lease.users == 1

    def _replace_storage(self, storage: Storage) -> None:
        """Take other memory of this shape, dtype and device, and let go of the present one."""
        old = self._live_lease
        self._lease = _Lease(old.device, storage)
        self._view = storage
        old.drop()

    # ---------------------------------------------------------------- facts

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes, 1 to 4 of them."""
        return self._view.shape

    @property
    def dtype(self) -> np.dtype:
        """The NumPy dtype of the elements."""
        return self._view.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._view.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self._view.shape)

    @property
    def nbytes(self) -> int:
        """The size in bytes, without padding."""
        return self._view.nbytes

    @property
    def device(self) -> str:
        """The name of the device the array lives on."""
        return self._owner.name

    # ---------------------------------------------------------------- values on the host

    def numpy(self) -> np.ndarray:
        """Return the values as a new C-contiguous NumPy array."""
        lease = self._live_lease
        return lease.device.download(self._view)

    def numpy_async(self) -> Readback:
        """Begin to copy the values to the host, and return at once.

        The copy runs while Python and the device do other things; ``result()`` of what is
        returned waits for it and gives the array that `numpy` would give now.

        Example:
            >>> import gpukernel as gk
            >>> waiting = gk.arange(3).numpy_async()
            >>> waiting.result().tolist()
            [0, 1, 2]
        """
        lease = self._live_lease
        return lease.device.download_async(self._view)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("the values of a device array cannot be had without a copy")
        values = self.numpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    def item(self, *index: int) -> bool | int | float:
        """Return one element as a Python number; without an index, the only element."""
        if not index and self.size != 1:
            raise KernelShapeError(f"item() needs an array of one element, not shape {self.shape}")
        value: bool | int | float = self.numpy().item(*index)
        return value

    def tolist(self) -> list[Any]:
        """Return the values as nested lists of Python numbers."""
        values: list[Any] = self.numpy().tolist()
        return values

    def __len__(self) -> int:
        return self._view.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.numpy())

    def __getitem__(self, key: Any) -> Any:
        return self.numpy()[key]

    def __bool__(self) -> bool:
        return bool(self._only("bool()"))

    def __int__(self) -> int:
        return int(self._only("int()"))

    def __float__(self) -> float:
        return float(self._only("float()"))

    def _only(self, what: str) -> bool | int | float:
        if self.size != 1:
            raise KernelShapeError(f"{what} needs an array of one element, not shape {self.shape}")
        return self.item()

    def __repr__(self) -> str:
        if self._lease is None:
            return f"Array(released, shape={self.shape}, dtype={self.dtype})"
        tail = f", dtype={self.dtype}, device={self.device!r})"
        if not self.size:
            return f"Array([], shape={self.shape}{tail}"
        return "Array(" + np.array2string(self.numpy(), separator=", ", prefix="Array(") + tail

    # ---------------------------------------------------------------- other arrays

    def copy(self) -> Array:
        """Return a new array on the same device with the same values."""
        return self._copied(self.shape)

    def reshape(self, *shape: Any) -> Array:
        """Return the same values in row-major order under another shape.

        No data moves where the device's layout allows it; later writes to one of the two arrays
        (by ``out=``) never show in the other.

        Args:
            shape: sizes, or one tuple of them; one may be -1, meaning whatever is left.

        Raises:
            KernelShapeError: the sizes do not have the same product.
        """
        asked = shape[0] if len(shape) == 1 else shape
        wanted = fill_in_shape(read_shape(asked, allow_rest=True), self.shape)
        view = self._reshaped_view(wanted)
        return self._copied(wanted) if view is None else view

    def _copied(self, shape: tuple[int, ...]) -> Array:
        """Return a new array with these values under another shape of this size."""
        return Array._from_storage(self._owner, self._owner.copy(self._view, shape))

    def _reshaped_view(self, shape: tuple[int, ...]) -> Array | None:
        """Return the same memory under another shape of this size, None if it must be copied."""
        lease = self._live_lease
        view = lease.device.reshape(self._view, shape)
        return None if view is None else Array._from_lease(lease.share(), view)

    def astype(self, dtype: Any) -> Array:
        """Return a new array on the same device with the values converted to ``dtype``.

        Raises:
            KernelTypeError: a dtype that arrays cannot have.
            KernelOverflowError: a value that ``dtype`` cannot hold.
        """
        target = storage_dtype(dtype)
        if target == self.dtype:
            return self.copy()
        converted = cast(self.numpy(), target)
        return Array._from_storage(self._owner, self._owner.upload(converted))

    # ---------------------------------------------------------------- pictures

    def image(self) -> Image:
        """Return the values as a picture.

        An array of shape (height, width) or (height, width, 1) is grey, (height, width, 3) RGB
        and (height, width, 4) RGBA.  Floats run from 0 to 1: values outside are clipped, nan is
        black.  uint8 is taken as it is, bool as black and white.

        Raises:
            KernelShapeError: another shape, or no pixels.
            KernelTypeError: another dtype.
            KernelError: Pillow is not installed.

        Example:
            >>> import gpukernel as gk
            >>> gk.zeros((2, 3)).image().size
            (3, 2)
        """
        return to_image(self.numpy())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the values as a picture, in the format that the file's suffix names.

        What makes a picture is said at `image`.  The file is replaced as a whole, or, when
        something fails, not at all.

        Raises:
            KernelError: no picture, a suffix that Pillow does not know, or a format that cannot
                hold it; also when Pillow is not installed.
            OSError: the file cannot be written.
        """
        save_picture(self.numpy(), path)

    def _repr_png_(self) -> bytes | None:
        """Show the array in a notebook as a picture, if it is one."""
        return None if self._lease is None else encode_png(self.numpy())

    # ---------------------------------------------------------------- life

    def release(self) -> None:
        """Free the device memory now; any later use of the values raises DeviceError."""
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.drop()

    def __enter__(self) -> Array:
        self._live_lease  # noqa: B018  (raises)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def __del__(self) -> None:
        if getattr(self, "_lease", None) is not None:
            self.release()

    def __copy__(self) -> Array:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Array:
        return self.copy()

    def __reduce__(self) -> tuple[Any, tuple[np.ndarray]]:
        return _unpickle, (self.numpy(),)


def _unpickle(values: np.ndarray) -> Array:
    """Return a pickled array, on the device that is current where it is unpickled."""
    device = current_device()
    return Array._from_storage(device, device.upload(values))
