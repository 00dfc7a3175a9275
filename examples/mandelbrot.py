"""The Mandelbrot set, smoothly coloured, written as mandelbrot.png."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from PIL import Image

import gpukernel as gk
from gpukernel import index, kernel


@kernel(shape=lambda size, limit: (size, size))
def escape(size, limit):
    """Steps until the point escapes, with a smooth fraction; -1 for points that never do."""
    i, j = index()
    x0 = -2.1 + 2.7 * (j + 0.5) / size
    y0 = -1.35 + 2.7 * (i + 0.5) / size
    x = 0.0
    y = 0.0
    for step in range(limit):
        x, y = x * x - y * y + x0, 2.0 * x * y + y0
        if x * x + y * y > 256.0:
            return step + 1 - math.log2(0.5 * math.log2(x * x + y * y))
    return -1.0


@kernel(shape=lambda steps: (steps.shape[0], steps.shape[1], 3))
def colour(steps):
    """One colour channel, 0 to 255: a palette of three cosines; black inside the set."""
    i, j, channel = index()
    if steps[i, j] < 0:
        return 0
    phase = 0.12 * math.sqrt(max(steps[i, j], 0.0)) * math.tau + 0.9 * channel + 2.6
    return int(255.0 * (0.5 + 0.5 * math.cos(phase)))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=768, help="pixels a side")
    parser.add_argument("--limit", type=int, default=200, help="steps before a point is inside")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the picture")
    parser.add_argument("--device", help="gl or cpu (default: the best there is)")
    options = parser.parse_args(argv)

    with gk.device(options.device) if options.device else nullcontext():
        steps = escape(options.size, options.limit)
        pixels = colour(steps).numpy()

    options.out.mkdir(parents=True, exist_ok=True)
    picture = options.out / "mandelbrot.png"
    Image.fromarray(pixels.astype(np.uint8)).save(picture)
    inside = float((steps.numpy() < 0).mean())
    print(f"{options.size} x {options.size} points on {steps.device}, {inside:.1%} in the set")
    print(f"picture: {picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
