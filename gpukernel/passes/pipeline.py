"""The passes, in the order they run."""

from __future__ import annotations

from collections.abc import Callable

from gpukernel.ir.nodes import Program
from gpukernel.passes.fold_constants import fold_constants

Pass = Callable[[Program], Program]

PASSES: tuple[tuple[str, Pass], ...] = (("fold_constants", fold_constants),)
