"""The OpenGL context: launches that nobody has read yet, and textures that are free again."""

from __future__ import annotations

import threading
from typing import Any

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.runtime.gl_device import GLDevice


@kernel
def twice(a):
    return a[index()] * 2


def test_unread_launches_are_seen_by_other_threads(gl: GLDevice) -> None:
    with gk.device("gl"):
        result = twice(gk.array([1, 2, 3]))
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(twice(result, device="gl").tolist()))
    thread.start()
    thread.join(timeout=30)
    assert found == [[4, 8, 12]]


def test_a_texture_that_was_just_freed_is_used_again(gl: GLDevice) -> None:
    with gk.device("gl"):
        a = gk.zeros((3, 5))
        twice(a)
        textures = gk.memory().textures
        for _ in range(20):
            result = twice(a)
        assert result.numpy().sum() == 0
        assert gk.memory().textures <= textures + 1
