"""Optimizers by the names, defaults and formulas of Keras (of Keras 3 where versions differ).

Each updates a variable and its own state in one kernel; `base` says how.
"""

from __future__ import annotations

from gpukernel.nn.optimizers.adagrad import Adadelta, Adagrad
from gpukernel.nn.optimizers.adam import Adam, Adamax, AdamW
from gpukernel.nn.optimizers.base import Optimizer, get
from gpukernel.nn.optimizers.rmsprop import RMSprop
from gpukernel.nn.optimizers.sgd import SGD

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Optimizer", "RMSprop", "get"]
