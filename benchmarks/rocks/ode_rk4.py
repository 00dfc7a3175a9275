"""ode-rk4: 256 steps of the classical Runge-Kutta method for logistic growth, y' = r y (1 - y).

One pass, one system a cell.  Starts and rates are uploaded, the values at time 2 are read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel


def growth(rate, y):
    return rate * y * (1.0 - y)


@kernel
def integrate(starts, rates, steps):
    i = index()
    y = starts[i]
    rate = rates[i]
    h = 2.0 / steps
    for _ in range(steps):
        k1 = growth(rate, y)
        k2 = growth(rate, y + h / 2.0 * k1)
        k3 = growth(rate, y + h / 2.0 * k2)
        k4 = growth(rate, y + h * k3)
        y += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y


def make_inputs(paths: int, steps: int) -> Inputs:
    return {
        "starts": (0.05 + 1.9 * uniforms(0x9E3779B9, paths)).astype(np.float32),
        "rates": (0.5 + uniforms(0x85EBCA6B, paths)).astype(np.float32),
    }


def run(starts: np.ndarray, rates: np.ndarray, paths: int, steps: int) -> np.ndarray:
    return integrate(gk.array(starts), gk.array(rates), steps).numpy()


def reference(starts: np.ndarray, rates: np.ndarray, paths: int, steps: int) -> np.ndarray:
    y, h = starts, 2 / steps
    for _ in range(steps):
        k1 = growth(rates, y)
        k2 = growth(rates, y + h / 2 * k1)
        k3 = growth(rates, y + h / 2 * k2)
        k4 = growth(rates, y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


ROW = Row(
    name="ode-rk4",
    summary="logistic growth from n starts by Runge-Kutta",
    sizes={
        "quick": {"paths": 2**10, "steps": 256},
        "bench": {"paths": 2**17, "steps": 256},
        "full": {"paths": 2**19, "steps": 256},
    },
    checksums={"quick": 8.36318563017, "bench": 8.41959966749, "full": 8.41871732974},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
)
