"""`check_grad`: is a gradient what central differences say.

The differences are taken on the ``cpu64`` device, whose floats have 64 bits, so that they are good
to about ten digits; the gradient is computed on the device asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpukernel.errors import KernelError
from gpukernel.nn.autodiff import grad
from gpukernel.nn.tensor import FLOAT, Tensor, TensorLike, tensor
from gpukernel.runtime.device import device as use
from gpukernel.runtime.device import resolve_device

PRECISE = "cpu64"
STEP = 1e-5  # of the differences, relative to numbers of size 1
TOLERANCES = {PRECISE: 1e-6}  # of gradients; elsewhere numbers have 24 bits
_SINGLE = 2e-4


def check_grad(
    f: Callable[..., Tensor],
    *args: TensorLike,
    argnums: Sequence[int] | None = None,
    order: int = 1,
    device: str | None = None,
    tolerance: float | None = None,
) -> float:
    """Compare the gradient of ``f`` with central differences, and return the largest error.

    Args:
        f: a function of tensors that returns a float tensor of any shape; it is run on two
            devices, so tensors that it uses beside its arguments must be made inside it.
        args: where to check; floats are differentiated by, unless ``argnums`` says which.
        argnums: the places of the arguments to differentiate by.
        order: 1 for the gradient, 2 for the gradient of the gradient.
        device: where the gradient is computed; the current device when left out.
        tolerance: the largest error allowed, relative to the largest difference (or to 1, if
            that is less): 1e-6 on ``cpu64``, 2e-4 on devices with 32-bit floats.

    Raises:
        KernelError: the error is larger, or a gradient is not finite; it says where.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     error = nn.check_grad(lambda x: nn.tanh(x) * x, [0.5, -1.0, 2.0])
        >>> error < 1e-5
        True
    """
    target = resolve_device(device).name
    hosts = [_host(x) for x in args]
    places = tuple(argnums) if argnums is not None else _floats(hosts)
    scalar = _projected(f if order == 1 else _slope(f, places, order - 1))
    allowed = TOLERANCES.get(target, _SINGLE) if tolerance is None else tolerance
    with use(target):
        found = grad(scalar, places)(*[tensor(x) for x in hosts])
        gradients = [np.asarray(g.numpy(), np.float64) for g in found]
    worst = 0.0
    for place, gradient in zip(places, gradients):
        wanted = _differences(scalar, hosts, place)
        size = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
        errors = np.abs(gradient - wanted) / size
        if not np.all(errors <= allowed):
            raise _failure(gradient, wanted, errors, place, target, allowed)
        worst = max(worst, float(np.max(errors, initial=0.0)))
    return worst


def _host(x: TensorLike) -> np.ndarray:
    values = np.asarray(x.numpy() if isinstance(x, Tensor) else x)
    return values.astype(np.float64) if values.dtype.kind == "f" else values


def _floats(hosts: list[np.ndarray]) -> tuple[int, ...]:
    return tuple(place for place, x in enumerate(hosts) if x.dtype.kind == "f")


def _weights(shape: tuple[int, ...]) -> np.ndarray:
    """Return numbers that make every element of a result count, each by another one."""
    return np.random.default_rng(len(shape)).uniform(0.5, 1.5, shape).astype(FLOAT)


def _projected(f: Callable[..., Any]) -> Callable[..., Tensor]:
    def scalar(*args: Tensor) -> Tensor:
        result = f(*args)
        total: Tensor = (result * tensor(_weights(result.shape))).sum()
        return total

    return scalar


def _slope(f: Callable[..., Any], places: tuple[int, ...], order: int) -> Callable[..., Tensor]:
    """Return the gradients of ``f`` as one tensor."""
    inner = _projected(f if order == 1 else _slope(f, places, order - 1))

    def slope(*args: Tensor) -> Tensor:
        parts = [g.reshape(-1) for g in grad(inner, places)(*args)]
        total: Tensor = sum((p * tensor(_weights(p.shape))).sum() for p in parts)  # type: ignore[assignment]
        return total

    return slope


def _differences(f: Callable[..., Tensor], hosts: list[np.ndarray], place: int) -> np.ndarray:
    """Return the derivative of ``f`` by each element of one argument."""
    result = np.zeros(hosts[place].shape)
    given = list(hosts)
    with use(PRECISE):
        for index in np.ndindex(*hosts[place].shape):
            step = STEP * max(1.0, abs(float(hosts[place][index])))
            ends = []
            for side in (step, -step):
                given[place] = hosts[place].copy()
                given[place][index] += side
                ends.append(f(*[tensor(x) for x in given]).item())
            result[index] = (ends[0] - ends[1]) / (2 * step)
    return result


def _failure(
    found: np.ndarray,
    wanted: np.ndarray,
    errors: np.ndarray,
    place: int,
    device: str,
    allowed: float,
) -> KernelError:
    where = np.unravel_index(int(np.argmax(np.nan_to_num(errors, nan=np.inf))), errors.shape)
    index = tuple(int(i) for i in where)
    return KernelError(
        f"the gradient by argument {place} at {index} is {found[where]:.9g} on {device!r}, but "
        f"differences give {wanted[where]:.9g} (error {errors[where]:.2g}, allowed {allowed:.2g})"
    )
