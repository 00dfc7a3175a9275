"""Initializers: from a shape to the first numbers of a weight.

Names, defaults and formulas are Keras's.  The numbers are drawn by NumPy's counter-based Philox
generator on the host, so a seed gives the same ones on every device.  Without ``seed=`` every call
draws others, which follow from `gpukernel.seed`; with it every call draws the same.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError, KernelValueError
from gpukernel.lang.random import next_seed, split_seed
from gpukernel.nn.registry import (
    Configurable,
    Identifier,
    Registry,
    checked_number,
    custom_object,
    is_plain_function,
    named_function,
)
from gpukernel.nn.tensor import FLOAT, Tensor, as_tensor, checked_dtype, tensor
from gpukernel.nn.values import Shape

__all__ = [
    "Constant",
    "FunctionInitializer",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
]
_CUT_DEVIATION = 0.87962566103423978  # of a standard normal number known to be within [-2, 2]


class Initializer(Configurable):
    """What all initializers are: called with a shape and a dtype, they return a tensor.

    One of your own derives from this class and has ``values``.
    """

    def __call__(self, shape: int | Sequence[int], dtype: Any = FLOAT) -> Tensor:
        """Return the first numbers of a weight, on the current device.

        Args:
            shape: sizes from 0.
            dtype: float32, int32 or bool.
        """
        sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
        if any(n < 0 for n in sizes):
            raise KernelShapeError(f"{type(self).__name__}: the shape {sizes} has a negative size")
        kind = checked_dtype(dtype)
        if kind != FLOAT and isinstance(self, _Random):
            raise KernelTypeError(f"{type(self).__name__} gives float32 numbers, not {kind}")
        return tensor(self.values(sizes).astype(kind))

    def values(self, shape: Shape) -> np.ndarray:
        """Return the numbers as a NumPy array of this shape."""
        raise KernelError(f"{type(self).__name__} does not define values")


class _Random(Initializer):
    """An initializer that draws numbers."""

    seed: int | None

    def _generator(self) -> np.random.Generator:
        return np.random.Generator(
            np.random.Philox(next_seed() if self.seed is None else self.seed)
        )


initializers: Registry[Initializer] = Registry("initializer", Initializer)


def get(identifier: Identifier) -> Initializer:
    """Return the initializer of a name, a configuration, a function, or a class, or itself.

    Raises:
        KernelValueError: there is none of this name.

    Example:
        >>> get("glorot_uniform")
        GlorotUniform(seed=None)
    """
    given = custom_object(identifier) if isinstance(identifier, str) else identifier
    if is_plain_function(given):
        return FunctionInitializer(given)
    return initializers.get(identifier)


def _checked_seed(seed: int | None) -> int | None:
    if seed is not None:
        split_seed(seed)
    return None if seed is None else int(seed)


def fans(shape: Shape) -> tuple[int, int]:
    """Return how many inputs and outputs a weight connects.

    Filters have their window first, then input channels, then output channels: each of the
    window's places counts.

    Example:
        >>> fans((3, 3, 16, 32))
        (144, 288)
    """
    if len(shape) < 2:
        n = shape[0] if shape else 1
        return n, n
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window


# ---------------------------------------------------------------- the same everywhere


@initializers.add("zero")
class Zeros(Initializer):
    """Zeros.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     Zeros()((2,)).tolist()
        [0.0, 0.0]
    """

    def values(self, shape: Shape) -> np.ndarray:
        return np.zeros(shape)


@initializers.add("one")
class Ones(Initializer):
    """Ones."""

    def values(self, shape: Shape) -> np.ndarray:
        return np.ones(shape)


@initializers.add()
class Constant(Initializer):
    """One number everywhere."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = checked_number(value, "value")

    def values(self, shape: Shape) -> np.ndarray:
        return np.full(shape, self.value)


@initializers.add("eye")
class Identity(Initializer):
    """``gain`` on the diagonal of a matrix, zeros elsewhere.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     Identity(2.0)((2, 3)).tolist()
        [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = checked_number(gain, "gain")

    def values(self, shape: Shape) -> np.ndarray:
        if len(shape) != 2:
            raise KernelShapeError(f"Identity makes matrices, not shape {shape}")
        return self.gain * np.eye(*shape)


# ---------------------------------------------------------------- random numbers


@initializers.add("normal")
class RandomNormal(_Random):
    """Normal numbers.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     x = RandomNormal(stddev=2.0, seed=1)((1000,)).numpy()
        >>> bool(1.9 < x.std() < 2.1)
        True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = checked_number(mean, "mean")
        self.stddev = checked_number(stddev, "stddev", 0.0)
        self.seed = _checked_seed(seed)

    def values(self, shape: Shape) -> np.ndarray:
        return self._generator().normal(self.mean, self.stddev, shape)


@initializers.add("uniform")
class RandomUniform(_Random):
    """Numbers evenly likely from ``minval`` to ``maxval``."""

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        self.minval = checked_number(minval, "minval")
        self.maxval = checked_number(maxval, "maxval")
        self.seed = _checked_seed(seed)
        if self.maxval < self.minval:
            raise KernelValueError(f"RandomUniform: minval {minval} is more than maxval {maxval}")

    def values(self, shape: Shape) -> np.ndarray:
        return self._generator().uniform(self.minval, self.maxval, shape)


