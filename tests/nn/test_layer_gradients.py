"""Gradients of layers, by their input and by every weight, against torch with the same weights.

What torch computes is the reference in float64; the loss is a weighted sum of the layer's result,
so that every number of the result has a cotangent of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpukernel import nn
from gpukernel.nn import layers
from gpukernel.nn.layers.base import Layer

torch = pytest.importorskip("torch")
F = torch.nn.functional

Model = Callable[..., Any]  # of the input and the weights, as tensors of torch


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    """Normal numbers, none near 0, where derivatives of `relu` and the like jump."""
    drawn = np.random.default_rng((seed, *shape)).normal(size=shape)
    return (drawn + 0.05 * np.sign(drawn)).astype(np.float32)


def gradients(layer: Layer, x: np.ndarray, training: bool) -> tuple[Any, ...]:
    """Return the result, the factors of the loss, and the gradients by input and weights."""
    given = nn.Variable(x)
    factors = numbers(*layer(x).shape, seed=9)

    def loss() -> Any:
        result = layer(given, training=training)
        return (result * factors).sum(), result

    (_, result), found = nn.value_and_gradients(
        loss, [given, *layer.trainable_weights], has_aux=True
    )
    return result.numpy(), factors, [one.numpy() for one in found]


def check(layer: Layer, model: Model, *shape: int, training: bool = False) -> None:
    """Compare a layer with random weights with a model of torch."""
    x = numbers(*shape)
    layer.build_for(shape)
    weights = [numbers(*w.shape, seed=place) for place, w in enumerate(layer.weights, 1)]
    for place, w in enumerate(layer.weights):
        if w.name == "moving_variance":
            weights[place] = np.abs(weights[place]) + 0.5
    layer.set_weights(weights)
    result, factors, found = gradients(layer, x, training)

    leaves = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (x, *weights)]
    wanted = model(*leaves)
    (wanted * torch.tensor(factors)).sum().backward()
    close(result, wanted.detach().numpy(), "result")
    names = ["x", *(w.name for w in layer.trainable_weights)]
    assert len(found) == len(names)
    for name, one, leaf in zip(names, found, leaves):  # the trainable weights come first
        close(one, leaf.grad.numpy(), f"gradient by {name}")


def close(found: np.ndarray, wanted: np.ndarray, what: str) -> None:
    scale = max(1.0, float(np.abs(wanted).max()))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=2e-5 * scale, err_msg=what)


# ---------------------------------------------------------------- layouts of torch


def to_front(x: Any) -> Any:
    return x.movedim(-1, 1)


def to_back(x: Any) -> Any:
    return x.movedim(1, -1)


def same(x: Any, sizes: Any, strides: Any, dilation: Any = (1, 1), fill: float = 0.0) -> Any:
    """Pad images of torch's layout as Keras does for "same": the odd cell goes to the end."""
    sides: list[int] = []
    for n, k, s, d in list(zip(x.shape[2:], sizes, strides, dilation))[::-1]:
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        sides += [total // 2, total - total // 2]
    return F.pad(x, sides, value=fill)


def convolved(
    x: Any, kernel: Any, strides: Any, padding: str, dilation: Any = (1, 1), groups: int = 1
) -> Any:
    """Convolve images of Keras's layout with a kernel (rows, cols, in, out)."""
    x = to_front(x)
    if padding == "same":
        x = same(x, kernel.shape[:2], strides, dilation)
    filters = kernel.permute(3, 2, 0, 1).contiguous()
    return to_back(F.conv2d(x, filters, None, strides, 0, dilation, groups))


def depthwise(x: Any, kernel: Any, strides: Any, padding: str, dilation: Any = (1, 1)) -> Any:
    rows, cols, channels, multiplier = kernel.shape
    filters = kernel.reshape(rows, cols, 1, channels * multiplier)
    return convolved(x, filters, strides, padding, dilation, channels)


# ---------------------------------------------------------------- the layers


@pytest.mark.parametrize(
    ("strides", "padding", "dilation", "groups"),
    [
        ((1, 1), "valid", (1, 1), 1),
        ((2, 1), "same", (1, 1), 1),
        ((1, 1), "same", (2, 1), 2),
        ((2, 3), "valid", (1, 1), 2),
    ],
)
def test_conv2d(strides: Any, padding: str, dilation: Any, groups: int, device: str) -> None:
    layer = layers.Conv2D(
        6,
        (3, 2),
        strides,
        padding,
        dilation_rate=dilation,
        groups=groups,
        activation="tanh",
    )

    def model(x: Any, kernel: Any, bias: Any) -> Any:
        return torch.tanh(convolved(x, kernel, strides, padding, dilation, groups) + bias)

    check(layer, model, 2, 7, 6, 4)


@pytest.mark.parametrize(
    ("stride", "padding", "dilation"), [(1, "valid", 2), (2, "same", 1), (3, "valid", 1)]
)
def test_conv1d(stride: int, padding: str, dilation: int, device: str) -> None:
    layer = layers.Conv1D(4, 3, stride, padding, dilation_rate=dilation, use_bias=False)

    def model(x: Any, kernel: Any) -> Any:
        images, filters = x.unsqueeze(1), kernel.unsqueeze(0)
        return convolved(images, filters, (1, stride), padding, (1, dilation)).squeeze(1)

    check(layer, model, 2, 8, 3)


@pytest.mark.parametrize(
    ("strides", "padding", "dilation"),
    [(1, "valid", 1), (2, "same", 1), (1, "same", 2)],
)
def test_depthwise_conv2d(strides: int, padding: str, dilation: int, device: str) -> None:
    layer = layers.DepthwiseConv2D(3, strides, padding, 2, dilation_rate=dilation)

    def model(x: Any, kernel: Any, bias: Any) -> Any:
        return depthwise(x, kernel, (strides,) * 2, padding, (dilation,) * 2) + bias

    check(layer, model, 2, 6, 5, 3)


@pytest.mark.parametrize(("strides", "padding"), [(1, "valid"), (2, "same")])
def test_separable_conv2d(strides: int, padding: str, device: str) -> None:
    layer = layers.SeparableConv2D(5, 3, strides, padding, depth_multiplier=2, activation="sigmoid")

    def model(x: Any, depth: Any, point: Any, bias: Any) -> Any:
        mixed = convolved(depthwise(x, depth, (strides,) * 2, padding), point, (1, 1), "valid")
        return torch.sigmoid(mixed + bias)

    check(layer, model, 2, 6, 5, 3)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("size", "strides"), [((3, 3), (2, 2)), ((2, 3), (2, 1)), ((1, 2), (2, 3))]
)
def test_conv2d_transpose(size: Any, strides: Any, padding: str, device: str) -> None:
    layer = layers.Conv2DTranspose(4, size, strides, padding)

    def model(x: Any, kernel: Any, bias: Any) -> Any:
        filters = kernel.permute(3, 2, 0, 1).contiguous()  # (in, out, rows, cols)
        whole = to_back(F.conv_transpose2d(to_front(x), filters, None, strides))
        for axis, (n, k, s) in enumerate(zip(x.shape[1:3], size, strides), 1):
            missing = max(s - k, 0)  # gaps after the last window belong to the result
            whole = F.pad(whole, [0] * (2 * (3 - axis) + 1) + [missing])
            if padding == "same":
                cut = max(k - s, 0) // 2
                whole = whole.narrow(axis, cut, n * s)
        return whole + bias

    check(layer, model, 2, 4, 3, 2)


