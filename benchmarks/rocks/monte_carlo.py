"""monte-carlo: the payoff of a call option on n simulated paths of its price, eight steps each.

One pass without inputs: a path is made from its number.  The payoffs are read.
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.rocks.generator import draw, start_generator
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel

PRICE, STRIKE, RATE, VOLATILITY, STEPS = 100.0, 100.0, 0.05, 0.2, 8
SIGMA = VOLATILITY * math.sqrt(1 / STEPS)
SCALE = 2 * SIGMA / 4096  # three draws from 0 to 4095 make about a normal number
BASE = 1 + RATE / STEPS - 3 * SIGMA + 1.5 * SCALE
DISCOUNT = math.exp(-RATE)


@kernel(shape=lambda paths: paths)
def payoff(paths):
    state = start_generator(index())
    price = PRICE
    for _ in range(STEPS):
        price *= BASE + SCALE * (draw(state) + draw(state) + draw(state))
    return max(price - STRIKE, 0.0) * DISCOUNT


def make_inputs(paths: int) -> Inputs:
    return {}


def run(paths: int) -> np.ndarray:
    return payoff(paths).numpy()


def reference(paths: int) -> np.ndarray:
    state = start_generator(np.arange(paths, dtype=np.int32))
    price = np.full(paths, PRICE, np.float32)
    for _ in range(STEPS):
        noise = draw(state) + draw(state) + draw(state)
        price *= BASE + SCALE * noise.astype(np.float32)
    return np.maximum(price - STRIKE, 0) * np.float32(DISCOUNT)


ROW = Row(
    name="monte-carlo",
    summary="payoff of a call option on n random paths",
    sizes={"quick": {"paths": 2**12}, "bench": {"paths": 2**20}, "full": {"paths": 2**22}},
    checksums={"quick": 99.7035311579, "bench": 94.1482133307, "full": 94.0990844378},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
)
