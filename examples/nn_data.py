"""The data of the examples of `gpukernel.nn`: where it is from is told in data/README.md."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

FOLDER = Path(__file__).parent / "data"


class Split(NamedTuple):
    """Samples to learn from, and others to be tested with."""

    x: np.ndarray
    y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


def held_out(x: np.ndarray, y: np.ndarray) -> Split:
    """Hold out every fifth sample."""
    is_test = np.arange(len(x)) % 5 == 0
    return Split(x[~is_test], y[~is_test], x[is_test], y[is_test])


def digits() -> Split:
    """Return pictures, float32 (n, 8, 8, 1) from 0 to 1, and the digits they show, int32 (n,)."""
    with np.load(FOLDER / "digits.npz") as file:
        images, labels = file["images"], file["labels"]
    return held_out(images[..., None].astype(np.float32) / 16.0, labels.astype(np.int32))


def diabetes() -> Split:
    """Return measurements of mean 0 and variance 1, float32 (n, 10), and how the disease went on.

    The latter is float32 (n, 1), of mean 0 and variance 1 too.
    """
    with np.load(FOLDER / "diabetes.npz") as file:
        measured, progression = file["measured"], file["progression"][:, None]
    return held_out(_standard(measured), _standard(progression))


def _standard(x: np.ndarray) -> np.ndarray:
    standard: np.ndarray = (x - x.mean(axis=0)) / x.std(axis=0)
    return standard.astype(np.float32)
