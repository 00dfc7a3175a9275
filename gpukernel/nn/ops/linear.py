"""Products of vectors, matrices and stacks of them.

Ints and bools give exact ints, which wrap at 32 bits; as soon as one factor is float all are.
"""

from __future__ import annotations

from gpukernel.errors import KernelShapeError
from gpukernel.nn.contracting import contract
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.tensor import Tensor, TensorLike, as_tensor

__all__ = ["dot", "matmul", "outer"]
_LETTERS = "abcdefgh"  # of the axes of a stack


def matmul(
    a: TensorLike, b: TensorLike, transpose_a: bool = False, transpose_b: bool = False
) -> Tensor:
    """Return the matrix product, as ``a @ b`` does.

    Args:
        a: shape (..., rows, n), or (n,) for a single row.
        b: shape (..., n, cols), or (n,) for a single column.  The axes before the last two are
            broadcast with those of ``a``.
        transpose_a: whether ``a`` is given as (..., n, rows).
        transpose_b: whether ``b`` is given as (..., cols, n).

    Returns:
        shape (..., rows, cols), without ``rows`` or ``cols`` where a vector was given; float32, or
        int32 if both are ints or bools.

    Raises:
        KernelShapeError: a factor is a single number, the sizes to add up over differ, or the
            axes before the last two do not broadcast.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.matmul([[1, 2], [3, 4]], [1, 10]).tolist()
        [21, 43]
    """
    left, right = _pair(a, b)
    if left.ndim == 2 and right.ndim == 2:
        of_a, of_b = "nr" if transpose_a else "rn", "sn" if transpose_b else "ns"
        _check_sizes(left, right, of_a, of_b)
        return contract(left, right, of_a, of_b, "rs", "matmul")
    if left.ndim == 0 or right.ndim == 0:
        raise KernelShapeError(
            f"nn.matmul: shapes {left.shape} and {right.shape}: a single number is no matrix\n"
            "hint: multiply by numbers with *"
        )
    return _stacked_product(left, right, transpose_a, transpose_b)


def _stacked_product(left: Tensor, right: Tensor, transpose_a: bool, transpose_b: bool) -> Tensor:
    """Return the product where a factor is a vector or a stack of matrices."""
    rows = "" if left.ndim == 1 else "r"
    cols = "" if right.ndim == 1 else "s"
    of_a = f"n{rows}" if transpose_a else f"{rows}n"
    of_b = f"{cols}n" if transpose_b else f"n{cols}"
    _check_sizes(left, right, of_a, of_b)
    stack = max(left.ndim - 2, right.ndim - 2, 0)
    left, right, stack_a, stack_b = _stacks(left, right, stack)
    output = _LETTERS[:stack] + rows + cols
    return contract(left, right, stack_a + of_a, stack_b + of_b, output, "matmul")


def _check_sizes(a: Tensor, b: Tensor, of_a: str, of_b: str) -> None:
    n_a = a.shape[of_a.index("n") - len(of_a)]
    n_b = b.shape[of_b.index("n") - len(of_b)]
    if n_a == n_b:
        return
    told = [f"transpose_{x}" for x, labels in (("a", of_a), ("b", of_b)) if labels in ("nr", "sn")]
    raise KernelShapeError(
        f"nn.matmul: shapes {a.shape} and {b.shape}{' with ' if told else ''}"
        f"{' and '.join(told)} would add up over {n_a} and {n_b} elements"
    )


def _pair(a: TensorLike, b: TensorLike) -> tuple[Tensor, Tensor]:
    """Return both factors as tensors of one device, that of the first which is a tensor."""
    if isinstance(a, Tensor):
        return a, b if isinstance(b, Tensor) else as_tensor(b, a._value.device)
    right = as_tensor(b)
    return as_tensor(a, right._value.device), right


def _stacks(a: Tensor, b: Tensor, stack: int) -> tuple[Tensor, Tensor, str, str]:
    """Return the factors without the stack axes that are broadcast, and the labels of the rest."""
    if stack > len(_LETTERS):
        raise KernelShapeError(f"nn.matmul: shapes {a.shape} and {b.shape} have too many axes")
    sizes = [_stack_sizes(x, stack) for x in (a, b)]
    labels = ["", ""]
    for place, (n_a, n_b) in enumerate(zip(*sizes)):
        if n_a != n_b and 1 not in (n_a, n_b) and None not in (n_a, n_b):
            raise KernelShapeError(
                f"nn.matmul: shapes {a.shape} and {b.shape} do not broadcast before the last two "
                "axes\nhint: aligned at the last axis, sizes must be equal or 1"
            )
        letter = _LETTERS[place]
        is_repeated_a = n_a is None or (n_a == 1 and n_b is not None and n_b != 1)
        is_repeated_b = n_b is None or (n_b == 1 and n_a is not None)
        labels[0] += "" if is_repeated_a else letter
        labels[1] += "" if is_repeated_b and not is_repeated_a else letter
    found = []
    for x, own_sizes, own_labels in zip((a, b), sizes, labels):
        kept = tuple(own_sizes[_LETTERS.index(letter)] or 1 for letter in own_labels)
        found.append(reshape(x, (*kept, *x.shape[-2:])) if x.ndim > 2 else x)
    return found[0], found[1], labels[0], labels[1]


def _stack_sizes(x: Tensor, stack: int) -> list[int | None]:
    """Return the sizes of the stack axes; None for those that the tensor does not have."""
    own = x.shape[:-2]
    return [*([None] * (stack - len(own))), *own]


def dot(a: TensorLike, b: TensorLike) -> Tensor:
    """Return NumPy's dot product: the sum over the last axis of ``a`` and the second-last of ``b``.

    Of two vectors it is the inner product, of a number and a tensor the product; ``b`` may be a
    vector.  The axes of ``a`` come before those of ``b``.

    Raises:
        KernelShapeError: the sizes to add up over differ, or there are too many axes.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.dot([1.0, 2.0], [3.0, 4.0]).item()
        11.0
    """
    left, right = _pair(a, b)
    if left.ndim == 0 or right.ndim == 0:
        return left * right
    n_left, n_right = left.shape[-1], right.shape[-2 if right.ndim > 1 else -1]
    if n_left != n_right:
        raise KernelShapeError(
            f"nn.dot: shapes {left.shape} and {right.shape} would add up over {n_left} and "
            f"{n_right} elements"
        )
    of_a = "abcdefgh"[: left.ndim - 1]
    of_b = "pqrstuvw"[: right.ndim - 1]
    if left.ndim > 9 or right.ndim > 9:
        raise KernelShapeError(f"nn.dot: shapes {left.shape} and {right.shape} have too many axes")
    summed = f"{of_b[:-1]}n{of_b[-1:]}"
    return contract(left, right, f"{of_a}n", summed, of_a + of_b, "dot")


def outer(a: TensorLike, b: TensorLike) -> Tensor:
    """Return the products of every element of ``a`` with every one of ``b``: shape (m, n).

    Tensors with other axes than one are taken flat.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.outer([1, 2], [3, 4]).tolist()
        [[3, 4], [6, 8]]
    """
    left, right = _pair(a, b)
    return contract(reshape(left, -1), reshape(right, -1), "a", "b", "ab", "outer")
