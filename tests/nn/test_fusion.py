"""Chains of waiting operations: what joins them, what is kept, depth, names, threads, memory."""

from __future__ import annotations

import functools
import gc
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import DeviceError, KernelError, KernelTypeError
from tests.nn.checks import check_values

RANDOM = np.random.default_rng(0)
SQUARE = RANDOM.normal(size=(4, 4)).astype(np.float32)
DEEP = 1500  # operations one above the other: more than Python's recursion limit


def test_numbers_stay_with_their_operations(device: str) -> None:
    x, a = nn.tensor([1.0, 2.0]), np.array([1.0, 2.0], np.float32)
    check_values(2.0 - x * 3.0, 2 - a * 3)
    check_values(nn.where(x > 1.5, -1.0, 5.0 - (x + 0.25)), np.where(a > 1.5, -1, 5 - (a + 0.25)))
    check_values(nn.maximum(0.5, 4.0 - (3.0 - x * 2.0)) * -0.0, (a * 2 + 1) * np.float32(-0.0))
    check_values(nn.minimum(x * float("inf"), 7.0), np.array([7.0, 7.0], np.float32))


def test_a_form_of_chain_serves_axes_of_size_one_and_others(device: str) -> None:
    column, row = np.array([[1.0], [2.0]], np.float32), np.array([[1.0, 2.0, 3.0]], np.float32)
    check_values(nn.tensor(column) * 2, column * 2)
    check_values(nn.tensor(row) * 2, row * 2)
    check_values(nn.tensor(row) + nn.tensor(column), row + column)


@pytest.mark.parametrize("count", [12, 13, 30, 80])
def test_many_arrays(count: int, device: str) -> None:
    arrays = [RANDOM.normal(size=(3, 2)).astype(np.float32) for _ in range(count)]
    total, wanted = nn.tensor(arrays[0]), arrays[0]
    for one in arrays[1:]:
        total, wanted = total * 0.5 + nn.tensor(one), wanted * np.float32(0.5) + one
    check_values(total, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("count", [4, 5, 40])
def test_many_results_are_held(count: int, device: str) -> None:
    found, wanted = [nn.tensor([1.0, 2.0])], [np.array([1.0, 2.0], np.float32)]
    for _ in range(count):
        found.append(nn.sin(found[-1]) + 0.5)
        wanted.append(np.sin(wanted[-1]) + np.float32(0.5))
    for place in RANDOM.permutation(count + 1):
        check_values(found[place], wanted[place], rtol=1e-4)


def test_products_in_chains(device: str) -> None:
    x, a = nn.tensor(SQUARE), SQUARE
    y, b = nn.sin(x), np.sin(a)
    check_values(nn.relu(y @ y + y), np.maximum(b @ b + b, 0), rtol=1e-5, atol=1e-5)
    check_values((x @ x) * (x.T @ x), (a @ a) * (a.T @ a), rtol=1e-5, atol=1e-5)
    column = nn.tensor(a[:, :1])
    check_values((x @ column) * x + column, (a @ a[:, :1]) * a + a[:, :1], rtol=1e-5, atol=1e-5)


def test_results_of_two_shapes_share_a_chain(device: str) -> None:
    shared = nn.sin(nn.tensor([1.0, 2.0])) * 2
    wide, deeper = shared + nn.ones((3, 2)), shared.sum() + shared
    b = np.sin(np.array([1.0, 2.0], np.float32)) * 2
    check_values(wide, b + np.ones((3, 2), np.float32))
    check_values(deeper, b.sum() + b)


# ---------------------------------------------------------------- depth


def grown(step: Callable[[nn.Tensor], nn.Tensor], x: nn.Tensor) -> nn.Tensor:
    for _ in range(DEEP):
        x = step(x)
    return x


STEPS: dict[str, Callable[[nn.Tensor], nn.Tensor]] = {
    "elementwise": lambda x: x * 1.0,
    "matmul": lambda x: x @ nn.eye(2),
    "transpose": lambda x: x.T,
    "mixed": lambda x: (x[::-1] * 1.0)[::-1] + 0.0,
}


@pytest.mark.parametrize("name", STEPS)
def test_long_programs_do_not_meet_the_recursion_limit(name: str, device: str) -> None:
    start = np.array([[1.0, 2.0], [2.0, 5.0]], np.float32)
    check_values(grown(STEPS[name], nn.tensor(start)), start)
    slope = nn.grad(lambda x: (grown(STEPS[name], x) * nn.tensor(start)).sum())(nn.tensor(start))
    check_values(slope, start)


def test_long_programs_that_nobody_asks_for(device: str) -> None:
    grown(STEPS["matmul"], nn.eye(2))
    grown(STEPS["mixed"], nn.eye(2))


# ---------------------------------------------------------------- names and failures

NAMES = ("index", "kernel", "a0", "v0", "i0", "g", "result", "s0", "range", "sin", "f_2_", "value")


def made(text: str, name: str) -> Any:
    return gk.vectorize(gk.from_source(text, name).py_func)


@pytest.mark.parametrize("name", NAMES)
def test_users_functions_may_have_any_name(name: str, device: str) -> None:
    f = made(f"def {name}(x, y):\n    return x * y + 2.0 * x\n", name)
    a = np.array([1.0, 2.0], np.float32)
    check_values(nn.sin(f(nn.tensor(a) * 2, a) + 1), np.sin(2 * a * a + 4 * a + 1), rtol=1e-4)
    slope = nn.grad(lambda x: f(x * 2, x).sum())(nn.tensor(a))
    check_values(slope, 4 * a + 4)


def test_functions_of_one_name_are_told_apart(device: str) -> None:
    add, times, more = [
        made(f"def {name}(x):\n    return {body}\n", name)
        for name, body in (("f", "x + 1.0"), ("f_2", "x * 10.0"), ("f", "x * 100.0"))
    ]
    assert more(times(add(nn.tensor([1.0])))).tolist() == [2000.0]
    assert add(more(times(more(nn.tensor([1.0]))))).tolist() == [100001.0]


def test_a_chain_that_fails_leaves_the_rest_usable(device: str) -> None:
    x = nn.sin(nn.tensor([1.0, 2.0]))
    with pytest.raises(KernelTypeError, match="no attribute `foo`"):
        (made("def bad(x):\n    return x.foo\n", "bad")(x) + 1).numpy()
    with pytest.raises(DeviceError, match="1000000"):
        (nn.broadcast_to(x.sum(), (10**6, 10**6)) + 1).numpy()
    check_values(x + 1, np.sin(np.array([1.0, 2.0], np.float32)) + 1)


def test_released_arrays_are_refused(device: str) -> None:
    array = gk.array(np.ones(3, np.float32))
    waiting = nn.tensor(array) * 2
    array.release()
    with pytest.raises((DeviceError, KernelError), match="released"):
        waiting.numpy()


# ---------------------------------------------------------------- threads and memory


def in_threads(*works: Callable[[], None]) -> None:
    failures: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as problem:
            failures.append(problem)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]


