"""Islands out of random numbers, written as terrain.png.

A lattice of random heights is smoothed at many scales (value noise); the map that comes out is
measured with reductions, and the part of it that is land also by throwing darts at it.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import gpukernel as gk
from gpukernel import clamp, dot, index, kernel, mix, normalize, smoothstep, vec2, vec3

LATTICE = 128  # rows and columns of random heights, which repeat
OCTAVES = 7
SEA = 0.56  # what part of the range of heights is under water
# The colour of each height above the sea, and of each depth below it, from 0 to 1.
LAND = (
    (0.86, 0.79, 0.58),
    (0.42, 0.58, 0.25),
    (0.19, 0.40, 0.19),
    (0.45, 0.38, 0.31),
    (0.97, 0.97, 0.99),
)
WATER = ((0.36, 0.74, 0.76), (0.10, 0.43, 0.62), (0.03, 0.19, 0.40))


@kernel(shape=(LATTICE, LATTICE))
def lattice():
    return gk.random()


def noise(heights, y, x):
    """Return the height between the four points of the lattice around a place."""
    i, j = math.floor(y), math.floor(x)
    down, across = smoothstep(0.0, 1.0, y - i), smoothstep(0.0, 1.0, x - j)
    above = mix(heights[i, j], heights[i, j + 1], across)
    below = mix(heights[i + 1, j], heights[i + 1, j + 1], across)
    return mix(above, below, down)


@kernel(shape=lambda heights, size: (size, size), boundary="wrap")
def terrain(heights, size):
    """The sum of noise at finer and finer scales, each bent by the one before, and less high."""
    i, j = index()
    p = 6.0 * vec2(i, j) / float(size)
    total, height = 0.0, 1.0
    for _ in range(OCTAVES):
        value = noise(heights, p.x, p.y)
        total += height * value
        p = vec2(0.8 * p.x - 0.6 * p.y, 0.6 * p.x + 0.8 * p.y) * 2.03 + 17.0 + 0.25 * value
        height *= 0.48
    edge = 2.0 * vec2(i + 0.5, j + 0.5) / float(size) - 1.0
    return total - 0.25 * dot(edge, edge)  # mostly sea near the edges


@gk.vectorize
def scaled(x, low, high):
    """Where x lies between low (0) and high (1)."""
    return (x - low) / (high - low)


def shade_of(palette, place):
    """Return the colour at a place from 0 to 1 along a palette."""
    last = len(palette) - 1
    position = clamp(place, 0.0, 1.0) * last
    step = min(int(position), last - 1)
    return mix(vec3(palette[step]), vec3(palette[step + 1]), position - step)


@kernel(boundary="clamp")
def paint(height):
    """The colour of a cell: sea by its depth, land by its height and under a lamp."""
    i, j = index()
    here = height[i, j]
    if here < SEA:
        return shade_of(WATER, 2.0 * (SEA - here) / SEA)
    slope = vec2(height[i, j + 1] - height[i, j - 1], height[i + 1, j] - height[i - 1, j])
    normal = normalize(vec3(-0.1 * len(height) * slope, 1.0))
    light = max(dot(normal, normalize(vec3(-0.6, -0.6, 0.7))), 0.0)
    return shade_of(LAND, (here - SEA) / (1.0 - SEA)) * (0.35 + 0.95 * light)


@kernel(shape=(512, 512))
def darts(height):
    """Whether a random place is on land."""
    rows, cols = height.shape
    return height[gk.randint(0, rows), gk.randint(0, cols)] >= SEA


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="rows and columns of the map")
    parser.add_argument("--seed", type=int, default=3, help="which islands")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the picture")
    parser.add_argument("--device", help="gl or cpu (default: the best there is)")
    options = parser.parse_args(argv)

    gk.seed(options.seed)
    with gk.device(options.device) if options.device else nullcontext():
        rough = terrain(lattice(), options.size)
        height = scaled(rough, gk.min(rough), gk.max(rough))
        hits = darts(height)
        land, guess = gk.mean(height.numpy() >= SEA), gk.mean(hits)
        summit = divmod(gk.argmax(height), options.size)
        picture = paint(height)

    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "terrain.png"
    picture.save(path)
    error = math.sqrt(land * (1.0 - land) / hits.size)
    print(f"land: {land:.2%}; by {hits.size} darts {guess:.2%}, give or take {error:.2%}")
    print(f"the summit is in row {summit[0]}, column {summit[1]}")
    print(f"picture: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
