"""A ray-marched scene of solids on a checkerboard, written as raymarch.png.

The shapes are signed distance functions: plain Python functions that say how far a point is from
a surface.  A ray is followed in steps of that length (J. C. Hart, "Sphere tracing", The Visual
Computer 12, 1996), which also gives soft shadows, ambient occlusion and mirror images.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np

import gpukernel as gk
from gpukernel import (
    clamp,
    dot,
    index,
    kernel,
    length,
    mix,
    normalize,
    reflect,
    smoothstep,
    vec2,
    vec3,
)

FAR = 60.0
STEPS = 96
BOUNCES = 2

# The direction towards each light, its colour, and the sharpness of its shadows.
LIGHTS = (
    ((0.85, 0.50, 0.22), (3.4, 2.2, 1.15), 8.0),
    ((-0.55, 0.50, -0.60), (0.25, 0.32, 0.60), 4.0),
)
# Centre and radius of the drops that melt into one another.
DROPS = (
    ((0.0, 0.62, 0.0), 0.62),
    ((0.52, 1.22, 0.10), 0.36),
    ((-0.42, 1.38, -0.06), 0.30),
    ((0.08, 1.92, 0.0), 0.20),
)
PEARLS = 18

GROUND, DROP, RING, BLOCK, PEARL = range(5)
# Colour and mirror strength of each material; the ground has its own colours.
MATERIALS = (
    ((0.0, 0.0, 0.0), 0.06),
    ((0.85, 0.05, 0.03), 0.08),
    ((0.75, 0.38, 0.06), 0.35),
    ((0.01, 0.20, 0.24), 0.08),
    ((0.75, 0.70, 0.66), 0.25),
)


# ---------------------------------------------------------------- shapes


def sphere(p, radius):
    return length(p) - radius


def torus(p, radius, thickness):
    return length(vec2(length(p.xy) - radius, p.z)) - thickness


def rounded_box(p, half, rounding):
    q = abs(p) - (half - rounding)
    inside = min(max(q.x, q.y, q.z), 0.0)
    return length(np.maximum(q, 0.0)) + inside - rounding


def turned(p, angle):
    """Return ``p`` turned about the vertical axis."""
    c = math.cos(angle)
    s = math.sin(angle)
    return vec3(c * p.x - s * p.z, p.y, s * p.x + c * p.z)


def smooth_union(a, b, blend):
    """Return the smaller distance, rounded off where the two differ by less than ``blend``."""
    overlap = max(blend - abs(a - b), 0.0) / blend
    return min(a, b) - 0.25 * blend * overlap * overlap


def drops(p):
    distance = FAR
    for centre, radius in DROPS:
        distance = smooth_union(distance, sphere(p - centre, radius), 0.35)
    return distance


def pearls(p):
    """A circle of small spheres: the plane is folded so that all of them are the same one."""
    sector = math.tau / PEARLS
    nearest = sector * round(math.atan2(p.z, p.x) / sector)
    q = turned(p, -nearest)
    return sphere(q - (1.55, 0.13, 0.0), 0.13)


def ring(p):
    return torus(turned(p - (-2.05, 0.86, 0.95), 0.55), 0.70, 0.16)


def block(p):
    return rounded_box(turned(p - (2.0, 0.55, 1.05), 0.6), vec3(0.55), 0.10)


def scene(p):
    """Return the distance to the nearest surface, and its material."""
    distance = p.y
    material = GROUND
    for other, of in ((drops(p), DROP), (ring(p), RING), (block(p), BLOCK), (pearls(p), PEARL)):
        if other < distance:
            distance, material = other, of
    return distance, material


# ---------------------------------------------------------------- light


def march(origin, direction):
    """Return how far a ray gets before it meets a surface, and the material; -1 for the sky."""
    travelled = 0.01
    for _ in range(STEPS):
        distance, material = scene(origin + travelled * direction)
        if distance < 0.0006 * travelled:
            return travelled, material
        travelled += distance
        if travelled > FAR:
            break
    return -1.0, GROUND


def normal_at(p):
    """Return the gradient of the distance, from the corners of a small tetrahedron."""
    total = vec3(0.0)
    for corner in ((1.0, -1.0, -1.0), (-1.0, -1.0, 1.0), (-1.0, 1.0, -1.0), (1.0, 1.0, 1.0)):
        distance, _ = scene(p + 0.0008 * vec3(corner))
        total += distance * vec3(corner)
    return normalize(total)


def shadow(p, towards, sharpness):
    """Return how much of a light is seen, from how closely its ray passes other surfaces."""
    seen = 1.0
    travelled = 0.02
    for _ in range(36):
        distance, _ = scene(p + travelled * towards)
        seen = min(seen, sharpness * distance / travelled)
        travelled += clamp(distance, 0.03, 0.35)
        if seen < 0.004 or travelled > 8.0:
            break
    return smoothstep(0.0, 1.0, seen)


def occlusion(p, normal):
    """Return how open the surroundings are: 1 in the open, less in corners and under things."""
    closed = 0.0
    weight = 1.0
    for step in range(1, 6):
        height = 0.09 * step
        distance, _ = scene(p + height * normal)
        closed += weight * max(height - distance, 0.0)
        weight *= 0.75
    return 1.0 / (1.0 + 4.0 * closed)


def sky(direction):
    """A clear evening: warm at the horizon, blue above, and a glow around the first light."""
    height = 1.0 - math.exp(-8.0 * max(direction.y, 0.0))
    colour = mix(vec3(0.95, 0.52, 0.30), vec3(0.05, 0.13, 0.36), height)
    towards, light, _ = LIGHTS[0]
    glow = max(dot(direction, normalize(vec3(towards))), 0.0)
    return colour + vec3(light) * (0.10 * glow**8 + 0.5 * glow**256)


def colour_at(p, material):
    if material != GROUND:
        return vec3(MATERIALS[material][0])
    is_even = (math.floor(p.x) + math.floor(p.z)) % 2 == 0
    return vec3(0.42, 0.38, 0.33) if is_even else vec3(0.02, 0.03, 0.05)


def shade(p, direction, normal, material):
    """Return the light that a surface sends back against the ray, mirror images aside."""
    albedo = colour_at(p, material)
    openness = occlusion(p, normal)
    ambient = mix(vec3(0.12, 0.08, 0.06), vec3(0.12, 0.17, 0.32), 0.5 + 0.5 * normal.y)
    total = albedo * ambient * openness
    for towards, light, sharpness in LIGHTS:
        to_light = normalize(vec3(towards))
        facing = dot(normal, to_light)
        if facing > 0.0:
            seen = shadow(p + 0.004 * normal, to_light, sharpness)
            halfway = normalize(to_light - direction)
            highlight = 0.6 * max(dot(normal, halfway), 0.0) ** 60
            total += vec3(light) * (seen * facing * (albedo + highlight))
    return total


def colour_along(origin, direction):
    """Return the colour seen along a ray, with what its surfaces mirror."""
    total = vec3(0.0)
    strength = 1.0
    for _ in range(BOUNCES):
        travelled, material = march(origin, direction)
        if travelled < 0.0:
            total += strength * sky(direction)
            return total
        p = origin + travelled * direction
        normal = normal_at(p)
        mirror = MATERIALS[material][1]
        grazing = (1.0 - abs(dot(normal, direction))) ** 5
        mirrored = mirror + (1.0 - mirror) * 0.6 * grazing
        haze = 1.0 - math.exp(-0.00004 * travelled**3)
        near = shade(p, direction, normal, material) * (1.0 - mirrored)
        total += strength * mix(near, sky(direction), haze)
        strength *= mirrored * (1.0 - haze)
        origin, direction = p + 0.003 * normal, reflect(direction, normal)
    return total + strength * sky(direction)


@kernel(shape=lambda width, samples: (width * 5 // 8, width))
def render(width, samples):
    """One pixel, RGB from 0 to 1: the mean of samples x samples rays."""
    i, j = index()
    height = width * 5 // 8
    eye = vec3(-1.7, 2.6, -6.0)
    forward = normalize(vec3(-0.05, 0.86, 0.0) - eye)
    right = normalize(vec3(forward.z, 0.0, -forward.x))
    up = gk.cross(forward, right)
    total = vec3(0.0)
    for down in range(samples):
        for across in range(samples):
            x = (2.0 * (j + (across + 0.5) / samples) - width) / height
            y = (height - 2.0 * (i + (down + 0.5) / samples)) / height
            colour = colour_along(eye, normalize(2.9 * forward + x * right + y * up))
            total += colour / (1.0 + 0.35 * colour)  # bright values are compressed ...
    return (1.35 * total / float(samples * samples)) ** (1.0 / 2.2)  # ... and encoded for a screen


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=480, help="width of the picture in pixels")
    parser.add_argument("--samples", type=int, default=2, help="rays a pixel, in each direction")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the picture")
    parser.add_argument("--device", help="gl or cpu (default: the best there is)")
    options = parser.parse_args(argv)

    with gk.device(options.device) if options.device else nullcontext():
        picture = render(options.size, options.samples)

    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "raymarch.png"
    picture.save(path)
    height, width, _ = picture.shape
    print(f"{width} x {height} pixels, {options.samples**2} rays each, on {picture.device}")
    print(f"picture: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
