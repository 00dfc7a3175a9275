"""spectral-filter: transforms of `batch` real signals, times a spectrum, and back.

Passes: as in `fft`, then the product, then the same with conjugated twiddle factors, then the
scale.  The signals are uploaded, the twiddle factors and the spectrum stay, real parts are read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import gpukernel as gk
from benchmarks.rocks.fft import reversed_bits, times, transform, transform_reference
from benchmarks.rocks.row import Inputs, Row, mean_weighted
from benchmarks.rocks.signals import batch_seed, make_signal, make_twiddles
from gpukernel import index, kernel, vec2


@kernel
def reorder_real(signal, bits):
    b, i = index()
    return vec2(signal[b, reversed_bits(i, bits)], 0.0)


@kernel(shape=lambda signal, bits: signal.shape[:2])
def reorder_complex(signal, bits):
    b, i = index()
    return vec2.load(signal, b, reversed_bits(i, bits))


@kernel(shape=lambda signal, spectrum: signal.shape[:2])
def multiply(signal, spectrum):
    b, i = index()
    return times(vec2.load(signal, b, i), vec2.load(spectrum, i))


@kernel(shape=lambda signal: signal.shape[:2])
def scaled_real(signal):
    b, i = index()
    return signal[b, i, 0] / signal.shape[1]


def make_inputs(bits: int, batch: int) -> Inputs:
    n = 2**bits
    cos, sin = make_twiddles(n, n // 2)
    return {
        "signals": np.stack([make_signal(n, batch_seed(b), 0.5)[0] for b in range(batch)]),
        "forward": np.stack((cos, sin), axis=-1),
        "backward": np.stack((cos, -sin), axis=-1),
        "spectrum": make_spectrum(n),
    }


def make_spectrum(n: int) -> np.ndarray:
    """Return a Gaussian low-pass that also delays by five points: float32 (n, 2)."""
    i = np.arange(n)
    frequency = np.minimum(i, n - i)
    gain = np.exp(-(frequency**2) / (2 * (n / 256) ** 2))
    angle = -2 * np.pi * (5 * i % n) / n
    return np.stack((gain * np.cos(angle), gain * np.sin(angle)), axis=-1).astype(np.float32)


def run(
    signals: np.ndarray,
    forward: gk.Array,
    backward: gk.Array,
    spectrum: gk.Array,
    bits: int,
    batch: int,
) -> np.ndarray:
    transforms = transform(reorder_real(gk.array(signals), bits), forward, bits)
    filtered = multiply(transforms, spectrum)
    return scaled_real(transform(reorder_complex(filtered, bits), backward, bits)).numpy()


def reference(
    signals: np.ndarray,
    forward: np.ndarray,
    backward: np.ndarray,
    spectrum: np.ndarray,
    bits: int,
    batch: int,
) -> np.ndarray:
    transforms = transform_reference(signals.astype(np.complex64), forward)
    filtered = transforms * spectrum.view(np.complex64)[:, 0]
    return transform_reference(filtered, backward).real / np.float32(2**bits)


def checksum(result: Any) -> float:
    return mean_weighted(np.abs(result))


ROW = Row(
    name="spectral-filter",
    summary="convolution of signals by Fourier transforms",
    sizes={
        "quick": {"bits": 8, "batch": 4},
        "bench": {"bits": 12, "batch": 32},
        "full": {"bits": 14, "batch": 128},
    },
    checksums={"quick": 0.0641085670827, "bench": 5.45354163614, "full": 5.97400357153},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=checksum,
    resident=("forward", "backward", "spectrum"),
)
