"""`tidy` and `keep`: which arrays outlive a function."""

from __future__ import annotations

import gc
import threading
from collections import defaultdict, deque, namedtuple
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.runtime.scopes import keep, tidy


@kernel
def doubled(a):
    return a[index()] * 2


@dataclass
class Pair:
    first: Any
    second: Any = None


@dataclass(frozen=True, slots=True)
class Slotted:
    array: gk.Array
    unset: Any = None


class Private(Slotted):
    __slots__ = ("__hidden",)

    def hide(self, array: gk.Array) -> Private:
        object.__setattr__(self, "_Private__hidden", array)
        return self

    def found(self) -> Any:
        return self.__hidden  # type: ignore[attr-defined]


Point = namedtuple("Point", "x y")


def is_released(array: gk.Array) -> bool:
    return "released" in repr(array)


def num_arrays() -> int:
    gc.collect()  # what earlier tests left in cycles
    gk.synchronize()
    return gk.memory().arrays


def test_what_is_not_returned_is_released(device: str) -> None:
    before = num_arrays()
    made: list[gk.Array] = []

    def work(n: int, *, extra: int) -> gk.Array:
        made.extend(gk.full(4, k) for k in range(n + extra))
        return made[2]

    result = tidy(work, 3, extra=2)
    assert result is made[2] and result.tolist() == [2, 2, 2, 2]
    assert [is_released(array) for array in made] == [True, True, False, True, True]
    assert num_arrays() == before + 1


def test_launches_are_tidied(device: str) -> None:
    x = gk.arange(3)
    before = num_arrays()
    result = tidy(lambda: doubled(doubled(doubled(x))))
    assert result.tolist() == [0, 8, 16] and x.tolist() == [0, 1, 2]
    assert num_arrays() == before + 1


@pytest.mark.parametrize(
    ("wrap", "unwrap"),
    [
        (lambda a: [1, [a]], lambda r: r[1][0]),
        (lambda a: (None, (a, "text")), lambda r: r[1][0]),
        (lambda a: {"k": {"a": a}}, lambda r: r["k"]["a"]),
        (lambda a: {a: 1}, lambda r: next(iter(r))),
        (lambda a: {a}, lambda r: next(iter(r))),
        (lambda a: frozenset([(a,)]), lambda r: next(iter(r))[0]),
        (lambda a: deque([a]), lambda r: r[0]),
        (lambda a: defaultdict(list, k=[a]), lambda r: r["k"][0]),
        (lambda a: Point(1, a), lambda r: r.y),
        (lambda a: Pair(Pair(a)), lambda r: r.first.first),
        (lambda a: Slotted(a), lambda r: r.array),
        (lambda a: Private(gk.ones(1)).hide(a), lambda r: r.found()),
        (lambda a: partial(print, a), lambda r: r.args[0]),
        (lambda a: a.tolist, lambda r: r.__self__),
    ],
)
def test_results_at_any_depth(device: str, wrap: Any, unwrap: Any) -> None:
    def work() -> Any:
        gk.zeros(2)
        return wrap(gk.ones(2))

    result = tidy(work)
    assert unwrap(result).tolist() == [1, 1]


def test_cycles_and_deep_nesting_end() -> None:
    def cycle() -> Any:
        pair = Pair(gk.ones(2, device="cpu"))
        pair.second = [pair, {"again": pair}]
        return pair

    assert tidy(cycle).first.tolist() == [1, 1]

    def deep() -> Any:
        value: Any = gk.ones(2, device="cpu")
        for _ in range(50_000):
            value = [value]
        return value

    value = tidy(deep)
    while isinstance(value, list):
        value = value[0]
    assert value.tolist() == [1, 1]


def test_arrays_are_released_when_the_function_raises(device: str) -> None:
    before = num_arrays()
    made: list[gk.Array] = []

    def work() -> None:
        made.append(gk.ones(3))
        made.append(tidy(lambda: gk.ones(4)))
        made.append(keep(gk.ones(5)))
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        tidy(work)
    assert [is_released(array) for array in made] == [True, True, False]
    assert num_arrays() == before + 1
    assert not is_released(gk.ones(1))  # made outside any scope again


