"""Callbacks: what runs beside a training, at the begin and end of it, of epochs and of batches."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gpukernel.errors import KernelError, KernelTypeError
from gpukernel.nn.plotting import LivePlot, draw_history
from gpukernel.nn.registry import checked_number

if TYPE_CHECKING:
    import numpy as np

    from gpukernel.nn.model import Model

__all__ = ["CSVLogger", "Callback", "EarlyStopping", "History", "LossPlot", "ModelCheckpoint"]
Logs = dict[str, float]


class Callback:
    """The base class: override the methods that you need.

    ``logs`` holds the loss and the metrics so far by name; ``self.model`` is the model, and
    ``self.model.stop_training = True`` ends the training after the epoch.  `on_train_end` is
    called however a training ends.  Overriding `on_train_batch_end`, or `on_batch_end`, which is
    another name of it, makes every step wait for its loss.

    Example:
        >>> from gpukernel import nn
        >>> class Shout(nn.callbacks.Callback):
        ...     def on_epoch_end(self, epoch, logs):
        ...         print(f"epoch {epoch}: {logs['loss']:.1f}!")
        >>> Shout().on_epoch_end(0, {"loss": 2.0})
        epoch 0: 2.0!
    """

    model: Model

    def on_train_begin(self) -> None: ...
    def on_train_end(self) -> None: ...
    def on_epoch_begin(self, epoch: int) -> None: ...
    def on_epoch_end(self, epoch: int, logs: Logs) -> None: ...
    def on_batch_begin(self, batch: int) -> None: ...
    def on_batch_end(self, batch: int, logs: Logs) -> None: ...

    def on_train_batch_begin(self, batch: int) -> None:
        self.on_batch_begin(batch)

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        self.on_batch_end(batch, logs)


_METHODS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class CallbackList:
    """The callbacks of one training run."""

    def __init__(self, callbacks: Iterable[Callback], model: Model) -> None:
        self._callbacks = list(callbacks)
        for one in self._callbacks:
            _check(one)
        model.stop_training = False
        for one in self._callbacks:
            one.model = model
        self._begun: list[Callback] = []
        self.wants_batches = self._override("on_batch_end", "on_train_batch_end")
        self.wants_batch_begins = self._override("on_batch_begin", "on_train_batch_begin")

    def _override(self, *methods: str) -> bool:
        """Whether a callback has one of these methods of its own."""
        return any(
            getattr(type(one), name) is not getattr(Callback, name)
            for one in self._callbacks
            for name in methods
        )

    def call(self, method: str, *args: Any) -> None:
        """Call a method of every callback, in order."""
        for one in self._callbacks:
            getattr(one, method)(*args)

    def begin(self) -> None:
        """Tell every callback that the training begins."""
        for one in self._callbacks:
            self._begun.append(one)
            one.on_train_begin()

    def end(self) -> None:
        """Tell every callback that has begun that the training is over, whatever others raise."""
        problems = []
        while self._begun:
            try:
                self._begun.pop(0).on_train_end()
            except Exception as problem:
                problems.append(problem)
        if problems:
            raise problems[0]


def _check(callback: Any) -> None:
    if not isinstance(callback, Callback):
        hint = f"\nhint: {callback.__name__}(...)" if isinstance(callback, type) else ""
        raise KernelTypeError(
            f"callbacks are objects of nn.callbacks.Callback, but {callback!r:.80} is not{hint}"
        )
    for name in dir(type(callback)):
        if name.startswith("on_") and name not in _METHODS:
            raise KernelError(
                f"callback {type(callback).__name__} has {name}(), which is never called\n"
                f"hint: there are {', '.join(_METHODS)}"
            )


class History(Callback):
    """The loss and metrics of each epoch: what `Model.fit` returns.

    ``history`` maps names to lists, one number an epoch; ``epoch`` lists the epochs' numbers, from
    0; ``was_interrupted`` says whether Ctrl-C ended the training.
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self.was_interrupted = False

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        last = ", ".join(f"{name}={values[-1]:.4g}" for name, values in self.history.items())
        interrupted = ", interrupted" if self.was_interrupted else ""
        return f"<History of {len(self.epoch)} epochs{interrupted}: {last or 'nothing'}>"


def _is_better(mode: str, monitor: str) -> Callable[[float, float], bool]:
    """Return a function of a value and the best so far."""
    if mode not in ("auto", "min", "max"):
        raise KernelError(f"mode={mode!r} of a callback is not 'auto', 'min' or 'max'")
    rising = ("acc", "auc", "precision", "recall", "f1", "r2", "similarity")
    name = str(monitor).lower()
    rises = mode == "max" or (mode == "auto" and any(word in name for word in rising))
    return (lambda a, b: a > b) if rises else (lambda a, b: a < b)


def _monitored(logs: Logs, monitor: str) -> float:
    if monitor not in logs:
        hint = ""
        if monitor.startswith("val_"):
            hint = "\nhint: give fit validation_split or validation_data, or monitor 'loss'"
        raise KernelError(
            f"a callback monitors {monitor!r}, but the training has {', '.join(logs)}{hint}"
        )
    return logs[monitor]


def _checked_path(path: Any, what: str) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise KernelTypeError(f"{what} is {path!r:.80}, but it is to be a path")
    return str(os.fspath(path))


def _checked_epochs(value: Any, what: str) -> int:
    number = checked_number(value, what, 0.0)
    if number != int(number):
        raise KernelTypeError(f"{what} is {value!r}, but it is to be an int")
    return int(number)


