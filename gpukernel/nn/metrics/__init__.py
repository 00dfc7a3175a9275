"""Metrics, by Keras's names: numbers gathered over batches, on the device.

They are read back only by ``result()``; `by_name` finds them, `measuring` is what they are made of.
"""

from __future__ import annotations

from gpukernel.nn.metrics import by_name
from gpukernel.nn.metrics.by_name import *

__all__: list[str] = []
__all__ += by_name.__all__
