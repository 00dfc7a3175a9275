"""`Embedding`: a vector for every number of a vocabulary."""

from __future__ import annotations

from typing import Any

from gpukernel.nn.layers.base import Layer, checked_flag, checked_size
from gpukernel.nn.ops.choices import cast
from gpukernel.nn.ops.comparisons import not_equal
from gpukernel.nn.ops.embedding import embedding
from gpukernel.nn.tensor import INT, Tensor


class Embedding(Layer):
    """Look up a vector for every int.

    Args:
        input_dim: how many ints there are: 0 to input_dim - 1.
        output_dim: the size of the vectors.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: of the vectors.
        mask_zero: whether 0 means "nothing here": the mask of the result is False there.

    Input: (batch, ...), ints, or floats that are whole.  Output: (batch, ..., output_dim).  An int
    outside gives zeros; negative ones count from the end.
    Weights: embeddings (input_dim, output_dim).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.Embedding(10, 4)([[1, 2, 3]]).shape
        (1, 3, 4)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "random_uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.input_dim = checked_size(input_dim, "input_dim", self)
        self.output_dim = checked_size(output_dim, "output_dim", self)
        self.embeddings_initializer = embeddings_initializer
        self.embeddings_regularizer = embeddings_regularizer
        self.embeddings_constraint = embeddings_constraint
        self.mask_zero = checked_flag(mask_zero, "mask_zero", self)
        self.check_choices()

    def build(self, input_shape: Any) -> None:
        self.embeddings = self.add_weight(
            "embeddings",
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, x: Tensor) -> Tensor:
        return embedding(x if x.dtype == INT else cast(x, INT), self.embeddings)

    def compute_mask(self, x: Any, mask: Any) -> Any:
        return not_equal(x, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.check_input(input_shape)
        return (*input_shape, self.output_dim)
