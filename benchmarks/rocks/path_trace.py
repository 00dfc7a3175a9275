"""path-trace: two spheres on a plane under a bright sky, by following light backwards.

Every pass adds four samples a pixel to the picture of the pass before, which starts black.  A
sample is a path of at most three bounces.  There are no inputs; the sum of all passes is read.
"""

from __future__ import annotations

import math

import numpy as np

import gpukernel as gk
from benchmarks.rocks.generator import draw, start_generator
from benchmarks.rocks.row import Inputs, Row, mean_weighted
from gpukernel import index, kernel, vec3

SPHERES = (  # centre, radius, albedo
    ((-0.95, 0.9, -0.15), 0.9, 0.8),
    ((0.95, 0.55, 0.8), 0.55, 0.32),
)
GROUND_ALBEDO = 0.58
SUN = vec3(0.3612, 0.8028, 0.4737)
PASSES, SAMPLES, BOUNCES, TRIES = 8, 4, 3, 8
NEAR, FAR = 1e-4, 1e9
LIFT = 0.001  # how far above a surface a path goes on
ZOOM = 0.42

EYE = vec3(0.0, 1.15, 4.0)
FORWARD = gk.normalize(vec3(0.0, 0.72, 0.0) - EYE)
RIGHT = vec3(1.0, 0.0, 0.0)
UP = vec3(0.0, -FORWARD.z, FORWARD.y)


def sky(direction):
    sun = max(0.0, gk.dot(direction, SUN))
    return 0.18 + 0.42 * max(0.0, direction.y) + 3.0 * sun**8


def hit_sphere(origin, direction, centre, radius):
    """Return how far away a ray meets a sphere, FAR if it does not."""
    offset = origin - centre
    b = gk.dot(offset, direction)
    inside = b * b - (gk.dot(offset, offset) - radius * radius)
    if inside <= 0.0:
        return FAR
    t = -b - math.sqrt(inside)
    if t <= NEAR:
        t = -b + math.sqrt(inside)
    return t if t > NEAR else FAR


def nearest(origin, direction):
    """Return the distance, the normal and the albedo of what a ray meets first."""
    best = FAR
    normal = vec3(0.0, 1.0, 0.0)
    albedo = GROUND_ALBEDO
    if direction.y < -NEAR and -origin.y / direction.y > NEAR:
        best = -origin.y / direction.y
    for centre, radius, reflected in SPHERES:
        t = hit_sphere(origin, direction, centre, radius)
        if t < best:
            best = t
            normal = (origin + t * direction - centre) / radius
            albedo = reflected
    return best, normal, albedo


def draw_signed(state):
    return (draw(state) + 0.5) / 4096.0 * 2.0 - 1.0


def scatter(state, normal):
    """Return a random direction away from a surface, most often along its normal."""
    x = 0.0
    y = 0.0
    for _ in range(TRIES):
        u = draw_signed(state)
        v = draw_signed(state)
        if u * u + v * v < 1.0:
            x = u
            y = v
            break
    z = math.sqrt(max(0.0, 1.0 - x * x - y * y))
    sign = 1.0 if normal.z >= 0.0 else -1.0
    a = -1.0 / (sign + normal.z)
    b = normal.x * normal.y * a
    tangent = vec3(1.0 + sign * normal.x * normal.x * a, sign * b, -sign * normal.x)
    bitangent = vec3(b, sign + normal.y * normal.y * a, -normal.y)
    return x * tangent + y * bitangent + z * normal


def follow(state, direction):
    """Return the light that comes from a direction to the eye."""
    origin = EYE
    throughput = 1.0
    for _ in range(BOUNCES):
        t, normal, albedo = nearest(origin, direction)
        if t == FAR:
            return throughput * sky(direction)
        throughput *= albedo
        origin = origin + t * direction + LIFT * normal
        direction = scatter(state, normal)
    return 0.0


@kernel
def add_samples(picture, number):
    i, j = index()
    height, width = picture.shape
    state = start_generator((i * width + j) * PASSES + number)
    total = 0.0
    for _ in range(SAMPLES):
        x = (j + (draw(state) + 0.5) / 4096.0) / width * 2.0 - 1.0
        y = 1.0 - (i + (draw(state) + 0.5) / 4096.0) / height * 2.0
        total += follow(state, gk.normalize(FORWARD + x * ZOOM * RIGHT + y * ZOOM * UP))
    return picture[i, j] + total


def make_inputs(width: int, height: int) -> Inputs:
    return {}


def run(width: int, height: int) -> np.ndarray:
    picture = gk.zeros((height, width))
    for number in range(PASSES):
        picture = add_samples(picture, number)
    return picture.numpy()


# In NumPy, points are arrays of shape (3, count), and generators lists of four arrays.


