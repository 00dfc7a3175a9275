"""What NumPy has a routine of its own for, often by a better algorithm than the row's passes."""

from __future__ import annotations

import numpy as np

from benchmarks.rocks.compaction import threshold_of
from benchmarks.rocks.histogram import BINS, find_bins
from benchmarks.rocks.peers import Runs
from benchmarks.rocks.topk import K


def matmul(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    return a @ b


def dft_naive(
    re: np.ndarray, im: np.ndarray, cosine: np.ndarray, sine: np.ndarray, n: int
) -> np.ndarray:
    return np.abs(np.fft.fft(re + np.complex64(1j) * im))


def bitonic_sort(keys: np.ndarray, log: int) -> np.ndarray:
    return np.sort(keys)


def compaction(a: np.ndarray, n: int, rounds: int) -> np.ndarray:
    for number in range(rounds):
        kept = a[a >= threshold_of(number)]
        packed = np.zeros_like(a)
        packed[: kept.size] = kept
    return packed


def histogram(img: np.ndarray, n: int) -> np.ndarray:
    return np.bincount(find_bins(img).ravel(), minlength=BINS)


def topk(a: np.ndarray, log: int, rounds: int) -> np.ndarray:
    for number in range(rounds):
        values = a + np.float32(number / 16384)
        largest = np.sort(np.partition(values, len(values) - K)[-K:])[::-1]
    return largest


def fft(
    real: np.ndarray, imaginary: np.ndarray, twiddles: np.ndarray, bits: int, batch: int
) -> np.ndarray:
    return np.abs(np.fft.fft(real + np.complex64(1j) * imaginary))


def spectral_filter(
    signals: np.ndarray,
    forward: np.ndarray,
    backward: np.ndarray,
    spectrum: np.ndarray,
    bits: int,
    batch: int,
) -> np.ndarray:
    filtered = np.fft.fft(signals) * spectrum.view(np.complex64)[:, 0]
    return np.fft.ifft(filtered).real


RUNS: Runs = {
    "matmul": matmul,
    "dft-naive": dft_naive,
    "bitonic-sort": bitonic_sort,
    "compaction": compaction,
    "histogram": histogram,
    "topk": topk,
    "fft": fft,
    "spectral-filter": spectral_filter,
}
