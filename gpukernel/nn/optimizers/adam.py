"""Adam, AdamW and Adamax.

Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2014), in the form of the end of its
section 2: the corrections for the zero start are a factor of the learning rate.
"""

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
def adam_mean(m, g, part):
    return m + (g - m) * part


@elementwise(result="float")
def adam_square(v, g, part):
    return v + (g * g - v) * part


@elementwise(result="float")
def adam_step(p, m, v, rate, epsilon):
    return p - rate * m / (math.sqrt(v) + epsilon)


@elementwise(result="float")
def larger(a, b):
    return max(a, b)


@elementwise(result="float")
def adamax_norm(u, g, beta):
    return max(beta * u, abs(g))


@elementwise(result="float")
def adamax_step(p, m, u, rate, epsilon):
    return p - rate * m / (u + epsilon)


class _TwoMoments(Optimizer):
    """What the three share: decay rates of two running means, and an epsilon."""

    def __init__(
        self,
        learning_rate: LearningRate,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        **keywords: Any,
    ) -> None:
        super().__init__(learning_rate, **keywords)
        self.beta_1 = checked_fraction(beta_1, "beta_1")
        self.beta_2 = checked_fraction(beta_2, "beta_2")
        self.epsilon = checked_number(epsilon, "epsilon", 0.0)


@optimizers.add()
class Adam(_TwoMoments):
    """Adam, with epsilon outside the root.

    ``m += (g - m) * (1 - beta_1)``, ``v += (g**2 - v) * (1 - beta_2)``, then in step ``t``
    ``p -= rate * m / (sqrt(v) + epsilon)`` with
    ``rate = learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)``.

    Args:
        beta_1: from 0 and less than 1.
        beta_2: from 0 and less than 1.
        epsilon: from 0.
        amsgrad: divide by the root of the largest ``v`` so far.
        keywords: what every optimizer takes: weight_decay, clipnorm, clipvalue, global_clipnorm,
            name.

    Example:
        >>> Adam(0.01).get_config()["beta_2"]
        0.999
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **keywords: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **keywords)
        self.amsgrad = checked_flag(amsgrad, "amsgrad")

    def slots(self) -> dict[str, float]:
        names = ("momentum", "velocity", "velocity_hat")
        return dict.fromkeys(names if self.amsgrad else names[:2], 0.0)

    def update(self, p: Tensor, g: Tensor, kept: Slots, rate: float) -> tuple[Tensor, Slots]:
        step = self.iterations + 1
        corrected = rate * math.sqrt(1.0 - self.beta_2**step) / (1.0 - self.beta_1**step)
        m = adam_mean(kept["momentum"], g, 1.0 - self.beta_1)
        v = adam_square(kept["velocity"], g, 1.0 - self.beta_2)
        new: Slots = {"momentum": m, "velocity": v}
        if self.amsgrad:
            v = new["velocity_hat"] = larger(kept["velocity_hat"], v)
        return adam_step(p, m, v, corrected, self.epsilon), new


@optimizers.add()
class AdamW(Adam):
    """Adam with decoupled weight decay: ``p -= p * weight_decay * learning_rate`` before.

    Args:
        weight_decay: from 0.
        the rest: as for `Adam`.

    Example:
        >>> AdamW().weight_decay
        0.004
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **keywords: Any,
    ) -> None:
        keywords["weight_decay"] = weight_decay
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, **keywords)


@optimizers.add()
class Adamax(_TwoMoments):
    """Adam with the infinity norm.

    ``m += (g - m) * (1 - beta_1)``, ``u = max(beta_2 * u, |g|)``, then in step ``t``
    ``p -= learning_rate / (1 - beta_1**t) * m / (u + epsilon)``.

    Args:
        beta_1: from 0 and less than 1.
        beta_2: from 0 and less than 1.
        epsilon: from 0.
        keywords: what every optimizer takes: weight_decay, clipnorm, clipvalue, global_clipnorm,
            name.

    Example:
        >>> Adamax().learning_rate
        0.001
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **keywords: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **keywords)

    def slots(self) -> dict[str, float]:
        return {"momentum": 0.0, "norm": 0.0}

    def update(self, p: Tensor, g: Tensor, kept: Slots, rate: float) -> tuple[Tensor, Slots]:
        corrected = rate / (1.0 - self.beta_1 ** (self.iterations + 1))
        m = adam_mean(kept["momentum"], g, 1.0 - self.beta_1)
        u = adamax_norm(kept["norm"], g, self.beta_2)
        return adamax_step(p, m, u, corrected, self.epsilon), {"momentum": m, "norm": u}
