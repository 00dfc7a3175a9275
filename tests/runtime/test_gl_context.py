"""The OpenGL context: who has it, what is sent to the driver when, and what others find after."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.runtime.gl_context import MANY_BYTES, GLContext
from gpukernel.runtime.gl_device import GLDevice


@kernel
def twice(a):
    return a[index()] * 2


@pytest.fixture
def flushes(gl: GLDevice, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows with each flush of the device's context."""
    seen: list[int] = []
    monkeypatch.setattr(gl._context, "_flush", lambda: seen.append(1))
    monkeypatch.setattr(gl._context, "_queued_bytes", 0)
    return seen


def test_small_launches_wait_for_more(gl: GLDevice, flushes: list[int]) -> None:
    small = gk.zeros(MANY_BYTES // 16, device="gl")
    for _ in range(3):
        twice(small, device="gl")
    assert not flushes
    twice(small, device="gl")
    assert len(flushes) == 1
    twice(small, device="gl")
    assert len(flushes) == 1


def test_a_large_launch_is_begun_at_once(gl: GLDevice, flushes: list[int]) -> None:
    twice(gk.zeros(MANY_BYTES // 4, device="gl"), device="gl")
    assert len(flushes) == 1


def test_a_wrapper_that_modern_gl_refuses_is_not_used(
    gl: GLDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    moderngl = importlib.import_module("moderngl")
    make = moderngl.create_context

    def refuses(**settings: Any) -> Any:
        if "context" in settings:
            raise ValueError("no such setting")
        return make(**settings)

    monkeypatch.setattr(moderngl, "create_context", refuses)
    made = GLContext()
    with made as context:
        assert context.version_code >= 330


def test_unread_launches_are_seen_by_other_threads(gl: GLDevice) -> None:
    with gk.device("gl"):
        result = twice(gk.array([1, 2, 3]))
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(twice(result, device="gl").tolist()))
    thread.start()
    thread.join(timeout=30)
    assert found == [[4, 8, 12]]


def test_another_context_of_the_thread_stays_current(gl: GLDevice) -> None:
    moderngl = importlib.import_module("moderngl")
    if gl._context._flush is None:
        pytest.skip("this driver flushes at each exit")
    theirs = moderngl.create_context(standalone=True, backend="egl")
    try:
        texture = theirs.texture((1, 1), 4, dtype="f4")
        framebuffer = theirs.framebuffer([texture])
        assert twice(np.array([1.5]), device="gl").tolist() == [3.0]
        framebuffer.clear(4.0, 3.0, 2.0, 1.0)  # goes to their context, which is current again
        assert twice(np.array([2.5]), device="gl").tolist() == [5.0]
        assert np.frombuffer(texture.read(), np.float32).tolist() == [4.0, 3.0, 2.0, 1.0]
    finally:
        theirs.__exit__(None, None, None)


def test_a_texture_that_was_just_freed_is_used_again(gl: GLDevice) -> None:
    with gk.device("gl"):
        a = gk.zeros((3, 5))
        twice(a)
        textures = gk.memory().textures
        for _ in range(20):
            result = twice(a)
        assert result.numpy().sum() == 0
        assert gk.memory().textures <= textures + 1
