"""Layers against Keras 2.1.2: every case of tests/nn/data whose layers there are.

A case is an expression of layers with their weights; its layers are made from Keras's configuration
of them.  Classes that are not here are counted in `ABSENT`, so that no case is left out unseen.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpukernel import nn
from gpukernel.nn import layers
from gpukernel.nn.layers.base import Layer
from gpukernel.nn.sequential import Sequential

CASES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "keras2_layer_cases.json").read_text()
)

# In how many cases each class of layers stands that is not in `gpukernel.nn.layers`.
ABSENT = {
    "Add": 4,
    "Average": 4,
    "AveragePooling3D": 13,
    "Bidirectional": 8,
    "Concatenate": 11,
    "Conv3D": 7,
    "Cropping1D": 3,
    "Cropping2D": 7,
    "Cropping3D": 6,
    "Dot": 5,
    "GRU": 9,
    "GaussianDropout": 1,
    "GaussianNoise": 1,
    "GlobalAveragePooling3D": 3,
    "GlobalMaxPooling3D": 3,
    "LSTM": 9,
    "MaxPooling3D": 13,
    "Maximum": 4,
    "Minimum": 3,
    "Multiply": 4,
    "Permute": 5,
    "RepeatVector": 12,
    "SimpleRNN": 9,
    "Subtract": 1,
    "ThresholdedReLU": 1,
    "TimeDistributed": 2,
    "UpSampling1D": 2,
    "UpSampling3D": 5,
    "ZeroPadding1D": 3,
    "ZeroPadding3D": 6,
}
RUN = 182  # cases that only have layers which are

# How Keras 2 calls arguments that are called otherwise here; None for what has no use here.
ARGUMENTS: dict[str, dict[str, str | None]] = {
    "Dropout": {"p": "rate"},
    "Embedding": {"input_length": None},
    "LeakyReLU": {"alpha": "negative_slope"},
}


def nodes(graph: Any) -> Iterator[Any]:
    """Yield the layers and activations of an expression, outermost first."""
    if graph[0] != "input":
        yield graph
        for one in graph[-1]:
            yield from nodes(one)


def classes(name: str) -> set[str]:
    """Return the names of the layers of a case."""
    return {node[1] for node in nodes(CASES[name]["graph"]) if node[0] == "layer"}


def absent(name: str) -> set[str]:
    return {one for one in classes(name) if one not in layers.__all__}


def array(stored: Any) -> np.ndarray:
    return np.array(stored["data"], np.float32).reshape(stored["shape"])


def layer_of(node: Any) -> Layer:
    """Make a layer from Keras 2's arguments."""
    _, name, arguments, _, _ = node
    names = ARGUMENTS.get(name, {})
    config = {names.get(key, key): value for key, value in arguments.items()}
    config.pop("data_format", None)  # channels first is done by moving axes, in `apply`
    return layers.from_config(
        {"class_name": name, "config": {k: v for k, v in config.items() if k is not None}}
    )


def apply(node: Any, x: nn.Tensor, weights: list[np.ndarray]) -> nn.Tensor:
    """Compute one layer, given those of the case's weights that are its own."""
    layer = layer_of(node)
    is_first = node[2].get("data_format") == "channels_first"
    if is_first:
        x = nn.tensor(np.moveaxis(x.numpy(), 1, -1))
    layer.build_for(x.shape)
    layer.set_weights(weights)
    result = layer(x)
    assert result.shape == layer.compute_output_shape(x.shape)
    is_moved = is_first and result.ndim == x.ndim
    return nn.tensor(np.moveaxis(result.numpy(), -1, 1)) if is_moved else result


def activation(name: str, options: dict[str, float], x: nn.Tensor) -> Any:
    """Compute an activation function with the options of Keras's backends."""
    if name == "relu" and "alpha" in options:
        return nn.leaky_relu(x, options["alpha"])
    if name == "relu" and "maxValue" in options:
        return nn.minimum(nn.relu(x), options["maxValue"])
    if name == "elu":
        return nn.elu(x, **options)
    assert not options
    return layers.Activation(name)(x)


def value(graph: Any, inputs: list[nn.Tensor], weights: list[np.ndarray]) -> Any:
    """Compute an expression."""
    if graph[0] == "input":
        return inputs[graph[1]]
    given = [value(one, inputs, weights) for one in graph[-1]]
    assert len(given) == 1, "layers of several inputs are not here yet"
    if graph[0] == "activation":
        return activation(graph[1], graph[2], given[0])
    return apply(graph, given[0], [weights[place] for place in graph[3]])


def check(result: nn.Tensor, case: Any) -> None:
    wanted = array(case["expected"])
    assert result.shape == (1, *wanted.shape)
    np.testing.assert_allclose(result.numpy()[0], wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in CASES if not absent(name)])
def test_case(name: str, device: str) -> None:
    case = CASES[name]
    inputs = [nn.tensor(array(x)[None]) for x in case["input"]]
    check(value(case["graph"], inputs, [array(w) for w in case["weights"]]), case)


def test_every_case_is_run_or_counted() -> None:
    counts = Counter(one for name in CASES for one in absent(name))
    assert dict(sorted(counts.items())) == ABSENT
    assert sum(not absent(name) for name in CASES) == RUN
    assert len(CASES) == 334


CHAINS = [name for name in CASES if name.startswith("pipeline") and not absent(name)]


@pytest.mark.parametrize("name", CHAINS)
def test_chain_is_a_sequential(name: str, device: str) -> None:
    """The weights of a model are those of its layers, one layer after the other."""
    case = CASES[name]
    chain = list(nodes(case["graph"]))[::-1]
    model = Sequential([layer_of(node) for node in chain])
    x = nn.tensor(array(case["input"][0])[None])
    model.build_for(x.shape)
    model.set_weights([array(case["weights"][place]) for node in chain for place in node[3]])
    check(model(x), case)
    assert model.compute_output_shape((None, *x.shape[1:])) == (None, *case["expected"]["shape"])
