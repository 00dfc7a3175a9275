"""What holds for every layer: one contract, run over all of them; then what each one computes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError, KernelValueError
from gpukernel.nn import layers
from gpukernel.nn.check_grad import PRECISE, check_grad


@pytest.fixture(autouse=True)
def seeded() -> None:
    gk.seed(0)


@dataclass(frozen=True)
class Case:
    """A layer, the shape of its input, and the shapes of its weights in Keras's order."""

    make: Callable[[], layers.Layer]
    shape: tuple[int, ...]
    weights: tuple[tuple[str, tuple[int, ...]], ...] = ()
    output: tuple[int, ...] | None = None  # that of the input by default
    ints: int = 0  # the input is ints below this

    @property
    def name(self) -> str:
        return type(self.make()).__name__


CASES = [
    Case(lambda: layers.Dense(3), (4, 5), (("kernel", (5, 3)), ("bias", (3,))), (4, 3)),
    Case(
        lambda: layers.Dense(2, activation="tanh", use_bias=False, kernel_regularizer="l2"),
        (2, 3, 4),
        (("kernel", (4, 2)),),
        (2, 3, 2),
    ),
    Case(lambda: layers.Activation("sigmoid"), (2, 3)),
    Case(lambda: layers.Dropout(0.4, seed=3), (3, 4)),
    Case(lambda: layers.Flatten(), (2, 3, 4), (), (2, 12)),
    Case(lambda: layers.Reshape((2, -1)), (3, 4), (), (3, 2, 2)),
    Case(lambda: layers.Embedding(7, 3), (2, 4), (("embeddings", (7, 3)),), (2, 4, 3), ints=7),
    Case(
        lambda: layers.Conv1D(2, 3, padding="same", strides=2),
        (2, 5, 3),
        (("kernel", (3, 3, 2)), ("bias", (2,))),
        (2, 3, 2),
    ),
    Case(
        lambda: layers.Conv2D(4, (2, 3), groups=2),
        (2, 4, 5, 2),
        (("kernel", (2, 3, 1, 4)), ("bias", (4,))),
        (2, 3, 3, 4),
    ),
    Case(
        lambda: layers.DepthwiseConv2D(2, depth_multiplier=2, padding="same"),
        (1, 3, 4, 2),
        (("depthwise_kernel", (2, 2, 2, 2)), ("bias", (4,))),
        (1, 3, 4, 4),
    ),
    Case(
        lambda: layers.SeparableConv2D(3, 2, depth_multiplier=2),
        (1, 3, 4, 2),
        (("depthwise_kernel", (2, 2, 2, 2)), ("pointwise_kernel", (1, 1, 4, 3)), ("bias", (3,))),
        (1, 2, 3, 3),
    ),
    Case(
        lambda: layers.Conv2DTranspose(2, 3, strides=2, padding="same"),
        (1, 2, 3, 3),
        (("kernel", (3, 3, 2, 3)), ("bias", (2,))),
        (1, 4, 6, 2),
    ),
    Case(lambda: layers.MaxPooling1D(3, 2, "same"), (2, 5, 2), (), (2, 3, 2)),
    Case(lambda: layers.MaxPooling2D(2), (2, 4, 5, 2), (), (2, 2, 2, 2)),
    Case(lambda: layers.AveragePooling1D(2), (2, 5, 2), (), (2, 2, 2)),
    Case(lambda: layers.AveragePooling2D(2, 1, "same"), (2, 3, 3, 2)),
    Case(lambda: layers.GlobalMaxPooling1D(), (2, 5, 3), (), (2, 3)),
    Case(lambda: layers.GlobalMaxPooling2D(keepdims=True), (2, 3, 4, 3), (), (2, 1, 1, 3)),
    Case(lambda: layers.GlobalAveragePooling1D(), (2, 5, 3), (), (2, 3)),
    Case(lambda: layers.GlobalAveragePooling2D(), (2, 3, 4, 3), (), (2, 3)),
    Case(lambda: layers.UpSampling2D((2, 3)), (1, 2, 3, 2), (), (1, 4, 9, 2)),
    Case(lambda: layers.UpSampling2D(2, interpolation="bilinear"), (1, 2, 3, 2), (), (1, 4, 6, 2)),
    Case(lambda: layers.ZeroPadding2D(((1, 0), (2, 1))), (1, 2, 3, 2), (), (1, 3, 6, 2)),
    Case(
        lambda: layers.BatchNormalization(),
        (4, 3),
        (("gamma", (3,)), ("beta", (3,)), ("moving_mean", (3,)), ("moving_variance", (3,))),
    ),
    Case(
        lambda: layers.BatchNormalization(axis=1, scale=False),
        (2, 3, 2, 2),
        (("beta", (3,)), ("moving_mean", (3,)), ("moving_variance", (3,))),
    ),
    Case(lambda: layers.LayerNormalization(), (3, 4), (("gamma", (4,)), ("beta", (4,)))),
    Case(
        lambda: layers.LayerNormalization(axis=(1, 2), center=False),
        (2, 3, 4),
        (("gamma", (3, 4)),),
    ),
    Case(
        lambda: layers.Conv1D(2, 3, padding="causal", dilation_rate=2, strides=2),
        (2, 5, 3),
        (("kernel", (3, 3, 2)), ("bias", (2,))),
        (2, 3, 2),
    ),
    Case(lambda: layers.InputLayer((4,)), (3, 4)),
    Case(lambda: layers.ReLU(), (3, 4)),
    Case(lambda: layers.ReLU(1.0, 0.2, 0.55), (3, 4)),
    Case(lambda: layers.LeakyReLU(), (3, 4)),
    Case(lambda: layers.PReLU(shared_axes=[1]), (2, 3, 4), (("alpha", (1, 4)),)),
    Case(lambda: layers.ELU(0.7), (3, 4)),
    Case(lambda: layers.Softmax(1), (2, 3, 4)),
]
each_layer = pytest.mark.parametrize(
    "case", CASES, ids=[f"{place}-{case.name}" for place, case in enumerate(CASES)]
)


