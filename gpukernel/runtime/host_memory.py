"""Arrays of the ``cpu`` device as NumPy arrays, both ways without a copy."""

from __future__ import annotations

import numpy as np

from gpukernel.runtime.array import Array
from gpukernel.runtime.cpu_device import CPUDevice, PreciseCPUDevice
from gpukernel.runtime.device import Device


def is_host(device: Device) -> bool:
    """Whether arrays of the device are in host memory."""
    return isinstance(device, CPUDevice)


def keeps_doubles(device: Device) -> bool:
    """Whether float32 arrays of the device have 64 bits in truth."""
    return isinstance(device, PreciseCPUDevice)


def memory_of(array: Array) -> np.ndarray:
    """Return the memory of an array on a host device: for reading only.

    Raises:
        DeviceError: the array was released.
    """
    values: np.ndarray = array._storage.live_values  # type: ignore[attr-defined]
    return values


def adopt(values: np.ndarray, device: Device) -> Array:
    """Return an array on a host device over values that nobody else will change."""
    assert isinstance(device, CPUDevice)
    return Array._from_storage(device, device.adopt(values))
