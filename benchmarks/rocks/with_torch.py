"""Some rows with PyTorch: on a CUDA GPU if there is one, else on the CPU."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from benchmarks.rocks.peers import Runs

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def upload(a: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(a).to(DEVICE)


def download(a: torch.Tensor) -> np.ndarray:
    result: np.ndarray = a.cpu().numpy()
    return result


def matmul(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    return download(upload(a) @ upload(b))


def blur_separable(img: np.ndarray, width: int, height: int) -> np.ndarray:
    planes = functional.pad(upload(img)[None, None], (8, 8, 8, 8), mode="replicate")
    rows = functional.avg_pool2d(planes, (1, 17), stride=1)
    return download(functional.avg_pool2d(rows, (17, 1), stride=1)[0, 0])


def heat(start: np.ndarray, n: int, steps: int) -> np.ndarray:
    now = upload(start).clone()
    for _ in range(steps):
        inner = now[1:-1, 1:-1]
        around = now[:-2, 1:-1] + now[2:, 1:-1] + now[1:-1, :-2] + now[1:-1, 2:]
        inner += 0.2 * (around - 4 * inner)
    return download(now)


def gradient_descent(x0: np.ndarray, y0: np.ndarray, starts: int) -> np.ndarray:
    x, y = upload(x0).clone(), upload(y0).clone()
    for _ in range(256):
        xx, yy = x * x, y * y
        x -= x * (1 + 0.5 * yy) / 256
        y -= y * (2 + 0.5 * xx) / 256
    xx, yy = x * x, y * y
    return download(0.5 * (xx + 2 * yy) + 0.25 * xx * yy)


RUNS: Runs = {
    "matmul": matmul,
    "blur-separable": blur_separable,
    "heat": heat,
    "gradient-descent": gradient_descent,
}
