"""Random tensors.

The numbers are those of `gpukernel.random` and its like: counted, not stepped, so that a seed
gives the same ones on every device (up to the rounding of what is computed from them).  Without
``seed=`` they follow from `gpukernel.seed`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.kernel import Kernel, kernel
from gpukernel.lang.random import next_seed, normal, randint, random, split_seed
from gpukernel.nn.ops.creation import Size, checked_shape
from gpukernel.nn.ops.indexing import gather
from gpukernel.nn.ops.shapes import checked_axis
from gpukernel.nn.tensor import FLOAT, INT, Tensor, TensorLike, as_tensor, checked_dtype, tensor
from gpukernel.nn.values import Value, is_number, storage_shape
from gpukernel.runtime.device import resolve_device

__all__ = ["permutation", "random_normal", "random_uniform", "shuffle", "truncated_normal"]
METHODS = ("shuffle",)
LIMIT = 2.0  # standard deviations that a truncated normal number is from its mean, at most
MAX_DRAWS = 16  # of one number: that all of them lie outside has a probability of 3e-22


def _normal(mean, deviation):
    return mean + deviation * normal()


def _uniform(low, high):
    x = low + (high - low) * random()
    return x if x < high else low  # a sum that was rounded up to the end


def _uniform_int(low, high):
    return randint(low, high)


def _truncated(mean, deviation):
    z = normal()
    draws = 1
    while abs(z) > LIMIT and draws < MAX_DRAWS:
        z = normal()
        draws += 1
    return mean + deviation * min(max(z, -LIMIT), LIMIT)


_kernel = functools.cache(kernel)  # made when first used: to read their source takes a while


def _drawn(
    function: Callable[..., Any],
    numbers: tuple[float, float],
    shape: Any,
    seed: int | None,
    device: str | None,
    name: str,
) -> Tensor:
    """Launch a kernel of two numbers, one invocation for each element."""
    sizes = checked_shape(shape, name)
    target = resolve_device(device)
    if seed is None:
        seed = next_seed()
    else:
        split_seed(seed)  # so that a wrong one is told here
    made: Kernel = _kernel(function)
    array = made(*numbers, shape=storage_shape(sizes), seed=seed, device=target)  # type: ignore[arg-type]
    return Tensor(Value.of(array, sizes))


def _floats(name: str, **numbers: Any) -> tuple[float, float]:
    for what, number in numbers.items():
        if not is_number(number) or not math.isfinite(number):
            raise KernelTypeError(f"nn.{name}: {what}={number!r} is not a finite number")
    first, second = numbers.values()
    return float(first), float(second)


def _deviated(name: str, mean: Any, stddev: Any) -> tuple[float, float]:
    numbers = _floats(name, mean=mean, stddev=stddev)
    if numbers[1] < 0:
        raise KernelTypeError(f"nn.{name}: stddev={stddev!r} is negative")
    return numbers


def random_normal(
    shape: Size,
    mean: float = 0.0,
    stddev: float = 1.0,
    seed: int | None = None,
    device: str | None = None,
) -> Tensor:
    """Return float32 numbers of a normal distribution.

    Args:
        shape: an int or several.
        mean: of the distribution.
        stddev: its standard deviation, at least 0.
        seed: an int from 0 to 2**64 - 1 that the numbers follow from; that of `gpukernel.seed`
            and new ones at each call when left out.
        device: ``"gl"`` or ``"cpu"``; the current device when left out.

    Raises:
        KernelTypeError: the mean or the deviation is not finite, or the latter negative.
        KernelShapeError: a negative size.

    Example:
        >>> from gpukernel import nn
        >>> x = nn.random_normal((100, 100), mean=5.0, seed=1, device="cpu").numpy()
        >>> bool(abs(x.mean() - 5) < 0.05 and abs(x.std() - 1) < 0.05)
        True
    """
    numbers = _deviated("random_normal", mean, stddev)
    return _drawn(_normal, numbers, shape, seed, device, "random_normal")


def truncated_normal(
    shape: Size,
    mean: float = 0.0,
    stddev: float = 1.0,
    seed: int | None = None,
    device: str | None = None,
) -> Tensor:
    """Return float32 numbers of a normal distribution, none farther than two deviations.

    What lies farther is drawn again, so that the numbers' own standard deviation is 0.88 times
    ``stddev``.  Arguments and errors are as for `random_normal`.

    Example:
        >>> from gpukernel import nn
        >>> x = nn.truncated_normal(1000, stddev=0.1, seed=1, device="cpu").numpy()
        >>> bool(abs(x).max() <= 0.2)
        True
    """
    numbers = _deviated("truncated_normal", mean, stddev)
    return _drawn(_truncated, numbers, shape, seed, device, "truncated_normal")


def random_uniform(
    shape: Size,
    low: float = 0.0,
    high: float = 1.0,
    seed: int | None = None,
    dtype: Any = FLOAT,
    device: str | None = None,
) -> Tensor:
    """Return numbers that are evenly likely from ``low`` on and below ``high``.

    Args:
        shape, seed, device: as for `random_normal`.
        low, high: the ends, ints for ints; where they are equal it is the only number.
        dtype: float32 or int32.

    Raises:
        KernelTypeError: another dtype, or ends that are not numbers of it.
        KernelShapeError: a negative size, or ``high`` below ``low``.

    Example:
        >>> from gpukernel import nn
        >>> x = nn.random_uniform(1000, 1, 7, seed=1, dtype="int32", device="cpu").numpy()
        >>> sorted(set(x.tolist()))
        [1, 2, 3, 4, 5, 6]
    """
    ends = _floats("random_uniform", low=low, high=high)
    if high < low:
        raise KernelShapeError(f"nn.random_uniform: no numbers are between {low} and {high}")
    wanted = checked_dtype(dtype)
    if wanted == FLOAT:
        return _drawn(_uniform, ends, shape, seed, device, "random_uniform")
    if wanted != INT:
        raise KernelTypeError(f"nn.random_uniform: dtype is float32 or int32, not {wanted}")
    first, last = int(low), int(high)
    if (first, last) != (low, high) or not -(2**31) <= first <= last < 2**31:
        raise KernelTypeError(f"nn.random_uniform: low={low!r} and high={high!r} are not int32")
    return _drawn(_uniform_int, (first, last), shape, seed, device, "random_uniform")


def permutation(n: int, seed: int | None = None, device: str | None = None) -> Tensor:
    """Return the ints below ``n`` in a random order, the same on every device for a seed.

    Args:
        n: how many, at least 0.
        seed, device: as for `random_normal`.

    Raises:
        KernelShapeError: ``n`` is negative.

    Example:
        >>> from gpukernel import nn
        >>> sorted(nn.permutation(5, seed=3, device="cpu").tolist())
        [0, 1, 2, 3, 4]
    """
    keys = _drawn(_uniform_int, (0, 2**31 - 1), (n,), seed, "cpu", "permutation").numpy()
    return tensor(np.argsort(keys, kind="stable").astype(INT), device=device)


def shuffle(x: TensorLike, axis: int = 0, seed: int | None = None) -> Tensor:
    """Return the slices of a tensor along an axis in a random order.

    Args:
        x: any tensor.
        axis: along which.
        seed: as for `random_normal`.

    Raises:
        KernelShapeError: there is no such axis.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     sorted(nn.shuffle([3, 1, 2], seed=1).tolist())
        [1, 2, 3]
    """
    source = as_tensor(x)
    along = checked_axis(axis, source.ndim, "shuffle")
    return gather(source, permutation(source.shape[along], seed, source.device), along)
