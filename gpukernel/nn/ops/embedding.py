"""Embedding: numbers of things in, the rows of a table that stand for them out."""

from __future__ import annotations

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.ops.indexing import gather_as
from gpukernel.nn.ops.operands import operands
from gpukernel.nn.tensor import INT, Tensor, TensorLike

__all__ = ["embedding"]


def embedding(indices: TensorLike, table: TensorLike) -> Tensor:
    """Return the rows of a table that ints name.

    The gradient by the table adds up over all places that name a row, in their order.

    Args:
        indices: ints of any shape, 0 <= index < rows; negative ones count from the end.  One
            outside gives zeros where the indices are a tensor.
        table: (rows, features), float32 to be differentiated by.

    Returns:
        The table's dtype, (*indices.shape, features).

    Raises:
        KernelTypeError: the indices are not ints.
        KernelShapeError: the table has not two axes.
        KernelIndexError: an index outside the table, where the indices are on the host.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     embedding([2, 0], nn.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])).tolist()
        [[5.0, 6.0], [1.0, 2.0]]
    """
    if isinstance(indices, Tensor):
        indices, rows = operands("embedding", indices, table)
        dtype = indices.dtype
    else:
        (rows,) = operands("embedding", table)
        dtype = operands("embedding", indices)[0].dtype
    if rows.ndim != 2:
        raise KernelShapeError(
            f"nn.embedding: table has shape {rows.shape}, wanted (rows, features)"
        )
    if dtype != INT:
        raise KernelTypeError(f"nn.embedding: indices are {dtype}, not int32")
    return gather_as("embedding", rows, indices, 0)
