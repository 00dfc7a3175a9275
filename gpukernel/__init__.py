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
    KernelValueError,
    KernelZeroDivisionError,
)
from gpukernel.from_source import from_source
from gpukernel.kernel import Kernel, kernel
from gpukernel.lang.functions import clamp, fract, mix, sign, smoothstep, step
from gpukernel.lang.grid import index
from gpukernel.lang.random import normal, randint, random, seed
from gpukernel.lang.vectors import (
    cross,
    distance,
    dot,
    faceforward,
    length,
    normalize,
    reflect,
    refract,
    vec2,
    vec3,
    vec4,
)
from gpukernel.reduction import Reduction, reduction
from gpukernel.reductions import all, any, argmax, argmin, max, mean, min, prod, sum
from gpukernel.runtime.array import Array
from gpukernel.runtime.creation import arange, array, empty, full, ones, zeros
from gpukernel.runtime.device import device, devices, info, memory, synchronize, use_device
from gpukernel.runtime.scopes import keep, tidy
from gpukernel.vectorize import Vectorized, vectorize

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
    "KernelValueError",
    "KernelZeroDivisionError",
    "Reduction",
    "Vectorized",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "array",
    "clamp",
    "cross",
    "device",
    "devices",
    "distance",
    "dot",
    "empty",
    "faceforward",
    "fract",
    "from_source",
    "full",
    "index",
    "info",
    "keep",
    "kernel",
    "length",
    "max",
    "mean",
    "memory",
    "min",
    "mix",
    "normal",
    "normalize",
    "ones",
    "prod",
    "randint",
    "random",
    "reduction",
    "reflect",
    "refract",
    "seed",
    "sign",
    "smoothstep",
    "step",
    "sum",
    "synchronize",
    "tidy",
    "use_device",
    "vec2",
    "vec3",
    "vec4",
    "vectorize",
    "zeros",
]
