"""Callbacks: what they see, that they are ended however a training ends, and those there are."""

from __future__ import annotations

import csv
import math
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelError
from gpukernel.nn import callbacks, layers

X = np.random.default_rng(0).normal(size=(48, 3)).astype(np.float32)
Y = X.sum(axis=1, keepdims=True)


def model() -> nn.Sequential:
    gk.seed(0)
    made = nn.Sequential([layers.Dense(4, activation="tanh"), layers.Dense(1)], input_shape=(3,))
    made.compile(nn.optimizers.Adam(0.01), "mse", ["mae"])
    return made


class Diary(callbacks.Callback):
    """Notes what is called."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def on_train_begin(self) -> None:
        self.lines.append("train begin")

    def on_train_end(self) -> None:
        self.lines.append("train end")

    def on_epoch_begin(self, epoch: int) -> None:
        self.lines.append(f"epoch {epoch}")

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.lines.append(f"end {epoch}: {' '.join(logs)}")

    def on_batch_begin(self, batch: int) -> None:
        self.lines.append(f"batch {batch}")

    def on_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        self.lines.append(f"did {batch}: {' '.join(logs)}")


class At(callbacks.Callback):
    """Raises in the middle of an epoch, or after one."""

    def __init__(self, problem: BaseException, method: str = "on_batch_end") -> None:
        self.problem = problem
        self.method = method

    def on_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        if self.method == "on_batch_end" and batch == 1:
            raise self.problem

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if self.method == "on_epoch_end" and epoch == 1:
            raise self.problem


def test_what_is_called_when(device: str) -> None:
    diary = Diary()
    model().fit(X, Y, batch_size=32, epochs=2, callbacks=[diary], verbose=0)
    epoch = ["batch 0", "did 0: loss mae", "batch 1", "did 1: loss mae"]
    assert diary.lines == [
        "train begin",
        "epoch 0", *epoch, "end 0: loss mae",
        "epoch 1", *epoch, "end 1: loss mae",
        "train end",
    ]  # fmt: skip
    assert diary.model.stop_training is False


def test_stop_training() -> None:
    class Enough(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            self.model.stop_training = epoch == 2

    with gk.device("cpu"):
        made = model()
        assert made.fit(X, Y, epochs=9, callbacks=Enough(), verbose=0).epoch == [0, 1, 2]  # type: ignore[arg-type]
        assert made.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]


def test_control_c_keeps_what_was_learned(device: str, tmp_path: Path) -> None:
    made = model()
    before = made.get_weights()
    diary, log = Diary(), callbacks.CSVLogger(tmp_path / "log.csv")
    stop = At(KeyboardInterrupt(), "on_epoch_end")
    history = made.fit(X, Y, epochs=5, callbacks=[log, diary, stop], verbose=0)
    assert history.was_interrupted and "interrupted" in repr(history)
    assert history.epoch == [0]
    assert diary.lines[-1] == "train end"
    assert any((a != b).any() for a, b in zip(before, made.get_weights()))
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3
    assert not made.fit(X, Y, verbose=0).was_interrupted


class PressControlC(callbacks.Callback):
    """Sends the signal that Ctrl-C sends."""

    def __init__(self, times: int) -> None:
        self.times = times

    def on_batch_begin(self, batch: int) -> None:
        if batch == 1:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("times", [1, 2])
def test_a_real_control_c(times: int, device: str) -> None:
    made = model()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    history = made.fit(X, Y, epochs=3, batch_size=16, callbacks=[PressControlC(times)], verbose=0)
    assert history.was_interrupted and history.epoch == []
    assert made.optimizer.iterations == (2 if times == 1 else 1)  # the step is done, or not begun
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not made.fit(X, Y, verbose=0).was_interrupted


@pytest.mark.parametrize("method", ["on_batch_end", "on_epoch_end"])
def test_a_callback_that_raises(method: str, device: str, tmp_path: Path) -> None:
    made = model()
    diary, log = Diary(), callbacks.CSVLogger(tmp_path / "log.csv")
    with pytest.raises(ZeroDivisionError):
        made.fit(X, Y, epochs=5, callbacks=[log, diary, At(ZeroDivisionError(), method)], verbose=0)
    assert diary.lines[-1] == "train end"
    assert log._file is None
    history = made.fit(X, Y, epochs=2, verbose=0)
    assert all(math.isfinite(loss) for loss in history.history["loss"])


def test_ends_that_raise_do_not_hide_each_other() -> None:
    class Bad(callbacks.Callback):
        def on_train_end(self) -> None:
            raise ZeroDivisionError

    class BadBegin(callbacks.Callback):
        def on_train_begin(self) -> None:
            raise ZeroDivisionError

    with gk.device("cpu"):
        diary = Diary()
        with pytest.raises(ZeroDivisionError):
            model().fit(X, Y, callbacks=[Bad(), diary], verbose=0)
        assert diary.lines[-1] == "train end"
        late = Diary()
        with pytest.raises(ZeroDivisionError):
            model().fit(X, Y, callbacks=[BadBegin(), late], verbose=0)
        assert late.lines == []


def test_methods_that_are_never_called_are_told() -> None:
    class Keras(callbacks.Callback):
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None: ...

    with gk.device("cpu"), pytest.raises(KernelError, match="on_test_batch_end.*never called"):
        model().fit(X, Y, callbacks=[Keras()], verbose=0)


# ---------------------------------------------------------------- the ready-made ones


class Fake:
    """A model whose weights are a number."""

    def __init__(self) -> None:
        self.weights = [np.array(0.0)]
        self.stop_training = False
        self.saved: list[str] = []

    def get_weights(self) -> list[np.ndarray]:
        return list(self.weights)

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weights = weights

    def save(self, path: str) -> None:
        self.saved.append(path)


def run(callback: Any, values: list[float], name: str = "val_loss") -> tuple[Fake, int]:
    """Call a callback with a number after each epoch; return the model and the epochs run."""
    fake = Fake()
    callback.model = fake
    callback.on_train_begin()
    epoch = -1
    for epoch, value in enumerate(values):
        fake.weights = [np.array(float(epoch))]
        callback.on_epoch_end(epoch, {"loss": 0.5, name: value})
        if fake.stop_training:
            break
    callback.on_train_end()
    return fake, epoch + 1


@pytest.mark.parametrize(
    ("keywords", "values", "epochs"),
    [
        ({}, [3, 2, 2, 1], 3),
        ({"patience": 2}, [3, 2, 2, 2, 1], 4),
        ({"patience": 2}, [3, 2, 2, 1, 1, 1, 0], 6),
        ({"min_delta": 0.5}, [3, 2, 1.6, 1], 3),
        ({"mode": "max"}, [1, 2, 3, 3, 4], 4),
        ({"patience": 2, "baseline": 1.0}, [3, 2, 1.5, 1.2], 2),
        ({"patience": 1, "start_from_epoch": 3}, [3, 4, 5, 6, 5, 7, 8], 6),
        ({}, [3, math.nan, 1], 2),
    ],
)
def test_early_stopping(keywords: dict[str, Any], values: list[float], epochs: int) -> None:
    assert run(callbacks.EarlyStopping(**keywords), values)[1] == epochs


def test_early_stopping_restores_the_best() -> None:
    stop = callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    fake, _ = run(stop, [3, 1, 2, 2])
    assert fake.weights[0] == 1.0 and stop.best_epoch == 1 and stop.stopped_epoch == 3
    fake, _ = run(stop, [3, 2, 1])  # to the end; and it starts anew
    assert fake.weights[0] == 2.0 and stop.stopped_epoch == 0
    rising = callbacks.EarlyStopping("val_accuracy", restore_best_weights=True)
    assert run(rising, [0.5, 0.7, 0.6], "val_accuracy")[0].weights[0] == 1.0


def test_early_stopping_in_a_training(device: str) -> None:
    made = model()
    stop = callbacks.EarlyStopping("loss", min_delta=100.0, restore_best_weights=True)
    assert made.fit(X, Y, epochs=9, callbacks=[stop], verbose=0).epoch == [0, 1]
    with pytest.raises(KernelError, match="'val_loss', but the training has loss, mae\n.*valid"):
        made.fit(X, Y, callbacks=[callbacks.EarlyStopping()], verbose=0)
    with pytest.raises(KernelError, match="mode='best'"):
        callbacks.EarlyStopping(mode="best")


def test_checkpoints(tmp_path: Path) -> None:
    keep = callbacks.ModelCheckpoint("m-{epoch:02d}-{val_loss:.1f}", save_best_only=True)
    assert run(keep, [3, 4, 2, 2])[0].saved == ["m-01-3.0", "m-03-2.0"]
    assert run(callbacks.ModelCheckpoint("m"), [3, 4])[0].saved == ["m", "m"]
    with pytest.raises(KernelError, match="known are epoch, loss, val_loss"):
        run(callbacks.ModelCheckpoint("m-{acc}"), [1])
    pytest.importorskip("safetensors")
    with gk.device("cpu"):
        made = model()
        path = tmp_path / "{epoch}.zip"
        made.fit(X, Y, epochs=2, callbacks=[callbacks.ModelCheckpoint(path)], verbose=0)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["1.zip", "2.zip"]
        loaded = nn.load_model(tmp_path / "2.zip")
        np.testing.assert_array_equal(loaded.predict(X), made.predict(X))


def test_csv_logger(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    with gk.device("cpu"):
        made = model()
        history = made.fit(X, Y, epochs=2, callbacks=[callbacks.CSVLogger(path)], verbose=0)
        made.fit(X, Y, callbacks=[callbacks.CSVLogger(path, append=True)], verbose=0)
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["epoch"] for row in rows] == ["0", "1", "0"]
        assert [float(row["loss"]) for row in rows[:2]] == history.history["loss"]
        with pytest.raises(KernelError, match="has the columns epoch, loss, mae"):
            made.fit(
                X, Y, validation_split=0.5, verbose=0,
                callbacks=[callbacks.CSVLogger(path, append=True)],
            )  # fmt: skip


def test_loss_plot(tmp_path: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    path = tmp_path / "loss.png"
    with gk.device("cpu"):
        made = model()
        made.fit(X, Y, epochs=2, callbacks=[callbacks.LossPlot(path)], verbose=0)
        assert path.read_bytes().startswith(b"\x89PNG")
        matplotlib.use("agg")
        with pytest.raises(KernelError, match="neither a notebook nor a window"):
            made.fit(X, Y, callbacks=[callbacks.LossPlot()], verbose=0)


def test_the_plot_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    import sys
    import types

    shown: list[Any] = []

    class Handle:
        def update(self, figure: Any) -> None:
            shown.append([len(axes.lines) for axes in figure.axes])

    def display(figure: Any, display_id: bool) -> Handle:
        return Handle()

    notebook = types.SimpleNamespace(
        get_ipython=lambda: types.SimpleNamespace(kernel=1),
        display=types.SimpleNamespace(display=display),
    )
    monkeypatch.setitem(sys.modules, "IPython", notebook)  # type: ignore[arg-type]
    with gk.device("cpu"):
        model().fit(X, Y, epochs=2, callbacks=[callbacks.LossPlot()], verbose=0)
    assert shown == [[1, 1], [1, 1]]


def test_progress(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    with gk.device("cpu"):
        made = model()
        made.fit(X, Y, epochs=2, verbose=0)
        assert capsys.readouterr().out == ""
        made.fit(X, Y, epochs=2, verbose=2)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 2
        assert lines[0].startswith("epoch 1/2 - 0.") and " - loss: " in lines[0]
        made.fit(X, Y, epochs=2, verbose=1, callbacks=[At(KeyboardInterrupt(), "on_epoch_end")])
        out = capsys.readouterr().out
        assert "epoch 2/2" in out and "interrupted: the model keeps what it has learned" in out

        class Inner(callbacks.Callback):  # a training inside another one has lines, no bar
            def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
                model().fit(X, Y, verbose=1)

        made.fit(X, Y, epochs=2, verbose=1, callbacks=[Inner()])
        assert capsys.readouterr().out.count("epoch 1/1") == 2
        monkeypatch.setitem(sys.modules, "rich.progress", None)  # type: ignore[arg-type]
        made.fit(X, Y, epochs=1, verbose=1)
        assert capsys.readouterr().out.startswith("epoch 1/1")


def test_batches_by_their_other_names() -> None:
    seen = []

    class Keras(callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            seen.append(("begin", batch))

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append((sorted(logs)[0], batch))

    with gk.device("cpu"):
        model().fit(X, Y, callbacks=[Keras()], verbose=0, batch_size=len(X))
    assert seen == [("begin", 0), ("loss", 0)]


def test_settings_that_are_none() -> None:
    for make, words in (
        (lambda: callbacks.EarlyStopping(patience=-1), "patience is -1"),
        (lambda: callbacks.EarlyStopping(patience=2.5), "patience is 2.5"),  # type: ignore[arg-type]
        (lambda: callbacks.EarlyStopping(patience="a"), "patience is 'a'"),  # type: ignore[arg-type]
        (lambda: callbacks.EarlyStopping(min_delta="x"), "min_delta"),  # type: ignore[arg-type]
        (lambda: callbacks.ModelCheckpoint(3), "filepath is 3"),  # type: ignore[arg-type]
        (lambda: callbacks.CSVLogger(None), "filename is None"),  # type: ignore[arg-type]
    ):
        with pytest.raises(KernelError, match=words):
            make()


def test_verbose_callbacks_print(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with gk.device("cpu"):
        stop = callbacks.EarlyStopping("loss", min_delta=1e9, patience=1, verbose=1)
        keep = callbacks.ModelCheckpoint(filepath=tmp_path / "model.zip", verbose=1)
        model().fit(X, Y, callbacks=[stop, keep], verbose=0, epochs=5)
    out = capsys.readouterr().out
    assert "saved to" in out
    assert "stopped early, loss has not become better" in out


@pytest.mark.parametrize("name", ["AUC", "Precision", "acc", "cosine_similarity"])
def test_what_rises_by_itself(name: str) -> None:
    class Rising(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any) -> None:
            logs[name] = 0.1 * epoch

    with gk.device("cpu"):
        stop = callbacks.EarlyStopping(name, patience=1)
        history = model().fit(X, Y, callbacks=[Rising(), stop], verbose=0, epochs=4)
    assert len(history.epoch) == 4
