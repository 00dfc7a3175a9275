"""``index()``: where an invocation stands in the output.

Inside a kernel the compiler gives it its meaning.  Under plain Python it works only while
``kernel.at(position, ...)`` runs, which says the position.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from gpukernel.errors import KernelError

_position: ContextVar[tuple[int, ...] | None] = ContextVar("position", default=None)


def index() -> Any:
    """Return this invocation's output position: an int for a 1-D output, else a tuple of ints.

    Example:
        >>> import gpukernel as gk
        >>> @gk.kernel(shape=(4,))
        ... def squares():
        ...     i = gk.index()
        ...     return i * i
        >>> squares(device="cpu").tolist()
        [0, 1, 4, 9]
    """
    position = _position.get()
    if position is None:
        raise KernelError(
            "index() has a value only inside a kernel\n"
            "hint: launch the kernel, or run one cell of it in Python with kernel.at(index, ...)"
        )
    return position[0] if len(position) == 1 else position


@contextmanager
def at_position(position: tuple[int, ...]) -> Iterator[None]:
    """Give `index` a value for the code run inside."""
    token = _position.set(position)
    try:
        yield
    finally:
        _position.reset(token)
