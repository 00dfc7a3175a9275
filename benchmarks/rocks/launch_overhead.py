"""launch-overhead: many passes that each do next to nothing: a number is added to n values.

Every pass is a call of its own, and nothing may join them.  The values are uploaded once and read
once.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel

STEP = 1 / 1024


@kernel
def add(a):
    return a[index()] + STEP


def make_inputs(n: int, passes: int) -> Inputs:
    return {"a": (uniforms(0xC2B2AE35, n) - 0.5).astype(np.float32)}


def run(a: np.ndarray, n: int, passes: int) -> np.ndarray:
    now, spare = gk.array(a), gk.empty(n)
    for _ in range(passes):
        now, spare = add(now, out=spare), now
    return now.numpy()


def reference(a: np.ndarray, n: int, passes: int) -> np.ndarray:
    now, spare = a.copy(), np.empty_like(a)
    for _ in range(passes):
        np.add(now, np.float32(STEP), out=spare)
        now, spare = spare, now
    return now


ROW = Row(
    name="launch-overhead",
    summary="hundreds of tiny passes, one call each",
    sizes={
        "quick": {"n": 2**12, "passes": 32},
        "bench": {"n": 2**16, "passes": 512},
        "full": {"n": 2**20, "passes": 512},
    },
    checksums={"quick": 0.256656995334, "bench": 4.50487523393, "full": 4.50216385159},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    exact=True,
)
