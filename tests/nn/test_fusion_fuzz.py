"""Random programs of tensor operations against NumPy in float64, and their gradients.

``GPUKERNEL_NN_FUZZ=500`` runs that many programs of each kind instead of a few, from the seed
``GPUKERNEL_NN_FUZZ_SEED``.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.nn.check_grad import PRECISE
from tests.nn.random_programs import Program, generate

FIRST = int(os.environ.get("GPUKERNEL_NN_FUZZ_SEED", "0"))
COUNT = int(os.environ.get("GPUKERNEL_NN_FUZZ", "0"))
SEEDS = range(FIRST, FIRST + (COUNT or 3))
GRADIENT_SEEDS = range(FIRST, FIRST + (COUNT or 4))
SECOND_SEEDS = range(FIRST, FIRST + (COUNT or 1))
STEP = 1e-6  # of central differences in float64


def check(program: Program, place: int, found: nn.Tensor, wanted: np.ndarray, tol: float) -> None:
    kinds = {"f": "float32", "i": "int32", "b": "bool"}
    told = f"result {place} of\n{program.text()}"
    assert found.shape == wanted.shape, told
    assert found.dtype.name == kinds[wanted.dtype.kind], told
    if wanted.dtype.kind == "f":
        np.testing.assert_allclose(found.numpy(), wanted, rtol=tol, atol=tol, err_msg=told)
    else:
        np.testing.assert_array_equal(found.numpy(), wanted, err_msg=told)


def run_in_random_order(seed: int, device: str, tolerance: float) -> None:
    """Drop results and ask for others at random times, the rest at the end."""
    program, random = generate(seed, 25), np.random.default_rng(seed + 1)
    wanted = program.arrays(program.leaves)
    last = {place: at for at, step in enumerate(program.steps) for place in step.places}
    with gk.device(device):
        found: list[nn.Tensor | None] = [nn.tensor(x) for x in program.leaves]
        for at, step in enumerate(program.steps):
            found.append(step.tensors(*[found[place] for place in step.places]))
            for place in step.places:
                if last[place] == at and random.random() < 0.6:
                    found[place] = None
            if random.random() < 0.1:
                ask(program, found, wanted, int(random.integers(len(found))), tolerance)
        for place in random.permutation(len(found)):
            ask(program, found, wanted, int(place), tolerance)
            found[place] = None


def ask(
    program: Program,
    found: list[nn.Tensor | None],
    wanted: list[np.ndarray],
    place: int,
    tolerance: float,
) -> None:
    result = found[place]
    if result is not None:
        check(program, place, result, wanted[place], tolerance)


@pytest.mark.parametrize("seed", SEEDS)
def test_values_in_any_order_of_evaluation(seed: int, device: str) -> None:
    run_in_random_order(seed, device, 2e-3)
    if device == "cpu":
        run_in_random_order(seed, PRECISE, 1e-9)


# ---------------------------------------------------------------- gradients


class Loss:
    """A weighted sum of sines of some float results, as a function of some float leaves."""

    def __init__(self, seed: int, length: int) -> None:
        random = np.random.default_rng(seed + 1)
        self.program = generate(seed, length)
        results = self.program.arrays(self.program.leaves)
        first = len(self.program.leaves)
        able = [p for p, x in enumerate(results) if x.dtype.kind == "f" and p >= first][-10:]
        count = min(3, len(able))
        self.picks = [int(p) for p in random.choice(able, count, replace=False)] if able else []
        self.weights = [random.uniform(0.5, 1.5, results[p].shape) for p in self.picks]
        self.leaves = [
            x.astype(np.float64) if x.dtype.kind == "f" else x for x in self.program.leaves
        ]
        self.places = [p for p, x in enumerate(self.leaves) if x.dtype.kind == "f"]
        self.places = [p for p in self.places if random.random() < 0.8] or self.places[:1]
        self.directions = [random.normal(size=self.leaves[p].shape) for p in self.places]

    def moved(self, step: float) -> list[np.ndarray]:
        leaves = list(self.leaves)
        for place, direction in zip(self.places, self.directions):
            leaves[place] = leaves[place] + step * direction
        return leaves

    def value(self, step: float) -> float:
        found = self.program.arrays(self.moved(step))
        return sum(float((np.sin(found[p]) * w).sum()) for p, w in zip(self.picks, self.weights))

    def gradients(self, device: str, step: float = 0.0, order: int = 1) -> list[np.ndarray]:
        """Return the gradient, or with ``order=2`` that of its product with the directions."""
        with gk.device(device):
            tensors = [nn.tensor(x) for x in self.moved(step)]

            def loss(*given: nn.Tensor) -> nn.Tensor:
                leaves = list(tensors)
                for place, x in zip(self.places, given):
                    leaves[place] = x
                found = self.program.tensors(leaves)
                parts = [
                    (nn.sin(found[p]) * nn.tensor(w)).sum()
                    for p, w in zip(self.picks, self.weights)
                ]
                total: nn.Tensor = nn.stack(parts).sum()
                return total

            argnums = tuple(range(len(self.places)))

            def slope(*given: nn.Tensor) -> nn.Tensor:
                found = nn.grad(loss, argnums)(*given)
                parts = [(g * nn.tensor(d)).sum() for g, d in zip(found, self.directions)]
                total: nn.Tensor = nn.stack(parts).sum()
                return total

            found = nn.grad(loss if order == 1 else slope, argnums)(
                *[tensors[place] for place in self.places]
            )
            return [g.numpy().astype(np.float64) for g in found]


def size_of(*arrays: np.ndarray) -> float:
    return 1 + sum(float(np.abs(x).max(initial=0)) for x in arrays)


def check_close(
    found: list[np.ndarray], wanted: list[np.ndarray], tolerance: float, told: str
) -> None:
    for x, y in zip(found, wanted):
        assert x.shape == y.shape
        assert np.abs(x - y).max(initial=0) <= tolerance * size_of(y), told


@pytest.mark.parametrize("seed", GRADIENT_SEEDS)
def test_gradients(seed: int, device: str) -> None:
    loss = Loss(seed, 8 if COUNT == 0 else 14)
    if not loss.picks:
        return
    precise, told = loss.gradients(PRECISE), loss.program.text()
    along = [g * d for g, d in zip(precise, loss.directions)]
    slopes = [(loss.value(h) - loss.value(-h)) / (2 * h) for h in (STEP, STEP / 7)]
    errors = [abs(slope - sum(float(x.sum()) for x in along)) for slope in slopes]
    assert min(errors) <= 1e-5 * (1 + sum(float(np.abs(x).sum()) for x in along)), told
    check_close(loss.gradients(device), precise, 5e-3, told)


@pytest.mark.parametrize("seed", SECOND_SEEDS)
def test_gradients_of_gradients(seed: int, device: str) -> None:
    loss = Loss(seed, 5)
    if not loss.picks:
        return
    precise, told = loss.gradients(PRECISE, order=2), loss.program.text()
    ends = zip(loss.gradients(PRECISE, STEP), loss.gradients(PRECISE, -STEP))
    check_close(precise, [(x - y) / (2 * STEP) for x, y in ends], 1e-4, told)
    check_close(loss.gradients(device, order=2), precise, 2e-2, told)
