"""`Model`: a layer that can be trained, evaluated, summarised and saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gpukernel.errors import KernelError, KernelValueError
from gpukernel.nn import losses, optimizers
from gpukernel.nn.autodiff import no_grad
from gpukernel.nn.batches import Batches
from gpukernel.nn.callbacks import Callback, History
from gpukernel.nn.layers.base import Layer
from gpukernel.nn.layers.probing import zeros_of
from gpukernel.nn.saving import save_model
from gpukernel.nn.summary import summary_text
from gpukernel.nn.tensor import TensorLike
from gpukernel.nn.training import Run, Trainer, check_count
from gpukernel.runtime.device import device as use

BATCH = 32  # samples, where nothing else is asked for


class Model(Layer):
    """A layer with a training loop: `Sequential` is one, and those of your own are.

    Layers that are attributes, or in lists that are, belong to the model.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> class Twice(nn.Model):
        ...     def __init__(self, **keywords):
        ...         super().__init__(**keywords)
        ...         self.first, self.second = nn.layers.Dense(8), nn.layers.Dense(1)
        ...     def call(self, x):
        ...         return self.second(nn.relu(self.first(x)))
        >>> with gk.device("cpu"):
        ...     model = Twice()
        ...     model(nn.zeros((4, 2))).shape, model.count_params()
        ((4, 1), 33)
    """

    takes_several = True
    trainer: Trainer | None = None
    history: History | None = None  # of the last `fit`
    stop_training = False  # set by callbacks: training ends with the epoch

    def build(self, input_shape: Any) -> None:
        """Make the weights of the layers, by computing the result of one sample of zeros."""
        keywords = {"training": False} if "training" in self._takes else {}
        with no_grad():
            self.call(zeros_of(input_shape), **keywords)

    # ---------------------------------------------------------------- training

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Sequence[Any] | None = None
    ) -> None:
        """Choose how the model is trained.

        Args:
            optimizer: an optimizer or the name of one, such as "adam".
            loss: a loss, the name of one, or a function ``(y_true, y_pred)``.
            metrics: metrics, names or functions ``(y_true, y_pred)``; "accuracy" is that which
                fits the shapes.  They are weighted as the loss is, and named as asked for.

        Raises:
            KernelError: an unknown name.
        """
        is_one = isinstance(metrics, str) or callable(metrics)
        asked = [metrics] if is_one else list(metrics or ())
        chosen = None if loss is None else losses.get(loss)
        self.trainer = Trainer(self, optimizers.get(optimizer), chosen, asked)

    @property
    def optimizer(self) -> Any:
        """The optimizer that `compile` was given."""
        return self._compiled("optimizer").optimizer

    def _compiled(self, what: str) -> Trainer:
        if self.trainer is None:
            raise KernelError(
                f"model {self.name!r} was not compiled, so it has no {what}\n"
                'hint: model.compile(optimizer="adam", loss="mse") first'
            )
        return self.trainer

    def fit(
        self,
        x: TensorLike,
        y: TensorLike = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: TensorLike = None,
        initial_epoch: int = 0,
        seed: int | None = None,
    ) -> History:
        """Train the model.

        Args:
            x: samples along the first axis, or a list of such arrays for several inputs.
            y: targets, as many.
            batch_size: samples of one training step, 32 if None.
            epochs: how often all samples are seen.
            verbose: 0 silent, 1 or "auto" a progress bar, 2 a line an epoch.
            callbacks: see `gpukernel.nn.callbacks`.
            validation_split: the part of the samples, from 0 to 1, that is held out: the last
                ones, taken before shuffling.
            validation_data: ``(x, y)`` or ``(x, y, sample_weight)`` to evaluate after each epoch.
            shuffle: whether each epoch sees the samples in another order.
            class_weight: a factor of the loss for samples of a class, 1 for those not named.
            sample_weight: a factor of the loss for each sample.
            initial_epoch: the number of the first epoch, to go on with a training run.
            seed: of the order of the samples; by default it follows from `gpukernel.seed`.

        Returns:
            A `History` of loss and metrics.  Ctrl-C ends the training; the model keeps what it
            has learned, and the history says so.

        Raises:
            KernelError: not compiled, or the loss is no longer a finite number.
            KernelShapeError: arrays of different lengths, or that do not fit the model.
        """
        run = Run(
            batch_size=BATCH if batch_size is None else batch_size,
            epochs=epochs,
            verbose=1 if verbose == "auto" else verbose,  # type: ignore[arg-type]
            callbacks=(callbacks,) if isinstance(callbacks, Callback) else tuple(callbacks or ()),
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            initial_epoch=initial_epoch,
            seed=seed,
        )
        return self._compiled("training").fit(x, y, sample_weight, run)

    def train_on_batch(
        self, x: TensorLike, y: TensorLike = None, sample_weight: TensorLike = None
    ) -> dict[str, float]:
        """Do one training step and return its loss and metrics by name."""
        trainer = self._compiled("training")
        return trainer.train_on_batch(trainer.batches(x, y, sample_weight))

    def test_on_batch(
        self, x: TensorLike, y: TensorLike = None, sample_weight: TensorLike = None
    ) -> dict[str, float]:
        """Return loss and metrics of one batch by name."""
        trainer = self._compiled("loss")
        data = trainer.batches(x, y, sample_weight)
        return trainer.evaluate(data, data.count)

    def predict_on_batch(self, x: TensorLike) -> Any:
        """Return the model's results for samples, computed at once; see `predict`."""
        return self.predict(x, batch_size=2**31 - 1)

    def evaluate(
        self,
        x: TensorLike,
        y: TensorLike = None,
        batch_size: int | None = None,
        verbose: int | str = 0,
        sample_weight: TensorLike = None,
        return_dict: bool = True,
    ) -> Any:
        """Return loss and metrics over samples, by name.

        Args:
            x, y, sample_weight: as for `fit`.
            batch_size: samples that are computed at once, 32 if None.
            verbose: whether to print them.
            return_dict: with False a list of them is returned, the loss first.
        """
        trainer = self._compiled("loss")
        size = BATCH if batch_size is None else batch_size
        check_count(size, "batch_size", 1)
        found = trainer.evaluate(trainer.batches(x, y, sample_weight), size)
        if verbose:
            print(" - ".join(f"{name}: {value:.4f}" for name, value in found.items()))
        return found if return_dict else list(found.values())

    def predict(self, x: TensorLike, batch_size: int | None = None, verbose: int | str = 0) -> Any:
        """Return the model's results for samples as a NumPy array, or a list of them.

        Args:
            x: samples along the first axis, or a list of such arrays for several inputs.
            batch_size: samples that are computed at once, 32 if None.
            verbose: taken as Keras has it; nothing is printed.
        """
        size = BATCH if batch_size is None else batch_size
        check_count(size, "batch_size", 1)
        data = Batches(x, device=self.device, may_be_several=self.takes_several)
        with use(data.device.name), no_grad():
            parts = [_on_host(self(batch.arrays["x"])) for batch in data.each(size)]
        if isinstance(parts[0], list):
            return [np.concatenate(outputs) for outputs in zip(*parts)]
        return np.concatenate(parts)

    # ---------------------------------------------------------------- looking and keeping

    @property
    def output_shape(self) -> Any:
        """The shape of the results, None for the batch axis.

        Raises:
            KernelError: the model is not built.
        """
        if not self.built:
            raise KernelError(f"model {self.name!r} is not built, so it has no output_shape")
        return self.compute_output_shape(self.built_shape)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return the layer of that name, or of that place.

        Raises:
            KernelValueError: there is none.
        """
        if index is not None:
            if not -len(self.sublayers) <= index < len(self.sublayers):
                raise KernelValueError(f"model {self.name!r} has {len(self.sublayers)} layers")
            return self.sublayers[index]
        for layer in self.sublayers:
            if layer.name == name:
                return layer
        known = ", ".join(repr(layer.name) for layer in self.sublayers)
        raise KernelValueError(f"model {self.name!r} has no layer {name!r}; there are {known}")

    def summary(self) -> None:
        """Print the layers, the shapes of their results and the number of their weights."""
        print(summary_text(self))

    def save(self, path: Any) -> None:
        """Save architecture, weights and optimizer; see `gpukernel.nn.saving`.

        Args:
            path: a folder, or a file whose name ends in ``.zip``.
        """
        save_model(self, path)


def _on_host(result: Any) -> Any:
    if isinstance(result, (list, tuple)):
        return [_on_host(one) for one in result]
    return result.numpy()
