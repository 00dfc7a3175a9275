"""Losses, by Keras's names: objects in `classes`, functions of samples in the other files.

Called ``(y_true, y_pred, sample_weight=None)`` an object gives a single float; a function
``(y_true, y_pred)`` gives the loss of every sample.
"""

from __future__ import annotations

from gpukernel.nn.losses import classes
from gpukernel.nn.losses.classes import *

__all__: list[str] = []
__all__ += classes.__all__
