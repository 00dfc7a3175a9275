"""Products of matrices, einsum and norms, against NumPy on both devices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn.contracting import contract
from gpukernel.nn.ops.einsum import einsum
from gpukernel.nn.ops.linear import dot, matmul, outer
from gpukernel.nn.ops.norms import norm
from tests.nn.checks import check_gradient, check_values

RNG = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def ints(*shape: int) -> np.ndarray:
    return RNG.integers(-9, 9, shape).astype(np.int32)


SHAPES = [
    ((3, 4), (4, 5)),
    ((1, 1), (1, 1)),
    ((4,), (4, 5)),
    ((3, 4), (4,)),
    ((700,), (700,)),
    ((2, 3, 4), (4, 5)),
    ((2, 3, 4), (2, 4, 5)),
    ((1, 3, 4), (2, 4, 5)),
    ((2, 1, 3, 4), (5, 4, 2)),
    ((2, 3, 4), (4,)),
    ((4,), (2, 4, 3)),
    ((2, 3, 2, 3, 4), (4, 2)),
    ((2, 3, 2, 3, 4), (2, 3, 2, 4, 2)),
    ((0, 4), (4, 2)),
    ((3, 0), (0, 2)),
]


@pytest.mark.parametrize(("shape_a", "shape_b"), SHAPES)
def test_matmul_is_numpys(shape_a: Any, shape_b: Any, device: str) -> None:
    a, b = floats(*shape_a), floats(*shape_b)
    check_values(nn.tensor(a) @ nn.tensor(b), a @ b, 1e-5, 2e-5)


@pytest.mark.parametrize("transposes", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("stack", [(), (2,)])
def test_factors_can_be_given_transposed(
    transposes: tuple[bool, bool], stack: tuple[int, ...], device: str
) -> None:
    a, b = floats(*stack, 3, 4), floats(*stack, 4, 5)
    given = [x.swapaxes(-1, -2) if t else x for x, t in zip((a, b), transposes)]
    found = matmul(nn.tensor(given[0]), nn.tensor(given[1]), *transposes)
    check_values(found, a @ b, 1e-5, 1e-5)


def test_ints_are_exact_and_join_floats(device: str) -> None:
    a, b = ints(3, 4), ints(4, 5)
    large = a * 1_000_003
    check_values(matmul(nn.tensor(large), nn.tensor(b)), large @ b, 0, 0)
    check_values(matmul(nn.tensor(a), nn.tensor(b.astype(np.float32))), (a @ b).astype(np.float32))
    truth = a > 0
    check_values(matmul(nn.tensor(truth), nn.tensor(truth.T)), truth.astype(int) @ truth.T)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(
    ("shape_a", "shape_b", "transposes"),
    [
        ((2, 3), (3, 2), (False, False)),
        ((3, 2), (2, 3), (True, True)),
        ((2, 2, 3), (3, 2), (False, False)),
        ((2, 1, 2, 3), (2, 3, 2), (False, False)),
        ((3,), (3,), (False, False)),
    ],
)
def test_the_gradient_of_matmul(
    shape_a: Any, shape_b: Any, transposes: tuple[bool, bool], order: int, device: str
) -> None:
    def f(a: nn.Tensor, b: nn.Tensor) -> nn.Tensor:
        product = matmul(a, b, *transposes)
        return product * product

    check_gradient(f, floats(*shape_a), floats(*shape_b), device=device, order=order)


def test_a_bias_joins_the_kernel_of_the_product(gl: Any) -> None:
    with gk.device("gl"):
        x, w, bias = nn.tensor(floats(2, 3, 4)), nn.tensor(floats(4, 5)), nn.tensor(floats(5))
        assert (x @ w + bias).array.shape == (2, 3, 5)
        before = gk.memory().launches
        assert (x @ w + bias).array.shape == (2, 3, 5)
        assert gk.memory().launches == before + 1


@pytest.mark.parametrize(
    ("shape_a", "shape_b"),
    [((), (3,)), ((3,), (3,)), ((2, 3), (3, 2)), ((2, 3), (3,)), ((2, 3), (2, 3, 2))],
)
def test_dot_is_numpys(shape_a: Any, shape_b: Any, device: str) -> None:
    a, b = floats(*shape_a), floats(*shape_b)
    check_values(dot(nn.tensor(a), nn.tensor(b)), np.dot(a, b).astype(np.float32), 1e-5, 1e-5)


def test_outer_is_numpys(device: str) -> None:
    a, b = ints(2, 2), ints(3)
    check_values(outer(nn.tensor(a), nn.tensor(b)), np.outer(a, b), 0, 0)


SPECS = [
    "ij,jk->ik",
    "ij,jk",
    "ba,b",
    "ii->i",
    "ii",
    "ij->ji",
    "ij->",
    "iij->j",
    "i,j->ij",
    "ij,k->i",
    "iji,j->i",
    "bij,bjk->bik",
    "ijk,ijl->kl",
    "ijkl,ijkm->lm",
    "ij, jk, kl -> il",
    "ij,j,jk->k",
]
SIZES = {"a": 3, "b": 2, "i": 2, "j": 4, "k": 2, "l": 3, "m": 5}


def operands_of(spec: str) -> list[np.ndarray]:
    terms = spec.replace(" ", "").split("->")[0].split(",")
    return [floats(*[SIZES[label] for label in term]) for term in terms]


@pytest.mark.parametrize("spec", SPECS)
def test_einsum_is_numpys(spec: str, device: str) -> None:
    operands = operands_of(spec)
    check_values(einsum(spec, *map(nn.tensor, operands)), np.einsum(spec, *operands), 1e-5, 1e-5)


@pytest.mark.parametrize("spec", ["ij,jk->ik", "ii", "iij->j", "iji,j->i", "i,j->ij", "ij,j,jk->k"])
def test_the_gradient_of_einsum(spec: str, device: str) -> None:
    check_gradient(lambda *x: einsum(spec, *x), *operands_of(spec), device=device)


@pytest.mark.parametrize("spec", ["ij,jk->ik", "iij->j"])
def test_the_second_gradient_of_einsum(spec: str, device: str) -> None:
    def f(*x: nn.Tensor) -> nn.Tensor:
        found = einsum(spec, *x)
        return found * found

    check_gradient(f, *operands_of(spec), device=device, order=2)


@pytest.mark.parametrize(
    ("spec", "shapes"),
    [
        ("...ij,...jk->...ik", ((2, 3, 4), (2, 4, 5))),
        ("...ij,jk", ((2, 2, 3, 4), (4, 5))),
        ("...i,...i->...", ((3, 1, 4), (2, 4))),
        ("i...->...i", ((2, 3, 4),)),
        ("...", ((2, 3),)),
        ("...i->...", ((3,),)),
    ],
)
def test_an_ellipsis_stands_for_the_other_axes(spec: str, shapes: Any, device: str) -> None:
    operands = [floats(*shape) for shape in shapes]
    check_values(einsum(spec, *map(nn.tensor, operands)), np.einsum(spec, *operands), 1e-5, 1e-5)
    check_gradient(lambda *x: einsum(spec, *x), *operands, device=device)


def test_einsum_of_ints_and_of_bools(device: str) -> None:
    a, b = ints(2, 3), ints(3, 2)
    check_values(einsum("ij,jk->ik", nn.tensor(a), nn.tensor(b)), a @ b, 0, 0)
    check_values(einsum("ii->i", nn.tensor(np.eye(3) > 0)), np.ones(3, np.int32), 0, 0)


@pytest.mark.parametrize("ord", [None, 1, 2, 2.5, np.inf, -np.inf, 0])
def test_norms_are_those_of_vectors(ord: Any, device: str) -> None:
    x = floats(3, 4)
    check_values(norm(nn.tensor(x), ord, 1), np.linalg.norm(x, ord, 1), 1e-5, 1e-6)
    check_values(norm(nn.tensor(x[0]), ord), np.linalg.norm(x[0], ord), 1e-5, 1e-6)


@pytest.mark.parametrize("ord", [None, "fro", 1, -1, np.inf, -np.inf])
@pytest.mark.parametrize("axis", [None, (0, 1), (1, 0), (-1, 0)])
def test_norms_are_those_of_matrices(ord: Any, axis: Any, device: str) -> None:
    x = floats(3, 4)
    for keepdims in (False, True):
        expected = np.linalg.norm(x, ord, axis, keepdims)
        check_values(norm(nn.tensor(x), ord, axis, keepdims), expected, 1e-5, 1e-6)
    deep = floats(2, 3, 4)
    check_values(norm(nn.tensor(deep), ord, (2, 0)), np.linalg.norm(deep, ord, (2, 0)), 1e-5, 1e-6)


@pytest.mark.parametrize("ord", [1, 2, 3, np.inf])
def test_the_gradient_of_norms(ord: Any, device: str) -> None:
    check_gradient(lambda x: norm(x, ord, 1), floats(2, 3), device=device)
    if ord != 2 and ord != 3:
        check_gradient(lambda x: norm(x, ord), floats(2, 3), device=device)


def test_the_second_gradient_of_the_norm(device: str) -> None:
    check_gradient(norm, floats(2, 3) + 2, device=device, order=2)


@pytest.mark.parametrize("ord", [1, 2, 3])
def test_the_gradient_at_the_zero_vector_is_zero(ord: int, device: str) -> None:
    found = nn.grad(lambda x: norm(x, ord))(nn.tensor(np.zeros(3)))
    assert found.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda x: matmul(x, x), KernelShapeError, r"nn.matmul: shapes \(2, 3\) and \(2, 3\)"),
        (lambda x: matmul(x, x, True, True), KernelShapeError, "with transpose_a and transpose_b"),
        (lambda x: matmul(x, 2.0), KernelShapeError, "single number"),
        (
            lambda x: matmul(np.ones((2, 3, 4)), np.ones((3, 4, 5))),
            KernelShapeError,
            "broadcast before the last two",
        ),
        (lambda x: dot(x, x), KernelShapeError, "nn.dot: shapes"),
        (
            lambda x: einsum("abcde,ebdac", np.ones((1,) * 5), np.ones((1,) * 5)),
            KernelShapeError,
            "nn.einsum: abcde,ebdac-> needs more than 4 axes",
        ),
        (lambda x: einsum("ij,jk", x), KernelError, "2 operands, but got 1"),
        (lambda x: einsum("...i->i", x), KernelError, "ellipsis on one side"),
        (
            lambda x: einsum("i...,...", x, x.T),
            KernelShapeError,
            r"do not broadcast: \(3,\), \(3, 2\)",
        ),
        (lambda x: einsum("ijk->i", x), KernelShapeError, "3 axes"),
        (lambda x: einsum("ij,ij", x, x.T), KernelShapeError, "'i' of 'ij,ij' has size 2, but 3"),
        (lambda x: einsum("ij->ii", x), KernelError, "'i' twice in the result"),
        (lambda x: einsum("ij->ik", x), KernelError, "'k' in the result only"),
        (lambda x: einsum("i1->i", x), KernelError, "'1' where a letter belongs"),
        (lambda x: einsum(x), KernelTypeError, "spec is a Tensor"),
        (lambda x: norm(x, "nuc"), KernelError, "nn.norm: ord='nuc'"),
        (lambda x: norm(x, 2), KernelError, "no ord=2 for matrices"),
        (lambda x: norm(nn.ones((2, 2, 2)), 1), KernelError, "no ord=1 for 3 axes at once"),
        (lambda x: norm(x, 2, 2), KernelShapeError, "nn.norm: axis 2"),
    ],
)
def test_wrong_arguments(run: Any, error: type[Exception], words: str) -> None:
    with gk.device("cpu"), pytest.raises(error, match=words):
        run(nn.tensor(floats(2, 3)))


def test_products_of_labels_merge_axes_that_go_together(device: str) -> None:
    a, b = floats(2, 2, 2, 2, 3), floats(2, 2, 2, 2, 3)
    found = contract(nn.tensor(a), nn.tensor(b), "abcde", "abcdf", "ef", "einsum")
    check_values(found, np.einsum("abcde,abcdf->ef", a, b), 1e-5, 1e-5)
