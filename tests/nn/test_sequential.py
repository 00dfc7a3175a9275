"""`Sequential` and models of one's own: layers in a row, shapes, weights, summaries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn import layers


@pytest.fixture(autouse=True)
def seeded() -> None:
    gk.seed(0)


def digits_model(**keywords: Any) -> nn.Sequential:
    return nn.Sequential(
        [
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ],
        **keywords,
    )


def test_layers_follow_one_another(device: str) -> None:
    model = nn.Sequential([layers.Dense(3), layers.Activation("tanh"), layers.Dense(2)])
    assert [layer.name for layer in model.layers] == ["dense", "activation", "dense_1"]
    assert not model.built and model.weights == []
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    found = model(x).numpy()
    w, b, v, c = model.get_weights()
    np.testing.assert_allclose(found, np.tanh(x @ w + b) @ v + c, rtol=1e-4, atol=1e-5)
    assert model.compute_output_shape((None, 4)) == (None, 2)
    assert list(model.named_weights()) == [
        "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias",
    ]  # fmt: skip


def test_built_at_once_where_the_input_is_known() -> None:
    with gk.device("cpu"):
        for model in (
            digits_model(input_shape=(64,)),
            nn.Sequential([layers.Dense(3, input_shape=(64,))]),
        ):
            assert model.built and model.built_shape == (None, 64)
            assert model.input_shape == (64,)
            model.add(layers.Dense(7))
            assert model(np.zeros((2, 64))).shape == (2, 7)


def test_weights_in_the_order_of_layers() -> None:
    with gk.device("cpu"):
        model = digits_model(input_shape=(64,))
    assert [w.name for w in model.weights] == [
        "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance", "kernel", "bias",
    ]  # fmt: skip
    assert len(model.trainable_weights) == 6
    assert [w.name for w in model.non_trainable_weights] == ["moving_mean", "moving_variance"]
    model.layers[2].trainable = False
    assert len(model.trainable_weights) == 4
    model.trainable = False
    assert model.trainable_weights == []
    assert len(model.weights) == 8


def test_what_does_not_fit_is_told_and_changes_nothing() -> None:
    with gk.device("cpu"):
        model = nn.Sequential([layers.Dense(3, input_shape=(4,))])
        with pytest.raises(KernelShapeError, match=r"layer 'conv2d' \(Conv2D\) takes inputs of 4"):
            model.add(layers.Conv2D(2, 3))
        assert len(model.layers) == 1
        late = nn.Sequential([layers.Dense(3), layers.Conv2D(2, 3)])
        with pytest.raises(KernelShapeError, match="'conv2d'"):
            late(np.zeros((2, 4)))
        assert not late.built and not late.layers[0].built
        with pytest.raises(KernelError, match="has no layers"):
            nn.Sequential()(np.zeros((2, 4)))
        with pytest.raises(KernelShapeError, match=r"'dense' \(Dense\) was built for .*4"):
            model(np.zeros((2, 5)))
    with pytest.raises(KernelTypeError, match="holds layers, not"):
        nn.Sequential([nn.relu])  # type: ignore[list-item]
    with pytest.raises(KernelError, match="has a layer named 'a' already"):
        nn.Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")])
    with pytest.raises(KernelTypeError, match="takes a list of layers"):
        nn.Sequential(layers.Dense(1))  # type: ignore[arg-type]


def test_models_inside_models(device: str) -> None:
    inner = nn.Sequential([layers.Dense(3), layers.Dropout(0.5)], name="inner")
    model = nn.Sequential([inner, layers.Dense(2)])
    x = np.ones((4, 5), np.float32)
    assert model(x).shape == (4, 2)
    assert "inner/dense/kernel" in model.named_weights()
    gk.seed(1)
    assert (model(x, training=True).numpy() != model(x).numpy()).any()
    other = nn.Sequential.from_config(model.get_config())
    other(x)
    other.set_weights(model.get_weights())
    np.testing.assert_array_equal(other(x).numpy(), model(x).numpy())


def test_layers_by_name() -> None:
    model = nn.Sequential([layers.Dense(3), layers.Dense(2, name="last")])
    assert model.get_layer("last") is model.layers[1]
    with pytest.raises(KernelError, match="has no layer 'first'; there are 'dense', 'last'"):
        model.get_layer("first")


def test_masks_pass_through() -> None:
    with gk.device("cpu"):
        inner = nn.Sequential([layers.Embedding(4, 2, mask_zero=True), layers.Dense(3)])
        model = nn.Sequential([inner, layers.GlobalAveragePooling1D()])
        x = np.array([[1, 0, 0]])
        one = nn.Sequential(inner.layers)
        np.testing.assert_allclose(model(x).numpy(), one(x).numpy()[:, 0], rtol=1e-5)


class Wide(nn.Model):
    """A model of one's own: two ways from the input to the output."""

    def __init__(self, units: int, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.units = units
        self.near = layers.Dense(units)
        self.far = [layers.Dense(units, activation="relu"), layers.Dense(units)]

    def call(self, x: Any) -> Any:
        y = x
        for layer in self.far:
            y = layer(y)
        return self.near(x) + y


def test_a_model_of_ones_own(device: str) -> None:
    model = Wide(3)
    x = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)
    model.compile("adam", "mse")
    history = model.fit(x, x[:, :3], epochs=2, verbose=0)
    assert history.history["loss"][1] < history.history["loss"][0]
    assert sorted(model.named_weights()) == [
        f"{layer}/{weight}" for layer in ("dense", "dense_1", "dense_2")
        for weight in ("bias", "kernel")
    ]  # fmt: skip
    assert model.compute_output_shape((None, 4)) == (None, 3)
    assert model.compute_output_shape((7, 4)) == (7, 3)


