"""What tests and doctests share: which device is the current one when a test begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _pytest.doctest import DoctestItem

import gpukernel as gk
from gpukernel.runtime import device as devices


@pytest.fixture(autouse=True)
def default_device(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Begin every test with the default device, doctests with cpu; forget `use_device` after it.

    Without OpenGL the default is cpu by choice, so that its one warning is no error in every test.
    """
    usable = gk.devices()
    monkeypatch.setattr(devices, "_chosen", [] if "gl" in usable else [devices.get_device("cpu")])
    if isinstance(request.node, DoctestItem):
        with gk.device("cpu"):
            yield
    else:
        yield
