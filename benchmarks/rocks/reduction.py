"""reduction: mean and root mean square of n values, by a tree of averages.

With m = n / group outputs, output j of a level averages the elements j, j + m, j + 2m, ...; so all
levels hold numbers of one size and float32 is enough.  Every round reduces slightly larger values,
and both trees at once; the last round is the result.  The values are uploaded once a run.
"""

from __future__ import annotations

import math

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel


@kernel(shape=lambda a, shift, group: len(a) // group)
def average_values(a, shift, group):
    j = index()
    m = len(a) // group
    values = 0.0
    squares = 0.0
    for k in range(group):
        value = a[j + k * m] + shift
        values += value
        squares += value * value
    return values / group, squares / group


@kernel(shape=lambda values, squares, group: len(values) // group)
def average(values, squares, group):
    j = index()
    m = len(values) // group
    first = 0.0
    second = 0.0
    for k in range(group):
        first += values[j + k * m]
        second += squares[j + k * m]
    return first / group, second / group


def make_inputs(n: int, group: int, rounds: int) -> Inputs:
    return {"a": uniforms(0x2545F491, n).astype(np.float32)}


def run(a: np.ndarray, n: int, group: int, rounds: int) -> np.ndarray:
    on_device = gk.array(a)
    for number in range(rounds):
        values, squares = average_values(on_device, number / 4096, group)
        while len(values) > 1:
            values, squares = average(values, squares, group)
    return np.array([values.item(), math.sqrt(squares.item())], np.float32)


def reference(a: np.ndarray, n: int, group: int, rounds: int) -> np.ndarray:
    for number in range(rounds):
        values = a + np.float32(number / 4096)
        squares = values * values
        while len(values) > 1:
            values = values.reshape(group, -1).mean(axis=0)
            squares = squares.reshape(group, -1).mean(axis=0)
    return np.array([values[0], math.sqrt(squares[0])], np.float32)


def checksum(result: np.ndarray) -> float:
    return float(result[0]) + 2 * float(result[1])


ROW = Row(
    name="reduction",
    summary="mean and rms of n values by trees of averages, several rounds",
    sizes={
        "quick": {"n": 2**12, "group": 16, "rounds": 4},
        "bench": {"n": 2**21, "group": 128, "rounds": 8},
        "full": {"n": 2**24, "group": 256, "rounds": 32},
    },
    checksums={"quick": 1.63363564014, "bench": 1.65967142582, "full": 1.67522937059},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=checksum,
)