def test_dense(device: str) -> None:
    layer = layers.Dense(4, "elu")
    check(layer, lambda x, kernel, bias: F.elu(x @ kernel + bias), 2, 3, 5)


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("training", [True, False])
def test_batch_normalization(axis: int, training: bool, device: str) -> None:
    layer = layers.BatchNormalization(axis, momentum=0.7, epsilon=0.01)

    def model(x: Any, gamma: Any, beta: Any, mean: Any, variance: Any) -> Any:
        running = (mean.detach().clone(), variance.detach().clone())
        moved = x.movedim(axis, 1)
        result = F.batch_norm(moved, *running, gamma, beta, training, 0.3, 0.01)
        return result.movedim(1, axis)

    check(layer, model, 4, 3, 2, 5, training=training)


@pytest.mark.parametrize("shape", [(6, 3), (4, 2, 5, 3)])
def test_moving_averages_take_the_variance_of_the_batch(shape: Any, device: str) -> None:
    """As Keras has it: the mean square distance from the mean, not divided by one number less."""
    layer = layers.BatchNormalization(momentum=0.9)
    x = numbers(*shape)
    axes = tuple(range(len(shape) - 1))
    mean, variance = np.zeros(3), np.ones(3)
    for step in range(2):
        layer(x * (step + 1), training=True)
        mean = 0.9 * mean + 0.1 * (x * (step + 1)).mean(axes)
        variance = 0.9 * variance + 0.1 * (x * (step + 1)).var(axes)
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-5)
    layer(x)  # not a training step
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-5, atol=1e-6)


