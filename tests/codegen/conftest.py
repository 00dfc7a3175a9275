"""The device that shaders are run on."""

from __future__ import annotations

import pytest

from gpukernel.runtime.device import Device
from gpukernel.runtime.gl_device import GLDevice


@pytest.fixture
def device(gl: Device) -> GLDevice:
    """The gl device itself; the test is skipped where there is none."""
    assert isinstance(gl, GLDevice)
    return gl