@initializers.add()
class TruncatedNormal(_Random):
    """Normal numbers; those farther than two ``stddev`` from the mean are drawn again."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = checked_number(mean, "mean")
        self.stddev = checked_number(stddev, "stddev", 0.0)
        self.seed = _checked_seed(seed)

    def values(self, shape: Shape) -> np.ndarray:
        return self.mean + self.stddev * _cut_normal(self._generator(), shape)


def _cut_normal(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    values = np.asarray(generator.standard_normal(shape))
    while True:
        outside = np.abs(values) > 2.0
        if not outside.any():
            return values
        values[outside] = generator.standard_normal(int(outside.sum()))


@initializers.add()
class VarianceScaling(_Random):
    """Random numbers whose variance is ``scale / n``, n a number of connections.

    Args:
        scale: more than 0.
        mode: what n is: "fan_in" the inputs, "fan_out" the outputs, "fan_avg" the mean of both.
        distribution: "truncated_normal" (within two standard deviations, the variance corrected
            for that), "untruncated_normal" or "uniform".
        seed: of the numbers.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        self.scale = checked_number(scale, "scale", 0.0)
        self.mode = _one_of(mode, "mode", ("fan_in", "fan_out", "fan_avg"))
        named = "truncated_normal" if distribution == "normal" else distribution
        self.distribution = _one_of(
            named, "distribution", ("truncated_normal", "untruncated_normal", "uniform")
        )
        self.seed = _checked_seed(seed)
        if self.scale == 0.0:
            raise KernelValueError("scale is 0, but it is to be more")

    def values(self, shape: Shape) -> np.ndarray:
        fan_in, fan_out = fans(shape)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, count[self.mode])
        generator = self._generator()
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return generator.uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return generator.normal(0.0, math.sqrt(variance), shape)
        return math.sqrt(variance) / _CUT_DEVIATION * _cut_normal(generator, shape)


def _one_of(value: str, what: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise KernelValueError(f"{what} is {value!r}, but it is to be one of {', '.join(known)}")
    return value


class _Scaled(VarianceScaling):
    """`VarianceScaling` with only the seed left to choose."""

    settings: tuple[float, str, str]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.settings, seed=seed)


@initializers.add()
class GlorotUniform(_Scaled):
    """Uniform within ``sqrt(6 / (fan_in + fan_out))``."""

    settings = (1.0, "fan_avg", "uniform")


@initializers.add()
class GlorotNormal(_Scaled):
    """Truncated normal of variance ``2 / (fan_in + fan_out)``."""

    settings = (1.0, "fan_avg", "truncated_normal")


@initializers.add()
class HeUniform(_Scaled):
    """Uniform within ``sqrt(6 / fan_in)``."""

    settings = (2.0, "fan_in", "uniform")


@initializers.add()
class HeNormal(_Scaled):
    """Truncated normal of variance ``2 / fan_in``."""

    settings = (2.0, "fan_in", "truncated_normal")


@initializers.add()
class LecunUniform(_Scaled):
    """Uniform within ``sqrt(3 / fan_in)``."""

    settings = (1.0, "fan_in", "uniform")


@initializers.add()
class LecunNormal(_Scaled):
    """Truncated normal of variance ``1 / fan_in``."""

    settings = (1.0, "fan_in", "truncated_normal")


@initializers.add()
class Orthogonal(_Random):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times ``gain``.

    With more than two axes, all but the last are rows.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     q = Orthogonal(seed=1)((3, 2)).numpy()
        >>> abs(q.T @ q).round().tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain = checked_number(gain, "gain")
        self.seed = _checked_seed(seed)

    def values(self, shape: Shape) -> np.ndarray:
        if len(shape) < 2:
            raise KernelShapeError(f"Orthogonal needs at least two axes, not shape {shape}")
        rows, cols = math.prod(shape[:-1]), shape[-1]
        drawn = self._generator().standard_normal((max(rows, cols), min(rows, cols)))
        q, r = np.linalg.qr(drawn)
        q = q * np.where(np.diag(r) < 0, -1.0, 1.0)  # makes every orthogonal matrix as likely
        return self.gain * (q if rows >= cols else q.T).reshape(shape)


@initializers.add(by_name=False)
class FunctionInitializer(Initializer):
    """A function ``(shape)`` or ``(shape, dtype)`` that returns numbers of that shape.

    Its configuration has the function's name only: who makes it again gives the function in
    `registry.custom_objects`.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     get(lambda shape: np.full(shape, 0.5))((2,)).tolist()
        [0.5, 0.5]
    """

    def __init__(self, function: Callable[..., Any] | str) -> None:
        self.function = named_function(function, "initializer")

    def get_config(self) -> dict[str, Any]:
        return {"function": getattr(self.function, "__name__", type(self.function).__name__)}

    def __call__(self, shape: int | Sequence[int], dtype: Any = FLOAT) -> Tensor:
        sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
        kind = checked_dtype(dtype)
        takes_dtype = "dtype" in inspect.signature(self.function).parameters
        found = self.function(sizes, dtype=kind) if takes_dtype else self.function(sizes)
        made = as_tensor(found)
        if made.shape != sizes:
            name = self.get_config()["function"]
            raise KernelShapeError(f"initializer {name} gave shape {made.shape}, wanted {sizes}")
        return tensor(made.numpy().astype(kind))


# ---------------------------------------------------------------- Keras's other names

constant = Constant
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
identity = Identity
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
ones, zeros = Ones, Zeros
orthogonal = Orthogonal
random_normal, random_uniform = RandomNormal, RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
