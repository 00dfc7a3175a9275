"""The networks that are trained, and data for them: sizes are real, numbers are random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import gpukernel as gk
from gpukernel import nn

CLASSES = 10
RATE = 0.05
WARM_UP = 2  # steps, before anything is measured


@dataclass(frozen=True)
class Network:
    """A network by its layers, and the shape of one sample.

    Attributes:
        losses: for each batch size the loss of the step after `WARM_UP`, on every device.
    """

    name: str
    sample: tuple[int, ...]
    layers: Callable[[], list[nn.layers.Layer]]
    losses: dict[int, float]


def _mlp() -> list[nn.layers.Layer]:
    return [nn.layers.Dense(32, activation="relu"), nn.layers.Dense(CLASSES)]


def _cnn() -> list[nn.layers.Layer]:
    return [
        nn.layers.Conv2D(8, 3, padding="same", activation="relu"),
        nn.layers.MaxPooling2D(2),
        nn.layers.Conv2D(16, 3, padding="same", activation="relu"),
        nn.layers.MaxPooling2D(2),
        nn.layers.Flatten(),
        nn.layers.Dense(CLASSES),
    ]


NETWORKS = (
    Network("MLP 64-32-10", (64,), _mlp, {32: 2.3848185, 256: 2.6673866}),
    Network("CNN 28x28", (28, 28, 1), _cnn, {32: 2.0377824, 256: 2.2495563}),
)


def make_model(network: Network) -> nn.Sequential:
    """Return the compiled network, its weights the same at every call."""
    gk.seed(0)
    model = nn.Sequential(network.layers(), input_shape=network.sample)
    model.build_for((None, *network.sample))
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(nn.optimizers.SGD(RATE), loss)
    return model


def samples(network: Network, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return samples, float32, and their classes, int32."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(count, *network.sample)).astype(np.float32)
    return x, generator.integers(0, CLASSES, count).astype(np.int32)
