"""Networks that read handwritten digits: curves of the training and the errors, as digits.png.

``--network mlp`` has two dense layers, ``--network cnn`` two convolutions before one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import gpukernel as gk
from examples.nn_data import Split, digits
from gpukernel import nn

EPOCHS = {"mlp": 40, "cnn": 25}


def make_mlp() -> nn.Sequential:
    return nn.Sequential(
        [
            nn.layers.Flatten(),
            nn.layers.Dense(64, activation="relu"),
            nn.layers.Dense(10),
        ],
        input_shape=(8, 8, 1),
    )


def make_cnn() -> nn.Sequential:
    return nn.Sequential(
        [
            nn.layers.Conv2D(16, 3, padding="same", activation="relu"),
            nn.layers.Conv2D(32, 3, padding="same", activation="relu"),
            nn.layers.MaxPooling2D(2),
            nn.layers.Flatten(),
            nn.layers.Dropout(0.3),
            nn.layers.Dense(10),
        ],
        input_shape=(8, 8, 1),
    )


NETWORKS = {"mlp": make_mlp, "cnn": make_cnn}


def learn(
    network: str, seed: int, epochs: int, data: Split, verbose: int = 0
) -> tuple[nn.Sequential, Any]:
    """Return a trained network and the history of its training."""
    gk.seed(seed)
    model = NETWORKS[network]()
    loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(nn.optimizers.Adam(0.003), loss, metrics=["accuracy"])
    history = model.fit(
        data.x,
        data.y,
        batch_size=32,
        epochs=epochs,
        validation_data=(data.test_x, data.test_y),
        verbose=verbose,
    )
    return model, history


def draw(model: nn.Sequential, history: Any, data: Split, path: Path) -> None:
    """Write the accuracy as curves, and the digits that were read wrongly."""
    read = model.predict(data.test_x, batch_size=len(data.test_x)).argmax(axis=1)
    wrong = np.flatnonzero(read != data.test_y)[:10]
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subfigures(1, 2, squeeze=False)[0]
    axes = left.subplots()
    for name in ("accuracy", "val_accuracy"):
        axes.plot(np.arange(1, len(history.epoch) + 1), history.history[name], label=name)
    axes.set(xlabel="epoch", ylim=(0.85, 1.005))
    axes.legend()
    right.suptitle(f"{np.count_nonzero(read != data.test_y)} of {len(read)} read wrongly")
    for place, cell in enumerate(right.subplots(2, 5).flat):
        cell.set_axis_off()
        if place < len(wrong):
            sample = wrong[place]
            cell.imshow(data.test_x[sample, ..., 0], cmap="gray_r")
            cell.set_title(f"{data.test_y[sample]}, read {read[sample]}", fontsize=9)
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=sorted(NETWORKS), default="mlp")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--device", choices=["gl", "cpu"])
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"digits_{options.network}.png"
    data = digits()
    with gk.device(options.device) if options.device else nullcontext():
        start = time.perf_counter()
        epochs = options.epochs or EPOCHS[options.network]
        model, history = learn(options.network, options.seed, epochs, data, verbose=2)
        took = time.perf_counter() - start
        model.summary()
        draw(model, history, data, path)
    accuracy = history.history["val_accuracy"][-1]
    print(f"{accuracy:.1%} of {len(data.test_y)} digits right after {took:.1f} s")
    print(f"written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
