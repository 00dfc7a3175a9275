"""Ctrl-C during a training: noted, and acted on between two steps.

An exception in the middle of a step would leave some weights changed and others not, and Python
drops one that is raised while an object is being freed.  A second Ctrl-C stops at once.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Interrupts:
    """Notes Ctrl-C inside a ``with`` block, where it would raise KeyboardInterrupt otherwise."""

    def __init__(self) -> None:
        self._is_asked = False
        self._is_noting = False

    def __enter__(self) -> Interrupts:
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._is_noting = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_noting:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._is_noting = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._is_asked:
            raise KeyboardInterrupt
        self._is_asked = True

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self._is_asked:
            raise KeyboardInterrupt
