"""The ``cpu`` device: arrays in host memory, programs run by the interpreter."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Sequence
from typing import Union

import numpy as np
import numpy.typing as npt

from gpukernel.errors import DeviceError
from gpukernel.ir.nodes import Program
from gpukernel.runtime.layout import MAX_ELEMENTS
from gpukernel.runtime.readback import Arrived, Readback
from gpukernel.runtime.stats import COUNTERS

Number = Union[bool, int, float]


class CPUStorage:
    """One array in host memory; ``values`` is C-contiguous, and None once released.

    What a `PreciseCPUDevice` keeps in float64 is float32 to all who ask for the dtype.
    """

    __slots__ = ("dtype", "nbytes", "shape", "values")

    def __init__(self, values: np.ndarray) -> None:
        self.shape: tuple[int, ...] = values.shape
        self.dtype = np.dtype(np.float32) if values.dtype == np.float64 else values.dtype
        self.nbytes = values.nbytes
        self.values: np.ndarray | None = values

    @property
    def live_values(self) -> np.ndarray:
        """The array itself; raises DeviceError after release."""
        if self.values is None:
            raise DeviceError("the array was released")
        return self.values


class CPUExecutable:
    """A typed program with the interpreter that runs it."""

    def __init__(self, program: Program, float_dtype: npt.DTypeLike = np.float32) -> None:
        self.may_fail = bool(program.failures)
        # Here, since it takes as long to import as all the rest, and not every process needs it.
        from gpukernel.runtime.interpreter import Interpreter

        self._interpreter = Interpreter(program, float_dtype=float_dtype)
        COUNTERS.add("compiles")
        COUNTERS.add("programs")

    def launch(
        self,
        inputs: Sequence[CPUStorage],
        scalars: Sequence[Number],
        grid: tuple[int, ...],
        outputs: Sequence[CPUStorage],
    ) -> None:
        """Fill the outputs of a launch over ``grid`` from ``inputs`` and ``scalars``.

        Raises:
            CellFailed: a check of the program failed; the outputs hold no useful values.
        """
        if 0 in grid:
            return
        arrays = [storage.live_values for storage in inputs]
        filled = [storage.live_values for storage in outputs]
        self._interpreter.run(arrays, scalars, grid, filled)
        COUNTERS.add("launches")

    def __del__(self) -> None:
        if hasattr(self, "_interpreter"):
            COUNTERS.add("programs", -1)


class CPUDevice:
    """Host memory and NumPy; always there."""

    name = "cpu"
    float_dtype: np.dtype = np.dtype(np.float32)  # what float32 arrays are kept in

    def allocate(self, shape: Sequence[int], dtype: np.dtype) -> CPUStorage:
        """Return storage for an array, contents undefined."""
        self.check_size(shape, dtype)
        return self._keep(np.empty(tuple(shape), self._kept_dtype(dtype)))

    def upload(self, host: np.ndarray) -> CPUStorage:
        """Return storage with a copy of a C-contiguous, native-endian array."""
        self.check_size(host.shape, host.dtype)
        COUNTERS.add("uploads")
        return self._keep(host.astype(self._kept_dtype(host.dtype)))

    def adopt(self, values: np.ndarray) -> CPUStorage:
        """Return storage over an array that nobody else will change, without a copy if it fits.

        Floats of any size become those of the device, int64 becomes int32.
        """
        self.check_size(values.shape, values.dtype)
        return self._keep(np.ascontiguousarray(values, self._kept_dtype(values.dtype)))

    def download(self, storage: CPUStorage) -> np.ndarray:
        """Return the values as a new C-contiguous array."""
        values = storage.live_values.copy()
        COUNTERS.add("downloads")
        return values

    def download_async(self, storage: CPUStorage) -> Readback:
        """Return the values as they are now; there is nothing to wait for."""
        return Readback(Arrived(self.download(storage)))

    def reshape(self, storage: CPUStorage, shape: Sequence[int]) -> CPUStorage | None:
        """Return the same memory as another shape."""
        return CPUStorage(storage.live_values.reshape(tuple(shape)))

    def copy(self, storage: CPUStorage, shape: Sequence[int]) -> CPUStorage:
        """Return new storage with the same values as another shape."""
        return self._keep(storage.live_values.reshape(tuple(shape)).copy())

    def release(self, storage: CPUStorage) -> None:
        """Drop the memory; a second call does nothing."""
        if storage.values is not None:
            storage.values = None
            COUNTERS.array_removed(storage.nbytes)

    def build(self, program: Program, optimize: frozenset[str] = frozenset()) -> CPUExecutable:
        """Prepare a typed program for running."""
        return CPUExecutable(program, self.float_dtype)

    def synchronize(self) -> None:
        """Return at once: launches end before they return."""

    def info(self) -> dict[str, object]:
        """Return the processor and how many of its cores are used."""
        return {
            "device": self.name,
            "renderer": f"NumPy {np.__version__} interpreter",
            "vendor": platform.machine(),
            "version": platform.python_version(),
            "software": True,
            "cores": os.cpu_count() or 1,
        }

    def check_size(self, shape: Sequence[int], dtype: np.dtype) -> None:
        """Raise DeviceError if an array of this shape cannot exist on the device."""
        size = math.prod(shape)
        if size > MAX_ELEMENTS:
            raise DeviceError(
                f"an array of shape {tuple(shape)} has {size} elements, "
                f"more than the {MAX_ELEMENTS} that 32-bit indices can reach"
            )

    def _kept_dtype(self, dtype: np.dtype) -> np.dtype:
        if dtype == np.float32 or dtype == np.float64:
            return self.float_dtype
        return np.dtype(np.int32) if dtype == np.int64 else dtype

    def _keep(self, values: np.ndarray) -> CPUStorage:
        storage = CPUStorage(values)
        COUNTERS.array_added(storage.nbytes)
        return storage


class PreciseCPUDevice(CPUDevice):
    """The ``cpu`` device with floats of 64 bits: to check derivatives by differences."""

    name = "cpu64"
    float_dtype = np.dtype(np.float64)
