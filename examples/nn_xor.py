"""A network of two layers learns exclusive or: what it answers over the square, as xor.png."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import gpukernel as gk
from gpukernel import nn

QUESTIONS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
ANSWERS = np.array([[0], [1], [1], [0]], np.float32)
STEPS = 1500


def learn(seed: int, steps: int = STEPS) -> tuple[nn.Sequential, list[float]]:
    """Return a trained network and its loss after every epoch."""
    gk.seed(seed)
    model = nn.Sequential(
        [nn.layers.Dense(4, activation="tanh"), nn.layers.Dense(1, activation="sigmoid")],
        input_shape=(2,),
    )
    model.compile(nn.optimizers.Adam(0.01), "binary_crossentropy")
    history = model.fit(QUESTIONS, ANSWERS, batch_size=4, epochs=steps, verbose=0)
    return model, history.history["loss"]


def draw(model: nn.Sequential, losses: list[float], path: Path) -> None:
    """Write the loss as a curve, and the network's answer at every point of the square."""
    line = np.linspace(-0.25, 1.25, 121, dtype=np.float32)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    answers = model.predict(points, batch_size=len(points)).reshape(len(line), len(line))
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(losses)
    left.set(xlabel="step", ylabel="loss", yscale="log")
    picture = right.imshow(answers, origin="lower", extent=(-0.25, 1.25) * 2, vmin=0, vmax=1)
    right.scatter(*QUESTIONS.T, c=ANSWERS[:, 0], edgecolors="white", s=80, vmin=0, vmax=1)
    figure.colorbar(picture, ax=right, label="answer")
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--device", choices=["gl", "cpu"])
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    with gk.device(options.device) if options.device else nullcontext():
        model, losses = learn(options.seed, options.steps)
        for question, answer in zip(QUESTIONS, model.predict(QUESTIONS)[:, 0]):
            print(f"{question[0]:.0f} xor {question[1]:.0f} = {answer:.3f}")
        draw(model, losses, options.out / "xor.png")
    print(f"loss {losses[-1]:.4f} after {len(losses)} steps, written to {options.out / 'xor.png'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
