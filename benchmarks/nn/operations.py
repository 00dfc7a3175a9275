"""The time of one operation of each class, forward and with its gradient."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel import nn


@dataclass(frozen=True)
class Operation:
    """An operation at one size: a function of tensors, and the shapes of its arguments."""

    name: str
    run: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]


OPERATIONS = (
    Operation("elementwise: a*b + tanh(a)", lambda a, b: a * b + nn.tanh(a), ((512, 512),) * 2),
    Operation("broadcast: a + row", lambda a, b: a + b, ((512, 512), (512,))),
    Operation("matmul 256", lambda a, b: a @ b, ((256, 256),) * 2),
    Operation(
        "dense: relu(x@w + b)",
        lambda x, w, b: nn.relu(x @ w + b),
        ((256, 128), (128, 64), (64,)),
    ),
    Operation("sum of all", lambda a: a.sum(), ((512, 512),)),
    Operation("mean by row", lambda a: a.mean(axis=1), ((512, 512),)),
    Operation("softmax by row", lambda a: nn.softmax(a), ((512, 64),)),
    Operation(
        "conv2d 3x3, 8 to 16",
        lambda x, w: nn.conv2d(x, w, padding="same"),
        ((16, 28, 28, 8), (3, 3, 8, 16)),
    ),
    Operation("max_pool2d", lambda x: nn.max_pool2d(x, 2), ((16, 28, 28, 16),)),
    Operation("transpose", lambda a: nn.transpose(a), ((512, 512),)),
)


@dataclass(frozen=True)
class OperationTime:
    """Milliseconds of an operation on a device."""

    name: str
    device: str
    forward_ms: float
    with_gradient_ms: float


def measure_operations(devices: list[str], runs: int) -> Iterator[OperationTime]:
    """Yield the times of every operation on every device."""
    generator = np.random.default_rng(0)
    for operation in OPERATIONS:
        arrays = [generator.normal(size=s).astype(np.float32) for s in operation.shapes]
        for device in devices:
            yield _measured(operation, device, arrays, runs)


def _measured(
    operation: Operation, device: str, arrays: list[np.ndarray], runs: int
) -> OperationTime:
    with gk.device(device):
        given = [nn.tensor(a) for a in arrays]
        gradient = nn.grad(lambda *xs: operation.run(*xs).sum(), range(len(given)))
        return OperationTime(
            operation.name,
            device,
            _milliseconds(lambda: [operation.run(*given)], runs),
            _milliseconds(lambda: gradient(*given), runs),
        )


def _milliseconds(run: Callable[[], Any], runs: int) -> float:
    """Return the median time until the results are there."""
    times = []
    for place in range(runs + 1):
        start = time.perf_counter()
        for result in run():
            result.array  # noqa: B018  (computes)
        gk.synchronize()
        if place:  # the first run compiles
            times.append(time.perf_counter() - start)
    return 1000.0 * statistics.median(times)