def test_moving_averages_inside_a_gradient(device: str) -> None:
    """A training step moves them once, and they are numbers, not recorded operations."""
    layer = layers.BatchNormalization(momentum=0.5)
    x = numbers(8, 2)
    layer.build_for(x.shape)
    nn.value_and_gradients(lambda: layer(x, training=True).sum(), layer.trainable_weights)
    np.testing.assert_allclose(layer.moving_mean.numpy(), x.mean(0) / 2, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        layer.moving_variance.numpy(), 0.5 + x.var(0) / 2, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("axis", [-1, (1, 2)])
def test_layer_normalization(axis: Any, device: str) -> None:
    layer = layers.LayerNormalization(axis)
    sizes = (4,) if axis == -1 else (3, 4)

    def model(x: Any, gamma: Any, beta: Any) -> Any:
        return F.layer_norm(x, sizes, gamma, beta, 1e-3)

    check(layer, model, 2, 3, 4)


def test_layer_normalization_of_a_middle_axis(device: str) -> None:
    def model(x: Any, gamma: Any, beta: Any) -> Any:
        return F.layer_norm(x.transpose(1, 2), (3,), gamma, beta, 1e-3).transpose(1, 2)

    check(layers.LayerNormalization(1), model, 2, 3, 4)


def test_embedding(device: str) -> None:
    layer = layers.Embedding(5, 3)
    places = np.array([[1, 4, 1], [0, 1, 4]], np.int32)  # 2 and 3 are not looked up
    layer.build_for(places.shape)
    vectors = numbers(5, 3)
    layer.set_weights([vectors])
    factors = numbers(2, 3, 3, seed=3)
    _, found = nn.value_and_gradients(lambda: (layer(places) * factors).sum(), layer.weights)
    leaf = torch.tensor(vectors, requires_grad=True)
    (F.embedding(torch.tensor(places).long(), leaf) * torch.tensor(factors)).sum().backward()
    close(found[0].numpy(), leaf.grad.numpy(), "gradient by embeddings")


@pytest.mark.parametrize("shared", [None, [1, 2]])
def test_prelu(shared: Any, device: str) -> None:
    layer = layers.PReLU(shared_axes=shared)
    check(layer, lambda x, alpha: torch.where(x > 0, x, alpha * x), 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("layer", "model"),
    [
        (layers.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2)),
        (layers.ELU(0.5), lambda x: F.elu(x, 0.5)),
        (layers.Softmax(), lambda x: F.softmax(x, -1)),
        (layers.Softmax(1), lambda x: F.softmax(x, 1)),
        (layers.Activation("softplus"), F.softplus),
        (layers.Activation("gelu"), F.gelu),
        (layers.Flatten(), lambda x: x.reshape(2, -1)),
        (layers.Reshape((-1, 6)), lambda x: x.reshape(2, -1, 6)),
        (layers.Dropout(0.5), lambda x: x),
        (layers.GlobalMaxPooling1D(), lambda x: x.amax(1)),
        (layers.GlobalAveragePooling1D(), lambda x: x.mean(1)),
    ],
    ids=lambda one: one.name if isinstance(one, Layer) else "",
)
def test_layers_without_weights(layer: Layer, model: Model, device: str) -> None:
    check(layer, model, 2, 4, 3)


def pooled_max(x: Any, size: Any, strides: Any, padding: str) -> Any:
    x = to_front(x)
    if padding == "same":
        x = same(x, size, strides, fill=-torch.inf)
    return to_back(F.max_pool2d(x, size, strides))


def pooled_mean(x: Any, size: Any, strides: Any, padding: str) -> Any:
    """The mean of the real cells of each window."""
    x, ones = to_front(x), torch.ones_like(to_front(x))
    if padding == "same":
        x, ones = same(x, size, strides), same(ones, size, strides)
    return to_back(F.avg_pool2d(x, size, strides) / F.avg_pool2d(ones, size, strides))


POOLS = [((2, 2), None, "valid"), ((3, 2), (2, 1), "same"), ((2, 3), (3, 2), "valid")]


@pytest.mark.parametrize("size, strides, padding", POOLS)
@pytest.mark.parametrize(
    ("two", "one", "model"),
    [
        (layers.MaxPooling2D, layers.MaxPooling1D, pooled_max),
        (layers.AveragePooling2D, layers.AveragePooling1D, pooled_mean),
    ],
)
def test_pooling(
    two: Any, one: Any, model: Any, size: Any, strides: Any, padding: str, device: str
) -> None:
    check(
        two(size, strides, padding), lambda x: model(x, size, strides or size, padding), 2, 7, 5, 3
    )
    step = None if strides is None else strides[1]

    def along(x: Any) -> Any:
        sides = (1, size[1]), (1, step or size[1])
        return model(x.unsqueeze(1), *sides, padding).squeeze(1)

    check(one(size[1], step, padding), along, 2, 7, 3)


@pytest.mark.parametrize(
    ("layer", "model"),
    [
        (layers.GlobalMaxPooling2D(), lambda x: x.amax((1, 2))),
        (layers.GlobalAveragePooling2D(), lambda x: x.mean((1, 2))),
        (layers.GlobalMaxPooling2D(keepdims=True), lambda x: x.amax((1, 2), keepdim=True)),
        (layers.UpSampling2D((2, 3)), lambda x: x.repeat_interleave(2, 1).repeat_interleave(3, 2)),
        (
            layers.UpSampling2D((2, 3), interpolation="bilinear"),
            lambda x: to_back(F.interpolate(to_front(x), scale_factor=(2, 3), mode="bilinear")),
        ),
        (layers.ZeroPadding2D(((1, 0), (2, 3))), lambda x: F.pad(x, (0, 0, 2, 3, 1, 0))),
    ],
    ids=lambda one: one.name if isinstance(one, Layer) else "",
)
def test_layers_of_images_without_weights(layer: Layer, model: Model, device: str) -> None:
    check(layer, model, 2, 4, 5, 3)
