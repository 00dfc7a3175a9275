"""ncc-template: how well a template of t x t pixels fits at every place of a picture.

One pass, normalised cross-correlation.  Picture and template are uploaded, the fits are read.
"""

from __future__ import annotations

import math

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel

LEFT, TOP = 137, 211  # where the template is cut out


def valid_shape(img, template, energy):
    return img.shape[0] - template.shape[0] + 1, img.shape[1] - template.shape[1] + 1


@kernel(shape=valid_shape)
def correlate(img, template, energy):
    i, j = index()
    rows, cols = template.shape
    total = 0.0
    squares = 0.0
    product = 0.0
    for y in range(rows):
        for x in range(cols):
            value = img[i + y, j + x]
            total += value
            squares += value * value
            product += value * template[y, x]
    root = math.sqrt((squares - total * total / (rows * cols)) * energy)
    return product / root if root > 1e-12 else 0.0


def make_inputs(width: int, height: int, t: int) -> Inputs:
    x, y = np.arange(width), np.arange(height)[:, None]
    waves = 0.30 * np.sin(0.05 * x + 0.02 * y) + 0.20 * np.cos(0.011 * x - 0.017 * y)
    rings = 0.15 * np.sin(0.0004 * (x * x + y * y))
    noise = 0.35 * (uniforms(0x1D872B41, width * height).reshape(height, width) - 0.5)
    img = (waves + rings + noise).astype(np.float32)
    crop = img[TOP : TOP + t, LEFT : LEFT + t].astype(np.float64)
    crop += 0.08 * (uniforms(0xB5297A4D, t * t).reshape(t, t) - 0.5)
    template = crop.astype(np.float32).astype(np.float64)
    return {"img": img, "template": (template - template.mean()).astype(np.float32)}


def energy_of(template: np.ndarray) -> float:
    return float((template.astype(np.float64) ** 2).sum())


def run(img: np.ndarray, template: np.ndarray, width: int, height: int, t: int) -> np.ndarray:
    return correlate(gk.array(img), gk.array(template), energy_of(template)).numpy()


def reference(img: np.ndarray, template: np.ndarray, width: int, height: int, t: int) -> np.ndarray:
    rows, cols = height - t + 1, width - t + 1
    total, squares, product = (np.zeros((rows, cols), np.float32) for _ in range(3))
    squared = img * img
    for y in range(t):
        for x in range(t):
            window = (slice(y, y + rows), slice(x, x + cols))
            total += img[window]
            squares += squared[window]
            product += img[window] * template[y, x]
    root = np.sqrt((squares - total * total / (t * t)) * energy_of(template))
    fits = np.zeros_like(product)
    np.divide(product, root, out=fits, where=root > 1e-12)
    return fits


ROW = Row(
    name="ncc-template",
    summary="fit of a t x t template everywhere in a picture",
    sizes={
        "quick": {"width": 192, "height": 256, "t": 16},
        "bench": {"width": 256, "height": 256, "t": 32},
        "full": {"width": 512, "height": 512, "t": 64},
    },
    checksums={"quick": 0.164834464389, "bench": 0.171613453571, "full": -0.0263713602009},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
)