def numbers(case: Case, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return an input for a layer, away from 0, where some functions have a kink."""
    rng = np.random.default_rng(5)
    sizes = case.shape if shape is None else shape
    if case.ints:
        return rng.integers(0, case.ints, sizes).astype(np.int32)
    signs = rng.choice([-1.0, 1.0], sizes)
    return np.asarray(signs * rng.uniform(0.1, 1.5, sizes), np.float32)


def built(case: Case) -> layers.Layer:
    """Return the layer with weights that are all different from their first values."""
    layer = case.make()
    layer.build_for(case.shape)
    rng = np.random.default_rng(6)
    for w in layer.weights:
        w.assign(rng.uniform(0.2, 1.0, w.shape).astype(np.float32))
    return layer


def test_every_layer_is_in_the_contract() -> None:
    found = [getattr(layers, n) for n in layers.__all__]
    classes = {one.__name__ for one in found if inspect.isclass(one)} - {"Layer"}
    assert classes == {case.name for case in CASES}


# ---------------------------------------------------------------- the contract


@each_layer
def test_shapes_and_weights(case: Case, device: str) -> None:
    gk.seed(0)
    layer = case.make()
    x = numbers(case)
    result = layer(x)
    wanted = case.output or case.shape
    assert result.shape == wanted
    assert layer.compute_output_shape(case.shape) == wanted
    assert layer.compute_output_shape((None, *case.shape[1:])) == (None, *wanted[1:])
    assert [(w.name, w.shape) for w in layer.weights] == list(case.weights)
    assert layer.count_params() == sum(int(np.prod(shape)) for _, shape in case.weights)
    assert layer(numbers(case, (1, *case.shape[1:]))).shape == (1, *wanted[1:])


@each_layer
def test_inputs_may_be_arrays_lists_and_tensors(case: Case, device: str) -> None:
    layer = built(case)
    x = numbers(case)
    expected = layer(nn.tensor(x)).numpy()
    given = x if case.ints else x.astype(np.float64)
    np.testing.assert_array_equal(layer(given).numpy(), expected)
    np.testing.assert_array_equal(layer(x.tolist()).numpy(), expected)


@each_layer
def test_a_configuration_makes_the_same_layer(case: Case, device: str) -> None:
    layer = built(case)
    config = layer.get_config()
    other = type(layer).from_config(config)
    assert other.get_config() == config
    described = {"class_name": type(layer).__name__, "config": config}
    assert type(layers.from_config(described)) is type(layer)
    other.build_for(case.shape)
    other.set_weights(layer.get_weights())
    x = numbers(case)
    np.testing.assert_array_equal(other(x).numpy(), layer(x).numpy())
    with pytest.raises(KernelTypeError, match="has no argument 'unheard'"):
        type(layer).from_config({**config, "unheard": 1})
    with pytest.raises(TypeError, match="unheard"):
        type(layer)(**{**config, "unheard": 1})


GRADIENTS = [
    (case, training)
    for case in CASES
    for training in (False, True)
    if not training or "training" in inspect.signature(case.make().call).parameters
]


@pytest.mark.parametrize(
    ("case", "training"), GRADIENTS, ids=[f"{case.name}-{training}" for case, training in GRADIENTS]
)
def test_gradients(case: Case, training: bool, device: str) -> None:
    config = case.make().get_config()
    layer = built(case)
    names = [str(w.name) for w in layer.trainable_weights]
    weights = [w.numpy().astype(np.float64) for w in layer.trainable_weights]

    def run(x: nn.Tensor, *given: nn.Tensor) -> nn.Tensor:
        fresh = type(layer).from_config(config)
        fresh.build_for(case.shape)
        for name, w in zip(names, given):
            setattr(fresh, name, w)
        result: nn.Tensor = fresh(x, training=training)
        return result

    x = numbers(case) if case.ints else numbers(case).astype(np.float64)
    check_grad(run, x, *weights, device=PRECISE if device == "cpu" else device)


@each_layer
def test_a_second_step_compiles_nothing(case: Case, device: str) -> None:
    layer = built(case)
    x = nn.tensor(numbers(case))

    def step() -> None:
        variables = layer.trainable_weights
        if not variables:
            layer(x, training=True).numpy()
            return
        loss, found = nn.value_and_gradients(
            lambda: layer(x, training=True).square().sum(), variables
        )
        for g in (loss, *found):
            g.array

    step()
    step()
    before = gk.memory()
    step()
    after = gk.memory()
    assert after.compiles == before.compiles
    assert after.arrays <= before.arrays  # less where garbage of other tests went


@each_layer
def test_saved_and_loaded(case: Case, device: str, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    layer = built(case)
    model = nn.Sequential([layer])
    x = numbers(case)
    expected = model(x).numpy()
    model.save(tmp_path / "model.zip")
    np.testing.assert_array_equal(nn.load_model(tmp_path / "model.zip")(x).numpy(), expected)


@each_layer
def test_errors_name_the_layer(case: Case) -> None:
    with gk.device("cpu"):
        layer = type(case.make()).from_config({**case.make().get_config(), "name": "mine"})
        title = rf"layer 'mine' \({case.name}\)"
        if layer.ranks or layer.min_rank > 1:
            shape = (2,) * (max(layer.ranks) + 1 if layer.ranks else layer.min_rank - 1)
            with pytest.raises(KernelShapeError, match=f"{title} takes inputs of .* axes"):
                layer(np.zeros(shape, np.float32))
            assert not layer.built
        with pytest.raises(KernelTypeError, match=f"{title} takes one input, not a list of 2"):
            layer([numbers(case), numbers(case)])
        layer(numbers(case))
        for axis in layer.fixed_axes:
            sizes = list(case.shape)
            sizes[axis] += 1
            with pytest.raises(KernelShapeError, match=f"{title} was built for inputs of shape"):
                layer(np.ones(sizes, np.float32))
        with pytest.raises(KernelShapeError, match=rf"{title} has \d weights, but \d were given"):
            layer.set_weights([np.zeros(1)] * (len(layer.weights) + 1))


# ---------------------------------------------------------------- what layers compute


def test_dense(device: str) -> None:
    layer = layers.Dense(2, activation="relu")
    layer.build_for((None, 3))
    kernel, bias = np.arange(6.0).reshape(3, 2) - 2.0, np.array([0.5, -9.0])
    layer.set_weights([kernel, bias])
    x = np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 0.0]])
    np.testing.assert_allclose(layer(x).numpy(), np.maximum(x @ kernel + bias, 0.0), rtol=1e-6)


def test_convolutions_against_torch(device: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 6, 7, 3)).astype(np.float32)
    layer = layers.Conv2D(4, 3, strides=2, padding="valid", activation="relu")
    found = layer(x).numpy()
    kernel, bias = layer.get_weights()
    expected = torch.nn.functional.conv2d(
        torch.tensor(x.transpose(0, 3, 1, 2)),
        torch.tensor(kernel.transpose(3, 2, 0, 1)),
        torch.tensor(bias),
        stride=2,
    ).relu()
    np.testing.assert_allclose(found, expected.numpy().transpose(0, 2, 3, 1), rtol=1e-4, atol=1e-5)


def test_batch_normalization_learns_its_averages(device: str) -> None:
    layer = layers.BatchNormalization(momentum=0.9, epsilon=0.0)
    x = np.array([[1.0, 10.0], [3.0, 30.0]], np.float32)
    np.testing.assert_allclose(layer(x, training=True).numpy(), [[-1, -1], [1, 1]], rtol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), [0.2, 2.0], rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), [1.0, 10.9], rtol=1e-5)
    np.testing.assert_allclose(layer(x).numpy(), (x - [0.2, 2.0]) / np.sqrt([1.0, 10.9]), rtol=1e-5)
    layer.trainable = False  # frozen: it uses its averages and keeps them
    layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean.numpy(), [0.2, 2.0], rtol=1e-5)


def test_dropout_only_in_training(device: str) -> None:
    x = np.ones((50, 40), np.float32)
    layer = layers.Dropout(0.25)
    np.testing.assert_array_equal(layer(x).numpy(), x)
    gk.seed(3)
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert 0.15 < np.mean(first == 0.0) < 0.35
    np.testing.assert_allclose(first[first > 0.0], 1.0 / 0.75, rtol=1e-6)
    assert (first != second).any()
    gk.seed(3)
    np.testing.assert_array_equal(layer(x, training=True).numpy(), first)
    shared = layers.Dropout(0.5, noise_shape=(None, 1), seed=1)(x, training=True).numpy()
    assert (shared == shared[:, :1]).all()


def test_embedding_masks(device: str) -> None:
    model = nn.Sequential([layers.Embedding(5, 2, mask_zero=True), layers.GlobalAveragePooling1D()])
    x = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])
    found = model(x).numpy()
    (table,) = model.get_weights()
    np.testing.assert_allclose(found, [(table[1] + table[2]) / 2, table[3]], rtol=1e-5)


def test_causal_convolutions_see_nothing_of_the_future(device: str) -> None:
    layer = layers.Conv1D(1, 3, padding="causal", use_bias=False, kernel_initializer="ones")
    found = layer(np.arange(1.0, 6.0).reshape(1, 5, 1)).numpy().ravel()
    np.testing.assert_allclose(found, [1, 3, 6, 9, 12])


def test_relu_in_the_forms_of_keras(device: str) -> None:
    x = np.array([[-2.0, -0.5, 0.0, 0.4, 0.6, 3.0]])
    np.testing.assert_allclose(layers.ReLU()(x).numpy(), np.maximum(x, 0))
    found = layers.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.5)(x).numpy()
    np.testing.assert_allclose(found, [[-0.25, -0.1, -0.05, -0.01, 0.6, 1.0]], rtol=1e-5, atol=1e-6)


def test_built_by_hand(device: str) -> None:
    layer = layers.Dense(2)
    layer.build((None, 3))
    assert layer.built and layer.built_shape == (None, 3)
    layer.build((8, 3))  # again: as it is
    assert layer(np.ones((1, 3))).shape == (1, 2)
    with pytest.raises(KernelShapeError, match="was built for"):
        layer.build((None, 4))
    model = nn.Sequential([layers.Dense(4), layers.Dense(2)])
    model.build((None, 3))
    assert model.built and model.count_params() == 26


def test_other_names_of_keras() -> None:
    assert layers.MaxPool2D is layers.MaxPooling2D and layers.Input is layers.InputLayer
    assert layers.BatchNormalization(axis=[3]).axis == 3  # type: ignore[arg-type]
    with gk.device("cpu"):
        model = nn.Sequential([layers.Input((None, 3)), layers.Dense(2)], "named")
        assert model.built and model.name == "named"
        assert model.pop() is not None and len(model.layers) == 1
        with pytest.raises(KernelShapeError, match=r"takes inputs of shape \(None, None, 3\), not"):
            model(np.zeros((2, 3)))


def test_wrong_configurations() -> None:
    for make, words in [
        (lambda: layers.Dense(0), "units=0 is not a positive int"),
        (lambda: layers.Dense(2.5), "units=2.5 is not a positive int"),  # type: ignore[arg-type]
        (lambda: layers.Dense(2, activation="rleu"), "did you mean 'relu'"),
        (lambda: layers.Dense(2, use_bias="no"), "use_bias='no' is not True or False"),  # type: ignore[arg-type]
        (lambda: layers.Conv2D(3, (1, 2, 3)), "kernel_size=(1, 2, 3) is not a positive int or 2"),
        (lambda: layers.Conv2D(3, 2, padding="full"), "padding='full'"),
        (lambda: layers.Conv2D(3, 2, groups=2), "3 filters do not split into 2 groups"),
        (lambda: layers.Dropout(1.0), "Dropout: rate is 1"),
        (lambda: layers.Dropout(-0.1), "Dropout: rate is -0.1"),
        (lambda: layers.Reshape((-1, -1)), "one -1 at most"),
        (lambda: layers.UpSampling2D(2, interpolation="cubic"), "interpolation='cubic'"),
        (lambda: layers.ZeroPadding2D(-1), "none negative"),
        (lambda: layers.Conv2D(3, 2, data_format="channels_first"), "channels are the last axis"),
        (lambda: layers.Flatten("channels_first"), "channels are the last axis"),
        (lambda: layers.Conv2D(3, 2, padding="causal"), 'is not "same" or "valid"'),
        (lambda: layers.Dense(2, activation="Relu"), "did you mean 'relu'"),
        (lambda: layers.Dense(2, kernel_initializer="glorot"), "Dense: kernel_initializer: there"),
        (lambda: layers.Conv2D(2, 3, bias_regularizer="l3"), "Conv2D: bias_regularizer: there is"),
        (lambda: layers.PReLU(alpha_constraint="tight"), "PReLU: alpha_constraint: there is no"),
        (lambda: layers.BatchNormalization(momentum=2.0), "momentum is 2.0"),
        (lambda: layers.Dense(2, name="a/b"), "name='a/b' of a layer is not a name"),
        (lambda: layers.Dense(2, input_shape=(0,)), "input_shape=(0,) is not the shape"),
        (lambda: layers.Dense(2, trainable=1), "trainable=1 is not True or False"),  # type: ignore[arg-type]
    ]:
        with pytest.raises(KernelError) as caught:
            make()
        assert words in str(caught.value)


def test_wrong_inputs_say_what_was_wanted() -> None:
    with gk.device("cpu"):
        with pytest.raises(KernelShapeError, match=r"one sample alone is x\[None\]"):
            layers.Conv2D(3, 2)(np.zeros((8, 8, 1), np.float32))
        with pytest.raises(KernelShapeError, match="a window of 5 cells does not fit into an axis"):
            layers.Conv2D(3, 5).compute_output_shape((None, 4, 4, 1))
        with pytest.raises(KernelShapeError, match="3 channels .* do not split into 2 groups"):
            layers.Conv2D(4, 2, groups=2)(np.zeros((1, 8, 8, 3), np.float32))
        with pytest.raises(KernelShapeError, match="12 numbers of shape .* do not fill"):
            layers.Reshape((5,))(np.zeros((2, 12), np.float32))
        with pytest.raises(KernelShapeError, match=r"layer 'conv2d' \(Conv2D\)"):
            layers.Conv2D(3, 5)(np.zeros((1, 4, 4, 1), np.float32))


# ---------------------------------------------------------------- layers of one's own


class Cell(layers.Layer):
    """A recurrent layer with a state, as later ones will be."""

    def __init__(self, units: int, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1] + self.units, self.units))

    def call(self, x: nn.Tensor, mask: Any = None, initial_state: Any = None) -> Any:
        state = nn.zeros((x.shape[0], self.units)) if initial_state is None else initial_state
        for step in range(x.shape[1]):
            new = nn.tanh(nn.concat([x[:, step], state], axis=1) @ self.kernel)
            keep = None if mask is None else nn.tensor(mask)[:, step].reshape((-1, 1))
            state = new if keep is None else nn.where(keep, new, state)
        return state


class Added(layers.Layer):
    """The sum of several inputs."""

    takes_several = True

    def call(self, x: Any) -> nn.Tensor:
        total: nn.Tensor = sum(x)
        return total

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]


class Symbol:
    """A tensor that is still to come: what a functional API would be made of."""

    def __init__(self, shape: Any, made: Callable[[Any], Any]) -> None:
        self.shape = shape
        self.made = made

    def __call_layer__(self, layer: layers.Layer, x: Any, keywords: dict[str, Any]) -> Symbol:
        several = isinstance(x, list)
        shape = [one.shape for one in x] if several else x.shape
        layer.build_for(shape)

        def compute(feed: Any) -> Any:
            return layer([one.made(feed) for one in x] if several else x.made(feed))

        return Symbol(layer.compute_output_shape(shape), compute)


def test_the_protocol_carries_states_and_masks(device: str) -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    cell = Cell(5)
    whole = cell(x).numpy()
    half = cell(x[:, :2])
    np.testing.assert_allclose(cell(x[:, 2:], initial_state=half).numpy(), whole, rtol=1e-5)
    mask = np.array([[True, True, False, False]] * 2)
    np.testing.assert_allclose(cell(x, mask=mask).numpy(), half.numpy(), rtol=1e-5)


def test_the_protocol_carries_shared_layers_and_several_inputs(device: str) -> None:
    start = Symbol((None, 3), lambda feed: feed)
    shared, added = layers.Dense(4), Added()
    one: Any = shared(start)
    end: Any = added([one, shared(start), layers.Dense(4, kernel_initializer="zeros")(start)])
    assert end.shape == (None, 4)
    x = np.ones((2, 3), np.float32)
    np.testing.assert_allclose(end.made(x).numpy(), 2.0 * shared(x).numpy(), rtol=1e-6)
    with pytest.raises(KernelShapeError, match="was built for inputs"):
        shared(Symbol((None, 4), lambda feed: feed))


def test_layers_inside_layers(device: str) -> None:
    class Block(layers.Layer):
        def __init__(self, **keywords: Any) -> None:
            super().__init__(**keywords)
            self.parts = [layers.Dense(3), layers.Dense(3)]
            self.last = self.parts[0]

        def call(self, x: Any) -> Any:
            for part in self.parts:
                x = part(x)
            return x

    block = Block()
    block(np.zeros((1, 3)))
    assert sorted(block.named_weights()) == [
        "dense/bias", "dense/kernel", "dense_1/bias", "dense_1/kernel",
    ]  # fmt: skip
    assert len(block.trainable_weights) == 4
    block.parts[0].trainable = False
    assert len(block.trainable_weights) == 2
    assert len(block.non_trainable_weights) == 2
    assert len(block.weights) == 4


def test_a_failed_build_leaves_no_weights() -> None:
    class Late(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.first = self.add_weight("first", (2,))
            self.second = self.add_weight("second", (None, 2))

        def call(self, x: Any) -> Any:
            return x

    layer = Late()
    with gk.device("cpu"), pytest.raises(KernelShapeError, match="needs inputs whose sizes"):
        layer(np.zeros((2, 2)))
    assert layer.weights == [] and not layer.built


def test_weights_are_made_where_the_input_is() -> None:
    with gk.device("cpu"):
        x = nn.tensor([[1.0, 2.0]])
    layer = layers.Dense(2)
    assert layer(x).device == "cpu"
    assert layer([[1.0, 2.0]]).device == "cpu"


def test_regularizers_and_constraints(device: str) -> None:
    layer = layers.Dense(
        2, kernel_initializer="ones", kernel_regularizer="l2", kernel_constraint="max_norm"
    )
    layer(np.zeros((1, 8)))
    (penalty,) = layer.losses
    assert abs(penalty.item() - 0.16) < 1e-6
    layer.constrain()
    np.testing.assert_allclose(layer.kernel.numpy(), 2.0 / np.sqrt(8.0), rtol=1e-4)


def test_unknown_layers() -> None:
    with pytest.raises(KernelValueError, match="there is no layer 'Denze'.*\n.*'Dense'"):
        layers.from_config({"class_name": "Denze", "config": {}})
    with pytest.raises(KernelTypeError, match="does not describe a layer"):
        layers.from_config(["Dense"])


def test_arguments_stand_where_keras_has_them() -> None:
    conv = layers.Conv2D(8, (3, 3), (2, 2), "same", "channels_last", (1, 1), 2, "relu")
    assert (conv.filters, conv.strides, conv.groups, conv.activation) == (8, (2, 2), 2, "relu")
    depthwise = layers.DepthwiseConv2D((3, 3), (1, 1), "same", 2, "channels_last", (2, 2))
    assert (depthwise.depth_multiplier, depthwise.dilation_rate) == (2, (2, 2))
    separable = layers.SeparableConv2D(4, 3, 1, "same", "channels_last", 2, 3)
    assert (separable.dilation_rate, separable.depth_multiplier) == ((2, 2), 3)
    assert layers.UpSampling2D((2, 2), "channels_last", "bilinear").interpolation == "bilinear"
    assert layers.Dense(4, "relu", False).use_bias is False
