"""Tensors and variables: what they are made of, what they show, and what they refuse."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn


def test_data_with_and_without_a_shape(device: str) -> None:
    assert nn.tensor([1, 2, 3, 4], shape=(2, 2)).tolist() == [[1, 2], [3, 4]]
    assert nn.tensor([[1.5, 2.0]]).shape == (1, 2)
    assert nn.tensor(3).shape == ()
    assert nn.tensor([[1.0, 2.0]], shape=(1, 2)).shape == (1, 2)


@pytest.mark.parametrize(
    ("data", "shape", "words"),
    [
        ([1, 2, 3], (2, 2), r"data of shape \(3,\) does not fill shape \(2, 2\)"),
        ([[1, 2], [3, 4]], (4, 1), r"data of shape \(2, 2\) does not fill shape \(4, 1\)"),
        ([[1, 2], [3]], None, "no rectangle of numbers"),
    ],
)
def test_data_that_does_not_fit(data: object, shape: object, words: str) -> None:
    with pytest.raises(gk.KernelShapeError, match=words):
        nn.tensor(data, shape=shape)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, "float32"),
        (np.float64(2), "float32"),
        (np.ones(2, np.float16), "float32"),
        (7, "int32"),
        (np.ones(2, np.uint8), "int32"),
        (np.array([2**31 - 1], np.int64), "int32"),
        (True, "bool"),
        ([True, False], "bool"),
    ],
)
def test_dtypes_follow_the_data(data: object, dtype: str, device: str) -> None:
    assert nn.tensor(data).dtype.name == dtype


def test_a_dtype_can_be_asked_for(device: str) -> None:
    assert nn.tensor([1, 2], dtype="float32").tolist() == [1.0, 2.0]
    assert nn.tensor([1.7, -1.7], dtype=np.int32).tolist() == [1, -1]
    with pytest.raises(gk.KernelTypeError, match="float32, int32 or bool, not uint8"):
        nn.tensor([1], dtype="uint8")


@pytest.mark.parametrize("data", ["text", [None], np.array([1j]), [object()]])
def test_data_that_is_no_numbers(data: object) -> None:
    with pytest.raises((gk.KernelTypeError, gk.KernelShapeError)):
        nn.tensor(data)


def test_ints_that_do_not_fit() -> None:
    with pytest.raises(gk.KernelOverflowError, match="do not fit int32"):
        nn.tensor([2**31])
    with pytest.raises(gk.KernelOverflowError, match=r"nn.mul: \d+ does not fit a 32-bit int"):
        nn.tensor([1]) * 2**40


def test_any_strides_and_byte_order(device: str) -> None:
    values = np.arange(12, dtype=">f4").reshape(3, 4)[::-1, ::2]
    made = nn.tensor(values)
    assert made.dtype.name == "float32"
    np.testing.assert_array_equal((made * 1.0).numpy(), values)


def test_values_that_floats_cannot_hold(device: str) -> None:
    with pytest.raises(gk.KernelOverflowError, match="too large for float32"):
        nn.tensor([1e300])
    with pytest.raises(gk.KernelTypeError, match="masked array"):
        nn.tensor(np.ma.masked_array([1.0, 2.0], [True, False]))


@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (2, 1, 3, 2), (2, 3, 1, 2, 2), (0, 3)])
def test_values_come_back_at_any_rank(shape: tuple[int, ...], device: str) -> None:
    values = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    made = nn.tensor(values)
    assert made.shape == shape and made.ndim == len(shape) and made.size == values.size
    np.testing.assert_array_equal(made.numpy(), values)
    np.testing.assert_array_equal((made + 1).numpy(), values + 1)
    np.testing.assert_array_equal(np.asarray(made), values)


def test_what_a_tensor_shows(device: str) -> None:
    x = nn.tensor([[1.0, 2.0]])
    assert repr(x) == f"Tensor([[1., 2.]], dtype=float32, device='{device}')"
    assert f"{nn.tensor(2.5):.2f}" == "2.50"
    assert float(nn.tensor(2.5)) == 2.5 and int(nn.tensor(3)) == 3 and bool(nn.tensor(True))
    assert len(nn.zeros((3, 2))) == 3 and [row.shape for row in nn.zeros((2, 5))] == [(5,), (5,)]
    with pytest.raises(gk.KernelShapeError, match="one element, not shape"):
        x.item()
    with pytest.raises(AttributeError, match="no attribute or method 'shap'"):
        x.shap  # noqa: B018
    assert "softmax" in dir(x)


def test_methods_are_the_functions_of_the_namespace(device: str) -> None:
    a, b = nn.tensor([1.0, 2.0]), nn.tensor([3.0, 5.0])
    chained = a.sub(b).square().mean()
    assert chained.item() == nn.mean(nn.square(a - b)).item() == 6.5


def test_operators_from_the_left(device: str) -> None:
    x = nn.tensor([1.0, 2.0])
    for result in (np.array([3.0, 4.0]) - x, [3.0, 4.0] - x):
        assert isinstance(result, nn.Tensor)
        assert result.tolist() == [2.0, 2.0]
    assert (2 - x).tolist() == [1.0, 0.0] and (2 / x).tolist() == [2.0, 1.0]
    assert (2**x).tolist() == [2.0, 4.0] and (np.eye(2) @ x).tolist() == [1.0, 2.0]


def test_tensors_of_two_devices_do_not_meet(gl: object) -> None:
    on_gl, on_cpu = nn.tensor([1.0], device="gl"), nn.tensor([1.0], device="cpu")
    with pytest.raises(gk.KernelError, match=r"nn.add was given tensors on 'gl' and 'cpu'"):
        on_gl + on_cpu
    assert (on_gl + on_cpu.to("gl")).tolist() == [2.0]


def test_pickling(device: str) -> None:
    assert pickle.loads(pickle.dumps(nn.tensor([[1, 2]]))).tolist() == [[1, 2]]
    w = copy.deepcopy(nn.Variable([1.0], name="w", trainable=False))
    assert w.tolist() == [1.0] and w.name == "w" and not w.trainable


def test_what_is_no_tensor(device: str) -> None:
    assert nn.tensor([1.0]) != None  # noqa: E711
    with pytest.raises(gk.KernelTypeError, match=r"made by nn\.tensor\(data\)"):
        nn.Tensor([1.0])  # type: ignore[arg-type]


def test_a_variable_takes_other_numbers(device: str) -> None:
    w = nn.Variable([1.0, 2.0], name="w")
    old = w * 10
    assert w.assign(w + 1) is w
    assert w.tolist() == [2.0, 3.0] and old.tolist() == [10.0, 20.0]
    with pytest.raises(gk.KernelShapeError, match=r"variable 'w' has shape \(2,\)"):
        w.assign([1.0])
    with pytest.raises(gk.KernelTypeError, match="has dtype float32, not int32"):
        w.assign([1, 2])
    assert w.tolist() == [2.0, 3.0]


def test_memory_goes_with_the_tensors(device: str) -> None:
    before = gk.memory().arrays
    x = nn.tensor(np.ones((8, 8)))
    y = (x @ x + 1).tanh().sum(axis=0)
    y.numpy()
    del x, y
    assert gk.memory().arrays == before


def test_tidy_keeps_what_a_tensor_waits_for(device: str) -> None:
    x = nn.tensor(np.ones((4, 4)))
    kept = gk.tidy(lambda: {"y": nn.tanh(x @ x) * 0 + nn.tensor(np.full(4, 3.0))})
    assert kept["y"].numpy().max() == 3.0


def test_chains_are_one_launch_and_keep_what_is_held(device: str) -> None:
    x, w = nn.tensor(np.ones((6, 5))), nn.tensor(np.ones((5, 3)))
    before = gk.memory().launches
    z = x @ w + 1.0
    h = nn.relu(z) * 2.0
    h.array  # noqa: B018
    assert gk.memory().launches - before == 1
    np.testing.assert_array_equal(z.numpy(), np.full((6, 3), 6.0))
    assert gk.memory().launches - before == 1  # it was stored on the way
    np.testing.assert_array_equal(h.numpy(), np.full((6, 3), 12.0))


def test_numbers_compile_nothing(device: str) -> None:
    x = nn.tensor([1.0, 2.0])

    def line(factor: float, offset: float) -> list[float]:
        return (x * factor + offset).tolist()  # type: ignore[no-any-return]

    line(0.5, 1.5)
    before = gk.memory().compiles
    for step in range(5):
        assert line(float(step), 0.25) == [step + 0.25, 2 * step + 0.25]
    assert gk.memory().compiles == before


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((3, 2, 2, 2), (2, 3, 2, 2, 2)),
        ((1, 3, 1, 1, 1), (2, 3, 2, 2, 2)),
        ((2, 1, 2, 1, 2, 1), (2, 3, 2, 3, 2, 2)),
        ((2,), (2, 3, 1, 2, 3, 2)),
    ],
)
def test_broadcasting_of_many_axes(
    first: tuple[int, ...], second: tuple[int, ...], device: str
) -> None:
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=first), generator.normal(size=second)
    if len(first) == 6:
        with pytest.raises(gk.KernelShapeError, match="broadcast along too many separate axes"):
            nn.tensor(a) + nn.tensor(b)
        return
    np.testing.assert_allclose((nn.tensor(a) * nn.tensor(b)).numpy(), a * b, rtol=1e-5)
    nn.check_grad(lambda x, y: x * y, a, b)
