"""Kernels as data: a function, its inputs, what it must give, and how closely.

`tests.parity` runs every case on every device, with the optimising passes on and off.
"""

from tests.cases import (
    arithmetic,
    boundaries,
    builtins,
    captured_data,
    control_flow,
    dtypes,
    found_by_hand,
    functions,
    helpers_and_captures,
    list_algorithms,
    list_helpers,
    local_lists,
    loops_else,
    names,
    reads,
    several_outputs,
    shapes,
    tuples,
    types,
    uint,
    vector_functions,
    vectors,
)
from tests.cases.case import Case

MODULES = (
    arithmetic,
    boundaries,
    builtins,
    captured_data,
    control_flow,
    dtypes,
    found_by_hand,
    functions,
    helpers_and_captures,
    list_algorithms,
    list_helpers,
    local_lists,
    loops_else,
    names,
    reads,
    several_outputs,
    shapes,
    tuples,
    types,
    uint,
    vector_functions,
    vectors,
)
ALL_CASES: tuple[Case, ...] = tuple(case for module in MODULES for case in module.cases)
