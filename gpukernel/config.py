"""Settings read from the environment."""

from __future__ import annotations

import os


def verify_stages() -> bool:
    """Whether the typed program is checked after every stage (``GPUKERNEL_VERIFY=1``)."""
    return os.environ.get("GPUKERNEL_VERIFY", "") not in ("", "0")
