"""The same networks in PyTorch, which is measured where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.nn.networks import RATE, Network, make_model
from gpukernel import nn


def is_installed() -> bool:
    return find_spec("torch") is not None


def make_step(network: Network, x: np.ndarray, y: np.ndarray) -> Callable[[], float]:
    """Return a training step that starts from our weights and gives its loss."""
    import torch

    model = _translated(make_model(network))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    loss_of = torch.nn.CrossEntropyLoss()
    data = torch.from_numpy(np.moveaxis(x, -1, 1).copy() if x.ndim == 4 else x)
    labels = torch.from_numpy(y.astype(np.int64))

    def step() -> float:
        optimizer.zero_grad()
        loss = loss_of(model(data), labels)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def _translated(model: nn.Sequential) -> Any:
    """Return our model as one of PyTorch's, channels first, with the same weights."""
    import torch

    modules: list[Any] = []
    for layer in model.layers:
        if isinstance(layer, nn.layers.Conv2D):
            kernel = layer.kernel.numpy().transpose(3, 2, 0, 1)
            modules.append(torch.nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1))
            _fill(modules[-1], kernel, layer.bias.numpy())
        elif isinstance(layer, nn.layers.Dense):
            kernel = layer.kernel.numpy()
            modules.append(torch.nn.Linear(*kernel.shape))
            _fill(modules[-1], kernel.T, layer.bias.numpy())
        elif isinstance(layer, nn.layers.MaxPooling2D):
            modules.append(torch.nn.MaxPool2d(2))
        elif isinstance(layer, nn.layers.Flatten):
            modules += [_ChannelsLast(), torch.nn.Flatten()]
        if getattr(layer, "activation", None) == "relu":
            modules.append(torch.nn.ReLU())
    return torch.nn.Sequential(*modules)


def _ChannelsLast() -> Any:
    """Return a module that puts channels last, as our Flatten sees them."""
    import torch

    class ChannelsLast(torch.nn.Module):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return x.permute(0, 2, 3, 1)

    return ChannelsLast()


def _fill(module: Any, kernel: np.ndarray, bias: np.ndarray) -> None:
    import torch

    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(kernel.copy()))
        module.bias.copy_(torch.from_numpy(bias))
