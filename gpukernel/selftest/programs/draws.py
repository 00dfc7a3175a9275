"""Random numbers: the same bits on a device as under CPython."""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from gpukernel import index
from gpukernel.selftest.check import Group

draws = Group("random")

SEED = 2**40 + 17


@draws.program(shape=(5, 9), seed=SEED)
def uniform():
    return gk.random()


@draws.program(shape=(5, 9), seed=SEED)
def ints():
    return gk.randint(-5, 6), gk.randint(0, 2), gk.randint(-(2**31), 2**31 - 1)


@draws.program(shape=67, seed=3)
def normal():
    return gk.normal()


def die(sides):
    return gk.randint(1, sides + 1)


@draws.program(shape=67, seed=5)
def drawn_in_branches_and_loops():
    total = 0
    for _ in range(index() % 4):
        total += die(6)
    if total > 8:
        total += 100 * die(20)
    return total * 1000 + die(1000) - 1


@draws.program(shape=67, seed=2**64 - 1)
def drawn_until():
    n = 1
    while gk.random() < 0.75:
        n += 1
    return n


@draws.program(shape=(3, 4, 5), seed=0)
def of_three_axes():
    return gk.random() + gk.random()


@draws.trial
def seed_of_all_launches(device):
    made = gk.kernel(uniform)
    gk.seed(7)
    first = made(shape=21, device=device).numpy()
    second = made(shape=21, device=device).numpy()
    gk.seed(7)
    again = made(shape=21, device=device).numpy()
    return (again, bool(np.array_equal(first, second))), (first, False)


GROUPS = (draws,)
