"""Learning-rate schedules against their formulas."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from gpukernel.errors import KernelError, KernelTypeError, KernelValueError
from gpukernel.nn import schedules
from gpukernel.nn.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

STEPS = (0, 1, 7, 10, 11, 25, 100)


def cosine(start: float, passed: float, alpha: float) -> float:
    return start * ((1 - alpha) * 0.5 * (1 + math.cos(math.pi * min(passed, 1.0))) + alpha)


CASES: list[tuple[LearningRateSchedule, Callable[[int], float]]] = [
    (ExponentialDecay(0.1, 10, 0.9), lambda s: 0.1 * 0.9 ** (s / 10)),
    (ExponentialDecay(0.1, 10, 0.9, staircase=True), lambda s: 0.1 * 0.9 ** (s // 10)),
    (InverseTimeDecay(0.1, 10, 0.5), lambda s: 0.1 / (1 + 0.5 * s / 10)),
    (InverseTimeDecay(0.1, 10, 0.5, True), lambda s: 0.1 / (1 + 0.5 * (s // 10))),
    (
        PiecewiseConstantDecay([10, 20], [3.0, 2.0, 1.0]),
        lambda s: 3.0 if s <= 10 else 2.0 if s <= 20 else 1.0,
    ),
    (PolynomialDecay(0.5, 20, 0.1), lambda s: 0.4 * (1 - min(s, 20) / 20) + 0.1),
    (PolynomialDecay(0.5, 20, 0.1, 2.0), lambda s: 0.4 * (1 - min(s, 20) / 20) ** 2 + 0.1),
    (
        PolynomialDecay(0.5, 20, 0.1, cycle=True),
        lambda s: 0.4 * (1 - s / (20 * max(1, math.ceil(s / 20)))) + 0.1,
    ),
    (CosineDecay(0.5, 20), lambda s: cosine(0.5, s / 20, 0.0)),
    (CosineDecay(0.5, 20, alpha=0.2), lambda s: cosine(0.5, s / 20, 0.2)),
    (
        CosineDecay(0.1, 20, 0.2, warmup_target=0.5, warmup_steps=10),
        lambda s: 0.1 + 0.4 * s / 10 if s < 10 else cosine(0.5, (s - 10) / 20, 0.2),
    ),
    (CosineDecayRestarts(0.5, 10, t_mul=1.0), lambda s: cosine(0.5, (s % 10) / 10, 0.0)),
]


@pytest.mark.parametrize("place", range(len(CASES)))
def test_formulas(place: int) -> None:
    schedule, formula = CASES[place]
    for step in STEPS:
        assert schedule(step) == pytest.approx(formula(step), rel=1e-12, abs=1e-12)
        assert type(schedule(step)) is float


def test_restarts_grow() -> None:
    rate = CosineDecayRestarts(1.0, 10, t_mul=2.0, m_mul=0.5, alpha=0.1)
    assert rate(0) == 1.0
    assert rate(5) == pytest.approx(0.55)
    assert rate(10) == pytest.approx(0.9 * 0.5 + 0.1)
    assert rate(20) == pytest.approx(0.9 * 0.25 + 0.1)
    assert rate(30) == pytest.approx(0.9 * 0.25 + 0.1)


@pytest.mark.parametrize("place", range(len(CASES)))
def test_configuration_goes_round_as_json(place: int) -> None:
    schedule = CASES[place][0]
    config: dict[str, Any] = json.loads(json.dumps(schedule.get_config()))
    again = schedules.get({"class_name": type(schedule).__name__, "config": config})
    assert [again(step) for step in STEPS] == [schedule(step) for step in STEPS]


def test_errors() -> None:
    with pytest.raises(KernelValueError, match="2 boundaries need 3 values, not 2"):
        PiecewiseConstantDecay([1, 2], [0.1, 0.2])
    with pytest.raises(KernelValueError, match="do not rise"):
        PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3])
    with pytest.raises(KernelValueError, match="decay_steps is 0"):
        ExponentialDecay(0.1, 0, 0.5)
    with pytest.raises(KernelTypeError, match="learning rate is None"):
        CosineDecay(None, 10)  # type: ignore[arg-type]
    with pytest.raises(KernelError, match="no learning-rate schedule 'Cosine'"):
        schedules.get({"class_name": "Cosine", "config": {}})
