"""What a training shows while it runs: a progress bar, or a line an epoch."""

from __future__ import annotations

import time
from typing import Any


class Progress:
    """The progress of one training run.

    Args:
        verbose: 0 shows nothing, 1 a bar where ``rich`` is installed, else lines, 2 lines.
        epochs: how many there are.
        batches: of one epoch.
    """

    def __init__(self, verbose: int, epochs: int, batches: int) -> None:
        self._epochs = epochs
        self._batches = batches
        self._is_shown = verbose > 0
        self._bar: Any = _make_bar() if verbose == 1 else None
        self._task: Any = None
        self._began = 0.0

    @property
    def is_live(self) -> bool:
        """Whether numbers are shown while an epoch runs."""
        return self._bar is not None

    def begin_epoch(self, epoch: int) -> None:
        self._began = time.perf_counter()
        if self._bar is not None:
            if self._task is None and not self._start():
                return
            self._bar.reset(self._task, description=self._name(epoch), numbers="")

    def _start(self) -> bool:
        """Show the bar; give it up where another one is shown, as that of an outer training."""
        from rich.errors import LiveError

        try:
            self._bar.start()
        except LiveError:
            self._bar = None
            return False
        self._task = self._bar.add_task("", total=self._batches, numbers="")
        return True

    def update(self, batches: int, logs: dict[str, float]) -> None:
        """Show how far the epoch is, and its numbers so far."""
        if self._bar is not None:
            self._bar.update(self._task, completed=batches, numbers=_words(logs))

    def end_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """Leave a line with the epoch's numbers."""
        if self._is_shown:
            took = time.perf_counter() - self._began
            self.say(f"{self._name(epoch)} - {took:.1f} s - {_words(logs)}")

    def say(self, text: str) -> None:
        """Print a line."""
        if self._bar is not None:
            self._bar.console.print(text, highlight=False)
        elif self._is_shown:
            print(text)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None and self._task is not None:
            self._bar.stop()

    def _name(self, epoch: int) -> str:
        return f"epoch {epoch + 1}/{self._epochs}"


def _words(logs: dict[str, float]) -> str:
    return " - ".join(f"{name}: {value:.4f}" for name, value in logs.items())


def _make_bar() -> Any:
    """Return a bar of ``rich``, None where it is not installed."""
    try:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar
    except ImportError:
        return None
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    return Bar(*columns, TextColumn("{task.fields[numbers]}"), transient=True)
