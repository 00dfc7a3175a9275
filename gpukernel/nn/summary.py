"""``model.summary()``: layers, shapes and numbers of weights, as plain text."""

from __future__ import annotations

from typing import Any

from gpukernel.errors import KernelError
from gpukernel.nn.layers.base import Layer

HEAD = ("layer", "class", "output shape", "weights")


def summary_text(model: Layer) -> str:
    """Return the table of a model's layers; shapes are not known before it is built."""
    rows = [HEAD, *_rows(model, "")]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for row in rows:
        cells = [cell.ljust(n) for cell, n in zip(row[:3], widths)]
        lines.append("  ".join([*cells, row[3].rjust(widths[3])]))
    rule = "-" * max(map(len, lines))
    lines.insert(1, rule)
    trainable = sum(w.size for w in model.trainable_weights)
    total = model.count_params()
    parts = f"{trainable:,} trainable, {total - trainable:,} not"
    tail = f"{_many(total)}: {parts}; {_bytes(4 * total)}"
    if not model.built:
        tail = "not built: weights are made at the first call, or where an input_shape is given"
    return "\n".join([f"model {model.name!r}", *lines, rule, tail])


def _rows(model: Layer, indent: str) -> list[tuple[str, str, str, str]]:
    found = []
    for layer in model.sublayers:
        count = f"{layer.count_params():,}" if layer.built else "?"
        name = f"{indent}{layer.name}"
        found.append((name, type(layer).__name__, _words(_output_shape(layer)), count))
        found.extend(_rows(layer, f"{indent}  "))
    return found


def _output_shape(layer: Layer) -> Any:
    if not layer.built:
        return None
    try:
        return layer.compute_output_shape(layer.built_shape)
    except KernelError:
        return None  # a model of the user's that does not tell


def _words(shape: Any) -> str:
    if shape is None:
        return "?"
    if isinstance(shape, list):
        return ", ".join(map(_words, shape))
    return "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"


def _many(count: int) -> str:
    return f"{count:,} weight" if count == 1 else f"{count:,} weights"


def _bytes(count: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024  # type: ignore[assignment]
    return f"{count:.4g} GiB"
