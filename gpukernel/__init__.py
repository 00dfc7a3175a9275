"""gpukernel: plain Python functions as GPU shaders, on any OpenGL 3.3 device or on the CPU.

A function decorated with `kernel` computes one cell of its output; `index` says which.  It is
compiled to a fragment shader, or run by an interpreter of the same typed program.
"""

from __future__ import annotations

from gpukernel.errors import (
    DeviceError,
    InternalError,
    KernelAssertionError,
    KernelError,
    KernelIndexError,
    KernelNameError,
    KernelOverflowError,
    KernelShapeError,
    KernelSyntaxError,
    KernelTypeError,
)
from gpukernel.from_source import from_source
from gpukernel.kernel import Kernel, kernel
from gpukernel.lang.functions import clamp, fract, mix, sign, smoothstep, step
from gpukernel.lang.grid import index
from gpukernel.runtime.array import Array, arange, array, empty, full, ones, zeros
from gpukernel.runtime.device import device, devices, info, memory, synchronize, use_device

__version__ = "0.1.0"

__all__ = [
    "Array",
    "DeviceError",
    "InternalError",
    "Kernel",
    "KernelAssertionError",
    "KernelError",
    "KernelIndexError",
    "KernelNameError",
    "KernelOverflowError",
    "KernelShapeError",
    "KernelSyntaxError",
    "KernelTypeError",
    "arange",
    "array",
    "clamp",
    "device",
    "devices",
    "empty",
    "fract",
    "from_source",
    "full",
    "index",
    "info",
    "kernel",
    "memory",
    "mix",
    "ones",
    "sign",
    "smoothstep",
    "step",
    "synchronize",
    "use_device",
    "zeros",
]
