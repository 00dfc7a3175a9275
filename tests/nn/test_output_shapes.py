"""`compute_output_shape` against what layers give, over drawn configurations and shapes.

Both a layer that is not built and one that is say the shape, or the same error, that a call has;
many of the drawn inputs do not fit.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn import layers
from gpukernel.nn.layers.base import Layer

Shape = tuple[int, ...]
Drawn = tuple[Layer, Shape]
COUNTS = {"cpu": 40, "gl": 3}  # every configuration is a kernel to compile


def sizes(draw: random.Random, low: int, high: int) -> Any:
    """Return one size for all axes, or one for each of two."""
    both = draw.randint(low, high), draw.randint(low, high)
    return draw.choice([both[0], both])


def padding(draw: random.Random) -> str:
    return draw.choice(["same", "valid"])


def sequences(draw: random.Random) -> Shape:
    return draw.randint(1, 2), draw.randint(1, 9), draw.randint(1, 4)


def images(draw: random.Random) -> Shape:
    return draw.randint(1, 2), draw.randint(1, 8), draw.randint(1, 8), draw.randint(1, 4)


def arrays(draw: random.Random, most: int = 4) -> Shape:
    """Return any shape, the batch axis included."""
    return tuple(draw.randint(1, 3) for _ in range(draw.randint(1, most)))


def conv1d(draw: random.Random) -> Drawn:
    groups = draw.choice([1, 1, 2])
    layer = layers.Conv1D(
        groups * draw.randint(1, 2),
        draw.randint(1, 4),
        draw.randint(1, 3),
        padding(draw),
        dilation_rate=draw.randint(1, 3),
        groups=groups,
    )
    return layer, sequences(draw)


def conv2d(draw: random.Random) -> Drawn:
    groups = draw.choice([1, 1, 2, 3])
    layer = layers.Conv2D(
        groups * draw.randint(1, 2),
        sizes(draw, 1, 4),
        sizes(draw, 1, 3),
        padding(draw),
        dilation_rate=sizes(draw, 1, 3),
        groups=groups,
    )
    return layer, images(draw)


def depthwise_conv2d(draw: random.Random) -> Drawn:
    layer = layers.DepthwiseConv2D(
        sizes(draw, 1, 4),
        sizes(draw, 1, 3),
        padding(draw),
        draw.randint(1, 2),
        dilation_rate=sizes(draw, 1, 3),
    )
    return layer, images(draw)


def separable_conv2d(draw: random.Random) -> Drawn:
    layer = layers.SeparableConv2D(
        draw.randint(1, 3),
        sizes(draw, 1, 4),
        sizes(draw, 1, 3),
        padding(draw),
        dilation_rate=sizes(draw, 1, 3),
        depth_multiplier=draw.randint(1, 2),
    )
    return layer, images(draw)


def conv2d_transpose(draw: random.Random) -> Drawn:
    layer = layers.Conv2DTranspose(
        draw.randint(1, 3), sizes(draw, 1, 4), sizes(draw, 1, 4), padding(draw)
    )
    return layer, images(draw)


def pooling1d(draw: random.Random) -> Drawn:
    kind = draw.choice([layers.MaxPooling1D, layers.AveragePooling1D])
    strides = draw.choice([None, draw.randint(1, 4)])
    return kind(draw.randint(1, 4), strides, padding(draw)), sequences(draw)


def pooling2d(draw: random.Random) -> Drawn:
    kind = draw.choice([layers.MaxPooling2D, layers.AveragePooling2D])
    strides = draw.choice([None, sizes(draw, 1, 4)])
    return kind(sizes(draw, 1, 4), strides, padding(draw)), images(draw)


def global_pooling1d(draw: random.Random) -> Drawn:
    kind = draw.choice([layers.GlobalMaxPooling1D, layers.GlobalAveragePooling1D])
    return kind(keepdims=draw.choice([True, False])), sequences(draw)


def global_pooling2d(draw: random.Random) -> Drawn:
    kind = draw.choice([layers.GlobalMaxPooling2D, layers.GlobalAveragePooling2D])
    return kind(keepdims=draw.choice([True, False])), images(draw)


def up_sampling2d(draw: random.Random) -> Drawn:
    how = draw.choice(["nearest", "bilinear"])
    return layers.UpSampling2D(sizes(draw, 1, 3), interpolation=how), images(draw)


def zero_padding2d(draw: random.Random) -> Drawn:
    sides = tuple((draw.randint(0, 3), draw.randint(0, 3)) for _ in range(2))
    return layers.ZeroPadding2D(draw.choice([sizes(draw, 0, 3), sides])), images(draw)


def reshape(draw: random.Random) -> Drawn:
    shape = arrays(draw, 5)
    count = int(np.prod(shape[1:]))
    target = [draw.choice([1, 2, 3, 6, count]) for _ in range(draw.randint(0, 3))]
    if draw.random() < 0.7:
        target.insert(draw.randint(0, len(target)), -1)
    return layers.Reshape(target), shape


def layer_normalization(draw: random.Random) -> Drawn:
    several = [draw.randint(-4, 4) for _ in range(draw.randint(1, 2))]
    return layers.LayerNormalization(draw.choice([several[0], several])), arrays(draw)


MAKERS: dict[str, Callable[[random.Random], Drawn]] = {
    "conv1d": conv1d,
    "conv2d": conv2d,
    "depthwise_conv2d": depthwise_conv2d,
    "separable_conv2d": separable_conv2d,
    "conv2d_transpose": conv2d_transpose,
    "pooling1d": pooling1d,
    "pooling2d": pooling2d,
    "global_pooling1d": global_pooling1d,
    "global_pooling2d": global_pooling2d,
    "up_sampling2d": up_sampling2d,
    "zero_padding2d": zero_padding2d,
    "reshape": reshape,
    "layer_normalization": layer_normalization,
    "dense": lambda draw: (layers.Dense(draw.randint(1, 4)), arrays(draw, 6)),
    "flatten": lambda draw: (layers.Flatten(), arrays(draw, 6)),
    "embedding": lambda draw: (layers.Embedding(2, draw.randint(1, 3)), arrays(draw, 5)),
    "activation": lambda draw: (layers.Activation(draw.choice(["relu", "tanh"])), arrays(draw, 6)),
    "softmax": lambda draw: (layers.Softmax(draw.randint(-4, 4)), arrays(draw)),
    "batch_normalization": lambda draw: (
        layers.BatchNormalization(draw.randint(-4, 4)),
        arrays(draw),
    ),
    "p_re_lu": lambda draw: (
        layers.PReLU(shared_axes=draw.choice([None, 1, [1, 2], [3]])),
        arrays(draw),
    ),
}
TAKE_ALL = {  # what is drawn for them always fits
    "activation",
    "conv2d_transpose",
    "embedding",
    "flatten",
    "global_pooling1d",
    "global_pooling2d",
    "up_sampling2d",
    "zero_padding2d",
}


def outcome(compute: Callable[[], Any]) -> Any:
    """Return a shape, or the text of the error that there is instead."""
    try:
        return compute()
    except KernelShapeError as problem:
        return str(problem)


@pytest.mark.parametrize("name", MAKERS)
def test_output_shape_is_that_of_the_result(name: str, device: str) -> None:
    draw = random.Random(name)
    found = 0
    while found < COUNTS[device]:
        layer, shape = MAKERS[name](draw)
        blank = type(layer).from_config(layer.get_config())
        wanted = outcome(lambda: layer(np.zeros(shape, np.float32)).shape)
        told = f"{layer.get_config()} of {shape}"
        assert outcome(lambda: blank.compute_output_shape(shape)) == wanted, told
        if isinstance(wanted, str):
            assert outcome(lambda: blank.build_for(shape)) == wanted, told
            assert not blank.built and not layer.weights, told
            continue
        found += 1
        assert all(type(n) is int for n in wanted), told
        assert blank.compute_output_shape((None, *shape[1:])) == (None, *wanted[1:]), told
        assert layer.compute_output_shape((None, *shape[1:])) == (None, *wanted[1:]), told
        with_open = blank.compute_output_shape((None, *(None,) * (len(shape) - 2), *shape[1:][-1:]))
        assert len(with_open) == len(wanted), told
        assert all(n in (None, m) for n, m in zip(with_open, wanted)), told


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_drawn_fits_and_does_not(name: str) -> None:
    draw = random.Random(name)
    refused = 0
    for _ in range(100):
        layer, shape = MAKERS[name](draw)
        told = outcome(lambda: layer.compute_output_shape(shape))
        refused += isinstance(told, str)
    assert (refused == 0) == (name in TAKE_ALL)
    assert refused <= 80


@pytest.mark.parametrize("shared, shape", [(None, (2, 5)), (None, (2, 1, 1)), ([2], (2, 3, 1))])
def test_prelu_takes_what_it_was_built_for(shared: Any, shape: Shape) -> None:
    """Its weight would broadcast to other sizes too."""
    first = (2, 1) if shared is None else (2, 1, 4)
    layer = layers.PReLU(shared_axes=shared)
    layer.build_for(first)
    with pytest.raises(KernelShapeError, match="was built for inputs of shape"):
        layer(np.ones(shape, np.float32))
    if shared is not None:
        assert layer(np.ones((5, 1, 7), np.float32)).shape == (5, 1, 7)


def test_zero_padding_takes_numpy_ints_and_pairs_only() -> None:
    assert layers.ZeroPadding2D(np.int64(2)).padding == ((2, 2), (2, 2))
    assert layers.ZeroPadding2D([(1, np.int32(2)), 3]).padding == ((1, 2), (3, 3))
    for wrong in (((1, 2, 3), (0, 0)), (1, 2, 3), True, (1, True), 1.5, (1, -1), "11", None, ()):
        with pytest.raises(KernelTypeError, match="is not an int, .rows, cols."):
            layers.ZeroPadding2D(wrong)
