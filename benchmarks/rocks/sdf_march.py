"""sdf-march: three spheres melted into a plane, seen by walking along every ray of sight.

The scene is a function of the distance to it.  One pass without inputs; the picture is read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel, vec3

SPHERES = (
    ((-1.6, -0.15, 0.35), 0.85),
    ((0.35, 0.25, -0.6), 1.25),
    ((1.95, -0.35, 0.9), 0.65),
)
MELT = 0.45
STEPS, SHADOW_STEPS = 48, 24
FAR, SHADOW_FAR = 24.0, 9.0
NEAR = 0.002
PROBE = 0.0015  # how far from a point its normal is measured
PROBES = ((1.0, -1.0, -1.0), (-1.0, -1.0, 1.0), (-1.0, 1.0, -1.0), (1.0, 1.0, 1.0))

EYE = vec3(0.0, 1.35, 4.6)
FORWARD = gk.normalize(vec3(0.0, 0.15, 0.0) - EYE)
RIGHT = gk.normalize(gk.cross(FORWARD, vec3(0.0, 1.0, 0.0)))
UP = gk.normalize(gk.cross(RIGHT, FORWARD))
LIGHT = gk.normalize(vec3(0.55, 0.75, 0.38))


def scene(p):
    """Return the distance from a point to what is there."""
    d = p.y + 1.0
    for centre, radius in SPHERES:
        s = gk.distance(p, centre) - radius
        k = gk.clamp(0.5 + 0.5 * (s - d) / MELT, 0.0, 1.0)
        d = s + (d - s) * k - MELT * k * (1.0 - k)
    return d


def normal(p):
    total = vec3(0.0)
    for direction in PROBES:
        side = vec3(direction)
        total += side * scene(p + PROBE * side)
    return gk.normalize(total)


def brightness(start):
    """Return how much of the light reaches a point: 0 to 1, soft at the edges of shadows."""
    rest = 1.0
    t = 0.035
    for _ in range(SHADOW_STEPS):
        d = scene(start + LIGHT * t)
        rest = min(rest, 12.0 * d / t)
        if rest < 0.005:
            break
        t += gk.clamp(d, 0.03, 0.6)
        if t > SHADOW_FAR:
            break
    return gk.clamp(rest, 0.0, 1.0)


@kernel(shape=lambda width, height: (height, width))
def march(width, height):
    i, j = index()
    across = (j + 0.5 - width / 2) / (height / 2)
    upward = (height / 2 - i - 0.5) / (height / 2)
    ray = gk.normalize(across * RIGHT + upward * UP + 1.6 * FORWARD)
    sky = 0.55 + 0.3 * ray.y
    t = 0.0
    for _ in range(STEPS):
        d = scene(EYE + ray * t)
        if d < NEAR:
            p = EYE + ray * t
            n = normal(p)
            direct = max(0.0, gk.dot(n, LIGHT)) * brightness(p + 0.01 * n)
            lit = 0.28 + 0.12 * n.y + 0.85 * direct
            return gk.mix(lit, sky, t / FAR)
        t += d
        if t > FAR:
            break
    return sky


def make_inputs(width: int, height: int) -> Inputs:
    return {}


def run(width: int, height: int) -> np.ndarray:
    return march(width, height).numpy()


# In NumPy, points are arrays of shape (3, count).


def reference(width: int, height: int) -> np.ndarray:
    """Walk only along the rays that have neither hit nor left the scene."""
    x, y = np.meshgrid(np.arange(width) + 0.5 - width / 2, height / 2 - np.arange(height) - 0.5)
    ray = x.ravel() / (height / 2) * column(RIGHT) + y.ravel() / (height / 2) * column(UP)
    ray = normalized(ray + 1.6 * column(FORWARD)).astype(np.float32)
    eye = column(EYE)
    colours = 0.55 + 0.3 * ray[1]
    active, t = np.arange(width * height), np.zeros(width * height, np.float32)
    for _ in range(STEPS):
        d = scene_reference(eye + ray[:, active] * t)
        hit = d < NEAR
        if hit.any():
            cells, way = active[hit], t[hit]
            lit = shade(eye + ray[:, cells] * way)
            colours[cells] = lit * (1 - way / FAR) + colours[cells] * (way / FAR)
        t += d
        keep = ~hit & (t <= FAR)
        active, t = active[keep], t[keep]
    return colours.reshape(height, width)


def column(v: vec3) -> np.ndarray:
    return np.array([[v.x], [v.y], [v.z]], np.float32)


def normalized(v: np.ndarray) -> np.ndarray:
    result: np.ndarray = v / np.sqrt((v * v).sum(axis=0))
    return result


def scene_reference(p: np.ndarray) -> np.ndarray:
    x, y, z = p
    d = y + 1
    for (cx, cy, cz), radius in SPHERES:
        s = np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) - radius
        k = np.clip(0.5 + 0.5 * (s - d) / MELT, 0, 1)
        d = s + (d - s) * k - MELT * k * (1 - k)
    return d


def shade(p: np.ndarray) -> np.ndarray:
    """Return the light from points of the surface."""
    n = np.zeros_like(p)
    for direction in PROBES:
        side = np.array(direction, np.float32)[:, None]
        n += side * scene_reference(p + PROBE * side)
    n = normalized(n)
    light = column(LIGHT)
    facing = np.maximum(0, (n * light).sum(axis=0))
    return 0.28 + 0.12 * n[1] + 0.85 * facing * brightness_reference(p + 0.01 * n, light)


def brightness_reference(start: np.ndarray, light: np.ndarray) -> np.ndarray:
    count = start.shape[1]
    rest = np.ones(count, np.float32)
    active, t = np.arange(count), np.full(count, 0.035, np.float32)
    for _ in range(SHADOW_STEPS):
        d = scene_reference(start[:, active] + light * t)
        rest[active] = np.minimum(rest[active], 12 * d / t)
        t += np.clip(d, 0.03, 0.6)
        keep = (rest[active] >= 0.005) & (t <= SHADOW_FAR)
        active, t = active[keep], t[keep]
    return np.clip(rest, 0, 1)


ROW = Row(
    name="sdf-march",
    summary="width x height rays marched through a distance field",
    sizes={
        "quick": {"width": 64, "height": 64},
        "bench": {"width": 512, "height": 512},
        "full": {"width": 1024, "height": 1024},
    },
    checksums={"quick": 6.18833063037, "bench": 6.18583799205, "full": 6.18606979874},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
)
