"""Adagrad and Adadelta: steps of each element by the size of its gradients so far.

Duchi, Hazan and Singer, "Adaptive Subgradient Methods" (2011); Zeiler, "ADADELTA: An Adaptive
Learning Rate Method" (2012).
"""

from __future__ import annotations

import math
from typing import Any

from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.optimizers.base import (
    LearningRate,
    Optimizer,
    Slots,
    checked_fraction,
    optimizers,
)
from gpukernel.nn.optimizers.rmsprop import running_square
from gpukernel.nn.registry import checked_number
from gpukernel.nn.tensor import Tensor


@elementwise(result="float")
def squares_added(total, g):
    return total + g * g


@elementwise(result="float")
def adagrad_step(p, g, total, rate, epsilon):
    return p - rate * g / math.sqrt(total + epsilon)


@elementwise(result="float")
def adadelta_change(g, gradients, changes, epsilon):
    return -math.sqrt(changes + epsilon) * g / math.sqrt(gradients + epsilon)


@elementwise(result="float")
def changed(p, change, changes, rate):
    return p + rate * change  # `changes` is there so that it is computed in the same kernel


@optimizers.add()
class Adagrad(Optimizer):
    """Adagrad: ``a += g**2``, then ``p -= learning_rate * g / sqrt(a + epsilon)``.

    Args:
        initial_accumulator_value: what ``a`` starts from, at least 0.
        epsilon: from 0.
        keywords: what every optimizer takes: weight_decay, clipnorm, clipvalue, global_clipnorm,
            name.

    Example:
        >>> Adagrad().initial_accumulator_value
        0.1
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **keywords: Any,
    ) -> None:
        super().__init__(learning_rate, **keywords)
        self.initial_accumulator_value = checked_number(
            initial_accumulator_value, "initial_accumulator_value", 0.0
        )
        self.epsilon = checked_number(epsilon, "epsilon", 0.0)

    def slots(self) -> dict[str, float]:
        return {"accumulator": self.initial_accumulator_value}

    def update(self, p: Tensor, g: Tensor, kept: Slots, rate: float) -> tuple[Tensor, Slots]:
        total = squares_added(kept["accumulator"], g)
        return adagrad_step(p, g, total, rate, self.epsilon), {"accumulator": total}


@optimizers.add()
class Adadelta(Optimizer):
    """Adadelta: steps as large as the root of the mean of squared steps before.

    ``a = rho * a + (1 - rho) * g**2``, ``change = -sqrt(c + epsilon) / sqrt(a + epsilon) * g``,
    ``c = rho * c + (1 - rho) * change**2`` and ``p += learning_rate * change``.

    Args:
        rho: how much of the running means stays in each step, from 0 and less than 1.
        epsilon: from 0.
        keywords: what every optimizer takes: weight_decay, clipnorm, clipvalue, global_clipnorm,
            name.

    Example:
        >>> Adadelta().rho
        0.95
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **keywords: Any,
    ) -> None:
        super().__init__(learning_rate, **keywords)
        self.rho = checked_fraction(rho, "rho")
        self.epsilon = checked_number(epsilon, "epsilon", 0.0)

    def slots(self) -> dict[str, float]:
        return {"accumulated_grad": 0.0, "accumulated_delta_var": 0.0}

    def update(self, p: Tensor, g: Tensor, kept: Slots, rate: float) -> tuple[Tensor, Slots]:
        part = 1.0 - self.rho
        gradients = running_square(kept["accumulated_grad"], g, self.rho, part)
        before = kept["accumulated_delta_var"]
        change = adadelta_change(g, gradients, before, self.epsilon)
        changes = running_square(before, change, self.rho, part)
        new = {"accumulated_grad": gradients, "accumulated_delta_var": changes}
        return changed(p, change, changes, rate), new
