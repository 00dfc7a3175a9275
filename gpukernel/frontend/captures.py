"""What a kernel's captured names stand for at a launch, and whether that changed since the last."""

from __future__ import annotations

from dataclasses import dataclass

from gpukernel.frontend.resolve import Resolution, is_number
from gpukernel.ir.constants import scalar_type


@dataclass(frozen=True)
class Meaning:
    """What the names of a kernel stand for: the resolution, and the captures as it saw them."""

    resolution: Resolution
    captured: tuple[object, ...]

    @classmethod
    def of(cls, resolution: Resolution) -> Meaning:
        return cls(resolution, tuple(_identity(c.read()) for c in resolution.captures.values()))

    @property
    def is_current(self) -> bool:
        """Whether no captured name was rebound to something that compiles to something else."""
        return not self.resolution.deferred and all(
            _identity(capture.read()) == seen
            for capture, seen in zip(self.resolution.captures.values(), self.captured)
        )


class _Same:
    """An object compared by identity; keeps it alive, so that its id stays its own."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def _identity(value: object) -> object:
    """Return what a captured value is compiled as: a number's type, else the object itself."""
    return scalar_type(value) if is_number(value) else _Same(value)
