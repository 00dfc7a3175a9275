"""The training loop: epochs of batches, each one step of the optimizer.

While an epoch runs, losses and metrics are added up on the device; they are read when something
shows them, so a step waits for nothing.  A loss that is no longer finite is found where it is read
and told with its epoch and batch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.lang.random import next_seed
from gpukernel.nn import metrics as metric_classes
from gpukernel.nn import registry
from gpukernel.nn.autodiff import no_grad
from gpukernel.nn.batches import Batches, Labels
from gpukernel.nn.callbacks import Callback, CallbackList, History
from gpukernel.nn.interrupts import Interrupts
from gpukernel.nn.layers.base import free_name
from gpukernel.nn.losses import SparseCategoricalCrossentropy
from gpukernel.nn.progress import Progress
from gpukernel.nn.registry import checked_number
from gpukernel.nn.running_loss import RunningLoss
from gpukernel.nn.tensor import Tensor, as_tensor
from gpukernel.runtime.device import device as use

if TYPE_CHECKING:
    from gpukernel.nn.model import Model

READ_EVERY_S = 0.25  # how often a running loss is read to be shown


@dataclass(frozen=True)
class Run:
    """What `Model.fit` was asked for; see there."""

    batch_size: int
    epochs: int
    verbose: int
    callbacks: tuple[Callback, ...]
    validation_split: float
    validation_data: Any
    shuffle: bool
    class_weight: Mapping[int, float] | None
    initial_epoch: int
    seed: int | None

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs"):
            check_count(getattr(self, name), name, 1)
        check_count(self.initial_epoch, "initial_epoch", 0)
        part = checked_number(self.validation_split, "fit: validation_split")
        if not 0.0 <= part < 1.0:
            raise KernelError(f"fit: validation_split={part} is not from 0 up to, not with, 1")
        if not isinstance(self.shuffle, (bool, np.bool_)):
            raise KernelTypeError(f"fit: shuffle={self.shuffle!r:.60} is not True or False")
        if self.verbose not in (0, 1, 2):
            raise KernelError(f"fit: verbose={self.verbose!r} is not 0, 1 or 2")
        if self.class_weight is not None and not isinstance(self.class_weight, Mapping):
            raise KernelTypeError(
                f"fit: class_weight={self.class_weight!r:.60} is not a dict such as "
                "{0: 1.0, 1: 5.0}"
            )
        if self.validation_data is not None and (
            not isinstance(self.validation_data, (tuple, list))
            or len(self.validation_data) not in (2, 3)
        ):
            raise KernelTypeError("fit: validation_data is (x, y) or (x, y, sample_weight)")


def check_count(value: Any, name: str, least: int) -> None:
    """Raise where something is not an int of at least that size."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise KernelTypeError(f"{name}={value!r} is not an int of at least {least}")