class Shrinking(layers.Layer):
    """A layer as most people write one: it does not tell the shape of its result."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="ones")
        super().build(input_shape)

    def call(self, x: Any, training: Any = None) -> Any:
        return x @ self.w


def test_a_layer_need_not_tell_its_shape(device: str) -> None:
    assert Shrinking(4).compute_output_shape((None, None, 3)) == (None, None, 4)
    model = nn.Sequential([Shrinking(4), Shrinking(2), layers.Dense(1)])
    assert model(np.ones((2, 3))).shape == (2, 1)
    assert [w.name for w in model.weights] == ["weight", "weight", "kernel", "bias"]
    config = model.get_config()
    other = nn.Sequential.from_config(config)
    assert other.get_config() == config
    assert [layer.name for layer in other.layers] == ["shrinking", "shrinking_1", "dense"]


def test_several_inputs_and_outputs(device: str) -> None:
    class Two(nn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x: Any) -> Any:
            a, b = x
            return [self.dense(a), b * 2.0]

    a, b = np.ones((5, 3), np.float32), np.arange(5, dtype=np.float32)
    first, second = Two().predict([a, b], batch_size=2)
    assert first.shape == (5, 2)
    np.testing.assert_array_equal(second, 2.0 * b)


def test_summary(capsys: pytest.CaptureFixture[str]) -> None:
    with gk.device("cpu"):
        model = digits_model(input_shape=(64,), name="digits")
        model.summary()
        assert capsys.readouterr().out == (
            "model 'digits'\n"
            "layer                class               output shape    weights\n"
            "----------------------------------------------------------------\n"
            "reshape              Reshape             (any, 8, 8, 1)        0\n"
            "conv2d               Conv2D              (any, 6, 6, 4)       40\n"
            "batch_normalization  BatchNormalization  (any, 6, 6, 4)       16\n"
            "max_pooling2d        MaxPooling2D        (any, 3, 3, 4)        0\n"
            "flatten              Flatten             (any, 36)             0\n"
            "dense                Dense               (any, 10)           370\n"
            "----------------------------------------------------------------\n"
            "426 weights: 418 trainable, 8 not; 1.664 KiB\n"
        )
        nn.Sequential([layers.Dense(2)]).summary()
        assert "not built: weights are made at the first call" in capsys.readouterr().out
