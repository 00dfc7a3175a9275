"""The shape of what a layer gives, found by letting it compute something of zeros."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gpukernel.nn.tape import recording
from gpukernel.nn.tensor import Tensor, tensor


def zeros_of(shape: Any, open_size: int = 1) -> Any:
    """Return zeros of a shape, or of each of a list; open sizes are ``open_size``."""
    if isinstance(shape, list):
        return [zeros_of(one, open_size) for one in shape]
    made: Tensor = tensor(np.zeros([open_size if n is None else n for n in shape], np.float32))
    return made


def probed_shape(call: Callable[[Any], Any], input_shape: Any) -> Any:
    """Return the shape of what ``call`` gives for inputs of a shape, None where that is open.

    It is called with two open sizes: what differs between the results is open there too.
    """
    with recording(False):
        first, second = (_shape(call(zeros_of(input_shape, size))) for size in (2, 3))
    return _merged(first, second)


def _shape(result: Any) -> Any:
    return [_shape(one) for one in result] if isinstance(result, (list, tuple)) else result.shape


def _merged(first: Any, second: Any) -> Any:
    if isinstance(first, list):
        return [_merged(a, b) for a, b in zip(first, second)]
    return tuple(a if a == b else None for a, b in zip(first, second))
