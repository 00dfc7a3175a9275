"""What a launch raises when a check of the program failed: plain facts, worded by the caller."""

from __future__ import annotations


class CellFailed(Exception):
    """The first cell, in row-major order, in which a check failed.

    Attributes:
        cell: its grid index.
        failure: the position in ``Program.failures``.
        values: the values of the check.
    """

    def __init__(self, cell: tuple[int, ...], failure: int, values: tuple[int, ...]) -> None:
        super().__init__(cell, failure, values)
        self.cell = cell
        self.failure = failure
        self.values = values
