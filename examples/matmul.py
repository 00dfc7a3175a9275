"""Matrix product with a naive kernel, checked against NumPy.

Writes matmul.png: the product on the left, the error of every cell on the right.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from PIL import Image

import gpukernel as gk
from gpukernel import index, kernel


@kernel(shape=lambda a, b: (a.shape[0], b.shape[1]))
def matmul(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return total


def grey(values: np.ndarray) -> np.ndarray:
    """Scale the values of a 2-D array to 0..255, the smallest black and the largest white."""
    low, high = values.min(), values.max()
    return np.asarray((values - low) * (255.0 / max(high - low, 1e-30)), np.uint8)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256, help="rows and columns of the matrices")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the picture")
    parser.add_argument("--device", help="gl or cpu (default: the best there is)")
    options = parser.parse_args(argv)

    random = np.random.default_rng(0)
    a = random.standard_normal((options.size, options.size), dtype=np.float32)
    b = random.standard_normal((options.size, options.size), dtype=np.float32)
    with gk.device(options.device) if options.device else nullcontext():
        device_a, device_b = gk.array(a), gk.array(b)
        matmul(device_a, device_b)  # compiles
        gk.synchronize()
        start = time.perf_counter()
        product = matmul(device_a, device_b)
        gk.synchronize()
        seconds = time.perf_counter() - start
        result = product.numpy()

    exact = a.astype(np.float64) @ b.astype(np.float64)
    # A sum of n products may be off by n roundings of its terms' absolute sum.
    allowed = options.size * 2.0**-23 * (np.abs(a) @ np.abs(b))
    error = np.abs(result - exact)
    correct = bool((error <= allowed).all())

    options.out.mkdir(parents=True, exist_ok=True)
    picture = options.out / "matmul.png"
    Image.fromarray(np.hstack([grey(result), grey(error)])).save(picture)
    print(f"matmul {options.size} x {options.size} on {product.device}: {seconds * 1000:.2f} ms")
    print(f"largest error against NumPy in float64: {error.max():.2e}")
    print("correct" if correct else "WRONG: the error is more than rounding explains")
    print(f"product and error: {picture}")
    return 0 if correct else 1


if __name__ == "__main__":
    sys.exit(main())