def reference(width: int, height: int) -> np.ndarray:
    pixel = np.arange(width * height, dtype=np.int32)
    picture = np.zeros(width * height, np.float32)
    for number in range(PASSES):
        state = start_generator(pixel * PASSES + number)
        for _ in range(SAMPLES):
            x = (pixel % width + unit(draw(state))) / width * 2 - 1
            y = 1 - (pixel // width + unit(draw(state))) / height * 2
            ray = column(FORWARD) + ZOOM * (x * column(RIGHT) + y * column(UP))
            ray /= np.sqrt((ray * ray).sum(axis=0))
            picture += follow_reference(state, ray.astype(np.float32))
    return picture.reshape(height, width)


def unit(draws: np.ndarray) -> np.ndarray:
    return (draws.astype(np.float32) + 0.5) / 4096


def column(v: vec3) -> np.ndarray:
    return np.array([[v.x], [v.y], [v.z]], np.float32)


def follow_reference(state: list[np.ndarray], direction: np.ndarray) -> np.ndarray:
    """Follow only the paths that have met something; their generators alone go on."""
    count = direction.shape[1]
    total, throughput = np.zeros(count, np.float32), np.ones(count, np.float32)
    active, origin = np.arange(count), np.broadcast_to(column(EYE), (3, count))
    for _ in range(BOUNCES):
        t, normal, albedo = nearest_reference(origin, direction)
        hit = t < FAR
        total[active[~hit]] = throughput[~hit] * sky_reference(direction[:, ~hit])
        active, throughput, normal = active[hit], (throughput * albedo)[hit], normal[:, hit]
        origin = origin[:, hit] + t[hit] * direction[:, hit] + LIFT * normal
        direction = scatter_reference(state, active, normal)
    return total


def sky_reference(direction: np.ndarray) -> np.ndarray:
    sun = np.maximum(0, (direction * column(SUN)).sum(axis=0))
    return 0.18 + 0.42 * np.maximum(0, direction[1]) + 3 * ((sun**2) ** 2) ** 2


def nearest_reference(
    origin: np.ndarray, direction: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = direction.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = -origin[1] / direction[1]
    best = np.where((direction[1] < -NEAR) & (t > NEAR), t, np.float32(FAR))
    normal = np.zeros((3, count), np.float32)
    normal[1] = 1
    albedo = np.full(count, GROUND_ALBEDO, np.float32)
    for centre, radius, reflected in SPHERES:
        middle = np.array(centre, np.float32)[:, None]
        offset = origin - middle
        b = (offset * direction).sum(axis=0)
        inside = b * b - ((offset * offset).sum(axis=0) - radius * radius)
        root = np.sqrt(np.maximum(0, inside))
        t = np.where(-b - root <= NEAR, -b + root, -b - root)
        closer = (inside > 0) & (t > NEAR) & (t < best)
        point = origin[:, closer] + t[closer] * direction[:, closer]
        best[closer] = t[closer]
        normal[:, closer] = (point - middle) / radius
        albedo[closer] = reflected
    return best, normal, albedo


def scatter_reference(
    state: list[np.ndarray], active: np.ndarray, normal: np.ndarray
) -> np.ndarray:
    x, y = disc_points(state, active)
    z = np.sqrt(np.maximum(0, 1 - x * x - y * y))
    nx, ny, nz = normal
    sign = np.where(nz >= 0, np.float32(1), np.float32(-1))
    a = -1 / (sign + nz)
    b = nx * ny * a
    tangent = np.stack((1 + sign * nx * nx * a, sign * b, -sign * nx))
    bitangent = np.stack((b, sign + ny * ny * a, -ny))
    result: np.ndarray = x * tangent + y * bitangent + z * normal
    return result


def disc_points(state: list[np.ndarray], active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a random point of the unit disc for every active generator; 0 if all tries fail."""
    x, y = np.zeros(active.size, np.float32), np.zeros(active.size, np.float32)
    needed = np.arange(active.size)
    for _ in range(TRIES):
        cells = active[needed]
        mine = [part[cells] for part in state]
        u, v = unit(draw(mine)) * 2 - 1, unit(draw(mine)) * 2 - 1
        for part, drawn in zip(state, mine):
            part[cells] = drawn
        found = u * u + v * v < 1
        x[needed[found]], y[needed[found]] = u[found], v[found]
        needed = needed[~found]
    return x, y


ROW = Row(
    name="path-trace",
    summary="four paths a pixel and pass, width x height pixels",
    sizes={
        "quick": {"width": 32, "height": 32},
        "bench": {"width": 256, "height": 256},
        "full": {"width": 512, "height": 512},
    },
    checksums={"quick": 3.49167561922, "bench": 3.51545588365, "full": 3.51554070762},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=lambda picture: mean_weighted(picture) / (PASSES * SAMPLES),
)
