"""A convolutional auto-encoder: digits through eight numbers and back, as autoencoder.png.

The encoder makes 8 numbers of 64 pixels, the decoder makes the picture again: above what went in,
below what came out, for digits that it has not learned from.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import gpukernel as gk
from examples.nn_data import digits
from gpukernel import nn

EPOCHS = 40
CODE = 8
SHOWN = 12


def make_network() -> nn.Sequential:
    return nn.Sequential(
        [
            nn.layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            nn.layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            nn.layers.Flatten(),
            nn.layers.Dense(CODE),
            nn.layers.Dense(2 * 2 * 32, activation="relu"),
            nn.layers.Reshape((2, 2, 32)),
            nn.layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu"),
            nn.layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu"),
            nn.layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ],
        input_shape=(8, 8, 1),
    )


def draw(pictures: np.ndarray, decoded: np.ndarray, path: Path) -> None:
    """Write pictures and what became of them, one above the other."""
    figure = Figure(figsize=(SHOWN, 2.3), layout="constrained")
    for row, images in zip(figure.subplots(2, SHOWN), (pictures, decoded)):
        for cell, image in zip(row, images):
            cell.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=1)
            cell.set_axis_off()
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--device", choices=["gl", "cpu"])
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "autoencoder.png"
    data = digits()
    with gk.device(options.device) if options.device else nullcontext():
        gk.seed(options.seed)
        model = make_network()
        model.compile(nn.optimizers.Adam(0.003), "mean_squared_error")
        history = model.fit(data.x, data.x, epochs=options.epochs, verbose=2)
        decoded = model.predict(data.test_x[:SHOWN])
    draw(data.test_x[:SHOWN], decoded, path)
    print(f"mean squared error {history.history['loss'][-1]:.4f}, written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
