"""Filters of a real photograph with one general convolution kernel.

Writes the photograph blurred, sharpened and reduced to its edges, and a contact sheet of all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from PIL import Image

import gpukernel as gk
from gpukernel import index, kernel

SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)
SOBEL_X = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
SOBEL_Y = SOBEL_X.T


@kernel
def conv2d(img, weights):
    """Slide ``weights`` (rows, cols) over ``img`` (height, width, channels), not flipped.

    Beyond the border the nearest pixel of the picture is used.
    """
    i, j, c = index()
    height, width = img.shape[0], img.shape[1]
    total = 0.0
    for r in range(weights.shape[0]):
        y = min(max(i + r - weights.shape[0] // 2, 0), height - 1)
        for s in range(weights.shape[1]):
            x = min(max(j + s - weights.shape[1] // 2, 0), width - 1)
            total += img[y, x, c] * weights[r, s]
    return total


@kernel(shape=lambda across, down: across.shape[:2])
def strength(across, down):
    """The largest gradient of any channel, from its components across and down."""
    i, j = index()
    best = 0.0
    for c in range(across.shape[2]):
        slope = (across[i, j, c] ** 2 + down[i, j, c] ** 2) ** 0.5
        best = max(best, slope)
    return best


def gaussian(sigma: float) -> np.ndarray:
    """Return the weights of a Gaussian blur; ``sigma`` is in pixels."""
    radius = int(np.ceil(2.5 * sigma))
    x = np.arange(-radius, radius + 1)
    line = np.exp(-0.5 * (x / sigma) ** 2)
    weights = np.outer(line, line)
    return np.asarray(weights / weights.sum(), np.float32)


def load_photograph(path: Path | None, size: int | None) -> np.ndarray:
    """Return a photograph as float32 (height, width, 3) in 0..1, its longer side at most ``size``.

    Without a path it is the portrait that matplotlib ships as sample data.
    """
    if path is None:
        from matplotlib.cbook import get_sample_data

        path = Path(str(get_sample_data("grace_hopper.jpg", asfileobj=False)))
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if size is not None:
        image.thumbnail((size, size))
    return np.asarray(image, np.float32) / 255


def to_pixels(values: np.ndarray) -> np.ndarray:
    """Return uint8 (height, width, 3) of values in 0..1; a 2-D array becomes grey."""
    pixels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, help="a photograph (default: matplotlib's sample)")
    parser.add_argument("--size", type=int, help="longest side in pixels (default: as it is)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the pictures")
    parser.add_argument("--device", help="gl or cpu (default: the best there is)")
    options = parser.parse_args(argv)

    photograph = load_photograph(options.image, options.size)
    with gk.device(options.device) if options.device else nullcontext():
        img = gk.array(photograph)
        edges = strength(conv2d(img, SOBEL_X), conv2d(img, SOBEL_Y))
        pictures = {
            "original": photograph,
            "blur": conv2d(img, gaussian(3.0)).numpy(),
            "sharpen": conv2d(img, SHARPEN).numpy(),
            "edges": edges.numpy() / 2,
        }

    options.out.mkdir(parents=True, exist_ok=True)
    pixels = {name: to_pixels(values) for name, values in pictures.items()}
    pixels["contact_sheet"] = np.hstack(list(pixels.values()))
    height, width = photograph.shape[:2]
    print(f"photograph of {width} x {height} pixels, filtered on {edges.device}:")
    for name, values in pixels.items():
        path = options.out / f"{name}.png"
        Image.fromarray(values).save(path)
        print(f"  {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
