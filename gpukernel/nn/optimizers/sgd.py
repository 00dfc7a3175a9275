"""Gradient descent, with momentum if asked for."""

from __future__ import annotations

from typing import Any

from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.optimizers.base import LearningRate, Optimizer, Slots, checked_flag, optimizers
from gpukernel.nn.registry import checked_number
from gpukernel.nn.tensor import Tensor


@elementwise(result="float")
def sgd(p, g, rate):
    return p - rate * g


@elementwise(result="float")
def velocity(m, g, momentum, rate):
    return momentum * m - rate * g


@elementwise(result="float")
def moved(p, m):
    return p + m


@elementwise(result="float")
def looked_ahead(p, m, g, momentum, rate):
    return p + (momentum * m - rate * g)


@optimizers.add()
class SGD(Optimizer):
    """Gradient descent: ``p -= learning_rate * g``.

    With momentum ``m = momentum * m - learning_rate * g`` and ``p += m``; Nesterov's form looks
    ahead: ``p += momentum * m - learning_rate * g``, with the new ``m``.

    Args:
        momentum: from 0 to 1.
        nesterov: whether to look ahead.
        keywords: what every optimizer takes: weight_decay, clipnorm, clipvalue, global_clipnorm,
            name.

    Example:
        >>> SGD(momentum=0.9).learning_rate
        0.01
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **keywords: Any,
    ) -> None:
        super().__init__(learning_rate, **keywords)
        self.momentum = checked_number(momentum, "momentum", 0.0, 1.0)
        self.nesterov = checked_flag(nesterov, "nesterov")

    def slots(self) -> dict[str, float]:
        return {"momentum": 0.0} if self.momentum else {}

    def update(self, p: Tensor, g: Tensor, kept: Slots, rate: float) -> tuple[Tensor, Slots]:
        if not self.momentum:
            return sgd(p, g, rate), {}
        m = velocity(kept["momentum"], g, self.momentum, rate)
        if self.nesterov:
            return looked_ahead(p, m, g, self.momentum, rate), {"momentum": m}
        return moved(p, m), {"momentum": m}
