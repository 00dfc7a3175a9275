"""Initializers: ranges, variances, seeds, and the shapes they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError, KernelValueError
from gpukernel.nn import initializers
from gpukernel.nn.initializers import fans, get
from gpukernel.nn.registry import custom_objects, serialize

SHAPES = [(40, 60), (3, 3, 8, 16)]
VARIANCES = {
    "glorot_uniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "glorot_normal": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he_uniform": lambda fan_in, fan_out: 2 / fan_in,
    "he_normal": lambda fan_in, fan_out: 2 / fan_in,
    "lecun_uniform": lambda fan_in, fan_out: 1 / fan_in,
    "lecun_normal": lambda fan_in, fan_out: 1 / fan_in,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", VARIANCES)
def test_variances(name: str, shape: tuple[int, ...]) -> None:
    with gk.device("cpu"):
        x = get({"class_name": name, "config": {"seed": 1}})(shape).numpy()
    assert x.shape == shape
    assert x.dtype == np.float32
    variance = VARIANCES[name](*fans(shape))
    assert x.var() == pytest.approx(variance, rel=0.1)
    assert abs(x.mean()) < 5 * math.sqrt(variance / x.size)
    top = math.sqrt(3 * variance) if "uniform" in name else 2 * math.sqrt(variance) / 0.8796
    assert 0.8 * top < np.abs(x).max() <= top * 1.001


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal", "uniform"])
def test_variance_scaling(mode: str, distribution: str) -> None:
    initializer = initializers.VarianceScaling(3.0, mode, distribution, seed=2)
    with gk.device("cpu"):
        x = initializer((50, 150)).numpy()
    n = {"fan_in": 50, "fan_out": 150, "fan_avg": 100}[mode]
    assert x.var() == pytest.approx(3.0 / n, rel=0.1)


def test_fans() -> None:
    assert fans(()) == (1, 1)
    assert fans((7,)) == (7, 7)
    assert fans((2, 3)) == (2, 3)
    assert fans((5, 2, 3)) == (10, 15)


def test_ranges() -> None:
    with gk.device("cpu"):
        x = initializers.RandomUniform(1.0, 3.0, seed=1)((500,)).numpy()
        y = initializers.TruncatedNormal(5.0, 2.0, seed=1)((500,)).numpy()
        z = initializers.RandomNormal(5.0, 2.0, seed=1)((5000,)).numpy()
    assert 1.0 <= x.min() < 1.1
    assert 2.9 < x.max() <= 3.0
    assert 1.0 <= y.min() < 1.5
    assert 8.5 < y.max() <= 9.0
    assert z.mean() == pytest.approx(5.0, abs=0.1)
    assert z.std() == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (2, 3, 5)])
def test_orthogonal(device: str, shape: tuple[int, ...]) -> None:
    q = initializers.Orthogonal(2.0, seed=3)(shape).numpy().reshape(-1, shape[-1])
    product = q.T @ q if len(q) >= shape[-1] else q @ q.T
    np.testing.assert_allclose(product, 4.0 * np.eye(len(product)), atol=1e-5)


def test_constants(device: str) -> None:
    assert get("zeros")((2, 2)).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert get("ones")(3, "int32").tolist() == [1, 1, 1]
    assert initializers.Constant(2.5)(()).item() == 2.5
    assert get("identity")((2, 2)).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert get("zeros")((0, 3)).shape == (0, 3)


def test_seeds() -> None:
    with gk.device("cpu"):
        fixed = get({"class_name": "HeNormal", "config": {"seed": 7}})
        assert fixed((5,)).tolist() == fixed((5,)).tolist()
        gk.seed(3)
        free = get("he_normal")
        first, second = free((5,)).tolist(), free((5,)).tolist()
        gk.seed(3)
        assert free((5,)).tolist() == first != second


def test_a_seed_gives_the_same_on_both_devices(gl: object) -> None:
    found = []
    for name in ("cpu", "gl"):
        with gk.device(name):
            found.append(initializers.GlorotUniform(seed=1)((4, 5)).tolist())
    assert found[0] == found[1]


def test_configuration_and_names() -> None:
    for name in initializers.__all__:
        if name not in ("Initializer", "FunctionInitializer"):
            made = get(name)
            assert type(get({"class_name": name, "config": made.get_config()})) is type(made)
    assert repr(get("lecunnormal")) == "LecunNormal(seed=None)"


def test_errors() -> None:
    with pytest.raises(KernelValueError, match="did you mean 'GlorotUniform'"):
        get("glorot_unifrom")
    with pytest.raises(KernelShapeError, match=r"Identity makes matrices, not shape \(3,\)"):
        get("identity")((3,))
    with pytest.raises(KernelShapeError, match="Orthogonal needs at least two axes"):
        get("orthogonal")((3,))
    with pytest.raises(KernelShapeError, match="negative"):
        get("zeros")((3, -1))
    with pytest.raises(KernelTypeError, match="RandomNormal gives float32 numbers, not int32"):
        get("random_normal")((3,), "int32")
    with pytest.raises(KernelValueError, match="mode is 'fan', .* fan_in, fan_out, fan_avg"):
        initializers.VarianceScaling(mode="fan")
    with pytest.raises(KernelValueError, match=r"minval 1\.0 is more"):
        initializers.RandomUniform(1.0, 0.0)
    with pytest.raises(KernelValueError, match="stddev is -1"):
        initializers.RandomNormal(stddev=-1)
    with pytest.raises(KernelError, match="seed"):
        initializers.HeNormal(seed=-1)


def test_functions_and_other_names() -> None:
    assert isinstance(initializers.he_normal(seed=1), initializers.HeNormal)

    def rising(shape: tuple[int, ...], dtype: object = None) -> np.ndarray:
        return np.arange(np.prod(shape)).reshape(shape)

    made = get(rising)
    assert made((2, 2)).tolist() == [[0.0, 1.0], [2.0, 3.0]]
    with custom_objects({"rising": rising}):
        assert get(serialize(made))((2,)).tolist() == [0.0, 1.0]
        assert get("rising")((1,)).tolist() == [0.0]
    with pytest.raises(KernelValueError, match="there is no initializer 'rising'"):
        get(serialize(made))
    with pytest.raises(KernelValueError, match="there is no initializer 'FunctionInitializer'"):
        get("FunctionInitializer")
    with pytest.raises(KernelShapeError, match=r"gave shape \(1,\), wanted \(2, 2\)"):
        get(lambda shape: [1.0])((2, 2))
