"""Which devices there are, and which one is used when the caller names none.

The order of choice: ``with device(...)``, then `use_device`, then the environment variable
``GPUKERNEL_DEVICE``, then ``gl`` where a context can be made, else ``cpu`` with one warning.
Devices are made at first use and live as long as the process.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, Union

import numpy as np

from gpukernel.errors import DeviceError, KernelTypeError
from gpukernel.ir.nodes import Program
from gpukernel.runtime.cpu_device import CPUDevice, PreciseCPUDevice
from gpukernel.runtime.gl_device import GLDevice
from gpukernel.runtime.readback import Readback
from gpukernel.runtime.stats import COUNTERS, Memory

Number = Union[bool, int, float]


class Storage(Protocol):
    """Device memory of one array."""

    shape: tuple[int, ...]
    dtype: np.dtype
    nbytes: int


class Executable(Protocol):
    """A compiled program."""

    may_fail: bool  # whether a launch can raise when the outputs are written already

    def launch(
        self,
        inputs: Sequence[Any],
        scalars: Sequence[Number],
        grid: tuple[int, ...],
        outputs: Sequence[Any],
    ) -> None:
        """Fill the outputs, in ``Program.outputs`` order; none is one of ``inputs``.

        Raises:
            CellFailed: a check of the program failed; the outputs hold no useful values.
            DeviceError: the device cannot run the program to its end.
        """


class Device(Protocol):
    """What arrays and kernels need of a device.  Every method may be called from any thread."""

    name: str

    def allocate(self, shape: Sequence[int], dtype: np.dtype) -> Any:
        """Return storage of undefined contents."""

    def upload(self, host: np.ndarray) -> Any:
        """Return storage with a copy of a C-contiguous, native-endian array."""

    def download(self, storage: Any) -> np.ndarray:
        """Return the values as a new C-contiguous array."""

    def download_async(self, storage: Any) -> Readback:
        """Begin to copy the values as they are now to the host, without waiting for them."""

    def reshape(self, storage: Any, shape: Sequence[int]) -> Any | None:
        """Return the same memory as another shape, or None where its layout forbids that."""

    def copy(self, storage: Any, shape: Sequence[int]) -> Any:
        """Return new storage with the same values, in row-major order, as another shape."""

    def release(self, storage: Any) -> None:
        """Let the memory be reused; callable from finalisers."""

    def build(self, program: Program, optimize: frozenset[str]) -> Executable:
        """Compile a typed program, with the optimisations of these names where there is a choice.

        The names are those of `gpukernel.passes.pipeline.OPTIMIZATIONS`.
        """

    def synchronize(self) -> None:
        """Wait until all queued work is done."""

    def info(self) -> dict[str, object]:
        """Return what the device is and its limits."""

    def check_size(self, shape: Sequence[int], dtype: np.dtype) -> None:
        """Raise DeviceError if an array of this shape cannot exist here."""


class Info(dict[str, object]):
    """Facts about a device, printed one a line."""

    def __str__(self) -> str:
        lines = [f"{name:18} {value}" for name, value in self.items() if name != "software"]
        if self.get("software") and self.get("device") == "gl":
            lines.append(f"{'note':18} software renderer: no GPU is used")
        return "\n".join(lines)


DEVICE_NAMES = ("gl", "cpu")
# cpu64 is for checks against differences: it is named by them alone, and in no list.
_FACTORIES: dict[str, Callable[[], Device]] = {
    "gl": GLDevice,
    "cpu": CPUDevice,
    "cpu64": PreciseCPUDevice,
}
_ENVIRONMENT = "GPUKERNEL_DEVICE"

_lock = threading.RLock()
_made: dict[str, Device] = {}
_failed: dict[str, str] = {}  # device name -> why it cannot be used
_scoped: ContextVar[Device | None] = ContextVar("gpukernel_device", default=None)
_chosen: list[Device] = []  # at most one: what `use_device` or the default rule settled on


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):  # another thread may have held the lock at the fork
    os.register_at_fork(after_in_child=_renew_lock)


def get_device(name: str) -> Device:
    """Return the device of that name, making it at first use.

    Raises:
        DeviceError: there is no such device, or it cannot be used here.
    """
    if name not in _FACTORIES:
        known = " and ".join(repr(n) for n in DEVICE_NAMES)
        raise DeviceError(f"unknown device {name!r}; known devices are {known}")
    made = made_device(name)
    if made is not None:
        return made
    with _lock:
        if name in _failed:
            raise DeviceError(_failed[name])
        if name not in _made:
            try:
                _made[name] = _FACTORIES[name]()
            except DeviceError as error:
                _failed[name] = str(error)
                raise
        return _made[name]


def made_device(name: str) -> Device | None:
    """Return the device of that name if something has used it already."""
    return _made.get(name)


def current_device() -> Device:
    """Return the device that launches and new arrays use when none is named."""
    scoped = _scoped.get()
    if scoped is not None:
        return scoped
    if not _chosen:
        with _lock:
            if not _chosen:
                _chosen.append(_choose_default())
    return _chosen[0]


def resolve_device(choice: str | Device | None) -> Device:
    """Return the device named by a ``device=`` argument; None means the current one."""
    if choice is None:
        return current_device()
    if isinstance(choice, str):
        return get_device(choice)
    if not hasattr(choice, "build"):
        raise KernelTypeError(
            f"device={choice!r} is not the name of a device\nhint: the devices are 'gl' and 'cpu'"
        )
    return choice


def use_device(name: str) -> None:
    """Use a device from now on, in all threads, where ``with device(...)`` does not say otherwise.

    Raises:
        DeviceError: the device is unknown or cannot be used here.

    Example:
        >>> import gpukernel as gk
        >>> gk.use_device("cpu")
        >>> gk.zeros(3).device
        'cpu'
    """
    found = get_device(name)
    with _lock:
        _chosen[:] = [found]


@contextmanager
def device(name: str) -> Iterator[None]:
    """Use a device inside a ``with`` block, in this thread or task only.

    Raises:
        DeviceError: the device is unknown or cannot be used here.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     print(gk.ones(2).device)
        cpu
    """
    token = _scoped.set(get_device(name))
    try:
        yield
    finally:
        _scoped.reset(token)


def devices() -> list[str]:
    """Return the names of the devices that can be used here, best first.

    Example:
        >>> import gpukernel as gk
        >>> "cpu" in gk.devices()
        True
    """
    return [name for name in DEVICE_NAMES if _is_usable(name)]


def info(name: str | None = None) -> Info:
    """Return facts about a device, the current one by default: renderer, version, limits.

    Example:
        >>> import gpukernel as gk
        >>> gk.info("cpu")["device"]
        'cpu'
    """
    return Info(resolve_device(name).info())


def memory() -> Memory:
    """Return what is held on all devices now and what was done so far.

    Example:
        >>> import gpukernel as gk
        >>> before = gk.memory().arrays
        >>> x = gk.zeros((2, 2), device="cpu")
        >>> gk.memory().arrays - before
        1
    """
    return COUNTERS.snapshot()


def synchronize() -> None:
    """Wait until every device used so far has finished all its work.

    Example:
        >>> import gpukernel as gk
        >>> gk.synchronize()
    """
    with _lock:
        made = list(_made.values())
    for each in made:
        each.synchronize()


def _is_usable(name: str) -> bool:
    """Whether the device can be made, and used in this process."""
    try:
        get_device(name).info()
    except DeviceError:
        return False
    return True


def _choose_default() -> Device:
    """Return the device that the environment names, else the best one, warning if that is cpu."""
    named = os.environ.get(_ENVIRONMENT, "")
    if named:
        return get_device(named)
    try:
        return get_device("gl")
    except DeviceError as error:
        warnings.warn(
            f"gpukernel runs on the CPU, because {error} "
            f"(set {_ENVIRONMENT}=cpu to choose the CPU without this warning)",
            RuntimeWarning,
            stacklevel=2,
        )
        return get_device("cpu")
