"""`compile`, `fit`, `evaluate`, `predict`: what is learned, what is told, what a step costs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError, KernelValueError
from gpukernel.nn import layers


@pytest.fixture(autouse=True)
def seeded() -> None:
    gk.seed(0)


RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 6)).astype(np.float32)
LABELS = (X @ RNG.normal(size=(6, 3))).argmax(axis=1)
ROWS = np.eye(3, dtype=np.float32)[LABELS]


def classifier(seed: int = 0, dropout: float = 0.0) -> nn.Sequential:
    gk.seed(seed)
    model = nn.Sequential(
        [
            layers.Dense(16, activation="relu", input_shape=(6,)),
            layers.Dropout(dropout),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(nn.optimizers.Adam(0.01), "sparse_categorical_crossentropy", ["accuracy"])
    return model


# ---------------------------------------------------------------- learning


def test_it_learns(device: str) -> None:
    model = classifier()
    history = model.fit(X, LABELS, epochs=20, verbose=0)
    assert history.epoch == list(range(20))
    assert set(history.history) == {"loss", "accuracy"}
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]
    assert history.history["accuracy"][-1] > 0.85
    found = model.evaluate(X, LABELS)
    assert found["accuracy"] == np.mean(model.predict(X).argmax(axis=1) == LABELS)
    assert "History of 20 epochs: loss=" in repr(history)


def test_one_step_of_gradient_descent(device: str) -> None:
    model = nn.Sequential([layers.Dense(1, input_shape=(2,))])
    model.compile(nn.optimizers.SGD(0.1), "mse", ["mae"])
    x, y = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0], [0.0]])
    w, b = (np.asarray(v, np.float64) for v in model.get_weights())
    apart = x @ w + b - y
    logs = model.train_on_batch(x, y)
    assert abs(logs["loss"] - np.mean(apart**2)) < 1e-4 * np.mean(apart**2)
    assert abs(logs["mae"] - np.mean(abs(apart))) < 1e-4
    new_w, new_b = model.get_weights()
    np.testing.assert_allclose(new_w, w - 0.1 * x.T @ apart, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(new_b, b - 0.1 * apart.sum(0), rtol=1e-4, atol=1e-5)


def test_bit_reproducible_for_a_seed(device: str) -> None:
    def run(seed: int) -> tuple[list[float], np.ndarray]:
        model = classifier(seed, dropout=0.2)
        history = model.fit(X, LABELS, epochs=3, batch_size=16, verbose=0)
        return history.history["loss"], model.predict(X)

    (loss, found), (again, found_again), (other, _) = run(1), run(1), run(2)
    assert loss == again and loss != other
    np.testing.assert_array_equal(found, found_again)


def test_seed_of_the_order_alone() -> None:
    with gk.device("cpu"):
        model = classifier()
        start = model.get_weights()
        losses = []
        for seed in (5, 5, 6):
            model.set_weights(start)
            model.compile("sgd", "sparse_categorical_crossentropy")
            losses.append(model.fit(X, LABELS, seed=seed, verbose=0).history["loss"])
        assert losses[0] == losses[1] != losses[2]


def test_fit_called_twice_goes_on(device: str) -> None:
    once, twice = classifier(), classifier()
    whole = once.fit(X, LABELS, epochs=4, shuffle=False, verbose=0).history["loss"]
    first = twice.fit(X, LABELS, epochs=2, shuffle=False, verbose=0)
    second = twice.fit(X, LABELS, epochs=4, initial_epoch=2, shuffle=False, verbose=0)
    assert first.history["loss"] + second.history["loss"] == whole
    assert second.epoch == [2, 3]


def test_the_loss_is_the_mean_over_samples() -> None:
    with gk.device("cpu"):
        model = nn.Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))])
        model.set_weights([np.array([[0.0]])])
        model.compile(nn.optimizers.SGD(0.0), "mse")
        y = np.array([1.0, 2.0, 3.0, 4.0, 5.0])  # (5,) against (5, 1)
        expected = np.mean(y**2)
        x = np.ones((5, 1))
        assert abs(model.fit(x, y, batch_size=2, verbose=0).history["loss"][0] - expected) < 1e-5
        assert abs(model.evaluate(x, y, batch_size=3)["loss"] - expected) < 1e-5


def test_regularizers_and_constraints_count() -> None:
    with gk.device("cpu"):
        layer = layers.Dense(
            1,
            use_bias=False,
            kernel_initializer="ones",
            kernel_regularizer="l2",
            kernel_constraint=nn.constraints.MaxNorm(0.5),
        )
        model = nn.Sequential([layer], input_shape=(1,))
        model.compile(nn.optimizers.SGD(0.0), "mse")
        assert abs(model.evaluate([[0.0]], [[0.0]])["loss"] - 0.01) < 1e-7
        model.fit([[0.0]], [[0.0]], verbose=0)
        assert abs(layer.kernel.item() - 0.5) < 1e-5


def test_sample_and_class_weights(device: str) -> None:
    model = nn.Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))])
    model.set_weights([np.array([[1.0]])])
    model.compile(nn.optimizers.SGD(0.0), "mse")
    x, y = np.array([[1.0], [2.0], [3.0]]), np.array([0, 1, 1])
    squares = np.array([1.0, 1.0, 4.0])

    def loss(**keywords: Any) -> float:
        return model.fit(x, y, verbose=0, **keywords).history["loss"][0]

    assert abs(loss() - squares.mean()) < 1e-5
    assert abs(loss(sample_weight=[1.0, 2.0, 0.0]) - 1.0) < 1e-5
    assert abs(loss(class_weight={1: 3.0}) - (squares * [1, 3, 3]).mean()) < 1e-5
    both = loss(class_weight={1: 3.0}, sample_weight=[2.0, 1.0, 1.0])
    assert abs(both - (squares * [2, 3, 3]).mean()) < 1e-5
    held = loss(class_weight={1: 3.0}, validation_split=0.3)
    assert abs(held - (1.0 + 3.0) / 2) < 1e-5
    assert abs(model.evaluate(x, y, sample_weight=np.array([0, 0, 1]))["loss"] - 4 / 3) < 1e-5


def test_validation(device: str) -> None:
    model = classifier()
    history = model.fit(X, LABELS, epochs=2, validation_split=0.2, verbose=0)
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    last = model.evaluate(X[80:], LABELS[80:])
    assert history.history["val_loss"][-1] == last["loss"]
    other = model.fit(X, LABELS, validation_data=(X[80:], LABELS[80:]), verbose=0)
    assert other.history["val_loss"] == [model.evaluate(X[80:], LABELS[80:])["loss"]]


def test_several_inputs(device: str) -> None:
    class Sum(nn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = layers.Dense(1), layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.a(x[0]) + self.b(x[1])

    gk.seed(1)
    model = Sum()
    model.compile(nn.optimizers.Adam(0.05), "mse")
    a, b = X[:, :2], X[:, 2:]
    y = a.sum(1, keepdims=True) - b.sum(1, keepdims=True)
    history = model.fit([a, b], y, epochs=30, verbose=0)
    assert history.history["loss"][-1] < 0.1 * history.history["loss"][0]
    assert model.predict([a, b]).shape == (100, 1)


def test_names_functions_and_objects(device: str) -> None:
    def total(y_true: nn.Tensor, y_pred: nn.Tensor) -> nn.Tensor:
        summed: nn.Tensor = (y_true - y_pred).square().sum(-1)
        return summed

    model = nn.Sequential([layers.Dense(3, input_shape=(6,))])
    for loss in ("mse", nn.losses.MeanSquaredError(), nn.losses.mean_squared_error, total):
        model.compile("adam", loss, ["mae", nn.metrics.MeanSquaredError(name="mine"), total])
        logs = model.fit(X, ROWS, verbose=0).history
        assert set(logs) == {"loss", "mae", "mine", "total"}
    for optimizer in ("sgd", "rmsprop", "adam", "adamw", "adamax", "adadelta", "adagrad"):
        model.compile(optimizer, "mse")
        model.fit(X, ROWS, verbose=0)


def test_as_keras_users_write_it() -> None:
    with gk.device("cpu"):
        model = classifier()
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=None)
        history = model.fit(X, LABELS, batch_size=None, callbacks=None, verbose=0)
        assert model.history is history
        model.compile("sgd", "mse", ["mae", "mae", nn.metrics.MeanAbsoluteError()])
        names = ["loss", "mae", "mae_1", "mean_absolute_error"]
        assert list(model.fit(X, ROWS, verbose=0).history) == names
        found = model.evaluate(X, ROWS, batch_size=None, verbose=0, return_dict=True)
        assert model.evaluate(X, ROWS, return_dict=False) == list(found.values())
        np.testing.assert_allclose(
            list(model.test_on_batch(X, ROWS).values()), list(found.values()), rtol=1e-5
        )
        np.testing.assert_allclose(
            model.predict_on_batch(X), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6
        )
        assert model.output_shape == (None, 3)


# ---------------------------------------------------------------- what goes wrong


def test_what_newcomers_get_wrong() -> None:
    with gk.device("cpu"):
        model = classifier()
        with pytest.raises(KernelError, match="with targets, but y is missing"):
            model.fit(X, verbose=0)
        with pytest.raises(KernelShapeError, match=r"x has 100 samples, but y of shape \(99,\)"):
            model.fit(X, LABELS[:-1], verbose=0)
        with pytest.raises(KernelError, match="labels from 1 to 3, but .* has 3 classes: 0 to 2"):
            model.fit(X, LABELS + 1, verbose=0)
        with pytest.raises(KernelError, match="labels from -1 to 1, but"):
            model.evaluate(X, LABELS - 1)
        with pytest.raises(KernelShapeError, match="built for inputs"):
            model.fit(X[:, :5], LABELS, verbose=0)
        with pytest.raises(KernelTypeError, match="batch_size=0 is not an int of at least 1"):
            model.fit(X, LABELS, batch_size=0)
        with pytest.raises(KernelTypeError, match="epochs=2.5"):
            model.fit(X, LABELS, epochs=2.5)  # type: ignore[arg-type]
        with pytest.raises(KernelError, match="validation_split=1.0"):
            model.fit(X, LABELS, validation_split=1.0)
        with pytest.raises(KernelTypeError, match=r"validation_data is \(x, y\) or"):
            model.fit(X, LABELS, validation_data=X)
        with pytest.raises(KernelTypeError, match="class_weight=.* is not a dict"):
            model.fit(X, LABELS, class_weight=[1.0, 2.0])  # type: ignore[arg-type]
        with pytest.raises(KernelError, match="y has labels that are not whole numbers, from 0.5"):
            model.fit(X, LABELS + 0.5, verbose=0)
        with pytest.raises(KernelTypeError, match="x is a list of 2 arrays, but the model"):
            model.fit([X, X], LABELS, verbose=0)
        with pytest.raises(KernelShapeError, match=r"single number each are x\[:, None\]"):
            model.fit(X[:, 0], LABELS, verbose=0)
        with pytest.raises(KernelTypeError, match="class_weight=.*: could not convert"):
            model.fit(X, LABELS, class_weight={0: "heavy"}, verbose=0)  # type: ignore[dict-item]
        with pytest.raises(KernelTypeError, match="objects of nn.callbacks.Callback"):
            model.fit(X, LABELS, callbacks=[print], verbose=0)  # type: ignore[list-item]
        model.compile("sgd", "mse")
        with pytest.raises(KernelShapeError, match=r"y_true has shape \(32,\), y_pred \(32, 3\)"):
            model.fit(X, LABELS, verbose=0)
        model.compile("sgd")
        with pytest.raises(KernelError, match="compiled without a loss"):
            model.fit(X, LABELS, verbose=0)
        model.trainable = False
        with pytest.raises(KernelError, match="no weights that can be trained"):
            model.compile("sgd", "mse")
            model.fit(X, ROWS, verbose=0)
        with pytest.raises(KernelError, match="was not compiled"):
            nn.Sequential([layers.Dense(1)]).fit(X, LABELS)


def test_unknown_names_are_told_at_compile() -> None:
    model = nn.Sequential([layers.Dense(1)])
    for keywords, words in [
        ({"optimizer": "adaam"}, "did you mean 'Adam'"),
        ({"loss": "msee"}, "there is no loss 'msee'"),
        ({"metrics": ["acuracy"]}, "'acuracy'"),
    ]:
        with pytest.raises(KernelValueError, match=words):
            model.compile(**keywords)  # type: ignore[arg-type]
    assert model.trainer is None


def test_a_loss_that_is_not_finite(device: str) -> None:
    model = classifier()
    bad = X.copy()
    bad[70] = np.nan
    with pytest.raises(KernelError, match="the loss sparse_cat.* is nan since epoch 1, in batch 3"):
        model.fit(bad, LABELS, shuffle=False, verbose=0)
    fresh = classifier()
    with pytest.raises(KernelError, match="is nan in the evaluation, in batch 3"):
        fresh.fit(X, LABELS, validation_data=(bad, LABELS), verbose=0)
    with pytest.raises(KernelError, match="hint: a smaller learning rate"):
        model.train_on_batch(bad, LABELS)


# ---------------------------------------------------------------- what a step costs


@contextmanager
def counted_launches() -> Iterator[list[str]]:
    """Collect the names of the kernels that are launched."""
    kernel_class = sys.modules["gpukernel.kernel"].Kernel
    original, names = kernel_class.__call__, []

    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        names.append(self.__name__)
        return original(self, *args, **keywords)

    kernel_class.__call__ = call
    try:
        yield names
    finally:
        kernel_class.__call__ = original


def mlp() -> tuple[nn.Sequential, np.ndarray, np.ndarray]:
    model = nn.Sequential(
        [layers.Dense(32, activation="relu", input_shape=(64,)), layers.Dense(10)]
    )
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(320, 64)).astype(np.float32), rng.integers(0, 10, 320)


def cnn() -> tuple[nn.Sequential, np.ndarray, np.ndarray]:
    model = nn.Sequential(
        [
            layers.Conv2D(4, 3, activation="relu", padding="same", input_shape=(6, 6, 1)),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(160, 6, 6, 1)).astype(np.float32), rng.integers(0, 10, 160)


OPTIMIZERS = {
    "sgd": lambda: nn.optimizers.SGD(0.01),
    "momentum": lambda: nn.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
    "adam": lambda: nn.optimizers.Adam(nn.schedules.ExponentialDecay(1e-3, 10, 0.9)),
    "rmsprop": lambda: nn.optimizers.RMSprop(centered=True, clipnorm=1.0),
}


@pytest.mark.parametrize(
    ("make", "optimizer"),
    [(mlp, "sgd"), (mlp, "momentum"), (mlp, "adam"), (mlp, "rmsprop"), (cnn, "adam")],
)
def test_steps_allocate_compile_and_read_nothing(make: Any, optimizer: str, device: str) -> None:
    model, x, y = make()
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(OPTIMIZERS[optimizer](), loss, ["accuracy"])
    model.fit(x, y, epochs=2, verbose=0)
    before = gk.memory()
    epochs = 20 if make is mlp else 8
    model.fit(x, y, epochs=epochs, verbose=0)
    after = gk.memory()
    assert after.compiles == before.compiles
    assert after.textures == before.textures
    assert after.arrays <= before.arrays  # less where garbage of other tests went
    # of each epoch its loss and its accuracy are read, and of the whole the place of a bad batch
    assert after.downloads - before.downloads <= 2 * epochs + 2


def test_the_number_of_batches_compiles_nothing(device: str) -> None:
    model, x, y = mlp()
    model.compile("sgd", nn.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    model.fit(x[:64], y[:64], verbose=0)
    before = gk.memory().compiles
    for count in (96, 224, 320):
        model.fit(x[:count], y[:count], verbose=0)
    assert gk.memory().compiles == before


def test_few_launches_a_step(gl: Any) -> None:
    with gk.device("gl"):
        model, x, y = mlp()
        loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
        for metrics, most in ([], 12), (["accuracy"], 13):
            model.compile(nn.optimizers.SGD(0.01), loss, metrics)
            model.fit(x[:64], y[:64], verbose=0)
            with counted_launches() as names:
                model.fit(x[:64], y[:64], shuffle=False, verbose=0)
            two = list(names)
            with counted_launches() as names:
                model.fit(x[:96], y[:96], shuffle=False, verbose=0)
            assert len(names) - len(two) <= most, names[len(two) :]
