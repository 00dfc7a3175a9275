"""Optimizers against their formulas in float64, and against torch where it does the same."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError, KernelValueError
from gpukernel.nn.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Optimizer,
    RMSprop,
    get,
)
from gpukernel.nn.schedules import ExponentialDecay
from gpukernel.runtime.device import Device

Floats = np.ndarray


# ---------------------------------------------------------------- the formulas, in NumPy
# Each gets the first values and is sent gradients; it yields the values after each step.


def sgd(p: Floats, rate: float, momentum: float = 0.0, nesterov: bool = False) -> Any:
    m = np.zeros_like(p)
    while True:
        g = yield p
        m = momentum * m - rate * g
        p = p + (momentum * m - rate * g if nesterov else m)


def rmsprop(p: Floats, rate: float, momentum: float = 0.0, centered: bool = False) -> Any:
    v, mean, m = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    while True:
        g = yield p
        v = 0.9 * v + 0.1 * g**2
        mean = 0.9 * mean + 0.1 * g
        m = momentum * m + rate * g / np.sqrt(v - (mean**2 if centered else 0.0) + 1e-7)
        p = p - m


def adam(p: Floats, rate: float, decay: float = 0.0, amsgrad: bool = False) -> Any:
    m, v, top, t = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), 0
    while True:
        g = yield p
        t += 1
        p = p - p * decay * rate
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        top = np.maximum(top, v) if amsgrad else v
        p = p - rate * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(top) + 1e-7)


def adamax(p: Floats, rate: float) -> Any:
    m, u, t = np.zeros_like(p), np.zeros_like(p), 0
    while True:
        g = yield p
        t += 1
        m = 0.9 * m + 0.1 * g
        u = np.maximum(0.999 * u, np.abs(g))
        p = p - rate / (1 - 0.9**t) * m / (u + 1e-7)


def adagrad(p: Floats, rate: float) -> Any:
    a = np.full_like(p, 0.1)
    while True:
        g = yield p
        a = a + g**2
        p = p - rate * g / np.sqrt(a + 1e-7)


def adadelta(p: Floats, rate: float) -> Any:
    a, c = np.zeros_like(p), np.zeros_like(p)
    while True:
        g = yield p
        a = 0.95 * a + 0.05 * g**2
        change = -np.sqrt(c + 1e-7) / np.sqrt(a + 1e-7) * g
        c = 0.95 * c + 0.05 * change**2
        p = p + rate * change


CASES: dict[str, tuple[Callable[[], Optimizer], Callable[[Floats], Any]]] = {
    "sgd": (lambda: SGD(0.1), lambda p: sgd(p, 0.1)),
    "momentum": (lambda: SGD(0.1, 0.9), lambda p: sgd(p, 0.1, 0.9)),
    "nesterov": (lambda: SGD(0.1, 0.9, True), lambda p: sgd(p, 0.1, 0.9, True)),
    "rmsprop": (lambda: RMSprop(0.1), lambda p: rmsprop(p, 0.1)),
    "rmsprop-all": (
        lambda: RMSprop(0.1, momentum=0.5, centered=True),
        lambda p: rmsprop(p, 0.1, 0.5, True),
    ),
    "adam": (lambda: Adam(0.1), lambda p: adam(p, 0.1)),
    "amsgrad": (lambda: Adam(0.1, amsgrad=True), lambda p: adam(p, 0.1, amsgrad=True)),
    "adamw": (lambda: AdamW(0.1, weight_decay=0.3), lambda p: adam(p, 0.1, 0.3)),
    "adamax": (lambda: Adamax(0.1), lambda p: adamax(p, 0.1)),
    "adagrad": (lambda: Adagrad(0.1), lambda p: adagrad(p, 0.1)),
    "adadelta": (lambda: Adadelta(1.0), lambda p: adadelta(p, 1.0)),
}


def gradients(shape: tuple[int, ...], count: int = 5) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.normal(size=shape).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("case", CASES)
def test_five_steps_equal_the_formula(device: str, case: str) -> None:
    make, formula = CASES[case]
    optimizer = make()
    start = np.linspace(-1, 1, 15, dtype=np.float32).reshape(3, 5)
    v = nn.Variable(start)
    expected = formula(start.astype(np.float64))
    next(expected)
    for g in gradients(start.shape):
        optimizer.apply([nn.tensor(g)], [v])
        wanted = expected.send(g.astype(np.float64))
        np.testing.assert_allclose(v.numpy(), wanted, rtol=2e-5, atol=2e-6)
    assert optimizer.iterations == 5


TORCH: dict[str, tuple[Callable[[], Optimizer], str, dict[str, Any]]] = {
    "sgd": (lambda: SGD(0.1), "SGD", {}),
    "momentum": (lambda: SGD(0.1, 0.9), "SGD", {"momentum": 0.9}),
    "nesterov": (lambda: SGD(0.1, 0.9, True), "SGD", {"momentum": 0.9, "nesterov": True}),
    "adam": (lambda: Adam(0.1), "Adam", {"eps": 1e-7}),
    "adamw": (lambda: AdamW(0.1, 0.2), "AdamW", {"eps": 1e-7, "weight_decay": 0.2}),
    "adamax": (lambda: Adamax(0.1), "Adamax", {"eps": 1e-7}),
    "adadelta": (lambda: Adadelta(1.0), "Adadelta", {"lr": 1.0, "rho": 0.95, "eps": 1e-7}),
    "adagrad": (
        lambda: Adagrad(0.1, epsilon=0.0),
        "Adagrad",
        {"initial_accumulator_value": 0.1, "eps": 0.0},
    ),
}


@pytest.mark.parametrize("case", TORCH)
def test_five_steps_equal_torch(case: str) -> None:
    torch = pytest.importorskip("torch")
    make, name, settings = TORCH[case]
    start = np.linspace(-1, 1, 7, dtype=np.float32)
    parameter = torch.tensor(start.copy(), requires_grad=True)
    theirs = getattr(torch.optim, name)([parameter], **{"lr": 0.1, **settings})
    with gk.device("cpu"):
        v, ours = nn.Variable(start), make()
        for g in gradients(start.shape):
            parameter.grad = torch.tensor(g)
            theirs.step()
            ours.apply([nn.tensor(g)], [v])
        np.testing.assert_allclose(v.numpy(), parameter.detach().numpy(), rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------- launches and compiles


@pytest.mark.parametrize("case", CASES)
def test_a_step_is_one_launch_for_each_variable(gl: Device, case: str) -> None:
    with gk.device("gl"):
        optimizer = CASES[case][0]()
        variables = [nn.Variable(np.ones((6, 5))), nn.Variable(np.ones(5)), nn.Variable(2.0)]
        grads = [nn.tensor(np.full(v.shape, 0.5)) for v in variables]
        optimizer.apply(grads, variables)
        before = gk.memory()
        for rate in (0.5, 0.25, 1, 0):
            optimizer.learning_rate = rate
            optimizer.apply_gradients(zip(grads, variables))
        after = gk.memory()
    assert after.launches - before.launches == 4 * len(variables)
    assert after.compiles == before.compiles
    assert after.textures == before.textures
    assert after.uploads == before.uploads
    assert after.downloads == before.downloads


def test_the_end_of_the_gradient_is_computed_in_the_update(gl: Device) -> None:
    with gk.device("gl"):
        w = nn.Variable(np.full((4, 3), 0.1))
        x, y = nn.tensor(np.ones((8, 4))), nn.tensor(np.ones((8, 3)))
        optimizer = Adam(0.1)

        def loss() -> Any:
            error = x @ w - y
            return (error * error).sum()

        optimizer.minimize(loss, [w])
        before = gk.memory().launches
        cost, grads = nn.value_and_gradients(loss, [w])
        optimizer.apply([*grads], [w])
        assert gk.memory().launches - before == 2  # of the error, and of gradient and update
        grads[0].numpy()
        assert gk.memory().launches - before == 2  # it was another output of that kernel
        del grads
        before = gk.memory().launches
        optimizer.minimize(loss, [w])
        assert gk.memory().launches - before == 2


# ---------------------------------------------------------------- clipping and decay


def test_clipping(device: str) -> None:
    a, b = np.array([3.0, -4.0], np.float32), np.array([[12.0]], np.float32)

    def moved(**clip: Any) -> list[np.ndarray]:
        variables = [nn.Variable(np.zeros_like(a)), nn.Variable(np.zeros_like(b))]
        SGD(1.0, **clip).apply([nn.tensor(a), nn.tensor(b)], variables)
        return [-v.numpy() for v in variables]

    cases: list[tuple[list[np.ndarray], list[Any]]] = [
        (moved(clipvalue=3.5), [[3.0, -3.5], [[3.5]]]),
        (moved(clipnorm=10.0), [a, [[10.0]]]),
        (moved(clipnorm=1.0), [a / 5, [[1.0]]]),
        (moved(global_clipnorm=6.5), [a / 2, b / 2]),
        (moved(global_clipnorm=100.0), [a, b]),
    ]
    for found, wanted in cases:
        np.testing.assert_allclose(found[0], wanted[0], rtol=1e-6)
        np.testing.assert_allclose(found[1], wanted[1], rtol=1e-6)


def test_clipping_of_zeros_and_many(device: str) -> None:
    v = nn.Variable(np.zeros((40, 30)))
    SGD(1.0, clipnorm=1.0).apply([nn.tensor(np.zeros((40, 30)))], [v])
    assert not v.numpy().any()
    SGD(1.0, global_clipnorm=1.0).apply([nn.tensor(np.ones((40, 30)))], [v])
    np.testing.assert_allclose(v.numpy(), -1 / math.sqrt(1200), rtol=1e-5)


def test_clipping_reads_nothing_back(gl: Device) -> None:
    with gk.device("gl"):
        v, w = nn.Variable(np.ones((30, 30))), nn.Variable(np.ones(4))
        optimizer = Adam(global_clipnorm=1.0)
        grads = [nn.tensor(np.ones((30, 30))), nn.tensor(np.ones(4))]
        for _ in range(2):
            before = gk.memory()
            optimizer.apply(grads, [v, w])
        after = gk.memory()
    assert after.downloads == before.downloads
    assert after.compiles == before.compiles


def test_weight_decay_and_what_is_excluded(device: str) -> None:
    kernel, bias = nn.Variable([1.0], name="kernel"), nn.Variable([1.0], name="bias")
    still = nn.Variable([1.0])
    optimizer = SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay([still], ["bias$"])
    optimizer.apply([nn.tensor([0.0])] * 3, [kernel, bias, still])
    assert [v.item() for v in (kernel, bias, still)] == pytest.approx([0.95, 1.0, 1.0])


# ---------------------------------------------------------------- learning rates


def test_learning_rates_are_set_and_scheduled(device: str) -> None:
    v = nn.Variable([1.0])
    optimizer = SGD(ExponentialDecay(1.0, 1, 0.5))
    for wanted in (0.0, -0.5, -0.75):
        optimizer.apply([nn.tensor([1.0])], [v])
        assert v.item() == pytest.approx(wanted)
    assert optimizer.learning_rate == 0.125
    optimizer.learning_rate = 1.0
    optimizer.apply([nn.tensor([1.0])], [v])
    assert v.item() == pytest.approx(-1.75)


# ---------------------------------------------------------------- minimize


def test_minimize_returns_the_cost_and_more(device: str) -> None:
    x, still = nn.Variable(3.0), nn.Variable(5.0, trainable=False)
    optimizer = SGD(0.5)
    cost = optimizer.minimize(lambda: x * x + still, [x, still])
    assert isinstance(cost, nn.Tensor)
    assert (cost.item(), x.item(), still.item()) == (14.0, 0.0, 5.0)
    cost, more = optimizer.minimize(lambda: (x * x, x + 1.0), has_aux=True)
    assert (cost.item(), more.item(), optimizer.iterations) == (0.0, 1.0, 2)


def test_memory_is_flat(device: str) -> None:
    v, target = nn.Variable(np.zeros((3, 4))), nn.tensor(np.ones((3, 4)))
    optimizer = Adam(0.05)

    def loss() -> Any:
        return ((v - target) * (v - target)).mean()

    first = optimizer.minimize(loss, [v]).item()
    for _ in range(3):
        last = optimizer.minimize(loss, [v])
    before = gk.memory()
    for _ in range(60):
        last = optimizer.minimize(loss, [v])
    after = gk.memory()
    assert last.item() < 0.05 * first
    assert (after.arrays, after.textures) == (before.arrays, before.textures)
    assert after.compiles == before.compiles


# ---------------------------------------------------------------- state and configuration


@pytest.mark.parametrize("case", CASES)
def test_state_goes_round(device: str, case: str) -> None:
    grads = gradients((2, 3), 4)
    first, v = CASES[case][0](), nn.Variable(np.ones((2, 3)))
    for g in grads[:2]:
        first.apply([nn.tensor(g)], [v])
    state = first.state()
    assert all(isinstance(x, np.ndarray) for x in state.values())
    w, second = nn.Variable(v.numpy()), CASES[case][0]()
    second.set_state(state, [w])
    for g in grads[2:]:
        first.apply([nn.tensor(g)], [v])
        second.apply([nn.tensor(g)], [w])
    np.testing.assert_array_equal(v.numpy(), w.numpy())
    assert second.iterations == 4
    assert len(second.variables) == len(state) - 1


def test_the_state_of_a_new_optimizer_is_taken(device: str) -> None:
    used, v = Adam(0.1), nn.Variable([1.0])
    used.apply([nn.tensor([1.0])], [v])
    used.set_state(Adam().state(), [v])
    assert used.iterations == 0
    assert used.state()["momentum/0"].tolist() == [0.0]


def test_a_foreign_state_is_refused() -> None:
    with gk.device("cpu"):
        v = nn.Variable(np.ones(3))
        optimizer = Adam()
        optimizer.apply([nn.tensor(np.ones(3))], [v])
        before = optimizer.state()
        with pytest.raises(KernelError, match=r"missing .*'momentum/0'"):
            optimizer.set_state({"iterations": np.array(3)})
        with pytest.raises(KernelError, match="unknown .*'more'"):
            optimizer.set_state({**before, "more": np.ones(3)})
        with pytest.raises(KernelShapeError, match=r"velocity/0 of adam .*\(3,\), not \(4,\)"):
            optimizer.set_state({**before, "velocity/0": np.ones(4)})
        with pytest.raises(KernelError, match="build"):
            Adam().set_state(before)
        assert all((optimizer.state()[name] == x).all() for name, x in before.items())


@pytest.mark.parametrize("case", CASES)
def test_configuration_goes_round_as_json(case: str) -> None:
    optimizer = CASES[case][0]()
    config = json.loads(json.dumps(optimizer.get_config()))
    again = type(optimizer).from_config(config)
    assert again.get_config() == optimizer.get_config()
    named = get({"class_name": type(optimizer).__name__, "config": config})
    assert type(named) is type(optimizer)


def test_a_schedule_is_in_the_configuration() -> None:
    optimizer = Adam(ExponentialDecay(1.0, 10, 0.5), clipnorm=2.0)
    config = json.loads(json.dumps(optimizer.get_config()))
    assert config["learning_rate"]["class_name"] == "ExponentialDecay"
    again = Adam.from_config(config)
    again.iterations = 10
    assert again.learning_rate == 0.5
    assert again.clipnorm == 2.0


def test_names() -> None:
    assert type(get("adam")) is Adam
    assert type(get("RMSprop")) is type(get("rmsprop")) is RMSprop
    assert isinstance(get(SGD), SGD)
    one = Adam(0.5)
    assert get(one) is one
    with pytest.raises(KernelValueError, match=r"no optimizer 'adma'; known are Adadelta, .*SGD"):
        get("adma")
    with pytest.raises(KernelValueError, match="did you mean 'Adam'"):
        get("adamm")
    with pytest.raises(KernelTypeError, match="is no optimizer"):
        get(3)  # type: ignore[arg-type]
    with pytest.raises(KernelTypeError, match="Adam has no argument 'lr'; it has learning_rate"):
        get({"class_name": "Adam", "config": {"lr": 0.1}})


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SGD(-1.0), "learning rate is -1.0, but it is to be at least 0"),
        (lambda: SGD(float("nan")), "learning rate is nan"),
        (lambda: Adam(beta_1=1.0), "beta_1 is 1, but it is to be less"),
        (lambda: Adam(beta_2=1.5), "beta_2 is 1.5, but it is to be from 0 to 1"),
        (lambda: SGD("fast"), "learning rate is 'fast'"),  # type: ignore[arg-type]
        (lambda: SGD(clipnorm=1.0, clipvalue=1.0), "not clipnorm and clipvalue"),
        (lambda: SGD(momentum=2.0), "momentum is 2.0"),
        (lambda: SGD(lr=2.0), "SGD has no argument 'lr'; it has learning_rate, momentum"),
        (lambda: SGD(nesterov="x"), "nesterov is 'x', but it is to be True"),  # type: ignore[arg-type]
        (lambda: Adam(amsgrad="yes"), "amsgrad is 'yes'"),  # type: ignore[arg-type]
        (lambda: RMSprop(centered=None), "centered is None"),  # type: ignore[arg-type]
    ],
)
def test_bad_settings(make: Callable[[], Optimizer], words: str) -> None:
    with pytest.raises((KernelError, TypeError), match=words):
        make()


def test_bad_gradients_change_nothing() -> None:
    with gk.device("cpu"):
        v, w = nn.Variable([1.0, 2.0], name="v"), nn.Variable([3.0])
        optimizer = Adam()
        good = nn.tensor([1.0, 1.0])
        with pytest.raises(KernelShapeError, match=r"variable 'v' has shape \(2,\), its .*\(3,\)"):
            optimizer.apply([nn.tensor([3.0]), nn.tensor([1.0, 2.0, 3.0])], [w, v])
        with pytest.raises(KernelTypeError, match="dtype float32, its gradient int32"):
            optimizer.apply([nn.tensor([1, 2])], [v])
        with pytest.raises(KernelTypeError, match="is a NoneType"):
            optimizer.apply([None], [v])  # type: ignore[list-item]
        with pytest.raises(KernelError, match="2 gradients for 1 variables"):
            optimizer.apply([good, good], [v])
        with pytest.raises(KernelError, match="no variables"):
            optimizer.apply([good])
        with pytest.raises(KernelTypeError, match="changes variables, not a Tensor"):
            optimizer.minimize(lambda: good.sum(), [good])  # type: ignore[list-item]
        assert (v.tolist(), w.tolist(), optimizer.iterations) == ([1.0, 2.0], [3.0], 0)


def test_a_loss_that_cannot_be_minimized() -> None:
    with gk.device("cpu"):
        v, optimizer = nn.Variable([1.0, 2.0]), Adam()
        with pytest.raises(KernelTypeError, match="minimizes a function without arguments, not"):
            optimizer.minimize(v.sum(), [v])  # type: ignore[arg-type]
        with pytest.raises(KernelError, match="does not depend on any of the variables"):
            optimizer.minimize(lambda: nn.tensor(v.numpy()).sum(), [v])
        assert (v.tolist(), optimizer.iterations) == ([1.0, 2.0], 0)


def test_a_single_variable() -> None:
    with gk.device("cpu"):
        v = nn.Variable(4.0)
        SGD(0.25).minimize(lambda: v * v, v)
        assert v.item() == 2.0
