"""Tensors, gradients and neural networks, on compiled kernels.

`tensor` makes tensors, the functions of this namespace compute with them, and `grad`
differentiates.  `Sequential` strings `layers` together and trains them with `losses`,
`optimizers` and `metrics`.  The public operations are listed in the files of `ops`.
"""

from __future__ import annotations

from gpukernel.nn import (
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    regularizers,
    schedules,
)
from gpukernel.nn.autodiff import (
    custom_grad,
    grad,
    no_grad,
    stop_gradient,
    value_and_grad,
    value_and_gradients,
)
from gpukernel.nn.broadcasting import broadcast_to
from gpukernel.nn.check_grad import check_grad
from gpukernel.nn.launching import launch
from gpukernel.nn.model import Model
from gpukernel.nn.ops.activations import *
from gpukernel.nn.ops.arithmetic import *
from gpukernel.nn.ops.choices import *
from gpukernel.nn.ops.comparisons import *
from gpukernel.nn.ops.convolution import *
from gpukernel.nn.ops.creation import *
from gpukernel.nn.ops.dropout import *
from gpukernel.nn.ops.einsum import *
from gpukernel.nn.ops.embedding import *
from gpukernel.nn.ops.indexing import *
from gpukernel.nn.ops.joining import *
from gpukernel.nn.ops.linear import *
from gpukernel.nn.ops.mathematics import *
from gpukernel.nn.ops.normalization import *
from gpukernel.nn.ops.norms import *
from gpukernel.nn.ops.padding import *
from gpukernel.nn.ops.pooling import *
from gpukernel.nn.ops.random import *
from gpukernel.nn.ops.reductions import *
from gpukernel.nn.ops.resizing import *
from gpukernel.nn.ops.scans import *
from gpukernel.nn.ops.selection import *
from gpukernel.nn.ops.shapes import *
from gpukernel.nn.ops.softmax import *
from gpukernel.nn.ops.statistics import *
from gpukernel.nn.ops.trigonometry import *
from gpukernel.nn.saving import load_model
from gpukernel.nn.sequential import Sequential
from gpukernel.nn.tensor import METHODS, Tensor, Variable, tensor

_OPS = (
    ops.activations,
    ops.arithmetic,
    ops.choices,
    ops.comparisons,
    ops.convolution,
    ops.creation,
    ops.dropout,
    ops.einsum,
    ops.embedding,
    ops.indexing,
    ops.joining,
    ops.linear,
    ops.mathematics,
    ops.normalization,
    ops.norms,
    ops.padding,
    ops.pooling,
    ops.random,
    ops.reductions,
    ops.resizing,
    ops.scans,
    ops.selection,
    ops.shapes,
    ops.softmax,
    ops.statistics,
    ops.trigonometry,
)
for _module in _OPS:
    METHODS.update(
        {_name: getattr(_module, _name) for _name in getattr(_module, "METHODS", _module.__all__)}
    )
METHODS.update(broadcast_to=broadcast_to, stop_gradient=stop_gradient, __launch__=launch)

__all__ = [
    "Model",
    "Sequential",
    "Tensor",
    "Variable",
    "broadcast_to",
    "callbacks",
    "check_grad",
    "constraints",
    "custom_grad",
    "grad",
    "initializers",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "no_grad",
    "optimizers",
    "regularizers",
    "schedules",
    "stop_gradient",
    "tensor",
    "value_and_grad",
    "value_and_gradients",
]
__all__ += ops.activations.__all__
__all__ += ops.arithmetic.__all__
__all__ += ops.choices.__all__
__all__ += ops.comparisons.__all__
__all__ += ops.convolution.__all__
__all__ += ops.creation.__all__
__all__ += ops.dropout.__all__
__all__ += ops.einsum.__all__
__all__ += ops.embedding.__all__
__all__ += ops.indexing.__all__
__all__ += ops.joining.__all__
__all__ += ops.linear.__all__
__all__ += ops.mathematics.__all__
__all__ += ops.normalization.__all__
__all__ += ops.norms.__all__
__all__ += ops.padding.__all__
__all__ += ops.pooling.__all__
__all__ += ops.random.__all__
__all__ += ops.reductions.__all__
__all__ += ops.resizing.__all__
__all__ += ops.scans.__all__
__all__ += ops.selection.__all__
__all__ += ops.shapes.__all__
__all__ += ops.softmax.__all__
__all__ += ops.statistics.__all__
__all__ += ops.trigonometry.__all__
