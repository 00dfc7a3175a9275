"""Kernels as data: a function, its inputs, what it must give, and how closely.

`tests.parity` runs every case on every device, with the optimising passes on and off.
"""

from tests.cases import (
    arithmetic,
    builtins,
    control_flow,
    helpers_and_captures,
    names,
    reads,
    shapes,
    types,
)
from tests.cases.case import Case

MODULES = (
    arithmetic,
    builtins,
    control_flow,
    helpers_and_captures,
    names,
    reads,
    shapes,
    types,
)
ALL_CASES: tuple[Case, ...] = tuple(case for module in MODULES for case in module.cases)
