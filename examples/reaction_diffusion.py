"""Gray and Scott's reaction-diffusion system on a torus, written as reaction_diffusion.gif.

A chemical v eats another, u, to make more of itself; u is fed and v decays (P. Gray and S. K.
Scott, Chemical Engineering Science 38, 1983).  One kernel gives both new concentrations, and two
pairs of arrays take turns.
"""

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
from gpukernel import clamp, dot, index, kernel, mix, normalize, smoothstep, vec2, vec3

FEED, KILL = 0.0370, 0.0600  # a labyrinth that grows like coral
SPREAD_U, SPREAD_V = 0.20, 0.10  # cells squared a step
INK = vec3(0.015, 0.03, 0.09)
PALETTE = ((0.04, 0.09, 0.22), (0.05, 0.45, 0.55), (0.98, 0.72, 0.32), (1.0, 0.97, 0.86))
Pair = tuple[gk.Array, gk.Array]


def laplacian(a, i, j):
    """Return how much more there is in the four cells around than in the cell itself."""
    return a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1] - 4.0 * a[i, j]


@kernel(boundary="wrap")
def react(u, v, feed, kill):
    """One step of both chemicals, as two results."""
    i, j = index()
    food, eaters = u[i, j], v[i, j]
    eaten = food * eaters * eaters
    more_food = SPREAD_U * laplacian(u, i, j) - eaten + feed * (1.0 - food)
    more_eaters = SPREAD_V * laplacian(v, i, j) + eaten - (feed + kill) * eaters
    return food + more_food, eaters + more_eaters


@kernel(boundary="wrap")
def paint(v):
    """The colour of a cell: v as a relief under a lamp, coloured by its height."""
    i, j = index()
    slope = vec2(v[i, j + 1] - v[i, j - 1], v[i + 1, j] - v[i - 1, j])
    normal = normalize(vec3(-3.0 * slope, 0.35))
    height = clamp(v[i, j] / 0.36, 0.0, 1.0)
    place = 2.999 * height
    step = int(place)
    colour = mix(vec3(PALETTE[step]), vec3(PALETTE[step + 1]), place - step)
    light = max(dot(normal, normalize(vec3(-0.5, -0.7, 0.8))), 0.0)
    shaded = colour * (0.35 + 0.75 * light) + 0.35 * light**24
    return mix(INK, shaded, smoothstep(0.02, 0.30, height))


@kernel(shape=lambda size, spots: (size, size))
def drops(size, spots):
    """Both chemicals at first: half of each in round spots (rows of y, x, radius), else only u."""
    i, j = index()
    for k in range(spots.shape[0]):
        down = abs(i - spots[k, 0])
        across = abs(j - spots[k, 1])
        if math.hypot(min(down, size - down), min(across, size - across)) < spots[k, 2]:
            return 0.5, 0.5
    return 1.0, 0.0


def start(size: int, seed: int = 4) -> Pair:
    """Return u and v with a few random spots."""
    random = np.random.default_rng(seed)
    spots = np.hstack([random.uniform(0, size, (12, 2)), random.uniform(2, 5, (12, 1))])
    u, v = drops(size, spots)
    return u, v


def run(now: Pair, steps: int, feed: float = FEED, kill: float = KILL) -> Pair:
    """Return both chemicals after ``steps`` steps; the arrays of ``now`` may be written to."""
    after = gk.empty(now[0].shape), gk.empty(now[0].shape)
    for _ in range(steps):
        react(*now, feed, kill, out=after)
        now, after = after, now
    return now


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=128, help="rows and columns of the world")
    parser.add_argument("--steps", type=int, default=1800, help="steps of time in all")
    parser.add_argument("--frames", type=int, default=45, help="pictures of the animation")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the animation")
    parser.add_argument("--device", help="gl or cpu (default: the best there is)")
    options = parser.parse_args(argv)

    frames = []
    with gk.device(options.device) if options.device else nullcontext():
        now = start(options.size)
        for _ in range(options.frames):
            now = run(now, options.steps // options.frames)
            frames.append(paint(now[1]).image())
        covered = gk.mean(now[1])
        device = now[1].device

    options.out.mkdir(parents=True, exist_ok=True)
    animation = options.out / "reaction_diffusion.gif"
    scale = max(1, 480 // options.size)
    side = scale * options.size
    large = [frame.resize((side, side), Image.Resampling.BICUBIC) for frame in frames]
    colours = large[-1].quantize(256)  # one palette for all: finding it takes longest
    indexed = [frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in large]
    indexed[0].save(animation, save_all=True, append_images=indexed[1:], duration=70, loop=0)
    print(f"{options.steps} steps of {options.size} x {options.size} cells on {device}")
    print(f"mean concentration of v: {covered:.3f}")
    print(f"animation: {animation}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
