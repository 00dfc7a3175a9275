"""The curves of a training: needs matplotlib."""

from __future__ import annotations

import os
import sys
from typing import Any

from gpukernel.errors import KernelError

_WITHOUT_WINDOWS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")
Curves = dict[str, list[float]]


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise KernelError("plotting needs matplotlib\nhint: pip install matplotlib") from None
    return Figure


def plot_history(history: Any, path: str | os.PathLike[str] | None = None) -> Any:
    """Draw a history: losses on the left, what else was measured on the right.

    Args:
        history: what `Model.fit` returned.
        path: the picture to write, if any.

    Returns:
        The matplotlib figure.

    Raises:
        KernelError: matplotlib is not installed.
    """
    return draw_history(history.epoch, history.history, path=path)


def draw_history(
    epochs: list[int],
    curves: Curves,
    path: str | os.PathLike[str] | None = None,
    figure: Any = None,
) -> Any:
    """Draw curves over epochs into a figure, a new one if there is none, and return it."""
    if figure is None:
        figure = _figure_class()(figsize=(10, 3.5), layout="constrained")
    losses = {n: v for n, v in curves.items() if n in ("loss", "val_loss")}
    others = {n: v for n, v in curves.items() if n not in losses}
    figure.clear()
    parts = [losses, others] if others else [losses]
    for place, part in enumerate(parts):
        axes = figure.add_subplot(1, len(parts), place + 1)
        for name, values in part.items():
            axes.plot([epoch + 1 for epoch in epochs], values, ".-", label=name)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        if part:
            axes.legend()
    if path is not None:
        figure.savefig(path, dpi=110)
    return figure


class LivePlot:
    """Curves that grow while a training runs: in a notebook's output, else in a window.

    Raises:
        KernelError: there is neither.
    """

    def __init__(self) -> None:
        figure_class = _figure_class()
        self._display = self._window = None
        interactive = sys.modules.get("IPython")
        if interactive is not None and hasattr(interactive.get_ipython(), "kernel"):
            self._figure = figure_class(figsize=(10, 3.5), layout="constrained")
            self._display = interactive.display.display(self._figure, display_id=True)
            return
        import matplotlib
        from matplotlib import pyplot

        if matplotlib.get_backend().lower() in _WITHOUT_WINDOWS:
            raise KernelError(
                "LossPlot has neither a notebook nor a window to show its curves in\n"
                "hint: give it the picture to write: LossPlot('loss.png')"
            )
        self._window = pyplot
        self._figure = pyplot.figure(figsize=(10, 3.5), layout="constrained")

    def show(self, epochs: list[int], curves: Curves) -> None:
        """Draw the curves as they are now."""
        draw_history(epochs, curves, figure=self._figure)
        if self._display is not None:
            self._display.update(self._figure)
        elif self._window is not None:
            self._window.pause(0.001)  # lets the window draw itself
