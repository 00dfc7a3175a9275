"""`Sequential`: a model whose layers follow one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gpukernel.errors import KernelError, KernelTypeError
from gpukernel.nn import layers as layer_classes
from gpukernel.nn.layers.base import Layer, free_name, snake_case
from gpukernel.nn.model import Model
from gpukernel.nn.tensor import Tensor


class Sequential(Model):
    """A stack of layers, each taking what the one before gives.

    Args:
        layers: the layers, first one first; more can follow with `add`.
        name: of the model.
        input_shape: the shape of one sample; without it, and without one given to the first
            layer, weights are made at the first call.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     model = nn.Sequential([nn.layers.Dense(3, activation="relu"), nn.layers.Dense(1)])
        ...     model(nn.zeros((4, 2))).shape
        (4, 1)
    """

    takes_several = False

    def __init__(
        self,
        layers: Iterable[Layer] | None = None,
        name: str | None = None,
        *,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.layers: list[Layer] = []
        if isinstance(layers, Layer):
            raise KernelTypeError(f"a Sequential takes a list of layers: [{type(layers).__name__}]")
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Layer) -> None:
        """Append a layer; it is built at once where the shape of its input is known.

        Raises:
            KernelTypeError: it is not a layer.
            KernelError: it has the name of another one.
            KernelShapeError: it does not fit; the model is as before then.
        """
        if not isinstance(layer, Layer):
            hint = "wrap a function with nn.layers.Activation(function)"
            if isinstance(layer, type):
                hint = f"make one of the class, with {layer.__name__}(...)"
            raise KernelTypeError(f"a Sequential holds layers, not {layer!r}\nhint: {hint}")
        taken = [one.name for one in self.layers]
        if layer._name is not None and layer.name in taken:
            raise KernelError(f"model {self.name!r} has a layer named {layer.name!r} already")
        name = layer._name or free_name(snake_case(type(layer).__name__), taken)
        if not self.layers and self.input_shape is None:
            self.input_shape = layer.input_shape
        shape = self._end_shape()
        before, layer._name = layer._name, name
        try:
            if shape is not None:
                layer.check_input(shape)
                layer.compute_output_shape(shape)
                layer.build_for(shape)
        except BaseException:
            layer._name = before
            raise
        self.layers.append(layer)
        if shape is not None and not self.built:
            assert self.input_shape is not None
            self.built, self.built_shape = True, (None, *self.input_shape)

    def pop(self) -> Layer:
        """Take away the last layer, and return it.

        Raises:
            KernelError: there is none.
        """
        if not self.layers:
            raise KernelError(f"model {self.name!r} has no layers")
        gone = self.layers.pop()
        if not self.layers:
            self._unbuild()
            self.input_shape = None
        return gone

    def _end_shape(self) -> Any:
        """Return the shape of what the last layer gives; None while that is not known."""
        if self.built:
            return self.compute_output_shape(self.built_shape)
        return None if self.input_shape is None else (None, *self.input_shape)

    @property
    def sublayers(self) -> list[Layer]:
        return self.layers

    def build(self, input_shape: Any) -> None:
        """Make the weights of all layers."""
        self.compute_output_shape(input_shape)  # tells what does not fit before anything is made
        shape = input_shape
        for layer in self.layers:
            layer.build_for(shape)
            shape = layer.compute_output_shape(shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if not self.layers:
            raise KernelError(f"model {self.name!r} has no layers\nhint: model.add(...)")
        shape = input_shape
        for layer in self.layers:
            layer.check_input(shape)
            shape = layer.compute_output_shape(shape)
        return shape

    def call(self, x: Tensor, training: bool = False, mask: Any = None) -> Tensor:
        for layer in self.layers:
            given, x = x, layer(x, training=training, mask=mask)
            mask = layer.compute_mask(given, mask)
        return x

    def compute_mask(self, x: Any, mask: Any) -> Any:
        makes_masks = any(
            type(layer).compute_mask is not Layer.compute_mask for layer in self.layers
        )
        if mask is None and not makes_masks:
            return None
        for layer in self.layers:
            given, x = x, layer(x, mask=mask)
            mask = layer.compute_mask(given, mask)
        return mask

    def get_config(self) -> dict[str, Any]:
        found = [
            {"class_name": type(layer).__name__, "config": layer.get_config()}
            for layer in self.layers
        ]
        return {**super().get_config(), "layers": found}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Sequential:
        layers = config.get("layers")
        if not isinstance(layers, list):
            raise KernelTypeError(f"a {cls.__name__} has a list of layers, not {layers!r:.60}")
        made = [layer_classes.from_config(one) for one in layers]
        rest = {key: value for key, value in config.items() if key != "layers"}
        known = ("name", "trainable", "input_shape")
        for key in rest:
            if key not in known:
                raise KernelTypeError(f"{cls.__name__} has no argument {key!r}")
        return cls(made, **rest)
