"""Some rows with Taichi: on a CUDA GPU if there is one, else on the CPU."""

# No `annotations` from the future here: Taichi reads those of its kernels.

from typing import TYPE_CHECKING, Any

import numpy as np
import taichi as ti

from benchmarks.rocks.peers import Runs

ti.init(arch=ti.cuda, log_level=ti.ERROR, verbose=False, offline_cache=False)

if TYPE_CHECKING:
    Field = Any
else:
    Field = ti.types.ndarray()


@ti.kernel
def multiply(a: Field, b: Field, result: Field):
    for i, j in result:
        total = 0.0
        for k in range(a.shape[1]):
            total += a[i, k] * b[k, j]
        result[i, j] = total


def matmul(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    result = np.empty((n, n), np.float32)
    multiply(a, b, result)
    return result


@ti.kernel
def blur(img: Field, dy: int, dx: int, result: Field):
    height, width = img.shape[0], img.shape[1]
    for y, x in result:
        total = 0.0
        for d in range(-8, 9):
            row = ti.min(ti.max(y + d * dy, 0), height - 1)
            col = ti.min(ti.max(x + d * dx, 0), width - 1)
            total += img[row, col]
        result[y, x] = total / 17.0


def blur_separable(img: np.ndarray, width: int, height: int) -> np.ndarray:
    source, rows = ti.ndarray(ti.f32, (height, width)), ti.ndarray(ti.f32, (height, width))
    source.from_numpy(img)
    blur(source, 0, 1, rows)
    blur(rows, 1, 0, source)
    result: np.ndarray = source.to_numpy()
    return result


@ti.kernel
def julia(result: Field):
    height, width = result.shape[0], result.shape[1]
    for i, j in result:
        x = (j - width / 2) * (3.2 / width)
        y = (i - height / 2) * (3.2 / width)
        steps = 0
        size = x * x + y * y
        while steps < 100 and size <= 4096.0:
            x, y = x * x - y * y - 0.7269, 2.0 * x * y + 0.1889
            size = x * x + y * y
            steps += 1
        if steps < 100:
            result[i, j] = steps + 1 - ti.log(0.5 * ti.log(size)) * 1.4426950408889634
        else:
            result[i, j] = 100.0


def escape_time(width: int, height: int) -> np.ndarray:
    result = np.empty((height, width), np.float32)
    julia(result)
    return result


RUNS: Runs = {
    "matmul": matmul,
    "blur-separable": blur_separable,
    "escape-time": escape_time,
}
