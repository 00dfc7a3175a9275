"""Learning-rate schedules: from the number of the step to the learning rate of that step.

They are plain functions of Python numbers; formulas, names and defaults are those of Keras.  An
optimizer calls its schedule with the number of steps it has done, 0 before the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gpukernel.errors import KernelError, KernelValueError
from gpukernel.nn.registry import Configurable, Identifier, Registry, checked_number

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
]


class LearningRateSchedule(Configurable):
    """What all schedules are: called with a step from 0, they return a learning rate.

    One of your own derives from this class and has ``__call__``.
    """

    def __call__(self, step: int) -> float:
        raise KernelError(f"{type(self).__name__} does not define __call__")


schedules: Registry[LearningRateSchedule] = Registry("learning-rate schedule", LearningRateSchedule)


def get(identifier: Identifier) -> LearningRateSchedule:
    """Return the schedule of a configuration, or the schedule itself."""
    return schedules.get(identifier)


def _positive(value: Any, what: str) -> float:
    number = checked_number(value, what, 0.0)
    if number == 0.0:
        raise KernelValueError(f"{what} is 0, but it is to be more")
    return number


@schedules.add()
class ExponentialDecay(LearningRateSchedule):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Args:
        staircase: take the whole part of ``step / decay_steps``.

    Example:
        >>> halved = ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
        >>> halved(0), halved(100), halved(200)
        (0.1, 0.05, 0.025)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = checked_number(initial_learning_rate, "the learning rate", 0)
        self.decay_steps = _positive(decay_steps, "decay_steps")
        self.decay_rate = checked_number(decay_rate, "decay_rate", 0.0)
        self.staircase = staircase
        self.name = name

    def __call__(self, step: int) -> float:
        passed = step / self.decay_steps
        return self.initial_learning_rate * math.pow(
            self.decay_rate, math.floor(passed) if self.staircase else passed
        )


@schedules.add()
class InverseTimeDecay(LearningRateSchedule):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Args:
        staircase: take the whole part of ``step / decay_steps``.

    Example:
        >>> InverseTimeDecay(1.0, decay_steps=10, decay_rate=1.0)(30)
        0.25
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = checked_number(initial_learning_rate, "the learning rate", 0)
        self.decay_steps = _positive(decay_steps, "decay_steps")
        self.decay_rate = checked_number(decay_rate, "decay_rate", 0.0)
        self.staircase = staircase
        self.name = name

    def __call__(self, step: int) -> float:
        passed = step / self.decay_steps
        if self.staircase:
            passed = math.floor(passed)
        return self.initial_learning_rate / (1.0 + self.decay_rate * passed)


@schedules.add()
class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to and with step ``boundaries[0]``, then ``values[1]``, and so on.

    Args:
        boundaries: rising steps.
        values: learning rates, one more than boundaries.

    Example:
        >>> rate = PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.1])
        >>> rate(100), rate(101), rate(1000)
        (1.0, 0.5, 0.1)
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        self.boundaries = [checked_number(x, "a boundary") for x in boundaries]
        self.values = [checked_number(x, "a learning rate", 0.0) for x in values]
        self.name = name
        if len(self.values) != len(self.boundaries) + 1:
            raise KernelValueError(
                f"PiecewiseConstantDecay: {len(self.boundaries)} boundaries need "
                f"{len(self.boundaries) + 1} values, not {len(self.values)}"
            )
        if sorted(set(self.boundaries)) != self.boundaries:
            raise KernelValueError(
                f"PiecewiseConstantDecay: the boundaries {self.boundaries} do not rise"
            )

    def __call__(self, step: int) -> float:
        return self.values[sum(step > boundary for boundary in self.boundaries)]


@schedules.add()
class PolynomialDecay(LearningRateSchedule):
    """From ``initial_learning_rate`` to ``end_learning_rate`` in ``decay_steps``, by a power.

    Args:
        power: of the part of the steps that is left; 1 is a straight line.
        cycle: after the end start anew, over twice, three times, ... as many steps; else the
            rate stays at its end.

    Example:
        >>> line = PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.0)
        >>> line(5), line(10), line(50)
        (0.5, 0.0, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = checked_number(initial_learning_rate, "the learning rate", 0)
        self.decay_steps = _positive(decay_steps, "decay_steps")
        self.end_learning_rate = checked_number(end_learning_rate, "end_learning_rate", 0.0)
        self.power = checked_number(power, "power", 0.0)
        self.cycle = cycle
        self.name = name

    def __call__(self, step: int) -> float:
        steps = self.decay_steps
        if self.cycle:
            steps *= max(1, math.ceil(step / steps))
        left = 1.0 - min(step, steps) / steps
        span = self.initial_learning_rate - self.end_learning_rate
        return span * math.pow(left, self.power) + self.end_learning_rate


@schedules.add()
class CosineDecay(LearningRateSchedule):
    """Half a cosine from the start down to ``alpha`` times it; before that, a linear warm-up.

    Args:
        initial_learning_rate: where the decay starts, or the warm-up if there is one.
        decay_steps: of the decay, which begins after the warm-up.
        alpha: the part of the rate that is left at the end.
        warmup_target: what the warm-up rises to, and the decay starts from; None for no warm-up.
        warmup_steps: how long it rises.

    Example:
        >>> rate = CosineDecay(0.0, 100, warmup_target=0.2, warmup_steps=10)
        >>> rate(5), rate(10), round(rate(60), 9), rate(1000)
        (0.1, 0.2, 0.1, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = checked_number(initial_learning_rate, "the learning rate", 0)
        self.decay_steps = _positive(decay_steps, "decay_steps")
        self.alpha = checked_number(alpha, "alpha")
        self.name = name
        self.warmup_target = (
            None if warmup_target is None else checked_number(warmup_target, "warmup_target", 0.0)
        )
        self.warmup_steps = checked_number(warmup_steps, "warmup_steps", 0.0)

    def __call__(self, step: int) -> float:
        if self.warmup_target is None:
            return self._decayed(step, self.initial_learning_rate)
        if step < self.warmup_steps:
            risen = (self.warmup_target - self.initial_learning_rate) * step / self.warmup_steps
            return self.initial_learning_rate + risen
        return self._decayed(step - self.warmup_steps, self.warmup_target)

    def _decayed(self, step: float, start: float) -> float:
        return start * _half_cosine(min(step, self.decay_steps) / self.decay_steps, self.alpha)


def _half_cosine(passed: float, alpha: float) -> float:
    return (1.0 - alpha) * 0.5 * (1.0 + math.cos(math.pi * passed)) + alpha


@schedules.add()
class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine again and again: each period ``t_mul`` times as long and ``m_mul`` as high.

    Args:
        first_decay_steps: of the first period.
        alpha: the part of the first rate that is left at the end of a period.

    Example:
        >>> rate = CosineDecayRestarts(1.0, 10)
        >>> rate(0), round(rate(5), 9), rate(10), round(rate(20), 9)
        (1.0, 0.5, 1.0, 0.5)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = checked_number(initial_learning_rate, "the learning rate", 0)
        self.first_decay_steps = _positive(first_decay_steps, "first_decay_steps")
        self.t_mul = checked_number(t_mul, "t_mul", 1.0)
        self.m_mul = checked_number(m_mul, "m_mul", 0.0)
        self.alpha = checked_number(alpha, "alpha")
        self.name = name

    def __call__(self, step: int) -> float:
        passed = step / self.first_decay_steps
        period = self._period(passed)
        if self.t_mul == 1.0:
            passed -= period
        else:
            before = (1.0 - self.t_mul**period) / (1.0 - self.t_mul)
            passed = (passed - before) / self.t_mul**period
        height = self.m_mul**period
        cosine = 0.5 * height * (1.0 + math.cos(math.pi * passed))
        return self.initial_learning_rate * ((1.0 - self.alpha) * cosine + self.alpha)

    def _period(self, passed: float) -> int:
        """Return how many periods ended before, after ``passed`` times the first one's steps."""
        if self.t_mul == 1.0:
            return math.floor(passed)
        return math.floor(math.log(1.0 - passed * (1.0 - self.t_mul)) / math.log(self.t_mul))