class Trainer:
    """A model with its optimizer, loss and metrics; made by `Model.compile`."""

    def __init__(self, model: Model, optimizer: Any, loss: Any, metrics: Sequence[Any]) -> None:
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.asked_metrics = metrics
        from_logits = bool(getattr(loss, "from_logits", False))
        self.metrics = [metric_classes.get(one, from_logits) for one in metrics]
        self._names: list[str] = []  # of the metrics: those that were asked for, where by name
        for one, metric in zip(metrics, self.metrics):
            name = one if isinstance(one, str) else metric.name
            self._names.append(free_name(name, ["loss", *self._names]))
        self._labels: Labels | None = None  # still to be checked
        self._interrupts = Interrupts()

    def get_config(self) -> dict[str, Any]:
        """Return optimizer, loss and metrics as values that JSON can hold."""
        return {
            "optimizer": registry.serialize(self.optimizer),
            "loss": None if self.loss is None else registry.serialize(self.loss),
            "metrics": [registry.serialize(one) for one in self.asked_metrics],
        }

    # ---------------------------------------------------------------- one step

    def step(self, batch: Batches) -> Tensor:
        """Do one training step and return its loss."""
        model = self.model

        def run() -> tuple[Tensor, Any]:
            predicted = model(batch.arrays["x"], training=True)
            return self._loss_of(batch, predicted), predicted

        if not model.built:
            with no_grad():
                model.build_for(_shape_of(batch.arrays["x"]))
        variables = model.trainable_weights
        if not variables:
            raise KernelError(
                f"model {model.name!r} has no weights that can be trained: all have trainable=False"
            )
        loss, predicted = self.optimizer.minimize(run, variables, has_aux=True)
        model.constrain()
        self._update_metrics(batch, predicted)
        return loss  # type: ignore[no-any-return]

    def _loss_of(self, batch: Batches, predicted: Any) -> Tensor:
        """Return the loss of a batch, with what regularizers add."""
        if self.loss is None:
            raise KernelError(
                f"model {self.model.name!r} was compiled without a loss\n"
                'hint: model.compile(optimizer, loss="mse")'
            )
        wanted = batch.arrays["y"]
        if wanted is None:
            raise KernelError(
                f"the loss {self.loss.name} compares predictions with targets, but y is missing\n"
                "hint: give x and y, both with the samples along the first axis"
            )
        if self._labels is not None:
            self._check_labels(self._labels, predicted)
            self._labels = None
        found: Tensor = self.loss(wanted, predicted, batch.arrays["weight"])
        if found.ndim:
            raise KernelShapeError(
                f"the loss {self.loss.name} gave shape {found.shape}, not a single number"
                '\nhint: its reduction must not be "none" for training'
            )
        for penalty in self.model.losses:
            found = found + penalty
        return found

    def _check_labels(self, labels: Labels, predicted: Any) -> None:
        """Raise where there are labels that are no class of the model."""
        if isinstance(self.loss, SparseCategoricalCrossentropy) and isinstance(predicted, Tensor):
            classes = predicted.shape[self.loss.axis]
            if not labels.are_whole:
                raise KernelError(
                    f"y has labels that are not whole numbers, from {labels.low} to {labels.high}"
                )
            if labels.low < 0 or labels.high >= classes:
                raise KernelError(
                    f"y has labels from {labels.low} to {labels.high}, but the model's output of "
                    f"shape {predicted.shape} has {classes} classes: 0 to {classes - 1}"
                )

    def _update_metrics(self, batch: Batches, predicted: Any) -> None:
        for metric in self.metrics:
            metric.update_state(batch.arrays["y"], predicted, batch.arrays["weight"])

    # ---------------------------------------------------------------- whole runs

    def fit(self, x: Any, y: Any, weight: Any, run: Run) -> History:
        """Train over all samples; see `Model.fit`."""
        with Interrupts() as self._interrupts:
            data, held_out = self._split(self.batches(x, y, weight), run)
            if run.class_weight is not None:
                data = data.weighted(_class_factors(data, run.class_weight))
            self._labels = data.labels
            history = History()
            callbacks = CallbackList((*run.callbacks, history), self.model)
            progress = Progress(run.verbose, run.epochs, math.ceil(data.count / run.batch_size))
            try:
                with use(data.device.name):
                    self._epochs(data, held_out, run, callbacks, progress)
            except KeyboardInterrupt:
                history.was_interrupted = True
                progress.say("interrupted: the model keeps what it has learned")
            finally:
                progress.close()
                callbacks.end()
        self.model.history = history
        return history

    def batches(self, x: Any, y: Any, weight: Any) -> Batches:
        """Return samples as the model takes them, on its device."""
        model = self.model
        return Batches(x, y, weight, model.device, may_be_several=model.takes_several)

    def _epochs(
        self,
        data: Batches,
        held_out: Batches | None,
        run: Run,
        callbacks: CallbackList,
        progress: Progress,
    ) -> None:
        generator = np.random.Generator(
            np.random.Philox(next_seed() if run.seed is None else run.seed)
        )
        callbacks.begin()
        self._interrupts.check()
        for epoch in range(run.initial_epoch, run.epochs):
            logs = self._epoch(epoch, data, held_out, run, generator, callbacks, progress)
            callbacks.call("on_epoch_end", epoch, logs)
            if self.model.stop_training:
                break

    def _epoch(
        self,
        epoch: int,
        data: Batches,
        held_out: Batches | None,
        run: Run,
        generator: np.random.Generator,
        callbacks: CallbackList,
        progress: Progress,
    ) -> dict[str, float]:
        """Run one epoch and return its loss and metrics."""
        callbacks.call("on_epoch_begin", epoch)
        progress.begin_epoch(epoch)
        self._reset_metrics()
        running, shown = RunningLoss(), time.perf_counter()
        samples = data.shuffled(generator) if run.shuffle else data
        for number, batch in enumerate(samples.each(run.batch_size)):
            if callbacks.wants_batch_begins:
                callbacks.call("on_train_batch_begin", number)
            running.add(self.step(batch), batch.count)
            self._interrupts.check()
            if callbacks.wants_batches:
                callbacks.call("on_train_batch_end", number, self._logs(running, epoch))
            if progress.is_live and time.perf_counter() - shown > READ_EVERY_S:
                progress.update(number + 1, self._logs(running, epoch))
                shown = time.perf_counter()
        logs = self._logs(running, epoch)
        if held_out is not None:
            found = self.evaluate(held_out, run.batch_size)
            logs.update({f"val_{name}": value for name, value in found.items()})
        progress.end_epoch(epoch, logs)
        return logs

    def _logs(self, running: RunningLoss, epoch: int) -> dict[str, float]:
        """Return loss and metrics so far.

        Raises:
            KernelError: the loss is not finite.
        """
        loss = running.read()
        if not math.isfinite(loss):
            bad = running.first_bad_batch()
            where = f"in batch {bad + 1}" if bad >= 0 else f"by batch {running.batches}"
            raise KernelError(
                f"the loss {self.loss.name} is {loss} since epoch {epoch + 1}, {where}: the "
                "training has diverged, or the data is not finite\n"
                "hint: a smaller learning rate, clipnorm=1.0 in the optimizer, or check the data "
                "with np.isfinite"
            )
        return {"loss": loss, **self._measured()}

    def _measured(self) -> dict[str, float]:
        """Return the metrics so far; those of several thresholds give several numbers."""
        found: dict[str, float] = {}
        for name, metric in zip(self._names, self.metrics):
            result = metric.result()
            if isinstance(result, list):
                found.update({f"{name}_{i}": float(one) for i, one in enumerate(result)})
            else:
                found[name] = float(result)
        return found

    def _reset_metrics(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    def train_on_batch(self, batch: Batches) -> dict[str, float]:
        """Do one step; see `Model.train_on_batch`."""
        self._reset_metrics()
        self._labels = batch.labels
        running = RunningLoss()
        with use(batch.device.name):
            running.add(self.step(batch), batch.count)
        return self._logs(running, 0)

    def evaluate(self, data: Batches, batch_size: int) -> dict[str, float]:
        """Return loss and metrics over samples.

        Raises:
            KernelError: the loss is not finite.
        """
        self._reset_metrics()
        self._labels = data.labels
        running = RunningLoss()
        with use(data.device.name), no_grad():
            for batch in data.each(batch_size):
                predicted = self.model(batch.arrays["x"])
                running.add(self._loss_of(batch, predicted), batch.count)
                self._update_metrics(batch, predicted)
        loss = running.read()
        if not math.isfinite(loss):
            raise KernelError(
                f"the loss {self.loss.name} is {loss} in the evaluation, in batch "
                f"{running.first_bad_batch() + 1}: the model or the data is not finite"
            )
        found = {"loss": loss, **self._measured()}
        self._reset_metrics()
        return found

    def _split(self, data: Batches, run: Run) -> tuple[Batches, Batches | None]:
        """Return the samples to train with, and those held out."""
        if run.validation_data is not None:
            x, y, *weights = run.validation_data
            return data, self.batches(x, y, weights[0] if weights else None)
        count = int(data.count * (1.0 - run.validation_split))
        if count == data.count:
            return data, None
        if count == 0:
            raise KernelShapeError(
                f"fit: validation_split={run.validation_split} of {data.count} samples leaves none"
            )
        return data.taken(0, count), data.taken(count, data.count)


def _shape_of(x: Any) -> Any:
    return [one.shape for one in x] if isinstance(x, list) else x.shape


def _class_factors(data: Batches, class_weight: Mapping[int, float]) -> np.ndarray:
    """Return the factor of each sample by its class: a label, or the largest of a row."""
    y = data.arrays["y"]
    if y is None or isinstance(y, list):
        raise KernelTypeError("fit: class_weight needs y to be one array of labels")
    classes = as_tensor(y).numpy()
    if classes.ndim > 2:
        raise KernelShapeError(f"fit: class_weight needs labels or rows, not y of shape {y.shape}")
    if classes.ndim == 2 and classes.shape[1] > 1:
        classes = classes.argmax(axis=1)
    labels = classes.reshape(-1).astype(np.int64)
    try:
        factors = {int(c): float(factor) for c, factor in class_weight.items()}
        return np.array([factors.get(int(c), 1.0) for c in labels], np.float32)
    except (TypeError, ValueError) as problem:
        raise KernelTypeError(f"fit: class_weight={class_weight!r:.60}: {problem}") from None