class EarlyStopping(Callback):
    """Stop when a number has not become better for some epochs.

    Args:
        monitor: the name of the number.
        min_delta: by how much it must become better.
        patience: after how many epochs without that the training stops.
        mode: "min", "max", or "auto": max for accuracies and the like.
        verbose: 1 prints a line when the training stops.
        baseline: what it must be better than, or the epochs count as without progress.
        restore_best_weights: give the model back the weights of its best epoch in the end.
        start_from_epoch: epochs before this one, counted from 0, are not looked at.

    Raises:
        KernelError: a setting that is none.

    Example:
        >>> from gpukernel import nn
        >>> stop = nn.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        self.monitor = monitor
        self.min_delta = abs(checked_number(min_delta, "EarlyStopping: min_delta"))
        self.patience = _checked_epochs(patience, "EarlyStopping: patience")
        self.verbose = verbose
        known = None if baseline is None else checked_number(baseline, "EarlyStopping: baseline")
        self.baseline = known
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = _checked_epochs(start_from_epoch, "EarlyStopping: start_from_epoch")
        self._better = _is_better(mode, monitor)
        self._rises = self._better(1.0, 0.0)
        self._restart()

    def _restart(self) -> None:
        self.best = -math.inf if self._rises else math.inf
        self.best_epoch = 0
        self.stopped_epoch = 0
        self._waited = 0
        self._weights: list[np.ndarray] | None = None

    def on_train_begin(self) -> None:
        self._restart()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        value = _monitored(logs, self.monitor)
        if epoch < self.start_from_epoch:
            return
        self._waited += 1
        if self.restore_best_weights and self._weights is None:
            self._weights, self.best_epoch = self.model.get_weights(), epoch
        if self._improves(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self._weights = self.model.get_weights()
            if self.baseline is None or self._improves(value, self.baseline):
                self._waited = 0
                return
        if self._waited >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if self.verbose:
                print(f"epoch {epoch + 1}: stopped early, {self.monitor} has not become better")

    def _improves(self, value: float, best: float) -> bool:
        needed = value - self.min_delta if self._rises else value + self.min_delta
        return self._better(needed, best)

    def on_train_end(self) -> None:
        if self.restore_best_weights and self._weights is not None:
            self.model.set_weights(self._weights)


class ModelCheckpoint(Callback):
    """Save the model after epochs.

    Args:
        filepath: where, as for `Model.save`; ``{epoch}``, ``{loss}`` and the other names of the
            logs are filled in with ``str.format``, epochs counted from 1.
        monitor: the number that says whether an epoch is the best.
        verbose: 1 prints a line for each time that the model is saved.
        save_best_only: save only epochs that are better than all before.
        mode: as for `EarlyStopping`.

    Example:
        >>> from gpukernel import nn
        >>> keep = nn.callbacks.ModelCheckpoint("digits-{epoch:03d}.zip", save_best_only=True)
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
    ) -> None:
        self.filepath = _checked_path(filepath, "ModelCheckpoint: filepath")
        self.monitor = monitor
        self.verbose = verbose
        self.save_best_only = save_best_only
        self._better = _is_better(mode, monitor)
        self.best: float | None = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        if self.save_best_only:
            value = _monitored(logs, self.monitor)
            if self.best is not None and not self._better(value, self.best):
                return
        try:
            path = self.filepath.format(**{**logs, "epoch": epoch + 1})
        except (KeyError, IndexError, ValueError) as problem:
            known = ", ".join(("epoch", *logs))
            raise KernelError(
                f"ModelCheckpoint: filepath={self.filepath!r} cannot be filled in: {problem}; "
                f"known are {known}"
            ) from None
        self.model.save(path)
        if self.verbose:
            print(f"epoch {epoch + 1}: saved to {path}")
        if self.save_best_only:
            self.best = value


class CSVLogger(Callback):
    """Write the loss and metrics of each epoch as a line of a CSV file.

    Args:
        filename: of the file.
        separator: between the columns.
        append: go on with a file that is there.

    Raises:
        KernelError: the file to go on with has other columns.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        self.filename = _checked_path(filename, "CSVLogger: filename")
        self.separator = separator
        self.append = append
        self._file: Any = None
        self._columns: list[str] | None = None

    def on_train_begin(self) -> None:
        self._columns = None
        if self.append and os.path.exists(self.filename):
            with open(self.filename, newline="", encoding="utf-8") as file:
                self._columns = next(csv.reader(file, delimiter=self.separator), None)
        mode = "a" if self.append else "w"
        self._file = open(self.filename, mode, newline="", encoding="utf-8")  # noqa: SIM115

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        writer = csv.writer(self._file, delimiter=self.separator)
        columns = ["epoch", *logs]
        if self._columns is None:
            self._columns = columns
            writer.writerow(columns)
        if columns != self._columns:
            raise KernelError(
                f"CSVLogger: {self.filename} has the columns {', '.join(self._columns)}, but the "
                f"training has {', '.join(columns)}"
            )
        writer.writerow((epoch, *(repr(value) for value in logs.values())))
        self._file.flush()

    def on_train_end(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class LossPlot(Callback):
    """Draw loss and metrics as curves over the epochs: to a file, or live.

    Args:
        path: the picture to write after each epoch; without it the curves are shown and grow, in
            a notebook or in a window of matplotlib.

    Raises:
        KernelError: matplotlib is not installed, or without ``path`` has nowhere to show them.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = path
        self._history = History()
        self._live: LivePlot | None = None

    def on_train_begin(self) -> None:
        self._history = History()
        self._live = LivePlot() if self.path is None else None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self._history.on_epoch_end(epoch, logs)
        curves = self._history.epoch, self._history.history
        if self._live is not None:
            self._live.show(*curves)
        else:
            draw_history(*curves, path=self.path)
