"""What all tests share: the devices they run on, and the count of what could not run on ``gl``."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from functools import lru_cache

import pytest

from gpukernel.errors import DeviceError
from gpukernel.runtime import device as devices

os.environ["GPUKERNEL_VERIFY"] = "1"  # check the typed program after every stage

GL_SKIP = "no OpenGL:"  # how the reason of every skipped GL test begins


@lru_cache(maxsize=1)
def gl_problem() -> str:
    """Return why GL tests cannot run here, "" when they can."""
    if os.environ.get("GPUKERNEL_DEVICE") == "cpu":
        return f"{GL_SKIP} GPUKERNEL_DEVICE=cpu was set"
    try:
        devices.get_device("gl")
    except DeviceError as error:
        return f"{GL_SKIP} {error}"
    return ""


@pytest.fixture(autouse=True, scope="module")
def settled_heap() -> None:
    """Keep what earlier modules left out of the many collections that tests ask for."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def gl() -> devices.Device:
    """The gl device; the test is skipped where there is none."""
    if gl_problem():
        pytest.skip(gl_problem())
    return devices.get_device("gl")


@pytest.fixture(params=["cpu", "gl"])
def device(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of each device in turn, which is the current one during the test."""
    name: str = request.param
    if name == "gl" and gl_problem():
        pytest.skip(gl_problem())
    with devices.device(name):
        yield name


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud how many tests were not run for want of OpenGL."""
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if GL_SKIP in str(getattr(report, "longrepr", ""))
    ]
    if skipped:
        terminalreporter.write_sep("=", f"{len(skipped)} GL tests skipped: {gl_problem()}")
