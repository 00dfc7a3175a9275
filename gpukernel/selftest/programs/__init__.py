"""The programs of the selftest: each file makes the groups of one topic."""

from __future__ import annotations

from gpukernel.selftest.check import Check, Group
from gpukernel.selftest.programs import (
    aggregates,
    arithmetic,
    arrays,
    control_flow,
    debug,
    draws,
    functions,
    names,
    whole_arrays,
)

GROUPS: tuple[Group, ...] = (
    *arithmetic.GROUPS,
    *control_flow.GROUPS,
    *functions.GROUPS,
    *aggregates.GROUPS,
    *arrays.GROUPS,
    *names.GROUPS,
    *draws.GROUPS,
    *whole_arrays.GROUPS,
    *debug.GROUPS,
)


def program_checks() -> list[Check]:
    """Return the checks of all groups, in order."""
    return [check for group in GROUPS for check in group.checks]
