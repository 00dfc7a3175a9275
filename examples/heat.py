"""Heat spreading through a metal plate, plotted as heat.png.

The plate is insulated at its border (``boundary="clamp"``: beyond it, it is as warm as at it), has
a slit that hardly conducts, and two parts that are kept at their temperatures: a hot bar and a
cold disc.  On the left the plate at the end, on the right a line across it as time goes by.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

import gpukernel as gk
from gpukernel import index, kernel

HOT, COLD, ROOM = 100.0, 0.0, 20.0  # degrees Celsius
METAL, SLIT = 0.24, 0.0005  # conductivity: the part of a difference that evens out in one step


def is_hot(y, x):
    return abs(x + 0.6) < 0.05 and abs(y) < 0.5


def is_cold(y, x):
    return math.hypot(y + 0.35, x - 0.55) < 0.2


def is_slit(y, x):
    return abs(x - 0.1) < 0.03 and y > -0.45


def place(i, j, rows, cols):
    """Return a cell's place on the plate, both coordinates from -1 to 1."""
    return 2.0 * (i + 0.5) / rows - 1.0, 2.0 * (j + 0.5) / cols - 1.0


@kernel(shape=lambda size: (size, size))
def plate(size):
    """What the plate is when the time begins: temperature and conductivity of each cell."""
    i, j = index()
    y, x = place(i, j, size, size)
    temperature = HOT if is_hot(y, x) else COLD if is_cold(y, x) else ROOM
    return temperature, SLIT if is_slit(y, x) else METAL


def flow(t, c, i, j, k, m):
    """Return the heat that a cell gets from its neighbour (k, m) in one step.

    Two half cells conduct one after the other, so their resistances add up.
    """
    conductivity = 2.0 / (1.0 / c[i, j] + 1.0 / c[k, m])
    return conductivity * (t[k, m] - t[i, j])


@kernel(boundary="clamp")
def spread(t, c):
    """One step of time: temperature ``t``, conductivity ``c``."""
    i, j = index()
    y, x = place(i, j, t.shape[0], t.shape[1])
    if is_hot(y, x) or is_cold(y, x):
        return t[i, j]
    gained = 0.0
    for k, m in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
        gained += flow(t, c, i, j, k, m)
    return t[i, j] + gained


def run(size: int, times: Sequence[int]) -> list[np.ndarray]:
    """Return the temperatures, float32 (size, size), after each of the growing ``times``."""
    now, conductivity = plate(size)
    maps, done = [], 0
    for time in times:
        for _ in range(time - done):
            spread(now, conductivity, out=now)  # an input may be filled
        maps.append(now.numpy())
        done = time
    return maps


def draw(maps: Sequence[np.ndarray], times: Sequence[int], path: Path) -> None:
    rows, cols = maps[-1].shape
    line = rows // 2
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = left.imshow(maps[-1], cmap="inferno", vmin=COLD, vmax=HOT, interpolation="bilinear")
    levels = np.arange(10, 100, 10)
    left.contour(maps[-1], levels, colors="white", linewidths=0.6, alpha=0.55)
    left.axhline(line, color="deepskyblue", linewidth=1.2, linestyle="--")
    left.set(title=f"the plate after {times[-1]} steps", xticks=[], yticks=[])
    figure.colorbar(shown, ax=left, label="temperature [°C]", shrink=0.9)
    shades = colormaps["viridis"](np.linspace(0.9, 0.0, len(maps)))
    for values, time, shade in zip(maps, times, shades):
        right.plot(np.arange(cols) / cols, values[line], color=shade, label=f"{time}")
    right.set(title="along the dashed line", xlabel="place [plate widths]", xlim=(0, 1))
    right.set(ylabel="temperature [°C]", ylim=(COLD - 3, HOT + 3))
    right.grid(alpha=0.25)
    right.legend(title="steps", frameon=False)
    figure.savefig(path, dpi=110)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=96, help="rows and columns of the plate")
    parser.add_argument("--steps", type=int, default=1500, help="steps of time")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the picture")
    parser.add_argument("--device", help="gl or cpu (default: the best there is)")
    options = parser.parse_args(argv)

    times = [int(options.steps * part) for part in (0, 0.02, 0.08, 0.25, 0.5, 1)]
    with gk.device(options.device) if options.device else nullcontext():
        maps = run(options.size, times)

    options.out.mkdir(parents=True, exist_ok=True)
    picture = options.out / "heat.png"
    draw(maps, times, picture)
    print(f"{options.steps} steps of a plate of {options.size} x {options.size} cells")
    print(f"mean temperature: {maps[0].mean():.1f} °C before, {maps[-1].mean():.1f} °C after")
    print(f"picture: {picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
