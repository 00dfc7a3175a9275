"""Conway's game of life on a torus, written as life.gif.

Two arrays take turns: each step reads one and fills the other, given as ``out=``.
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


@kernel
def life(cells):
    i, j = index()
    rows, cols = cells.shape
    neighbours = 0
    for di in range(-1, 2):
        for dj in range(-1, 2):
            if di != 0 or dj != 0:
                neighbours += cells[(i + di) % rows, (j + dj) % cols]
    return neighbours == 3 or (neighbours == 2 and cells[i, j])


def run(start: np.ndarray, steps: int) -> list[np.ndarray]:
    """Return ``steps + 1`` generations, bool (rows, cols), of which ``start`` is the first."""
    now, after = gk.array(start), gk.zeros(start.shape, bool)
    frames = [start]
    for _ in range(steps):
        life(now, out=after)
        now, after = after, now
        frames.append(now.numpy())
    return frames


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=128, help="rows and columns of the world")
    parser.add_argument("--steps", type=int, default=100, help="generations")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the animation")
    parser.add_argument("--device", help="gl or cpu (default: the best there is)")
    options = parser.parse_args(argv)

    start = np.random.default_rng(1).random((options.size, options.size)) < 0.3
    with gk.device(options.device) if options.device else nullcontext():
        frames = run(start, options.steps)

    options.out.mkdir(parents=True, exist_ok=True)
    animation = options.out / "life.gif"
    scale = max(1, 512 // options.size)
    images = [
        Image.fromarray(np.kron(frame, np.ones((scale, scale), bool)).astype(np.uint8) * 255)
        for frame in frames
    ]
    images[0].save(animation, save_all=True, append_images=images[1:], duration=80, loop=0)
    alive = int(frames[-1].sum())
    print(f"{options.steps} generations of {options.size} x {options.size}: {alive} cells alive")
    print(f"animation: {animation}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