def test_threads_compute_gradients_by_the_same_variables(device: str) -> None:
    w = nn.Variable(SQUARE)

    def work() -> None:
        with gk.device(device):
            for factor in range(1, 20):
                loss = functools.partial(scaled, factor)
                _, (g,) = nn.value_and_gradients(loss, [w])
                check_values(g, 2 * factor * SQUARE, rtol=1e-5)

    def scaled(factor: int) -> nn.Tensor:
        total: nn.Tensor = (w * w * factor).sum()
        return total

    in_threads(work, work)
    assert w._node is None


def test_threads_ask_for_one_value(device: str) -> None:
    wanted = np.array([1.0, 2.0], np.float32)
    for _ in range(10):
        x = nn.tensor(wanted)
        for _ in range(20):
            x = x * 1.0
        ends = [x, x * 2, x + 3]
        in_threads(*[t.numpy for t in ends])  # type: ignore[arg-type]
        check_values(ends[1], wanted * 2)


@pytest.mark.parametrize("order", [1, 2])
def test_nothing_stays_without_the_garbage_collector(order: int, device: str) -> None:
    x, w = nn.tensor(SQUARE), nn.Variable(SQUARE)

    def loss() -> nn.Tensor:
        total: nn.Tensor = (nn.tanh(x @ w) * x.T).mean()
        return total

    def steeper() -> nn.Tensor:
        total: nn.Tensor = nn.value_and_gradients(loss, [w])[1][0].square().sum()
        return total

    def step() -> None:
        _, (g,) = nn.value_and_gradients(loss if order == 1 else steeper, [w])
        w.assign(w - g * 0.1)
        nn.grad(lambda x: (x * x).sum())(x)  # nobody asks for its numbers

    for _ in range(3):
        step()
    gc.collect()
    gc.disable()
    try:
        before = gk.memory()
        for _ in range(10):
            step()
        after = gk.memory()
        assert (after.arrays, after.textures) == (before.arrays, before.textures)
        assert after.compiles == before.compiles
        assert gc.collect() == 0
    finally:
        gc.enable()
