"""Settings read from the environment."""

from __future__ import annotations

import os


def verify_stages() -> bool:
    """Whether the typed program is checked after every stage (``GPUKERNEL_VERIFY=1``)."""
    return _is_set("GPUKERNEL_VERIFY")


def debug_everywhere() -> bool:
    """Whether every kernel made from now on is in debug mode (``GPUKERNEL_DEBUG=1``)."""
    return _is_set("GPUKERNEL_DEBUG")


def _is_set(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0")
