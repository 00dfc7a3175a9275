"""The device that shaders are run on, and the ways they are made."""

from __future__ import annotations

import pytest

from gpukernel.runtime.device import Device
from gpukernel.runtime.gl_device import GLDevice
from tests.codegen.running import WAYS


@pytest.fixture
def device(gl: Device) -> GLDevice:
    """The gl device itself; the test is skipped where there is none."""
    assert isinstance(gl, GLDevice)
    return gl


@pytest.fixture(params=WAYS)
def optimize(request: pytest.FixtureRequest) -> frozenset[str]:
    """The optimisations of each way to build a program in turn."""
    return WAYS[request.param]
