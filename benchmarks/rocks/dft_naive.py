"""dft-naive: sizes of the n coefficients of a Fourier transform, each a sum over all n points.

The signal is uploaded, the table of the roots of unity is resident, n values are read.
"""

from __future__ import annotations

import math

import numpy as np

import gpukernel as gk
from benchmarks.rocks.row import Inputs, Row
from benchmarks.rocks.signals import batch_seed, make_signal, make_twiddles
from gpukernel import index, kernel


@kernel
def transform(re, im, cosine, sine):
    k = index()
    n = len(re)
    x = 0.0
    y = 0.0
    m = 0  # j * k modulo n
    for j in range(n):
        x += re[j] * cosine[m] - im[j] * sine[m]
        y += re[j] * sine[m] + im[j] * cosine[m]
        m += k
        if m >= n:
            m -= n
    return math.sqrt(x * x + y * y)


def make_inputs(n: int) -> Inputs:
    re, im = make_signal(n, batch_seed(0))
    cosine, sine = make_twiddles(n, n)
    return {"re": re, "im": im, "cosine": cosine, "sine": sine}


def run(re: np.ndarray, im: np.ndarray, cosine: gk.Array, sine: gk.Array, n: int) -> np.ndarray:
    return transform(gk.array(re), gk.array(im), cosine, sine).numpy()


def reference(
    re: np.ndarray, im: np.ndarray, cosine: np.ndarray, sine: np.ndarray, n: int
) -> np.ndarray:
    roots = cosine + np.complex64(1j) * sine
    signal = re + np.complex64(1j) * im
    total = np.zeros(n, np.complex64)
    k = np.arange(n)
    m = np.zeros(n, np.int64)
    for value in signal:
        total += value * roots[m]
        m += k
        m[m >= n] -= n
    return np.abs(total)


ROW = Row(
    name="dft-naive",
    summary="sizes of the n Fourier coefficients, summed directly",
    sizes={"quick": {"n": 256}, "bench": {"n": 4096}, "full": {"n": 16384}},
    checksums={"quick": 30.976816475, "bench": 68.7701516052, "full": 117.363554403},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    resident=("cosine", "sine"),
)
