"""A regression with an activation of one's own: predictions against the truth, as regression.png.

The activation is a plain Python function of a number.  `gpukernel.vectorize` compiles it, and its
derivative follows from the compiler: nothing else is written for the training.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import gpukernel as gk
from examples.nn_data import diabetes
from gpukernel import nn

EPOCHS = 60


@gk.vectorize
def bent(x):
    """A line that bends smoothly at zero, and flattens far below it."""
    if x > 0.0:
        return x + 0.5 * math.sin(x) ** 2
    return math.expm1(x) / (1.0 + 0.1 * x * x)


def make_network() -> nn.Sequential:
    return nn.Sequential(
        [
            nn.layers.Dense(16, activation=bent, kernel_regularizer=nn.regularizers.L2(0.01)),
            nn.layers.Dense(8, activation=bent, kernel_regularizer=nn.regularizers.L2(0.01)),
            nn.layers.Dense(1),
        ],
        input_shape=(10,),
    )


def explained(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Return the part of the variance that predictions explain: 1 is all of it."""
    return float(1.0 - np.sum((truth - predicted) ** 2) / np.sum((truth - truth.mean()) ** 2))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--device", choices=["gl", "cpu"])
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "regression.png"
    data = diabetes()
    with gk.device(options.device) if options.device else nullcontext():
        gk.seed(options.seed)
        model = make_network()
        model.compile(nn.optimizers.Adam(0.002), "mean_squared_error")
        history = model.fit(
            data.x, data.y, epochs=options.epochs, validation_data=(data.test_x, data.test_y),
            verbose=0,
        )  # fmt: skip
        predicted = model.predict(data.test_x)
        line = np.linspace(-4, 4, 161, dtype=np.float32)
        curve, slope = bent(nn.tensor(line)).numpy(), nn.grad(lambda x: bent(x).sum())(line).numpy()
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    left.plot(line, curve, label="activation")
    left.plot(line, slope, label="its derivative")
    left.legend()
    for name, values in history.history.items():
        middle.plot(values, label=name)
    middle.set(xlabel="epoch")
    middle.legend()
    right.scatter(data.test_y, predicted, s=12)
    right.axline((0, 0), slope=1, color="grey")
    right.set(xlabel="progression of the disease", ylabel="predicted")
    figure.savefig(path, dpi=110)
    share = explained(data.test_y, predicted)
    print(f"{share:.0%} of the variance explained, written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
