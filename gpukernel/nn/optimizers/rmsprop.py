"""RMSprop: steps divided by the root of a running mean of the squared gradients."""

from __future__ import annotations

import math
from typing import Any

from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.optimizers.base import (
    LearningRate,
    Optimizer,
    Slots,
    checked_flag,
    checked_fraction,
    optimizers,
)
from gpukernel.nn.registry import checked_number
from gpukernel.nn.tensor import Tensor


@elementwise(result="float")
def running_mean(m, x, rho, part):
    return rho * m + part * x


@elementwise(result="float")
def running_square(v, g, rho, part):
    return rho * v + part * g * g


@elementwise(result="float")
def rms_increment(g, v, rate, epsilon):
    return rate * g / math.sqrt(v + epsilon)


@elementwise(result="float")
def centered_increment(g, v, m, rate, epsilon):
    return rate * g / math.sqrt(v - m * m + epsilon)


@elementwise(result="float")
def gathered(mom, x, momentum):
    return momentum * mom + x


@elementwise(result="float")
def stepped_back(p, x):
    return p - x


@optimizers.add()
class RMSprop(Optimizer):
    """RMSprop, with epsilon inside the root.

    ``v = rho * v + (1 - rho) * g**2``, then ``p -= learning_rate * g / sqrt(v + epsilon)``.
    Centred, the square of a running mean of ``g`` is taken from ``v`` under the root.  With
    momentum the steps are gathered: ``m = momentum * m + step`` and ``p -= m``.

    Args:
        rho: how much of the running means stays in each step, from 0 and less than 1.
        momentum: from 0 to 1.
        epsilon: more than 0.
        centered: whether to subtract the squared mean.
        keywords: what every optimizer takes: weight_decay, clipnorm, clipvalue, global_clipnorm,
            name.

    Example:
        >>> RMSprop().learning_rate
        0.001
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **keywords: Any,
    ) -> None:
        super().__init__(learning_rate, **keywords)
        self.rho = checked_fraction(rho, "rho")
        self.momentum = checked_number(momentum, "momentum", 0.0, 1.0)
        self.epsilon = checked_number(epsilon, "epsilon", 0.0)
        self.centered = checked_flag(centered, "centered")

    def slots(self) -> dict[str, float]:
        names = ["velocity"]
        if self.centered:
            names.append("average_gradient")
        if self.momentum:
            names.append("momentum")
        return dict.fromkeys(names, 0.0)

    def update(self, p: Tensor, g: Tensor, kept: Slots, rate: float) -> tuple[Tensor, Slots]:
        part = 1.0 - self.rho
        v = running_square(kept["velocity"], g, self.rho, part)
        new: Slots = {"velocity": v}
        if self.centered:
            mean = running_mean(kept["average_gradient"], g, self.rho, part)
            new["average_gradient"] = mean
            step = centered_increment(g, v, mean, rate, self.epsilon)
        else:
            step = rms_increment(g, v, rate, self.epsilon)
        if self.momentum:
            step = new["momentum"] = gathered(kept["momentum"], step, self.momentum)
        return stepped_back(p, step), new
