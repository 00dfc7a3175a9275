"""fft: radix-2 Fourier transforms of `batch` complex signals of 2**bits points; their magnitudes.

Passes: the points in bit-reversed order, one pass a stage, the magnitudes.  Complex numbers are
vec2.  The signals are uploaded, the twiddle factors stay, the magnitudes are read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.row import Inputs, Row
from benchmarks.rocks.signals import batch_seed, make_signal, make_twiddles
from gpukernel import index, kernel, vec2


def times(a, b):
    """Return the product of two complex numbers."""
    return vec2(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x)


def reversed_bits(i, bits):
    result = 0
    for _ in range(bits):
        result = (result << 1) | (i & 1)
        i >>= 1
    return result


@kernel
def reorder(real, imaginary, bits):
    b, i = index()
    k = reversed_bits(i, bits)
    return vec2(real[b, k], imaginary[b, k])


@kernel(shape=lambda signal, twiddles, half, step: signal.shape[:2])
def butterfly(signal, twiddles, half, step):
    b, i = index()
    even = vec2.load(signal, b, i & ~half)
    odd = times(vec2.load(signal, b, i | half), vec2.load(twiddles, (i & (half - 1)) * step))
    if i & half == 0:
        return even + odd
    return even - odd


@kernel(shape=lambda signal: signal.shape[:2])
def magnitude(signal):
    b, i = index()
    return gk.length(vec2.load(signal, b, i))


def make_inputs(bits: int, batch: int) -> Inputs:
    n = 2**bits
    signals = [make_signal(n, batch_seed(b)) for b in range(batch)]
    return {
        "real": np.stack([real for real, _ in signals]),
        "imaginary": np.stack([imaginary for _, imaginary in signals]),
        "twiddles": np.stack(make_twiddles(n, n // 2), axis=-1),
    }


def transform(signal: gk.Array, twiddles: gk.Array, bits: int) -> gk.Array:
    """Return the transforms of signals in bit-reversed order: shape (batch, 2**bits, 2)."""
    for stage in range(bits):
        signal = butterfly(signal, twiddles, 1 << stage, 1 << (bits - 1 - stage))
    return signal


def run(
    real: np.ndarray, imaginary: np.ndarray, twiddles: gk.Array, bits: int, batch: int
) -> np.ndarray:
    signal = reorder(gk.array(real), gk.array(imaginary), bits)
    return magnitude(transform(signal, twiddles, bits)).numpy()


def transform_reference(signal: np.ndarray, twiddles: np.ndarray) -> np.ndarray:
    """Return the transforms of complex64 signals of shape (batch, n)."""
    batch, n = signal.shape
    factors = twiddles.view(np.complex64)[:, 0]
    signal = signal[:, reversed_bits(np.arange(n), n.bit_length() - 1)]
    half = 1
    while half < n:
        pairs = signal.reshape(batch, n // (2 * half), 2, half)
        odd = pairs[:, :, 1] * factors[:: n // (2 * half)]
        signal = np.stack((pairs[:, :, 0] + odd, pairs[:, :, 0] - odd), axis=2)
        half *= 2
    return signal.reshape(batch, n)


def reference(
    real: np.ndarray, imaginary: np.ndarray, twiddles: np.ndarray, bits: int, batch: int
) -> np.ndarray:
    return np.abs(transform_reference(real + np.complex64(1j) * imaginary, twiddles))


ROW = Row(
    name="fft",
    summary="magnitudes of radix-2 Fourier transforms",
    sizes={
        "quick": {"bits": 8, "batch": 4},
        "bench": {"bits": 12, "batch": 64},
        "full": {"bits": 14, "batch": 224},
    },
    checksums={"quick": 31.579706006, "bench": 68.0160673938, "full": 120.25235507},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    resident=("twiddles",),
)
