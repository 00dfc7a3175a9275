"""Some rows with Numba: loops compiled for the CPU, on all its cores."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from benchmarks.rocks.peers import Runs


@njit(parallel=True)
def matmul(a, b, n):
    result = np.zeros((n, n), np.float32)
    for i in prange(n):
        for k in range(n):
            for j in range(n):
                result[i, j] += a[i, k] * b[k, j]
    return result


@njit(parallel=True, fastmath=True)
def nbody(x, y, z, mass, n):
    result = np.empty(n, np.float32)
    for i in prange(n):
        ax = ay = az = np.float32(0)
        for j in range(n):
            dx, dy, dz = x[j] - x[i], y[j] - y[i], z[j] - z[i]
            square = dx * dx + dy * dy + dz * dz + np.float32(0.01)
            strength = mass[j] / (square * math.sqrt(square))
            ax += dx * strength
            ay += dy * strength
            az += dz * strength
        result[i] = math.sqrt(ax * ax + ay * ay + az * az)
    return result


@njit(parallel=True)
def blur_separable(img, width, height):
    rows = np.empty_like(img)
    for y in prange(height):
        for x in range(width):
            total = np.float32(0)
            for d in range(-8, 9):
                total += img[y, min(max(x + d, 0), width - 1)]
            rows[y, x] = total / np.float32(17)
    result = np.empty_like(img)
    for y in prange(height):
        for x in range(width):
            total = np.float32(0)
            for d in range(-8, 9):
                total += rows[min(max(y + d, 0), height - 1), x]
            result[y, x] = total / np.float32(17)
    return result


@njit(parallel=True)
def heat(start, n, steps):
    now, following = start.copy(), start.copy()
    for _ in range(steps):
        for i in prange(1, n - 1):
            for j in range(1, n - 1):
                around = now[i - 1, j] + now[i + 1, j] + now[i, j - 1] + now[i, j + 1]
                following[i, j] = now[i, j] + np.float32(0.2) * (around - 4 * now[i, j])
        now, following = following, now
    return now


@njit(parallel=True)
def gradient_descent(x0, y0, starts):
    result = np.empty_like(x0)
    one, half = np.float32(1), np.float32(0.5)
    step = np.float32(1 / 256)
    for i in prange(starts):
        x, y = x0[i], y0[i]
        for _ in range(256):
            xx, yy = x * x, y * y
            x -= x * (one + half * yy) * step
            y -= y * (2 * one + half * xx) * step
        result[i] = half * (x * x + 2 * y * y) + half * half * x * x * y * y
    return result


@njit(parallel=True)
def escape_time(width, height):
    result = np.empty((height, width), np.float32)
    scale = np.float32(3.2 / width)
    cx, cy = np.float32(-0.7269), np.float32(0.1889)
    for i in prange(height):
        for j in range(width):
            x, y = np.float32(j - width / 2) * scale, np.float32(i - height / 2) * scale
            steps = 0
            size = x * x + y * y
            while steps < 100 and size <= 4096:
                x, y = x * x - y * y + cx, 2 * x * y + cy
                size = x * x + y * y
                steps += 1
            if steps < 100:
                result[i, j] = steps + 1 - math.log2(0.5 * math.log(size))
            else:
                result[i, j] = 100
    return result


RUNS: Runs = {
    "matmul": matmul,
    "nbody": nbody,
    "blur-separable": blur_separable,
    "heat": heat,
    "gradient-descent": gradient_descent,
    "escape-time": escape_time,
}
