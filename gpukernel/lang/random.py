"""``random()``, ``randint()`` and ``normal()``, and the seeds of launches.

Inside a kernel the compiler gives the three their meaning: see `random_rows`.  Under plain Python
they work only while ``kernel.at(position, ...)`` runs, and give what the devices give there.
"""

from __future__ import annotations

import operator
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpukernel.errors import KernelError, KernelOverflowError, KernelTypeError
from gpukernel.lang.random_rows import (
    RANDOM_BITS,
    RANDOM_FLOAT,
    RANDOM_INT,
    RANDOM_NORMAL,
    threefry,
)

_WORD = 2**32


def random() -> float:
    """Return a random float, uniform in [0, 1): one of the 2**24 multiples of 2**-24.

    The number depends on the launch's seed, on the cell, and on how many numbers the invocation
    has drawn before it; it has the same bits on every device.

    Example:
        >>> import gpukernel as gk
        >>> @gk.kernel(shape=(1000,))
        ... def noise():
        ...     return gk.random()
        >>> x = noise(seed=1, device="cpu").numpy()
        >>> bool(x.min() >= 0.0 and x.max() < 1.0)
        True
    """
    return float(RANDOM_FLOAT.overloads[0].numpy(_draw("random")))


def randint(low: int, high: int) -> int:
    """Return a random int of ``low, ..., high - 1``; ``low`` itself when there is none.

    No int is likelier than another by more than one part in 2**32.

    Example:
        >>> import gpukernel as gk
        >>> @gk.kernel(shape=(1000,))
        ... def dice():
        ...     return gk.randint(1, 7)
        >>> sorted(set(dice(seed=1, device="cpu").tolist()))
        [1, 2, 3, 4, 5, 6]
    """
    ends = [
        np.int32((operator.index(end) + _WORD // 2) % _WORD - _WORD // 2) for end in (low, high)
    ]
    return int(RANDOM_INT.overloads[0].numpy(_draw("randint"), *ends))


def normal() -> float:
    """Return a random float of the standard normal distribution: mean 0, standard deviation 1.

    One of 2**32 quantiles, evenly likely, each within 4e-7; the farthest are at -6.34 and 6.34.

    Example:
        >>> import gpukernel as gk
        >>> @gk.kernel(shape=(10000,))
        ... def noise():
        ...     return gk.normal()
        >>> x = noise(seed=1, device="cpu").numpy()
        >>> bool(abs(x.mean()) < 0.05 and abs(x.std() - 1.0) < 0.05)
        True
    """
    return float(RANDOM_NORMAL.overloads[0].numpy(_draw("normal")))


# ---------------------------------------------------------------- one invocation under CPython


@dataclass
class _Invocation:
    """What the draws of one cell depend on."""

    seed: tuple[int, int]
    cell: int
    draws: int = 0


_invocation: ContextVar[_Invocation | None] = ContextVar("invocation", default=None)


@contextmanager
def at_seed(seed: int, cell: int) -> Iterator[None]:
    """Give the draws of the code run inside their values.

    Args:
        seed: the launch's seed, as in `split_seed`.
        cell: the row-major number of the cell in the grid.
    """
    token = _invocation.set(_Invocation(split_seed(seed), cell % _WORD))
    try:
        yield
    finally:
        _invocation.reset(token)


def _draw(name: str) -> Any:
    """Return the next 32 random bits of this invocation as a NumPy scalar."""
    invocation = _invocation.get()
    if invocation is None:
        raise KernelError(
            f"{name}() has a value only inside a kernel\n"
            "hint: launch the kernel, or run one cell of it in Python with kernel.at(index, ...)"
        )
    words = (*invocation.seed, invocation.cell, invocation.draws % _WORD)
    invocation.draws += 1
    return RANDOM_BITS.overloads[0].numpy(*(np.uint32(word) for word in words))


# ---------------------------------------------------------------- seeds of launches


def split_seed(value: Any) -> tuple[int, int]:
    """Return the low and the high 32 bits of a seed.

    Raises:
        KernelTypeError: it is not an int.
        KernelOverflowError: it is not one of 0 to 2**64 - 1.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise KernelTypeError(
            f"the seed is a {type(value).__name__}, but seeds are ints\n"
            "hint: give seed= an int from 0 to 2**64 - 1, such as seed=1"
        ) from None
    if not 0 <= number < _WORD**2:
        raise KernelOverflowError(
            f"the seed is {number}, but seeds go from 0 to 2**64 - 1\n"
            f"hint: take it modulo 2**64, which is {number % _WORD**2}"
        )
    return number % _WORD, number // _WORD


class _Seeds:
    """The stream of seeds for launches that name none: blocks of the generator, by launch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.restart(int.from_bytes(os.urandom(8), "little"))

    def restart(self, value: Any) -> None:
        key = split_seed(value)
        with self._lock:
            self._key = key
            self._launches = 0

    def next(self) -> int:
        with self._lock:
            key, launch = self._key, self._launches
            self._launches += 1
        words = (*key, *split_seed(launch % _WORD**2))
        low, high = threefry(*(np.uint32(word) for word in words))
        return int(low) + _WORD * int(high)


_seeds = _Seeds()


def seed(value: int) -> None:
    """Make the launches that follow, and that name no seed, draw the same numbers each time.

    Args:
        value: an int from 0 to 2**64 - 1.  Until the first call a random one is in force.

    Example:
        >>> import gpukernel as gk
        >>> @gk.kernel(shape=(3,))
        ... def noise():
        ...     return gk.random()
        >>> gk.seed(7)
        >>> first, second = noise(device="cpu").tolist(), noise(device="cpu").tolist()
        >>> gk.seed(7)
        >>> first == noise(device="cpu").tolist(), first == second
        (True, False)
    """
    _seeds.restart(value)


def next_seed() -> int:
    """Return the seed of a launch that names none: the next of a stream of 64-bit numbers."""
    return _seeds.next()