def test_arrays_made_before_are_never_touched(device: str) -> None:
    before = gk.ones(3)
    view = before.reshape(3, 1)
    cyclic = Pair(before)
    assert tidy(lambda: None) is None
    assert tidy(lambda: before) is before
    assert tidy(lambda: [view, cyclic])[0] is view
    tidy(lambda: before.reshape(1, 3))
    assert before.tolist() == [1, 1, 1] and view.shape == (3, 1)
    assert not before._is_exclusive()


def test_views_share_memory_until_the_last_is_released(device: str) -> None:
    held = num_arrays()
    view = tidy(lambda: gk.arange(4).reshape(2, 2))
    assert view.tolist() == [[0, 1], [2, 3]] and view._is_exclusive()
    assert num_arrays() == held + 1

    def base_and_view() -> gk.Array:
        base = gk.arange(4)
        base.reshape(2, 2)
        return base

    base = tidy(base_and_view)
    assert base.tolist() == [0, 1, 2, 3] and base._is_exclusive()


def test_out_is_filled_and_kept(device: str) -> None:
    out = gk.zeros(3, np.int32)
    before = num_arrays()

    def work() -> gk.Array:
        a = gk.array([1, 2, 3])
        doubled(a, out=out)
        result: gk.Array = doubled(out, out=out)
        return result

    assert tidy(work) is out
    assert out.tolist() == [4, 8, 12] and num_arrays() == before


def test_inner_results_belong_to_the_outer_scope(device: str) -> None:
    before = num_arrays()
    seen: list[gk.Array] = []

    def inner() -> tuple[gk.Array, gk.Array]:
        seen.append(gk.zeros(1))
        return gk.ones(2), gk.ones(3)

    def outer() -> gk.Array:
        pair = tidy(inner)
        assert is_released(seen[0]) and not is_released(pair[0])
        seen.extend(pair)
        return pair[1]

    result = tidy(outer)
    assert result is seen[2] and result.tolist() == [1, 1, 1]
    assert is_released(seen[1]) and num_arrays() == before + 1


def test_an_inner_scope_leaves_what_the_outer_made(device: str) -> None:
    def outer() -> list[float]:
        mine = gk.ones(2)
        tidy(lambda: mine)
        tidy(lambda: mine.reshape(2, 1))
        values: list[float] = mine.tolist()
        return values

    assert tidy(outer) == [1, 1]


def test_keep_holds_in_any_nesting(device: str) -> None:
    kept: dict[str, Any] = {}

    def inner() -> None:
        kept["inner"] = keep(gk.ones(1))
        kept["many"] = keep({"a": [gk.ones(2)], "b": gk.ones(3)})
        kept["lost"] = gk.ones(4)

    def outer() -> None:
        mine = gk.ones(5)
        tidy(inner)
        tidy(lambda: keep(mine))
        kept["outer"] = mine

    assert tidy(outer) is None
    assert not any(map(is_released, (kept["inner"], kept["many"]["a"][0], kept["many"]["b"])))
    assert not is_released(kept["outer"]) and is_released(kept["lost"])


def test_a_kept_array_may_still_be_released() -> None:
    array = tidy(lambda: keep(gk.ones(3, device="cpu")))
    array.release()
    assert is_released(array)


def test_an_array_released_inside(device: str) -> None:
    before = num_arrays()

    def work() -> gk.Array:
        with gk.ones(3) as first:
            second = first.copy()
        return second

    assert tidy(work).tolist() == [1, 1, 1]
    assert num_arrays() == before


def test_tidy_keeps_nothing_alive(device: str) -> None:
    before = num_arrays()

    def work() -> int:
        for _ in range(50):
            gk.ones(100)
        return num_arrays()

    assert tidy(work) == before


def test_scopes_belong_to_their_thread(device: str) -> None:
    others: list[gk.Array] = []
    name = device

    def elsewhere() -> None:
        others.append(gk.ones(2, device=name))
        others.append(tidy(lambda: gk.ones(3, device=name)))

    def work() -> None:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

    tidy(work)
    assert [array.tolist() for array in others] == [[1, 1], [1, 1, 1]]


def test_arguments_called_as_tidys_own() -> None:
    assert tidy(lambda **keywords: keywords, function=1, args=2) == {"function": 1, "args": 2}
