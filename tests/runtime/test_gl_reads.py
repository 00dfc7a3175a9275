"""Values that are read while the driver still draws: textures have more than one life."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.runtime.device import Device

SHAPES = [(400, 400), (397, 401)]


@kernel
def twice(a):
    return a[index()] * 2.0


@kernel
def half_and_one(a, times):
    x = a[index()]
    for _ in range(times):
        x = x * 0.5 + 1.0
    return x


READS: dict[str, Callable[[gk.Array], np.ndarray]] = {
    "numpy": lambda array: array.numpy(),
    "async": lambda array: array.numpy_async().result(),
    "copy": lambda array: array.copy().numpy(),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_texture_that_was_an_input_before(
    gl: Device, read: Callable[[gk.Array], np.ndarray], shape: tuple[int, int]
) -> None:
    """The new array is drawn slowly into what an earlier draw read from."""
    with gk.device("gl"):
        ones, small = gk.ones(shape), gk.ones((8, 8))
        gk.synchronize()
        for _ in range(10):
            given = gk.full(shape, 7.0)
            doubled = twice(given)
            given.release()
            drawn = half_and_one(ones, 2000)
            twice(small)  # another framebuffer: the driver asks what it still has to do
            values = read(drawn)
            assert ((values >= 1.0) & (values <= 2.0)).all()
            del doubled, drawn
